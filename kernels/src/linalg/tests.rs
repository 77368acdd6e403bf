use super::*;
use crate::isa::Isa;
use crate::random;
use proptest::prelude::*;

mod factors;
mod mixed;
mod orthogonal;
mod small;
mod sweep;

/// What the tests need of the two scalar types.
trait Tested: Real + std::fmt::Debug {
    const EPSILON: f64;
    fn of(x: f64) -> Self;
    fn f64(self) -> f64;
    fn bits(self) -> u64;
}

impl Tested for f64 {
    const EPSILON: f64 = f64::EPSILON;
    fn of(x: f64) -> Self {
        x
    }
    fn f64(self) -> f64 {
        self
    }
    fn bits(self) -> u64 {
        if self.is_nan() { u64::MAX } else { self.to_bits() }
    }
}

impl Tested for f32 {
    const EPSILON: f64 = f32::EPSILON as f64;
    fn of(x: f64) -> Self {
        x as f32
    }
    fn f64(self) -> f64 {
        f64::from(self)
    }
    fn bits(self) -> u64 {
        if self.is_nan() { u64::MAX } else { u64::from(self.to_bits()) }
    }
}

fn normals<T: Tested>(key: u64, n: usize) -> Vec<T> {
    let mut out = vec![0.0; n];
    random::normal(key, &mut out);
    out.into_iter().map(T::of).collect()
}

fn isas() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.is_available())
}

fn bits<T: Tested>(x: &[T]) -> Vec<u64> {
    x.iter().map(|v| v.bits()).collect()
}

/// A matrix of a layout: 0 row-major, 1 column-major, 2 strided both ways, 3 with one row repeated.
fn laid_out<T>(data: &[T], rows: usize, cols: usize, layout: u8) -> Mat<'_, T> {
    match layout {
        0 => Mat::new(data, rows, cols, cols + 1, 1),
        1 => Mat::new(data, rows, cols, 1, rows),
        2 => Mat::new(data, rows, cols, 2 * cols, 2),
        _ => Mat::new(data, rows, cols, 0, 1),
    }
}

fn room(rows: usize, cols: usize) -> usize {
    2 * (rows + 1) * (cols + 1)
}

/// Compares a product with a naive one, and all instruction sets with each other.
fn check_product<T: Tested>(m: usize, n: usize, k: usize, layout_a: u8, layout_b: u8) {
    let (data_a, data_b) = (normals::<T>(1, room(m, k)), normals::<T>(2, room(k, n)));
    let (a, b) = (laid_out(&data_a, m, k, layout_a), laid_out(&data_b, k, n, layout_b));
    let stride = n + 3;
    let mut reference: Option<Vec<u64>> = None;
    for isa in isas() {
        let mut c = vec![T::of(77.0); m * stride + 1];
        gemm_on(isa, a, b, MatMut::new(&mut c, m, n, stride));
        for i in 0..m {
            for j in 0..n {
                let (mut exact, mut size) = (0.0, 0.0);
                for p in 0..k {
                    let term = a.at(i, p).f64() * b.at(p, j).f64();
                    exact += term;
                    size += term.abs();
                }
                let error = (c[i * stride + j].f64() - exact).abs();
                let bound = T::EPSILON * size * (k as f64).sqrt().max(2.0) + f64::MIN_POSITIVE;
                assert!(error <= bound, "{isa:?} {m} {n} {k} {layout_a} {layout_b} at {i} {j}: {error} > {bound}");
            }
            // Nothing is written between the rows.
            assert!(c[i * stride + n..(i + 1) * stride].iter().all(|v| v.f64() == 77.0));
        }
        let bits = bits(&c);
        assert_eq!(*reference.get_or_insert_with(|| bits.clone()), bits, "{isa:?} {m} {n} {k} {layout_a} {layout_b}");
    }
}

#[test]
fn products_of_all_small_shapes() {
    for m in [0, 1, 2, 3, 5, 6, 7, 8, 9, 15, 17] {
        for n in [0, 1, 2, 7, 8, 9, 16, 17, 33] {
            for k in [0, 1, 2, 3, 4, 5, 17] {
                let layout = (m + n + k) as u8;
                check_product::<f64>(m, n, k, layout % 4, (layout / 4) % 4);
                check_product::<f32>(m, n, k, layout % 4, (layout / 4) % 4);
            }
        }
    }
}

#[test]
fn products_across_blocks() {
    for (m, n, k) in [(130, 101, 259), (97, 200, 515), (3, 2100, 300), (250, 49, 1), (121, 97, 256)] {
        for layout in 0..3 {
            check_product::<f64>(m, n, k, layout, (layout + 1) % 3);
            check_product::<f32>(m, n, k, (layout + 1) % 3, layout);
        }
    }
}

#[test]
fn matrix_vector_products() {
    for (m, k) in [(1, 1), (1, 9000), (5, 5000), (3, 1025), (20, 2049), (40, 700), (1500, 7), (2500, 600), (1030, 1)] {
        for layout in 0..4 {
            check_product::<f64>(m, 1, k, layout, layout % 3);
            check_product::<f32>(m, 1, k, layout, (layout + 1) % 3);
            check_product::<f64>(1, m, k, layout % 3, layout);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn products_of_any_shape(m in 0_usize..40, n in 0_usize..70, k in 0_usize..70, a in 0_u8..4, b in 0_u8..4) {
        check_product::<f64>(m, n, k, a, b);
        check_product::<f32>(m, n, k, a, b);
    }
}

#[test]
fn not_a_number_stays_in_its_row() {
    let mut a = vec![1.0; 20 * 30];
    a[3 * 30 + 7] = f64::NAN;
    a[5 * 30] = f64::INFINITY;
    let b = vec![1.0; 30 * 17];
    let mut c = vec![0.0; 20 * 17];
    gemm(Mat::row_major(&a, 20, 30), Mat::row_major(&b, 30, 17), MatMut::row_major(&mut c, 20, 17));
    for i in 0..20 {
        let expected = |x: f64| match i {
            3 => x.is_nan(),
            5 => x == f64::INFINITY,
            _ => x == 30.0,
        };
        assert!(c[i * 17..(i + 1) * 17].iter().all(|&x| expected(x)));
    }
}

#[test]
#[should_panic(expected = "gemm: [2, 3] times [2, 2] into [2, 2]")]
fn shapes_must_fit() {
    let x = [0.0; 6];
    gemm(Mat::row_major(&x, 2, 3), Mat::row_major(&x, 2, 2), MatMut::row_major(&mut [0.0; 4], 2, 2));
}

#[test]
#[should_panic(expected = "does not fit in 6 elements")]
fn matrices_stay_in_their_slices() {
    let _ = Mat::new(&[0.0; 6], 2, 3, 4, 1);
}

#[test]
#[should_panic(expected = "does not fit")]
fn huge_strides_do_not_wrap() {
    let _ = Mat::new(&[0.0; 6], 3, 1, usize::MAX / 2 + 1, 1);
}

/// A well-conditioned symmetric positive definite matrix.
fn positive<T: Tested>(key: u64, n: usize) -> Vec<T> {
    let x = normals::<f64>(key, n * n);
    let mut a = vec![0.0; n * n];
    let x = Mat::row_major(&x, n, n);
    gemm(x, x.t(), MatMut::row_major(&mut a, n, n));
    for i in 0..n {
        a[i * n + i] += n as f64;
    }
    a.into_iter().map(T::of).collect()
}

fn check_cholesky<T: Tested>(n: usize) {
    let a = positive::<T>(1, n);
    let mut reference: Option<Vec<u64>> = None;
    for isa in isas() {
        let mut l = a.clone();
        // The upper triangle is not read.
        for i in 0..n {
            l[i * n + i + 1..(i + 1) * n].fill(T::of(f64::NAN));
        }
        cholesky_on(isa, &mut l, n).unwrap();
        let factor: Vec<f64> = l.iter().map(|v| v.f64()).collect();
        for i in 0..n {
            assert!(factor[i * n + i + 1..(i + 1) * n].iter().all(|&v| v == 0.0));
        }
        let mut product = vec![0.0; n * n];
        let factor = Mat::row_major(&factor, n, n);
        gemm(factor, factor.t(), MatMut::row_major(&mut product, n, n));
        for i in 0..n {
            for j in 0..n {
                // Backward error of Cholesky: (n + 1) eps |L| |L|^T <= (n + 1) eps sqrt(a_ii a_jj).
                let size = (a[i * n + i].f64() * a[j * n + j].f64()).sqrt();
                let error = (product[i * n + j] - a[i * n + j].f64()).abs();
                assert!(error <= T::EPSILON * size * (n as f64).sqrt().max(2.0), "{isa:?} {n} ({i}, {j}): {error}");
            }
        }
        let bits = bits(&l);
        assert_eq!(*reference.get_or_insert_with(|| bits.clone()), bits, "{isa:?} {n}");
    }
}

#[test]
fn cholesky_factors() {
    for n in (0..=18).chain([31, 32, 33, 47, 64, 65, 100, 129, 200]) {
        check_cholesky::<f64>(n);
        check_cholesky::<f32>(n);
    }
}

#[test]
fn cholesky_names_the_bad_pivot() {
    for n in [1, 5, 32, 33, 100, 150] {
        for bad in [0, n / 3, n - 1] {
            for value in [-1.0, 0.0, f64::NAN, f64::INFINITY] {
                let mut a = positive::<f64>(2, n);
                a[bad * n + bad] = value;
                assert_eq!(cholesky(&mut a, n), Err(bad), "{n} {value}");
            }
            // One NaN beside the diagonal shows in the pivot of its row.
            if bad > 0 {
                let mut a = positive::<f64>(2, n);
                a[bad * n + bad / 2] = f64::NAN;
                assert_eq!(cholesky(&mut a, n), Err(bad));
                a = positive::<f64>(2, n);
                a[bad * n] = f64::INFINITY;
                assert_eq!(cholesky(&mut a, n), Err(bad));
            }
        }
    }
    assert_eq!(cholesky(&mut [1.0, 0.0, 1.0, 1.0], 2), Err(1));
}

fn check_solve<T: Tested>(n: usize, columns: usize, triangle: Triangle, transpose: bool) {
    let mut l = positive::<T>(3, n);
    cholesky(&mut l, n).unwrap();
    if triangle == Triangle::Upper {
        l = (0..n * n).map(|at| l[at % n * n + at / n]).collect();
    }
    // The other triangle has no influence.
    for i in 0..n {
        for j in 0..n {
            if (triangle == Triangle::Lower && j > i) || (triangle == Triangle::Upper && j < i) {
                l[i * n + j] = T::of(f64::NAN);
            }
        }
    }
    let b = normals::<T>(4, n * columns);
    let mut reference: Option<Vec<u64>> = None;
    for isa in isas() {
        let mut x = b.clone();
        solve_triangular_on(isa, &l, n, triangle, transpose, &mut x, columns);
        for i in 0..n {
            for c in 0..columns {
                let (mut residual, mut size) = (b[i * columns + c].f64(), 0.0);
                for j in 0..n {
                    let (row, col) = if transpose { (j, i) } else { (i, j) };
                    let inside = if triangle == Triangle::Lower { col <= row } else { col >= row };
                    if inside {
                        let term = l[row * n + col].f64() * x[j * columns + c].f64();
                        residual -= term;
                        size += term.abs();
                    }
                }
                // Substitution is backward stable row by row (Higham 2002, theorem 8.5).
                let bound = T::EPSILON * (size + b[i * columns + c].f64().abs()) * (n as f64).sqrt().max(2.0);
                assert!(
                    residual.abs() <= bound,
                    "{isa:?} {n} {columns} {triangle:?} {transpose}: {residual} > {bound}"
                );
            }
        }
        let bits = bits(&x);
        assert_eq!(
            *reference.get_or_insert_with(|| bits.clone()),
            bits,
            "{isa:?} {n} {columns} {triangle:?} {transpose}"
        );
    }
}

#[test]
fn triangular_solves() {
    for n in [0, 1, 2, 3, 8, 31, 32, 33, 65, 130] {
        for columns in [0, 1, 2, 7, 8, 9, 33, 70] {
            for triangle in [Triangle::Lower, Triangle::Upper] {
                for transpose in [false, true] {
                    check_solve::<f64>(n, columns, triangle, transpose);
                    check_solve::<f32>(n, columns, triangle, transpose);
                }
            }
        }
    }
}

/// Such products are much work, yet leave little to share.
#[test]
fn few_rows_and_columns_with_long_sums_are_shared_safely() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (one, many) = (pool(1), pool(5));
    for (m, n, k) in [(2, 2, 1_200_000), (9, 7, 100_000), (16, 6, 100_000), (30, 5, 60_000), (64, 54, 9_000)] {
        let (a, b) = (normals::<f64>(1, m * k), normals::<f64>(2, k * n));
        let run = || {
            let mut c = vec![f64::NAN; m * n];
            gemm(Mat::row_major(&a, m, k), Mat::row_major(&b, k, n), MatMut::row_major(&mut c, m, n));
            bits(&c)
        };
        assert!(one.install(run) == many.install(run), "{m} x {k} x {n}");
    }
}

#[test]
fn threads_do_not_matter() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let work = || {
        let a = positive::<f64>(5, 300);
        let mut product = vec![0.0; 300 * 300];
        gemm(Mat::row_major(&a, 300, 300), Mat::row_major(&a, 300, 300).t(), MatMut::row_major(&mut product, 300, 300));
        let mut l = a.clone();
        cholesky(&mut l, 300).unwrap();
        let mut x = a.clone();
        solve_triangular(&l, 300, Triangle::Lower, false, &mut x, 300);
        let mut odd = normals::<f64>(6, 300 * 321);
        solve_triangular(&l, 300, Triangle::Lower, true, &mut odd, 321);
        // A tall matrix both ways: many rows, and a long sum over rows.
        let tall = normals::<f64>(6, 40_000 * 40);
        let tall = Mat::row_major(&tall, 40_000, 40);
        let mut long = vec![0.0; 40_000];
        gemm(tall, Mat::row_major(&a, 40, 1), MatMut::row_major(&mut long, 40_000, 1));
        let mut short = vec![0.0; 40];
        gemm(tall.t(), Mat::row_major(&long, 40_000, 1), MatMut::row_major(&mut short, 40, 1));
        [product, l, x, odd, long, short].map(|values| bits(&values))
    };
    let one = pool(1).install(work);
    for threads in [2, 3, 7] {
        assert!(pool(threads).install(work) == one, "{threads} threads");
    }
}
