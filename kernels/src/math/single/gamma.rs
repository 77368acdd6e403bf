//! The logarithm of the gamma function.

use super::super::gamma::{LARGE, descend, reflected};
use super::super::poly::polynomial;
use super::log::ln;
use crate::simd::{Simd, Vector};

/// `lnGamma(1 + t) / (t (t - 1))` for 0 <= t <= 1; error 2^-30.7.
const UNIT: [f64; 11] = [
    0.5772156645589133,
    -0.24525128243736372,
    0.15543066168783845,
    -0.11508701333794327,
    0.09172634730565105,
    -0.07467789936737695,
    0.05791886814328126,
    -0.038637996510035535,
    0.019512147680029967,
    -0.006325073163434292,
    0.0009599107898593157,
];
/// `x (lnGamma(x) - (x - 1/2) ln x + x - ln(2 pi)/2)` in 1/x^2 for x >= 8 (Stirling's series); error 2^-37.
const STIRLING: [f64; 3] = [0.08333333326536072, -0.0027776989140016143, 0.0007800582928262614];
/// `ln(2 pi) / 2 - 1/2`.
const CONSTANT: f64 = 0.41893853320467274;

/// `ln |Gamma(x)|`.
///
/// Up to 2 the zeros at 1 and 2 are factors, so the result keeps its relative accuracy there; up to 8 the recurrence
/// leads back to (1, 2], with one logarithm of the product; then Stirling's series.
#[inline(always)]
pub(crate) fn lgamma<S: Simd>(x: Vector<S>) -> Vector<S> {
    let a = x.abs();
    let large = a.ge(LARGE);
    let first = a.le(1.0);
    let (y, product) = descend(a);
    let t = first.select(a, y - 1.0);
    let logarithm = ln((large | first).select(a, product));
    let unit = (polynomial(t, &UNIT) * t).fma(t - 1.0, first.select(-logarithm, logarithm));
    let inverse = x.constant(1.0) / a;
    let square = inverse * inverse;
    let [s0, s1, s2] = STIRLING;
    let series = square.fma(s2, s1).fma(square, s0).fma(inverse, CONSTANT);
    let stirling = (a - 0.5).fma(logarithm - 1.0, series);
    reflected(x, large.select(stirling, unit))
}
