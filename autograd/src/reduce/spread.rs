//! Variances, deviations and norms.

use super::{count, extreme, reduce};
use crate::arena::Var;
use crate::op::Op;
use crate::shape;
use pyroxene_tensor::DType;

/// 2^600.
const SQUARE_SCALE: f64 = f64::from_bits((1023 + 600) << 52);

impl Var {
    /// The variance of all elements, see [`Var::var_axes`].
    #[track_caller]
    #[must_use]
    pub fn var(self, correction: f64) -> Var {
        self.var_axes(&self.every_axis(), correction, false)
    }

    /// The variance over some axes: the sum of squares of the distances from the mean, divided by the number of elements
    /// less `correction` (0 for the mean square, 1 for the unbiased estimate of a sample). The mean is taken out first, so
    /// that a large one costs no digits. NaN or infinite where the divisor is not positive.
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// let x = Var::from([1e9, 1e9 + 1.0, 1e9 + 2.0]);
    /// assert_eq!(x.var(1.0).item(), 1.0);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn var_axes(self, axes: &[isize], correction: f64, keepdim: bool) -> Var {
        let n = count("var", self, axes) as f64;
        let centred = self - self.mean_axes(axes, true);
        centred.square().sum_axes(axes, keepdim) / (n - correction).max(0.0)
    }

    /// The standard deviation of all elements, see [`Var::std_axes`].
    #[track_caller]
    #[must_use]
    pub fn std(self, correction: f64) -> Var {
        self.std_axes(&self.every_axis(), correction, false)
    }

    /// The root of the [variance](Var::var_axes) over some axes. Where all elements are equal the derivative is zero.
    #[track_caller]
    #[must_use]
    pub fn std_axes(self, axes: &[isize], correction: f64, keepdim: bool) -> Var {
        let n = count("std", self, axes) as f64;
        let centred = self - self.mean_axes(axes, true);
        centred.norm_axes(axes, 2.0, keepdim) / (n - correction).max(0.0).sqrt()
    }

    /// The p-norm of all elements, see [`Var::norm_axes`].
    #[track_caller]
    #[must_use]
    pub fn norm(self, p: f64) -> Var {
        self.norm_axes(&self.every_axis(), p, false)
    }

    /// The p-norm over some axes, `(sum |x|^p)^(1/p)`: for `p = 1` the sum and for infinite `p` the greatest (or least, for
    /// -inf) of the absolute values, for `p = 0` the number of elements that are not zero. Scaled, so that nothing
    /// overflows or vanishes before the result does.
    ///
    /// The derivative is zero where the norm is, and by an element that is zero.
    ///
    /// ```
    /// use pyroxene_autograd::{grad, Var};
    /// let x = Var::from([3e200, -4e200]);
    /// assert!((x.norm(2.0).item() / 5e200 - 1.0).abs() < 1e-15);
    /// let zero = Var::zeros(&[2]);
    /// assert_eq!(grad(zero.norm(2.0), &[zero])[0].to_tensor().to_vec::<f64>(), [0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If `p` is NaN, or infinite for a norm of no elements.
    #[track_caller]
    #[must_use]
    pub fn norm_axes(self, axes: &[isize], p: f64, keepdim: bool) -> Var {
        if p.is_nan() {
            shape::fail(format_args!("norm: p is NaN, for {:?}", self.shape().as_slice()));
        }
        let result = shape::reduce("norm", &self.shape(), axes, keepdim);
        let (dtype, x) = (self.dtype().to_float(), self.cast(DType::F64));
        let size = x.abs();
        if p.is_infinite() {
            let op = if p > 0.0 { Op::Max } else { Op::Min };
            return extreme("norm", op, size, axes, keepdim).cast(dtype);
        }
        if p == 1.0 || count("norm", x, axes) == 0 {
            return reduce("norm", Op::Sum, size, axes, keepdim, |dtype| dtype).cast(dtype);
        }
        let is_zero = x.equal(0.0);
        if p == 0.0 {
            return x.not_equal(0.0).cast(dtype).sum_axes(axes, keepdim);
        }
        // Whatever is taken out cancels, so it needs no derivative; it makes the largest term one,
        // or squares that neither overflow nor vanish (a power of two costs no digits).
        let fixed = size.stop_gradient();
        let largest = if p > 0.0 { fixed.max_axes(axes, true) } else { fixed.min_axes(axes, true) };
        let vanishes = largest.equal(0.0);
        let terms_of = |scale: Var| {
            if p == 2.0 {
                (x / scale).square()
            } else if p < 1.0 {
                // The powers of zero have an infinite derivative.
                is_zero.where_(0.0, (is_zero.where_(1.0, size) / scale).pow(p))
            } else {
                (size / scale).pow(p)
            }
        };
        let scale = if p == 2.0 {
            let small = largest.less(1e-140).where_(SQUARE_SCALE.recip(), 1.0);
            largest.greater(1e140).where_(SQUARE_SCALE, small)
        } else {
            largest.is_finite().and(largest.not_equal(0.0)).where_(largest, 1.0)
        };
        let sum = vanishes.where_(1.0, terms_of(scale).sum_axes(axes, true));
        let root = if p == 2.0 { sum.sqrt() } else { sum.pow(1.0 / p) };
        vanishes.where_(0.0, root * scale).reshape_to(result).cast(dtype)
    }
}
