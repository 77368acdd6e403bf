//! Fourier transforms along an axis. A complex tensor is a real one whose last axis holds the two parts of each number.

use crate::dtype::DType;
use crate::error::OrPanic;
use crate::shape::{self, Shape};
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::fft::{Direction, Lanes, good_size, plan, real_plan};

/// The axis of elements of one number, or of two if the last axis holds parts.
fn lanes(shape: &[usize], axis: usize, parts: usize) -> Lanes {
    let inner = shape[axis + 1..].iter().product::<usize>() / parts;
    Lanes { outer: shape[..axis].iter().product(), inner }
}

impl Tensor {
    /// Computes in `F64` from row-major elements, and gives the type back.
    fn transformed(&self, shape: Shape, run: impl FnOnce(&[f64], &mut [f64])) -> Tensor {
        let x = self.cast(DType::F64).contiguous();
        let data = x.as_slice::<f64>().expect("the argument was cast");
        let out = Buffer::build(shape.iter().product(), |out| run(data, out));
        Tensor::from_parts(out, shape).cast(self.dtype().to_float())
    }

    #[track_caller]
    fn complex(&self, op: &str, axis: isize, direction: Direction) -> Tensor {
        let axis = shape::fft(op, &self.shape, axis).or_panic();
        let plan = plan(self.shape[axis]);
        let lanes = lanes(&self.shape, axis, 2);
        let mut scratch = vec![0.0; plan.scratch_along()];
        self.transformed(self.shape.clone(), |x, y| plan.along(direction, lanes, x, y, &mut scratch))
    }

    /// The discrete Fourier transform `X_k = sum_j x_j exp(-2 pi i j k / n)` along an axis, of any length n. The last axis
    /// has size 2 and holds real and imaginary parts; `axis` is another one. `F32` is computed in `F64`.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 0.0], [2.0, 0.0], [4.0, 0.0], [1.0, 0.0]]);
    /// assert_eq!(x.fft(0), Tensor::from([[8.0, 0.0], [-3.0, -1.0], [2.0, 0.0], [-3.0, 1.0]]));
    /// assert!(x.fft(0).ifft(0).allclose(&x, 1e-15, 1e-15));
    /// ```
    ///
    /// # Panics
    /// If the last axis does not have size 2, or `axis` is that one or empty.
    #[track_caller]
    pub fn fft(&self, axis: isize) -> Tensor {
        self.complex("fft", axis, Direction::Forward)
    }

    /// The inverse of [`fft`](Tensor::fft): `x_j = sum_k X_k exp(2 pi i j k / n) / n`.
    ///
    /// # Panics
    /// As [`fft`](Tensor::fft).
    #[track_caller]
    pub fn ifft(&self, axis: isize) -> Tensor {
        self.complex("ifft", axis, Direction::Inverse)
    }

    /// The discrete Fourier transform of real numbers along an axis: the frequencies 0 to n / 2, of which the others are
    /// the conjugates. The result has a new last axis of size 2 for real and imaginary parts.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 4.0, 1.0]);
    /// assert_eq!(x.rfft(0), Tensor::from([[8.0, 0.0], [-3.0, -1.0], [2.0, 0.0]]));
    /// assert!(x.rfft(0).irfft(0, 4).allclose(&x, 1e-15, 0.0));
    /// ```
    ///
    /// # Panics
    /// If the axis is empty.
    #[track_caller]
    pub fn rfft(&self, axis: isize) -> Tensor {
        let (shape, axis) = shape::rfft(&self.shape, axis).or_panic();
        let plan = real_plan(self.shape[axis]);
        let lanes = lanes(&self.shape, axis, 1);
        let mut scratch = vec![0.0; plan.scratch_along()];
        self.transformed(shape, |x, y| plan.forward_along(lanes, x, y, &mut scratch))
    }

    /// The `n` real numbers along an axis whose [`rfft`](Tensor::rfft) this is. The last axis holds real and imaginary
    /// parts. The imaginary part of frequency 0, and of the last one if n is even, is zero for every real row and is not
    /// read.
    ///
    /// # Panics
    /// If the last axis does not have size 2, or the axis does not have n / 2 + 1 frequencies.
    #[track_caller]
    pub fn irfft(&self, axis: isize, n: usize) -> Tensor {
        let (shape, axis) = shape::irfft(&self.shape, axis, n).or_panic();
        let plan = real_plan(n);
        let lanes = lanes(&self.shape, axis, 2);
        let mut scratch = vec![0.0; plan.scratch_along()];
        self.transformed(shape, |y, x| plan.inverse_along(lanes, y, x, &mut scratch))
    }

    /// The autocovariances of the series along an axis at the lags 0 to n - 1, of n elements: the mean is taken out, and
    /// `c_k = sum_t x_t x_(t+k) / n`. The divisor is n at every lag (the biased estimate, whose error is smaller and
    /// which is positive semidefinite). By the theorem of Wiener and Khinchin it takes two Fourier transforms, padded so
    /// that ends do not meet.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 6.0]);
    /// assert!(x.autocovariance(0).allclose([3.5, 0.5, -0.75, -1.5], 1e-14, 1e-14));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of bounds.
    #[track_caller]
    pub fn autocovariance(&self, axis: isize) -> Tensor {
        let axis = shape::axis("autocovariance", &self.shape, axis).or_panic();
        let n = self.shape[axis];
        let x = self.cast(self.dtype().to_float());
        if n == 0 {
            return x;
        }
        let axis = axis as isize;
        let centred = &x - x.mean_axes(&[axis], true);
        let padded = 2 * good_size(n);
        let mut rest = self.shape.clone();
        rest[axis as usize] = padded - n;
        let long = Tensor::concat(&[centred, Tensor::zeros(&rest, x.dtype())], axis);
        let power = long.rfft(axis).square().sum_axes(&[-1], true);
        let spectrum = Tensor::concat(&[&power, &Tensor::zeros(power.shape(), x.dtype())], -1);
        spectrum.irfft(axis, padded).slice(axis, ..n as isize) / n as f64
    }

    /// The autocorrelations of the series along an axis at the lags 0 to n - 1: the
    /// [autocovariances](Tensor::autocovariance) divided by the first of them, the variance. Those of a constant series
    /// are NaN.
    ///
    /// # Panics
    /// If the axis is out of bounds.
    #[track_caller]
    pub fn autocorrelation(&self, axis: isize) -> Tensor {
        let axis = shape::axis("autocorrelation", &self.shape, axis).or_panic() as isize;
        let covariances = self.autocovariance(axis);
        if self.is_empty() { covariances } else { &covariances / covariances.slice(axis, ..1) }
    }
}
