//! Loops over one or two contiguous rows of f64.
//!
//! The order of additions in a sum: lane l of four logical vectors adds the products whose index is l modulo 4 * LANES by
//! fused multiply-adds, the vectors are added as (0 + 2) + (1 + 3), then the halves of the lanes until one is left.

use super::Real;
use crate::simd::{LANES, Simd};

/// The sum of the lanes of four vectors.
#[inline(always)]
fn total<S: Simd>(s: S, sums: [S::F; 4]) -> f64 {
    let mut lanes = [0.0; LANES];
    // SAFETY: there is one place for each lane.
    unsafe { s.store(lanes.as_mut_ptr(), s.add(s.add(sums[0], sums[2]), s.add(sums[1], sums[3]))) };
    let mut width = LANES / 2;
    while width > 0 {
        for l in 0..width {
            lanes[l] += lanes[l + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Loads the next `n` values, at most a vector of them.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn load<S: Simd>(s: S, p: *const f64, n: usize) -> S::F {
    // SAFETY: as the caller promises.
    unsafe { if n >= LANES { s.load(p) } else { s.load_partial(p, n) } }
}

/// # Safety
/// They can be written.
#[inline(always)]
unsafe fn store<S: Simd>(s: S, p: *mut f64, n: usize, x: S::F) {
    // SAFETY: as the caller promises.
    unsafe { if n >= LANES { s.store(p, x) } else { s.store_partial(p, n, x) } }
}

/// The sum of the products.
#[inline(always)]
pub(super) fn dot<S: Simd>(s: S, x: &[f64], y: &[f64]) -> f64 {
    let n = x.len().min(y.len());
    let mut sums = [s.splat(0.0); 4];
    let (x, y) = (x.as_ptr(), y.as_ptr());
    let mut i = 0;
    while i < n {
        for (v, sum) in sums.iter_mut().enumerate() {
            let at = i + v * LANES;
            if at < n {
                // SAFETY: at < n, and no more than n - at values are read.
                unsafe { *sum = s.fma(load(s, x.add(at), n - at), load(s, y.add(at), n - at), *sum) };
            }
        }
        i += 4 * LANES;
    }
    total(s, sums)
}

/// The sums of the squares of both, and of the products.
#[inline(always)]
pub(super) fn dots<S: Simd>(s: S, x: &[f64], y: &[f64]) -> [f64; 3] {
    let n = x.len().min(y.len());
    let mut sums = [[s.splat(0.0); 4]; 3];
    let (x, y) = (x.as_ptr(), y.as_ptr());
    let mut i = 0;
    while i < n {
        for v in 0..4 {
            let at = i + v * LANES;
            if at < n {
                // SAFETY: at < n, and no more than n - at values are read.
                let (a, b) = unsafe { (load(s, x.add(at), n - at), load(s, y.add(at), n - at)) };
                sums[0][v] = s.fma(a, a, sums[0][v]);
                sums[1][v] = s.fma(b, b, sums[1][v]);
                sums[2][v] = s.fma(a, b, sums[2][v]);
            }
        }
        i += 4 * LANES;
    }
    sums.map(|sums| total(s, sums))
}

/// `y += a x`.
#[inline(always)]
pub(super) fn add_multiple<S: Simd>(s: S, a: f64, x: &[f64], y: &mut [f64]) {
    let n = x.len().min(y.len());
    let (x, y, a) = (x.as_ptr(), y.as_mut_ptr(), s.splat(a));
    for i in (0..n).step_by(LANES) {
        // SAFETY: i < n, and no more than n - i values are used.
        unsafe { store(s, y.add(i), n - i, s.fma(a, load(s, x.add(i), n - i), load(s, y.add(i), n - i))) };
    }
}

/// `x = a x`.
#[inline(always)]
pub(super) fn scale<S: Simd>(s: S, a: f64, x: &mut [f64]) {
    let n = x.len();
    let (x, a) = (x.as_mut_ptr(), s.splat(a));
    for i in (0..n).step_by(LANES) {
        // SAFETY: i < n, and no more than n - i values are used.
        unsafe { store(s, x.add(i), n - i, s.mul(a, load(s, x.add(i), n - i))) };
    }
}

/// `(x, y) = (c x + s y, c y - s x)`.
#[inline(always)]
pub(super) fn rotate<S: Simd>(simd: S, c: f64, s: f64, x: &mut [f64], y: &mut [f64]) {
    let n = x.len().min(y.len());
    let (x, y) = (x.as_mut_ptr(), y.as_mut_ptr());
    let (cos, sin, minus) = (simd.splat(c), simd.splat(s), simd.splat(-s));
    for i in (0..n).step_by(LANES) {
        // SAFETY: i < n, and no more than n - i values are used.
        unsafe {
            let (a, b) = (load(simd, x.add(i), n - i), load(simd, y.add(i), n - i));
            store(simd, x.add(i), n - i, simd.fma(sin, b, simd.mul(cos, a)));
            store(simd, y.add(i), n - i, simd.fma(minus, a, simd.mul(cos, b)));
        }
    }
}

/// `x += a u + b w`, and the sum of the products of the new x with v.
#[inline(always)]
pub(super) fn update_and_dot<S: Simd>(
    s: S,
    x: &mut [f64],
    (a, u): (f64, &[f64]),
    (b, w): (f64, &[f64]),
    v: &[f64],
) -> f64 {
    let n = x.len().min(u.len()).min(w.len()).min(v.len());
    let mut sums = [s.splat(0.0); 4];
    let (x, u, w, v) = (x.as_mut_ptr(), u.as_ptr(), w.as_ptr(), v.as_ptr());
    let (a, b) = (s.splat(a), s.splat(b));
    let mut i = 0;
    while i < n {
        for (k, sum) in sums.iter_mut().enumerate() {
            let at = i + k * LANES;
            if at < n {
                let left = n - at;
                // SAFETY: at < n, and no more than n - at values are used.
                unsafe {
                    let new = s.fma(a, load(s, u.add(at), left), load(s, x.add(at), left));
                    let new = s.fma(b, load(s, w.add(at), left), new);
                    store(s, x.add(at), left, new);
                    *sum = s.fma(new, load(s, v.add(at), left), *sum);
                }
            }
        }
        i += 4 * LANES;
    }
    total(s, sums)
}

/// The Euclidean length; squares neither overflow nor vanish.
#[inline(always)]
pub(super) fn length<S: Simd>(s: S, x: &[f64]) -> f64 {
    let square = dot(s, x, x);
    if square > 1e-280 && square < 1e280 {
        return square.sqrt();
    }
    let largest = x.iter().fold(0.0, |m: f64, v| m.max(Real::abs(*v)));
    if largest == 0.0 || !square.is_finite() && !largest.is_finite() {
        return square.sqrt();
    }
    let mut sum = 0.0;
    for v in x {
        let part = v / largest;
        sum = part.mul_add(part, sum);
    }
    largest * sum.sqrt()
}

/// A power of two that brings the largest of the numbers near one; 1 if all are zero, and none if one is not finite.
pub(super) fn power_of_two(x: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    if x.clone().any(|v| !v.is_finite()) {
        return None;
    }
    let largest = x.fold(0.0, |m: f64, v| m.max(v.abs()));
    if largest == 0.0 {
        return Some(1.0);
    }
    // The exponent of the reciprocal, within what leaves both it and its inverse normal.
    let exponent = ((largest.to_bits() >> 52) as i64 - 1023).clamp(-1021, 1021);
    Some(f64::from_bits(((1023 - exponent) as u64) << 52))
}
