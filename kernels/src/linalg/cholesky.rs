//! Cholesky factors: recursion on halves, so that nearly all the work is matrix products (F. G. Gustavson, "Recursion
//! leads to automatic variable blocking for dense linear-algebra algorithms", IBM J. Res. Dev. 41, 1997).

use super::{
    Real, gemm,
    triangular::{BASE, Factor, solve_right_transposed, split},
    view::{Update, View},
};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;
use std::mem::MaybeUninit;

/// Order up to which a symmetric update computes the whole square.
const SQUARE: usize = 64;

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
    // SAFETY: the view is the whole slice, which is borrowed mutably.
    unsafe { factor(isa, View::new(a.as_mut_ptr(), n, n, n, 1))? };
    for i in 0..n {
        a[i * n + i + 1..(i + 1) * n].fill(T::ZERO);
    }
    Ok(())
}

/// Factors the lower triangle; the upper one is left with anything.
///
/// # Safety
/// a is used by nobody else; its rows are contiguous.
unsafe fn factor<T: Real>(isa: Isa, a: View<T>) -> Result<(), usize> {
    let n = a.rows;
    if n <= BASE {
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

/// A small order, on the transpose U = L^T: row j of U is a chain of fused multiply-adds over the rows above it, divided by
/// the root of its first element.
struct Base<T>(View<T>);

impl<T: Real> Kernel for Base<T> {
    type Output = Result<(), usize>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Result<(), usize> {
        let Base(a) = self;
        let n = a.rows;
        let mut room = [const { MaybeUninit::<T>::uninit() }; BASE * BASE];
        let u: *mut T = room.as_mut_ptr().cast();
        // SAFETY: i, j < n <= BASE. All lanes of the vectors of the first n rows are written.
        unsafe {
            for j in 0..n {
                for i in (0..n.next_multiple_of(T::LANES)).step_by(T::LANES) {
                    T::store(s, u.add(j * BASE + i), T::splat(s, T::ZERO));
                }
            }
            for i in 0..n {
                for j in 0..=i {
                    *u.add(j * BASE + i) = *a.at(i, j);
                }
            }
        }
        for j in 0..n {
            let first = j / T::LANES * T::LANES;
            // SAFETY: the first n rows of u have values in all their vectors.
            unsafe {
                match (n - first).div_ceil(T::LANES) {
                    1 => eliminate::<T, S, 1>(s, u, j, first)?,
                    2 => eliminate::<T, S, 2>(s, u, j, first)?,
                    3 => eliminate::<T, S, 3>(s, u, j, first)?,
                    _ => eliminate::<T, S, 4>(s, u, j, first)?,
                }
            }
        }
        // SAFETY: as above.
        unsafe {
            for i in 0..n {
                for j in 0..=i {
                    *a.at(i, j) = *u.add(j * BASE + i);
                }
            }
        }
        Ok(())
    }
}

/// Row j of U in the V vectors from column `first`.
///
/// # Safety
/// `u` has BASE columns, and values in V vectors from `first` on of rows 0..=j.
#[inline(always)]
unsafe fn eliminate<T: Real, S: Simd, const V: usize>(s: S, u: *mut T, j: usize, first: usize) -> Result<(), usize> {
    debug_assert!(j < BASE && first + V * T::LANES <= BASE);
    let mut sums = [T::splat(s, T::ZERO); V];
    // SAFETY: rows up to j < BASE, columns from `first` to first + V * LANES <= BASE.
    unsafe {
        for v in 0..V {
            sums[v] = T::load(s, u.add(j * BASE + first + v * T::LANES));
        }
        for k in 0..j {
            let factor = T::splat(s, -*u.add(k * BASE + j));
            for v in 0..V {
                sums[v] = T::fma(s, factor, T::load(s, u.add(k * BASE + first + v * T::LANES)), sums[v]);
            }
        }
        for v in 0..V {
            T::store(s, u.add(j * BASE + first + v * T::LANES), sums[v]);
        }
        let pivot = *u.add(j * BASE + j);
        if !(pivot > T::ZERO && pivot.is_finite()) {
            return Err(j);
        }
        let root = T::splat(s, pivot.sqrt());
        for v in 0..V {
            T::store(s, u.add(j * BASE + first + v * T::LANES), T::over(s, sums[v], root));
        }
        *u.add(j * BASE + j) = pivot.sqrt();
    }
    Ok(())
}
