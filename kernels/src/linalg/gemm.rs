//! Matrix products.

use super::{Mat, MatMut, Real};

/// c = a b.
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn gemm<T: Real>(a: Mat<T>, b: Mat<T>, c: MatMut<T>) {
    assert!(
        a.cols == b.rows && a.rows == c.rows && b.cols == c.cols,
        "gemm: [{}, {}] times [{}, {}] into [{}, {}]",
        a.rows,
        a.cols,
        b.rows,
        b.cols,
        c.rows,
        c.cols
    );
    for i in 0..c.rows {
        let row = &mut c.data[i * c.row_stride..][..c.cols];
        row.fill(T::ZERO);
        for k in 0..a.cols {
            let factor = a.data[i * a.row_stride + k * a.col_stride];
            for (j, value) in row.iter_mut().enumerate() {
                *value = factor.mul_add(b.data[k * b.row_stride + j * b.col_stride], *value);
            }
        }
    }
}
