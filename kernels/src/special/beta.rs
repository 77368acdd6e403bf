//! The incomplete beta function.
//!
//! With `D = x^a y^b / B(a, b)`, `y = 1 - x`, the density of the logit of a beta variable at that of `x`, the probability
//! below `x` and its derivatives by `a` and `b` are `D` times a ratio. All is computed for the tail that does not
//! contain the mean, `x <= a / (a + b)`; the other one is that of `y` with the parameters exchanged.

use super::elementary::{
    HALF_LN_TAU, digamma_gap, digamma_remainder, exp, exp_m1, exp_m1_minus, ln, ln_1p, ln_gamma_1p, ln_gamma_gap,
    minus_ln_1p, stirling_remainder,
};
use super::quadrature::{Drop, integrals};

/// Below this the lower tail is a power series, from here on an integral.
const LARGE: f64 = 12.0;
/// Largest derivative of a logit.
const LIMIT: f64 = 1e300;
/// Where a parameter counts as zero: the functions differ from their limit by less than rounding.
const TINY: f64 = 1e-290;

/// A point and its parameters, with what cannot be had from them without loss.
#[derive(Clone, Copy)]
struct Point {
    a: f64,
    b: f64,
    x: f64,
    y: f64,
    ln_x: f64,
    ln_y: f64,
    /// `a - (a + b) x`
    gap: f64,
}

impl Point {
    fn new(a: f64, b: f64, x: f64) -> Point {
        let y = 1.0 - x;
        let (ln_x, ln_y) = if x < 0.5 { (ln(x), ln_1p(-x)) } else { (ln_1p(-y), ln(y)) };
        // a - (a + b) x in twice the precision: rounding its terms would move the point.
        let n = a + b;
        let n_error = if a > b { b - (n - a) } else { a - (n - b) };
        let product = n * x;
        let product_error = n.mul_add(x, -product);
        let gap = (a - product) - product_error - n_error * x;
        Point { a, b, x, y, ln_x, ln_y, gap }
    }

    /// The same point seen from the other side.
    fn mirrored(self) -> Point {
        let Point { a, b, x, y, ln_x, ln_y, gap } = self;
        Point { a: b, b: a, x: y, y: x, ln_x: ln_y, ln_y: ln_x, gap: -gap }
    }

    /// `D` and its logarithm's derivatives by `a` and by `b`.
    fn density(&self) -> (f64, f64, f64) {
        let &Point { a, b, ln_x, ln_y, gap, .. } = self;
        if a >= LARGE && b >= LARGE {
            // x = a / n (1 - gap / a) and y = b / n (1 + gap / b): the terms of first order in the gap cancel.
            let n = a + b;
            let (log_a, log_b) = (self.ln_ratio(), self.mirrored().ln_ratio());
            let deviance = |p: f64, gap: f64, log: f64| {
                let excess = gap / p;
                if excess.abs() < 0.5 { p * minus_ln_1p(excess) } else { gap - p * log }
            };
            let exponent = deviance(a, -gap, log_a) + deviance(b, gap, log_b);
            let height = 0.5 * (ln(a.min(b)) - ln_1p(a.min(b) / a.max(b))) - HALF_LN_TAU;
            let remainders = stirling_remainder(n) - stirling_remainder(a) - stirling_remainder(b);
            let rest = digamma_remainder(n);
            let d = exp(height + remainders - exponent);
            return (d, log_a + (rest - digamma_remainder(a)), log_b + (rest - digamma_remainder(b)));
        }
        let (low, high) = (a.min(b), a.max(b));
        let log = (a * ln_x + b * ln_y) + ln_gamma_gap(high, low) - ln_gamma_1p(low);
        (low * exp(log), ln_x + digamma_gap(a, b), ln_y + digamma_gap(b, a))
    }

    /// `ln(x n / a)`
    fn ln_ratio(&self) -> f64 {
        let excess = -self.gap / self.a;
        if excess.abs() < 0.5 {
            ln_1p(excess)
        } else {
            // Without the product's overflow or underflow.
            self.ln_x + ln_1p(self.b / self.a)
        }
    }
}

/// The tail below `x`, its complement, and its derivatives by `a` and `b` over `D`.
#[derive(Clone, Copy)]
struct Parts {
    lower: f64,
    upper: f64,
    by_a: f64,
    by_b: f64,
}

impl Parts {
    /// The parts of the point that mirrors this one's.
    fn mirrored(self) -> Parts {
        Parts { lower: self.upper, upper: self.lower, by_a: -self.by_b, by_b: -self.by_a }
    }
}

fn parts(point: Point) -> Parts {
    if point.gap >= 0.0 { tail(point) } else { tail(point.mirrored()).mirrored() }
}

fn tail(point: Point) -> Parts {
    let Point { a, b, x, y, .. } = point;
    if b <= 1.0 && y <= 0.5 && a * y <= 1.0 {
        complement(point.mirrored()).mirrored()
    } else if a <= 1.0 && x <= 0.5 && b * x <= 1.0 {
        complement(point)
    } else if a < LARGE {
        series(point)
    } else {
        integral(point)
    }
}

/// `I = x^a / (a B) (1 + a sum (1 - b)_k x^k / (k! (a + k)))`, DLMF 8.17.7, for `a <= 1` and `b x <= 1`, as the
/// difference from 1, which is small for a tiny `a`.
fn complement(point: Point) -> Parts {
    let Point { a, b, x, ln_x, ln_y, .. } = point;
    let (mut power, mut power_by_b, mut k) = (1.0, 0.0, 0.0);
    let (mut sum, mut sum_by_a, mut sum_by_b) = (0.0, 0.0, 0.0);
    loop {
        k += 1.0;
        let factor = (k - b) * (x / k);
        power_by_b = power_by_b * factor - power * (x / k);
        power *= factor;
        let inverse = 1.0 / (a + k);
        sum += power * inverse;
        sum_by_a += power * inverse * (k * inverse);
        sum_by_b += power_by_b * inverse;
        if power.abs() <= 1e-18 * x && power_by_b.abs() <= 1e-18 * x || k > 200.0 {
            break;
        }
    }
    let log = a * ln_x + ln_gamma_gap(b, a) - ln_gamma_1p(a);
    let power = exp(log);
    let bracket = 1.0 + a * sum;
    let (lower, upper) = (power * bracket, -exp_m1(log) - power * (a * sum));
    // D = a power y^b
    let scale = exp(-b * ln_y) / a.max(TINY);
    let slope_a = (ln_x + digamma_excess(a, b)) * bracket + sum_by_a;
    let slope_b = digamma_gap(b, a) * bracket + a * sum_by_b;
    Parts { lower, upper, by_a: scale * slope_a, by_b: scale * slope_b }
}

/// `psi(a + b) - psi(a + 1)`
fn digamma_excess(a: f64, b: f64) -> f64 {
    if b >= 1.0 { digamma_gap(a + 1.0, b - 1.0) } else { -digamma_gap(a + b, 1.0 - b) }
}

/// `I = D / a sum (a + b)_k / (a + 1)_k x^k`, DLMF 8.17.8.
fn series(point: Point) -> Parts {
    let Point { a, b, x, ln_x, ln_y, .. } = point;
    let n = a + b;
    let (mut term, mut k) = (1.0, 0.0);
    let (mut log_by_a, mut log_by_b) = (0.0, 0.0);
    let (mut sum, mut sum_by_a, mut sum_by_b) = (1.0, 0.0, 0.0);
    loop {
        let (above, below) = (1.0 / (n + k), 1.0 / (a + 1.0 + k));
        let factor = x * ((n + k) * below);
        // 1/(n + k) - 1/(a + 1 + k)
        log_by_a += (1.0 - b) * above * below;
        log_by_b += above;
        term *= factor;
        k += 1.0;
        sum += term;
        sum_by_a += term * log_by_a;
        sum_by_b += term * log_by_b;
        if factor < 1.0 && term * factor <= 1e-17 * (1.0 - factor) * sum {
            break;
        }
    }
    let (d, ..) = point.density();
    let lower = d * (sum / a);
    let by_a = ((ln_x + digamma_excess(a, b)) * sum + sum_by_a) / a;
    let by_b = ((ln_y + digamma_gap(b, a)) * sum + sum_by_b) / a;
    Parts { lower, upper: 1.0 - lower, by_a, by_b }
}

/// `I = D` times the integral of `exp(-a s - n ln(y + x e^-s))` over s >= 0, where the logit is `s` below that of `x`.
fn integral(point: Point) -> Parts {
    let Point { a, b, x, y, gap, .. } = point;
    let n = a + b;
    let (d, log_a, log_b) = point.density();
    // The functions are the logarithms of the ratios of x and y there to those here.
    let at = |s: f64| {
        if x <= 0.5 {
            // n (ln(1 - z) + x s) with z = x (1 - e^-s)
            let change = exp_m1(-s);
            let minus_z = x * change;
            let rest = minus_ln_1p(minus_z);
            let log = minus_z - rest;
            let value = gap * s + n * (x * exp_m1_minus(-s, change) - rest);
            (value, gap - n * y * minus_z / (1.0 + minus_z), [-s - log, -log])
        } else {
            // The same from the other side, n (ln(1 + w) - y s) with w = y (e^s - 1).
            let change = exp_m1(s);
            let w = y * change;
            let rest = minus_ln_1p(w);
            let log = w - rest;
            let value = gap * s + n * (y * exp_m1_minus(s, change) - rest);
            (value, gap + n * x * w / (1.0 + w), [-log, s - log])
        }
    };
    let (total, [moment_a, moment_b]) = integrals(&Drop { slope: gap, curvature: n * x * y, at });
    let lower = d * total;
    Parts { lower, upper: 1.0 - lower, by_a: log_a * total + moment_a, by_b: log_b * total + moment_b }
}

/// `I` where an argument is at its end or outside the domain.
fn edge(a: f64, b: f64, x: f64) -> Option<f64> {
    let (none, all) = (0.0, f64::INFINITY);
    if !(a >= none && b >= none && (0.0..=1.0).contains(&x)) || (a == b && (a == none || a == all)) {
        Some(f64::NAN)
    } else if a == none || b == all {
        // All mass is at 0.
        Some(if x > 0.0 { 1.0 } else { f64::NAN })
    } else if b == none || a == all {
        Some(if x < 1.0 { 0.0 } else { f64::NAN })
    } else if x == 0.0 || x == 1.0 {
        Some(x)
    } else {
        None
    }
}

/// The regularised incomplete beta function `I_x(a, b)`: the probability that a beta variable is at most `x`.
///
/// For `a, b >= 0` and `0 <= x <= 1`, else NaN. Relative error below 1e-12 wherever the result is a normal number; the upper
/// tail is `betainc(b, a, 1 - x)`. Where a parameter is 0 or infinite all mass is at an end: the result is 0 or 1, and NaN at
/// that end itself and where both parameters are. The sum of the parameters must be finite.
pub fn betainc(a: f64, b: f64, x: f64) -> f64 {
    edge(a, b, x).unwrap_or_else(|| parts(Point::new(a, b, x)).lower)
}

/// The derivative of [`betainc`] by `a`.
pub fn betainc_by_a(a: f64, b: f64, x: f64) -> f64 {
    derivative(a, b, x, |parts| parts.by_a)
}

/// The derivative of [`betainc`] by `b`.
pub fn betainc_by_b(a: f64, b: f64, x: f64) -> f64 {
    derivative(a, b, x, |parts| parts.by_b)
}

fn derivative(a: f64, b: f64, x: f64, of: impl Fn(&Parts) -> f64) -> f64 {
    match edge(a, b, x) {
        Some(value) if value.is_nan() => value,
        Some(_) if x == 0.0 || x == 1.0 || a.max(b) == f64::INFINITY => 0.0,
        _ => {
            let point = Point::new(a.max(TINY), b.max(TINY), x);
            let side = if point.gap >= 0.0 { point } else { point.mirrored() };
            side.density().0 * of(&parts(point))
        }
    }
}

/// The density `x^(a - 1) (1 - x)^(b - 1) / B(a, b)` of a beta variable, the derivative of [`betainc`] by `x`; its limits at 0
/// and 1. Relative error below 1e-12. NaN unless `a` and `b` are positive and finite and `0 <= x <= 1`.
pub fn beta_density(a: f64, b: f64, x: f64) -> f64 {
    if !(in_range(a) && in_range(b) && (0.0..=1.0).contains(&x)) {
        return f64::NAN;
    }
    let (at_end, other) = if x == 0.0 { (a, b) } else { (b, a) };
    if x > 0.0 && x < 1.0 {
        let point = Point::new(a, b, x);
        let side = if point.gap >= 0.0 { point } else { point.mirrored() };
        side.density().0 / point.x / point.y
    } else if at_end == 1.0 {
        other
    } else if at_end < 1.0 {
        f64::INFINITY
    } else {
        0.0
    }
}

fn in_range(parameter: f64) -> bool {
    parameter > 0.0 && parameter < f64::INFINITY
}

/// The derivative of `logit z` by `a` where `I_z(a, b)` is held: the implicit reparameterisation of a beta draw `z`,
/// `-(dI/da) / (z (1 - z) dI/dz)`, Figurnov, Mohamed and Mnih (2018), eq. 5.
///
/// Formed without the density, so it keeps its accuracy (relative error below 1e-11) in the tails. A draw that was rounded to
/// 0 or 1 counts as its neighbour; beyond 1e300, where it meets concentrations below 1e-150, the result stays there. NaN unless `a` and `b` are positive and finite and `z` is in `[0, 1]`.
pub fn beta_logit_slope_a(a: f64, b: f64, z: f64) -> f64 {
    logit_slope(a, b, z).map_or(f64::NAN, |parts| (-parts.by_a).clamp(-LIMIT, LIMIT))
}

/// The derivative of `logit z` by `b` where `I_z(a, b)` is held; see [`beta_logit_slope_a`].
pub fn beta_logit_slope_b(a: f64, b: f64, z: f64) -> f64 {
    logit_slope(a, b, z).map_or(f64::NAN, |parts| (-parts.by_b).clamp(-LIMIT, LIMIT))
}

fn logit_slope(a: f64, b: f64, z: f64) -> Option<Parts> {
    if !(in_range(a) && in_range(b) && (0.0..=1.0).contains(&z)) {
        return None;
    }
    let z = z.clamp(f64::MIN_POSITIVE, 1.0 - 0.5 * f64::EPSILON);
    Some(parts(Point::new(a.max(TINY), b.max(TINY), z)))
}
