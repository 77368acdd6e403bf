//! Hyperbolic functions and their inverses: odd polynomials around zero, and exponentials and logarithms elsewhere.

use super::exp::exp_halved;
use super::log::ln_sum;
use super::poly::{divide, polynomial, two_sum};
use crate::simd::{Simd, Vector};

/// `(sinh(t) - t) / t^3` in t^2, interpolated at Chebyshev nodes of |t| <= 1; relative error 6e-17 of this term.
const SINH: [f64; 7] = [
    0.16666666666666666,
    0.008333333333333299,
    0.00019841269841324198,
    2.7557319191381816e-06,
    2.5052117695907823e-08,
    1.6057679623801638e-10,
    7.746178593018827e-13,
];
/// `(asinh(t) - t) / t^3` in t^2, likewise for |t| <= 1/2; relative error 9e-17.
const ASINH: [f64; 12] = [
    -0.16666666666666666,
    0.0749999999999864,
    -0.044642857140252436,
    0.030381944248546365,
    -0.022372151449922602,
    0.01735258771519257,
    -0.013962235682232349,
    0.011526210169675569,
    -0.009591452221673173,
    0.007622309427481728,
    -0.004992717198142511,
    0.0018854117655039003,
];
/// `(atanh(t) - t) / t^3` in t^2, likewise for |t| <= 1/2; relative error 6e-17.
const ATANH: [f64; 14] = [
    0.3333333333333333,
    0.20000000000000864,
    0.14285714285490106,
    0.11111111133938968,
    0.09090907881509189,
    0.07692345940270638,
    0.06665886352701884,
    0.05893099692590042,
    0.05160769881147162,
    0.05441915418234587,
    0.012292448728540531,
    0.13557903913692299,
    -0.14450491183414468,
    0.21098097885975797,
];

/// Above, `1 + x^2` rounds to `x^2`.
const HUGE: f64 = 1e9;

/// `t + t^3 p(t^2)`.
#[inline(always)]
fn odd<S: Simd, const N: usize>(t: Vector<S>, z: Vector<S>, p: &[f64; N]) -> Vector<S> {
    (polynomial(z, p) * z).fma(t, t)
}

/// `sinh(x)`.
#[inline(always)]
pub(crate) fn sinh<S: Simd>(x: Vector<S>) -> Vector<S> {
    let a = x.abs();
    let half = exp_halved(a);
    let far = half - x.constant(0.25) / half;
    a.lt(1.0).select(odd(x, x * x, &SINH), far.or(x.sign_bit()))
}

/// `cosh(x)`.
#[inline(always)]
pub(crate) fn cosh<S: Simd>(x: Vector<S>) -> Vector<S> {
    let half = exp_halved(x.abs());
    half + x.constant(0.25) / half
}

/// `ln(a + sqrt(a^2 + sign))` for a >= 1/2 (and a >= 1 for a negative sign).
#[inline(always)]
fn area<S: Simd>(a: Vector<S>, sign: f64) -> Vector<S> {
    let b = a.constant(HUGE).min(a);
    // The square root in two parts, then the sum.
    let square = b * b;
    let (inside, error) = two_sum(square, b.constant(sign));
    let root = inside.sqrt();
    let rest = (-root).fma(root, inside) + (error + b.fma(b, -square));
    let (sum, error) = two_sum(b, root);
    let low = error + rest * 0.5 / root;
    let huge = a.gt(HUGE);
    ln_sum(huge.select(a, sum), huge.select(0.0, low / sum), huge.select(1.0, 0.0))
}

/// `asinh(x)`.
#[inline(always)]
pub(crate) fn asinh<S: Simd>(x: Vector<S>) -> Vector<S> {
    let a = x.abs();
    let far = area(x.constant(0.5).max(a), 1.0);
    a.lt(0.5).select(odd(x, x * x, &ASINH), far.or(x.sign_bit()))
}

/// `acosh(x)`, NaN below one.
#[inline(always)]
pub(crate) fn acosh<S: Simd>(x: Vector<S>) -> Vector<S> {
    // Up to 3/2, 2 asinh(sqrt((x - 1) / 2)), whose difference is exact.
    let z = (x - 1.0) * 0.5;
    let near = odd(z.sqrt(), z, &ASINH) * 2.0;
    x.lt(1.5).select(near, area(x.constant(1.5).max(x), -1.0))
}

/// `atanh(x)`, NaN outside of [-1, 1].
#[inline(always)]
pub(crate) fn atanh<S: Simd>(x: Vector<S>) -> Vector<S> {
    let a = x.abs();
    let far = ln_ratio(two_sum(x.constant(1.0), a), (x.constant(1.0) - a, x.constant(0.0))) * 0.5;
    a.lt(0.5).select(odd(x, x * x, &ATANH), far.or(x.sign_bit()))
}

/// `ln(p / (1 - p))`, NaN outside of [0, 1].
#[inline(always)]
pub(crate) fn logit<S: Simd>(p: Vector<S>) -> Vector<S> {
    // Around one half it is 2 atanh(2p - 1), whose argument is exact.
    let t = p + p - 1.0;
    let far = ln_ratio((p, p.constant(0.0)), two_sum(p.constant(1.0), -p));
    t.abs().lt(0.5).select(odd(t, t * t, &ATANH) * 2.0, far)
}

/// The logarithm of a quotient.
#[inline(always)]
fn ln_ratio<S: Simd>(n: (Vector<S>, Vector<S>), d: (Vector<S>, Vector<S>)) -> Vector<S> {
    let (quotient, rest) = divide(n, d);
    let rest = rest + n.1 / d.0;
    // Not so where the quotient is zero, subnormal or infinite.
    let low = rest / quotient;
    let usual = low.abs().lt(1e-10);
    ln_sum(usual.select(quotient, n.0 / d.0), usual.select(low, 0.0), quotient.constant(0.0))
}
