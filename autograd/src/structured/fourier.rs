//! Fourier transforms. They are linear, so that their derivatives are the transforms of the other direction.

use super::{Array, Batching, Derivatives, Extent, Primitive, Room, RoomMut, apply};
use crate::arena::{Var, with_node};
use pyroxene_kernels::fft::{Direction, Fft, Lanes, RealFft, good_size, plan, real_plan};
use pyroxene_tensor::{DType, OrPanic, Shape, Tensor, shape as rules};
use smallvec::smallvec;
use std::sync::Arc;

fn lanes(shape: &[usize], axis: usize, parts: usize) -> Lanes {
    let Extent { outer, inner, .. } = Extent::new(shape, axis);
    Lanes { outer, inner: inner / parts }
}

/// A transform of complex numbers.
#[derive(Debug, PartialEq)]
struct Complex {
    axis: usize,
    direction: Direction,
    plan: Arc<Fft>,
}

impl Primitive for Complex {
    fn name(&self) -> &'static str {
        match self.direction {
            Direction::Forward => "fft",
            Direction::Inverse => "ifft",
        }
    }

    fn room(&self, _inputs: &[&[usize]], _output: &[usize]) -> Room {
        Room { floats: self.plan.scratch_along(), indices: 0 }
    }

    fn batched(&self, each: &[bool]) -> Batching {
        Batching::by_if_all(each, Complex { axis: self.axis + 1, plan: self.plan.clone(), ..*self })
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one tensor") };
        self.plan.along(self.direction, lanes(x.shape, self.axis, 2), x.data, output, room.floats);
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        match self.direction {
            Direction::Forward => inputs[0].fft(self.axis as isize),
            Direction::Inverse => inputs[0].ifft(self.axis as isize),
        }
    }

    /// The adjoint of the matrix F is its conjugate transpose, n F⁻¹.
    fn vjp(&self, _x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        let (axis, n) = (self.axis as isize, self.plan.size() as f64);
        smallvec![Some(match self.direction {
            Direction::Forward => gy.ifft(axis) * n,
            Direction::Inverse => gy.fft(axis) / n,
        })]
    }
}

/// A transform of real numbers, from them or to them.
#[derive(Debug, PartialEq)]
struct Real {
    axis: usize,
    direction: Direction,
    plan: Arc<RealFft>,
}

impl Real {
    /// A number for each frequency: one where it is its own conjugate, `pair` for those that stand for two.
    fn weights(&self, ndim: usize, pair: f64) -> Var {
        let n = self.plan.size();
        let own = |k: usize| k == 0 || 2 * k == n;
        let weights: Vec<f64> = (0..self.plan.frequencies()).map(|k| if own(k) { 1.0 } else { pair }).collect();
        let mut shape: Shape = (0..ndim).map(|_| 1).collect();
        shape[self.axis] = weights.len();
        Var::from(Tensor::from_vec(weights, &shape))
    }
}

impl Primitive for Real {
    fn name(&self) -> &'static str {
        match self.direction {
            Direction::Forward => "rfft",
            Direction::Inverse => "irfft",
        }
    }

    fn room(&self, _inputs: &[&[usize]], _output: &[usize]) -> Room {
        Room { floats: self.plan.scratch_along(), indices: 0 }
    }

    fn batched(&self, each: &[bool]) -> Batching {
        Batching::by_if_all(each, Real { axis: self.axis + 1, plan: self.plan.clone(), ..*self })
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one tensor") };
        match self.direction {
            Direction::Forward => self.plan.forward_along(lanes(x.shape, self.axis, 1), x.data, output, room.floats),
            Direction::Inverse => self.plan.inverse_along(lanes(x.shape, self.axis, 2), x.data, output, room.floats),
        }
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        match self.direction {
            Direction::Forward => inputs[0].rfft(self.axis as isize),
            Direction::Inverse => inputs[0].irfft(self.axis as isize, self.plan.size()),
        }
    }

    /// Half of the frequencies stand for all: `irfft` counts each pair twice and divides by n.
    fn vjp(&self, _x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        let (axis, n) = (self.axis as isize, self.plan.size());
        smallvec![Some(match self.direction {
            Direction::Forward => (gy * self.weights(gy.ndim(), 0.5)).irfft(axis, n) * n as f64,
            Direction::Inverse => gy.rfft(axis) * self.weights(gy.ndim() + 1, 2.0) / n as f64,
        })]
    }
}

#[track_caller]
fn complex(x: Var, op: &str, axis: isize, direction: Direction) -> Var {
    let (shape, dtype) = with_node(x, |node| (node.shape.clone(), node.dtype));
    let axis = rules::fft(op, &shape, axis).or_panic();
    apply(Complex { axis, direction, plan: plan(shape[axis]) }, &[x], shape, dtype.to_float())
}

impl Var {
    /// The discrete Fourier transform `X_k = sum_j x_j exp(-2 pi i j k / n)` along an axis, of any length n. The last axis
    /// has size 2 and holds real and imaginary parts; `axis` is another one.
    ///
    /// # Panics
    /// If the last axis does not have size 2, or `axis` is that one or empty.
    #[track_caller]
    #[must_use]
    pub fn fft(self, axis: isize) -> Var {
        complex(self, "fft", axis, Direction::Forward)
    }

    /// The inverse of [`fft`](Var::fft): `x_j = sum_k X_k exp(2 pi i j k / n) / n`.
    ///
    /// # Panics
    /// As [`fft`](Var::fft).
    #[track_caller]
    #[must_use]
    pub fn ifft(self, axis: isize) -> Var {
        complex(self, "ifft", axis, Direction::Inverse)
    }

    /// The discrete Fourier transform of real numbers along an axis: the frequencies 0 to n / 2, of which the others are
    /// the conjugates. The result has a new last axis of size 2 for real and imaginary parts.
    ///
    /// # Panics
    /// If the axis is empty.
    #[track_caller]
    #[must_use]
    pub fn rfft(self, axis: isize) -> Var {
        let (old, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let (shape, axis) = rules::rfft(&old, axis).or_panic();
        let plan = real_plan(old[axis]);
        apply(Real { axis, direction: Direction::Forward, plan }, &[self], shape, dtype.to_float())
    }

    /// The `n` real numbers along an axis whose [`rfft`](Var::rfft) this is. The imaginary parts that are zero for every
    /// real row are not read, and their derivatives are zero.
    ///
    /// # Panics
    /// If the last axis does not have size 2, or the axis does not have n / 2 + 1 frequencies.
    #[track_caller]
    #[must_use]
    pub fn irfft(self, axis: isize, n: usize) -> Var {
        let (old, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let (shape, axis) = rules::irfft(&old, axis, n).or_panic();
        let plan = real_plan(n);
        apply(Real { axis, direction: Direction::Inverse, plan }, &[self], shape, dtype.to_float())
    }

    /// The autocovariances of the series along an axis at the lags 0 to n - 1, with the divisor n at every lag; see
    /// [`Tensor::autocovariance`](pyroxene_tensor::Tensor::autocovariance).
    ///
    /// # Panics
    /// If the axis is out of bounds.
    #[track_caller]
    #[must_use]
    pub fn autocovariance(self, axis: isize) -> Var {
        let (mut rest, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype.to_float()));
        let at = crate::shape::axis("autocovariance", &rest, axis);
        let (n, axis, x) = (rest[at], at as isize, self.cast(dtype));
        if n == 0 {
            return x;
        }
        let padded = 2 * good_size(n);
        rest[at] = padded - n;
        let centred = x - x.mean_axes(&[axis], true);
        let long = Var::concat(&[centred, Var::zeros(&rest).cast(dtype)], axis);
        let power = long.rfft(axis).square().sum_axes(&[-1], true);
        let spectrum = Var::concat(&[power, Var::zeros(&power.shape()).cast(dtype)], -1);
        spectrum.irfft(axis, padded).slice(axis, ..n as isize) / n as f64
    }

    /// The autocorrelations of the series along an axis at the lags 0 to n - 1: the autocovariances divided by the first
    /// of them. Those of a constant series are NaN.
    ///
    /// # Panics
    /// If the axis is out of bounds.
    #[track_caller]
    #[must_use]
    pub fn autocorrelation(self, axis: isize) -> Var {
        let shape = self.shape();
        let axis = crate::shape::axis("autocorrelation", &shape, axis) as isize;
        let covariances = self.autocovariance(axis);
        if shape.contains(&0) { covariances } else { covariances / covariances.slice(axis, ..1) }
    }
}
