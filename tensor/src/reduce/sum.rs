//! Sums, products and means.

use super::Plan;
use crate::dtype::DType;
use crate::error::OrPanic;
use crate::error::fail;
use crate::shape;
use crate::tensor::Tensor;
use pyroxene_kernels::reduce::Reduce;

impl Tensor {
    /// The sum over axes, which are removed, or kept with size 1 if `keepdim`. No axes, no sum: see
    /// [`sum`](Tensor::sum). Truth values are counted in `I64`; an `I64` sum panics on overflow. The sum of no elements
    /// is 0.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_axes(&[0], false).to_vec::<f64>(), [4.0, 6.0]);
    /// assert_eq!(x.sum_axes(&[-1], true).shape(), [2, 1]);
    /// ```
    #[track_caller]
    pub fn sum_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        let plan = Plan::new("sum", self, axes, keepdim);
        match self.dtype() {
            DType::F64 => self.reduced::<f64>(plan, Reduce::Sum),
            DType::F32 => self.reduced::<f32>(plan, Reduce::Sum),
            // The total may be an i64 even where a partial sum is not.
            DType::I64 => {
                let totals = self.folded(&plan, 0i128, |total, v: i64| total + i128::from(v));
                let narrow = |total| match i64::try_from(total) {
                    Ok(total) => total,
                    Err(_) => {
                        fail(format_args!("sum: the result for {:?} over axes {axes:?} is not an i64", self.shape()))
                    }
                };
                Tensor::from_parts(totals.into_iter().map(narrow).collect(), plan.shape)
            }
            DType::Bool => {
                let counts = self.folded(&plan, 0i64, |count, v: bool| count + i64::from(v));
                Tensor::from_parts(counts.into(), plan.shape)
            }
        }
    }

    /// The sum of all elements.
    #[track_caller]
    pub fn sum(&self) -> Tensor {
        self.sum_axes(&self.every_axis(), false)
    }

    /// The product over axes. That of truth values is an `I64`; an `I64` product panics on overflow. The product of no
    /// elements is 1.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([2.0, -3.0, 0.5]).prod().item(), -3.0);
    /// ```
    #[track_caller]
    pub fn prod_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        let plan = Plan::new("prod", self, axes, keepdim);
        match self.dtype() {
            DType::F64 => self.reduced::<f64>(plan, Reduce::Prod),
            DType::F32 => self.reduced::<f32>(plan, Reduce::Prod),
            DType::I64 | DType::Bool => {
                // A product that has overflowed is an i64 after all only if a zero follows.
                let times = |product: Option<i64>, v: i64| if v == 0 { Some(0) } else { product?.checked_mul(v) };
                let products = self.cast(DType::I64).folded(&plan, Some(1i64), times);
                let known = |product: Option<i64>| {
                    product.unwrap_or_else(|| {
                        fail(format_args!("prod: the result for {:?} over axes {axes:?} is not an i64", self.shape()))
                    })
                };
                Tensor::from_parts(products.into_iter().map(known).collect(), plan.shape)
            }
        }
    }

    /// The product of all elements.
    #[track_caller]
    pub fn prod(&self) -> Tensor {
        self.prod_axes(&self.every_axis(), false)
    }

    /// The mean over axes; that of integers and truth values is an `F64`. The mean of no elements is NaN.
    #[track_caller]
    pub fn mean_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        let reduced = shape::axes("mean", &self.shape, axes).or_panic();
        let count: usize = reduced.iter().map(|&a| self.shape[a]).product();
        self.cast(self.dtype().to_float()).sum_axes(axes, keepdim) / count as f64
    }

    /// The mean of all elements.
    #[track_caller]
    pub fn mean(&self) -> Tensor {
        self.mean_axes(&self.every_axis(), false)
    }
}
