//! Fourier transforms, convolutions and pooling.

mod convolution;
mod convolve;
mod fft;

pub use convolution::convolution;
pub use convolve::convolves_by_fft;
pub use pyroxene_kernels::fft::good_size;
