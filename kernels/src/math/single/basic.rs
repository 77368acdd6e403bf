//! Quotients and roots by the instructions of f32, which take a third of the time.

use crate::simd::{Simd, Vector};

/// `x / y`.
#[inline(always)]
pub(crate) fn div<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    x.div_single(y)
}

/// `1 / x`.
#[inline(always)]
pub(crate) fn recip<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.constant(1.0).div_single(x)
}

/// The square root.
#[inline(always)]
pub(crate) fn sqrt<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.sqrt_single()
}
