//! Lane functions by way of the standard library.
use crate::simd::{Simd, Vector};
#[inline(always)]
pub(crate) fn ln<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| x.ln())
}
#[inline(always)]
pub(crate) fn ln_1p<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| x.ln_1p())
}
#[inline(always)]
pub(crate) fn xlogy<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    (x.eq(0.0) & !y.is_nan()).select(0.0, x * ln(y))
}
#[inline(always)]
pub(crate) fn xlog1py<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    (x.eq(0.0) & !y.is_nan()).select(0.0, x * ln_1p(y))
}
