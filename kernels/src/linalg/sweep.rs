//! A step of a pass over the rows of a matrix that both multiplies by it and by its transpose.
//!
//! With `y = a x` some rows at a time, a function of y, and `z = a^T g` of its result g, rows are needed twice: once from far
//! away, once from the caches. A step reads the next rows and, while it waits for them, multiplies by the last ones.

use super::{
    Factor, Mat, MatMut, Real, gemm_single_on, gemm_widening_on,
    matvec::{self, Along},
    mixed::Stored,
    view::View,
};
use crate::elementwise::{narrow, widen};
use crate::isa::Isa;

/// `y = next x` and `z = last^T g`: the bits of the two products, each for itself.
///
/// ```
/// use pyroxene_kernels::linalg::{Factor, Mat, Sweep};
/// let rows = Mat::row_major(&[1.0, 2.0, 3.0, 4.0], 2, 2);
/// let (mut y, mut z) = ([0.0; 2], [0.0; 2]);
/// let x = Mat::row_major(&[1.0, 0.5], 2, 1);
/// Sweep { next: Factor::F64(rows), x, y: &mut y, last: Factor::F64(rows), g: &[1.0, 10.0], z: &mut z }.widening();
/// assert_eq!((y, z), ([2.0, 5.0], [31.0, 42.0]));
/// ```
#[derive(Debug)]
pub struct Sweep<'a> {
    /// The rows to come.
    pub next: Factor<'a>,
    /// A vector.
    pub x: Mat<'a, f64>,
    /// A number for each of the rows to come.
    pub y: &'a mut [f64],
    /// The rows before them.
    pub last: Factor<'a>,
    /// A number for each of those.
    pub g: &'a [f64],
    /// A number for each column.
    pub z: &'a mut [f64],
}

impl Sweep<'_> {
    /// The products in f64, as by [`gemm_widening`](super::gemm_widening).
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn widening(self) {
        self.widening_on(Isa::detect());
    }

    /// [`widening`](Sweep::widening) on a given instruction set.
    ///
    /// # Panics
    /// As there, or if the machine lacks the instruction set.
    #[track_caller]
    pub fn widening_on(self, isa: Isa) {
        self.check();
        let Sweep { next, x, y, last, g, z } = self;
        let done = match (next, last, contiguous(x)) {
            (Factor::F64(next), Factor::F64(last), Some(x)) => together::<f64, f64>(isa, next, x, y, last, g, z),
            (Factor::F32(next), Factor::F32(last), Some(x)) => together::<f32, f64>(isa, next, x, y, last, g, z),
            _ => false,
        };
        if !done {
            gemm_widening_on(isa, next, Factor::F64(x), MatMut::new(y, y.len(), 1, 1));
            gemm_widening_on(isa, last.t(), vector(g), MatMut::new(z, z.len(), 1, 1));
        }
    }

    /// The products in f32, as by [`gemm_single`](super::gemm_single). The room takes as many numbers as all vectors and those
    /// rows that are stored in f64 have.
    ///
    /// # Panics
    /// If the shapes do not fit, or the room is too small.
    #[track_caller]
    pub fn single(self, room: &mut [f32]) {
        self.single_on(Isa::detect(), room);
    }

    /// [`single`](Sweep::single) on a given instruction set.
    ///
    /// # Panics
    /// As there, or if the machine lacks the instruction set.
    #[track_caller]
    pub fn single_on(self, isa: Isa, room: &mut [f32]) {
        self.check();
        let Sweep { next, x, y, last, g, z } = self;
        if let (Factor::F32(next), Factor::F32(last), Some(x)) = (next, last, contiguous(x)) {
            let (x_single, room) = room.split_at_mut(x.len());
            let (g_single, room) = room.split_at_mut(g.len());
            let (y_single, room) = room.split_at_mut(y.len());
            let z_single = &mut room[..z.len()];
            narrow(isa, x, x_single);
            narrow(isa, g, g_single);
            if together::<f32, f32>(isa, next, x_single, y_single, last, g_single, z_single) {
                widen(isa, y_single, y);
                return widen(isa, z_single, z);
            }
        }
        gemm_single_on(isa, next, Factor::F64(x), MatMut::new(y, y.len(), 1, 1), room);
        gemm_single_on(isa, last.t(), vector(g), MatMut::new(z, z.len(), 1, 1), room);
    }

    #[track_caller]
    fn check(&self) {
        let [(rows, columns), (last_rows, last_columns)] = [self.next.shape(), self.last.shape()];
        let lens = [self.x.rows, self.y.len(), self.g.len(), self.z.len()];
        let fits = lens == [columns, rows, last_rows, columns] && last_columns == columns && self.x.cols == 1;
        assert!(
            fits,
            "sweep: [{rows}, {columns}] and [{last_rows}, {last_columns}] with x, y, g and z of lengths {lens:?}"
        );
    }
}

/// The numbers of a column, if they lie side by side.
fn contiguous(x: Mat<'_, f64>) -> Option<&[f64]> {
    (x.row_stride == 1 || x.rows == 1).then(|| &x.data[..x.rows])
}

fn vector(g: &[f64]) -> Factor<'_> {
    Factor::F64(Mat::new(g, g.len(), 1, 1, 1))
}

/// Computes both products if they can be computed together. The lengths fit.
fn together<A: Stored<T>, T: Real>(
    isa: Isa,
    next: Mat<A>,
    x: &[T],
    y: &mut [T],
    last: Mat<A>,
    g: &[T],
    z: &mut [T],
) -> bool {
    let (next, last) = (View::of(next), View::of(last));
    let by_rows = [&next, &last].into_iter().all(|view| Along::of(view) == Some(Along::Rows));
    if !by_rows || !matvec::fits_both::<A, T>(&next, &last) {
        return false;
    }
    // SAFETY: matrices were checked to lie in their slices, the lengths fit, and y and z are borrowed mutably.
    unsafe { matvec::both(isa, (next, x.as_ptr(), y.as_mut_ptr()), (last.t(), g.as_ptr(), z.as_mut_ptr())) };
    true
}
