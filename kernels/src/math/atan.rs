//! The inverse tangent: three intervals are mapped to |t| <= tan(pi/8).

use super::exp::TINY;
use super::poly::polynomial;
use crate::simd::{Simd, Vector};

/// `(atan(t) - t) / t^3` in t^2, interpolated at Chebyshev nodes; relative error 1.1e-16 of this term.
const ATAN: [f64; 11] = [
    -0.3333333333333333,
    0.1999999999999509,
    -0.14285714284577217,
    0.11111111008107874,
    -0.09090904289128517,
    0.07692176510795928,
    -0.06664417824186955,
    0.058573396761385246,
    -0.05081236164642543,
    0.03911053674347613,
    -0.019029290809743134,
];

/// `atan(x)`.
#[inline(always)]
pub(crate) fn atan<S: Simd>(x: Vector<S>) -> Vector<S> {
    let a = x.abs();
    let middle = a.gt(0.41421356237309503);
    let upper = a.gt(2.414213562373095);
    // atan(a) = pi/2 + atan(-1/a) = pi/4 + atan((a - 1) / (a + 1))
    let n = upper.select(-1.0, middle.select(a - 1.0, a));
    let d = upper.select(a, middle.select(a + 1.0, 1.0));
    let t = n / d;
    let high = upper.select(std::f64::consts::FRAC_PI_2, middle.select(std::f64::consts::FRAC_PI_4, 0.0));
    let low = upper.select(6.123233995736766e-17, middle.select(3.061616997868383e-17, 0.0));
    let z = t * t;
    let y = high + ((polynomial(z, &ATAN) * z).fma(t, low) + t);
    a.lt(TINY).select(x, y.or(x.sign_bit()))
}
