//! Reductions.

mod spread;
mod truth;

use crate::arena::{Var, with_arena, with_node};
use crate::op::{Axes, Op};
use crate::shape;
use crate::var::push;
use pyroxene_tensor::DType;

/// Reduces, keeping the axes, then drops them if asked.
#[track_caller]
fn reduce(name: &str, op: fn(Axes) -> Op, x: Var, axes: &[isize], keepdim: bool, dtype: fn(DType) -> DType) -> Var {
    let (old, old_dtype) = with_node(x, |node| (node.shape.clone(), node.dtype));
    let result = shape::reduce(name, &old, axes, keepdim);
    let axes = Axes::new(axes.iter().map(|&axis| shape::axis(name, &old, axis)));
    push(op(axes), &[x], axes.keep(&old), dtype(old_dtype)).reshape_to(result)
}

/// How many elements make one result.
#[track_caller]
fn count(name: &str, x: Var, axes: &[isize]) -> usize {
    let shape = x.shape();
    axes.iter().map(|&axis| shape[shape::axis(name, &shape, axis)]).product()
}

/// A reduction that has no value for no elements.
#[track_caller]
fn extreme(name: &str, op: fn(Axes) -> Op, x: Var, axes: &[isize], keepdim: bool) -> Var {
    let shape = x.shape();
    let result = shape::reduce(name, &shape, axes, keepdim);
    if count(name, x, axes) == 0 && !result.contains(&0) {
        shape::fail(format_args!("{name}: {:?} has no elements over axes {axes:?}", shape.as_slice()));
    }
    reduce(name, op, x, axes, keepdim, |dtype| dtype)
}

/// The type of sums: truth values are counted.
pub(crate) fn accumulate(dtype: DType) -> DType {
    if dtype == DType::Bool { DType::I64 } else { dtype }
}

impl Var {
    #[track_caller]
    fn every_axis(self) -> smallvec::SmallVec<[isize; 4]> {
        (0..self.ndim() as isize).collect()
    }

    /// The sum of all elements, a scalar; zero for an empty tensor.
    #[track_caller]
    #[must_use]
    pub fn sum(self) -> Var {
        self.sum_axes(&self.every_axis(), false)
    }

    /// The sum over some axes, which are removed, or kept with size 1 if `keepdim`. Truth values are counted in `I64`.
    #[track_caller]
    #[must_use]
    pub fn sum_axes(self, axes: &[isize], keepdim: bool) -> Var {
        reduce("sum", Op::Sum, self, axes, keepdim, accumulate)
    }

    /// The product of all elements, a scalar; one for an empty tensor. The derivative is right where elements are zero.
    ///
    /// ```
    /// use pyroxene_autograd::{grad, Var};
    /// let x = Var::from([2.0, 0.0, 5.0]);
    /// assert_eq!(grad(x.prod(), &[x])[0].to_tensor().to_vec::<f64>(), [0.0, 10.0, 0.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn prod(self) -> Var {
        self.prod_axes(&self.every_axis(), false)
    }

    /// The product over some axes, see [`Var::prod`]. That of truth values is an `I64`.
    #[track_caller]
    #[must_use]
    pub fn prod_axes(self, axes: &[isize], keepdim: bool) -> Var {
        reduce("prod", Op::Prod, self, axes, keepdim, accumulate)
    }

    /// The mean of all elements, a scalar; NaN for an empty tensor.
    #[track_caller]
    #[must_use]
    pub fn mean(self) -> Var {
        self.mean_axes(&self.every_axis(), false)
    }

    /// The mean over some axes; that of whole numbers and truth values is an `F64`.
    #[track_caller]
    #[must_use]
    pub fn mean_axes(self, axes: &[isize], keepdim: bool) -> Var {
        let count = count("mean", self, axes);
        self.cast(self.dtype().to_float()).sum_axes(axes, keepdim) / count as f64
    }

    /// The largest element, a scalar; NaN if there is one. The derivative is shared evenly by equal maxima.
    ///
    /// # Panics
    /// On an empty tensor, which has no largest element.
    #[track_caller]
    #[must_use]
    pub fn max(self) -> Var {
        self.max_axes(&self.every_axis(), false)
    }

    /// The largest element over some axes, see [`Var::max`].
    ///
    /// # Panics
    /// If there is a result of no elements.
    #[track_caller]
    #[must_use]
    pub fn max_axes(self, axes: &[isize], keepdim: bool) -> Var {
        extreme("max", Op::Max, self, axes, keepdim)
    }

    /// The smallest element over some axes; NaN if there is one. The derivative is shared evenly by equal minima.
    ///
    /// # Panics
    /// If there is a result of no elements.
    #[track_caller]
    #[must_use]
    pub fn min_axes(self, axes: &[isize], keepdim: bool) -> Var {
        extreme("min", Op::Min, self, axes, keepdim)
    }

    /// The smallest element, a scalar.
    ///
    /// # Panics
    /// On an empty tensor, which has no smallest element.
    #[track_caller]
    #[must_use]
    pub fn min(self) -> Var {
        self.min_axes(&self.every_axis(), false)
    }

    /// Whether all elements are true (not zero; NaN is not zero), a boolean scalar.
    #[track_caller]
    #[must_use]
    pub fn all(self) -> Var {
        self.all_axes(&self.every_axis(), false)
    }

    /// Whether any element is true (not zero; NaN is not zero), a boolean scalar.
    #[track_caller]
    #[must_use]
    pub fn any(self) -> Var {
        self.any_axes(&self.every_axis(), false)
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
