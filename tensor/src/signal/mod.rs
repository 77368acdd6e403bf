//! Fourier transforms, convolutions and pooling.

mod convolution;
mod fft;

pub use convolution::convolution;
pub use pyroxene_kernels::fft::good_size;
