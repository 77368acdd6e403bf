//! LU factors with partial pivoting: recursion on halves of the columns, so that nearly all the work is matrix products
//! (S. Toledo, "Locality of reference in LU decomposition with partial pivoting", SIAM J. Matrix Anal. Appl. 18, 1997).

use super::{
    Real, gemm,
    matvec::matvec,
    triangular::{Factor, solve_left},
    view::{Update, View},
};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

/// The LU factorisation with partial pivoting of the row-major `a`, in place: `P a = L U`, where U is the upper triangle of the
/// result and L the part below its diagonal, with ones on the diagonal. Step k exchanged row k with row `pivots[k]`,
/// the first of those with the largest element in column k.
///
/// `Err(k)` names the first pivot that is zero, infinite or NaN. The factorisation is complete all the same: a zero pivot
/// has nothing but zeros below it.
///
/// # Panics
/// If `a` does not have n * n elements or `pivots` not n.
///
/// ```
/// use pyroxene_kernels::linalg::lu;
/// let (mut a, mut pivots) = ([1.0, 2.0, 2.0, 3.0], [0; 2]);
/// assert_eq!(lu(&mut a, 2, &mut pivots), Ok(()));
/// assert_eq!((a, pivots), ([2.0, 3.0, 0.5, 0.5], [1, 1]));
/// assert_eq!(lu(&mut [1.0, 2.0, 2.0, 4.0], 2, &mut pivots), Err(1));
/// ```
#[track_caller]
pub fn lu<T: Real>(a: &mut [T], n: usize, pivots: &mut [usize]) -> Result<(), usize> {
    lu_on(Isa::detect(), a, n, pivots)
}

/// [`lu`] on a given instruction set.
///
/// # Panics
/// If a slice does not have the length that its shape says, or the machine lacks the instruction set.
#[track_caller]
pub fn lu_on<T: Real>(isa: Isa, a: &mut [T], n: usize, pivots: &mut [usize]) -> Result<(), usize> {
    T::lu(isa, a, n, pivots)
}

/// Solves `A x = b`, or `A^T x = b` if `transpose`, in place for the row-major `b` of shape `[n, columns]`, from what [`lu`]
/// made of A. A singular A gives infinities or NaN.
///
/// # Panics
/// If a slice does not have the length that its shape says.
///
/// ```
/// use pyroxene_kernels::linalg::{lu, lu_solve};
/// let (mut a, mut pivots, mut b) = ([1.0, 2.0, 2.0, 3.0], [0; 2], [5.0, 8.0]);
/// lu(&mut a, 2, &mut pivots).unwrap();
/// lu_solve(&a, &pivots, false, &mut b, 1);
/// assert_eq!(b, [1.0, 2.0]);
/// ```
#[track_caller]
pub fn lu_solve<T: Real>(lu: &[T], pivots: &[usize], transpose: bool, b: &mut [T], columns: usize) {
    lu_solve_on(Isa::detect(), lu, pivots, transpose, b, columns);
}

/// [`lu_solve`] on a given instruction set.
///
/// # Panics
/// If a slice does not have the length that its shape says, or the machine lacks the instruction set.
#[track_caller]
pub fn lu_solve_on<T: Real>(isa: Isa, lu: &[T], pivots: &[usize], transpose: bool, b: &mut [T], columns: usize) {
    T::lu_solve(isa, lu, pivots, transpose, b, columns);
}

/// The exchanges of rows that [`lu`] made as a permutation: row i of L U is row `rows[i]` of the matrix.
///
/// ```
/// use pyroxene_kernels::linalg::lu_permutation;
/// let mut rows = [0; 3];
/// lu_permutation(&[2, 2, 2], &mut rows);
/// assert_eq!(rows, [2, 0, 1]);
/// ```
pub fn lu_permutation(pivots: &[usize], rows: &mut [usize]) {
    rows.iter_mut().enumerate().for_each(|(i, row)| *row = i);
    for (k, &pivot) in pivots.iter().enumerate() {
        rows.swap(k, pivot);
    }
}

/// The determinant, from what [`lu`] made of the matrix. It overflows and vanishes only if its value does.
///
/// ```
/// use pyroxene_kernels::linalg::{lu, lu_determinant};
/// let (mut a, mut pivots) = ([0.0, 2.0, 3.0, 0.0], [0; 2]);
/// lu(&mut a, 2, &mut pivots).unwrap();
/// assert_eq!(lu_determinant(&a, &pivots), -6.0);
/// ```
pub fn lu_determinant<T: Real + Into<f64>>(lu: &[T], pivots: &[usize]) -> f64 {
    let (sign, mantissa, exponent) = determinant(lu, pivots);
    // In three steps, each of which a number can take, and the last of which rounds.
    let step = exponent.clamp(-2200, 2200) / 3;
    let power = |e: i64| 2f64.powi(e as i32);
    sign * mantissa * power(step) * power(step) * power(exponent.clamp(-2200, 2200) - 2 * step)
}

/// The sign of the determinant and the logarithm of its magnitude, from what [`lu`] made of the matrix: 1 or -1, 0 with -inf
/// for a singular matrix, NaN where the factors are.
///
/// ```
/// use pyroxene_kernels::linalg::{lu, lu_log_determinant};
/// let (mut a, mut pivots) = ([0.0, 2.0, 3.0, 0.0], [0; 2]);
/// lu(&mut a, 2, &mut pivots).unwrap();
/// assert_eq!(lu_log_determinant(&a, &pivots), (-1.0, 6f64.ln()));
/// ```
pub fn lu_log_determinant<T: Real + Into<f64>>(lu: &[T], pivots: &[usize]) -> (f64, f64) {
    let (sign, mantissa, exponent) = determinant(lu, pivots);
    match exponent {
        // One logarithm, so that that of a determinant near one keeps its digits.
        -1000..=1000 => (sign, (mantissa * 2f64.powi(exponent as i32)).ln()),
        _ => (sign, mantissa.ln() + exponent as f64 * std::f64::consts::LN_2),
    }
}

/// The first pivot that is zero, infinite or NaN, in what [`lu`] made of a matrix of order n.
pub fn lu_failure<T: Real>(lu: &[T], n: usize) -> Option<usize> {
    (0..n).find(|&k| lu[k * n + k] == T::ZERO || !lu[k * n + k].is_finite())
}

/// The determinant as `sign * mantissa * 2^exponent`: a sign of 1, -1, 0 or NaN, a mantissa in [1/2, 1) (0 for a singular
/// matrix, infinite or NaN where the factors are), and an exponent.
pub(super) fn determinant<T: Real + Into<f64>>(lu: &[T], pivots: &[usize]) -> (f64, f64, i64) {
    let n = pivots.len();
    let (mut sign, mut mantissa, mut exponent) = (1.0, 1.0, 0);
    for (k, &pivot) in pivots.iter().enumerate() {
        let value: f64 = lu[k * n + k].into();
        let flip = (pivot != k) != (value < 0.0);
        sign = if flip { -sign } else { sign };
        let (part, power) = split_power(value.abs());
        let (product, carry) = split_power(mantissa * part);
        mantissa = product;
        exponent += power + carry;
    }
    match mantissa {
        0.0 => (0.0, 0.0, 0),
        m if m.is_nan() => (f64::NAN, f64::NAN, 0),
        1.0 => (sign, 0.5, exponent + 1),
        m => (sign, m, exponent),
    }
}

/// A non-negative number as a mantissa in [1/2, 1) and a power of two; zero, infinity and NaN as themselves.
fn split_power(x: f64) -> (f64, i64) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let (scaled, shift) = if x < f64::MIN_POSITIVE { (x * 2f64.powi(54), 54) } else { (x, 0) };
    let bits = scaled.to_bits();
    let power = (bits >> 52) as i64 - 1022 - shift;
    (f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 1022 << 52), power)
}

/// [`lu_on`], generic.
#[track_caller]
pub(super) fn checked<T: Real>(isa: Isa, a: &mut [T], n: usize, pivots: &mut [usize]) -> Result<(), usize> {
    assert_eq!(a.len(), n * n, "lu: {n} x {n} elements");
    assert_eq!(pivots.len(), n, "lu: {n} pivots");
    // SAFETY: the view is the whole slice, which is borrowed mutably.
    unsafe { factor(isa, View::new(a.as_mut_ptr(), n, n, n, 1), pivots) };
    match lu_failure(a, n) {
        None => Ok(()),
        Some(k) => Err(k),
    }
}

/// [`lu_solve_on`], generic.
#[track_caller]
pub(super) fn checked_solve<T: Real>(
    isa: Isa,
    lu: &[T],
    pivots: &[usize],
    transpose: bool,
    b: &mut [T],
    columns: usize,
) {
    let n = pivots.len();
    assert_eq!(lu.len(), n * n, "lu_solve: factors of {n} x {n} elements");
    assert_eq!(b.len(), n * columns, "lu_solve: a right-hand side of shape [{n}, {columns}]");
    let lu = View::new(lu.as_ptr().cast_mut(), n, n, n, 1);
    let view = View::new(b.as_mut_ptr(), n, columns, columns, 1);
    let lower = |l| Factor { l, forward: !transpose, unit: true };
    let upper = |l| Factor { l, forward: transpose, unit: false };
    // SAFETY: the views lie in their slices, and b is borrowed mutably.
    unsafe {
        if transpose {
            solve_left(isa, upper(lu.t()), view);
            solve_left(isa, lower(lu.t()), view);
            for (k, &pivot) in pivots.iter().enumerate().rev() {
                swap_rows(view, k, pivot);
            }
        } else {
            for (k, &pivot) in pivots.iter().enumerate() {
                swap_rows(view, k, pivot);
            }
            solve_left(isa, lower(lu), view);
            solve_left(isa, upper(lu), view);
        }
    }
}

/// Factors a with at least as many rows as columns; pivots count from its first row.
///
/// # Safety
/// a is used by nobody else; its rows are contiguous.
unsafe fn factor<T: Real>(isa: Isa, a: View<T>, pivots: &mut [usize]) {
    let (m, n) = (a.rows, a.cols);
    if n <= T::LANES {
        isa.run(Panel { a, pivots });
        return;
    }
    let half = (n / 2).next_multiple_of(T::LANES);
    let rest = n - half;
    let (left, right) = (a.part(0, 0, m, half), a.part(0, half, m, rest));
    let (top, bottom) = (right.part(0, 0, half, rest), right.part(half, 0, m - half, rest));
    let (first, second) = pivots.split_at_mut(half);
    // SAFETY: the parts that are written are disjoint from those that are read at the same time.
    unsafe {
        factor(isa, left, first);
        for (k, &pivot) in first.iter().enumerate() {
            swap_rows(right, k, pivot);
        }
        let square = left.part(0, 0, half, half);
        solve_left(isa, Factor { l: square, forward: true, unit: true }, top);
        let below = left.part(half, 0, m - half, half);
        if rest == 1 {
            matvec(isa, below, top, bottom, Update::Subtract);
        } else {
            gemm::product(isa, below, top, bottom, Update::Subtract);
        }
        factor(isa, bottom, second);
        for (k, pivot) in second.iter_mut().enumerate() {
            swap_rows(left, half + k, half + *pivot);
            *pivot += half;
        }
    }
}

/// # Safety
/// a is used by nobody else; its rows are contiguous; it has both rows.
unsafe fn swap_rows<T: Real>(a: View<T>, i: usize, j: usize) {
    debug_assert!(i < a.rows && j < a.rows);
    if i != j {
        // SAFETY: two rows of a.
        unsafe { std::ptr::swap_nonoverlapping(a.at(i, 0), a.at(j, 0), a.cols) };
    }
}

/// At most a vector of columns, eliminated one after the other.
struct Panel<'a, T> {
    a: View<T>,
    pivots: &'a mut [usize],
}

impl<T: Real> Kernel for Panel<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Panel { a, pivots } = self;
        let (m, n) = (a.rows, a.cols);
        for k in 0..n {
            // SAFETY: rows are below m and columns below n <= LANES.
            unsafe {
                let mut best = k;
                let mut size = (*a.at(k, k)).abs();
                for i in k + 1..m {
                    let other = (*a.at(i, k)).abs();
                    // The first NaN wins, so that it shows.
                    if other > size || other.is_nan() && !size.is_nan() {
                        (best, size) = (i, other);
                    }
                }
                pivots[k] = best;
                swap_rows(a, k, best);
                let pivot = *a.at(k, k);
                if pivot == T::ZERO {
                    // All of the column is zero, and so are the factors.
                    continue;
                }
                let tail = n - k - 1;
                let row = T::load_partial(s, a.at(k, k).wrapping_add(1), tail);
                for i in k + 1..m {
                    let factor = *a.at(i, k) / pivot;
                    *a.at(i, k) = factor;
                    let p = a.at(i, k).wrapping_add(1);
                    T::store_partial(s, p, tail, T::fma(s, T::splat(s, -factor), row, T::load_partial(s, p, tail)));
                }
            }
        }
    }
}
