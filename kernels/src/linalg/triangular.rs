//! Triangular systems: recursion on halves, so that nearly all the work is matrix products.

use super::{
    Real, gemm,
    matvec::matvec,
    substitution::{BASE, Base, RightBase, SLICE},
    view::{Update, View},
};
use crate::isa::Isa;

/// Multiply-adds that are worth a thread.
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
