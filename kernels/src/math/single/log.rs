//! Logarithms: `x = 2^k m` with m in [sqrt(1/2), sqrt(2)), and a polynomial in `m - 1`, which needs no division.

use super::super::log::{split, times_log};
use super::super::poly::polynomial;
use crate::simd::{Simd, Vector};
use std::f64::consts::{LN_2, LOG2_E, LOG10_2, LOG10_E};

/// `(ln(1 + f) / f - 1) / f` for f from sqrt(1/2) - 1 to sqrt(2) - 1; error of `ln(1 + f)` 2^-27.9.
const LOG: [f64; 9] = [
    -0.4999998834611049,
    0.33333325691549776,
    -0.2500158297669259,
    0.20001973977577522,
    -0.16609082335609396,
    0.14181824180751762,
    -0.13242988416444498,
    0.1290443899331109,
    -0.0762178362044825,
];

/// `ln(1 + f)` for `f` as above.
#[inline(always)]
fn near_one<S: Simd>(f: Vector<S>) -> Vector<S> {
    polynomial(f, &LOG).fma(f * f, f)
}

/// Results where the argument of the logarithm is zero (or smaller than normal numbers), negative, infinite or NaN.
#[inline(always)]
fn finish<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    let y = x.lt(f64::INFINITY).select(y, x);
    let y = x.lt(f64::MIN_POSITIVE).select(f64::NEG_INFINITY, y);
    x.lt(0.0).select(f64::NAN, y)
}

/// `k unit + ln(m) factor`.
#[inline(always)]
fn scaled<S: Simd>(x: Vector<S>, unit: f64, factor: f64) -> Vector<S> {
    let (k, m) = split(x, x.constant(0.0));
    finish(x, k.fma(unit, near_one(m - 1.0) * factor))
}

/// `ln(x)`.
#[inline(always)]
pub(crate) fn ln<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (k, m) = split(x, x.constant(0.0));
    finish(x, k.fma(LN_2, near_one(m - 1.0)))
}

/// `log2(x)`.
#[inline(always)]
pub(crate) fn log2<S: Simd>(x: Vector<S>) -> Vector<S> {
    scaled(x, 1.0, LOG2_E)
}

/// `log10(x)`.
#[inline(always)]
pub(crate) fn log10<S: Simd>(x: Vector<S>) -> Vector<S> {
    scaled(x, LOG10_2, LOG10_E)
}

/// `ln(1 + x)`.
#[inline(always)]
pub(crate) fn ln_1p<S: Simd>(x: Vector<S>) -> Vector<S> {
    ln_near(x + 1.0, x).or(x.sign_bit())
}

/// `ln(u)`, where `f` is `u - 1` without the rounding error of u.
#[inline(always)]
fn ln_near<S: Simd>(u: Vector<S>, f: Vector<S>) -> Vector<S> {
    let (k, m) = split(u, u.constant(0.0));
    finish(u, k.fma(LN_2, near_one(k.eq(0.0).select(f, m - 1.0))))
}

/// `ln(p / (1 - p))`, NaN outside of [0, 1].
#[inline(always)]
pub(crate) fn logit<S: Simd>(p: Vector<S>) -> Vector<S> {
    let inverse = p.constant(1.0) / (p.constant(1.0) - p);
    // Around one half, the quotient less one is exact.
    ln_near(p * inverse, (p + p - 1.0) * inverse)
}

/// `x ln(y)`, and 0 where x is 0 and y is not NaN.
#[inline(always)]
pub(crate) fn xlogy<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    times_log(x, y, ln(y))
}

/// `x ln(1 + y)`, and 0 where x is 0 and y is not NaN.
#[inline(always)]
pub(crate) fn xlog1py<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    times_log(x, y, ln_1p(y))
}
