//! Trigonometric functions: `x = k pi/2 + r` with |r| <= pi/4, r in two parts.

use super::exp::TINY;
use super::poly::{divide, fast_two_sum, polynomial, two_sum};
use crate::simd::{LANES, Simd, Vector};

/// `(sin(r) - r) / r^3` in r^2, interpolated at Chebyshev nodes of |r| <= pi/4; relative error 8e-20.
const SIN: [f64; 7] = [
    -0.16666666666666666,
    0.008333333333333331,
    -0.00019841269841264821,
    2.7557319219150783e-06,
    -2.5052106167335705e-08,
    1.6058521349954986e-10,
    -7.586094789672621e-13,
];
/// `(cos(r) - 1 + r^2/2) / r^4` in r^2, likewise; relative error 2e-20.
const COS: [f64; 7] = [
    0.041666666666666664,
    -0.0013888888888888887,
    2.480158730158451e-05,
    -2.755731922129809e-07,
    2.0876755754879594e-09,
    -1.1470455178216906e-11,
    4.745537017319258e-14,
];

/// pi/2 in three parts; each has all its 53 bits, for the products are exact in a fused multiply-add.
pub(super) const HALF_PI: [f64; 3] = [std::f64::consts::FRAC_PI_2, 6.123233995736766e-17, -1.4973849048591698e-33];

/// Up to here `x - k HALF_PI[0]` is exact and three parts are enough.
pub(super) const LARGE: f64 = 1048576.0;

/// The remainder r in two parts, and k.
#[inline(always)]
fn reduce<S: Simd>(x: Vector<S>) -> (Vector<S>, Vector<S>, Vector<S>) {
    let k = (x * std::f64::consts::FRAC_2_PI).round();
    let exact = (-k).fma(HALF_PI[0], x);
    let second = k * HALF_PI[1];
    let second_low = k.fma(HALF_PI[1], -second);
    let (high, error) = two_sum(exact, -second);
    let (high, low) = fast_two_sum(high, (-k).fma(HALF_PI[2], error - second_low));
    if (!x.abs().le(LARGE)).any() {
        let s = x.simd;
        let mut lanes = [x.to_array(), high.to_array(), low.to_array(), k.to_array()];
        reduce_large(&mut lanes);
        let [_, high, low, k] = lanes.map(|lanes| Vector::new(s, s.from_array(lanes)));
        return (high, low, k);
    }
    (high, low, k)
}

/// Replaces the reduction of the lanes with large, infinite or NaN arguments, after Payne & Hanek (1983).
#[cold]
#[inline(never)]
pub(super) fn reduce_large([x, high, low, k]: &mut [[f64; LANES]; 4]) {
    for i in 0..LANES {
        if x[i].abs() <= LARGE {
            continue;
        }
        (high[i], low[i], k[i]) = if x[i].is_finite() { reduce_one(x[i]) } else { (f64::NAN, f64::NAN, 0.0) };
    }
}

/// For a finite |x| >= 1.
fn reduce_one(x: f64) -> (f64, f64, f64) {
    /// The bits of 2/pi after the point.
    const TWO_OVER_PI: [u64; 20] = [
        0xa2f9836e4e441529,
        0xfc2757d1f534ddc0,
        0xdb6295993c439041,
        0xfe5163abdebbc561,
        0xb7246e3a424dd2e0,
        0x06492eea09d1921c,
        0xfe1deb1cb129a73e,
        0xe88235f52ebb4484,
        0xe99c7026b45f7e41,
        0x3991d639835339f4,
        0x9c845f8bbdf9283b,
        0x1ff897ffde05980f,
        0xef2f118b5a0a6d1f,
        0x6d367ecf27cb09b7,
        0x4f463f669e5fea2d,
        0x7527bac7ebe5f17b,
        0x3d0739f78a5292ea,
        0x6bfb5fb11f8d5d08,
        0x56033046fc7b6bab,
        0xf0cfbc209af4361d,
    ];
    let exponent = (x.to_bits() >> 52 & 0x7ff) as usize;
    let mantissa = u128::from(x.to_bits() & 0x000fffffffffffff | 0x0010000000000000);
    // |x| = mantissa 2^(exponent - 1075). The bits of 2/pi before `start` give multiples of four and are left out.
    let start = exponent.saturating_sub(1075 + 2);
    let word = |i: usize| {
        let (at, shift) = (start / 64 + i, start % 64);
        let next = TWO_OVER_PI[at + 1].checked_shr(64 - shift as u32).unwrap_or(0);
        u128::from(TWO_OVER_PI[at] << shift | next)
    };
    // The product with the next 192 bits, as four words from the lowest.
    let c0 = word(2) * mantissa;
    let c1 = word(1) * mantissa + (c0 >> 64);
    let c2 = word(0) * mantissa + (c1 >> 64);
    let product = [c0 as u64, c1 as u64, c2 as u64, (c2 >> 64) as u64];
    // The 128 bits from bit `shift` of the 256 on.
    let window = |shift: usize| {
        let (from, shift) = (3 - shift / 64, shift % 64);
        let word = |i: usize| product[i] << shift | product[i - 1].checked_shr(64 - shift as u32).unwrap_or(0);
        u128::from(word(from)) << 64 | u128::from(word(from - 1))
    };
    // Bits of weight 2 and 1 come first in the window at `point - 2`, the fraction in that at `point`.
    let point = exponent + 64 - 1075 - start;
    let fraction = window(point);
    let quadrant = (window(point - 2) >> 126) as u64 + (fraction >> 127) as u64;
    // A fraction of more than one half is negative in two's complement, and the quadrant is the next.
    let fraction = fraction as i128;
    let high = fraction as f64;
    let low = (fraction - high as i128) as f64;
    const SCALE: f64 = 1.0 / (1u128 << 127) as f64 / 2.0;
    let (high, low) = (high * SCALE, low * SCALE);
    let r = high * HALF_PI[0];
    let rest = high.mul_add(HALF_PI[0], -r) + (high * HALF_PI[1] + low * HALF_PI[0]);
    let sign = 1f64.copysign(x);
    (sign * r, sign * rest, sign * quadrant as f64)
}

/// The sine of r in two parts.
#[inline(always)]
fn sin_parts<S: Simd>(r: Vector<S>, low: Vector<S>, z: Vector<S>) -> (Vector<S>, Vector<S>) {
    let tail = (polynomial(z, &SIN) * z).fma(r, low * (z * -0.5 + 1.0));
    fast_two_sum(r, tail)
}

/// The cosine of r in two parts.
#[inline(always)]
fn cos_parts<S: Simd>(r: Vector<S>, low: Vector<S>, z: Vector<S>) -> (Vector<S>, Vector<S>) {
    let (one, error) = fast_two_sum(z.constant(1.0), z * -0.5);
    let tail = polynomial(z, &COS).fma(z * z, error - r * low);
    fast_two_sum(one, tail)
}

/// Sine of `r + k pi/2`.
#[inline(always)]
fn sin_shifted<S: Simd>(r: Vector<S>, low: Vector<S>, k: Vector<S>) -> Vector<S> {
    let s = r.simd;
    let z = r * r;
    let (sin, cos) = (sin_parts(r, low, z).0, cos_parts(r, low, z).0);
    // Low bits of k: the first swaps, the second negates.
    let bits = (k + crate::simd::MAGIC).to_bits();
    let odd = Vector::from_bits(s, s.shl_bits::<63>(bits));
    let sign = s.shl_bits::<63>(s.shr_bits::<1>(bits));
    odd.or(r.constant(1.0)).lt(0.0).select(cos, sin).xor(Vector::from_bits(s, sign))
}

/// `sin(x)`.
#[inline(always)]
pub(crate) fn sin<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (r, low, k) = reduce(x);
    x.abs().lt(TINY).select(x, sin_shifted(r, low, k))
}

/// `cos(x)`.
#[inline(always)]
pub(crate) fn cos<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (r, low, k) = reduce(x);
    sin_shifted(r, low, k + 1.0)
}

/// `tan(x)`.
#[inline(always)]
pub(crate) fn tan<S: Simd>(x: Vector<S>) -> Vector<S> {
    let s = x.simd;
    let (r, low, k) = reduce(x);
    let z = r * r;
    let (sin, cos) = (sin_parts(r, low, z), cos_parts(r, low, z));
    // After an odd number of quarter turns, -cos / sin.
    let odd = Vector::from_bits(s, s.shl_bits::<63>((k + crate::simd::MAGIC).to_bits()));
    let swap = odd.or(x.constant(1.0)).lt(0.0);
    let n = (swap.select(cos.0, sin.0), swap.select(cos.1, sin.1));
    let d = (swap.select(sin.0, cos.0), swap.select(sin.1, cos.1));
    let (quotient, rest) = divide(n, d);
    x.abs().lt(TINY).select(x, (quotient + rest).xor(odd))
}
