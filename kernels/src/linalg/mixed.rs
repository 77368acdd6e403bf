//! Products of matrices that are stored in another type than the one they are computed in.
//!
//! Two meanings, kept apart: [`gemm_widening`] reads f32 and computes in f64, so its results are those of f64
//! throughout; [`gemm_single`] rounds its factors to f32 and computes in it, and [`gemm_narrow`] leaves its result in f32.

use super::{
    Mat, MatMut, Real, gemm,
    matvec::{self, Along},
    view::{Update, View},
};
use crate::elementwise::{narrow, widen};
use crate::isa::Isa;
use crate::simd::Simd;

/// A type whose elements are read as lanes of `T`.
pub(super) trait Stored<T: Real>: Copy + Send + Sync + 'static {
    /// Reads as many values as `T` has lanes.
    ///
    /// # Safety
    /// `p` must be valid for reading them.
    unsafe fn load<S: Simd>(s: S, p: *const Self) -> T::Vector<S>;
    /// Reads the first `n` lanes, the others are zero.
    ///
    /// # Safety
    /// `p` must be valid for reading `n` values and `n <= LANES`.
    unsafe fn load_partial<S: Simd>(s: S, p: *const Self, n: usize) -> T::Vector<S>;
}

impl<T: Real> Stored<T> for T {
    #[inline(always)]
    unsafe fn load<S: Simd>(s: S, p: *const T) -> T::Vector<S> {
        // SAFETY: as the caller promises.
        unsafe { <T as Real>::load(s, p) }
    }
    #[inline(always)]
    unsafe fn load_partial<S: Simd>(s: S, p: *const T, n: usize) -> T::Vector<S> {
        // SAFETY: as the caller promises.
        unsafe { <T as Real>::load_partial(s, p, n) }
    }
}

impl Stored<f64> for f32 {
    #[inline(always)]
    unsafe fn load<S: Simd>(s: S, p: *const f32) -> S::F {
        // SAFETY: as the caller promises.
        unsafe { s.load_widen(p) }
    }
    #[inline(always)]
    unsafe fn load_partial<S: Simd>(s: S, p: *const f32, n: usize) -> S::F {
        // SAFETY: as the caller promises.
        unsafe { s.load_widen_partial(p, n) }
    }
}

/// A factor whose elements are stored in one type or the other.
#[derive(Clone, Copy, Debug)]
pub enum Factor<'a> {
    /// Stored in f64.
    F64(Mat<'a, f64>),
    /// Stored in f32.
    F32(Mat<'a, f32>),
}

impl Factor<'_> {
    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Factor::F64(mat) => (mat.rows, mat.cols),
            Factor::F32(mat) => (mat.rows, mat.cols),
        }
    }

    /// The transpose, without moving anything.
    pub fn t(self) -> Self {
        match self {
            Factor::F64(mat) => Factor::F64(mat.t()),
            Factor::F32(mat) => Factor::F32(mat.t()),
        }
    }
}

/// `c = a b` in f64, where the matrix of a product with a vector may be stored in f32 if its rows or columns are contiguous: the
/// bits of [`gemm`](super::gemm()) on the same numbers in f64, at half the traffic.
///
/// ```
/// use pyroxene_kernels::linalg::{Factor, Mat, MatMut, gemm_widening};
/// let a = Factor::F32(Mat::row_major(&[1.0, 2.0, 3.0, 4.0], 2, 2));
/// let mut y = [0.0; 2];
/// gemm_widening(a, Factor::F64(Mat::new(&[0.5, 0.25], 2, 1, 1, 1)), MatMut::row_major(&mut y, 2, 1));
/// assert_eq!(y, [1.0, 2.5]);
/// ```
///
/// # Panics
/// If the shapes do not fit, or a factor is stored in f32 that is no such matrix.
#[track_caller]
pub fn gemm_widening(a: Factor, b: Factor, c: MatMut<f64>) {
    gemm_widening_on(Isa::detect(), a, b, c);
}

/// [`gemm_widening`] on a given instruction set.
///
/// # Panics
/// As [`gemm_widening`], or if the machine lacks the instruction set.
#[track_caller]
pub fn gemm_widening_on(isa: Isa, a: Factor, b: Factor, c: MatMut<f64>) {
    let y = View::new(c.data.as_mut_ptr(), c.rows, c.cols, c.row_stride, 1);
    match (a, b) {
        (Factor::F64(a), Factor::F64(b)) => gemm::checked(isa, a, b, c),
        (Factor::F32(a), Factor::F64(x)) if c.cols == 1 => widening(isa, a, x, y),
        (Factor::F64(x), Factor::F32(b)) if c.rows == 1 => widening(isa, b.t(), x.t(), y.t()),
        _ => panic!("gemm: only the matrix of a product with a vector is stored in f32"),
    }
}

/// # Panics
/// If the shapes do not fit, or the matrix is strided both ways.
#[track_caller]
fn widening(isa: Isa, a: Mat<f32>, x: Mat<f64>, y: View<f64>) {
    assert!(
        a.cols == x.rows && x.cols == 1 && y.rows == a.rows,
        "gemm: [{}, {}] times [{}, {}] into [{}, {}]",
        a.rows,
        a.cols,
        x.rows,
        x.cols,
        y.rows,
        y.cols
    );
    let a = View::of(a);
    let along = Along::of(&a).expect("gemm: the rows or columns of the matrix are contiguous");
    // SAFETY: matrices were checked to lie in their slices, the shapes fit, and y was made of a slice that is borrowed mutably.
    unsafe { matvec::contiguous::<f32, f64>(isa, a, along, View::of(x), y, Update::Set) };
}

/// `c = a b` in single precision: factors are rounded to f32, products and sums are those of [`gemm`](super::gemm()) in f32, and
/// the result is widened. Numbers beyond the range of f32 become infinite. The room takes as many numbers as the result and the
/// factors that are stored in f64 have.
///
/// ```
/// use pyroxene_kernels::linalg::{Factor, Mat, MatMut, gemm_single};
/// let a = Factor::F64(Mat::row_major(&[1.0, 2.0, 3.0, 4.0], 2, 2));
/// let b = Factor::F32(Mat::row_major(&[0.1, 0.0, 0.0, 1.0], 2, 2));
/// let mut c = [0.0; 4];
/// gemm_single(a, b, MatMut::row_major(&mut c, 2, 2), &mut [0.0; 8]);
/// assert_eq!(c, [f64::from(0.1f32), 2.0, f64::from(3.0 * 0.1f32), 4.0]);
/// ```
///
/// # Panics
/// If the shapes do not fit, or the room is too small.
#[track_caller]
pub fn gemm_single(a: Factor, b: Factor, c: MatMut<f64>, room: &mut [f32]) {
    gemm_single_on(Isa::detect(), a, b, c, room);
}

/// [`gemm_single`] on a given instruction set.
///
/// # Panics
/// If the shapes do not fit, the room is too small, or the machine lacks the instruction set.
#[track_caller]
pub fn gemm_single_on(isa: Isa, a: Factor, b: Factor, c: MatMut<f64>, room: &mut [f32]) {
    let (rows, cols) = (c.rows, c.cols);
    let (product, room) = room.split_at_mut(rows * cols);
    gemm_narrow_on(isa, a, b, MatMut::row_major(product, rows, cols), room);
    if c.row_stride == cols {
        return widen(isa, product, c.data);
    }
    for i in 0..rows {
        let row = &mut c.data[i * c.row_stride..][..cols];
        widen(isa, &product[i * cols..][..cols], row);
    }
}

/// [`gemm_single`] with its result in f32. The room takes as many numbers as the factors that are stored in f64 have.
///
/// ```
/// use pyroxene_kernels::linalg::{Factor, Mat, MatMut, gemm_narrow};
/// let a = Factor::F32(Mat::row_major(&[1.0, 2.0, 3.0, 4.0], 2, 2));
/// let mut c = [0.0; 4];
/// gemm_narrow(a, a.t(), MatMut::row_major(&mut c, 2, 2), &mut []);
/// assert_eq!(c, [5.0, 11.0, 11.0, 25.0]);
/// ```
///
/// # Panics
/// If the shapes do not fit, or the room is too small.
#[track_caller]
pub fn gemm_narrow(a: Factor, b: Factor, c: MatMut<f32>, room: &mut [f32]) {
    gemm_narrow_on(Isa::detect(), a, b, c, room);
}

/// [`gemm_narrow`] on a given instruction set.
///
/// # Panics
/// If the shapes do not fit, the room is too small, or the machine lacks the instruction set.
#[track_caller]
pub fn gemm_narrow_on(isa: Isa, a: Factor, b: Factor, c: MatMut<f32>, room: &mut [f32]) {
    let (a, room) = narrowed(isa, a, room);
    let (b, _) = narrowed(isa, b, room);
    gemm::checked(isa, a, b, c);
}

/// The factor in f32, in the room if it is not stored so; and the room that is left.
fn narrowed<'a>(isa: Isa, factor: Factor<'a>, room: &'a mut [f32]) -> (Mat<'a, f32>, &'a mut [f32]) {
    let mat = match factor {
        Factor::F32(mat) => return (mat, room),
        Factor::F64(mat) => mat,
    };
    let (numbers, room) = room.split_at_mut(mat.rows * mat.cols);
    // Columns stay contiguous if they are, so that the copy reads and writes memory in order.
    let by_columns = mat.row_stride == 1 && mat.col_stride != 1;
    let from = if by_columns { mat.t() } else { mat };
    let Mat { data, rows, cols, row_stride, col_stride } = from;
    if (row_stride, col_stride) == (cols, 1) {
        narrow(isa, &data[..numbers.len()], numbers);
    } else {
        for (i, to) in numbers.chunks_exact_mut(cols.max(1)).enumerate() {
            if col_stride == 1 {
                narrow(isa, &data[i * row_stride..][..cols], to);
            } else {
                to.iter_mut().enumerate().for_each(|(j, to)| *to = data[i * row_stride + j * col_stride] as f32);
            }
        }
    }
    let narrow = Mat::row_major(numbers, rows, cols);
    (if by_columns { narrow.t() } else { narrow }, room)
}
