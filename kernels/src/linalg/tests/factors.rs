//! LU factors, and the reverse sweep of Cholesky factors.

use super::*;

/// Rows of the product of two row-major matrices in f64.
pub(super) fn product(a: &[f64], b: &[f64], m: usize, k: usize, n: usize) -> Vec<f64> {
    let mut c = vec![0.0; m * n];
    gemm(Mat::row_major(a, m, k), Mat::row_major(b, k, n), MatMut::row_major(&mut c, m, n));
    c
}

fn check_lu<T: Tested>(a: &[T], n: usize) {
    let mut reference: Option<(Vec<u64>, Vec<usize>)> = None;
    for isa in isas() {
        let (mut packed, mut pivots) = (a.to_vec(), vec![0; n]);
        let _ = lu_on(isa, &mut packed, n, &mut pivots);
        let lower: Vec<f64> = (0..n * n)
            .map(|at| match (at / n).cmp(&(at % n)) {
                std::cmp::Ordering::Less => 0.0,
                std::cmp::Ordering::Equal => 1.0,
                std::cmp::Ordering::Greater => packed[at].f64(),
            })
            .collect();
        assert!(lower.iter().all(|x| x.abs() <= 1.0), "{isa:?} {n}: a factor above one");
        let upper: Vec<f64> = (0..n * n).map(|at| if at / n <= at % n { packed[at].f64() } else { 0.0 }).collect();
        let got = product(&lower, &upper, n, n, n);
        let absolute = |x: &[f64]| x.iter().map(|v| v.abs()).collect::<Vec<_>>();
        let size = product(&absolute(&lower), &absolute(&upper), n, n, n);
        let mut want: Vec<f64> = a.iter().map(|v| v.f64()).collect();
        for (k, &pivot) in pivots.iter().enumerate() {
            assert!(pivot >= k);
            for j in 0..n {
                want.swap(k * n + j, pivot * n + j);
            }
        }
        for at in 0..n * n {
            // |P A - L U| <= n eps |L| |U| (Higham 2002, theorem 9.3).
            let bound = T::EPSILON * size[at] * (n as f64).sqrt().max(2.0);
            assert!((got[at] - want[at]).abs() <= bound, "{isa:?} {n} at {at}: {} {}", got[at], want[at]);
        }
        let result = (bits(&packed), pivots);
        assert!(*reference.get_or_insert_with(|| result.clone()) == result, "{isa:?} {n}");
    }
}

#[test]
fn lu_factors() {
    for n in (0..=18).chain([31, 32, 33, 47, 64, 65, 100, 129]) {
        check_lu::<f64>(&normals(11, n * n), n);
        check_lu::<f32>(&normals(12, n * n), n);
        // Rank one, and rows of very different sizes.
        let (x, y) = (normals::<f64>(13, n), normals::<f64>(14, n));
        let dyad: Vec<f64> = (0..n * n).map(|at| x[at / n] * y[at % n]).collect();
        check_lu::<f64>(&dyad, n);
        let graded: Vec<f64> =
            (0..n * n).map(|at| dyad[at] + 10f64.powi(-((at / n) as i32 % 12)) * x[at % n]).collect();
        check_lu::<f64>(&graded, n);
    }
}

#[test]
fn lu_of_singular_matrices_is_complete() {
    let (mut a, mut pivots) = (vec![1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 1.0, 1.0, 1.0], [0; 3]);
    assert_eq!(lu(&mut a, 3, &mut pivots), Err(2));
    assert_eq!(lu_determinant(&a, &pivots), 0.0);
    let mut zero = [0.0; 4];
    assert_eq!(lu(&mut zero, 2, &mut pivots[..2]), Err(0));
    assert_eq!(zero, [0.0; 4]);
    let mut nan = [1.0, 0.0, f64::NAN, 1.0];
    assert_eq!(lu(&mut nan, 2, &mut pivots[..2]), Err(0));
    assert!(lu_determinant(&nan, &pivots[..2]).is_nan());
    assert_eq!(lu_determinant::<f64>(&[], &[]), 1.0);
    assert_eq!(lu_log_determinant(&a, &pivots), (0.0, f64::NEG_INFINITY));
}

#[test]
fn determinants_do_not_overflow() {
    let n = 40;
    let mut a = vec![0.0; n * n];
    for i in 0..n {
        a[i * n + i] = -1e-300;
    }
    let mut pivots = vec![0; n];
    lu(&mut a, n, &mut pivots).unwrap();
    let (sign, log) = lu_log_determinant(&a, &pivots);
    assert_eq!(sign, 1.0);
    assert!((log + 300.0 * 40.0 * std::f64::consts::LN_10).abs() < 1e-8, "{log}");
    assert_eq!(lu_determinant(&a, &pivots), 0.0);
    let mut tiny = [f64::MIN_POSITIVE / 4.0];
    lu(&mut tiny, 1, &mut pivots[..1]).unwrap();
    assert_eq!(lu_determinant(&tiny, &pivots[..1]), f64::MIN_POSITIVE / 4.0);
    // Large and small pivots whose product is ordinary.
    let mut mixed = [1e300, 0.0, 0.0, 0.0, 1e300, 0.0, 0.0, 0.0, 1e-300];
    lu(&mut mixed, 3, &mut pivots[..3]).unwrap();
    assert!((lu_determinant(&mixed, &pivots[..3]) / 1e300 - 1.0).abs() < 1e-15);
}

fn check_lu_solve<T: Tested>(n: usize, columns: usize, transpose: bool) {
    let a = normals::<T>(15, n * n);
    let b = normals::<T>(16, n * columns);
    let mut reference: Option<Vec<u64>> = None;
    for isa in isas() {
        let (mut packed, mut pivots, mut x) = (a.clone(), vec![0; n], b.clone());
        lu_on(isa, &mut packed, n, &mut pivots).unwrap();
        lu_solve_on(isa, &packed, &pivots, transpose, &mut x, columns);
        let entry = |i: usize, j: usize| if transpose { a[j * n + i].f64() } else { a[i * n + j].f64() };
        for i in 0..n {
            for c in 0..columns {
                let terms = (0..n).map(|j| entry(i, j) * x[j * columns + c].f64());
                let residual = terms.clone().sum::<f64>() - b[i * columns + c].f64();
                // Normwise: the growth of the factors stays small for such matrices.
                let row: f64 = (0..n).map(|j| x[j * columns + c].f64().abs()).fold(0.0, f64::max) * n as f64;
                let bound = 8.0 * T::EPSILON * (row + b[i * columns + c].f64().abs());
                assert!(residual.abs() <= bound, "{isa:?} {n} {columns} {transpose}: {residual} > {bound}");
            }
        }
        let bits = bits(&x);
        assert_eq!(*reference.get_or_insert_with(|| bits.clone()), bits, "{isa:?} {n} {columns}");
    }
}

#[test]
fn systems_by_lu() {
    for n in [0, 1, 2, 3, 8, 17, 33, 70] {
        for columns in [0, 1, 2, 9, 40] {
            for transpose in [false, true] {
                check_lu_solve::<f64>(n, columns, transpose);
                check_lu_solve::<f32>(n, columns, transpose);
            }
        }
    }
}

fn check_adjoint<T: Tested>(n: usize) {
    let mut l = positive::<T>(17, n);
    cholesky(&mut l, n).unwrap();
    let g = normals::<T>(18, n * n);
    // The formula: S = 1/2 L^-T (P + P^T) L^-1.
    let (l64, g64): (Vec<f64>, Vec<f64>) = (l.iter().map(|v| v.f64()).collect(), g.iter().map(|v| v.f64()).collect());
    let lower: Vec<f64> = (0..n * n).map(|at| if at / n >= at % n { g64[at] } else { 0.0 }).collect();
    let mut p = vec![0.0; n * n];
    gemm(Mat::row_major(&l64, n, n).t(), Mat::row_major(&lower, n, n), MatMut::row_major(&mut p, n, n));
    for i in 0..n {
        for j in i + 1..n {
            p[i * n + j] = p[j * n + i];
        }
    }
    solve_triangular(&l64, n, Triangle::Lower, true, &mut p, n);
    let mut turned: Vec<f64> = (0..n * n).map(|at| p[at % n * n + at / n]).collect();
    solve_triangular(&l64, n, Triangle::Lower, true, &mut turned, n);
    let size = turned.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let mut reference: Option<Vec<u64>> = None;
    for isa in isas() {
        let mut got = g.clone();
        // The upper triangle of the derivative is not read.
        for i in 0..n {
            got[i * n + i + 1..(i + 1) * n].fill(T::of(f64::NAN));
        }
        cholesky_adjoint_on(isa, &l, n, &mut got);
        for at in 0..n * n {
            let error = (got[at].f64() - 0.5 * turned[at]).abs();
            assert!(error <= 20.0 * T::EPSILON * (size + 1.0), "{isa:?} {n} at {at}: {error}");
            assert_eq!(got[at].bits(), got[at % n * n + at / n].bits(), "not symmetric");
        }
        let bits = bits(&got);
        assert_eq!(*reference.get_or_insert_with(|| bits.clone()), bits, "{isa:?} {n}");
    }
}

#[test]
fn derivatives_through_cholesky_factors() {
    for n in (0..=18).chain([31, 32, 33, 47, 64, 65, 100, 129, 200]) {
        check_adjoint::<f64>(n);
        check_adjoint::<f32>(n);
    }
}

#[test]
fn threads_do_not_change_factors() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let work = || {
        let n = 330;
        let (mut a, mut pivots) = (normals::<f64>(19, n * n), vec![0; n]);
        lu(&mut a, n, &mut pivots).unwrap();
        let mut x = normals::<f64>(20, n * n);
        lu_solve(&a, &pivots, true, &mut x, n);
        let mut l = positive::<f64>(21, n);
        cholesky(&mut l, n).unwrap();
        let mut g = normals::<f64>(22, n * n);
        cholesky_adjoint(&l, n, &mut g);
        [a, x, g].map(|values| bits(&values))
    };
    let one = pool(1).install(work);
    for threads in [2, 5] {
        assert!(pool(threads).install(work) == one, "{threads} threads");
    }
}

/// The sum over permutations, for small orders.
fn leibniz(a: &[f64], n: usize) -> f64 {
    if n == 0 {
        return 1.0;
    }
    let minor = |j: usize| -> Vec<f64> {
        (1..n).flat_map(|i| (0..n).filter(move |&c| c != j).map(move |c| a[i * n + c])).collect()
    };
    (0..n).map(|j| if j % 2 == 0 { 1.0 } else { -1.0 } * a[j] * leibniz(&minor(j), n - 1)).sum()
}

#[test]
fn cofactors_of_any_rank() {
    for n in 0..=5usize {
        for rank in 0..=n {
            // Whole numbers of the rank, for which the expansion is exact.
            let (x, y) = (normals::<f64>(21, n * rank), normals::<f64>(22, rank * n));
            let round = |v: &[f64]| v.iter().map(|x| (3.0 * x).round()).collect::<Vec<_>>();
            let a = product(&round(&x), &round(&y), n, rank, n);
            let g = normals::<f64>(23, n * n);
            let (floats, indices) = cofactors_room(n);
            let (mut floats, mut indices) = (vec![f64::NAN; floats], vec![7; indices]);
            let (mut first, mut second) = (vec![f64::NAN; n * n], vec![f64::NAN; n * n]);
            cofactors(&a, n, &mut first, &mut floats, &mut indices);
            second_cofactors(&a, &g, n, &mut second, &mut floats, &mut indices);
            let size = a.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
            for at in 0..n * n {
                // The determinant is linear in an element, so differences are exact.
                let along = |at: usize, step: f64| {
                    let mut moved = a.clone();
                    moved[at] += step;
                    moved
                };
                let want = leibniz(&along(at, 1.0), n) - leibniz(&a, n);
                let bound = 1e-12 * size.powi(n as i32 - 1);
                assert!((first[at] - want).abs() <= bound, "{n} {rank} at {at}: {} {want}", first[at]);
                let slope = |b: &[f64]| -> f64 {
                    let mut c = vec![0.0; n * n];
                    cofactors(b, n, &mut c, &mut vec![0.0; cofactors_room(n).0], &mut vec![0; cofactors_room(n).1]);
                    c.iter().zip(&g).map(|(c, g)| c * g).sum()
                };
                let want = slope(&along(at, 1.0)) - slope(&a);
                assert!((second[at] - want).abs() <= 100.0 * bound, "{n} {rank} at {at}: {} {want}", second[at]);
            }
        }
    }
}

fn check_small<T: Tested>(n: usize) {
    let count = 50;
    let a = normals::<T>(51, count * n * n);
    let spd: Vec<T> = (0..count).flat_map(|k| positive::<T>(60 + k as u64, n)).collect();
    for columns in [0, 1, 2, 5] {
        let b = normals::<T>(52, count * n * columns);
        let mut reference: Option<Vec<u64>> = None;
        for isa in isas() {
            let mut x = b.clone();
            assert_eq!(solve_small_on(isa, &a, n, &mut x, columns), None);
            for (k, x) in x.chunks_exact((n * columns).max(1)).enumerate() {
                let (mut packed, mut pivots) = (a[k * n * n..(k + 1) * n * n].to_vec(), vec![0; n]);
                lu(&mut packed, n, &mut pivots).unwrap();
                let mut want = b[k * n * columns..(k + 1) * n * columns].to_vec();
                lu_solve(&packed, &pivots, false, &mut want, columns);
                let size = want.iter().fold(1.0, |m: f64, x| m.max(x.f64().abs()));
                for (x, want) in x.iter().zip(&want) {
                    assert!((x.f64() - want.f64()).abs() <= 1e3 * T::EPSILON * size * size, "{isa:?} {n} {columns}");
                }
            }
            let bits = bits(&x);
            assert_eq!(*reference.get_or_insert_with(|| bits.clone()), bits, "{isa:?} {n} {columns}");
        }
    }
    for isa in isas() {
        let mut factors = spd.clone();
        assert_eq!(cholesky_small_on(isa, &mut factors, n), None);
        for (factor, a) in factors.chunks_exact(n * n).zip(spd.chunks_exact(n * n)) {
            let mut want = a.to_vec();
            cholesky_on(isa, &mut want, n).unwrap();
            assert_eq!(bits(factor), bits(&want), "{isa:?} {n}");
        }
        let mut bad = spd.clone();
        bad[7 * n * n + (n - 1) * (n + 1)] = T::of(-1.0);
        bad[9 * n * n] = T::of(f64::NAN);
        assert_eq!(cholesky_small_on(isa, &mut bad, n), Some((7, n - 1)));
        assert!(bad[7 * n * n..8 * n * n].iter().chain(&bad[9 * n * n..10 * n * n]).all(|x| x.is_nan()));
        assert_eq!(bits(&bad[8 * n * n..9 * n * n]), bits(&factors[8 * n * n..9 * n * n]));
        let mut singular = a.clone();
        singular[3 * n * n..4 * n * n].fill(T::ONE);
        let mut x = vec![T::ONE; count * n];
        let failure = solve_small_on(isa, &singular, n, &mut x, 1);
        assert_eq!(failure, if n > 1 { Some((3, 1)) } else { None });
        assert_eq!(x[3 * n..4 * n].iter().all(|x| x.is_nan()), n > 1);
    }
}

#[test]
fn batches_of_small_matrices() {
    for n in 1..=SMALL {
        check_small::<f64>(n);
        check_small::<f32>(n);
    }
    // Large enough for several parts.
    let n = 3;
    let a = normals::<f64>(53, 40_000 * n * n);
    let solve = || {
        let mut x = a[..40_000 * n].to_vec();
        solve_small(&a, n, &mut x, 1);
        bits(&x)
    };
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    assert!(pool(1).install(solve) == pool(3).install(solve));
}

#[test]
fn cofactors_of_larger_matrices() {
    for n in [15usize, 16, 40] {
        let mut a = normals::<f64>(71, n * n);
        (0..n).for_each(|i| a[i * n + i] += 2.0 * (n as f64).sqrt());
        // As it is, and with a row so small that the pivots are not trusted.
        for factor in [1.0, 1e-6] {
            a[..n].iter_mut().for_each(|x| *x *= factor);
            let (floats, indices) = cofactors_room(n);
            let mut c = vec![f64::NAN; n * n];
            cofactors(&a, n, &mut c, &mut vec![f64::NAN; floats], &mut vec![7; indices]);
            let (mut packed, mut pivots) = (a.clone(), vec![0; n]);
            lu(&mut packed, n, &mut pivots).unwrap();
            let det = lu_determinant(&packed, &pivots);
            let turned: Vec<f64> = (0..n * n).map(|at| c[at % n * n + at / n]).collect();
            let whole = product(&a, &turned, n, n, n);
            for at in 0..n * n {
                let want = if at / n == at % n { det } else { 0.0 };
                let size: f64 = (0..n).map(|k| (a[at / n * n + k] * turned[k * n + at % n]).abs()).sum();
                assert!((whole[at] - want).abs() <= 1e-13 * n as f64 * size.max(det.abs()), "{n} {factor} at {at}");
            }
        }
    }
}
