//! QR factors, symmetric eigenvalues, singular values.

use super::factors::product;
use super::*;

/// The transpose of a row-major matrix.
fn turned(a: &[f64], m: usize, n: usize) -> Vec<f64> {
    (0..n * m).map(|at| a[at % m * n + at / m]).collect()
}

fn largest(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |most, x| most.max(x.abs()))
}

/// The largest difference of two matrices.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |most: f64, (x, y)| if (x - y).abs() <= most { most } else { (x - y).abs() })
}

/// How far the columns of an `[m, k]` matrix are from orthonormal.
fn departure(q: &[f64], m: usize, k: usize) -> f64 {
    let one: Vec<f64> = (0..k * k).map(|at| if at / k == at % k { 1.0 } else { 0.0 }).collect();
    distance(&product(&turned(q, m, k), q, k, m, k), &one)
}

/// Matrices of one shape: ordinary, of rank two, graded, tiny, huge, zero.
fn matrices(m: usize, n: usize) -> Vec<Vec<f64>> {
    let plain = normals::<f64>(31, m * n);
    let (x, y) = (normals::<f64>(32, 2 * m), normals::<f64>(33, 2 * n));
    let dyads = product(&x, &y, m, 2, n);
    let graded = (0..m * n).map(|at| plain[at] * 10f64.powi(-((at % n.max(1)) as i32))).collect();
    let times = |factor: f64| plain.iter().map(|x| x * factor).collect();
    let (tiny, huge) = (times(1e-300), times(1e300));
    vec![plain, dyads, graded, tiny, huge, vec![0.0; m * n]]
}

#[test]
fn orthogonal_triangular_factors() {
    let shapes =
        [(0, 0), (0, 2), (2, 0), (1, 1), (3, 3), (5, 3), (3, 5), (8, 8), (40, 7), (33, 33), (70, 65), (65, 70)];
    for (m, n) in shapes {
        for a in matrices(m, n) {
            for columns in [m.min(n), m] {
                let mut reference: Option<Vec<u64>> = None;
                for isa in isas() {
                    let (mut q, mut r) = (vec![f64::NAN; m * columns], vec![f64::NAN; columns * n]);
                    qr_on(isa, &a, m, n, columns, &mut q, &mut r, &mut vec![f64::NAN; qr_room(m, n, columns)]);
                    let back = product(&q, &r, m, columns, n);
                    let bound = 20.0 * f64::EPSILON * (m.max(n) as f64).sqrt() * largest(&a);
                    assert!(distance(&back, &a) <= bound, "{isa:?} {m} {n}: {} {bound}", distance(&back, &a));
                    assert!(departure(&q, m, columns) < 1e-14 * (m as f64).sqrt().max(1.0), "{isa:?} {m} {n}");
                    for i in 0..columns {
                        assert!(r[i * n..i * n + i.min(n)].iter().all(|&x| x == 0.0));
                        assert!(i >= n || r[i * n + i] >= 0.0, "{isa:?} {m} {n}: a negative diagonal");
                    }
                    let bits = bits(&[q, r].concat());
                    assert_eq!(*reference.get_or_insert_with(|| bits.clone()), bits, "{isa:?} {m} {n}");
                }
            }
        }
    }
}

#[test]
fn eigenvalues_of_symmetric_matrices() {
    for n in [0usize, 1, 2, 3, 4, 8, 17, 33, 70] {
        let all = matrices(n, n);
        let symmetric = all.iter().map(|a| (0..n * n).map(|at| a[at.max(at % n * n + at / n)]).collect::<Vec<f64>>());
        let one: Vec<f64> = (0..n * n).map(|at| if at / n == at % n { 2.0 } else { 0.0 }).collect();
        for a in symmetric.chain([one]) {
            let mut reference: Option<Vec<u64>> = None;
            for isa in isas() {
                // The upper triangle is not read.
                let lower: Vec<f64> = (0..n * n).map(|at| if at / n >= at % n { a[at] } else { f64::NAN }).collect();
                let (mut w, mut v) = (vec![f64::NAN; n], vec![f64::NAN; n * n]);
                let mut room = vec![f64::NAN; eigh_room(n)];
                assert!(eigh_on(isa, &lower, n, &mut w, Some(&mut v), &mut room));
                assert!(w.is_sorted(), "{isa:?} {n}: {w:?}");
                assert!(
                    departure(&v, n, n) < 1e-14 * (n as f64).sqrt().max(1.0),
                    "{isa:?} {n}: {}",
                    departure(&v, n, n)
                );
                let scaled: Vec<f64> = (0..n * n).map(|at| v[at] * w[at % n]).collect();
                let back = product(&scaled, &turned(&v, n, n), n, n, n);
                let bound = 10.0 * f64::EPSILON * n as f64 * largest(&a);
                assert!(distance(&back, &a) <= bound, "{isa:?} {n}: {} {bound}", distance(&back, &a));
                let mut alone = vec![f64::NAN; n];
                assert!(eigh_on(isa, &lower, n, &mut alone, None, &mut room));
                assert!(distance(&alone, &w) <= bound, "{isa:?} {n}");
                let bits = bits(&[w, v, alone].concat());
                assert_eq!(*reference.get_or_insert_with(|| bits.clone()), bits, "{isa:?} {n}");
            }
        }
    }
}

#[test]
fn singular_values() {
    let shapes =
        [(0, 0), (0, 2), (3, 0), (1, 1), (1, 4), (3, 3), (5, 3), (3, 5), (8, 8), (40, 7), (7, 40), (33, 33), (50, 45)];
    for (m, n) in shapes {
        let k = m.min(n);
        for a in matrices(m, n) {
            let mut reference: Option<Vec<u64>> = None;
            for isa in isas() {
                let (mut s, mut u, mut v) = (vec![f64::NAN; k], vec![f64::NAN; m * k], vec![f64::NAN; n * k]);
                let mut room = vec![f64::NAN; svd_room(m, n)];
                assert!(svd_on(isa, &a, m, n, &mut s, Some((&mut u, &mut v)), &mut room));
                assert!(s.is_sorted_by(|a, b| a >= b) && s.iter().all(|&x| x >= 0.0), "{isa:?} {m} {n}: {s:?}");
                let bound = 1e-14 * (m.max(n) as f64).sqrt();
                assert!(departure(&u, m, k) <= bound, "{isa:?} {m} {n}: U {}", departure(&u, m, k));
                assert!(departure(&v, n, k) <= bound, "{isa:?} {m} {n}: V {}", departure(&v, n, k));
                let scaled: Vec<f64> = (0..m * k).map(|at| u[at] * s[at % k]).collect();
                let back = product(&scaled, &turned(&v, n, k), m, k, n);
                assert!(distance(&back, &a) <= bound * largest(&a), "{isa:?} {m} {n}: {}", distance(&back, &a));
                let mut alone = vec![f64::NAN; k];
                assert!(svd_on(isa, &a, m, n, &mut alone, None, &mut room));
                assert_eq!(bits(&alone), bits(&s));
                let bits = bits(&[s, u, v].concat());
                assert_eq!(*reference.get_or_insert_with(|| bits.clone()), bits, "{isa:?} {m} {n}");
            }
        }
    }
}

#[test]
fn known_values() {
    // The second difference matrix: 2 - 2 cos(pi j / (n + 1)).
    let n = 50usize;
    let a: Vec<f64> = (0..n * n)
        .map(|at| match (at / n).abs_diff(at % n) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        })
        .collect();
    let mut w = vec![0.0; n];
    assert!(eigh(&a, n, &mut w, None, &mut vec![0.0; eigh_room(n)]));
    let mut s = vec![0.0; n];
    assert!(svd(&a, n, n, &mut s, None, &mut vec![0.0; svd_room(n, n)]));
    for j in 1..=n {
        let want = 2.0 - 2.0 * (std::f64::consts::PI * j as f64 / (n + 1) as f64).cos();
        let (eigen, singular) = (w[j - 1] - want, s[n - j] - want);
        // n eps |A| is 4e-14.
        assert!(eigen.abs() < 4e-14 && singular.abs() < 4e-14, "{j}: {eigen} {singular}");
    }
    // Jacobi finds the small singular values of a graded matrix to full relative accuracy.
    let graded = [1.0, 1e-10, 0.0, 1e-10];
    let mut s = [0.0; 2];
    assert!(svd(&graded, 2, 2, &mut s, None, &mut vec![0.0; svd_room(2, 2)]));
    assert!((s[1] / 1e-10 - 1.0).abs() < 1e-14, "{}", s[1]);
}

#[test]
fn what_is_not_finite_gives_not_a_number() {
    for bad in [f64::NAN, f64::INFINITY] {
        let a = [1.0, 2.0, bad, 4.0];
        let (mut w, mut v, mut u) = ([0.0; 2], [0.0; 4], [0.0; 4]);
        assert!(!eigh(&a, 2, &mut w, Some(&mut v), &mut vec![0.0; eigh_room(2)]));
        assert!(w.iter().chain(&v).all(|x| x.is_nan()));
        (w, v) = ([0.0; 2], [0.0; 4]);
        assert!(!svd(&a, 2, 2, &mut w, Some((&mut u, &mut v)), &mut vec![0.0; svd_room(2, 2)]));
        assert!(w.iter().chain(&v).chain(&u).all(|x| x.is_nan()));
        let (mut q, mut r) = ([0.0; 4], [0.0; 4]);
        qr(&a, 2, 2, 2, &mut q, &mut r, &mut vec![0.0; qr_room(2, 2, 2)]);
        assert!(q.iter().chain(&r).any(|x| x.is_nan()));
    }
}

#[test]
fn threads_do_not_change_orthogonal_factors() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let work = || {
        let n = 160;
        let a = normals::<f64>(40, n * n);
        let (mut q, mut r) = (vec![0.0; n * n], vec![0.0; n * n]);
        qr(&a, n, n, n, &mut q, &mut r, &mut vec![0.0; qr_room(n, n, n)]);
        let (mut w, mut v) = (vec![0.0; n], vec![0.0; n * n]);
        eigh(&a, n, &mut w, Some(&mut v), &mut vec![0.0; eigh_room(n)]);
        [q, r, w, v].map(|values| bits(&values))
    };
    let one = pool(1).install(work);
    assert!(pool(3).install(work) == one);
}

#[test]
fn exponentials() {
    // Of V diag(w) V^T it is V diag(exp(w)) V^T, over many sizes of the norm and so all degrees.
    for n in [1usize, 2, 3, 8, 20] {
        for size in [1e-9, 1e-3, 0.05, 0.4, 1.0, 3.0, 10.0, 50.0] {
            let x = normals::<f64>(41, n * n);
            let a: Vec<f64> = (0..n * n).map(|at| size * (x[at] + x[at % n * n + at / n]) / n as f64).collect();
            let (mut w, mut v) = (vec![0.0; n], vec![0.0; n * n]);
            assert!(eigh(&a, n, &mut w, Some(&mut v), &mut vec![0.0; eigh_room(n)]));
            let scaled: Vec<f64> = (0..n * n).map(|at| v[at] * w[at % n].exp()).collect();
            let want = product(&scaled, &turned(&v, n, n), n, n, n);
            let mut reference: Option<Vec<u64>> = None;
            for isa in isas() {
                let (mut out, mut room) = (vec![f64::NAN; n * n], vec![f64::NAN; matrix_exp_room(n)]);
                assert!(matrix_exp_on(isa, &a, n, &mut out, &mut room, &mut vec![9; n]));
                let bound = 1e-14 * largest(&want) * size.max(1.0) * (n as f64);
                assert!(distance(&out, &want) <= bound, "{isa:?} {n} {size}: {}", distance(&out, &want));
                let bits = bits(&out);
                assert_eq!(*reference.get_or_insert_with(|| bits.clone()), bits, "{isa:?} {n} {size}");
            }
        }
    }
}

#[test]
fn exponentials_in_closed_form() {
    let exp = |a: &[f64], n: usize| {
        let mut out = vec![0.0; n * n];
        let done = matrix_exp(a, n, &mut out, &mut vec![0.0; matrix_exp_room(n)], &mut vec![0; n]);
        assert_eq!(done, a.iter().all(|x| x.is_finite()));
        out
    };
    // A rotation by t, and the upper triangle whose powers grow though they should not be scaled away.
    for t in [0.3f64, 3.0, 30.0] {
        let want = [t.cos(), -t.sin(), t.sin(), t.cos()];
        assert!(distance(&exp(&[0.0, -t, t, 0.0], 2), &want) < 1e-14 * t.max(1.0));
    }
    let got = exp(&[1.0, 1e6, 0.0, -1.0], 2);
    let want = [1f64.exp(), 1e6 * 1f64.sinh(), 0.0, (-1f64).exp()];
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= 1e-14 * want, "{got} {want}");
    }
    assert_eq!(exp(&[0.0; 9], 3), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(exp(&[], 0), []);
    assert!(exp(&[f64::NAN, 0.0, 0.0, 1.0], 2).iter().all(|x| x.is_nan()));
    // Beyond all scaling: still an answer.
    assert_eq!(exp(&[-1e200, 0.0, 0.0, -1e200], 2), [0.0; 4]);
}
