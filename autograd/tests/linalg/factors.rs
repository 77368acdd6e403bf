//! QR, eigenvalues, singular values, least squares, exponentials, norms, products.

use crate::check::{both_engines, check, eye, input};
use pyroxene_autograd::{DType, MatrixNorm, Tensor, Var, grad, scope};

fn symmetric(x: Var) -> Var {
    x + x.t()
}

/// With singular values and eigenvalues well apart, on any shape.
fn spread(x: Var) -> Var {
    let (m, n) = (x.size(-2), x.size(-1));
    let diagonal = (0..m * n).map(|at| if at / n == at % n { 2.0 + 3.0 * (at % n) as f64 } else { 0.0 });
    x + Var::from(Tensor::from_vec(diagonal.collect::<Vec<f64>>(), [m, n]))
}

#[test]
fn orthogonal_triangular_factors() {
    for (m, n) in [(1, 1), (3, 3), (4, 2), (2, 4)] {
        check("qr", &[input(&[m, n], 1)], |x| {
            let (q, r) = spread(x[0]).qr();
            q.sin().matmul(r.cos())
        });
        check("q", &[input(&[2, m, n], 1)], |x| spread(x[0]).qr().0);
        check("r", &[input(&[m, n], 1)], |x| spread(x[0]).qr().1);
    }
}

#[test]
fn eigenvalues_and_vectors() {
    for n in [1, 2, 4] {
        check("eigvalsh", &[input(&[2, n, n], 1)], |x| symmetric(spread(x[0])).eigvalsh());
        check("eigenvalues", &[input(&[n, n], 1)], |x| symmetric(spread(x[0])).eigh().0);
        check("eigenvectors", &[input(&[n, n], 1)], |x| symmetric(spread(x[0])).eigh().1);
        check("eigh", &[input(&[n, n], 1)], |x| {
            let (w, v) = symmetric(spread(x[0])).eigh();
            (v * w.sin()).matmul(v.t().cos())
        });
    }
}

#[test]
fn singular_values_and_vectors() {
    for (m, n) in [(1, 1), (3, 3), (4, 2), (2, 4)] {
        check("svdvals", &[input(&[2, m, n], 1)], |x| spread(x[0]).svdvals());
        check("u", &[input(&[m, n], 1)], |x| spread(x[0]).svd().0);
        check("s", &[input(&[m, n], 1)], |x| spread(x[0]).svd().1);
        check("v", &[input(&[m, n], 1)], |x| spread(x[0]).svd().2);
        check("svd", &[input(&[m, n], 1)], |x| {
            let (u, s, vt) = spread(x[0]).svd();
            (u.sin() * s.cos()).matmul(vt.exp())
        });
    }
}

#[test]
fn least_squares() {
    for (m, n) in [(1, 1), (3, 3), (4, 2), (2, 4)] {
        check("pinv", &[input(&[2, m, n], 1)], |x| spread(x[0]).pinv(None));
        check("lstsq", &[input(&[m, n], 1), input(&[m, 2], 2)], |x| spread(x[0]).lstsq(x[1], None));
        check("lstsq of vectors", &[input(&[2, m, n], 1), input(&[m], 2)], |x| spread(x[0]).lstsq(x[1], None));
        check("lstsq across batches", &[input(&[m, n], 1), input(&[3, m, 1], 2)], |x| spread(x[0]).lstsq(x[1], None));
    }
    // Of rank one, along matrices of rank one.
    check("pinv of a dyad", &[input(&[3], 1), input(&[2], 2)], |x| x[0].outer(x[1]).pinv(Some(1e-9)));
}

#[test]
fn exponentials_and_powers() {
    for n in [1, 2, 3] {
        check("matrix_exp", &[input(&[2, n, n], 1)], |x| (x[0] - 0.9).matrix_exp());
    }
    check("matrix_exp of a larger one", &[input(&[3, 3], 1)], |x| (x[0] * 4.0 - 5.0).matrix_exp() * 1e-2);
    for exponent in [0, 1, 2, 5, -1, -3] {
        let name = format!("matrix_power {exponent}");
        let power: fn(Var) -> Var = match exponent {
            0 => |x| x.matrix_power(0) + x * 1e-3,
            1 => |x| x.matrix_power(1),
            2 => |x| x.matrix_power(2),
            5 => |x| x.matrix_power(5) * 1e-3,
            -1 => |x| x.matrix_power(-1),
            _ => |x| x.matrix_power(-3),
        };
        let all = both_engines(&name, &[input(&[2, 3, 3], 1)], |x| {
            let y = power(x[0] + eye(3) * 2.0);
            vec![y, grad(y.sum(), &[x[0]])[0]]
        });
        assert!(all[0].iter_f64().all(f64::is_finite));
    }
    check("fifth power", &[input(&[2, 2], 1)], |x| (x[0] * 0.7).matrix_power(5));
    check("negative power", &[input(&[2, 2], 1)], |x| (x[0] + eye(2)).matrix_power(-2));
}

#[test]
fn products_and_norms() {
    check("outer", &[input(&[2, 3], 1), input(&[2], 2)], |x| x[0].outer(x[1]));
    check("kron", &[input(&[2, 3], 1), input(&[2, 1, 2], 2)], |x| x[0].kron(x[1]));
    check("trace", &[input(&[2, 3, 3], 1)], |x| x[0].trace().square());
    check("dot", &[input(&[4], 1), input(&[4], 2)], |x| x[0].dot(x[1]).sin());
    check("Frobenius", &[input(&[2, 3, 2], 1)], |x| x[0].matrix_norm(MatrixNorm::Frobenius));
    check("nuclear", &[input(&[2, 3], 1)], |x| spread(x[0]).matrix_norm(MatrixNorm::Nuclear));
    check("spectral", &[input(&[3, 2], 1)], |x| spread(x[0]).matrix_norm(MatrixNorm::Spectral));
    check("one", &[input(&[3, 2], 1)], |x| spread(x[0]).matrix_norm(MatrixNorm::One).square());
    check("infinity", &[input(&[3, 2], 1)], |x| spread(x[0]).matrix_norm(MatrixNorm::Infinity).square());
}

#[test]
fn equal_values_have_finite_derivatives_of_values() {
    let all = both_engines("equal values", &[Tensor::eye(3, DType::F64)], |x| {
        let functions: [fn(Var) -> Var; 4] = [
            |x| x.eigvalsh().exp().sum(),
            |x| x.eigh().0.exp().sum(),
            |x| x.svdvals().exp().sum(),
            |x| x.svd().1.exp().sum(),
        ];
        let first = functions.map(|f| grad(f(x[0]), &[x[0]])[0]);
        let second = first.map(|g| grad(g.square().sum(), &[x[0]])[0]);
        first.into_iter().chain(second).collect()
    });
    // The functions are traces of exp, whose derivative at the identity is e, and the second e times that of the first.
    let want = Tensor::eye(3, DType::F64) * std::f64::consts::E;
    for g in &all[..4] {
        assert!(g.allclose(&want, 1e-13, 1e-13), "{g}");
    }
    assert!(all[4..].iter().all(|g| g.iter_f64().all(f64::is_finite)), "{all:?}");
}

#[test]
fn zero_matrices() {
    let all = both_engines("zero", &[Tensor::zeros([3, 2], DType::F64)], |x| {
        let x = x[0];
        let norm = x.matrix_norm(MatrixNorm::Frobenius);
        let (u, s, vt) = x.svd();
        vec![x.pinv(None), x.lstsq([1.0, 2.0, 3.0], None), s, norm, grad(norm, &[x])[0], u, vt, x.matrix_rank(None)]
    });
    for zero in all[..5].iter().chain([&all[7]]) {
        assert!(zero.iter_f64().all(|x| x == 0.0), "{zero}");
    }
    for (x, n) in [(&all[5], 2), (&all[6], 2)] {
        let gram = if x.size(-2) > n { x.t().matmul(x) } else { x.matmul(&x.t()) };
        assert!(gram.allclose(Tensor::eye(n, DType::F64), 1e-15, 1e-15), "{gram}");
    }
}

#[test]
fn empties() {
    for shape in [vec![0, 0], vec![2, 0, 0], vec![0, 3, 3], vec![0, 3], vec![3, 0]] {
        let all = both_engines("empty", &[Tensor::zeros(&shape, DType::F64)], |x| {
            let x = x[0];
            let (q, r) = x.qr();
            let (u, s, vt) = x.svd();
            let nuclear = x.matrix_norm(MatrixNorm::Nuclear);
            let norms = x.matrix_norm(MatrixNorm::Frobenius) + x.matrix_norm(MatrixNorm::Spectral) + nuclear;
            let mut all =
                vec![q.matmul(r), (u * s.unsqueeze(-2)).matmul(vt), x.pinv(None).t(), norms, x.matrix_rank(None)];
            let mut loss = norms.sum() + s.sum() + r.sum() + x.pinv(None).sum();
            if x.size(-1) == x.size(-2) {
                let (w, v) = x.eigh();
                all.extend([v, x.matrix_exp(), x.matrix_power(3)]);
                loss = loss + w.sum() + x.eigvalsh().sum() + x.matrix_exp().sum();
            }
            all.push(grad(loss, &[x])[0]);
            all
        });
        for (k, y) in all.iter().enumerate() {
            let want = if k == 3 || k == 4 { &shape[..shape.len() - 2] } else { &shape[..] };
            assert_eq!(y.shape(), want, "output {k}");
            assert!(y.iter_f64().all(|x| x == 0.0), "{y}");
        }
    }
}

#[test]
fn what_is_not_finite_is_not_a_number_there_alone() {
    for bad in [f64::NAN, f64::INFINITY] {
        let data = [2.0, 1.0, 1.0, 3.0, bad, 1.0, 1.0, bad, 2.0, 1.0, 1.0, 3.0];
        let all = both_engines("not finite", &[Tensor::from_vec(data.to_vec(), [3, 2, 2])], |x| {
            let x = x[0];
            let (u, s, vt) = x.svd();
            let (w, v) = x.eigh();
            vec![w, v, x.eigvalsh(), u, s, vt, x.svdvals(), x.matrix_exp(), x.pinv(None), x.qr().1]
        });
        for (k, y) in all.iter().enumerate() {
            let rows = y.reshape(&[3, -1]);
            // The factor R keeps its zeros below the diagonal.
            let bad = rows.select(0, 1).iter_f64().filter(|x| x.is_nan()).count();
            assert!(bad == rows.size(1) || k == 9 && bad > 0, "output {k}: {y}");
            assert!(rows.select(0, 0).iter_f64().all(f64::is_finite));
            assert!(rows.select(0, 0) == rows.select(0, 2));
        }
    }
}

#[test]
fn single_precision_stays_single() {
    scope(|| {
        let x = Var::from(Tensor::from([[2.0f32, 1.0], [1.0, 3.0]]));
        let (u, s, vt) = x.svd();
        let (w, v) = x.eigh();
        for y in [u, s, vt, w, v, x.qr().0, x.eigvalsh(), x.svdvals(), x.matrix_exp(), x.pinv(None), x.matrix_power(3)]
        {
            assert_eq!(y.dtype(), DType::F32);
            assert_eq!(y.to_tensor().dtype(), DType::F32);
        }
        // A matrix that is singular in single precision.
        let nearly = Var::from(Tensor::from([[1.0f32, 1.0], [1.0, 1.0 + 1e-7]]));
        assert_eq!((nearly.matrix_rank(None).item(), nearly.matrix_rank(Some(1e-9)).item()), (1.0, 2.0));
    });
}
