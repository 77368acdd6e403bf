//! Derivatives of the digamma function.

use super::super::exp::exp;
use super::super::log::{ln, ln_1p};
use super::super::pow::pow;
use super::{digamma, lgamma, one};
use crate::simd::{LANES, Simd, Vector};

/// `B(2j) / (2j)!` for j = 1, 2, ...
const BERNOULLI: [f64; 10] = [
    0.08333333333333333,
    -0.001388888888888889,
    3.306878306878307e-05,
    -8.267195767195768e-07,
    2.08767569878681e-08,
    -5.284190138687493e-10,
    1.3382536530684679e-11,
    -3.3896802963225827e-13,
    8.586062056277845e-15,
    -2.174868698558062e-16,
];

/// The greatest order that is computed in vectors.
const LOW: f64 = 7.0;
/// Terms of the series before the asymptotic rest, for these orders.
const TERMS: u32 = 10;

/// `psi^(n)(x)` for whole n >= 0, else NaN.
#[inline(always)]
pub(crate) fn polygamma<S: Simd>(n: Vector<S>, x: Vector<S>) -> Vector<S> {
    let usual = n.ge(1.0) & n.le(LOW) & n.trunc().eq(n) & x.gt(0.0);
    let result = low_order(n, x);
    let rare = !usual;
    if !rare.any() {
        return result;
    }
    // NaN, which is quickly done with, for the lanes that are ready.
    let mut lanes = usual.select(f64::NAN, x).to_array();
    each(&n.to_array(), &mut lanes);
    usual.select(result, Vector::new(x.simd, x.simd.from_array(lanes)))
}

/// For n from 1 to [`LOW`] and x > 0: `n! zeta(n + 1, x)` (Hurwitz's zeta function) with the sign of an odd or even n, by
/// Euler and Maclaurin's formula.
#[inline(always)]
fn low_order<S: Simd>(n: Vector<S>, x: Vector<S>) -> Vector<S> {
    let one = x.constant(1.0);
    // The binary digits of the order.
    let four = n.ge(4.0);
    let below = four.select(n - 4.0, n);
    let two = below.ge(2.0);
    let odd = two.select(below - 2.0, below).eq(1.0);
    let power = |v: Vector<S>| {
        let square = v * v;
        odd.select(v, one) * two.select(square, one) * four.select(square * square, one)
    };
    let end = one / (x + f64::from(TERMS));
    let s = n + 1.0;
    let mut term = s * end;
    let mut rest = one * 0.5;
    for (j, bernoulli) in BERNOULLI[..8].iter().enumerate() {
        rest = term.fma(*bernoulli, rest);
        let k = s + 2.0 * j as f64;
        term = term * ((k + 1.0) * end * ((k + 2.0) * end));
    }
    let mut sum = power(end) * rest.fma(end, one / n);
    // The smallest terms first.
    for k in (0..TERMS).rev() {
        let inverse = one / (x + f64::from(k));
        sum = power(inverse).fma(inverse, sum);
    }
    let mut factorial = odd.select(one, -one);
    for k in 2..=LOW as u32 {
        factorial = factorial * n.ge(f64::from(k)).select(f64::from(k), 1.0);
    }
    factorial * sum
}

/// One lane after the other, out of the vector code.
#[inline(never)]
fn each(n: &[f64; LANES], x: &mut [f64; LANES]) {
    let mut last: Option<([u64; 2], f64)> = None;
    for (n, x) in n.iter().zip(x) {
        // Lanes of the same bits, as of a value spread over a vector, are computed once.
        let bits = [n.to_bits(), x.to_bits()];
        *x = match last {
            Some((same, y)) if same == bits => y,
            _ => polygamma_one(*n, *x),
        };
        last = Some((bits, *x));
    }
}

fn polygamma_one(n: f64, x: f64) -> f64 {
    if n.is_nan() || x.is_nan() || n < 0.0 || n.fract() != 0.0 || n.is_infinite() || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if n == 0.0 {
        return one!(digamma, x);
    }
    let n_is_odd = n % 2.0 == 1.0;
    let sum = if x > 0.0 {
        scaled_zeta(n, x)
    } else if x == x.floor() {
        // A pole: of even order the two sides agree.
        return if n_is_odd { f64::INFINITY } else { f64::NAN };
    } else {
        // The sum over k >= 0 of (x + k)^-(n+1) is that over all integers less that over k < 0; the first is the sum of two
        // such series over the positive fractions on either side of zero.
        let above = scaled_zeta(n, x - x.floor());
        let below = scaled_zeta(n, x.ceil() - x) - scaled_zeta(n, 1.0 - x);
        if n_is_odd { above + below } else { above - below }
    };
    if n_is_odd { sum } else { -sum }
}

/// `n! zeta(n + 1, q)` for q > 0 (Hurwitz's zeta function), by Euler and Maclaurin's formula.
fn scaled_zeta(n: f64, q: f64) -> f64 {
    if q == f64::INFINITY {
        return 0.0;
    }
    let s = n + 1.0;
    let factor = if n <= 100.0 {
        (1..=n as u32).fold(1.0, |product, i| product * f64::from(i)) * one!(pow, q, -n)
    } else {
        one!(exp, one!(lgamma, n + 1.0) - n * one!(ln, q))
    };
    // Terms are taken relative to q^-n, so that neither large nor small q leave the range before the result does.
    // Where the order exceeds q they fall geometrically, so the sum is short either way.
    let ratio = |k: f64| one!(exp, -s * one!(ln_1p, k / q));
    let mut sum = 1.0 / q;
    let mut k = 1.0;
    let mut term = ratio(k);
    while q + k < s + 12.0 {
        if term < 1e-18 {
            return factor * sum;
        }
        sum += term / q;
        k += 1.0;
        term = ratio(k);
    }
    let end = q + k;
    // term = (q / end)^s; the rest of the sum in its terms.
    let inverse = 1.0 / end;
    let mut correction = 0.5;
    let mut power = s * inverse;
    for (j, bernoulli) in BERNOULLI.iter().enumerate() {
        correction += bernoulli * power;
        let k = s + 2.0 * j as f64;
        power *= (k + 1.0) * inverse * ((k + 2.0) * inverse);
    }
    factor * (sum + term * (end / q / n + correction / q))
}
