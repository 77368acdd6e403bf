//! Reductions of truth values.

use super::Plan;
use crate::dtype::Scalar;
use crate::storage::with_type;
use crate::tensor::Tensor;

impl Tensor {
    /// Whether any element along the axes is true (not zero; NaN is not zero). False for no elements.
    #[track_caller]
    pub fn any_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        let plan = Plan::new("any", self, axes, keepdim);
        let found = with_type!(self.dtype(), T => self.folded(&plan, false, |found, v: T| found | v.to_bool()));
        Tensor::from_parts(found.into(), plan.shape)
    }

    /// Whether all elements along the axes are true (not zero; NaN is not zero). True for no elements.
    #[track_caller]
    pub fn all_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        let plan = Plan::new("all", self, axes, keepdim);
        let held = with_type!(self.dtype(), T => self.folded(&plan, true, |held, v: T| held & v.to_bool()));
        Tensor::from_parts(held.into(), plan.shape)
    }

    /// How many elements along the axes are not zero (NaN is not zero), an `I64` tensor.
    #[track_caller]
    pub fn count_nonzero_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        let plan = Plan::new("count_nonzero", self, axes, keepdim);
        let count = with_type!(self.dtype(), T => {
            self.folded(&plan, 0i64, |count, v: T| count + i64::from(v.to_bool()))
        });
        Tensor::from_parts(count.into(), plan.shape)
    }

    /// How many elements are not zero (NaN is not zero), an `I64` scalar.
    #[track_caller]
    pub fn count_nonzero(&self) -> Tensor {
        self.count_nonzero_axes(&self.every_axis(), false)
    }

    /// Whether any element is true (not zero), a boolean scalar.
    #[track_caller]
    pub fn any(&self) -> Tensor {
        self.any_axes(&self.every_axis(), false)
    }

    /// Whether all elements are true (not zero), a boolean scalar.
    #[track_caller]
    pub fn all(&self) -> Tensor {
        self.all_axes(&self.every_axis(), false)
    }

    /// Whether any element at all is true (not zero).
    pub fn any_true(&self) -> bool {
        self.any().item() != 0.0
    }

    /// Whether every element is true (not zero).
    pub fn all_true(&self) -> bool {
        self.all().item() != 0.0
    }
}
