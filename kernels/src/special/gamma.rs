//! The incomplete gamma functions.
//!
//! With `D = x^a e^-x / Gamma(a)`, the density of the logarithm of a gamma variable at `ln x`, the lower and upper
//! probabilities and their derivatives by `a` are `D` times a ratio. Below the mean, and above it, the ratio is
//! the integral of the density of the logarithm, relative to `x`, from there downwards and upwards.

use super::elementary::{
    HALF_LN_TAU, LARGE, digamma, digamma_remainder, exp, exp_m1, exp_m1_minus, ln, ln_1p, ln_gamma_1p, minus_ln_1p,
    stirling_remainder,
};
use super::quadrature::{Drop, integrals};

/// Below this the lower probability is its power series.
const SERIES: f64 = 16.0;
/// Where `a` counts as zero: the functions differ from their limit by less than rounding.
const TINY: f64 = 1e-290;

struct Parts {
    lower: f64,
    upper: f64,
    /// The derivative of the lower probability by `a`, over `D`.
    ratio: f64,
}

/// `ln(x / a)`
fn ln_ratio(a: f64, x: f64) -> f64 {
    let excess = (x - a) / a;
    if excess.abs() < 0.5 { ln_1p(excess) } else { ln(x / a) }
}

/// `D`, and `ln x - psi(a)`, its derivative by `a` in the logarithm.
fn density(a: f64, x: f64) -> (f64, f64) {
    if a < LARGE {
        let log = a * ln(x) - x - ln_gamma_1p(a);
        return (a * exp(log), ln(x) - digamma(1.0 + a) + 1.0 / a);
    }
    let excess = (x - a) / a;
    // a (excess - ln(1 + excess)), where x overwhelms a without the division
    let deviance = if excess.abs() < 0.5 { a * minus_ln_1p(excess) } else { (x - a) - a * ln(x / a) };
    let height = 0.5 * ln(a) - HALF_LN_TAU - stirling_remainder(a);
    (exp(height - deviance), ln_ratio(a, x) - digamma_remainder(a))
}

/// For `0 < x < inf` and `0 < a < inf`.
fn parts(a: f64, x: f64) -> Parts {
    if a <= 1.0 && x <= 1.0 {
        near_zero(a, x)
    } else if x <= a && a < SERIES {
        series(a, x)
    } else {
        integral(a, x)
    }
}

/// `P = D e^x / a (1 + a sum (-x)^k / (k! (a + k)))`, DLMF 8.7.3, as the difference from 1, which is small for a tiny `a`.
fn near_zero(a: f64, x: f64) -> Parts {
    let (mut power, mut sum, mut slope, mut k) = (1.0, 0.0, 0.0, 0.0);
    loop {
        k += 1.0;
        power *= -x / k;
        let inverse = 1.0 / (a + k);
        let term = power * inverse;
        sum += term;
        slope += term * (k * inverse);
        if power.abs() <= 1e-18 * x {
            break;
        }
    }
    let log = a * ln(x) - ln_gamma_1p(a);
    let power = exp(log);
    let (lower, upper) = (power * (1.0 + a * sum), -exp_m1(log) - power * (a * sum));
    let by_a = (ln(x) - digamma(1.0 + a)) * (1.0 + a * sum) + slope;
    Parts { lower, upper, ratio: exp(x) * by_a / a.max(TINY) }
}

/// `P = D / a sum x^k / ((a + 1) ... (a + k))`, DLMF 8.7.1.
fn series(a: f64, x: f64) -> Parts {
    let (mut term, mut sum, mut slope, mut log_slope, mut k) = (1.0, 1.0, 0.0, 0.0, 0.0);
    while term > 1e-17 * sum {
        k += 1.0;
        let inverse = 1.0 / (a + k);
        term *= x * inverse;
        log_slope -= inverse;
        sum += term;
        slope += term * log_slope;
    }
    let (d, _) = density(a, x);
    let ratio = ((ln(x) - digamma(1.0 + a)) * sum + slope) / a;
    let lower = d * (sum / a);
    Parts { lower, upper: 1.0 - lower, ratio }
}

/// `P = D` times the integral of `exp(-(a - x) t - x (e^-t - 1 + t))`, or `Q = D` times that of
/// `exp(-(x - a) t - x (e^t - 1 - t))`, over t >= 0.
fn integral(a: f64, x: f64) -> Parts {
    let (d, log_slope) = density(a, x);
    let upper = x > a;
    let sign = if upper { 1.0 } else { -1.0 };
    let slope = sign * (x - a);
    let at = |t: f64| {
        let change = exp_m1(sign * t);
        (slope * t + x * exp_m1_minus(sign * t, change), slope + sign * x * change, [sign * t])
    };
    let (total, [moment]) = integrals(&Drop { slope, curvature: x, at });
    // The derivative of the upper probability is minus that of the lower one.
    let ratio = -sign * (log_slope * total + moment);
    let probability = d * total;
    let (lower, upper) = if upper { (1.0 - probability, probability) } else { (probability, 1.0 - probability) };
    Parts { lower, upper, ratio }
}

/// The lower regularised incomplete gamma function `P(a, x)`: the probability that a gamma variable of
/// concentration `a >= 0` and rate 1 is at most `x >= 0`.
///
/// Relative error below 1e-12 wherever the result is a normal number. `P(0, x)` is 1 and `P(inf, x)` is 0, their limits; NaN
/// at `a = x = 0` and at `a = x = inf`, where there is none, and for negative arguments.
pub fn gammainc(a: f64, x: f64) -> f64 {
    edge(a, x).unwrap_or_else(|| parts(a, x).lower)
}

/// The upper regularised incomplete gamma function `Q(a, x) = 1 - P(a, x)`, accurate also where it is tiny; see
/// [`gammainc`].
pub fn gammaincc(a: f64, x: f64) -> f64 {
    edge(a, x).map_or_else(|| parts(a, x).upper, |lower| 1.0 - lower)
}

/// `P` where an argument is zero, infinite or outside the domain.
fn edge(a: f64, x: f64) -> Option<f64> {
    let inside = a >= 0.0 && x >= 0.0;
    let none = (a == 0.0 && x == 0.0) || (a == f64::INFINITY && x == f64::INFINITY);
    if !inside || none {
        Some(f64::NAN)
    } else if a == 0.0 || x == f64::INFINITY {
        Some(1.0)
    } else if x == 0.0 || a == f64::INFINITY {
        Some(0.0)
    } else {
        None
    }
}

/// The derivative of `P(a, x)` by `a`, minus that of `Q(a, x)`. Zero at the ends of the range of `x`.
pub fn gammainc_by_a(a: f64, x: f64) -> f64 {
    match edge(a, x) {
        Some(lower) if a > 0.0 => 0.0 * lower,
        // The upper probability is a E1(x) for small a.
        Some(_) if a == 0.0 && x > 0.0 => gammainc_by_a(TINY, x),
        Some(nan) => nan,
        None => {
            let a = a.max(TINY);
            let (d, _) = density(a, x);
            d * parts(a, x).ratio
        }
    }
}

/// The density `x^(a - 1) e^-x / Gamma(a)` of a gamma variable of rate 1, the derivative of [`gammainc`] by `x`; its limit at 0.
/// Relative error below 1e-12. NaN unless `a` is positive and finite and `x >= 0`.
pub fn gamma_density(a: f64, x: f64) -> f64 {
    if !(a > 0.0 && a < f64::INFINITY && x >= 0.0) {
        f64::NAN
    } else if x == f64::INFINITY {
        0.0
    } else if x > 0.0 {
        density(a, x).0 / x
    } else if a == 1.0 {
        1.0
    } else if a < 1.0 {
        f64::INFINITY
    } else {
        0.0
    }
}

/// The derivative of `ln z` by `a` where `P(a, z)` is held: the implicit reparameterisation of a gamma draw `z` of
/// rate 1, `-(dP/da) / (z dP/dz)`, Figurnov, Mohamed and Mnih (2018), eq. 5.
///
/// Formed without the density, so it keeps its accuracy (relative error below 1e-11) in the tails. NaN unless `a` and `z` are
/// positive and finite.
pub fn gamma_log_slope(a: f64, z: f64) -> f64 {
    if edge(a, z).is_some() { f64::NAN } else { -parts(a.max(TINY), z).ratio }
}
