//! Functions from which densities with large counts are made.
//!
//! A density such as the gamma's is a difference of terms that are each as large as `a ln a`. Written through Stirling's
//! remainder and the ratio of the value to its mean, the large terms are gone: what is left loses no more than rounding
//! the value would. C. Loader, "Fast and accurate computation of binomial probabilities" (2000).

use pyroxene_autograd::Var;
use pyroxene_kernels::special::STIRLING;

/// `ln(2 pi) / 2`
pub(super) const HALF_LN_TAU: f64 = 0.918_938_533_204_672_741_780_329_736_405_617_64;

/// Stirling's remainder `lgamma(x) - ((x - 1/2) ln x - x + ln(2 pi) / 2)` for x > 0.
pub(super) fn stirling_remainder(x: Var) -> Var {
    let large = x.greater_equal(10.0);
    let inverse = large.where_(x, 10.0).recip();
    let square = inverse.square();
    let mut series = Var::from(STIRLING[7]);
    for &coefficient in STIRLING[..7].iter().rev() {
        series = series * square + coefficient;
    }
    let small = large.where_(1.0, x);
    let direct = small.lgamma() - ((small - 0.5) * small.ln() - small + HALF_LN_TAU);
    large.where_(series * inverse, direct)
}

/// `factor * ln(count / mean)`, given `excess = (count - mean) / mean`, which is exact where the ratio is near one; zero
/// where the factor is, also at a ratio of zero.
pub(super) fn log_ratio(factor: Var, ratio: Var, excess: Var) -> Var {
    let near = excess.abs().less(0.5);
    let close = near.where_(excess, 0.0).ln_1p();
    near.where_(factor * close, factor.xlogy(near.where_(1.0, ratio)))
}

/// `ln(1 + z^2)`, also where the square overflows.
pub(super) fn ln_1p_square(z: Var) -> Var {
    let far = z.abs().greater(1e100);
    let square = far.where_(0.0, z).square();
    let log = far.where_(z.abs(), square).ln_1p();
    far.where_(log * 2.0, log)
}
