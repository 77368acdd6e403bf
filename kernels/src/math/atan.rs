//! Lane functions by way of the standard library.
use crate::simd::{Simd, Vector};
#[inline(always)]
pub(crate) fn atan<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| x.atan())
}
