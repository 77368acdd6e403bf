//! Triangular systems.

use super::Real;

/// The triangle of a square matrix that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Triangle {
    /// The diagonal and below.
    Lower,
    /// The diagonal and above.
    Upper,
}

/// Solves op(L) x = b in place for the row-major `b` of shape `[n, columns]`; op is the transpose if `transpose`. The
/// other triangle of `l` is never read. A zero on the diagonal gives infinities and NaN, as the divisions say.
///
/// # Panics
/// If a slice does not have the length that its shape says.
#[track_caller]
pub fn solve_triangular<T: Real>(l: &[T], n: usize, triangle: Triangle, transpose: bool, b: &mut [T], columns: usize) {
    assert_eq!(l.len(), n * n, "solve_triangular: {n} x {n} elements");
    assert_eq!(b.len(), n * columns, "solve_triangular: a right-hand side of shape [{n}, {columns}]");
    let at = |i: usize, j: usize| if transpose { l[j * n + i] } else { l[i * n + j] };
    let forward = (triangle == Triangle::Lower) != transpose;
    for step in 0..n {
        let i = if forward { step } else { n - 1 - step };
        for before in 0..step {
            let k = if forward { before } else { n - 1 - before };
            for c in 0..columns {
                b[i * columns + c] = (-at(i, k)).mul_add(b[k * columns + c], b[i * columns + c]);
            }
        }
        for c in 0..columns {
            b[i * columns + c] = b[i * columns + c] / at(i, i);
        }
    }
}
