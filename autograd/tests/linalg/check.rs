//! Values on both engines, first derivatives against differences of values, second against differences of the first.

use pyroxene_autograd::{DType, Program, Tensor, Var, grad, scope};

pub(crate) type Body = fn(&[Var]) -> Var;

/// Deterministic numbers in (0.2, 1.8).
pub(crate) fn numbers(n: usize, seed: u64) -> Vec<f64> {
    (0..n).map(|i| 1.0 + 0.8 * ((i as f64 + 1.3) * (seed as f64 + 2.1)).sin()).collect()
}

pub(crate) fn input(shape: &[usize], seed: u64) -> Tensor {
    Tensor::from_vec(numbers(shape.iter().product(), seed), shape)
}

pub(crate) fn eye(n: usize) -> Var {
    Var::from(Tensor::eye(n, DType::F64))
}

/// A sum in which every element matters differently.
fn weigh(y: Var) -> Var {
    (y * Var::from(input(&y.shape(), 77))).sum()
}

/// The value, the gradients of its weighted sum, and the gradients of the sum of squares of those.
fn outputs(body: Body, x: &[Var]) -> Vec<Var> {
    let y = body(x);
    let first = grad(weigh(y), x);
    let size: Var = first.iter().map(|g| g.square().sum()).sum();
    let second = grad(size, x);
    [y].into_iter().chain(first).chain(second).collect()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0) || a.is_nan() && b.is_nan()
}

/// The outputs by direct evaluation and by a Program, run twice; they must agree.
pub(crate) fn both_engines(name: &str, inputs: &[Tensor], f: impl Fn(&[Var]) -> Vec<Var>) -> Vec<Tensor> {
    let direct: Vec<Tensor> = scope(|| {
        let x: Vec<Var> = inputs.iter().map(Var::from).collect();
        f(&x).into_iter().map(Var::to_tensor).collect()
    });
    let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
    let mut program = Program::capture(&shapes, |x| f(x)).expect("no value is read");
    for _ in 0..2 {
        for (k, (a, b)) in direct.iter().zip(program.call(inputs)).enumerate() {
            assert_eq!(a.shape(), b.shape(), "{name}: output {k}");
            for (i, (a, b)) in a.to_vec::<f64>().into_iter().zip(b.to_vec::<f64>()).enumerate() {
                assert!(close(a, b, 1e-11), "{name}: output {k}[{i}]: direct {a}, Program {b}");
            }
        }
    }
    direct
}

/// All checks of a smooth function at these inputs.
pub(crate) fn check(name: &str, inputs: &[Tensor], body: Body) {
    let all = both_engines(name, inputs, |x| outputs(body, x));
    let n = inputs.len();
    let (first, second) = (&all[1..1 + n], &all[1 + n..]);
    assert!(all.iter().all(|x| x.iter_f64().all(f64::is_finite)), "{name}: {all:?}");
    let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
    let mut program = Program::capture(&shapes, |x| {
        let loss = weigh(body(x));
        std::iter::once(loss).chain(grad(loss, x)).collect()
    })
    .expect("no value is read");
    let slope = |f: &mut dyn FnMut(f64) -> f64, h: f64| {
        // Five points: the error is of order h^4.
        (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h)
    };
    for k in 0..n {
        for i in 0..inputs[k].len() {
            let mut shifted = |step: f64| {
                let mut moved = inputs.to_vec();
                let mut data = inputs[k].to_vec::<f64>();
                data[i] += step;
                moved[k] = Tensor::from_vec(data, inputs[k].shape());
                program.call(&moved)[0].item()
            };
            let (exact, numeric) = (first[k].to_vec::<f64>()[i], slope(&mut shifted, 1e-3));
            assert!(close(exact, numeric, 1e-7), "{name}: input {k}[{i}]: gradient {exact}, differences {numeric}");
        }
    }
    // The derivative of |g|^2 along g is 2 g^T H g. Steps of one length, however long g is.
    let length = first.iter().map(|g| g.square().sum().item()).sum::<f64>().sqrt().max(1e-3);
    let mut size = |step: f64| -> f64 {
        let moved: Vec<Tensor> = inputs.iter().zip(first).map(|(x, g)| x + &(g * (step / length))).collect();
        program.call(&moved)[1..].iter().map(|g| g.square().sum().item()).sum()
    };
    let numeric = slope(&mut size, 2e-4);
    let exact: f64 = first.iter().zip(second).map(|(g, s)| (g * s).sum().item()).sum::<f64>() / length;
    assert!(close(exact, numeric, 1e-5), "{name}: second derivative {exact}, differences {numeric}");
}
