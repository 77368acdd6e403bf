//! Householder reflectors, and blocks of them as matrix products (R. Schreiber and C. Van Loan, "A storage-efficient WY
//! representation for products of Householder transformations", SIAM J. Sci. Stat. Comput. 10, 1989).

use super::{
    gemm,
    rows::{dot, length, scale},
    view::{Update, View},
};
use crate::isa::Isa;
use crate::simd::Simd;

/// Reflectors in a block. Part of the result's definition.
pub(super) const BLOCK: usize = 32;

/// Room that [`apply`] needs for so many rows.
pub(super) const fn block_room(rows: usize) -> usize {
    2 * BLOCK * BLOCK + 2 * rows * BLOCK
}

/// Turns `x` into the vector of a reflector H = I - tau v v^T, v[0] = 1, with H x = (beta, 0, ...). Returns tau and beta.
#[inline(always)]
pub(super) fn reflector<S: Simd>(s: S, x: &mut [f64]) -> (f64, f64) {
    let [first, tail @ ..] = x else { return (0.0, 0.0) };
    let (alpha, size) = (*first, length(s, tail));
    *first = 1.0;
    if size == 0.0 {
        return (0.0, alpha);
    }
    let norm = if size.max(alpha.abs()) < 1e150 && size.min(alpha.abs()) > 1e-150 {
        alpha.mul_add(alpha, size * size).sqrt()
    } else {
        let most = size.max(alpha.abs());
        let (a, b) = (alpha / most, size / most);
        most * a.mul_add(a, b * b).sqrt()
    };
    let beta = if alpha > 0.0 { -norm } else { norm };
    // Twice, because the reciprocal of a tiny number would overflow.
    let pivot = alpha - beta;
    if pivot.abs() > 1e-290 {
        scale(s, 1.0 / pivot, tail);
    } else {
        tail.iter_mut().for_each(|v| *v /= pivot);
    }
    ((beta - alpha) / beta, beta)
}

/// Applies the product H_0 H_1 ... of reflectors, or its transpose, to each row of c. The rows of v are the vectors, with zeros
/// before their ones.
///
/// # Safety
/// v may be read, c is used by nobody else and disjoint from it; rows of both are contiguous and of the same length.
pub(super) unsafe fn apply(isa: Isa, v: View<f64>, taus: &[f64], transpose: bool, c: View<f64>, room: &mut [f64]) {
    let (count, rows) = (v.rows, c.rows);
    if count == 0 || rows == 0 {
        return;
    }
    let (gram, rest) = room.split_at_mut(BLOCK * BLOCK);
    let (t, rest) = rest.split_at_mut(BLOCK * BLOCK);
    let (first, second) = rest.split_at_mut(rows * BLOCK);
    let square = |x: &mut [f64]| View::new(x.as_mut_ptr(), count, count, BLOCK, 1);
    let tall = |x: &mut [f64]| View::new(x.as_mut_ptr(), rows, count, BLOCK, 1);
    // SAFETY: the buffers are disjoint and large enough, and c is the caller's alone.
    unsafe {
        gemm::product(isa, v, v.t(), square(gram), Update::Set);
        t.fill(0.0);
        for i in 0..count {
            // Column i of T: -tau_i T (V^T v_i), tau_i.
            for r in 0..i {
                let terms = (r..i).map(|k| t[r * BLOCK + k] * gram[k * BLOCK + i]);
                t[r * BLOCK + i] = -taus[i] * terms.sum::<f64>();
            }
            t[i * BLOCK + i] = taus[i];
        }
        gemm::product(isa, c, v.t(), tall(first), Update::Set);
        let t = square(t);
        gemm::product(isa, tall(first), if transpose { t } else { t.t() }, tall(second), Update::Set);
        gemm::product(isa, tall(second), v, c, Update::Subtract);
    }
}

/// Applies one reflector to a row.
#[inline(always)]
pub(super) fn reflect<S: Simd>(s: S, v: &[f64], tau: f64, row: &mut [f64]) {
    let amount = -tau * dot(s, v, row);
    super::rows::add_multiple(s, amount, v, row);
}
