//! The logarithm of the gamma function.

use super::super::gamma::Cases;
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

/// `ln |Gamma(x)|`.
#[inline(always)]
pub(crate) fn lgamma<S: Simd>(x: Vector<S>) -> Vector<S> {
    let cases = Cases::of(x);
    let square = cases.inverse * cases.inverse;
    let [s0, s1, s2] = STIRLING;
    let series = square.fma(s2, s1).fma(square, s0);
    cases.result(ln(cases.argument), polynomial(cases.t, &UNIT), series)
}
