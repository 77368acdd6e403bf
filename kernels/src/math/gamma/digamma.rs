//! The derivative of `ln Gamma(x)`.

use super::super::log::ln;
use super::super::poly::polynomial;
use super::super::trig::tan;
use super::{LARGE, one};
use crate::simd::{Simd, Vector};

/// `x^2 (ln x - 1/(2x) - psi(x))` in 1/x^2 for x >= 8, interpolated at Chebyshev nodes; relative error 3e-18.
const SERIES: [f64; 8] = [
    0.08333333333333333,
    -0.008333333333331664,
    0.003968253965999701,
    -0.004166665501516725,
    0.007575459920369176,
    -0.02105106090804774,
    0.08002337465397756,
    -0.299425370626735,
];

/// `psi(x)`; at the poles an infinity or NaN.
#[inline(always)]
pub(crate) fn digamma<S: Simd>(x: Vector<S>) -> Vector<S> {
    // psi(x) = psi(x + 8) - (1/x + ... + 1/(x + 7)), the sum as one fraction.
    let small = x.lt(LARGE);
    let (mut y, mut numerator, mut denominator) = (x, x.constant(0.0), x.constant(1.0));
    for _ in 0..8 {
        numerator = numerator.fma(y, denominator);
        denominator = denominator * y;
        y = y + 1.0;
    }
    let y = small.select(y, x);
    let shift = small.select(numerator / denominator, 0.0);
    let inverse = x.constant(1.0) / y;
    let square = inverse * inverse;
    let result = ln(y) - (polynomial(square, &SERIES) * square + (inverse * 0.5 + shift));
    let negative = x.lt(0.0);
    if negative.any() { negative.select(x.map(digamma_negative), result) } else { result }
}

/// For x < 0, by reflection: `psi(x) = psi(1 - x) - pi / tan(pi x)`.
fn digamma_negative(x: f64) -> f64 {
    let fraction = x - x.round_ties_even();
    if x >= 0.0 || x.is_nan() {
        return x;
    }
    if fraction == 0.0 || x.is_infinite() {
        return f64::NAN;
    }
    one!(digamma, 1.0 - x) - std::f64::consts::PI / one!(tan, std::f64::consts::PI * fraction)
}
