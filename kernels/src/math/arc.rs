//! The inverse sine and cosine: a polynomial up to one half, and above it `asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2))`.

use super::poly::polynomial;
use crate::simd::{Mask, Simd, Vector};

/// `(asin(t) - t) / t^3` in t^2, interpolated at Chebyshev nodes of |t| <= 1/2; relative error 1.2e-16 of this term.
const ASIN: [f64; 13] = [
    0.16666666666666669,
    0.07499999999998433,
    0.04464285714635543,
    0.030381944138531247,
    0.02237217294214989,
    0.017352392720869973,
    0.013971212973552933,
    0.011479177415184906,
    0.01032281435018578,
    0.005457506718640358,
    0.01740087944269402,
    -0.014851887071247204,
    0.028757851367421566,
];

/// Lanes with |x| <= 1/2; the t <= 1/2 whose inverse sine is used; and the part of that beyond t.
#[inline(always)]
fn parts<S: Simd>(x: Vector<S>) -> (Mask<S>, Vector<S>, Vector<S>) {
    let a = x.abs();
    let small = a.le(0.5);
    // Both are exact. Outside the domain the square root is NaN.
    let z = small.select(x * x, (x.constant(1.0) - a) * 0.5);
    let t = small.select(a, z.sqrt());
    (small, t, polynomial(z, &ASIN) * z * t)
}

/// `asin(x)`, NaN outside of [-1, 1].
#[inline(always)]
pub(crate) fn asin<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (small, t, rest) = parts(x);
    let upper = x.constant(std::f64::consts::FRAC_PI_2) - ((t + t) + (rest * 2.0 - 6.123233995736766e-17));
    small.select(t + rest, upper).or(x.sign_bit())
}

/// `acos(x)`, NaN outside of [-1, 1].
#[inline(always)]
pub(crate) fn acos<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (small, t, rest) = parts(x);
    let (t, rest) = (t.xor(x.sign_bit()), rest.xor(x.sign_bit()));
    let middle = x.constant(std::f64::consts::FRAC_PI_2) - (t + (rest - 6.123233995736766e-17));
    // Of a negative x the result is pi less that of -x; t is negative then.
    let negative = x.lt(0.0);
    let high = negative.select(std::f64::consts::PI, 0.0);
    let low = negative.select(1.2246467991473532e-16, 0.0);
    small.select(middle, high + ((t + t) + (rest * 2.0 + low)))
}
