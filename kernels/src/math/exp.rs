//! Exponentials: `x = k ln 2 + r` with |r| <= ln(2)/2 (Cody & Waite 1980), a polynomial in r, and a scaling by 2^k.

use super::poly::{fast_two_sum, polynomial, two_sum};
use crate::simd::{Simd, Vector};

/// ln 2 = LN2_HIGH + LN2_LOW.
pub(super) const LN2_HIGH: f64 = std::f64::consts::LN_2;
pub(super) const LN2_LOW: f64 = 2.3190468138462996e-17;

/// `(exp(r) - 1 - r) / r^2`, interpolated at Chebyshev nodes of |r| <= ln(2)/2; relative error 3e-18.
const EXP: [f64; 11] = [
    0.5,
    0.1666666666666667,
    0.04166666666666667,
    0.008333333333326084,
    0.0013888888888883711,
    0.0001984126987500228,
    2.480158732567746e-05,
    2.755725517000089e-06,
    2.755727347871858e-07,
    2.5105312729622103e-08,
    2.09147553258932e-09,
];

/// k, and r in two parts.
#[inline(always)]
fn reduce<S: Simd>(x: Vector<S>) -> (Vector<S>, Vector<S>, Vector<S>) {
    let k = (x * std::f64::consts::LOG2_E).round();
    let high = (-k).fma(LN2_HIGH, x);
    let r = (-k).fma(LN2_LOW, high);
    (k, r, (-k).fma(LN2_LOW, high - r))
}

/// `exp(x + low)` for a `low` that is small beside one.
#[inline(always)]
pub(super) fn exp_sum<S: Simd>(x: Vector<S>, low: Vector<S>) -> Vector<S> {
    // Past the bounds the result is infinite or zero; a NaN is the second operand and passes.
    let x = x.constant(-746.0).max(x.constant(710.0).min(x));
    let (k, r, rest) = reduce(x);
    let (r, rest) = two_sum(r, rest + low);
    let p = polynomial(r, &EXP).fma(r * r, rest) + r;
    (p + 1.0).scale(k)
}

/// `exp(x)`.
#[inline(always)]
pub(crate) fn exp<S: Simd>(x: Vector<S>) -> Vector<S> {
    let x = x.constant(-746.0).max(x.constant(710.0).min(x));
    let k = (x * std::f64::consts::LOG2_E).round();
    let r = (-k).fma(LN2_LOW, (-k).fma(LN2_HIGH, x));
    (polynomial(r, &EXP).fma(r * r, r) + 1.0).scale(k)
}

/// `exp(x) / 2` for x >= 0: overflows later than `exp(x)`.
#[inline(always)]
pub(super) fn exp_halved<S: Simd>(x: Vector<S>) -> Vector<S> {
    let x = x.constant(712.0).min(x);
    let k = (x * std::f64::consts::LOG2_E).round();
    let r = (-k).fma(LN2_LOW, (-k).fma(LN2_HIGH, x));
    (polynomial(r, &EXP).fma(r * r, r) + 1.0).scale(k - 1.0)
}

/// `2^x`, exact for whole numbers.
#[inline(always)]
pub(crate) fn exp2<S: Simd>(x: Vector<S>) -> Vector<S> {
    let x = x.constant(-1080.0).max(x.constant(1025.0).min(x));
    let k = x.round();
    let f = x - k;
    let r = f * LN2_HIGH;
    let low = f.fma(LN2_HIGH, -r) + f * LN2_LOW;
    (polynomial(r, &EXP).fma(r * r, low) + r + 1.0).scale(k)
}

/// `exp(x) - 1` in two parts, halved so that nothing overflows before the result does; exact to 2^-53 of the result for
/// x above 2^-54 in magnitude.
#[inline(always)]
pub(super) fn half_exp_m1_parts<S: Simd>(x: Vector<S>) -> (Vector<S>, Vector<S>) {
    let x = x.constant(-50.0).max(x.constant(710.0).min(x));
    let (k, r, rest) = reduce(x);
    // 2^(k-1) (1 + r + t) - 1/2, where the first sum is exact and t is the smallest term.
    let power = x.constant(1.0).scale(k - 1.0);
    let (high, low) = fast_two_sum(power - 0.5, power * r);
    let t = polynomial(r, &EXP).fma(r * r, rest);
    fast_two_sum(high, t.fma(power, low))
}

/// `exp(x) - 1`.
#[inline(always)]
pub(crate) fn exp_m1<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (half, _) = half_exp_m1_parts(x);
    // Tiny arguments are their own result, with the sign of zero.
    x.abs().lt(TINY).select(x, half * 2.0)
}

/// 2^-54: below, odd functions with slope one at zero are the identity.
pub(super) const TINY: f64 = 5.551115123125783e-17;
