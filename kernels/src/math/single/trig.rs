//! Sine and cosine: `x = k pi/2 + r` with |r| <= pi/4.

use super::super::poly::polynomial;
use super::super::trig::{HALF_PI, LARGE, reduce_large};
use crate::simd::{MAGIC, Simd, Vector};

/// `(sin(r) / r - 1) / r^2` in r^2 for |r| <= pi/4; error of `sin(r)` 2^-37.5.
const SIN: [f64; 4] = [-0.16666666640776368, 0.008333329302428083, -0.00019839311488171593, 2.718114139759886e-06];
/// `(cos(r) - 1 + r^2/2) / r^4` in r^2 for |r| <= pi/4; error of `cos(r)` 2^-33.
const COS: [f64; 3] = [0.04166664567019702, -0.0013887315618459012, 2.4433082900684274e-05];

/// r and k.
#[inline(always)]
fn reduce<S: Simd>(x: Vector<S>) -> (Vector<S>, Vector<S>) {
    let k = x.fma(std::f64::consts::FRAC_2_PI, MAGIC) - MAGIC;
    // The first difference is exact.
    let r = (-k).fma(HALF_PI[1], (-k).fma(HALF_PI[0], x));
    if (!x.abs().le(LARGE)).any() {
        let s = x.simd;
        let mut lanes = [x.to_array(), r.to_array(), r.to_array(), k.to_array()];
        reduce_large(&mut lanes);
        let [_, r, _, k] = lanes.map(|lanes| Vector::new(s, s.from_array(lanes)));
        return (r, k);
    }
    (r, k)
}

/// Sine of `r + k pi/2`.
#[inline(always)]
fn sin_shifted<S: Simd>(r: Vector<S>, k: Vector<S>) -> Vector<S> {
    let s = r.simd;
    let z = r * r;
    let sin = polynomial(z, &SIN).fma(z, 1.0) * r;
    let [a, b, c] = COS;
    let cos = z.fma(c, b).fma(z, a).fma(z, -0.5).fma(z, 1.0);
    // Low bits of k: the first swaps, the second negates.
    let bits = (k + MAGIC).to_bits();
    let odd = Vector::from_bits(s, s.shl_bits::<63>(bits));
    let sign = s.shl_bits::<63>(s.shr_bits::<1>(bits));
    odd.or(r.constant(1.0)).lt(0.0).select(cos, sin).xor(Vector::from_bits(s, sign))
}

/// `sin(x)`.
#[inline(always)]
pub(crate) fn sin<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (r, k) = reduce(x);
    sin_shifted(r, k)
}

/// `cos(x)`.
#[inline(always)]
pub(crate) fn cos<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (r, k) = reduce(x);
    sin_shifted(r, k + 1.0)
}
