//! Triangular systems: recursion on halves, so that nearly all the work is matrix products.

use super::{
    Real, gemm,
    matvec::matvec,
    view::{Update, View},
};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;
use std::mem::MaybeUninit;

/// Order at which the recursion stops. Part of the result's definition.
pub(super) const BASE: usize = 32;
/// Columns (or rows) of the right-hand side that a thread takes at least, and multiply-adds that are worth a thread.
const SLICE: usize = 64;
const PARALLEL: usize = 1 << 20;

/// The triangle of a square matrix that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Triangle {
    /// The diagonal and below.
    Lower,
    /// The diagonal and above.
    Upper,
}

/// Solves op(L) x = b in place for the row-major `b` of shape `[n, columns]`; op is the transpose if `transpose`. The
/// other triangle of `l` has no influence. A zero on the diagonal gives infinities and NaN, as the divisions say.
///
/// # Panics
/// If a slice does not have the length that its shape says.
///
/// ```
/// use pyroxene_kernels::linalg::{Triangle, solve_triangular};
/// let mut b = [4.0, 11.0];
/// solve_triangular(&[2.0, 0.0, 3.0, 5.0], 2, Triangle::Lower, false, &mut b, 1);
/// assert_eq!(b, [2.0, 1.0]);
/// ```
#[track_caller]
pub fn solve_triangular<T: Real>(l: &[T], n: usize, triangle: Triangle, transpose: bool, b: &mut [T], columns: usize) {
    solve_triangular_on(Isa::detect(), l, n, triangle, transpose, b, columns);
}

/// [`solve_triangular`] on a given instruction set.
///
/// # Panics
/// If a slice does not have the length that its shape says, or the machine lacks the instruction set.
#[track_caller]
pub fn solve_triangular_on<T: Real>(
    isa: Isa,
    l: &[T],
    n: usize,
    triangle: Triangle,
    transpose: bool,
    b: &mut [T],
    columns: usize,
) {
    T::solve_triangular(isa, l, n, triangle, transpose, b, columns);
}

/// [`solve_triangular_on`], generic.
#[track_caller]
pub(super) fn checked<T: Real>(
    isa: Isa,
    l: &[T],
    n: usize,
    triangle: Triangle,
    transpose: bool,
    b: &mut [T],
    columns: usize,
) {
    assert_eq!(l.len(), n * n, "solve_triangular: {n} x {n} elements");
    assert_eq!(b.len(), n * columns, "solve_triangular: a right-hand side of shape [{n}, {columns}]");
    let l = View::new(l.as_ptr().cast_mut(), n, n, n, 1);
    let b = View::new(b.as_mut_ptr(), n, columns, columns, 1);
    let forward = (triangle == Triangle::Lower) != transpose;
    // SAFETY: both views lie in their slices, and b is borrowed mutably.
    unsafe { solve_left(isa, Factor { l: if transpose { l.t() } else { l }, forward, unit: false }, b) }
}

/// A triangular matrix: lower if `forward`, upper otherwise. If `unit`, its diagonal is taken to be ones and not read.
#[derive(Clone, Copy)]
pub(super) struct Factor<T> {
    pub(super) l: View<T>,
    pub(super) forward: bool,
    pub(super) unit: bool,
}

impl<T> Factor<T> {
    /// The block of the diagonal from row `first` on.
    fn block(self, first: usize, n: usize) -> Self {
        Factor { l: View { rows: n, cols: n, data: self.l.at(first, first), ..self.l }, ..self }
    }
}

/// Solves l x = b; rows of b are contiguous.
///
/// # Safety
/// l may be read, b is written by nobody else and does not overlap l's triangle; b.col is 1.
pub(super) unsafe fn solve_left<T: Real>(isa: Isa, l: Factor<T>, b: View<T>) {
    let (n, columns) = (b.rows, b.cols);
    // SAFETY: the parts lie within l and b, and the slices of columns are disjoint.
    unsafe {
        if columns == 1 {
            recurse(isa, l, b, matvec);
        } else if columns >= 2 * SLICE && n * n * columns >= 4 * PARALLEL {
            let half = (columns / 2).next_multiple_of(SLICE);
            rayon::join(
                || solve_left_slice(isa, l, b.part(0, 0, n, half)),
                || solve_left_slice(isa, l, b.part(0, half, n, columns - half)),
            );
        } else {
            recurse(isa, l, b, gemm::product);
        }
    }
}

/// A slice of columns of a wider right-hand side: never taken for a vector.
///
/// # Safety
/// As [`solve_left`].
unsafe fn solve_left_slice<T: Real>(isa: Isa, l: Factor<T>, b: View<T>) {
    // SAFETY: as the caller promises.
    unsafe {
        if b.cols == 1 {
            recurse(isa, l, b, gemm::product);
        } else {
            solve_left(isa, l, b);
        }
    }
}

/// The recursion: solve one half, subtract its part of the other half, solve that.
///
/// # Safety
/// As [`solve_left`].
unsafe fn recurse<T: Real>(
    isa: Isa,
    l: Factor<T>,
    b: View<T>,
    update: unsafe fn(Isa, View<T>, View<T>, View<T>, Update),
) {
    let (n, columns) = (b.rows, b.cols);
    if n <= BASE {
        isa.run(Base { l, b });
        return;
    }
    let half = split(n);
    let rest = n - half;
    let (top, bottom) = (b.part(0, 0, half, columns), b.part(half, 0, rest, columns));
    let (first, last) = (l.block(0, half), l.block(half, rest));
    // SAFETY: top and bottom are disjoint parts of b.
    unsafe {
        if l.forward {
            recurse(isa, first, top, update);
            update(isa, l.l.part(half, 0, rest, half), top, bottom, Update::Subtract);
            recurse(isa, last, bottom, update);
        } else {
            recurse(isa, last, bottom, update);
            update(isa, l.l.part(0, half, half, rest), bottom, top, Update::Subtract);
            recurse(isa, first, top, update);
        }
    }
}

/// Where the recursions cut an order above [`BASE`].
pub(super) fn split(n: usize) -> usize {
    (n / 2).next_multiple_of(BASE)
}

/// Substitution of a small order: an unknown is one chain of fused multiply-adds from the right-hand side, in the order in which
/// unknowns become known, and a division.
pub(super) struct Base<T> {
    pub(super) l: Factor<T>,
    pub(super) b: View<T>,
}

impl<T: Real> Kernel for Base<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Base { l, b } = self;
        // SAFETY: whoever makes a Base promises what `solve_left` asks for.
        unsafe {
            if b.cols == 1 {
                vector(l, b);
                return;
            }
            let mut column = 0;
            while column < b.cols {
                let left = b.cols - column;
                let take = if left >= 4 * T::LANES { 4 * T::LANES } else { left.min(T::LANES) };
                let part = b.part(0, column, b.rows, take);
                if take == 4 * T::LANES {
                    substitute::<T, S, 4>(s, l, part);
                } else {
                    substitute::<T, S, 1>(s, l, part);
                }
                column += take;
            }
        }
    }
}

/// One right-hand side, column by column of l: the same chains, with room to overlap.
///
/// # Safety
/// As [`solve_left`].
#[inline(always)]
unsafe fn vector<T: Real>(l: Factor<T>, b: View<T>) {
    let Factor { l, forward, unit } = l;
    let n = b.rows;
    let place = |step: usize| if forward { step } else { n - 1 - step };
    let mut x = [T::ZERO; BASE];
    // SAFETY: indices are below n <= BASE.
    unsafe {
        for i in 0..n {
            x[i] = *b.at(i, 0);
        }
        for step in 0..n {
            let k = place(step);
            let value = if unit { x[k] } else { x[k] / *l.at(k, k) };
            x[k] = value;
            let later = if forward { k + 1..n } else { 0..k };
            for i in later {
                x[i] = (-*l.at(i, k)).mul_add(value, x[i]);
            }
        }
        for i in 0..n {
            *b.at(i, 0) = x[i];
        }
    }
}

/// At most V vectors of columns.
///
/// # Safety
/// As [`solve_left`]; b has V * LANES columns, or fewer if V is 1.
#[inline(always)]
unsafe fn substitute<T: Real, S: Simd, const V: usize>(s: S, l: Factor<T>, b: View<T>) {
    let Factor { l, forward, unit } = l;
    let n = b.rows;
    let place = |step: usize| if forward { step } else { n - 1 - step };
    let full = b.cols == V * T::LANES;
    let mut room = [const { MaybeUninit::<[T::Vector<S>; V]>::uninit() }; BASE];
    for step in 0..n {
        let i = place(step);
        // SAFETY: row i of b and of l.
        unsafe {
            let mut sums = [T::splat(s, T::ZERO); V];
            for v in 0..V {
                let p = b.at(i, v * T::LANES);
                sums[v] = if full { T::load(s, p) } else { T::load_partial(s, p, b.cols) };
            }
            for before in 0..step {
                let factor = T::splat(s, -*l.at(i, place(before)));
                // Every step before this one has written its row.
                let solved = room[before].assume_init_ref();
                for v in 0..V {
                    sums[v] = T::fma(s, factor, solved[v], sums[v]);
                }
            }
            if !unit {
                let pivot = T::splat(s, *l.at(i, i));
                for v in 0..V {
                    sums[v] = T::over(s, sums[v], pivot);
                }
            }
            room[step].write(sums);
            for v in 0..V {
                let x = sums[v];
                let p = b.at(i, v * T::LANES);
                if full { T::store(s, p, x) } else { T::store_partial(s, p, b.cols, x) }
            }
        }
    }
}

/// Solves x l^T = b in place; with a lower triangle l it gives the panel of a Cholesky factor.
///
/// # Safety
/// l may be read, b is written by nobody else and does not overlap l's triangle; rows of b are contiguous.
pub(super) unsafe fn solve_right_transposed<T: Real>(isa: Isa, l: Factor<T>, b: View<T>) {
    let (rows, n) = (b.rows, b.cols);
    // SAFETY: the parts are disjoint.
    unsafe {
        if rows >= 2 * SLICE && rows * n * n >= 4 * PARALLEL {
            let half = (rows / 2).next_multiple_of(SLICE);
            rayon::join(
                || solve_right_transposed(isa, l, b.part(0, 0, half, n)),
                || solve_right_transposed(isa, l, b.part(half, 0, rows - half, n)),
            );
        } else if n <= BASE {
            for row in (0..rows).step_by(SLICE) {
                isa.run(RightBase { l, b: b.part(row, 0, SLICE.min(rows - row), n) });
            }
        } else {
            let half = split(n);
            let rest = n - half;
            let (left, right) = (b.part(0, 0, rows, half), b.part(0, half, rows, rest));
            let (first, last) = (l.block(0, half), l.block(half, rest));
            if l.forward {
                solve_right_transposed(isa, first, left);
                gemm::product(isa, left, l.l.part(half, 0, rest, half).t(), right, Update::Subtract);
                solve_right_transposed(isa, last, right);
            } else {
                solve_right_transposed(isa, last, right);
                gemm::product(isa, right, l.l.part(0, half, half, rest).t(), left, Update::Subtract);
                solve_right_transposed(isa, first, left);
            }
        }
    }
}

/// [`solve_right_transposed`] of a small order and at most SLICE rows: transposes, substitutes, and transposes back.
struct RightBase<T> {
    l: Factor<T>,
    b: View<T>,
}

impl<T: Real> Kernel for RightBase<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let RightBase { l, b } = self;
        let (rows, n) = (b.rows, b.cols);
        let columns = rows.next_multiple_of(T::LANES);
        let mut room = [const { MaybeUninit::<T>::uninit() }; BASE * SLICE];
        let turned: *mut T = room.as_mut_ptr().cast();
        // SAFETY: b has `rows` <= SLICE rows of n <= BASE elements.
        unsafe {
            for i in 0..rows {
                for k in 0..n {
                    *turned.add(k * SLICE + i) = *b.at(i, k);
                }
            }
            for k in 0..n {
                for i in rows..columns {
                    *turned.add(k * SLICE + i) = T::ZERO;
                }
            }
            Base { l, b: View::new(turned, n, columns, SLICE, 1) }.run(s);
            for i in 0..rows {
                for k in 0..n {
                    *b.at(i, k) = *turned.add(k * SLICE + i);
                }
            }
        }
    }
}
