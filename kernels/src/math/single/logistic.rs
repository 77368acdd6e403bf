//! The hyperbolic tangent, the logistic function and its integral, without divisions.

use super::super::poly::polynomial;
use super::exp::{exp_minus_abs, half_exp_m1};
use crate::simd::{Lanes, Vector};

/// `1 / (1 + z)` for 0 <= z <= 1; error 2^-11.7.
const RECIPROCAL: [f64; 5] =
    [0.999702646446625, -0.9848349687778769, 0.8658935474278918, -0.5328575676479334, 0.15224501932798096];

/// `ln(1 + z) / z` for 0 <= z <= 1; error 2^-27.7.
const LOG_1P: [f64; 10] = [
    0.9999999952870113,
    -0.4999990242167357,
    0.333299623992526,
    -0.24954133533337788,
    0.19675938798,
    -0.1530559158037064,
    0.10603653630203036,
    -0.05695952520878351,
    0.019851459012760767,
    -0.003244024714060211,
];

/// `n / (1 + z)` for 0 <= z <= 1: with the error e of the first approximation, `1 / (1 - e)` is 1 + e + e^2 to 2^-35.
#[inline(always)]
fn over_one_plus<S: Lanes>(n: Vector<S>, z: Vector<S>) -> Vector<S> {
    let first = polynomial(z, &RECIPROCAL);
    let e = (-first).fma(z, z.constant(1.0) - first);
    let n = n * first;
    n.fma(e.fma(e, e), n)
}

/// `tanh(|x|) = (1 - z) / (1 + z)` with `z = exp(-2|x|)`.
#[inline(always)]
pub(crate) fn tanh<S: Lanes>(x: Vector<S>) -> Vector<S> {
    // From 20 on the result rounds to one.
    let a = x.constant(20.0).min(x.abs());
    let half = half_exp_m1(a * -2.0);
    over_one_plus(half * -2.0, half.fma(2.0, 1.0)).or(x.sign_bit())
}

/// `1 / (1 + exp(-x))`.
#[inline(always)]
pub(crate) fn sigmoid<S: Lanes>(x: Vector<S>) -> Vector<S> {
    let z = exp_minus_abs(x);
    over_one_plus(x.lt(0.0).select(z, 1.0), z)
}

/// `ln(1 + exp(x)) = max(x, 0) + ln(1 + exp(-|x|))`.
#[inline(always)]
pub(crate) fn softplus<S: Lanes>(x: Vector<S>) -> Vector<S> {
    let z = exp_minus_abs(x);
    polynomial(z, &LOG_1P).fma(z, x.constant(0.0).max(x))
}
