//! Maxima and minima.

use super::Plan;
use crate::dtype::DType;
use crate::tensor::Tensor;
use pyroxene_kernels::reduce::Reduce;

impl Tensor {
    /// The maximum over axes; NaN if there is one.
    ///
    /// # Panics
    /// If there is a result of no elements, which have no maximum.
    #[track_caller]
    pub fn max_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        self.extreme("max", axes, keepdim, Reduce::Max, i64::max)
    }

    /// The minimum over axes; NaN if there is one.
    ///
    /// # Panics
    /// If there is a result of no elements, which have no minimum.
    #[track_caller]
    pub fn min_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        self.extreme("min", axes, keepdim, Reduce::Min, i64::min)
    }

    #[track_caller]
    fn extreme(&self, op: &str, axes: &[isize], keepdim: bool, reduce: Reduce, better: fn(i64, i64) -> i64) -> Tensor {
        let plan = Plan::new(op, self, axes, keepdim);
        plan.check_not_empty(op, self, axes);
        match self.dtype() {
            DType::F64 => self.reduced::<f64>(plan, reduce),
            DType::F32 => self.reduced::<f32>(plan, reduce),
            dtype => {
                let worst = if reduce == Reduce::Max { i64::MIN } else { i64::MAX };
                let best = self.cast(DType::I64).folded(&plan, worst, better);
                Tensor::from_parts(best.into(), plan.shape).cast(dtype)
            }
        }
    }

    /// The maximum of all elements.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn max(&self) -> Tensor {
        self.max_axes(&self.every_axis(), false)
    }

    /// The minimum of all elements.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn min(&self) -> Tensor {
        self.min_axes(&self.every_axis(), false)
    }
}
