//! Batches of small matrices, a whole batch in one call: for orders up to [`SMALL`] a call for each would cost more than the
//! arithmetic.

use super::{Real, batch::parts, cholesky::root};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

/// The largest order of these kernels.
pub const SMALL: usize = 4;

/// Solves `A x = b` in place for each of the matrices A of order n, at most [`SMALL`], which stand one after the other in `a`, and
/// the right sides `[n, columns]` in `b`, by elimination with partial pivoting. The solution with a singular A is NaN; of those
/// the first: its place, and the pivot that is zero, infinite or NaN.
///
/// # Panics
/// If the slices do not hold equally many matrices, or the order is 0 or too large.
///
/// ```
/// use pyroxene_kernels::linalg::solve_small;
/// let mut b = [4.0f64, 3.0, 1.0, 1.0];
/// assert_eq!(solve_small(&[0.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0, 4.0], 2, &mut b, 1), Some((1, 1)));
/// assert_eq!(b[..2], [1.0, 2.0]);
/// assert!(b[2..].iter().all(|x| x.is_nan()));
/// ```
#[track_caller]
pub fn solve_small<T: Real>(a: &[T], n: usize, b: &mut [T], columns: usize) -> Option<(usize, usize)> {
    solve_small_on(Isa::detect(), a, n, b, columns)
}

/// [`solve_small`] on a given instruction set.
///
/// # Panics
/// As [`solve_small`], and if the machine lacks the instruction set.
#[track_caller]
pub fn solve_small_on<T: Real>(isa: Isa, a: &[T], n: usize, b: &mut [T], columns: usize) -> Option<(usize, usize)> {
    T::solve_small(isa, a, n, b, columns)
}

/// The lower Cholesky factors of the symmetric positive definite matrices of order n, at most [`SMALL`], which stand one after the
/// other in `a`, in place: to the bit what [`cholesky`](super::cholesky) gives. The factor of a matrix that is not positive
/// definite is NaN; of those the first: its place, and the pivot.
///
/// # Panics
/// If the slice does not hold whole matrices, or the order is 0 or too large.
///
/// ```
/// use pyroxene_kernels::linalg::cholesky_small;
/// let mut a = [4.0, 2.0, 2.0, 10.0, 9.0, 0.0, 0.0, 1.0];
/// assert_eq!(cholesky_small(&mut a, 2), None);
/// assert_eq!(a, [2.0, 0.0, 1.0, 3.0, 3.0, 0.0, 0.0, 1.0]);
/// ```
#[track_caller]
pub fn cholesky_small<T: Real>(a: &mut [T], n: usize) -> Option<(usize, usize)> {
    cholesky_small_on(Isa::detect(), a, n)
}

/// [`cholesky_small`] on a given instruction set.
///
/// # Panics
/// As [`cholesky_small`], and if the machine lacks the instruction set.
#[track_caller]
pub fn cholesky_small_on<T: Real>(isa: Isa, a: &mut [T], n: usize) -> Option<(usize, usize)> {
    T::cholesky_small(isa, a, n)
}

/// [`solve_small_on`], generic.
#[track_caller]
pub(super) fn checked_solve<T: Real>(
    isa: Isa,
    a: &[T],
    n: usize,
    b: &mut [T],
    columns: usize,
) -> Option<(usize, usize)> {
    assert!((1..=SMALL).contains(&n), "solve_small: the order is {n}");
    let count = a.len() / (n * n);
    assert_eq!(a.len(), count * n * n, "solve_small: matrices of order {n}");
    assert_eq!(b.len(), count * n * columns, "solve_small: {count} right sides of shape [{n}, {columns}]");
    if columns == 0 {
        return None;
    }
    let parts = parts(count, n * n * (n + columns));
    cut(parts, 0, (a, n * n), (b, n * columns), &|a, b| isa.run(Solve { a, n, b, columns }))
}

/// [`cholesky_small_on`], generic.
#[track_caller]
pub(super) fn checked_cholesky<T: Real>(isa: Isa, a: &mut [T], n: usize) -> Option<(usize, usize)> {
    assert!((1..=SMALL).contains(&n), "cholesky_small: the order is {n}");
    assert!(a.len().is_multiple_of(n * n), "cholesky_small: matrices of order {n}");
    let parts = parts(a.len() / (n * n), n * n * n);
    cut(parts, 0, (&[], 0), (a, n * n), &|_, a| isa.run(Cholesky { a, n }))
}

/// Cuts a batch into parts, each side by the size of its matrices.
fn cut<T: Real>(
    parts: usize,
    start: usize,
    (a, a_size): (&[T], usize),
    (b, b_size): (&mut [T], usize),
    f: &(impl Fn(&[T], &mut [T]) -> Option<(usize, usize)> + Sync),
) -> Option<(usize, usize)> {
    if parts < 2 {
        return f(a, b).map(|(k, pivot)| (start + k, pivot));
    }
    let left = parts / 2;
    let half = b.len() / b_size * left / parts;
    let (a_first, a_rest) = a.split_at(half * a_size);
    let (b_first, b_rest) = b.split_at_mut(half * b_size);
    let (first, other) = rayon::join(
        || cut(left, start, (a_first, a_size), (b_first, b_size), f),
        || cut(parts - left, start + half, (a_rest, a_size), (b_rest, b_size), f),
    );
    first.or(other)
}

struct Solve<'a, T> {
    a: &'a [T],
    n: usize,
    b: &'a mut [T],
    columns: usize,
}

impl<T: Real> Kernel for Solve<'_, T> {
    type Output = Option<(usize, usize)>;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> Self::Output {
        let Solve { a, n, b, columns } = self;
        match n {
            1 => solve_all::<T, 1>(a, b, columns),
            2 => solve_all::<T, 2>(a, b, columns),
            3 => solve_all::<T, 3>(a, b, columns),
            _ => solve_all::<T, 4>(a, b, columns),
        }
    }
}

#[inline(always)]
fn solve_all<T: Real, const N: usize>(a: &[T], b: &mut [T], columns: usize) -> Option<(usize, usize)> {
    let mut first = None;
    for (k, (a, b)) in a.chunks_exact(N * N).zip(b.chunks_exact_mut(N * columns)).enumerate() {
        if let Err(pivot) = solve_one::<T, N>(a, b, columns) {
            b.fill(T::NAN);
            first.get_or_insert((k, pivot));
        }
    }
    first
}

#[inline(always)]
fn solve_one<T: Real, const N: usize>(a: &[T], b: &mut [T], columns: usize) -> Result<(), usize> {
    let mut m = [[T::ZERO; N]; N];
    m.iter_mut().zip(a.chunks_exact(N)).for_each(|(m, a)| m.copy_from_slice(a));
    for k in 0..N {
        let mut best = k;
        for i in k + 1..N {
            let (other, size) = (m[i][k].abs(), m[best][k].abs());
            // The first NaN wins, so that it shows.
            if other > size || other.is_nan() && !size.is_nan() {
                best = i;
            }
        }
        let pivot = m[best][k];
        if pivot == T::ZERO || !pivot.is_finite() {
            return Err(k);
        }
        if best != k {
            m.swap(k, best);
            (0..columns).for_each(|c| b.swap(k * columns + c, best * columns + c));
        }
        for i in k + 1..N {
            let factor = -(m[i][k] / pivot);
            for j in k + 1..N {
                m[i][j] = factor.mul_add(m[k][j], m[i][j]);
            }
            for c in 0..columns {
                b[i * columns + c] = factor.mul_add(b[k * columns + c], b[i * columns + c]);
            }
        }
    }
    for c in 0..columns {
        for i in (0..N).rev() {
            let mut sum = b[i * columns + c];
            for j in i + 1..N {
                sum = (-m[i][j]).mul_add(b[j * columns + c], sum);
            }
            b[i * columns + c] = sum / m[i][i];
        }
    }
    Ok(())
}

struct Cholesky<'a, T> {
    a: &'a mut [T],
    n: usize,
}

impl<T: Real> Kernel for Cholesky<'_, T> {
    type Output = Option<(usize, usize)>;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> Self::Output {
        let Cholesky { a, n } = self;
        match n {
            1 => cholesky_all::<T, 1>(a),
            2 => cholesky_all::<T, 2>(a),
            3 => cholesky_all::<T, 3>(a),
            _ => cholesky_all::<T, 4>(a),
        }
    }
}

#[inline(always)]
fn cholesky_all<T: Real, const N: usize>(a: &mut [T]) -> Option<(usize, usize)> {
    let mut first = None;
    for (k, a) in a.chunks_exact_mut(N * N).enumerate() {
        if let Err(pivot) = cholesky_one::<T, N>(a) {
            a.fill(T::NAN);
            first.get_or_insert((k, pivot));
        }
    }
    first
}

#[inline(always)]
fn cholesky_one<T: Real, const N: usize>(a: &mut [T]) -> Result<(), usize> {
    let mut l = [[T::ZERO; N]; N];
    for j in 0..N {
        let mut column = [T::ZERO; N];
        for i in j..N {
            column[i] = a[i * N + j];
            for k in 0..j {
                column[i] = (-l[j][k]).mul_add(l[i][k], column[i]);
            }
        }
        let pivot = column[j];
        if !(pivot > T::ZERO && pivot.is_finite()) {
            return Err(j);
        }
        let (root, inverse) = root(pivot);
        l[j][j] = root;
        for i in j + 1..N {
            l[i][j] = column[i] * inverse;
        }
    }
    a.chunks_exact_mut(N).zip(&l).for_each(|(a, l)| a.copy_from_slice(l));
    Ok(())
}
