//! Cholesky, LU, systems, inverses, determinants.

use crate::check::{both_engines, check, eye, input};
use pyroxene_autograd::{DType, Tensor, Triangle, Var, grad, scope};

fn positive_definite(x: Var) -> Var {
    x.matmul(x.t()) + eye(x.size(-1)) * 2.0
}

/// Far from singular, and not symmetric.
fn regular(x: Var) -> Var {
    x + eye(x.size(-1)) * 3.0
}

#[test]
fn cholesky_and_what_follows() {
    for n in [1, 2, 5] {
        check("cholesky", &[input(&[n, n], 1)], |x| positive_definite(x[0]).cholesky());
    }
    check("cholesky twice", &[input(&[2, 3, 3], 1)], |x| {
        let l = positive_definite(x[0]).cholesky();
        grad(l.sin().sum(), &[x[0]])[0]
    });
    check("cholesky beyond a block", &[input(&[1, 2], 1)], |x| {
        let wide = Var::from(input(&[35, 2], 5)) * x[0];
        (wide.matmul(wide.t()) + eye(35) * 3.0).cholesky().square().sum_axes(&[1], false).sqrt()
    });
    check("cholesky_solve", &[input(&[3, 3], 1), input(&[3, 2], 2)], |x| {
        positive_definite(x[0]).cholesky().cholesky_solve(x[1])
    });
    check("cholesky_solve of a vector", &[input(&[2, 3, 3], 1), input(&[3], 2)], |x| {
        positive_definite(x[0]).cholesky().cholesky_solve(x[1].expand(&[2, 3]).unsqueeze(-1)).squeeze(-1)
    });
    check("cholesky_inverse", &[input(&[2, 3, 3], 1)], |x| positive_definite(x[0]).cholesky().cholesky_inverse());
    check("cholesky_logdet", &[input(&[2, 3, 3], 1)], |x| positive_definite(x[0]).cholesky().cholesky_logdet());
}

#[test]
fn systems_and_inverses() {
    check("solve", &[input(&[3, 3], 1), input(&[3, 2], 2)], |x| regular(x[0]).solve(x[1]));
    check("solve a vector", &[input(&[4, 4], 1), input(&[4], 2)], |x| regular(x[0]).solve(x[1]));
    check("solve a batch with one vector", &[input(&[2, 2, 2], 1), input(&[2], 2)], |x| regular(x[0]).solve(x[1]));
    check("solve one matrix for a batch", &[input(&[2, 2], 1), input(&[3, 1, 2, 2], 2)], |x| regular(x[0]).solve(x[1]));
    check("solve across batches", &[input(&[2, 1, 2, 2], 1), input(&[3, 2, 1], 2)], |x| regular(x[0]).solve(x[1]));
    check("solve turned", &[input(&[3, 3], 1), input(&[2, 3], 2)], |x| regular(x[0]).t().solve(x[1].t().flip(0)));
    check("triangular vector", &[input(&[3, 3], 1), input(&[3], 2)], |x| {
        regular(x[0]).solve_triangular(x[1], Triangle::Upper, true)
    });
    check("triangular shared", &[input(&[3, 3], 1), input(&[2, 3, 2], 2)], |x| {
        regular(x[0]).solve_triangular(x[1], Triangle::Lower, true)
    });
    check("inverse", &[input(&[2, 3, 3], 1)], |x| regular(x[0]).inverse());
    check("inverse of order 5", &[input(&[2, 5, 5], 1)], |x| regular(x[0]).inverse());
    check("solve of order 6", &[input(&[6, 6], 1), input(&[2, 6, 2], 2)], |x| regular(x[0]).solve(x[1]));
    check("solve batches of order 5", &[input(&[2, 5, 5], 1), input(&[5], 2)], |x| regular(x[0]).solve(x[1]));
    check("inverse 1x1", &[input(&[1, 1], 1)], |x| x[0].inverse());
    check("lu", &[input(&[3, 3], 1)], |x| {
        let (p, l, u) = regular(x[0]).flip(0).lu();
        p.matmul(l.sin()).matmul(u.cos())
    });
    check("lu_factor", &[input(&[2, 4, 4], 1)], |x| regular(x[0]).flip(0).lu_factor().0);
}

#[test]
fn determinants() {
    for n in 1..=5usize {
        check("det", &[input(&[2, n, n], 1)], |x| x[0].det());
        check("slogdet", &[input(&[n, n], 1)], |x| regular(x[0]).flip(0).slogdet().1);
        check("logdet", &[input(&[n, n], 1)], |x| regular(x[0]).logdet());
    }
    check("det three times", &[input(&[4, 4], 1)], |x| {
        let y = regular(x[0]);
        grad(y.det(), &[y])[0]
    });
}

#[test]
fn determinants_at_singular_matrices() {
    // Of rank n - 1, n - 2 and 0.
    for (n, rank) in [(2, 1), (3, 2), (3, 1), (4, 3), (4, 2), (5, 4), (5, 3), (4, 0)] {
        let (x, y) = (input(&[n, rank], 3), input(&[rank, n], 4));
        check("singular det", &[x.matmul(&y)], |x| x[0].det());
    }
}

#[test]
fn empties_and_batches_of_none() {
    let shapes: [&[usize]; 3] = [&[0, 0], &[2, 0, 0], &[0, 3, 3]];
    for shape in shapes {
        let x = Tensor::zeros(shape, DType::F64);
        let batch = &shape[..shape.len() - 2];
        let all = both_engines("empty", &[x], |x| {
            let x = x[0];
            let (p, l, u) = x.lu();
            let (sign, log) = x.slogdet();
            let loss = x.cholesky().sum() + x.inverse().sum() + x.det().sum() + log.sum() + u.sum();
            let l_t = x.cholesky();
            let more = l_t.cholesky_inverse().sum() + l_t.cholesky_logdet().sum() + l_t.cholesky_solve(x).sum();
            vec![x.cholesky(), x.inverse(), x.solve(x), p, l, u, x.det(), sign, log, grad(loss + more, &[x])[0]]
        });
        for y in &all[..6] {
            assert_eq!(y.shape(), shape);
        }
        for (y, want) in all[6..9].iter().zip([1.0, 1.0, 0.0]) {
            assert_eq!(y.shape(), batch);
            assert!(y.iter_f64().all(|y| y == want), "{y:?}");
        }
    }
    scope(|| {
        let x = Var::from(Tensor::eye(3, DType::F64));
        assert_eq!(x.solve(Var::zeros(&[3, 0])).shape().as_slice(), [3, 0]);
        assert_eq!(x.solve(Var::zeros(&[0, 3, 2])).shape().as_slice(), [0, 3, 2]);
    });
}

#[test]
fn what_has_no_result_is_not_a_number_there_alone() {
    let good = [2.0, 1.0, 1.0, 3.0];
    let bads: [[f64; 4]; 4] = [[1.0, 2.0, 2.0, 4.0], [0.0; 4], [f64::NAN, 0.0, 0.0, 1.0], [1.0, f64::NAN, 0.0, 1.0]];
    for bad in bads {
        let data: Vec<f64> = good.iter().chain(&bad).chain(&good).copied().collect();
        let x = Tensor::from_vec(data, [3, 2, 2]);
        let all = both_engines("singular in a batch", &[x], |x| vec![x[0].inverse(), x[0].solve([1.0, 2.0])]);
        for y in all {
            let rows = y.reshape(&[3, -1]);
            assert!(rows.select(0, 1).iter_f64().all(f64::is_nan), "{bad:?}: {y:?}");
            assert!(rows.select(0, 0).iter_f64().all(f64::is_finite));
            assert!(rows.select(0, 0) == rows.select(0, 2));
        }
    }
    // Beyond the orders that are solved in whole batches.
    let singular = Tensor::stack(&[Tensor::ones([6, 6], DType::F64), Tensor::eye(6, DType::F64)], 0);
    let all = both_engines("singular of order 6", &[singular], |x| {
        let y = x[0].inverse();
        vec![y, x[0].solve(Var::ones(&[6])), grad(y.sum(), &[x[0]])[0]]
    });
    for y in all {
        let rows = y.reshape(&[2, -1]);
        assert!(rows.select(0, 0).iter_f64().all(f64::is_nan), "{y:?}");
        assert!(rows.select(0, 1).iter_f64().all(f64::is_finite), "{y:?}");
    }
    let indefinite = Tensor::from([[[1.0, 0.0], [0.0, -1.0]], [[4.0, 0.0], [0.0, 1.0]]]);
    let all = both_engines("not positive definite", &[indefinite], |x| {
        let l = x[0].cholesky();
        let logdet = l.cholesky_logdet();
        vec![l, logdet, grad(logdet.sum(), &[x[0]])[0], x[0].logdet()]
    });
    for y in all {
        let rows = y.reshape(&[2, -1]);
        assert!(rows.select(0, 0).iter_f64().all(f64::is_nan), "{y:?}");
        assert!(rows.select(0, 1).iter_f64().all(f64::is_finite), "{y:?}");
    }
}

#[test]
fn singular_determinants_are_zero() {
    scope(|| {
        let x = Var::from(Tensor::ones([4, 4], DType::F64));
        assert_eq!(x.det().item(), 0.0);
        let (sign, log) = x.slogdet();
        assert_eq!((sign.item(), log.item()), (0.0, f64::NEG_INFINITY));
        assert_eq!(x.logdet().item(), f64::NEG_INFINITY);
    });
}

#[test]
fn single_precision_stays_single() {
    scope(|| {
        let x = Var::from(Tensor::from([[2.0f32, 1.0], [1.0, 3.0]]));
        let b = Var::from(Tensor::from([1.0f32, 2.0]));
        let l = x.cholesky();
        for y in [l, l.cholesky_solve(b), l.cholesky_inverse(), x.solve(b), x.inverse(), x.det(), x.logdet(), x.lu().2]
        {
            assert_eq!(y.dtype(), DType::F32);
            assert_eq!(y.to_tensor().dtype(), DType::F32);
        }
        assert_eq!(Var::from(Tensor::from([[2i64, 1], [1, 3]])).det().item(), 5.0);
    });
}
