//! Exponentials: `x = k ln 2 + r` with |r| <= ln(2)/2, a polynomial in r, and a scaling by 2^k.

use super::super::exp::LN2_HIGH;
use super::super::poly::polynomial;
use crate::simd::{Lanes, MAGIC, MAGIC_F32, Vector};

/// `(exp(r) - 1 - r) / r^2` for |r| <= ln(2)/2; error of `exp(r)` 2^-28.3.
const EXP: [f64; 5] =
    [0.4999999344778577, 0.16666520631913867, 0.041668388042261965, 0.008368716854804364, 0.0013814598932353165];

/// The same, one degree more; error of `exp(r) - 1` 2^-31.9.
const EXP_M1: [f64; 6] = [
    0.5000000044163183,
    0.16666666370458305,
    0.04166636091565015,
    0.008333389370115287,
    0.0013940627167529835,
    0.00019845877178973663,
];

/// ln 2 less its nearest f32.
const LN2_REST: f64 = LN2_HIGH - LN2_HIGH as f32 as f64;

/// Below the first the exponential is zero, above the second infinite.
#[inline(always)]
const fn bounds<S: Lanes>() -> (f64, f64) {
    if S::IS_NARROW { (-104.0, 89.0) } else { (-746.0, 710.0) }
}

/// k and r, for x between the bounds.
#[inline(always)]
fn reduce<S: Lanes>(x: Vector<S>) -> (Vector<S>, Vector<S>) {
    let magic = if S::IS_NARROW { MAGIC_F32 } else { MAGIC };
    let k = x.fma(std::f64::consts::LOG2_E, magic) - magic;
    let r = (-k).fma(LN2_HIGH, x);
    (k, if S::IS_NARROW { (-k).fma(LN2_REST, r) } else { r })
}

/// `2^k exp(r)`.
#[inline(always)]
fn scaled<S: Lanes>(k: Vector<S>, r: Vector<S>) -> Vector<S> {
    (polynomial(r, &EXP).fma(r * r, r) + 1.0).scale(k)
}

/// `exp(x)`.
#[inline(always)]
pub(crate) fn exp<S: Lanes>(x: Vector<S>) -> Vector<S> {
    let (low, high) = bounds::<S>();
    // A NaN is the second operand and passes.
    let (k, r) = reduce(x.constant(low).max(x.constant(high).min(x)));
    scaled(k, r)
}

/// `exp(-|x|)`.
#[inline(always)]
pub(super) fn exp_minus_abs<S: Lanes>(x: Vector<S>) -> Vector<S> {
    let (k, r) = reduce(x.constant(bounds::<S>().0).max(-x.abs()));
    scaled(k, r)
}

/// `2^x`, exact for whole numbers.
#[inline(always)]
pub(crate) fn exp2<S: Lanes>(x: Vector<S>) -> Vector<S> {
    let x = x.constant(-1080.0).max(x.constant(1025.0).min(x));
    let k = x.round();
    scaled(k, (x - k) * LN2_HIGH)
}

/// `(exp(x) - 1) / 2`, so that nothing overflows before the result does, for x from -50 to the upper bound and NaN;
/// zero is +0.
#[inline(always)]
pub(super) fn half_exp_m1<S: Lanes>(x: Vector<S>) -> Vector<S> {
    let (k, r) = reduce(x);
    let power = x.constant(1.0).scale(k - 1.0);
    polynomial(r, &EXP_M1).fma(r * r, r).fma(power, power - 0.5)
}

/// `exp(x) - 1`.
#[inline(always)]
pub(crate) fn exp_m1<S: Lanes>(x: Vector<S>) -> Vector<S> {
    let half = half_exp_m1(x.constant(-50.0).max(x.constant(bounds::<S>().1).min(x)));
    (half * 2.0).or(x.sign_bit())
}
