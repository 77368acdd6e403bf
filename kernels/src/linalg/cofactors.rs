//! The first two derivatives of the determinant, at any matrix, singular ones too.
//!
//! Gaussian elimination with complete pivoting gives P A Q = L D U with unit triangles L and U, whose elements are at most one,
//! and a diagonal D. Determinants are products, so the derivatives at A are those at D between the inverses of the other
//! factors, and D is never divided by.

use super::{
    lu::{lu, lu_determinant, lu_solve},
    triangular::{Triangle, solve_triangular},
};

/// The order from which well-conditioned matrices are worth blocked factors, and the ratio of the least pivot to the largest from
/// which a matrix counts as one.
const LARGE: usize = 16;
const TRUSTED: f64 = 1e-3;

/// Elements of scratch and indices that [`cofactors`] and [`second_cofactors`] need.
pub const fn cofactors_room(n: usize) -> (usize, usize) {
    (2 * n * n + n, 2 * n)
}

/// The cofactors of the row-major `a`, which are the derivative of its determinant: `det(a) a^-T` where that exists, and right
/// to rounding everywhere.
///
/// # Panics
/// If a slice is shorter than its shape says.
///
/// ```
/// use pyroxene_kernels::linalg::{cofactors, cofactors_room};
/// let (floats, indices) = cofactors_room(2);
/// let mut out = [0.0; 4];
/// cofactors(&[1.0, 2.0, 2.0, 4.0], 2, &mut out, &mut vec![0.0; floats], &mut vec![0; indices]);
/// assert_eq!(out, [4.0, -2.0, -2.0, 1.0]);
/// ```
#[track_caller]
pub fn cofactors(a: &[f64], n: usize, out: &mut [f64], floats: &mut [f64], indices: &mut [usize]) {
    if n >= LARGE && by_inverse(a, n, out, floats, indices) {
        return;
    }
    let factors = Factors::of(a, n, floats, indices);
    let d = &*factors.diagonal;
    out.fill(0.0);
    let (mut before, mut after) = (1.0, 1.0);
    for i in 0..n {
        out[i * n + i] = before;
        before *= d[i];
    }
    for i in (0..n).rev() {
        out[i * n + i] *= after;
        after *= d[i];
    }
    factors.wrap(out);
}

/// The derivative of `sum(g * cofactors(a))` by `a`. It is symmetric: `sum(h * second(a, g)) == sum(g * second(a, h))`.
///
/// # Panics
/// If a slice is shorter than its shape says.
///
/// ```
/// use pyroxene_kernels::linalg::{cofactors_room, second_cofactors};
/// let (floats, indices) = cofactors_room(2);
/// let mut out = [0.0; 4];
/// // The determinant is bilinear: its second derivative does not depend on the matrix.
/// second_cofactors(&[0.0; 4], &[1.0, 2.0, 3.0, 4.0], 2, &mut out, &mut vec![0.0; floats], &mut vec![0; indices]);
/// assert_eq!(out, [4.0, -3.0, -2.0, 1.0]);
/// ```
#[track_caller]
pub fn second_cofactors(a: &[f64], g: &[f64], n: usize, out: &mut [f64], floats: &mut [f64], indices: &mut [usize]) {
    let mut factors = Factors::of(a, n, floats, indices);
    factors.unwrap(g, out);
    let (g, d) = (&*factors.spare, &*factors.diagonal);
    out.fill(0.0);
    let mut before = 1.0;
    for i in 0..n {
        // The product of the elements of D but for those at i and j, without those after j.
        let mut between = before;
        for j in i + 1..n {
            let others = d[j + 1..].iter().fold(between, |product, x| product * x);
            out[i * n + i] += g[j * n + j] * others;
            out[j * n + j] += g[i * n + i] * others;
            out[i * n + j] = -g[j * n + i] * others;
            out[j * n + i] = -g[i * n + j] * others;
            between *= d[j];
        }
        before *= d[i];
    }
    factors.wrap(out);
}

/// `det(a) a^-T` by LU factors with partial pivoting, which are blocked, if the pivots say that no digits are lost. False, and
/// nothing of use in `out`, if they do not.
fn by_inverse(a: &[f64], n: usize, out: &mut [f64], floats: &mut [f64], indices: &mut [usize]) -> bool {
    let (packed, pivots) = (&mut floats[..n * n], &mut indices[..n]);
    packed.copy_from_slice(a);
    let complete = lu(packed, n, pivots).is_ok();
    let sizes = (0..n).map(|k| packed[k * n + k].abs());
    let (least, most) = sizes.fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), x| (least.min(x), most.max(x)));
    let det = lu_determinant(packed, pivots);
    if !complete || least < TRUSTED * most || !det.is_normal() {
        return false;
    }
    out.fill(0.0);
    (0..n).for_each(|i| out[i * n + i] = det);
    lu_solve(packed, pivots, true, out, n);
    true
}

/// P A Q = L D U.
struct Factors<'a> {
    n: usize,
    /// L and U, with ones on their common diagonal.
    triangles: &'a mut [f64],
    diagonal: &'a mut [f64],
    spare: &'a mut [f64],
    /// Row `rows[i]` of A came to place i, and column `columns[i]`.
    rows: &'a mut [usize],
    columns: &'a mut [usize],
    /// The determinant of P Q.
    sign: f64,
}

impl<'a> Factors<'a> {
    #[track_caller]
    fn of(a: &[f64], n: usize, floats: &'a mut [f64], indices: &'a mut [usize]) -> Factors<'a> {
        assert_eq!(a.len(), n * n, "cofactors: {n} x {n} elements");
        let (triangles, rest) = floats.split_at_mut(n * n);
        let (spare, rest) = rest.split_at_mut(n * n);
        let (rows, columns) = indices[..2 * n].split_at_mut(n);
        triangles.copy_from_slice(a);
        (0..n).for_each(|i| (rows[i], columns[i]) = (i, i));
        let mut this = Factors { n, triangles, diagonal: &mut rest[..n], spare, rows, columns, sign: 1.0 };
        (0..n).for_each(|k| this.eliminate(k));
        this
    }

    /// Brings the largest element that is left to place (k, k), and eliminates below and beside it.
    fn eliminate(&mut self, k: usize) {
        let (n, a) = (self.n, &mut *self.triangles);
        let (mut row, mut column, mut size) = (k, k, a[k * n + k].abs());
        for i in k..n {
            for j in k..n {
                let other = a[i * n + j].abs();
                // The first NaN wins, so that it shows.
                if other > size || other.is_nan() && !size.is_nan() {
                    (row, column, size) = (i, j, other);
                }
            }
        }
        if row != k {
            let (upper, lower) = a.split_at_mut(row * n);
            upper[k * n..(k + 1) * n].swap_with_slice(&mut lower[..n]);
            self.rows.swap(k, row);
            self.sign = -self.sign;
        }
        if column != k {
            (0..n).for_each(|i| a.swap(i * n + k, i * n + column));
            self.columns.swap(k, column);
            self.sign = -self.sign;
        }
        let pivot = a[k * n + k];
        self.diagonal[k] = pivot;
        if pivot == 0.0 {
            // All that is left is zero.
            a[k * n + k] = 1.0;
            return;
        }
        for j in k + 1..n {
            a[k * n + j] /= pivot;
        }
        a[k * n + k] = 1.0;
        let (upper, lower) = a.split_at_mut((k + 1) * n);
        let beside = &upper[k * n..];
        for line in lower.chunks_exact_mut(n) {
            let left = line[k];
            line[k] = left / pivot;
            for j in k + 1..n {
                line[j] -= left * beside[j];
            }
        }
    }

    /// Puts `L^-1 P g Q U^-1` into the spare matrix; `room` is overwritten.
    fn unwrap(&mut self, g: &[f64], room: &mut [f64]) {
        let n = self.n;
        for i in 0..n {
            for j in 0..n {
                room[j * n + i] = g[self.rows[i] * n + self.columns[j]];
            }
        }
        solve_triangular(self.triangles, n, Triangle::Upper, true, room, n);
        for i in 0..n {
            for j in 0..n {
                self.spare[i * n + j] = room[j * n + i];
            }
        }
        solve_triangular(self.triangles, n, Triangle::Lower, false, self.spare, n);
    }

    /// Turns a derivative m at D into that at A: `det(P Q) P^T L^-T m U^-T Q^T`.
    fn wrap(self, m: &mut [f64]) {
        let n = self.n;
        solve_triangular(self.triangles, n, Triangle::Lower, true, m, n);
        for i in 0..n {
            for j in 0..n {
                self.spare[j * n + i] = m[i * n + j];
            }
        }
        solve_triangular(self.triangles, n, Triangle::Upper, false, self.spare, n);
        for i in 0..n {
            for j in 0..n {
                m[self.rows[i] * n + self.columns[j]] = self.sign * self.spare[j * n + i];
            }
        }
    }
}
