//! Lane functions by way of the standard library.
use crate::simd::{Simd, Vector};
#[inline(always)]
pub(crate) fn exp<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| x.exp())
}
#[inline(always)]
pub(crate) fn exp_m1<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| x.exp_m1())
}
