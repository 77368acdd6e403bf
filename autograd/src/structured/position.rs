//! Positions of maxima and minima.

use super::{Array, Batching, Derivatives, Extent, Primitive, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::shape;
use pyroxene_tensor::{DType, Tensor};
use smallvec::smallvec;

/// The position of the greatest or least element along an axis, which is kept with size one.
#[derive(Debug, PartialEq)]
struct Position {
    axis: usize,
    greatest: bool,
}

impl Primitive for Position {
    fn name(&self) -> &'static str {
        if self.greatest { "argmax" } else { "argmin" }
    }

    fn batched(&self, each: &[bool]) -> Batching {
        Batching::by_if_all(each, Position { axis: self.axis + 1, ..*self })
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one tensor") };
        let Extent { size, inner, .. } = Extent::new(x.shape, self.axis);
        for (line, found) in x.data.chunks_exact((size * inner).max(1)).zip(output.chunks_exact_mut(inner.max(1))) {
            found.fill(0.0);
            for (i, row) in line.chunks_exact(inner).enumerate().skip(1) {
                for (k, &now) in row.iter().enumerate() {
                    let best = line[found[k] as usize * inner + k];
                    let is_better = if self.greatest { now > best } else { now < best };
                    if is_better || now.is_nan() && !best.is_nan() {
                        found[k] = i as f64;
                    }
                }
            }
        }
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        let axis = self.axis as isize;
        let found = if self.greatest { inputs[0].argmax(axis) } else { inputs[0].argmin(axis) };
        found.unsqueeze(axis)
    }

    fn vjp(&self, _x: &[Var], _y: Var, _gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![None]
    }
}

#[track_caller]
fn position(x: Var, op: &str, axis: isize, greatest: bool) -> Var {
    let mut shape = with_node(x, |node| node.shape.clone());
    let along = shape::axis(op, &shape, axis);
    let mut left = shape.clone();
    left.remove(along);
    if shape[along] == 0 && !left.contains(&0) {
        shape::fail(format_args!("{op}: {:?} has no elements along axis {axis}", shape.as_slice()));
    }
    shape[along] = 1;
    apply(Position { axis: along, greatest }, &[x], shape, DType::I64).reshape_to(left)
}

impl Var {
    /// The position of the greatest element along one axis, which is removed: the first of equal ones, and the first NaN if
    /// there is one. An `I64` expression without a derivative.
    ///
    /// # Panics
    /// If there is a result of no elements.
    #[track_caller]
    #[must_use]
    pub fn argmax(self, axis: isize) -> Var {
        position(self, "argmax", axis, true)
    }

    /// The position of the least element along one axis, as [`argmax`](Var::argmax) gives that of the greatest.
    ///
    /// # Panics
    /// If there is a result of no elements.
    #[track_caller]
    #[must_use]
    pub fn argmin(self, axis: isize) -> Var {
        position(self, "argmin", axis, false)
    }
}
