//! Logarithms: `x = 2^k m` with m in [sqrt(1/2), sqrt(2)), and a polynomial in `m - 1`, which needs no division.

use super::super::log::{split as split_f64, times_log};
use super::super::poly::{polynomial, two_sum};
use crate::simd::{Lanes, Simd, Vector};
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

/// ln 2 less its nearest f32.
const LN2_REST: f64 = LN_2 - LN_2 as f32 as f64;

/// k and m of positive normal numbers; in lanes of f32 also of smaller ones.
#[inline(always)]
fn split<S: Lanes>(x: Vector<S>) -> (Vector<S>, Vector<S>) {
    if !S::IS_NARROW {
        return split_f64(x, x.constant(0.0));
    }
    let s = x.simd;
    let is_small = x.lt(f64::from(f32::MIN_POSITIVE));
    let x = is_small.select(x * 16_777_216.0, x);
    // As in f64.
    const SQRT_HALF: u64 = 0x3f35_04f3;
    let bits = s.add_bits(x.to_bits(), s.splat_bits(0x3f80_0000 - SQRT_HALF));
    let m = Vector::from_bits(s, s.add_bits(s.and_bits(bits, s.splat_bits(0x007f_ffff)), s.splat_bits(SQRT_HALF)));
    // 2^23 + exponent, read as a number.
    let k = Vector::from_bits(s, s.or_bits(s.shr_bits::<23>(bits), s.splat_bits(0x4b00_0000)));
    (k - is_small.select(8_388_608.0 + 127.0 + 24.0, 8_388_608.0 + 127.0), m)
}

/// `ln(1 + f)` for `f` as above.
#[inline(always)]
fn near_one<S: Lanes>(f: Vector<S>) -> Vector<S> {
    polynomial(f, &LOG).fma(f * f, f)
}

/// `k ln 2 + y`.
#[inline(always)]
fn plus_exponent<S: Lanes>(k: Vector<S>, y: Vector<S>) -> Vector<S> {
    k.fma(LN_2, if S::IS_NARROW { k.fma(LN2_REST, y) } else { y })
}

/// Results where the argument of the logarithm is zero (or smaller than normal numbers of f64), negative, infinite or NaN.
#[inline(always)]
fn finish<S: Lanes>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    let y = x.lt(f64::INFINITY).select(y, x);
    let is_zero = if S::IS_NARROW { x.eq(0.0) } else { x.lt(f64::MIN_POSITIVE) };
    let y = is_zero.select(f64::NEG_INFINITY, y);
    x.lt(0.0).select(f64::NAN, y)
}

/// `k unit + ln(m) factor`.
#[inline(always)]
fn scaled<S: Simd>(x: Vector<S>, unit: f64, factor: f64) -> Vector<S> {
    let (k, m) = split(x);
    finish(x, k.fma(unit, near_one(m - 1.0) * factor))
}

/// `ln(x)`.
#[inline(always)]
pub(crate) fn ln<S: Lanes>(x: Vector<S>) -> Vector<S> {
    let (k, m) = split(x);
    finish(x, plus_exponent(k, near_one(m - 1.0)))
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
pub(crate) fn ln_1p<S: Lanes>(x: Vector<S>) -> Vector<S> {
    if !S::IS_NARROW {
        return ln_near(x + 1.0, x).or(x.sign_bit());
    }
    // The rounding error of 1 + x counts in f32: it is divided by the sum and added. At infinity it is NaN, but is replaced.
    let (u, error) = two_sum(x, x.constant(1.0));
    let (k, m) = split(u);
    let near = k.eq(0.0);
    let y = near_one(near.select(x, m - 1.0)) + near.select(0.0, error / u);
    finish(u, plus_exponent(k, y)).or(x.sign_bit())
}

/// `ln(u)`, where `f` is `u - 1` without the rounding error of u.
#[inline(always)]
fn ln_near<S: Lanes>(u: Vector<S>, f: Vector<S>) -> Vector<S> {
    let (k, m) = split(u);
    finish(u, plus_exponent(k, near_one(k.eq(0.0).select(f, m - 1.0))))
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
