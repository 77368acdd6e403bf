//! `ln |Gamma(x)|`.

use super::super::log::ln;
use super::super::poly::polynomial;
use super::super::trig::sin;
use super::{LARGE, one};
use crate::simd::{Mask, Simd, Vector};

/// `lnGamma(1 + t) / (t (t - 1))` in `t - 1/2`, interpolated at Chebyshev nodes of 0 <= t <= 1; relative error 5e-17.
const UNIT: [f64; 20] = [
    0.4831289505409809,
    -0.14595989591430608,
    0.06291140107458168,
    -0.0313084875010217,
    0.01679709862898276,
    -0.009425622447061077,
    0.005446457956850198,
    -0.003212074148968353,
    0.0019229132430031888,
    -0.0011644126224041502,
    0.0007115650250304279,
    -0.0004380224528708151,
    0.0002708950296280356,
    -0.00016865016226225166,
    0.00010771545393886628,
    -6.765020809380933e-05,
    3.4988964640274815e-05,
    -2.2062867871136606e-05,
    2.8340547351058232e-05,
    -1.804276273750087e-05,
];
/// `x (lnGamma(x) - (x - 1/2) ln x + x - ln(2 pi)/2)` in 1/x^2 for x >= 8 (Stirling's series), interpolated at Chebyshev nodes; relative error 2e-19.
const STIRLING: [f64; 8] = [
    0.08333333333333333,
    -0.0027777777777776747,
    0.0007936507935117282,
    -0.0005952380234291254,
    0.0008417325268022405,
    -0.001914965912162907,
    0.0062081367662297935,
    -0.020855820837463117,
];

/// `ln(2 pi) / 2 - 1/2`.
const CONSTANT: f64 = 0.41893853320467274;

/// `ln |Gamma(x)|`.
///
/// Up to 2 the zeros at 1 and 2 are factors, so the result keeps its relative accuracy there; up to 8 the recurrence
/// leads back to (1, 2], with one logarithm of the product; then Stirling's series.
#[inline(always)]
pub(crate) fn lgamma<S: Simd>(x: Vector<S>) -> Vector<S> {
    let cases = Cases::of(x);
    let unit = polynomial(cases.t - 0.5, &UNIT);
    let series = polynomial(cases.inverse * cases.inverse, &STIRLING);
    cases.result(ln(cases.argument), unit, series)
}

/// What the logarithms of the gamma function of both precisions are made of.
pub(in super::super) struct Cases<S: Simd> {
    x: Vector<S>,
    magnitude: Vector<S>,
    large: Mask<S>,
    first: Mask<S>,
    /// Where `lnGamma(1 + t) / (t (t - 1))` is asked for, from 0 to 1.
    pub(in super::super) t: Vector<S>,
    /// Of the logarithm.
    pub(in super::super) argument: Vector<S>,
    /// `1 / |x|`.
    pub(in super::super) inverse: Vector<S>,
}

impl<S: Simd> Cases<S> {
    #[inline(always)]
    pub(in super::super) fn of(x: Vector<S>) -> Self {
        let magnitude = x.abs();
        let (large, first) = (magnitude.ge(LARGE), magnitude.le(1.0));
        let (y, product) = descend(magnitude);
        let t = first.select(magnitude, y - 1.0);
        let argument = (large | first).select(magnitude, product);
        Cases { x, magnitude, large, first, t, argument, inverse: x.constant(1.0) / magnitude }
    }

    /// `ln |Gamma(x)|` of the logarithm, the function at t, and Stirling's series in `1 / x^2`.
    #[inline(always)]
    pub(in super::super) fn result(&self, logarithm: Vector<S>, unit: Vector<S>, series: Vector<S>) -> Vector<S> {
        let near = (unit * self.t).fma(self.t - 1.0, self.first.select(-logarithm, logarithm));
        let series = series.fma(self.inverse, CONSTANT);
        let stirling = (self.magnitude - 0.5).fma(logarithm - 1.0, series);
        reflected(self.x, self.large.select(stirling, near))
    }
}

/// What is left of `a` when ones are taken off down to (1, 2], six at most, and the product (a - 1)(a - 2)... of what they left.
#[inline(always)]
fn descend<S: Simd>(a: Vector<S>) -> (Vector<S>, Vector<S>) {
    let (mut y, mut product) = (a, a.constant(1.0));
    for _ in 0..6 {
        let step = y.gt(2.0);
        y = step.select(y - 1.0, y);
        product = step.select(product * y, product);
    }
    (y, product)
}

/// `ln |Gamma(x)|` from that of |x|.
#[inline(always)]
fn reflected<S: Simd>(x: Vector<S>, result: Vector<S>) -> Vector<S> {
    let negative = x.lt(0.0);
    if negative.any() { negative.select(x.map(lgamma_negative), result) } else { result }
}

/// For x < 0, by reflection: `Gamma(x) Gamma(-x) = -pi / (x sin(pi x))`.
fn lgamma_negative(x: f64) -> f64 {
    let fraction = (x - x.round_ties_even()).abs();
    if x >= 0.0 || x.is_nan() {
        return x;
    }
    if fraction == 0.0 || x.is_infinite() {
        return f64::INFINITY;
    }
    if x > -1e-17 {
        return -one!(ln, -x);
    }
    let sine = one!(sin, std::f64::consts::PI * fraction) / std::f64::consts::PI;
    -one!(ln, sine) - one!(ln, -x) - one!(lgamma, -x)
}
