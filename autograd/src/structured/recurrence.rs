//! Linear recurrences, and the running operations whose derivatives they are.

use super::{Array, Batching, Derivatives, Extent, Primitive, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::reduce::accumulate;
use crate::shape;
use pyroxene_tensor::{DType, Tensor};
use smallvec::smallvec;

/// `s[i] = b[i] + a[i] s[i - 1]` from the start of an axis, or `s[i] = b[i] + a[i + 1] s[i + 1]` from its end: `a[i]` ties
/// neighbours `i - 1` and `i` together, `a[0]` is not used.
///
/// Each is the adjoint of the other: with `r` the recurrence of `a` and the derivative of `s` the other way, the derivative
/// by `b` is `r`, and that by `a[i]` is `r[i] s[i - 1]` (or `r[i - 1] s[i]`).
#[derive(Debug, PartialEq)]
struct Recurrence {
    axis: usize,
    reverse: bool,
}

impl Primitive for Recurrence {
    fn name(&self) -> &'static str {
        "recurrence"
    }

    fn batched(&self, each: &[bool]) -> Batching {
        Batching::by_if_all(each, Recurrence { axis: self.axis + 1, ..*self })
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [a, b] = *inputs else { unreachable!("factors and terms") };
        let Extent { size, inner, .. } = Extent::new(a.shape, self.axis);
        let line = (size * inner).max(1);
        output.copy_from_slice(b.data);
        for (a, s) in a.data.chunks_exact(line).zip(output.chunks_exact_mut(line)) {
            for step in 1..size {
                // `to` is the row to be finished, `tie` the row of `a` between the two.
                let (from, to, tie) = match self.reverse {
                    false => (step - 1, step, step),
                    true => (size - step, size - step - 1, size - step),
                };
                for k in 0..inner {
                    s[to * inner + k] += a[tie * inner + k] * s[from * inner + k];
                }
            }
        }
    }

    fn vjp(&self, x: &[Var], y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let axis = self.axis as isize;
        let r = recurrence(x[0], gy, axis, !self.reverse);
        let by_a = (wanted[0] && !y.is_empty()).then(|| {
            let (later, earlier) = if self.reverse { (y, r) } else { (r, y) };
            later * shifted(earlier, Var::zeros(&y.slice(axis, ..1).shape()), axis)
        });
        smallvec![by_a, Some(r)]
    }
}

/// The recurrence of factors and terms of one shape.
#[track_caller]
fn recurrence(a: Var, b: Var, axis: isize, reverse: bool) -> Var {
    let (shape, dtype) = with_node(b, |node| (node.shape.clone(), node.dtype));
    let axis = shape::axis("recurrence", &shape, axis);
    apply(Recurrence { axis, reverse }, &[a, b], shape, dtype)
}

/// The elements before each along an axis, `first` before the first.
#[track_caller]
fn shifted(x: Var, first: Var, axis: isize) -> Var {
    Var::concat(&[first, x.slice(axis, ..-1)], axis)
}

/// The products of all elements but one along an axis, for each of them.
#[track_caller]
pub(crate) fn products_of_others(x: Var, axis: isize) -> Var {
    let size = x.size(axis);
    if size == 0 {
        return x;
    }
    let one = Var::ones(&x.slice(axis, ..1).shape());
    // One at the end, and -0 before it: adding it keeps the sign of zeros.
    let end = Var::concat(&[Var::from(-0.0).expand(&x.slice(axis, 1..).shape()), one], axis);
    shifted(x.cumprod(axis), one, axis) * recurrence(x, end, axis, true)
}

/// Running products along an axis.
#[derive(Debug, PartialEq)]
struct CumProd {
    axis: usize,
}

impl Primitive for CumProd {
    fn name(&self) -> &'static str {
        "cumprod"
    }

    fn batched(&self, each: &[bool]) -> Batching {
        Batching::by_if_all(each, CumProd { axis: self.axis + 1 })
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one tensor") };
        let Extent { size, inner, .. } = Extent::new(x.shape, self.axis);
        output.copy_from_slice(x.data);
        for line in output.chunks_exact_mut((size * inner).max(1)) {
            (inner..line.len()).for_each(|i| line[i] *= line[i - inner]);
        }
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        inputs[0].cumprod(self.axis as isize)
    }

    fn vjp(&self, x: &[Var], y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        let axis = self.axis as isize;
        if y.is_empty() {
            return smallvec![Some(gy)];
        }
        // The product before an element, times what the products from there on are worth.
        let one = Var::ones(&y.slice(axis, ..1).shape());
        smallvec![Some(shifted(y, one, axis) * recurrence(x[0], gy, axis, true))]
    }
}

impl Var {
    /// Running products along one axis; those of truth values are `I64`. The derivative is right where elements are zero.
    ///
    /// ```
    /// use pyroxene_autograd::{grad, Var};
    /// let x = Var::from([2.0, 0.0, 5.0]);
    /// let y = x.cumprod(0);
    /// assert_eq!(y.to_tensor().to_vec::<f64>(), [2.0, 0.0, 0.0]);
    /// assert_eq!(grad(y.sum(), &[x])[0].to_tensor().to_vec::<f64>(), [1.0, 12.0, 0.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn cumprod(self, axis: isize) -> Var {
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let axis = shape::axis("cumprod", &shape, axis);
        apply(CumProd { axis }, &[self], shape, accumulate(dtype))
    }

    /// The greatest element so far along one axis; NaN from the first NaN on. The derivative goes to the first of equal
    /// ones.
    #[track_caller]
    #[must_use]
    pub fn cummax(self, axis: isize) -> Var {
        running_extreme("cummax", self, axis, true)
    }

    /// The least element so far along one axis; NaN from the first NaN on. The derivative goes to the first of equal ones.
    #[track_caller]
    #[must_use]
    pub fn cummin(self, axis: isize) -> Var {
        running_extreme("cummin", self, axis, false)
    }

    /// `ln(sum(exp(x)))` of the elements so far along one axis, without overflow; where all are -inf, -inf with a
    /// derivative of zero.
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// let y = Var::from([1000.0, 1000.0]).logcumsumexp(0);
    /// assert_eq!(y.to_tensor().to_vec::<f64>(), [1000.0, 1000.0 + 2f64.ln()]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn logcumsumexp(self, axis: isize) -> Var {
        shape::axis("logcumsumexp", &self.shape(), axis);
        let x = self.cast(self.dtype().to_float());
        if x.is_empty() {
            return x;
        }
        // Whatever is taken out cancels, so it needs no derivative.
        let max = x.stop_gradient().cummax(axis);
        let shift = max.is_finite().where_(max, 0.0);
        let scale = (shifted(shift, shift.slice(axis, ..1), axis) - shift).minimum(0.0).exp();
        let sum = recurrence(scale, (x - shift).exp(), axis, false);
        let none = sum.equal(0.0);
        none.where_(f64::NEG_INFINITY, none.where_(1.0, sum).ln() + shift)
    }
}

/// The greatest or least element so far.
#[derive(Debug, PartialEq)]
struct RunningExtreme {
    axis: usize,
    greatest: bool,
}

impl Primitive for RunningExtreme {
    fn name(&self) -> &'static str {
        if self.greatest { "cummax" } else { "cummin" }
    }

    fn batched(&self, each: &[bool]) -> Batching {
        Batching::by_if_all(each, RunningExtreme { axis: self.axis + 1, ..*self })
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one tensor") };
        let Extent { size, inner, .. } = Extent::new(x.shape, self.axis);
        output.copy_from_slice(x.data);
        for line in output.chunks_exact_mut((size * inner).max(1)) {
            for i in inner..line.len() {
                let (best, now) = (line[i - inner], line[i]);
                let is_better = if self.greatest { now > best } else { now < best };
                // Nothing is better than a NaN that came before.
                line[i] = if is_better || now.is_nan() { now } else { best };
            }
        }
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        let axis = self.axis as isize;
        if self.greatest { inputs[0].cummax(axis) } else { inputs[0].cummin(axis) }
    }

    /// What arrives from an element on is gathered up to the next that is better, and goes to that element.
    fn vjp(&self, x: &[Var], y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        let (x, axis) = (x[0], self.axis as isize);
        if x.size(axis) < 2 {
            return smallvec![Some(gy)];
        }
        let (before, now) = (y.slice(axis, ..-1), x.slice(axis, 1..));
        let is_better = if self.greatest { now.greater(before) } else { now.less(before) };
        let first = Var::ones(&x.slice(axis, ..1).shape());
        let is_better = Var::concat(&[first, is_better.cast(first.dtype())], axis);
        smallvec![Some(is_better * recurrence(1.0 - is_better, gy, axis, true))]
    }
}

#[track_caller]
fn running_extreme(op: &str, x: Var, axis: isize, greatest: bool) -> Var {
    let (shape, dtype) = with_node(x, |node| (node.shape.clone(), node.dtype));
    let axis = shape::axis(op, &shape, axis);
    apply(RunningExtreme { axis, greatest }, &[x], shape, dtype)
}
