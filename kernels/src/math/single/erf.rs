//! The error function: a polynomial near zero, and in the tail `exp(-x^2)` times a polynomial in `(x - 2) / (x + 2)` over
//! `1 + 2x` (Shepherd & Laframboise 1981).

use super::super::erf::{erf_of, erfc_of};
use super::super::poly::polynomial;
use super::exp::exp;
use crate::simd::{Simd, Vector};
use std::f64::consts::FRAC_1_SQRT_2;

/// `erf(x) / x - 1` in x^2 for |x| <= 1; error of `erf(x)` 2^-29.6.
const NEAR: [f64; 7] = [
    0.12837916572669789,
    -0.3761262582425648,
    0.11283585149100762,
    -0.026853811957604806,
    0.005188327728036616,
    -0.000801019398595691,
    7.853862500331062e-05,
];
/// `(1 + 2x) exp(x^2) erfc(x)` in `(x - 2) / (x + 2)` for x >= 0.49; error 2^-28.3.
const TAIL: [f64; 11] = [
    1.2769783783150574,
    -0.09276379774363785,
    -0.166030054512934,
    0.16405016583902265,
    -0.05422568494843742,
    -0.008020950508458802,
    0.008754974663494225,
    0.0012049216636928878,
    -0.0015296192899259269,
    -0.00029837133786406075,
    0.0002592082995770147,
];

/// `erf(x)` for |x| <= 1.
#[inline(always)]
fn near<S: Simd>(x: Vector<S>) -> Vector<S> {
    (polynomial(x * x, &NEAR) + 1.0) * x
}

/// `erfc(x)` for x >= 0.49, and NaN.
#[inline(always)]
fn tail<S: Simd>(x: Vector<S>) -> Vector<S> {
    // Zero in f64 long before the bound.
    let x = x.constant(28.0).min(x);
    let (above, twice) = (x + 2.0, x.fma(2.0, 1.0));
    let inverse = x.constant(1.0) / (above * twice);
    let p = polynomial((x - 2.0) * (inverse * twice), &TAIL);
    exp(-(x * x)) * (p * (inverse * above))
}

/// `erf(x)`.
#[inline(always)]
pub(crate) fn erf<S: Simd>(x: Vector<S>) -> Vector<S> {
    erf_of(x, near(x), tail(x.constant(0.5).max(x.abs())))
}

/// `erfc(x) = 1 - erf(x)`.
#[inline(always)]
pub(crate) fn erfc<S: Simd>(x: Vector<S>) -> Vector<S> {
    erfc_of(x, near(x), tail(x.constant(0.5).max(x.abs())))
}

/// `Phi(x) = erfc(-x / sqrt(2)) / 2`, the distribution function of the standard normal distribution.
#[inline(always)]
pub(crate) fn ndtr<S: Simd>(x: Vector<S>) -> Vector<S> {
    erfc(x * -FRAC_1_SQRT_2) * 0.5
}
