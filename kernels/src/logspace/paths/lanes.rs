//! Eight stretches of a chain side by side.

use crate::math::exp::exp;
use crate::simd::{LANES, Simd, Vector};

/// A number of each stretch.
pub(super) type Eight = [f64; LANES];

#[inline(always)]
pub(super) fn get<S: Simd>(simd: S, x: &Eight) -> Vector<S> {
    // SAFETY: an array of eight.
    unsafe { Vector::load(simd, x.as_ptr()) }
}

#[inline(always)]
pub(super) fn put<S: Simd>(x: Vector<S>, to: &mut Eight) {
    // SAFETY: an array of eight.
    unsafe { x.store(to.as_mut_ptr()) }
}

/// From eight rows to the eight numbers of each column.
#[inline(always)]
pub(super) fn to_lanes<S: Simd>(simd: S, x: &[f64], out: &mut [Eight]) {
    let n = out.len();
    let rows: [&[f64]; LANES] = std::array::from_fn(|lane| &x[lane * n..(lane + 1) * n]);
    let (squares, rest) = out.as_chunks_mut::<LANES>();
    for (at, square) in squares.iter_mut().enumerate() {
        let mut x = [simd.splat(0.0); LANES];
        for (x, row) in x.iter_mut().zip(&rows) {
            // SAFETY: eight numbers are sliced.
            *x = unsafe { simd.load(row[at * LANES..][..LANES].as_ptr()) };
        }
        for (x, to) in simd.transpose(x).iter().zip(square) {
            put(Vector::new(simd, *x), to);
        }
    }
    let start = n - rest.len();
    for (at, to) in rest.iter_mut().enumerate() {
        for (to, row) in to.iter_mut().zip(&rows) {
            *to = row[start + at];
        }
    }
}

/// From the eight numbers of each column to eight rows.
#[inline(always)]
pub(super) fn from_lanes<S: Simd>(simd: S, x: &[Eight], out: &mut [f64]) {
    let n = x.len();
    let (squares, rest) = x.as_chunks::<LANES>();
    for (at, square) in squares.iter().enumerate() {
        let mut x = [simd.splat(0.0); LANES];
        for (x, column) in x.iter_mut().zip(square) {
            *x = get(simd, column).lanes;
        }
        for (lane, x) in simd.transpose(x).iter().enumerate() {
            let to = &mut out[lane * n + at * LANES..][..LANES];
            // SAFETY: eight places are sliced.
            unsafe { simd.store(to.as_mut_ptr(), *x) }
        }
    }
    for (at, column) in rest.iter().enumerate() {
        for (lane, x) in column.iter().enumerate() {
            out[lane * n + n - rest.len() + at] = *x;
        }
    }
}

/// Replaces logarithms by `exp(x - maximum of the group)`; the sum of the maxima, and the smallest result. A NaN or a maximum
/// that is not finite leaves NaN in its group.
#[inline(always)]
pub(super) fn exp_groups<S: Simd>(simd: S, x: &mut [Eight], group: usize) -> (Vector<S>, Vector<S>) {
    let (mut shifts, mut least) = (Vector::splat(simd, 0.0), Vector::splat(simd, 1.0));
    for x in x.chunks_exact_mut(group) {
        let max = x.iter().fold(Vector::splat(simd, f64::NEG_INFINITY), |max, x| get(simd, x).max(max));
        shifts = shifts + max;
        for x in x {
            let y = exp(get(simd, x) - max);
            least = y.min(least);
            put(y, x);
        }
    }
    (shifts, least)
}

/// The transitions of each move of the stretches.
pub(super) trait Moves<S: Simd, const K: usize> {
    /// `exp(transitions - shift)` of move `s`.
    fn at(&self, s: usize) -> [[Vector<S>; K]; K];

    /// Takes note of the share of a move: `before` times the transition times `after`.
    fn share(&mut self, s: usize, i: usize, j: usize, before: Vector<S>, after: Vector<S>);
}

/// The same matrix for all moves, and the sums of `before` times `after`.
pub(super) struct Shared<S: Simd, const K: usize> {
    w: [[Vector<S>; K]; K],
    pub(super) sums: [[Vector<S>; K]; K],
}

impl<S: Simd, const K: usize> Shared<S, K> {
    #[inline(always)]
    pub(super) fn new(simd: S, w: &[[f64; K]]) -> Self {
        let sums = [[Vector::splat(simd, 0.0); K]; K];
        let mut spread = sums;
        for (spread, w) in spread.as_flattened_mut().iter_mut().zip(w.as_flattened()) {
            *spread = Vector::splat(simd, *w);
        }
        Shared { w: spread, sums }
    }
}

impl<S: Simd, const K: usize> Moves<S, K> for Shared<S, K> {
    #[inline(always)]
    fn at(&self, _s: usize) -> [[Vector<S>; K]; K] {
        self.w
    }

    #[inline(always)]
    fn share(&mut self, _s: usize, i: usize, j: usize, before: Vector<S>, after: Vector<S>) {
        self.sums[i][j] = before.fma(after, self.sums[i][j]);
    }
}

/// A matrix for each move, and places for the shares.
pub(super) struct Own<'a, S: Simd, const K: usize> {
    pub(super) simd: S,
    pub(super) w: &'a [[[Eight; K]; K]],
    pub(super) shares: &'a mut [[[Eight; K]; K]],
}

impl<S: Simd, const K: usize> Moves<S, K> for Own<'_, S, K> {
    #[inline(always)]
    fn at(&self, s: usize) -> [[Vector<S>; K]; K] {
        let mut out = [[Vector::splat(self.simd, 0.0); K]; K];
        for (out, w) in out.as_flattened_mut().iter_mut().zip(self.w[s].as_flattened()) {
            *out = get(self.simd, w);
        }
        out
    }

    #[inline(always)]
    fn share(&mut self, s: usize, i: usize, j: usize, before: Vector<S>, after: Vector<S>) {
        put(before * get(self.simd, &self.w[s][i][j]) * after, &mut self.shares[s][i][j]);
    }
}

/// `out[j] = sum_i row[i] w[i, j] x[j]`
#[inline(always)]
pub(super) fn row_times_lanes<S: Simd, const K: usize>(
    simd: S,
    row: &[Vector<S>; K],
    w: &[[Vector<S>; K]; K],
    x: &[Eight; K],
) -> [Vector<S>; K] {
    let mut out = *row;
    for j in 0..K {
        let mut sum = row[0] * w[0][j];
        for i in 1..K {
            sum = row[i].fma(w[i][j], sum);
        }
        out[j] = sum * get(simd, &x[j]);
    }
    out
}

/// The bits of an exponent.
const EXPONENT: u64 = 0x7ff << 52;

/// The power of two that brings the largest of positive numbers to between one and two, and the bits of its own power of two.
#[inline(always)]
pub(super) fn scale<S: Simd>(simd: S, x: &[Vector<S>]) -> (Vector<S>, S::U) {
    let max = x.iter().fold(Vector::splat(simd, 0.0), |max, x| x.max(max));
    let power = simd.and_bits(max.to_bits(), simd.splat_bits(EXPONENT));
    (Vector::from_bits(simd, simd.sub_bits(simd.splat_bits(2046 << 52), power)), power)
}

/// The same of numbers, and the exponent.
#[inline(always)]
pub(super) fn scale_numbers(x: &[f64]) -> (f64, f64) {
    let max = x.iter().fold(0.0, |max, &x| if x > max { x } else { max });
    let power = max.to_bits() & EXPONENT;
    (f64::from_bits((2046u64 << 52).wrapping_sub(power)), (power >> 52) as f64 - 1023.0)
}
