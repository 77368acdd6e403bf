//! Lane functions by way of the standard library.
use crate::simd::{Simd, Vector};
#[inline(always)]
pub(crate) fn tanh<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| x.tanh())
}
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| 1.0 / (1.0 + (-x).exp()))
}
#[inline(always)]
pub(crate) fn softplus<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p())
}
