//! Reductions of truth values.

use super::{count, reduce};
use crate::arena::Var;
use crate::op::Op;
use crate::shape;
use pyroxene_tensor::DType;

impl Var {
    /// Whether any element over some axes is true (not zero; NaN is not zero). False for no elements.
    #[track_caller]
    #[must_use]
    pub fn any_axes(self, axes: &[isize], keepdim: bool) -> Var {
        quantified("any", Op::Max, self, axes, keepdim, 0.0)
    }

    /// Whether all elements over some axes are true (not zero; NaN is not zero). True for no elements.
    #[track_caller]
    #[must_use]
    pub fn all_axes(self, axes: &[isize], keepdim: bool) -> Var {
        quantified("all", Op::Min, self, axes, keepdim, 1.0)
    }

    /// How many elements over some axes are not zero (NaN is not zero), an `I64` expression without a derivative.
    #[track_caller]
    #[must_use]
    pub fn count_nonzero_axes(self, axes: &[isize], keepdim: bool) -> Var {
        reduce("count_nonzero", Op::Sum, self.cast(DType::Bool), axes, keepdim, |_| DType::I64)
    }

    /// How many elements are not zero (NaN is not zero), an `I64` scalar.
    #[track_caller]
    #[must_use]
    pub fn count_nonzero(self) -> Var {
        self.count_nonzero_axes(&self.every_axis(), false)
    }
}

#[track_caller]
fn quantified(name: &str, op: fn(crate::op::Axes) -> Op, x: Var, axes: &[isize], keepdim: bool, of_none: f64) -> Var {
    let result = shape::reduce(name, &x.shape(), axes, keepdim);
    if count(name, x, axes) == 0 {
        return Var::from(of_none).cast(DType::Bool).expand(&result);
    }
    reduce(name, op, x.cast(DType::Bool), axes, keepdim, |dtype| dtype)
}
