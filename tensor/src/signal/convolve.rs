//! The convolution of two signals.

use crate::error::OrPanic;
use crate::shape::{self, Conv, ConvolveMode};
use crate::tensor::Tensor;
use pyroxene_kernels::fft::good_size;

/// Whether a convolution of signals of `n` and `k` elements goes by Fourier transforms. Measured, they take less time from
/// 64 elements of the shorter signal on where the longer one has 1,000, and from some 200 on where it has 10,000.
pub fn convolves_by_fft(n: usize, k: usize) -> bool {
    n.min(k) > 128
}

impl Tensor {
    /// The convolution of two signals, `y[t] = sum_s x[s] k[t - s]`: all of it, the middle as long as the longer one, or
    /// where they overlap completely. Short ones are multiplied pair by pair, long ones by Fourier transforms, whose
    /// rounding error is relative to the largest products rather than to each sum.
    ///
    /// ```
    /// use pyroxene_tensor::{ConvolveMode, Tensor};
    /// let (x, k) = (Tensor::from([1.0, 2.0, 3.0]), Tensor::from([1.0, 10.0]));
    /// assert_eq!(x.convolve(&k, ConvolveMode::Full).to_vec::<f64>(), [1.0, 12.0, 23.0, 30.0]);
    /// assert_eq!(x.convolve(&k, ConvolveMode::Same).to_vec::<f64>(), [1.0, 12.0, 23.0]);
    /// assert_eq!(x.convolve(&k, ConvolveMode::Valid).to_vec::<f64>(), [12.0, 23.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensors are not vectors of at least one element.
    #[track_caller]
    pub fn convolve(&self, other: &Tensor, mode: ConvolveMode) -> Tensor {
        let part = shape::convolve(&self.shape, &other.shape, mode).or_panic();
        let dtype = self.dtype().promote(other.dtype()).to_float();
        let (x, kernel) = if self.len() >= other.len() { (self, other) } else { (other, self) };
        let (x, kernel) = (x.cast(dtype), kernel.cast(dtype));
        let (n, k) = (x.len(), kernel.len());
        if !convolves_by_fft(n, k) {
            // Of the convolution of networks, which does not reverse the kernel.
            let settings = Conv { padding: [k - 1], ..Conv::default() };
            let kernel = kernel.flip(0).reshape(&[1, 1, -1]);
            return x.reshape(&[1, 1, -1]).conv1d(&kernel, settings).flatten().slice(0, part);
        }
        let padded = 2 * good_size((n + k).div_ceil(2));
        let spectrum = |x: &Tensor| {
            let zeros = Tensor::zeros([padded - x.len()], dtype);
            let y = Tensor::concat(&[x, &zeros], 0).rfft(0);
            (y.select(1, 0), y.select(1, 1))
        };
        let ((a, b), (c, d)) = (spectrum(&x), spectrum(&kernel));
        let product = Tensor::stack(&[&a * &c - &b * &d, &a * &d + &b * &c], 1);
        product.irfft(0, padded).slice(0, part)
    }
}
