//! Sums of exponentials.

use crate::error::OrPanic;
use crate::shape;
use crate::tensor::Tensor;

impl Tensor {
    /// `ln sum exp x` over axes, without overflow: the maximum is taken out of the sum. That of no elements is `-inf`.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([1000.0, 1000.0]);
    /// assert_eq!(x.logsumexp(&[0], false).item(), 1000.0 + 2f64.ln());
    /// ```
    #[track_caller]
    pub fn logsumexp(&self, axes: &[isize], keepdim: bool) -> Tensor {
        let shape = shape::reduce("logsumexp", &self.shape, axes, keepdim).or_panic();
        let x = self.cast(self.dtype().to_float());
        if self.is_empty() {
            return Tensor::full(shape, f64::NEG_INFINITY).cast(x.dtype());
        }
        let max = x.max_axes(axes, true);
        // An infinite maximum is the result by itself; subtracting it would give NaN.
        let shift = Tensor::where_(max.is_finite(), &max, 0.0);
        let sum = (&x - &shift).exp().sum_axes(axes, true);
        (sum.ln() + shift).reshaped(shape)
    }
}
