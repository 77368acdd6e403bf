//! Powers: `exp(y ln x)` with the logarithm in two parts, so that the product is right to 2^-64.

use super::exp::{LN2_HIGH, LN2_LOW, exp_sum};
use super::log::split_any;
use super::poly::{divide, fast_two_sum, polynomial, two_sum};
use crate::simd::{Mask, Simd, Vector};

/// `(2 artanh(s) / s - 2 - 2/3 s^2) / s^4` in s^2, interpolated at Chebyshev nodes; relative error 4e-20.
const TAIL: [f64; 9] = [
    0.4,
    0.28571428571428564,
    0.22222222222228882,
    0.18181818179522571,
    0.1538461578064774,
    0.13333295011900106,
    0.1176687865598926,
    0.10454866026728715,
    0.10775601089388141,
];

/// 2/3 = THIRDS + THIRDS_LOW.
const THIRDS: f64 = 0.6666666666666666;
const THIRDS_LOW: f64 = 3.700743415417188e-17;

/// The logarithm of a positive finite number in two parts.
#[inline(always)]
fn ln_parts<S: Simd>(x: Vector<S>) -> (Vector<S>, Vector<S>) {
    let (k, m) = split_any(x);
    let f = m - 1.0;
    let s = divide((f, x.constant(0.0)), two_sum(x.constant(2.0), f));
    let s = fast_two_sum(s.0, s.1);
    // z = s^2 in two parts.
    let z = s.0 * s.0;
    let z_low = s.0.fma(s.0, -z) + s.0 * s.1 * 2.0;
    // v = 2/3 + z TAIL(z)
    let (v, v_low) = fast_two_sum(x.constant(THIRDS), polynomial(z, &TAIL) * z);
    let v_low = v_low + THIRDS_LOW;
    // c = s z v
    let zv = z * v;
    let zv_low = z.fma(v, -zv) + (z * v_low + z_low * v);
    let c = s.0 * zv;
    let c_low = s.0.fma(zv, -c) + (s.0 * zv_low + s.1 * zv);
    // k ln 2 + 2 s + c
    let kl = k * LN2_HIGH;
    let kl_low = k.fma(LN2_HIGH, -kl) + k * LN2_LOW;
    let (high, low) = fast_two_sum(kl, s.0 * 2.0);
    let (high, more) = fast_two_sum(high, c);
    fast_two_sum(high, low + more + (c_low + (kl_low + s.1 * 2.0)))
}

/// Lanes with a whole number.
#[inline(always)]
fn is_whole<S: Simd>(y: Vector<S>) -> Mask<S> {
    y.trunc().eq(y)
}

/// `x^y` by the rules of IEEE 754: `x^0 = 1^y = 1` even for NaN, a negative x has powers of whole numbers only.
#[inline(always)]
pub(crate) fn pow<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    let a = x.abs();
    let (high, low) = ln_parts(a);
    // Powers of such size that only their sign and being above or below one matter.
    let e = y.constant(-1e300).max(y.constant(1e300).min(y));
    let product = e * high;
    // An infinite product would make the error NaN.
    let product = product.constant(-1e4).max(product.constant(1e4).min(product));
    let rest = product.abs().lt(1e3).select(e.fma(high, -product) + e * low, 0.0);
    special_cases(x, y, exp_sum(product, rest))
}

/// `x^y`, given `|x|^y` where both are finite, x is not zero, and neither is one nor zero.
#[inline(always)]
pub(super) fn special_cases<S: Simd>(x: Vector<S>, y: Vector<S>, mut result: Vector<S>) -> Vector<S> {
    let a = x.abs();
    // Zero and infinity: their powers are zero or infinite by the sign of y.
    let is_zero = a.eq(0.0);
    let is_infinite = a.eq(f64::INFINITY);
    let up = y.gt(0.0);
    let extreme = is_zero.select(up.select(0.0, f64::INFINITY), up.select(f64::INFINITY, 0.0));
    result = (is_zero | is_infinite).select(extreme, result);
    // Of a negative x, odd powers are negative, powers that are not whole numbers NaN.
    let is_odd = is_whole(y) & !is_whole(y * 0.5);
    let negative = x.constant(1.0).or(x.sign_bit()).lt(0.0);
    result = (negative & is_odd).select(-result, result);
    result = (x.lt(0.0) & !is_whole(y) & !is_infinite).select(f64::NAN, result);
    // (-1)^(+-inf) = 1, as for every even power.
    result = (a.eq(1.0) & y.abs().eq(f64::INFINITY)).select(1.0, result);
    result = x.unordered(y).select(x + y, result);
    (x.eq(1.0) | y.eq(0.0)).select(1.0, result)
}
