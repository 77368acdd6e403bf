//! Polynomials.

use crate::simd::{Lanes, Simd, Vector};

/// `c[0] + c[1] x + c[2] x^2 + ...`: even and odd powers apart, each by Horner's rule, which halves the chain of dependent
/// operations.
#[inline(always)]
pub(super) fn polynomial<S: Lanes, const N: usize>(x: Vector<S>, c: &[f64; N]) -> Vector<S> {
    const { assert!(N >= 4) };
    let square = x * x;
    // The last two coefficients, the one of the even power first.
    let (mut even, mut odd, from) = if N % 2 == 1 {
        (x.constant(c[N - 1]).fma(square, c[N - 3]), x.constant(c[N - 2]), N - 3)
    } else {
        (x.constant(c[N - 2]), x.constant(c[N - 1]), N - 2)
    };
    let mut i = from;
    while i >= 2 {
        i -= 2;
        even = even.fma(square, c[i]);
        odd = odd.fma(square, c[i + 1]);
    }
    odd.fma(x, even)
}

/// `n / d` for `d = d_high + d_low` with a small `d_low`, as a rounded quotient and its remainder divided.
#[inline(always)]
pub(super) fn divide<S: Simd>(n: (Vector<S>, Vector<S>), d: (Vector<S>, Vector<S>)) -> (Vector<S>, Vector<S>) {
    let inverse = d.0.constant(1.0) / d.0;
    let quotient = n.0 * inverse;
    let rest = (-quotient).fma(d.0, n.0) + (-quotient).fma(d.1, n.1);
    (quotient, rest * inverse)
}

/// `a + b` and its rounding error, for `|a| >= |b|` or `a = 0` (Dekker 1971).
#[inline(always)]
pub(super) fn fast_two_sum<S: Simd>(a: Vector<S>, b: Vector<S>) -> (Vector<S>, Vector<S>) {
    let sum = a + b;
    (sum, (a - sum) + b)
}

/// `a + b` and its rounding error (Knuth 1969).
#[inline(always)]
pub(super) fn two_sum<S: Lanes>(a: Vector<S>, b: Vector<S>) -> (Vector<S>, Vector<S>) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}
