//! Derivatives of special functions that need more than one formula.

use crate::arena::Var;
use std::f64::consts::{FRAC_2_SQRT_PI, TAU};

/// `1 / sqrt(pi)`
const FRAC_1_SQRT_PI: f64 = FRAC_2_SQRT_PI / 2.0;

/// A polynomial by Horner's rule, the constant term first.
fn polynomial(x: Var, c: &[f64]) -> Var {
    let (last, rest) = c.split_last().expect("a polynomial has a term");
    rest.iter().rev().fold(Var::from(*last), |sum, &c| sum * x + c)
}

/// The derivative of `y = erfcx(x)`, that is `2 x y - 2 / sqrt(pi)`.
pub(crate) fn erfcx_slope(x: Var, y: Var) -> Var {
    let exact = (x.minimum(FAR_ERFCX) * y - FRAC_1_SQRT_PI) * 2.0;
    // Of terms that cancel to a part of 1 / x^2; so far out the asymptotic series, differentiated term by term, is exact.
    let w = x.maximum(FAR_ERFCX).square().recip();
    let series = polynomial(w, &[1.0, -1.5, 3.75, -13.125, 59.0625, -324.84375]) * w * -FRAC_1_SQRT_PI;
    x.greater(FAR_ERFCX).where_(series, exact)
}

/// From here on the next term of the series in [`erfcx_slope`] is below 2^-53.
const FAR_ERFCX: f64 = 50.0;

/// The derivative of `ln Phi(x)`, that is `phi(x) / Phi(x)`: on the left by the scaled tail, of which nothing cancels.
pub(crate) fn log_ndtr_slope(x: Var) -> Var {
    let (left, right) = (x.minimum(0.0), x.maximum(0.0));
    let tail = (left * -std::f64::consts::FRAC_1_SQRT_2).erfcx();
    // On the left the exponential is 1 and Phi 1/2, on the right the tail is 1.
    (right.square() * -0.5).exp() / (tail * right.ndtr()) * TAU.sqrt().recip()
}

/// `exp(-a) (I0(a) - I1(a))` for a >= 0.
pub(crate) fn bessel_gap(a: Var) -> Var {
    let near = a.minimum(FAR_BESSEL);
    let exact = near.i0e() - near.i1e();
    // The difference of the asymptotic series of both (DLMF 10.40.1), where their leading terms are gone.
    let far = a.maximum(FAR_BESSEL);
    let w = far.recip();
    let series = polynomial(w, &BESSEL_GAP) * w / (far * TAU).sqrt();
    a.greater(FAR_BESSEL).where_(series, exact)
}

/// From here on the next term of [`BESSEL_GAP`] is below 2^-53 of the sum.
const FAR_BESSEL: f64 = 100.0;
/// `a_k(1) - a_k(0)` with alternating signs, for k = 1, 2, ...
const BESSEL_GAP: [f64; 9] = [
    0.5,
    0.1875,
    0.17578125,
    0.25634765625,
    0.5046844482421875,
    1.249094009399414,
    3.7212592363357544,
    12.95795626938343,
    51.629357010824606,
];

/// The derivative of `y = i1e(x)`.
pub(crate) fn i1e_slope(x: Var, y: Var) -> Var {
    // i1e(x) / x, which is one half at zero.
    let tiny = x.abs().less(1e-30);
    bessel_gap(x.abs()) - tiny.where_(0.5, y / tiny.where_(1.0, x))
}
