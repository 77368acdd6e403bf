//! Linear algebra of tensors: properties of factors, failures by name, strides, broadcasts.

use pyroxene_tensor::{DType, Tensor, TensorError, Triangle};

/// Deterministic numbers, different for each seed.
fn numbers(shape: &[usize], seed: u64) -> Tensor {
    let n: usize = shape.iter().product();
    Tensor::from_vec((0..n).map(|i| ((i as f64 + 1.3) * (seed as f64 + 2.1)).sin()).collect::<Vec<_>>(), shape)
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
