//! The register tile: a few rows of c by one or two logical vectors, as many as its columns take.

use super::{
    Real,
    view::{Update, View},
};
use crate::simd::Simd;

/// Whether a logical vector is one register, so that there are registers enough for the larger tile.
const fn wide<S: Simd>() -> bool {
    align_of::<S::F>() == 64
}

/// Rows of the full tile.
pub(super) const fn rows_of_tile<S: Simd>() -> usize {
    if wide::<S>() { 8 } else { 6 }
}

/// Columns of the tile.
pub(super) const fn columns_of_tile<T: Real, S: Simd>() -> usize {
    if wide::<S>() { 3 * T::LANES } else { T::LANES }
}

/// Rows that the next tile takes of `left` ones: a full tile, else the largest of 4, 2, 1.
pub(super) const fn step(full: usize, left: usize) -> usize {
    if left >= full {
        full
    } else if left >= 4 {
        4
    } else if left >= 2 {
        2
    } else {
        1
    }
}

/// Updates the target, at most a tile wide, by the product of `a` and a panel of b whose rows start `stride` apart. If `packed`,
/// a's tiles follow one another, each with its columns one after the other.
///
/// # Safety
/// The pointers are valid for a: target.rows x depth, panel: depth x tile width, and the target.
#[inline(always)]
pub(super) unsafe fn tiles<T: Real, S: Simd>(
    s: S,
    a: View<T>,
    packed: bool,
    panel: *const T,
    stride: usize,
    depth: usize,
    target: View<T>,
    update: Update,
) {
    let mut row = 0;
    while row < target.rows {
        let take = step(rows_of_tile::<S>(), target.rows - row);
        let c = target.part(row, 0, take, target.cols);
        let job = Tile { a: a.at(row, 0), rows: a.row, steps: a.col, panel, stride, depth, c, update };
        // SAFETY: the tile lies within what the caller promises.
        unsafe {
            if wide::<S>() && target.cols > 2 * T::LANES {
                job.run_rows::<S, 8, 3>(s, packed, take);
            } else if wide::<S>() && target.cols > T::LANES {
                job.run_rows::<S, 8, 2>(s, packed, take);
            } else if wide::<S>() {
                job.run_rows::<S, 8, 1>(s, packed, take);
            } else {
                job.run_rows::<S, 6, 1>(s, packed, take);
            }
        }
        row += take;
    }
}

struct Tile<T> {
    a: *const T,
    rows: usize,
    steps: usize,
    panel: *const T,
    stride: usize,
    depth: usize,
    c: View<T>,
    update: Update,
}

impl<T: Real> Tile<T> {
    /// # Safety
    /// As [`tiles`].
    #[inline(always)]
    unsafe fn run_rows<S: Simd, const FULL: usize, const V: usize>(&self, s: S, packed: bool, rows: usize) {
        // SAFETY: as the caller promises.
        unsafe {
            match (packed, rows) {
                (true, 4) => self.run::<S, 4, V>(s, 1, 4),
                (true, 2) => self.run::<S, 2, V>(s, 1, 2),
                (true, 1) => self.run::<S, 1, V>(s, 1, 1),
                (true, _) => self.run::<S, FULL, V>(s, 1, FULL),
                (false, 4) => self.run::<S, 4, V>(s, self.rows, self.steps),
                (false, 2) => self.run::<S, 2, V>(s, self.rows, self.steps),
                (false, 1) => self.run::<S, 1, V>(s, self.rows, self.steps),
                (false, _) => self.run::<S, FULL, V>(s, self.rows, self.steps),
            }
        }
    }

    /// # Safety
    /// As [`tiles`], with M rows.
    #[inline(always)]
    unsafe fn run<S: Simd, const M: usize, const V: usize>(&self, s: S, a_row: usize, a_step: usize) {
        let mut sums = [[T::splat(s, T::ZERO); V]; M];
        let (mut a, mut b) = (self.a, self.panel);
        for _ in 0..self.depth {
            // SAFETY: row k of the panel has V vectors, column k of a has M values.
            unsafe {
                let mut row = [T::splat(s, T::ZERO); V];
                for v in 0..V {
                    row[v] = T::load(s, b.add(v * T::LANES));
                }
                for i in 0..M {
                    let factor = T::splat(s, *a.add(i * a_row));
                    for v in 0..V {
                        sums[i][v] = T::fma(s, factor, row[v], sums[i][v]);
                    }
                }
            }
            a = a.wrapping_add(a_step);
            b = b.wrapping_add(self.stride);
        }
        for i in 0..M {
            for v in 0..V {
                let used = T::LANES.min(self.c.cols.saturating_sub(v * T::LANES));
                // SAFETY: `used` lanes of row i are in the target.
                unsafe { store(s, self.c.at(i, v * T::LANES), used, sums[i][v], self.update) };
            }
        }
    }
}

/// Updates `n` values at `p`.
///
/// # Safety
/// They are valid for reading and writing.
#[inline(always)]
pub(super) unsafe fn store<T: Real, S: Simd>(s: S, p: *mut T, n: usize, value: T::Vector<S>, update: Update) {
    // SAFETY: as the caller promises.
    unsafe {
        if n == T::LANES {
            let value = match update {
                Update::Set => value,
                Update::Add => T::plus(s, T::load(s, p), value),
                Update::Subtract => T::minus(s, T::load(s, p), value),
            };
            T::store(s, p, value);
        } else if n > 0 {
            let value = match update {
                Update::Set => value,
                Update::Add => T::plus(s, T::load_partial(s, p, n), value),
                Update::Subtract => T::minus(s, T::load_partial(s, p, n), value),
            };
            T::store_partial(s, p, n, value);
        }
    }
}
