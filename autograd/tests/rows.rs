//! Generalised linear models as Programs: the predictors are read once for value and gradient, and nothing else changes.

use pyroxene_autograd::{Program, Tensor, Var, grad, scope};

/// Deterministic numbers in (-1, 1).
fn numbers(n: usize, seed: usize) -> Vec<f64> {
    (0..n).map(|i| ((i as f64 + 1.3) * (seed as f64 + 2.1)).sin()).collect()
}

/// Data of a regression.
struct Rows {
    x: Tensor,
    /// In (-1, 1), and whole numbers 0, 1, 2.
    y: Tensor,
    counts: Tensor,
    weights: Tensor,
}

impl Rows {
    fn new(n: usize, k: usize) -> Rows {
        let x = Tensor::from_vec(numbers(n * k, 1), [n, k]);
        let counts = (0..n).map(|i| (i * i % 3) as f64).collect::<Vec<_>>();
        let weights = numbers(n, 3).into_iter().map(|w| 1.5 + w).collect::<Vec<_>>();
        Rows { x, y: Tensor::from(numbers(n, 2)), counts: Tensor::from(counts), weights: Tensor::from(weights) }
    }

    fn eta(&self, b: Var) -> Var {
        Var::from(&self.x).matmul(b)
    }
}

/// A log-likelihood of slopes `b` and a number `a`.
type Model = fn(&Rows, Var, Var) -> Var;

fn bernoulli(rows: &Rows, b: Var, a: Var) -> Var {
    let eta = a + rows.eta(b);
    let y = Var::from(&rows.counts).minimum(1.0);
    (y * eta - eta.softplus()).sum()
}

fn poisson(rows: &Rows, b: Var, _: Var) -> Var {
    let eta = rows.eta(b);
    (Var::from(&rows.counts) * eta - eta.exp()).sum()
}

fn normal(rows: &Rows, b: Var, a: Var) -> Var {
    let z = (Var::from(&rows.y) - rows.eta(b)) / a.exp();
    (-0.5 * z.square() - a).sum()
}

fn weighted(rows: &Rows, b: Var, a: Var) -> Var {
    let z = Var::from(&rows.y) - (a + rows.eta(b));
    (Var::from(&rows.weights) * (-0.5 * z.square())).sum()
}

const MODELS: [(&str, Model); 4] =
    [("bernoulli", bernoulli), ("poisson", poisson), ("normal", normal), ("weighted", weighted)];

/// Value and gradient by the slopes and the number.
fn outputs(model: impl Fn(Var, Var) -> Var, x: &[Var]) -> Vec<Var> {
    let value = model(x[0], x[1]);
    let gradient = grad(value, x);
    vec![value, gradient[0], gradient[1]]
}

fn inputs(k: usize) -> [Tensor; 2] {
    [Tensor::from(numbers(k, 5).iter().map(|b| 0.3 * b).collect::<Vec<_>>()), Tensor::scalar(0.4)]
}

fn captured(k: usize, body: impl Fn(&[Var]) -> Vec<Var>) -> Program {
    Program::capture(&[&[k][..], &[]], |x| body(x)).expect("no value is read")
}

fn numbers_of(tensors: &[Tensor]) -> Vec<f64> {
    tensors.iter().flat_map(|tensor| tensor.to_vec::<f64>()).collect()
}

#[track_caller]
fn assert_equals_direct(program: &mut Program, k: usize, name: &str, body: impl Fn(&[Var]) -> Vec<Var>) {
    let inputs = inputs(k);
    let direct: Vec<Tensor> =
        scope(|| body(&inputs.each_ref().map(Var::from)).into_iter().map(Var::to_tensor).collect());
    // Twice, so that nothing left over from a run changes the next.
    for _ in 0..2 {
        let compiled = program.call(&inputs);
        for (k, (a, b)) in direct.iter().zip(&compiled).enumerate() {
            let (a, b) = (a.to_vec::<f64>(), b.to_vec::<f64>());
            let size = a.iter().fold(1.0, |size: f64, a| size.max(a.abs()));
            assert_eq!(a.len(), b.len());
            assert!(
                a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-12 * size),
                "{name}, output {k}: direct {a:?}, Program {b:?}\n{}",
                program.explain()
            );
        }
    }
}

fn is_found(program: &Program) -> bool {
    program.explain().contains("some rows at a time")
}

#[test]
fn linear_predictors_equal_direct_evaluation() {
    for n in [1, 2, 511, 512, 513, 5000] {
        for k in [1, 2, 7, 8, 30, 54] {
            let rows = Rows::new(n, k);
            for (name, model) in MODELS {
                let body = |x: &[Var]| outputs(|b, a| model(&rows, b, a), x);
                let mut program = captured(k, body);
                // One row or one column are no matrix: their products are elementwise.
                let name = format!("{name}, {n} x {k}");
                assert!(is_found(&program) || n == 1 || k == 1, "{name}\n{}", program.explain());
                assert_equals_direct(&mut program, k, &name, body);
            }
        }
    }
}

#[test]
fn predictors_may_lie_in_any_order_and_inputs_be_strided() {
    let (n, k) = (1100, 6);
    let columns = Tensor::from_vec(numbers(n * k, 1), [k, n]);
    let every_other = Tensor::from_vec(numbers(2 * n, 2), [n, 2]);
    let body = |x: &[Var]| {
        let model = |b: Var, a: Var| {
            let eta = Var::from(&columns).t().matmul(b);
            let y = Var::from(&every_other).slice(1, 1..2).reshape(&[-1]);
            ((y - eta).square() * a).sum()
        };
        outputs(model, x)
    };
    let mut program = captured(k, body);
    assert!(is_found(&program), "{}", program.explain());
    assert_equals_direct(&mut program, k, "columns", body);
}

#[test]
fn special_values_go_through_rows() {
    // A row of infinite predictors makes its own loss and nothing else not a number, in the block that it is in.
    let (n, k) = (1200, 3);
    let mut x = numbers(n * k, 1);
    x[700 * k] = f64::INFINITY;
    let rows = Rows { x: Tensor::from_vec(x, [n, k]), ..Rows::new(n, k) };
    let body = |x: &[Var]| outputs(|b, a| bernoulli(&rows, b, a), x);
    let mut program = captured(k, body);
    assert!(is_found(&program));
    let compiled = numbers_of(&program.call(&inputs(k)));
    let direct: Vec<Tensor> =
        scope(|| body(&inputs(k).each_ref().map(Var::from)).into_iter().map(Var::to_tensor).collect());
    for (a, b) in numbers_of(&direct).into_iter().zip(compiled) {
        assert!(a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-12 * a.abs() || a == b, "{a} {b}");
    }
}

#[test]
fn the_bits_depend_neither_on_threads_nor_on_blocks() {
    let (n, k) = (23_000, 40);
    let rows = Rows::new(n, k);
    let body = |x: &[Var]| outputs(|b, a| bernoulli(&rows, b, a), x);
    let mut program = captured(k, body);
    assert!(is_found(&program));
    let mut on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        numbers_of(&pool.install(|| program.call(&inputs(k))))
    };
    let one = on(1);
    assert_eq!(on(2), one);
    assert_eq!(on(5), one);
    // Where the derivative is needed elsewhere the three steps are made one by one: in the same order.
    let mut program = captured(k, |x| {
        let eta = rows.eta(x[0]);
        let y = Var::from(&rows.counts).minimum(1.0);
        let value = (y * (x[1] + eta) - (x[1] + eta).softplus()).sum();
        let gradient = grad(value, &[x[0], x[1], eta]);
        vec![value, gradient[0], gradient[1], gradient[2]]
    });
    assert!(!is_found(&program), "{}", program.explain());
    let apart = numbers_of(&program.call(&inputs(k)));
    // But for the derivative by the number, which is another expression.
    assert_eq!(apart[..1 + k], one[..1 + k]);
}

#[test]
fn what_only_looks_alike_is_left_alone() {
    let (n, k) = (600, 5);
    let rows = Rows::new(n, k);
    let other = Tensor::from_vec(numbers(n * k, 9), [k, n]);
    let alone = |name: &str, body: &dyn Fn(&[Var]) -> Vec<Var>| {
        let mut program = captured(k, body);
        assert!(!is_found(&program), "{name}\n{}", program.explain());
        assert_equals_direct(&mut program, k, name, body);
    };
    alone("no derivative", &|x| vec![bernoulli(&rows, x[0], x[1])]);
    alone("the product is an output", &|x| {
        let eta = rows.eta(x[0]);
        let value = (eta - eta.exp()).sum();
        vec![value, grad(value, &[x[0]])[0], eta]
    });
    alone("the product is read by a later loop", &|x| {
        let eta = rows.eta(x[0]);
        let value = (eta - eta.exp()).sum();
        vec![value, grad(value, &[x[0]])[0], (eta * value).sin().sum()]
    });
    alone("the derivative is an output", &|x| {
        let eta = rows.eta(x[0]);
        let value = (x[1] * eta - eta.exp()).sum();
        let gradient = grad(value, &[x[0], eta]);
        vec![value, gradient[0], gradient[1]]
    });
    alone("another matrix", &|x| {
        let eta = rows.eta(x[0]);
        vec![eta.exp().sum(), Var::from(&other).matmul(eta.exp())]
    });
    alone("the losses are an output", &|x| {
        let losses = rows.eta(x[0]).exp() * x[1];
        vec![losses, grad(losses.sum(), &[x[0]])[0]]
    });
    alone("predictors that depend on an input", &|x| {
        let eta = (Var::from(&rows.x) * x[1]).matmul(x[0]);
        let value = (eta - eta.exp()).sum();
        vec![value, grad(value, &[x[0]])[0]]
    });
    alone("rows in two axes", &|x| {
        let eta = rows.eta(x[0]).reshape(&[20, 30]);
        let value = (eta * Var::from(numbers(30, 4)) - eta.exp()).sum();
        vec![value, grad(value, &[x[0]])[0]]
    });
    alone("several columns", &|x| {
        let slopes = x[0].reshape(&[-1, 1]) * Var::from([1.0, 2.0]);
        let eta = Var::from(&rows.x).matmul(slopes);
        let value = (eta - eta.exp()).sum();
        vec![value, grad(value, &[x[0]])[0]]
    });
}
