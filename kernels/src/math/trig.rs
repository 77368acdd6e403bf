//! Lane functions by way of the standard library.
use crate::simd::{Simd, Vector};
#[inline(always)]
pub(crate) fn sin<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| x.sin())
}
#[inline(always)]
pub(crate) fn cos<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| x.cos())
}
#[inline(always)]
pub(crate) fn tan<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| x.tan())
}
