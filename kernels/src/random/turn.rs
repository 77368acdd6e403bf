//! Points of the unit circle: (cos 2 pi u, sin 2 pi u). In turns the reduction to an eighth of a circle is exact.

use crate::isa::{Isa, Kernel};
use crate::simd::{LANES, Simd};
use std::f64::consts::TAU;

/// (-1)^k / (2k)! and (-1)^k / (2k + 1)!, k = 0..=8: on |x| <= pi / 4 the rest of the series is below 2e-18.
const COS: [f64; 9] = inverse_factorials(0);
const SIN: [f64; 9] = inverse_factorials(1);

const fn inverse_factorials(odd: u64) -> [f64; 9] {
    let mut out = [0.0; 9];
    let (mut k, mut factorial) = (0, 1_u64);
    while k < 9 {
        // Factorials up to 17! are below 2^53, so exact.
        out[k] = (if k % 2 == 0 { 1.0 } else { -1.0 }) / factorial as f64;
        let n = 2 * k as u64 + odd;
        factorial *= (n + 1) * (n + 2);
        k += 1;
    }
    out
}

/// u <- cos 2 pi u and `sine` <- sin 2 pi u, for u in [0, 1].
///
/// # Panics
/// If the lengths differ.
pub(super) fn circle(u: &mut [f64], sine: &mut [f64]) {
    assert_eq!(u.len(), sine.len());
    Isa::detect().run(Circle { u, sine });
}

struct Circle<'a> {
    u: &'a mut [f64],
    sine: &'a mut [f64],
}

impl Kernel for Circle<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (u, sine) in self.u.chunks_mut(LANES).zip(self.sine.chunks_mut(LANES)) {
            let n = u.len();
            // SAFETY: both chunks have n <= LANES elements.
            unsafe {
                let (x, y) = point(s, s.load_partial(u.as_ptr(), n));
                s.store_partial(u.as_mut_ptr(), n, x);
                s.store_partial(sine.as_mut_ptr(), n, y);
            }
        }
    }
}

#[inline(always)]
fn point<S: Simd>(s: S, u: S::F) -> (S::F, S::F) {
    let quarter = s.round(s.mul(u, s.splat(4.0)));
    let x = s.mul(s.fma(quarter, s.splat(-0.25), u), s.splat(TAU));
    let square = s.mul(x, x);
    let (mut c, mut d) = (s.splat(COS[8]), s.splat(SIN[8]));
    for k in (0..8).rev() {
        c = s.fma(c, square, s.splat(COS[k]));
        d = s.fma(d, square, s.splat(SIN[k]));
    }
    let d = s.mul(d, x);
    let is = |k: f64| s.eq(quarter, s.splat(k));
    let swap = s.or(is(1.0), is(3.0));
    let minus = |m, v| s.select(m, s.sub(s.splat(0.0), v), v);
    let cosine = minus(s.or(is(1.0), is(2.0)), s.select(swap, d, c));
    let sine = minus(s.or(is(2.0), is(3.0)), s.select(swap, c, d));
    (cosine, sine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circle_is_right_on_every_instruction_set() {
        let n = 4099;
        let u: Vec<f64> = (0..n).map(|i| f64::from(i) / f64::from(n - 1)).collect();
        let mut reference = None;
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
            let (mut cosine, mut sine) = (u.clone(), u.clone());
            isa.run(Circle { u: &mut cosine, sine: &mut sine });
            for (i, u) in u.iter().enumerate() {
                // The argument 2 pi u is itself rounded, so the standard functions are off by up to eps * 2 pi / 2.
                assert!((cosine[i] - (TAU * u).cos()).abs() < 1e-15);
                assert!((sine[i] - (TAU * u).sin()).abs() < 1e-15);
                assert!((cosine[i] * cosine[i] + sine[i] * sine[i] - 1.0).abs() < 5e-16);
            }
            assert_eq!(*reference.get_or_insert_with(|| (cosine.clone(), sine.clone())), (cosine, sine));
        }
    }
}
