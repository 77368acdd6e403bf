//! Cholesky factors: recursion on halves, so that nearly all the work is matrix products (F. G. Gustavson, "Recursion
//! leads to automatic variable blocking for dense linear-algebra algorithms", IBM J. Res. Dev. 41, 1997).

use super::{
    Real, gemm,
    scratch::Local,
    tile::store,
    triangular::{Factor, solve_right_transposed, split},
    view::{Update, View, turn},
};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

/// Order up to which a symmetric update computes the whole square.
const SQUARE: usize = 64;
/// Order at which the recursion stops. Part of the result's definition.
const ORDER: usize = 64;

/// The lower Cholesky factor of the symmetric positive definite row-major `a`, in place: only the lower triangle is
/// read, the upper one is zeroed. `Err(pivot)` names the first row whose pivot is not positive and finite; `a` is then
/// unspecified. A NaN or an infinity in the lower triangle is always found.
///
/// # Panics
/// If `a` does not have n * n elements.
///
/// ```
/// use pyroxene_kernels::linalg::cholesky;
/// let mut a = [4.0, 2.0, 2.0, 10.0];
/// assert_eq!(cholesky(&mut a, 2), Ok(()));
/// assert_eq!(a, [2.0, 0.0, 1.0, 3.0]);
/// assert_eq!(cholesky(&mut [1.0, 2.0, 2.0, 1.0], 2), Err(1));
/// ```
#[track_caller]
pub fn cholesky<T: Real>(a: &mut [T], n: usize) -> Result<(), usize> {
    cholesky_on(Isa::detect(), a, n)
}

/// [`cholesky`] on a given instruction set.
///
/// # Panics
/// If `a` does not have n * n elements, or the machine lacks the instruction set.
#[track_caller]
pub fn cholesky_on<T: Real>(isa: Isa, a: &mut [T], n: usize) -> Result<(), usize> {
    T::cholesky(isa, a, n)
}

/// [`cholesky_on`], generic.
#[track_caller]
pub(super) fn checked<T: Real>(isa: Isa, a: &mut [T], n: usize) -> Result<(), usize> {
    assert_eq!(a.len(), n * n, "cholesky: {n} x {n} elements");
    let a = View::new(a.as_mut_ptr(), n, n, n, 1);
    // SAFETY: the view is the whole slice, which is borrowed mutably.
    unsafe { factor(isa, a)? };
    isa.run(ClearAbove(a));
    Ok(())
}

/// Factors the lower triangle; the upper one is left with anything.
///
/// # Safety
/// a is used by nobody else; its rows are contiguous.
unsafe fn factor<T: Real>(isa: Isa, a: View<T>) -> Result<(), usize> {
    let n = a.rows;
    if n <= ORDER {
        return isa.run(Base(a));
    }
    let half = split(n);
    let rest = n - half;
    let (first, below) = (a.part(0, 0, half, half), a.part(half, 0, rest, half));
    let last = a.part(half, half, rest, rest);
    // SAFETY: the three parts are disjoint.
    unsafe {
        factor(isa, first)?;
        solve_right_transposed(isa, Factor { l: first, forward: true, unit: false }, below);
        subtract_square(isa, below, last);
        factor(isa, last).map_err(|pivot| half + pivot)
    }
}

/// Subtracts x x^T from the lower triangle of a; elements above the diagonal may change too.
///
/// # Safety
/// a is used by nobody else, and x may be read; they are disjoint.
unsafe fn subtract_square<T: Real>(isa: Isa, x: View<T>, a: View<T>) {
    let (n, k) = (a.rows, x.cols);
    // SAFETY: the parts of a are disjoint.
    unsafe {
        if n <= SQUARE {
            gemm::product(isa, x, x.t(), a, Update::Subtract);
            return;
        }
        let half = split(n);
        let rest = n - half;
        let (top, bottom) = (x.part(0, 0, half, k), x.part(half, 0, rest, k));
        let corners = || subtract_square(isa, top, a.part(0, 0, half, half));
        let other = || {
            gemm::product(isa, bottom, top.t(), a.part(half, 0, rest, half), Update::Subtract);
            subtract_square(isa, bottom, a.part(half, half, rest, rest));
        };
        if n * n * k >= 1 << 23 {
            rayon::join(corners, other);
        } else {
            corners();
            other();
        }
    }
}

/// A small order, on the transpose U = L^T: each element is a chain of fused multiply-adds over the rows above it, with
/// ascending rows, times the reciprocal of the root of the pivot. A row is subtracted from those below as soon as it is done,
/// so that only the pivots wait for each other.
struct Base<T>(View<T>);

impl<T: Real> Kernel for Base<T> {
    type Output = Result<(), usize>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Result<(), usize> {
        let Base(a) = self;
        let n = a.rows;
        let width = n.next_multiple_of(T::LANES);
        let mut room = Local::<T, { ORDER * ORDER }>::new();
        let u = Upper { data: room.as_mut_ptr(), n, width };
        let mut roots = [T::ZERO; ORDER];
        // SAFETY: there is room for n <= ORDER rows of width <= ORDER elements. All vectors of these rows from that with the
        // diagonal on are written before they are read: the tiles fill n columns, and the loop those after them.
        unsafe {
            for first in (0..n).step_by(T::LANES) {
                let columns = T::LANES.min(n - first);
                let (from, to) =
                    (a.part(first, first, n - first, columns), u.view().part(first, first, columns, n - first));
                turn(s, from, to);
            }
            for j in 0..n {
                for i in n..width {
                    *u.at(j, i) = T::ZERO;
                }
            }
            let mut j = 0;
            while j + ROWS <= n {
                u.rows::<S, ROWS>(s, j, &mut roots)?;
                j += ROWS;
            }
            while j < n {
                u.rows::<S, 1>(s, j, &mut roots)?;
                j += 1;
            }
            for first in (0..n).step_by(T::LANES) {
                let rows = T::LANES.min(n - first);
                let (from, to) = (u.view().part(first, first, rows, n - first), a.part(first, first, n - first, rows));
                turn(s, from, to);
            }
            for j in 0..n {
                *a.at(j, j) = roots[j];
            }
        }
        Ok(())
    }
}

/// Rows that are eliminated together: as many fused multiply-adds between a load and a store.
const ROWS: usize = 4;

/// The rows of U, of whole vectors. What is before the diagonal means nothing, and the diagonal is kept apart: a number that is
/// written into a vector would delay the next reading of that vector.
#[derive(Clone, Copy)]
struct Upper<T> {
    data: *mut T,
    n: usize,
    width: usize,
}

impl<T: Real> Upper<T> {
    fn view(self) -> View<T> {
        View::new(self.data, self.n, self.n, self.width, 1)
    }

    #[inline(always)]
    fn at(self, i: usize, j: usize) -> *mut T {
        self.data.wrapping_add(i * self.width + j)
    }

    /// Finishes M rows from row `first` on, and subtracts what they contribute to those below.
    ///
    /// # Safety
    /// The rows before it are done; all vectors from the diagonal on have values.
    #[inline(always)]
    unsafe fn rows<S: Simd, const M: usize>(self, s: S, first: usize, roots: &mut [T; ORDER]) -> Result<(), usize> {
        let after = first + M;
        // SAFETY: rows first..after exist, as do the vectors of all rows from the diagonal on.
        unsafe {
            for j in first..after {
                let pivot = *self.at(j, j);
                if !(pivot > T::ZERO && pivot.is_finite()) {
                    return Err(j);
                }
                let (root, inverse) = root(pivot);
                roots[j] = root;
                let inverse = T::splat(s, inverse);
                for i in (j / T::LANES * T::LANES..self.width).step_by(T::LANES) {
                    T::store(s, self.at(j, i), T::times(s, T::load(s, self.at(j, i)), inverse));
                }
                for i in j + 1..after {
                    self.subtract::<S, 1>(s, j, i);
                }
            }
            for i in after..self.n {
                self.subtract::<S, M>(s, first, i);
            }
        }
        Ok(())
    }

    /// Subtracts the contribution of M rows, from row `first` on, to row i.
    ///
    /// # Safety
    /// Those rows are done; all vectors of row i from the diagonal on have values.
    #[inline(always)]
    unsafe fn subtract<S: Simd, const M: usize>(self, s: S, first: usize, i: usize) {
        // SAFETY: as the caller promises; i is after those rows, so that their vectors have values where row i has.
        unsafe {
            let mut factors = [T::splat(s, T::ZERO); M];
            for k in 0..M {
                factors[k] = T::splat(s, -*self.at(first + k, i));
            }
            for j in (i / T::LANES * T::LANES..self.width).step_by(T::LANES) {
                let mut sum = T::load(s, self.at(i, j));
                for k in 0..M {
                    sum = T::fma(s, factors[k], T::load(s, self.at(first + k, j)), sum);
                }
                T::store(s, self.at(i, j), sum);
            }
        }
    }
}

/// The root of a positive finite number, and its reciprocal. A root and a division at the same time take less than one after
/// the other.
#[inline(always)]
pub(super) fn root<T: Real>(x: T) -> (T, T) {
    let (root, inverse) = (x.sqrt(), T::ONE / x);
    (root, if x.is_normal() && inverse.is_normal() { root * inverse } else { T::ONE / root })
}

/// Zeroes what is above the diagonal.
struct ClearAbove<T>(View<T>);

impl<T: Real> Kernel for ClearAbove<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let ClearAbove(a) = self;
        for i in 0..a.rows {
            for j in (i + 1..a.cols).step_by(T::LANES) {
                // SAFETY: whoever makes one promises that the rows can be written, and are contiguous.
                unsafe { store(s, a.at(i, j), T::LANES.min(a.cols - j), T::splat(s, T::ZERO), Update::Set) };
            }
        }
    }
}
