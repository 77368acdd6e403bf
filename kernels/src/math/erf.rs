//! The error function: a polynomial near zero, and in the tail `exp(-x^2)` times a polynomial in `(x - 3.75) / (x + 3.75)`
//! over `1 + 2x` (Shepherd & Laframboise 1981).

use super::exp::exp_sum;
use super::poly::{divide, polynomial, two_sum};
use crate::simd::{Simd, Vector};

/// `erf(x) / x - 1` in x^2, interpolated at Chebyshev nodes of |x| <= 1; absolute error 1e-18.
const NEAR: [f64; 14] = [
    0.1283791670955126,
    -0.37612638903183754,
    0.1128379167095512,
    -0.026866170645129826,
    0.005223977625423116,
    -0.0008548327021921774,
    0.00012055332902288382,
    -1.4925647549075886e-05,
    1.6462045054724144e-06,
    -1.636463660480217e-07,
    1.4792347499413907e-08,
    -1.2164225654817864e-09,
    8.707834948949949e-11,
    -4.229011708989198e-12,
];
/// `(1 + 2x) exp(x^2) erfc(x)` in `(x - 3.75) / (x + 3.75)`, interpolated at Chebyshev nodes of x >= 0.48 up to infinity;
/// relative error 2e-18.
const TAIL: [f64; 24] = [
    1.2375126308378275,
    -0.14024059858554702,
    0.0035854154854632857,
    0.08227673849015198,
    -0.10880393014168259,
    0.092304321160143,
    -0.058693398591140034,
    0.028362277422856314,
    -0.009746579540493178,
    0.0017556258153140795,
    0.0002937135462965987,
    -0.00029015385035049073,
    5.164960133266807e-05,
    2.2383302199845296e-05,
    -1.1445477416582407e-05,
    -9.709910171871151e-07,
    1.7537844532020873e-06,
    -6.190437014728688e-08,
    -2.6049503787512853e-07,
    2.8708331672574866e-08,
    3.8956975826188464e-08,
    -7.385029711129459e-09,
    -4.42991494955897e-09,
    1.376166277084155e-09,
];

/// `erf(x)` for |x| <= 1.
#[inline(always)]
pub(super) fn near<S: Simd>(x: Vector<S>) -> Vector<S> {
    polynomial(x * x, &NEAR).fma(x, x)
}

/// `exp(x^2) erfc(x)` in two parts for x from 0.48 to 1e10, and NaN.
#[inline(always)]
pub(super) fn scaled_tail<S: Simd>(x: Vector<S>) -> (Vector<S>, Vector<S>) {
    let u = (x - 3.75) / (x + 3.75);
    // The polynomial with its largest term added last, in two parts.
    let p = polynomial(u, &REST);
    let p = two_sum(x.constant(TAIL[0]), p * u);
    divide(p, two_sum(x + x, x.constant(1.0)))
}

/// `erfc(x)` for x >= 0.48, and NaN.
#[inline(always)]
fn tail<S: Simd>(x: Vector<S>) -> Vector<S> {
    // Zero in f64 long before the bound.
    let x = x.constant(28.0).min(x);
    let square = x * x;
    tail_of(x, square, x.fma(x, -square))
}

/// `erfc(x)` for x from 0.48 to 1e10, of which the square is `square + low`.
#[inline(always)]
pub(super) fn tail_of<S: Simd>(x: Vector<S>, square: Vector<S>, low: Vector<S>) -> Vector<S> {
    let (quotient, rest) = scaled_tail(x);
    let e = exp_sum(-square, -low);
    e.fma(quotient, e * rest)
}

/// [`TAIL`] but for its first coefficient.
const REST: [f64; 23] = {
    let mut rest = [0.0; 23];
    let mut i = 0;
    while i < 23 {
        rest[i] = TAIL[i + 1];
        i += 1;
    }
    rest
};

/// `erf(x)`.
#[inline(always)]
pub(crate) fn erf<S: Simd>(x: Vector<S>) -> Vector<S> {
    erf_of(x, near(x), tail(x.constant(0.5).max(x.abs())))
}

/// `erf(x)` from itself for |x| < 1, and `erfc(|x|)` for others.
#[inline(always)]
pub(super) fn erf_of<S: Simd>(x: Vector<S>, near: Vector<S>, tail: Vector<S>) -> Vector<S> {
    x.abs().lt(1.0).select(near, (x.constant(1.0) - tail).or(x.sign_bit()))
}

/// `erfc(x) = 1 - erf(x)`.
#[inline(always)]
pub(crate) fn erfc<S: Simd>(x: Vector<S>) -> Vector<S> {
    erfc_of(x, near(x), tail(x.constant(0.5).max(x.abs())))
}

/// `erfc(x)` from `erf(x)` for -1 < x < 1/2, and `erfc(|x|)` for others.
#[inline(always)]
pub(super) fn erfc_of<S: Simd>(x: Vector<S>, near: Vector<S>, tail: Vector<S>) -> Vector<S> {
    let y = x.lt(0.0).select(x.constant(2.0) - tail, tail);
    (x.lt(0.5) & x.gt(-1.0)).select(x.constant(1.0) - near, y)
}

/// `exp(x^2) erfc(x)`.
#[inline(always)]
pub(crate) fn erfcx<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (quotient, rest) = scaled_tail(x.constant(0.5).max(x.constant(HUGE).min(x)));
    // At infinity the sum would be NaN, and from `HUGE` on `1 / (sqrt(pi) x)` is right.
    let far = x.gt(HUGE).select(x.constant(FRAC_1_SQRT_PI) / x, quotient + rest);
    // Infinite in f64 long before the bound.
    let y = x.constant(-28.0).max(x);
    let square = y * y;
    let grown = exp_sum(square, y.fma(y, -square)) * erfc(y);
    x.lt(0.5).select(grown, far)
}

/// `1 / sqrt(pi)`
const FRAC_1_SQRT_PI: f64 = 0.5641895835477563;
/// Where `2 x^2` exceeds 2^53 by far.
const HUGE: f64 = 1e10;
