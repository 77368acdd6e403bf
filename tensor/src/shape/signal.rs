//! The shapes of Fourier transforms and convolutions.

use super::{Result, Shape, axis, size};
use crate::error::ShapeError;

/// The axis of a complex transform, counted from the start. The last axis holds the two parts of each number.
pub fn fft(op: &str, shape: &[usize], axis: isize) -> Result<usize> {
    let a = self::axis(op, shape, axis)?;
    if shape.last() != Some(&2) {
        bail!("{op}: the last axis of {shape:?} must have size 2, for real and imaginary parts");
    }
    if a + 1 == shape.len() {
        bail!("{op}: axis {axis} of {shape:?} holds real and imaginary parts");
    }
    if shape[a] == 0 {
        bail!("{op}: axis {axis} of {shape:?} is empty");
    }
    Ok(a)
}

/// The shape of the transform of real numbers, which has a new last axis for the two parts, and the axis counted from
/// the start.
pub fn rfft(shape: &[usize], axis: isize) -> Result<(Shape, usize)> {
    let a = self::axis("rfft", shape, axis)?;
    if shape[a] == 0 {
        bail!("rfft: axis {axis} of {shape:?} is empty");
    }
    let mut out = Shape::from_slice(shape);
    out[a] = shape[a] / 2 + 1;
    out.push(2);
    size("rfft", &out)?;
    Ok((out, a))
}

/// The shape of the `n` real numbers that have this transform, and the axis counted from the start.
pub fn irfft(shape: &[usize], axis: isize, n: usize) -> Result<(Shape, usize)> {
    let a = fft("irfft", shape, axis)?;
    if n == 0 || shape[a] != n / 2 + 1 {
        bail!("irfft: axis {axis} of {shape:?} must have {} frequencies for {n} numbers", n / 2 + 1);
    }
    let mut out = Shape::from_slice(&shape[..shape.len() - 1]);
    out[a] = n;
    size("irfft", &out)?;
    Ok((out, a))
}
