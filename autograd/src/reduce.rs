//! Reductions.

use crate::arena::{Var, with_arena, with_node};
use crate::op::{Axes, Op};
use crate::shape;
use crate::var::push;
use pyroxene_kernels::table::{Binary, Unary};
use pyroxene_tensor::{DType, Shape};
use smallvec::smallvec;

/// Reduces, keeping the axes, then drops them if asked.
#[track_caller]
fn reduce(name: &str, op: fn(Axes) -> Op, x: Var, axes: &[isize], keepdim: bool, dtype: fn(DType) -> DType) -> Var {
    let (old, old_dtype) = with_node(x, |node| (node.shape.clone(), node.dtype));
    let axes = Axes::new(axes.iter().map(|&axis| shape::axis(name, &old, axis)));
    let kept = push(op(axes), &[x], axes.keep(&old), dtype(old_dtype));
    if keepdim { kept } else { drop_axes(kept, &old, axes) }
}

fn drop_axes(kept: Var, old: &[usize], axes: Axes) -> Var {
    let left: Shape = old.iter().enumerate().filter(|&(axis, _)| !axes.contains(axis)).map(|(_, &size)| size).collect();
    kept.reshape_to(left)
}

/// The type of sums: truth values are counted.
pub(crate) fn accumulate(dtype: DType) -> DType {
    if dtype == DType::Bool { DType::I64 } else { dtype }
}

fn float(dtype: DType) -> DType {
    if dtype.is_float() { dtype } else { DType::F64 }
}

impl Var {
    #[track_caller]
    fn all_axes(self) -> smallvec::SmallVec<[isize; 4]> {
        (0..self.ndim() as isize).collect()
    }

    /// The sum of all elements, a scalar; zero for an empty tensor.
    #[track_caller]
    #[must_use]
    pub fn sum(self) -> Var {
        self.sum_axes(&self.all_axes(), false)
    }

    /// The sum over some axes.
    #[track_caller]
    #[must_use]
    pub fn sum_axes(self, axes: &[isize], keepdim: bool) -> Var {
        reduce("sum", Op::Sum, self, axes, keepdim, accumulate)
    }

    /// The mean of all elements, a scalar.
    #[track_caller]
    #[must_use]
    pub fn mean(self) -> Var {
        self.mean_axes(&self.all_axes(), false)
    }

    /// The mean over some axes.
    #[track_caller]
    #[must_use]
    pub fn mean_axes(self, axes: &[isize], keepdim: bool) -> Var {
        let shape = self.shape();
        let count: usize = axes.iter().map(|&axis| shape[shape::axis("mean", &shape, axis)]).product();
        let sum = self.cast(float(self.dtype())).sum_axes(axes, keepdim);
        sum / count as f64
    }

    /// The largest element, a scalar. The derivative is shared evenly by equal maxima.
    ///
    /// # Panics
    /// On an empty tensor, which has no largest element.
    #[track_caller]
    #[must_use]
    pub fn max(self) -> Var {
        self.max_axes(&self.all_axes(), false)
    }

    /// The largest element over some axes, see [`Var::max`].
    #[track_caller]
    #[must_use]
    pub fn max_axes(self, axes: &[isize], keepdim: bool) -> Var {
        let shape = self.shape();
        if axes.iter().any(|&axis| shape[shape::axis("max", &shape, axis)] == 0) {
            shape::fail(format_args!("max: an empty axis of {shape:?} has no largest element"));
        }
        reduce("max", Op::Max, self, axes, keepdim, |dtype| dtype)
    }

    /// The smallest element over some axes.
    #[track_caller]
    #[must_use]
    pub fn min_axes(self, axes: &[isize], keepdim: bool) -> Var {
        -(-self).max_axes(axes, keepdim)
    }

    /// The smallest element, a scalar.
    #[track_caller]
    #[must_use]
    pub fn min(self) -> Var {
        -(-self).max()
    }

    /// `ln(sum(exp(x)))` over some axes without overflow; -inf for an empty sum and where all terms are -inf, with a
    /// derivative of zero there.
    #[track_caller]
    #[must_use]
    pub fn logsumexp(self, axes: &[isize], keepdim: bool) -> Var {
        reduce("logsumexp", Op::LogSumExp, self, axes, keepdim, float)
    }

    /// `exp(x) / sum(exp(x))` along one axis.
    #[track_caller]
    #[must_use]
    pub fn softmax(self, axis: isize) -> Var {
        self.log_softmax(axis).exp()
    }

    /// `x - ln(sum(exp(x)))` along one axis.
    #[track_caller]
    #[must_use]
    pub fn log_softmax(self, axis: isize) -> Var {
        self - self.logsumexp(&[axis], true)
    }

    /// Whether all elements are true (nonzero), a boolean scalar.
    #[track_caller]
    #[must_use]
    pub fn all(self) -> Var {
        let nonzero = self.cast(DType::Bool);
        nonzero.sum().equal(self.len())
    }

    /// Whether any element is true (nonzero), a boolean scalar.
    #[track_caller]
    #[must_use]
    pub fn any(self) -> Var {
        self.cast(DType::Bool).sum().greater(0)
    }

    /// Sums over the axes that broadcasting added or stretched, so that the result has `shape`: the adjoint of
    /// [`Var::expand`].
    ///
    /// # Panics
    /// If `shape` does not broadcast to the shape of `self`.
    #[track_caller]
    #[must_use]
    pub fn sum_to(self, shape: &[usize]) -> Var {
        let old = self.shape();
        if old.as_slice() == shape {
            return self;
        }
        shape::expand(shape, &old);
        let added = old.len() - shape.len();
        let stretched = (0..old.len()).filter(|&axis| axis < added || (shape[axis - added] == 1 && old[axis] != 1));
        let axes = Axes::new(stretched);
        let dtype = self.dtype();
        let summed = push(Op::Sum(axes), &[self], axes.keep(&old), accumulate(dtype));
        summed.reshape_to(shape.into())
    }

    /// [`sum_to`](Var::sum_to) the shape that another expression has.
    pub(crate) fn sum_to_shape_of(self, other: Var) -> Var {
        let shape = with_arena(|arena| {
            let (own, other) = (&arena.nodes[self.index as usize].shape, &arena.nodes[other.index as usize].shape);
            (own != other).then(|| other.clone())
        });
        shape.map_or(self, |shape| self.sum_to(&shape))
    }
}

/// What `LogSumExp` means in terms of simpler operations: the largest term is taken out, and a maximum that is not
/// finite is left in.
pub(crate) fn expand_logsumexp<T: Copy>(
    build: &mut impl FnMut(Op, &[T], Shape) -> T,
    x: T,
    shape: &[usize],
    axes: Axes,
) -> T {
    let kept = axes.keep(shape);
    let zero = build(Op::Scalar(0f64.to_bits()), &[], smallvec![]);
    if axes.iter().any(|axis| shape[axis] == 0) {
        let lowest = build(Op::Scalar(f64::NEG_INFINITY.to_bits()), &[], smallvec![]);
        return build(Op::Expand, &[lowest], kept);
    }
    let max = build(Op::Max(axes), &[x], kept.clone());
    let finite = build(Op::Unary(Unary::IsFinite), &[max], kept.clone());
    let shift = build(Op::Select, &[finite, max, zero], kept.clone());
    let shifted = build(Op::Binary(Binary::Sub), &[x, shift], shape.into());
    let terms = build(Op::Unary(Unary::Exp), &[shifted], shape.into());
    let sum = build(Op::Sum(axes), &[terms], kept.clone());
    let log = build(Op::Unary(Unary::Ln), &[sum], kept.clone());
    build(Op::Binary(Binary::Add), &[log, shift], kept)
}
