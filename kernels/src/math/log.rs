//! Logarithms: `x = 2^k m` with m in [sqrt(1/2), sqrt(2)), and `ln m = 2 artanh(s)` with `s = f / (2 + f)`, `f = m - 1`.

use super::exp::{LN2_HIGH, LN2_LOW, TINY};
use super::poly::{fast_two_sum, polynomial, two_sum};
use crate::simd::{Lanes, Simd, Vector};

/// `(2 artanh(s) / s - 2) / s^2` in s^2, interpolated at Chebyshev nodes; relative error 4e-18.
const LOG: [f64; 8] = [
    0.6666666666666666,
    0.4000000000000094,
    0.2857142857076445,
    0.2222222240054776,
    0.181817947008978,
    0.15386290534658992,
    0.13267418596474884,
    0.1310072138350349,
];

/// Splits a positive normal number, or a subnormal one already scaled by 2^54 (then `offset` is -54), into k and m.
#[inline(always)]
pub(super) fn split<S: Lanes>(x: Vector<S>, offset: Vector<S>) -> (Vector<S>, Vector<S>) {
    let s = x.simd;
    // Adding 1 - sqrt(1/2) in the bits moves the boundary of exponents from powers of two to sqrt(2) times those.
    const SHIFT: u64 = 0x3ff0000000000000 - 0x3fe6a09e667f3bcd;
    let bits = s.add_bits(x.to_bits(), s.splat_bits(SHIFT));
    let exponent = s.shr_bits::<52>(bits);
    let mantissa = s.and_bits(bits, s.splat_bits(0x000fffffffffffff));
    let m = Vector::from_bits(s, s.add_bits(mantissa, s.splat_bits(0x3fe6a09e667f3bcd)));
    // 2^52 + exponent, read as a number.
    let k = Vector::from_bits(s, s.or_bits(exponent, s.splat_bits(0x4330000000000000)));
    (k - (4503599627370496.0 + 1023.0) + offset, m)
}

/// The split of any argument; results for those that are not positive and finite come from [`finish`].
#[inline(always)]
pub(super) fn split_any<S: Simd>(x: Vector<S>) -> (Vector<S>, Vector<S>) {
    let small = x.lt(f64::MIN_POSITIVE);
    split(small.select(x * 18014398509481984.0, x), small.select(-54.0, 0.0))
}

/// `k ln 2 + ln(1 + f) + low`, as `f - (f^2/2 - s (f^2/2 + R))`, in which the large terms are exact (Tang 1990).
#[inline(always)]
fn sum<S: Simd>(k: Vector<S>, f: Vector<S>, low: Vector<S>) -> Vector<S> {
    let s = f / (f + 2.0);
    let z = s * s;
    let half_square = f * f * 0.5;
    let r = polynomial(z, &LOG) * z;
    let tail = s.fma(half_square + r, k.fma(LN2_LOW, low));
    k.fma(LN2_HIGH, f - (half_square - tail))
}

/// Results where the argument of the logarithm is zero, negative, infinite or NaN.
#[inline(always)]
pub(super) fn finish<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    let y = x.lt(f64::INFINITY).select(y, x);
    let y = x.lt(0.0).select(f64::NAN, y);
    x.eq(0.0).select(f64::NEG_INFINITY, y)
}

/// `ln(x)`.
#[inline(always)]
pub(crate) fn ln<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (k, m) = split_any(x);
    finish(x, sum(k, m - 1.0, x.constant(0.0)))
}

/// `ln(x) + low + k ln 2` for a `low` that is small beside one, and a whole k.
#[inline(always)]
pub(super) fn ln_sum<S: Simd>(x: Vector<S>, low: Vector<S>, k: Vector<S>) -> Vector<S> {
    let (exponent, m) = split_any(x);
    finish(x, sum(exponent + k, m - 1.0, low))
}

/// `k unit + (high + low) ln(m)`, where `high + low` is the logarithm of e to the base in question and `unit`, of which
/// the products with k are exact, and `unit_low` are that of 2.
#[inline(always)]
fn scaled<S: Simd>(x: Vector<S>, [unit, unit_low]: [f64; 2], [high, low]: [f64; 2]) -> Vector<S> {
    let (k, m) = split_any(x);
    let f = m - 1.0;
    let s = f / (f + 2.0);
    let z = s * s;
    let half_square = f * f * 0.5;
    let tail = s * (half_square + polynomial(z, &LOG) * z);
    // The logarithm of m in two parts, and its product.
    let (ln, ln_low) = fast_two_sum(f, tail - half_square);
    let product = ln * high;
    let rest = ln.fma(high, -product) + (ln_low * high + ln * low);
    let (sum, error) = two_sum(k * unit, product);
    finish(x, sum + k.fma(unit_low, error + rest))
}

/// `log2(x)`.
#[inline(always)]
pub(crate) fn log2<S: Simd>(x: Vector<S>) -> Vector<S> {
    scaled(x, [1.0, 0.0], [std::f64::consts::LOG2_E, 2.0355273740931033e-17])
}

/// `log10(x)`.
#[inline(always)]
pub(crate) fn log10<S: Simd>(x: Vector<S>) -> Vector<S> {
    let unit = [0.30102999566395283, 2.8363394551044964e-14];
    scaled(x, unit, [std::f64::consts::LOG10_E, 1.098319650216765e-17])
}

/// `ln(1 + x)`: the rounding error of `1 + x` is divided by it and added.
#[inline(always)]
pub(crate) fn ln_1p<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (u, error) = two_sum(x, x.constant(1.0));
    let (k, m) = split(u, x.constant(0.0));
    // Around zero x itself is the f of the formula, without an error. At infinity the error is NaN, but is replaced.
    let near = k.eq(0.0);
    let y = sum(k, near.select(x, m - 1.0), near.select(0.0, error / u));
    let y = finish(u, y);
    x.abs().lt(TINY).select(x, y)
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

/// `x` times a logarithm of something that depends on `y`, and 0 where x is 0 and y is not NaN.
#[inline(always)]
pub(super) fn times_log<S: Simd>(x: Vector<S>, y: Vector<S>, logarithm: Vector<S>) -> Vector<S> {
    (x.eq(0.0) & !y.is_nan()).select(0.0, x * logarithm)
}
