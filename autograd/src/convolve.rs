//! The convolution of two signals, composed of operations that differentiate.

use crate::arena::Var;
use pyroxene_kernels::fft::good_size;
use pyroxene_tensor::{Conv, ConvolveMode, OrPanic, convolves_by_fft, shape as rules};

impl Var {
    /// The convolution of two signals, `y[t] = sum_s x[s] k[t - s]`; see
    /// [`Tensor::convolve`](pyroxene_tensor::Tensor::convolve).
    ///
    /// # Panics
    /// If the tensors are not vectors of at least one element.
    #[track_caller]
    #[must_use]
    pub fn convolve(self, other: impl Into<Var>, mode: ConvolveMode) -> Var {
        let other = other.into();
        let part = rules::convolve(&self.shape(), &other.shape(), mode).or_panic();
        let dtype = self.dtype().promote(other.dtype()).to_float();
        let (x, kernel) = if self.len() >= other.len() { (self, other) } else { (other, self) };
        let (x, kernel) = (x.cast(dtype), kernel.cast(dtype));
        let (n, k) = (x.len(), kernel.len());
        if !convolves_by_fft(n, k) {
            let settings = Conv { padding: [k - 1], ..Conv::default() };
            let kernel = kernel.flip(0).reshape(&[1, 1, -1]);
            return x.reshape(&[1, 1, -1]).conv1d(kernel, settings).reshape(&[-1]).slice(0, part);
        }
        let padded = 2 * good_size((n + k).div_ceil(2));
        let spectrum = |x: Var| {
            let zeros = Var::zeros(&[padded - x.len()]).cast(dtype);
            let y = Var::concat(&[x, zeros], 0).rfft(0);
            (y.select(1, 0), y.select(1, 1))
        };
        let ((a, b), (c, d)) = (spectrum(x), spectrum(kernel));
        Var::stack(&[a * c - b * d, a * d + b * c], 1).irfft(0, padded).slice(0, part)
    }
}
