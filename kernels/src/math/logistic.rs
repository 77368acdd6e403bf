//! The hyperbolic tangent, the logistic function and its integral.

use super::exp::{TINY, exp, exp_sum, half_exp_m1_parts};
use super::log::ln_1p;
use super::poly::{divide, fast_two_sum, two_sum};
use crate::simd::{Simd, Vector};

/// `tanh(x) = h / (h + 1)` with `h = (exp(2|x|) - 1) / 2`.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(x: Vector<S>) -> Vector<S> {
    // From 20 on the result rounds to one.
    let a = x.constant(20.0).min(x.abs());
    let (high, low) = half_exp_m1_parts(a + a);
    let (sum, error) = two_sum(high, x.constant(1.0));
    let (quotient, rest) = divide((high, low), (sum, error + low));
    a.lt(TINY).select(x, (quotient + rest).or(x.sign_bit()))
}

/// `1 / (1 + exp(-x))`.
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(x: Vector<S>) -> Vector<S> {
    let z = exp(-x.abs());
    let one = x.constant(1.0);
    let zero = x.constant(0.0);
    let (quotient, rest) = divide((x.lt(0.0).select(z, one), zero), fast_two_sum(one, z));
    quotient + rest
}

/// `ln(1 + exp(x)) = max(x, 0) + ln(1 + exp(-|x|))`.
#[inline(always)]
pub(crate) fn softplus<S: Simd>(x: Vector<S>) -> Vector<S> {
    let positive = x.constant(0.0).max(x);
    positive + ln_1p(exp(-x.abs()))
}

/// `ln(exp(x) + exp(y)) = max(x, y) + ln(1 + exp(-|x - y|))`.
#[inline(always)]
pub(crate) fn logaddexp<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    let (high, low) = (x.max(y), x.min(y));
    // Where the greater is near zero its digits cancel, so the rounding error of the difference counts.
    let (gap, error) = two_sum(low, -high);
    // Equal infinities are no distance apart, and an infinite distance has no error.
    let gap = x.eq(y).select(0.0, gap);
    let error = gap.gt(-800.0).select(x.eq(y).select(0.0, error), 0.0);
    x.unordered(y).select(x + y, high + ln_1p(exp_sum(gap, error)))
}
