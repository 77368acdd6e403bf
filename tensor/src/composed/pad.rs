//! Axes made longer at both ends.

use super::{Basis, known_rows};
use crate::error::{OrPanic, fail};
use crate::shape;
use crate::tensor::Tensor;

/// What a [`pad`](Tensor::pad) puts before and after an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Padding {
    /// One number.
    Constant(f64),
    /// The axis mirrored at its ends, which are not repeated: `3 2 | 1 2 3 | 2 1`.
    Reflect,
    /// The elements at the ends: `1 1 | 1 2 3 | 3 3`.
    Replicate,
    /// The axis over again: `2 3 | 1 2 3 | 1 2`.
    Circular,
}

#[track_caller]
pub fn pad<A: Basis>(x: &A, widths: &[(usize, usize)], padding: Padding) -> A {
    let sizes = x.sizes();
    if widths.len() > sizes.len() {
        fail(format_args!("pad: {} widths for the {} axes of {sizes:?}", widths.len(), sizes.len()));
    }
    let first = sizes.len() - widths.len();
    let padded = (first..).zip(widths).filter(|(_, width)| **width != (0, 0));
    padded.fold(x.clone(), |x, (axis, &width)| pad_axis(&x, axis, width, padding))
}

#[track_caller]
fn pad_axis<A: Basis>(x: &A, axis: usize, (before, after): (usize, usize), padding: Padding) -> A {
    let sizes = x.sizes();
    let n = sizes[axis] as i64;
    let mut longer = sizes.clone();
    longer[axis] = longer[axis].saturating_add(before).saturating_add(after);
    shape::size("pad", &longer).or_panic();
    if let Padding::Constant(value) = padding {
        let value = A::from(Tensor::scalar(value).cast(x.kind()));
        let block = |width: usize| {
            let mut shape = sizes.clone();
            shape[axis] = width;
            value.spread(&shape)
        };
        return A::joined(&[block(before), x.clone(), block(after)], axis);
    }
    let reach = match padding {
        Padding::Reflect => n - 1,
        _ if n == 0 => 0,
        _ => i64::MAX,
    };
    if before as i64 > reach || after as i64 > reach {
        fail(format_args!(
            "pad: widths {before} and {after} are too much for {padding:?} along axis {axis} of {sizes:?}"
        ));
    }
    let source = |i: i64| match padding {
        Padding::Reflect if i < 0 => -i,
        Padding::Reflect if i >= n => 2 * (n - 1) - i,
        Padding::Replicate => i.clamp(0, n - 1),
        _ => i.rem_euclid(n),
    };
    known_rows(x, axis, (-(before as i64)..n + after as i64).map(source).collect())
}
