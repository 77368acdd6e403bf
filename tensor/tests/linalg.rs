//! Linear algebra of tensors: properties of factors, failures by name, strides, broadcasts.

use pyroxene_tensor::{DType, Tensor, TensorError, Triangle};

/// Deterministic numbers in (-1, 1), different for each seed, that look independent.
fn numbers(shape: &[usize], seed: u64) -> Tensor {
    let n: usize = shape.iter().product();
    let number = |i: usize| (((i as f64 + 0.7) * 12.9898 + seed as f64 * 78.233).sin() * 43758.5453).fract();
    Tensor::from_vec((0..n).map(number).collect::<Vec<_>>(), shape)
}

fn positive_definite(shape: &[usize], seed: u64) -> Tensor {
    let x = numbers(shape, seed);
    x.matmul(&x.t()) + Tensor::eye(*shape.last().expect("a matrix"), DType::F64)
}

fn near(a: &Tensor, b: &Tensor, tolerance: f64) {
    assert_eq!(a.shape(), b.shape());
    assert!(a.allclose(b, tolerance, tolerance), "{a}\n{b}");
}

#[test]
fn factors_multiply_to_the_matrix() {
    for n in [0, 1, 2, 3, 7, 33] {
        let x = numbers(&[2, n, n], 1);
        let (p, l, u) = x.lu();
        near(&p.matmul(&l).matmul(&u), &x, 1e-13);
        assert_eq!(l, l.tril(0));
        assert_eq!(u, u.triu(0));
        assert!(l.abs().le_one(), "{l}");
        let a = positive_definite(&[2, n, n], 1);
        let l = a.cholesky();
        near(&l.matmul(&l.t()), &a, 1e-13);
        near(&l.cholesky_inverse().matmul(&a), &Tensor::eye(n, DType::F64).expand([2, n, n]), 1e-10);
        near(&l.cholesky_logdet(), &a.logdet(), 1e-12);
        let inverse = a.inverse();
        near(&inverse.matmul(&a), &Tensor::eye(n, DType::F64).expand([2, n, n]), 1e-10);
        let b = numbers(&[2, n, 3], 5);
        near(&a.matmul(&a.solve(&b)), &b, 1e-11);
        near(&a.matmul(&l.cholesky_solve(&b)), &b, 1e-11);
        let (sign, log) = x.slogdet();
        near(&(sign * log.exp()), &x.det(), 1e-12);
    }
}

trait Bounded {
    fn le_one(&self) -> bool;
}

impl Bounded for Tensor {
    fn le_one(&self) -> bool {
        self.iter_f64().all(|x| x.abs() <= 1.0)
    }
}

#[test]
fn permutation_says_which_row_came_where() {
    let x = numbers(&[5, 5], 3);
    let (packed, permutation) = x.lu_factor();
    let l = packed.tril(-1) + Tensor::eye(5, DType::F64);
    near(&l.matmul(&packed.triu(0)), &x.index_select(0, &permutation), 1e-14);
}

#[test]
fn views_give_the_same_as_copies() {
    let base = positive_definite(&[3, 4, 4], 2) + numbers(&[3, 4, 4], 8) * 0.1;
    let views = [
        base.t(),
        base.flip(0).flip(2),
        base.permute(&[1, 0, 2]).slice(0, ..3).permute(&[1, 0, 2]).slice(2, ..3),
        base.select(0, 1).expand([2, 4, 4]),
    ];
    for view in views {
        let copy = Tensor::from_vec(view.to_vec::<f64>(), view.shape());
        let b = numbers(&[4, 3, 2], 4).permute(&[1, 0, 2]).slice(1, ..view.size(-1)).slice(0, ..view.size(0));
        let pairs = [
            (view.cholesky(), copy.cholesky()),
            (view.inverse(), copy.inverse()),
            (view.det(), copy.det()),
            (view.slogdet().1, copy.slogdet().1),
            (view.lu().1, copy.lu().1),
            (view.solve(&b), copy.solve(&b.contiguous())),
            (
                view.solve_triangular(&b, Triangle::Upper, true),
                copy.solve_triangular(&b.contiguous(), Triangle::Upper, true),
            ),
        ];
        let bits = |x: Tensor| x.iter_f64().map(f64::to_bits).collect::<Vec<_>>();
        for (a, b) in pairs {
            assert_eq!(bits(a), bits(b));
        }
    }
}

#[test]
fn systems_broadcast() {
    let (a, b) = (positive_definite(&[2, 1, 3, 3], 1), numbers(&[4, 3, 2], 2));
    let x = a.solve(&b);
    assert_eq!(x.shape(), [2, 4, 3, 2]);
    near(&a.matmul(&x), &b.expand([2, 4, 3, 2]), 1e-12);
    let vector = numbers(&[3], 3);
    near(&a.matmul(&a.solve(&vector).unsqueeze(-1)).squeeze(-1), &vector.expand([2, 1, 3]), 1e-12);
    let one = positive_definite(&[3, 3], 4);
    near(&one.matmul(&one.solve(&b)), &b, 1e-12);
    assert_eq!(one.solve(&Tensor::zeros([0, 3, 2], DType::F64)).shape(), [0, 3, 2]);
    assert_eq!(one.solve(&Tensor::zeros([3, 0], DType::F64)).shape(), [3, 0]);
}

#[test]
fn failures_name_the_operation_the_shape_the_matrix_and_the_pivot() {
    let good = Tensor::from([[2.0, 1.0], [1.0, 3.0]]);
    let bad = Tensor::from([[1.0, 2.0], [2.0, 4.0]]);
    let batch = Tensor::stack(&[&good, &bad, &bad], 0);
    let text = |error: TensorError| {
        assert_eq!((error.batch(), error.pivot()), (Some(1), Some(1)));
        error.to_string()
    };
    let message = text(batch.try_cholesky().unwrap_err());
    assert_eq!(message, "cholesky: matrix 1 of [3, 2, 2] is not positive definite (pivot 1)");
    let message = text(batch.try_inverse().unwrap_err());
    assert_eq!(message, "inverse: matrix 1 of [3, 2, 2] is singular or not finite (pivot 1)");
    let message = text(batch.try_solve(&Tensor::from([1.0, 2.0])).unwrap_err());
    assert_eq!(message, "solve: matrix 1 of [3, 2, 2] is singular or not finite (pivot 1)");
    let shape = good.try_solve(&Tensor::from([1.0])).unwrap_err();
    assert_eq!(shape.to_string(), "solve: the right side [1] does not have the 2 rows of [2, 2]");
    assert_eq!(shape.pivot(), None);
    assert_eq!(good.try_inverse().unwrap(), good.inverse());
    assert_eq!(good.try_solve(&good).unwrap(), good.solve(&good));
    // Without `try_`, NaN in place of the result that there is not.
    let inverse = batch.inverse();
    assert_eq!(inverse.select(0, 0), good.inverse());
    assert!(inverse.slice(0, 1..).iter_f64().all(f64::is_nan));
}

#[test]
fn ill_conditioned_systems_have_small_residuals() {
    let n = 12;
    let hilbert: Vec<f64> = (0..n * n).map(|at| 1.0 / (at / n + at % n + 1) as f64).collect();
    let a = Tensor::from_vec(hilbert, [n, n]);
    let b = numbers(&[n], 1);
    let x = a.solve(&b);
    let residual = (a.matmul(&x) - &b).abs().max().item();
    assert!(residual <= 1e-14 * x.abs().max().item(), "{residual}");
    // 2.6450285e-83 (12 x 12), known from the closed form of the determinant.
    let exact = (1..12).fold(1.0, |product, k: i32| {
        let binomial = (1..=k).fold(1.0, |c, i| c * f64::from(k + i) / f64::from(i));
        product / (f64::from(2 * k + 1) * binomial * binomial)
    });
    let log = a.logdet().item();
    assert!((log - f64::ln(exact)).abs() < 0.5, "{log} {}", f64::ln(exact));
}

#[test]
fn single_precision_and_integers() {
    let x = Tensor::from([[2.0f32, 1.0], [1.0, 3.0]]);
    for y in [x.inverse(), x.det(), x.lu().1, x.slogdet().1, x.cholesky().cholesky_inverse(), x.solve(&x)] {
        assert_eq!(y.dtype(), DType::F32);
    }
    assert_eq!(x.solve(&Tensor::from([1.0, 2.0])).dtype(), DType::F64);
    let whole = Tensor::from([[2i64, 1], [1, 3]]);
    assert_eq!(whole.det(), Tensor::scalar(5.0));
    assert_eq!(whole.inverse().dtype(), DType::F64);
}

fn orthonormal(q: &Tensor) {
    let (k, n) = (q.size(-1), q.ndim());
    let mut shape = q.shape().to_vec();
    shape[n - 2] = k;
    near(&q.t().matmul(q), &Tensor::eye(k, DType::F64).expand(&shape), 1e-13);
}

#[test]
fn orthogonal_factors_multiply_to_the_matrix() {
    for (m, n) in [(0, 0), (0, 2), (2, 0), (1, 1), (3, 3), (7, 4), (4, 7), (40, 33)] {
        let base = numbers(&[2, n, m], 6);
        for x in [base.t(), base.t().flip(0).flip(1), base.select(0, 1).t().expand([3, m, n])] {
            let (q, r) = x.qr();
            near(&q.matmul(&r), &x, 1e-13);
            orthonormal(&q);
            assert_eq!(r, r.triu(0));
            let (u, s, vt) = x.svd();
            near(&(&u * s.unsqueeze(-2)).matmul(&vt), &x, 1e-13);
            orthonormal(&u);
            orthonormal(&vt.t());
            assert_eq!(x.svdvals(), s);
            let inverse = x.pinv(None);
            near(&x.matmul(&inverse).matmul(&x), &x, 1e-11);
            near(&x.matmul(&inverse), &x.matmul(&inverse).t(), 1e-11);
            assert!(x.matrix_rank(None).iter_f64().all(|rank| rank == m.min(n) as f64));
            if m == n {
                let symmetric = &x + &x.t();
                let (w, v) = symmetric.eigh();
                near(&(&v * w.unsqueeze(-2)).matmul(&v.t()), &symmetric, 1e-12);
                orthonormal(&v);
                near(&symmetric.eigvalsh(), &w, 1e-12);
                near(&symmetric.matrix_exp(), &(&v * w.exp().unsqueeze(-2)).matmul(&v.t()), 1e-11);
            }
        }
    }
}

#[test]
fn ranks_below_full() {
    let dyads = numbers(&[6, 2], 1).matmul(&numbers(&[2, 5], 2));
    assert_eq!(dyads.matrix_rank(None).item(), 2.0);
    let inverse = dyads.pinv(None);
    near(&dyads.matmul(&inverse).matmul(&dyads), &dyads, 1e-12);
    near(&inverse.matmul(&dyads).matmul(&inverse), &inverse, 1e-12);
    // Of all solutions the shortest: in the row space.
    let b = numbers(&[6], 3);
    let x = dyads.lstsq(&b, None);
    near(&x, &inverse.matmul(&b), 1e-12);
    near(&dyads.t().matmul(&(dyads.matmul(&x) - &b)), &Tensor::zeros([5], DType::F64), 1e-12);
    // An ill-conditioned problem: the residual is orthogonal all the same.
    let n = 8usize;
    let vandermonde: Vec<f64> =
        (0..20 * n).map(|at| (at / n) as f64 / 19.0).zip(0..).map(|(t, at)| t.powi((at % n) as i32)).collect();
    let a = Tensor::from_vec(vandermonde, [20, n]);
    let truth = numbers(&[n], 4);
    near(&a.lstsq(&a.matmul(&truth), None), &truth, 1e-9);
}

#[test]
fn norms_powers_and_products() {
    use pyroxene_tensor::MatrixNorm::{Frobenius, Infinity, Nuclear, One, Spectral};
    let a = Tensor::from([[1.0, -7.0], [2.0, 3.0], [4.0, 1.0]]);
    assert_eq!((a.matrix_norm(One).item(), a.matrix_norm(Infinity).item()), (11.0, 8.0));
    let s = a.svdvals();
    near(&a.matrix_norm(Frobenius), &s.square().sum().sqrt(), 1e-15);
    near(&a.matrix_norm(Nuclear), &s.sum(), 1e-15);
    near(&a.matrix_norm(Spectral), &s.select(0, 0), 1e-15);
    for size in [1e200, 1e-200] {
        near(&((&a * size).matrix_norm(Frobenius) / size), &a.matrix_norm(Frobenius), 1e-14);
    }
    for kind in [Frobenius, Infinity, Nuclear, One, Spectral] {
        assert_eq!(Tensor::zeros([2, 0, 3], DType::F64).matrix_norm(kind), Tensor::zeros([2], DType::F64));
        assert_eq!(Tensor::zeros([0, 0], DType::F64).matrix_norm(kind).item(), 0.0);
        assert!(Tensor::from([[f64::NAN, 1.0]]).matrix_norm(kind).item().is_nan(), "{kind:?}");
    }
    let square = numbers(&[2, 3, 3], 5);
    near(&square.matrix_power(7), &(0..6).fold(square.clone(), |x, _| x.matmul(&square)), 1e-13);
    near(&square.matrix_power(-2).matmul(&square).matmul(&square), &square.matrix_power(0), 1e-10);
    let (b, c) = (numbers(&[2, 1, 2, 3], 7), numbers(&[4, 3, 2], 8));
    let product = b.kron(&c);
    assert_eq!(product.shape(), [2, 4, 6, 6]);
    assert_eq!(product.at(&[1, 3, 4, 5]), b.at(&[1, 0, 1, 2]) * c.at(&[3, 1, 1]));
    assert_eq!(numbers(&[2, 3], 1).outer(&numbers(&[4], 2)).shape(), [2, 3, 4]);
    assert_eq!(square.trace(), square.diagonal().sum_axes(&[-1], false));
}

#[test]
fn what_is_not_finite_is_named() {
    let x = Tensor::stack(&[Tensor::eye(2, DType::F64), Tensor::full([2, 2], f64::NAN)], 0);
    assert_eq!(x.try_eigh().unwrap_err().to_string(), "eigh: matrix 1 of [2, 2, 2] is not finite");
    let error = x.try_svd().unwrap_err();
    assert_eq!(
        (error.to_string(), error.batch(), error.pivot()),
        ("svd: matrix 1 of [2, 2, 2] is not finite".into(), Some(1), None)
    );
    let good = Tensor::eye(2, DType::F64);
    assert_eq!(good.try_eigh().unwrap(), good.eigh());
    assert_eq!(good.try_svd().unwrap(), good.svd());
}

#[test]
fn shapes_are_checked() {
    let message = |f: fn() -> Tensor| {
        let payload = std::panic::catch_unwind(|| drop(f())).expect_err("a panic");
        payload.downcast_ref::<String>().expect("a message").clone()
    };
    type Case = (&'static str, fn() -> Tensor);
    let cases: &[Case] = &[
        ("solve: the right side [2] does not have the 3 rows of [3, 3]", || {
            Tensor::zeros([3, 3], DType::F64).solve(&Tensor::zeros([2], DType::F64))
        }),
        ("lstsq: cannot broadcast the batch axes of [2, 3, 2] and [4, 3, 1]", || {
            Tensor::zeros([2, 3, 2], DType::F64).lstsq(&Tensor::zeros([4, 3, 1], DType::F64), None)
        }),
        ("inverse: [2, 3] is not a square matrix", || Tensor::zeros([2, 3], DType::F64).inverse()),
        ("det: [3] is not a square matrix", || Tensor::zeros([3], DType::F64).det()),
        ("slogdet: [] is not a square matrix", || Tensor::zeros([], DType::F64).slogdet().0),
        ("lu_factor: [2, 3] is not a square matrix", || Tensor::zeros([2, 3], DType::F64).lu_factor().0),
        ("qr: [3] is not a matrix", || Tensor::zeros([3], DType::F64).qr().0),
        ("eigh: [2, 3] is not a square matrix", || Tensor::zeros([2, 3], DType::F64).eigh().0),
        ("svdvals: [3] is not a matrix", || Tensor::zeros([3], DType::F64).svdvals()),
        ("matrix_exp: [2, 3] is not a square matrix", || Tensor::zeros([2, 3], DType::F64).matrix_exp()),
        ("dot: expected two vectors of one length, got [2] and [3]", || {
            Tensor::zeros([2], DType::F64).dot(&Tensor::zeros([3], DType::F64))
        }),
        ("kron: [2] is not a matrix", || Tensor::zeros([2], DType::F64).kron(&Tensor::zeros([2, 2], DType::F64))),
    ];
    for &(expected, f) in cases {
        let text = message(f);
        assert!(text.contains(expected), "expected {expected:?} in {text:?}");
    }
}
