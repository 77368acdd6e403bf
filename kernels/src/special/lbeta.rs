//! The logarithm of the beta function.

use super::elementary::{HALF_LN_TAU, LARGE, ln, ln_1p, ln_gamma_1p, ln_gamma_gap, stirling_remainder};

/// `ln B(a, b) = ln Gamma(a) + ln Gamma(b) - ln Gamma(a + b)`, without the differences of large terms. Infinite where an
/// argument is 0, `-inf` where one is infinite, NaN where the two limits meet and for negative arguments.
///
/// ```
/// use pyroxene_kernels::special::lbeta;
/// assert!((lbeta(2.0, 3.0) + 12.0_f64.ln()).abs() < 1e-15);
/// assert!((lbeta(1e20, 1.5) - (-0.1207822376352452 - 1.5 * 1e20_f64.ln())).abs() < 1e-13);
/// ```
pub fn lbeta(a: f64, b: f64) -> f64 {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    if !(low >= 0.0 && high >= 0.0) || (low == 0.0 && high == f64::INFINITY) {
        f64::NAN
    } else if low == 0.0 {
        f64::INFINITY
    } else if high == f64::INFINITY {
        f64::NEG_INFINITY
    } else if low < LARGE {
        ln_gamma_1p(low) - ln(low) - ln_gamma_gap(high, low)
    } else {
        // By Stirling's formula, in which the terms of the order of the arguments all have one sign.
        let ratio = low / high;
        let powers = low * (ln_1p(ratio) - ln(ratio)) + high * ln_1p(ratio);
        let roots = HALF_LN_TAU + 0.5 * (ln_1p(ratio) - ln(low));
        let remainders = stirling_remainder(low) + stirling_remainder(high) - stirling_remainder(low + high);
        roots + remainders - powers
    }
}
