//! Sums of exponentials, and the exponentials as parts of their sum.

use super::{Array, Batching, Derivatives, Primitive, RoomMut, Structured, apply};
use crate::arena::{Var, with_node};
use crate::op::{Axes, Op};
use crate::shape;
use pyroxene_kernels::softmax::{self, Softmax};
use pyroxene_tensor::{DType, Tensor};
use smallvec::smallvec;
use std::ops::Range;

/// Neighbouring axes as the middle one of three.
fn sizes(shape: &[usize], axes: &Range<usize>) -> [usize; 3] {
    let product = |sizes: &[usize]| sizes.iter().product();
    [product(&shape[..axes.start]), product(&shape[axes.clone()]), product(&shape[axes.end..])]
}

/// `ln sum exp(x)` over neighbouring axes, which are kept with size one.
#[derive(Debug, PartialEq)]
struct LogSumExp {
    axes: Range<usize>,
}

impl Primitive for LogSumExp {
    fn name(&self) -> &'static str {
        "logsumexp"
    }

    fn batched(&self, each: &[bool]) -> Batching {
        Batching::by_if_all(each, LogSumExp { axes: self.axes.start + 1..self.axes.end + 1 })
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one tensor") };
        softmax::logsumexp(x.data, sizes(x.shape, &self.axes), output);
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        let axes: Vec<isize> = self.axes.clone().map(|axis| axis as isize).collect();
        inputs[0].logsumexp(&axes, true)
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![Some(gy * parts(x[0], self.axes.clone(), Softmax::Weights))]
    }
}

/// The softmax over neighbouring axes.
#[derive(Debug, PartialEq)]
struct Parts {
    kind: Softmax,
    axes: Range<usize>,
}

impl Primitive for Parts {
    fn name(&self) -> &'static str {
        match self.kind {
            Softmax::Plain => "softmax",
            Softmax::Log => "log_softmax",
            Softmax::Weights => "softmax weights",
        }
    }

    fn batched(&self, each: &[bool]) -> Batching {
        Batching::by_if_all(each, Parts { axes: self.axes.start + 1..self.axes.end + 1, ..*self })
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one tensor") };
        softmax::softmax(self.kind, x.data, sizes(x.shape, &self.axes), output);
    }

    fn vjp(&self, _x: &[Var], y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        let sum = |x: Var| x.sum_axes(&Axes::new(self.axes.clone()).signed(), true);
        let gx = match self.kind {
            Softmax::Log => gy - y.exp() * sum(gy),
            Softmax::Plain | Softmax::Weights => y * (gy - sum(gy * y)),
        };
        smallvec![Some(gx)]
    }
}

/// `ln sum exp` over these axes, which must be neighbours.
pub(crate) fn log_sum(axes: Axes) -> Option<Op> {
    let (first, count) = (axes.iter().next()?, axes.iter().count());
    let neighbours = axes.iter().zip(first..).all(|(axis, next)| axis == next);
    neighbours.then(|| Op::Structured(Structured::new(LogSumExp { axes: first..first + count })))
}

/// The same softmax of another kind, if this is one of the kind given.
pub(crate) fn other_kind(op: &Structured, from: Softmax, to: Softmax) -> Option<Op> {
    let parts = op.downcast::<Parts>().filter(|parts| parts.kind == from)?;
    Some(Op::Structured(Structured::new(Parts { kind: to, axes: parts.axes.clone() })))
}

/// The softmax along one axis, counted from the start, with the limits of the derivative of [`Var::logsumexp`].
pub(super) fn weights(x: Var, axis: usize) -> Var {
    parts(x, axis..axis + 1, Softmax::Weights)
}

#[track_caller]
fn parts(x: Var, axes: Range<usize>, kind: Softmax) -> Var {
    let (shape, dtype) = with_node(x, |node| (node.shape.clone(), node.dtype));
    apply(Parts { kind, axes }, &[x], shape, dtype.to_float())
}

impl Var {
    /// `ln(sum(exp(x)))` over some axes without overflow; -inf for an empty sum.
    ///
    /// The derivative is the softmax, or its limit: where all terms are -inf it is zero, and terms of +inf share it
    /// equally.
    ///
    /// ```
    /// use pyroxene_autograd::{grad, Var};
    /// let x = Var::from([-f64::INFINITY, -f64::INFINITY]);
    /// let y = x.logsumexp(&[0], false);
    /// assert_eq!(y.item(), -f64::INFINITY);
    /// assert_eq!(grad(y, &[x])[0].to_tensor().to_vec::<f64>(), [0.0, 0.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn logsumexp(self, axes: &[isize], keepdim: bool) -> Var {
        let old = self.shape();
        let result = shape::reduce("logsumexp", &old, axes, keepdim);
        let axes = Axes::new(axes.iter().map(|&axis| shape::axis("logsumexp", &old, axis)));
        let (first, count) = (axes.iter().next().unwrap_or(0), axes.iter().count());
        let neighbours = axes.iter().zip(first..).all(|(axis, next)| axis == next);
        let (x, reduced) = if neighbours {
            (self, first..first + count)
        } else {
            let order: Vec<isize> = (0..old.len())
                .filter(|&axis| !axes.contains(axis))
                .chain(axes.iter())
                .map(|axis| axis as isize)
                .collect();
            (self.permute(&order), old.len() - count..old.len())
        };
        let (mut shape, dtype) = with_node(x, |node| (node.shape.clone(), node.dtype));
        shape[reduced.clone()].fill(1);
        apply(LogSumExp { axes: reduced }, &[x], shape, dtype.to_float()).reshape_to(result)
    }

    /// `exp(x) / sum(exp(x))` along one axis, without overflow; NaN where the greatest element is infinite.
    #[track_caller]
    #[must_use]
    pub fn softmax(self, axis: isize) -> Var {
        let axis = shape::axis("softmax", &self.shape(), axis);
        parts(self, axis..axis + 1, Softmax::Plain)
    }

    /// `x - ln(sum(exp(x)))` along one axis, without overflow; NaN where the greatest element is infinite.
    #[track_caller]
    #[must_use]
    pub fn log_softmax(self, axis: isize) -> Var {
        let axis = shape::axis("log_softmax", &self.shape(), axis);
        parts(self, axis..axis + 1, Softmax::Log)
    }
}
