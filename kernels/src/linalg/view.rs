//! Unchecked matrices for the recursive algorithms, which work on several parts of one buffer at once.

use super::{Mat, Real};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

/// A pointer to the first element, and strides. Safe to make and to cut; what is done with it says what must hold.
#[derive(Clone, Copy)]
pub(super) struct View<T> {
    pub(super) data: *mut T,
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row: usize,
    pub(super) col: usize,
}

// SAFETY: a view is an address; whoever reads or writes through it answers for the accesses.
unsafe impl<T: Send> Send for View<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for View<T> {}

impl<T> View<T> {
    pub(super) fn new(data: *mut T, rows: usize, cols: usize, row: usize, col: usize) -> Self {
        View { data, rows, cols, row, col }
    }

    /// A view for reading only.
    pub(super) fn of(mat: Mat<T>) -> Self {
        View::new(mat.data.as_ptr().cast_mut(), mat.rows, mat.cols, mat.row_stride, mat.col_stride)
    }

    /// Address of element (i, j).
    pub(super) fn at(&self, i: usize, j: usize) -> *mut T {
        self.data.wrapping_add(i * self.row + j * self.col)
    }

    /// The part of `rows` x `cols` elements from (i, j).
    pub(super) fn part(&self, i: usize, j: usize, rows: usize, cols: usize) -> Self {
        debug_assert!(i + rows <= self.rows && j + cols <= self.cols);
        View::new(self.at(i, j), rows, cols, self.row, self.col)
    }

    pub(super) fn t(&self) -> Self {
        View::new(self.data, self.cols, self.rows, self.col, self.row)
    }
}

/// Copies the transpose. The rows of both are contiguous.
///
/// # Safety
/// `from` may be read and `to`, of the transposed shape, is used by nobody else; they are disjoint.
pub(super) unsafe fn transpose<T: Real>(isa: Isa, from: View<T>, to: View<T>) {
    isa.run(Turn { from, to });
}

struct Turn<T> {
    from: View<T>,
    to: View<T>,
}

impl<T: Real> Kernel for Turn<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // SAFETY: whoever makes one promises what `transpose` asks for.
        unsafe { turn(s, self.from, self.to) }
    }
}

/// [`transpose`] within a kernel.
///
/// # Safety
/// As there.
#[inline(always)]
pub(super) unsafe fn turn<T: Real, S: Simd>(s: S, from: View<T>, to: View<T>) {
    for i in (0..from.rows).step_by(T::LANES) {
        for j in (0..from.cols).step_by(T::LANES) {
            let (rows, columns) = (T::LANES.min(from.rows - i), T::LANES.min(from.cols - j));
            // SAFETY: the tile is in `from`, and its transpose in `to`.
            unsafe { T::turn(s, from.at(i, j), from.row, rows, columns, to.at(j, i), to.row) };
        }
    }
}

/// What a product does to its destination.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Update {
    /// c = a b
    Set,
    /// c = c + a b
    Add,
    /// c = c - a b
    Subtract,
}

impl Update {
    #[inline(always)]
    pub(super) fn apply<T: Real>(self, old: T, value: T) -> T {
        match self {
            Update::Set => value,
            Update::Add => old + value,
            Update::Subtract => old - value,
        }
    }
}
