//! Variances, deviations and norms.

use super::Plan;
use crate::dtype::DType;
use crate::error::fail;
use crate::tensor::Tensor;

/// 2^600: large squares are taken of smaller numbers.
const SQUARE_SCALE: f64 = f64::from_bits((1023 + 600) << 52);

impl Tensor {
    /// The variance of all elements, see [`var_axes`](Tensor::var_axes).
    #[track_caller]
    pub fn var(&self, correction: f64) -> Tensor {
        self.var_axes(&self.every_axis(), correction, false)
    }

    /// The variance over axes: the sum of squares of the distances from the mean, divided by the number of elements less
    /// `correction` (0 for the mean square, 1 for the unbiased estimate of a sample). The mean is taken out first, so that
    /// a large one costs no digits. NaN or infinite where the divisor is not positive.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([1e9, 1e9 + 1.0, 1e9 + 2.0]);
    /// assert_eq!(x.var(1.0).item(), 1.0);
    /// ```
    #[track_caller]
    pub fn var_axes(&self, axes: &[isize], correction: f64, keepdim: bool) -> Tensor {
        let n = Plan::new("var", self, axes, keepdim).count as f64;
        let centred = self - self.mean_axes(axes, true);
        centred.square().sum_axes(axes, keepdim) / (n - correction).max(0.0)
    }

    /// The standard deviation of all elements, see [`std_axes`](Tensor::std_axes).
    #[track_caller]
    pub fn std(&self, correction: f64) -> Tensor {
        self.std_axes(&self.every_axis(), correction, false)
    }

    /// The root of the [variance](Tensor::var_axes) over axes.
    #[track_caller]
    pub fn std_axes(&self, axes: &[isize], correction: f64, keepdim: bool) -> Tensor {
        let n = Plan::new("std", self, axes, keepdim).count as f64;
        let centred = self - self.mean_axes(axes, true);
        centred.norm_axes(axes, 2.0, keepdim) / (n - correction).max(0.0).sqrt()
    }

    /// The p-norm of all elements, see [`norm_axes`](Tensor::norm_axes).
    #[track_caller]
    pub fn norm(&self, p: f64) -> Tensor {
        self.norm_axes(&self.every_axis(), p, false)
    }

    /// The p-norm over axes, `(sum |x|^p)^(1/p)`: for `p = 1` the sum and for infinite `p` the greatest (or least, for
    /// `-inf`) of the absolute values, for `p = 0` the number of elements that are not zero. Scaled, so that nothing
    /// overflows or vanishes before the result does.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert!((Tensor::from([3e200, -4e200]).norm(2.0).item() / 5e200 - 1.0).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// If `p` is NaN, or infinite for a norm of no elements.
    #[track_caller]
    pub fn norm_axes(&self, axes: &[isize], p: f64, keepdim: bool) -> Tensor {
        if p.is_nan() {
            fail(format_args!("norm: p is NaN, for {:?}", self.shape()));
        }
        let plan = Plan::new("norm", self, axes, keepdim);
        let dtype = self.dtype().to_float();
        let size = self.cast(DType::F64).abs();
        if p.is_infinite() {
            plan.check_not_empty("norm", self, axes);
            let extreme = if p > 0.0 { size.max_axes(axes, keepdim) } else { size.min_axes(axes, keepdim) };
            return extreme.cast(dtype);
        }
        if p == 1.0 || plan.count == 0 {
            return size.sum_axes(axes, keepdim).cast(dtype);
        }
        if p == 0.0 {
            return size.count_nonzero_axes(axes, keepdim).cast(dtype);
        }
        let largest = if p > 0.0 { size.max_axes(axes, true) } else { size.min_axes(axes, true) };
        let scale_of = |largest: f64| match largest {
            // A power of two costs no digits.
            m if p == 2.0 && m > 1e140 => SQUARE_SCALE,
            m if p == 2.0 && m < 1e-140 => SQUARE_SCALE.recip(),
            m if p == 2.0 || m == 0.0 || !m.is_finite() => 1.0,
            m => m,
        };
        let scales = largest.iter_f64().map(scale_of).collect();
        let scale = Tensor::from_f64(scales, largest.shape());
        let scaled = &size / &scale;
        let sum = if p == 2.0 { scaled.square() } else { scaled.pow(p) }.sum_axes(axes, true);
        let root = if p == 2.0 { sum.sqrt() } else { sum.pow(1.0 / p) };
        (root * scale).reshaped(plan.shape).cast(dtype)
    }
}
