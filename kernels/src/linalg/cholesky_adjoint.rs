//! The reverse sweep of a Cholesky factorisation, blocked (I. Murray, "Differentiation of the Cholesky decomposition",
//! arXiv:1602.07527, 2016, section 4.2), on the halves of the recursive algorithm, so that nearly all the work is matrix
//! products.

use super::{
    Real, gemm,
    scratch::Local,
    substitution::{BASE, Base},
    tile::store,
    triangular::{Factor, solve_right_transposed, split},
    view::{Update, View, transpose, turn},
};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

/// Order up to which half a product is computed whole.
const SQUARE: usize = 64;

/// The derivative with respect to a symmetric matrix A that reaches it through its lower Cholesky factor L: `g` holds the
/// derivative with respect to `l` (whose upper triangle is not read), and then `1/2 L^-T (P + P^T) L^-1`, where P is
/// the lower triangle of `L^T G` with half its diagonal (Murray 2016, equation 8). The result is symmetric. It takes
/// 2/3 n^3 multiply-adds, where two triangular solves and a product would take 2 n^3.
///
/// # Panics
/// If a slice does not have n * n elements.
///
/// ```
/// use pyroxene_kernels::linalg::cholesky_adjoint;
/// // d sqrt(a) / da = 1 / (2 sqrt(a))
/// let mut g = [1.0];
/// cholesky_adjoint(&[4.0], 1, &mut g);
/// assert_eq!(g, [0.125]);
/// ```
#[track_caller]
pub fn cholesky_adjoint<T: Real>(l: &[T], n: usize, g: &mut [T]) {
    cholesky_adjoint_on(Isa::detect(), l, n, g);
}

/// [`cholesky_adjoint`] on a given instruction set.
///
/// # Panics
/// If a slice does not have n * n elements, or the machine lacks the instruction set.
#[track_caller]
pub fn cholesky_adjoint_on<T: Real>(isa: Isa, l: &[T], n: usize, g: &mut [T]) {
    T::cholesky_adjoint(isa, l, n, g);
}

/// [`cholesky_adjoint_on`], generic.
#[track_caller]
pub(super) fn checked<T: Real>(isa: Isa, l: &[T], n: usize, g: &mut [T]) {
    assert_eq!(l.len(), n * n, "cholesky_adjoint: a factor of {n} x {n} elements");
    assert_eq!(g.len(), n * n, "cholesky_adjoint: a derivative of {n} x {n} elements");
    let l = View::new(l.as_ptr().cast_mut(), n, n, n, 1);
    // SAFETY: the views are the whole slices, and g is borrowed mutably.
    unsafe { reverse(isa, l, View::new(g.as_mut_ptr(), n, n, n, 1)) };
    let half = T::ONE / (T::ONE + T::ONE);
    g.iter_mut().for_each(|x| *x = *x * half);
}

/// Turns the lower triangle of g, the derivative by l, into twice the symmetric derivative by the matrix.
///
/// # Safety
/// l may be read; g is used by nobody else, and its rows are contiguous.
unsafe fn reverse<T: Real>(isa: Isa, l: View<T>, g: View<T>) {
    let n = g.rows;
    if n <= BASE {
        isa.run(Small { l, g });
        return;
    }
    let half = split(n);
    let rest = n - half;
    let (l11, l21, l22) = (l.part(0, 0, half, half), l.part(half, 0, rest, half), l.part(half, half, rest, rest));
    let (g11, g21, g22) = (g.part(0, 0, half, half), g.part(half, 0, rest, half), g.part(half, half, rest, rest));
    // The forward steps, L11 of A11, L21 = A21 L11^-T, L22 of A22 - L21 L21^T, backwards.
    // SAFETY: the parts of g are disjoint.
    unsafe {
        reverse(isa, l22, g22);
        gemm::product(isa, g22, l21, g21, Update::Subtract);
        solve_right_transposed(isa, Factor { l: l11.t(), forward: false, unit: false }, g21);
        subtract_lower(isa, g21.t(), l21, g11);
        reverse(isa, l11, g11);
        transpose(isa, g21, g.part(0, half, half, rest));
    }
}

/// Subtracts x y from the lower triangle of a; elements above the diagonal may change too.
///
/// # Safety
/// a is used by nobody else, and x and y may be read; they are disjoint from it.
unsafe fn subtract_lower<T: Real>(isa: Isa, x: View<T>, y: View<T>, a: View<T>) {
    let (n, k) = (a.rows, x.cols);
    // SAFETY: the parts of a are disjoint.
    unsafe {
        if n <= SQUARE {
            gemm::product(isa, x, y, a, Update::Subtract);
            return;
        }
        let half = split(n);
        let rest = n - half;
        let (top, bottom) = (x.part(0, 0, half, k), x.part(half, 0, rest, k));
        let (left, right) = (y.part(0, 0, k, half), y.part(0, half, k, rest));
        let first = || subtract_lower(isa, top, left, a.part(0, 0, half, half));
        let other = || {
            gemm::product(isa, bottom, left, a.part(half, 0, rest, half), Update::Subtract);
            subtract_lower(isa, bottom, right, a.part(half, half, rest, rest));
        };
        if n * n * k >= 1 << 23 {
            rayon::join(first, other);
        } else {
            first();
            other();
        }
    }
}

/// A small order, by the formula: both triangular systems have a symmetric solution.
struct Small<T> {
    l: View<T>,
    g: View<T>,
}

impl<T: Real> Kernel for Small<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Small { l, g } = self;
        let n = g.rows;
        let width = n.next_multiple_of(T::LANES);
        let mut room = Local::<T, { 2 * BASE * BASE }>::new();
        let p = View::new(room.as_mut_ptr(), n, width, width, 1);
        let turned = View { data: p.at(n, 0), ..p };
        // SAFETY: there is room for two matrices of n <= BASE rows and width <= BASE columns. All columns of p are written in the
        // loop over its rows, or before.
        unsafe {
            let tiles = || (0..n).step_by(T::LANES);
            let mut i = 0;
            while i + ROWS <= n {
                product::<T, S, ROWS>(s, l, g, p, i);
                i += ROWS;
            }
            while i < n {
                product::<T, S, 1>(s, l, g, p, i);
                i += 1;
            }
            // Above the diagonal stands what is below it.
            for first in tiles() {
                let size = T::LANES.min(n - first);
                for i in first..first + size {
                    for j in i + 1..first + size {
                        *p.at(i, j) = *p.at(j, i);
                    }
                    for j in n.max(first)..width {
                        *p.at(i, j) = T::ZERO;
                    }
                }
                let (below, rest) = (first + size, n - first - size);
                turn(s, p.part(below, first, rest, size), p.part(first, below, size, rest));
            }
            let upper = |first: usize| Factor {
                l: l.part(first, first, n - first, n - first).t(),
                forward: false,
                unit: false,
            };
            Base { l: upper(0), b: p }.run(s);
            for i in 0..n {
                for j in n..width {
                    *turned.at(i, j) = T::ZERO;
                }
            }
            turn(s, p.part(0, 0, n, n), turned.part(0, 0, n, n));
            // The solution is symmetric: of each column only what is below the diagonal is wanted, and needs no more.
            for first in tiles() {
                let columns = turned.part(first, first, n - first, T::LANES);
                Base { l: upper(first), b: columns }.run(s);
                let size = T::LANES.min(n - first);
                for i in first..first + size {
                    for j in i + 1..first + size {
                        *turned.at(i, j) = *turned.at(j, i);
                    }
                }
                let (below, rest) = (first + size, n - first - size);
                for i in first..n {
                    store(s, g.at(i, first), size, T::load(s, turned.at(i, first)), Update::Set);
                }
                turn(s, turned.part(below, first, rest, size), g.part(first, below, size, rest));
            }
        }
    }
}

/// Rows of a product that are computed together: as many chains of additions at a time.
const ROWS: usize = 4;

/// M rows of L^T G from row `first` on, of each of which the part up to the diagonal counts: what G has above its diagonal stays
/// beyond.
///
/// # Safety
/// l and g are square and may be read, p has as many rows, of whole vectors, and may be written.
#[inline(always)]
unsafe fn product<T: Real, S: Simd, const M: usize>(s: S, l: View<T>, g: View<T>, p: View<T>, first: usize) {
    let n = g.rows;
    for j in (0..first + M).step_by(T::LANES) {
        let used = T::LANES.min(n - j);
        let mut sums = [T::splat(s, T::ZERO); M];
        for k in first..n {
            // SAFETY: row k of g from column j on, and of l from column `first` on.
            unsafe {
                let row = if used == T::LANES { T::load(s, g.at(k, j)) } else { T::load_partial(s, g.at(k, j), used) };
                for r in 0..M {
                    if first + r <= k {
                        sums[r] = T::fma(s, T::splat(s, *l.at(k, first + r)), row, sums[r]);
                    }
                }
            }
        }
        for r in 0..M {
            // SAFETY: a vector of a row of p.
            unsafe { T::store(s, p.at(first + r, j), sums[r]) };
        }
    }
}
