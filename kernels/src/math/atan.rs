//! The inverse tangent: three intervals are mapped to |t| <= tan(pi/8).

use super::exp::TINY;
use super::poly::{polynomial, two_sum};
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

/// 2^100
const POWER: f64 = 1.2676506002282294e30;

/// `atan2(y, x)`: the angle of the point (x, y), by the rules of IEEE 754 for zeros and infinities.
#[inline(always)]
pub(crate) fn atan2<S: Simd>(y: Vector<S>, x: Vector<S>) -> Vector<S> {
    let (n, d) = (y.abs(), x.abs());
    let greatest = n.max(d);
    // Sides that are infinite count as one and others as none; no sides at all give the angle of (1, 0).
    let infinite = greatest.eq(f64::INFINITY);
    let n = infinite.select(n.eq(f64::INFINITY).indicator(), n);
    let d = infinite.select(d.eq(f64::INFINITY).indicator(), greatest.eq(0.0).select(1.0, d));
    // Neither sums nor remainders may leave the range.
    let factor = greatest.gt(1e300).select(POWER.recip(), greatest.lt(1e-250).select(POWER, 1.0));
    let (n, d) = (n * factor, d * factor);
    let middle = n.gt(d * 0.41421356237309503);
    let upper = n.gt(d * 2.414213562373095);
    let (difference, sum) = (two_sum(n, -d), two_sum(n, d));
    let above = upper.select(-d, middle.select(difference.0, n));
    let below = upper.select(n, middle.select(sum.0, d));
    let t = above / below;
    let errors = (-t).fma(sum.1, difference.1);
    let between = middle & !upper;
    let rest = ((-t).fma(below, above) + between.select(errors, 0.0)) / below;
    let z = t * t;
    let beyond = (polynomial(z, &ATAN) * z).fma(t, rest);
    // The multiple of pi/4 that is added: on the left half plane the angle is pi less that of (-x, y).
    let left = x.constant(1.0).or(x.sign_bit()).lt(0.0);
    let quarters = upper.select(2.0, middle.select(1.0, 0.0));
    let quarters = left.select(quarters.constant(4.0) - quarters, quarters);
    let flip = left.select(-0.0, 0.0);
    let (t, beyond) = (t.xor(flip), beyond.xor(flip));
    let angle = quarters.fma(std::f64::consts::FRAC_PI_4, t) + quarters.fma(3.061616997868383e-17, beyond);
    x.unordered(y).select(x + y, angle.or(y.sign_bit()))
}
