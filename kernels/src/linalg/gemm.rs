//! Matrix products: packed panels and register tiles (K. Goto and R. van de Geijn, "Anatomy of high-performance matrix
//! multiplication", ACM TOMS 34, 2008; F. Van Zee and R. van de Geijn, "BLIS", ACM TOMS 41, 2015).
//!
//! The order of additions: k is cut into blocks of [`KC`]. Within a block an element of c is one chain of fused multiply-adds
//! from 0 with ascending k, and the blocks are added in ascending order. Lanes, tiles, packing and threads only choose
//! which elements are computed when.

use super::{
    Mat, MatMut, Real, matvec,
    scratch::Buffer,
    tile::{columns_of_tile, rows_of_tile, tiles},
    view::{Update, View, turn},
};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

/// Length of a block of k. Part of the result's definition.
const KC: usize = 256;
/// Rows of a packed block of a: with KC a share of the L2 cache.
const MC: usize = 120;
/// Columns of a packed block of b: with KC a share of the L3 cache.
const NC: usize = 2048;
/// Sizes up to which a product is computed without tiles.
const TINY: usize = 3;
/// The least multiply-adds that are worth a thread.
const PARALLEL: usize = 1 << 21;

/// c = a b.
///
/// When `a` has one row or `b` one column, the product runs at the speed of memory; each element is then a sum over k in
/// the order that the documentation of the [module](super) promises, though not the order of a wider product.
///
/// # Panics
/// If the shapes do not fit.
///
/// ```
/// use pyroxene_kernels::linalg::{Mat, MatMut, gemm};
/// let a = Mat::row_major(&[1.0, 2.0, 3.0, 4.0], 2, 2);
/// let mut c = [0.0; 4];
/// gemm(a, a.t(), MatMut::row_major(&mut c, 2, 2));
/// assert_eq!(c, [5.0, 11.0, 11.0, 25.0]);
/// ```
#[track_caller]
pub fn gemm<T: Real>(a: Mat<T>, b: Mat<T>, c: MatMut<T>) {
    gemm_on(Isa::detect(), a, b, c);
}

/// [`gemm`] on a given instruction set.
///
/// # Panics
/// If the shapes do not fit or the machine lacks the instruction set.
#[track_caller]
pub fn gemm_on<T: Real>(isa: Isa, a: Mat<T>, b: Mat<T>, c: MatMut<T>) {
    T::gemm(isa, a, b, c);
}

/// [`gemm_on`], generic.
#[track_caller]
pub(super) fn checked<T: Real>(isa: Isa, a: Mat<T>, b: Mat<T>, c: MatMut<T>) {
    assert!(
        a.cols == b.rows && a.rows == c.rows && b.cols == c.cols,
        "gemm: [{}, {}] times [{}, {}] into [{}, {}]",
        a.rows,
        a.cols,
        b.rows,
        b.cols,
        c.rows,
        c.cols
    );
    let (a, b) = (View::of(a), View::of(b));
    let c = View::new(c.data.as_mut_ptr(), c.rows, c.cols, c.row_stride, 1);
    // SAFETY: Mat and MatMut were checked to lie in their slices, the shapes fit, and c is borrowed mutably, so it
    // overlaps neither a nor b.
    unsafe {
        if c.cols == 1 {
            matvec::matvec(isa, a, b, c, Update::Set);
        } else if c.rows == 1 {
            matvec::matvec(isa, b.t(), a.t(), c.t(), Update::Set);
        } else if c.rows.max(c.cols).max(a.cols) <= TINY {
            isa.run(Tiny { a, b, c });
        } else {
            product(isa, a, b, c, Update::Set);
        }
    }
}

/// Updates c by a b. The rows of c are contiguous.
///
/// # Safety
/// a, b and c lie in memory that may be read, and in c's case be written by nobody else; c overlaps neither a nor b; the
/// shapes fit; c.col is 1.
pub(super) unsafe fn product<T: Real>(isa: Isa, a: View<T>, b: View<T>, c: View<T>, update: Update) {
    let pieces = (c.rows * c.cols * a.cols / PARALLEL).min(4 * rayon::current_num_threads());
    // SAFETY: as the caller promises.
    unsafe { share(isa, a, b, c, update, pieces) }
}

/// [`product`] in about so many pieces. A piece packs for itself, so there are no more of them than the threads need.
///
/// # Safety
/// As [`product`].
unsafe fn share<T: Real>(isa: Isa, a: View<T>, b: View<T>, c: View<T>, update: Update, pieces: usize) {
    let by_rows = c.rows >= c.cols;
    let (size, grain) = if by_rows { (c.rows, 24) } else { (c.cols, 48) };
    let half = (size / 2).next_multiple_of(grain);
    // A product of few rows and columns stays whole, however long its sums are.
    if pieces < 2 || half >= size || rayon::current_num_threads() < 2 {
        isa.run(Product { a, b, c, update });
        return;
    }
    let (k, rest) = (a.cols, size - half);
    let join = |first: [View<T>; 3], second: [View<T>; 3]| {
        let run = |[a, b, c]: [View<T>; 3]| {
            // SAFETY: the halves of c are disjoint, all else is as the caller promises.
            unsafe { share(isa, a, b, c, update, pieces / 2) }
        };
        rayon::join(|| run(first), || run(second));
    };
    if by_rows {
        join(
            [a.part(0, 0, half, k), b, c.part(0, 0, half, c.cols)],
            [a.part(half, 0, rest, k), b, c.part(half, 0, rest, c.cols)],
        );
    } else {
        join(
            [a, b.part(0, 0, k, half), c.part(0, 0, c.rows, half)],
            [a, b.part(0, half, k, rest), c.part(0, half, c.rows, rest)],
        );
    }
}

/// A product too small for tiles: the same chains of additions.
struct Tiny<T> {
    a: View<T>,
    b: View<T>,
    c: View<T>,
}

impl<T: Real> Kernel for Tiny<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Tiny { a, b, c } = self;
        for i in 0..c.rows {
            for j in 0..c.cols {
                // SAFETY: (i, k) is in a, (k, j) in b and (i, j) in c.
                unsafe {
                    let chain = |sum: T, k: usize| (*a.at(i, k)).mul_add(*b.at(k, j), sum);
                    *c.at(i, j) = (0..a.cols).fold(T::ZERO, chain);
                }
            }
        }
    }
}

/// One thread's product.
struct Product<T> {
    a: View<T>,
    b: View<T>,
    c: View<T>,
    update: Update,
}

impl<T: Real> Kernel for Product<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Product { a, b, c, mut update } = self;
        let (m, n, k) = (c.rows, c.cols, a.cols);
        if m == 0 || n == 0 {
            return;
        }
        let width = columns_of_tile::<T, S>();
        // Packing pays when the packed values are read several times.
        let pack_a = n >= 6 * width;
        let pack_b = b.col != 1 || m >= 48;
        let a_room = if pack_a { MC.min(m) * KC.min(k) } else { 0 };
        let b_room = if pack_b { NC.min(n).next_multiple_of(width) } else { width } * KC.min(k);
        let mut buffer = Buffer::<T>::take(a_room + b_room);
        let room = buffer.as_mut_ptr();
        let (b_packed, a_packed) = (room, room.wrapping_add(b_room));
        // The first block of k applies the update even when it is empty.
        for p in (0..k.max(1)).step_by(KC) {
            let depth = KC.min(k - p);
            for j in (0..n).step_by(NC) {
                let columns = NC.min(n - j);
                let b_block = b.part(p, j, depth, columns);
                // Columns of full tiles are read in place unless packed; a last narrow panel is always packed.
                let in_place = if pack_b { 0 } else { columns / width * width };
                // SAFETY: the scratch has room for these panels of `width` columns.
                unsafe { pack_columns(s, b_block, in_place, width, b_packed) };
                for i in (0..m).step_by(MC) {
                    let rows = MC.min(m - i);
                    let a_block = a.part(i, p, rows, depth);
                    if pack_a {
                        // SAFETY: the scratch has room for rows * depth values.
                        unsafe { pack_rows(s, a_block, rows_of_tile::<S>(), a_packed) };
                    }
                    let mut column = 0;
                    while column < columns {
                        let (panel, stride) = if column < in_place {
                            (b_block.at(0, column), b.row)
                        } else {
                            (b_packed.wrapping_add((column - in_place) * depth), width)
                        };
                        let take = width.min(columns - column);
                        let target = c.part(i, j + column, rows, take);
                        let (source, packed) =
                            if pack_a { (View::new(a_packed, rows, depth, depth, 1), true) } else { (a_block, false) };
                        // SAFETY: source and panel hold rows x depth and depth x width values, the target is in c.
                        unsafe { tiles(s, source, packed, panel, stride, depth, target, update) };
                        column += take;
                    }
                }
            }
            if update == Update::Set {
                update = Update::Add;
            }
        }
    }
}

/// Copies the columns of `b` from `first` on into panels of `width` columns, each with its rows one after the other; the last
/// panel is filled up with zeros.
///
/// # Safety
/// b is readable; `out` has room for all panels.
#[inline(always)]
unsafe fn pack_columns<T: Real, S: Simd>(s: S, b: View<T>, first: usize, width: usize, mut out: *mut T) {
    let mut column = first;
    while column < b.cols {
        let take = width.min(b.cols - column);
        // SAFETY: element (k, column + j) is in b, and each panel has room for b.rows * width values.
        unsafe {
            if b.col == 1 {
                for k in 0..b.rows {
                    let row = out.add(k * width);
                    if take == width {
                        std::ptr::copy_nonoverlapping(b.at(k, column), row, width);
                    } else {
                        std::ptr::copy_nonoverlapping(b.at(k, column), row, take);
                    }
                }
            } else if b.row == 1 {
                turn(s, b.part(0, column, b.rows, take).t(), View::new(out, b.rows, take, width, 1));
            } else {
                for j in 0..take {
                    let source = b.at(0, column + j);
                    for k in 0..b.rows {
                        *out.add(k * width + j) = *source.add(k * b.row);
                    }
                }
            }
            for k in 0..b.rows {
                for j in take..width {
                    *out.add(k * width + j) = T::ZERO;
                }
            }
            out = out.add(b.rows * width);
        }
        column += take;
    }
}

/// Copies the rows of `a` into panels of `height` rows (the last ones shorter), each with its columns one after the other.
///
/// # Safety
/// a is readable; `out` has room for all of it.
#[inline(always)]
unsafe fn pack_rows<T: Real, S: Simd>(s: S, a: View<T>, height: usize, mut out: *mut T) {
    let mut row = 0;
    while row < a.rows {
        let take = super::tile::step(height, a.rows - row);
        // SAFETY: element (row + i, k) is in a, and panels follow one another.
        unsafe {
            if a.row < a.col {
                for k in 0..a.cols {
                    let source = a.at(row, k);
                    for i in 0..take {
                        *out.add(k * take + i) = *source.add(i * a.row);
                    }
                }
            } else if a.col == 1 {
                turn(s, a.part(row, 0, take, a.cols), View::new(out, a.cols, take, take, 1));
            } else {
                for i in 0..take {
                    let source = a.at(row + i, 0);
                    for k in 0..a.cols {
                        *out.add(k * take + i) = *source.add(k * a.col);
                    }
                }
            }
            out = out.add(a.cols * take);
        }
        row += take;
    }
}
