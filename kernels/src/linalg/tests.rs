use super::*;
use crate::random;

fn normals(key: u64, n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n];
    random::normal(key, &mut out);
    out
}

/// A well-conditioned symmetric positive definite matrix.
fn positive(key: u64, n: usize) -> Vec<f64> {
    let x = normals(key, n * n);
    let mut a = vec![0.0; n * n];
    let x = Mat::row_major(&x, n, n);
    gemm(x, x.t(), MatMut::row_major(&mut a, n, n));
    for i in 0..n {
        a[i * n + i] += n as f64;
    }
    a
}

#[test]
fn cholesky_reconstructs() {
    for n in [0, 1, 2, 3, 7, 16, 33, 65] {
        let a = positive(1, n);
        let mut l = a.clone();
        // The upper triangle is not read.
        for i in 0..n {
            l[i * n + i + 1..(i + 1) * n].fill(f64::NAN);
        }
        cholesky(&mut l, n).unwrap();
        let mut product = vec![0.0; n * n];
        let factor = Mat::row_major(&l, n, n);
        gemm(factor, factor.t(), MatMut::row_major(&mut product, n, n));
        for (x, y) in product.iter().zip(&a) {
            assert!((x - y).abs() <= 1e-14 * (n as f64) * 4.0 * (n as f64));
        }
    }
}
