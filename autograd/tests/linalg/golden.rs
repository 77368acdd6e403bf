//! Reference values, gradients and Hessians of `testdata/golden/linalg.json`, on both engines. An operation that the test does
//! not know fails it.

use crate::check::both_engines;
use pyroxene_autograd::{Tensor, Var, grad, hessian};
use serde_json::Value;

fn tensor(value: &Value) -> Tensor {
    let list = |name: &str| value[name].as_array().unwrap_or_else(|| panic!("{name} of {value}"));
    let shape: Vec<usize> = list("shape").iter().map(|n| n.as_u64().expect("a size") as usize).collect();
    Tensor::from_vec(list("data").iter().map(|x| x.as_f64().expect("a number")).collect::<Vec<f64>>(), shape)
}

fn apply(op: &str, x: &[Var]) -> Vec<Var> {
    match op {
        "cholesky_solve" => vec![x[1].cholesky_solve(x[0])],
        "det" => vec![x[0].det()],
        "dot" => vec![x[0].dot(x[1])],
        "eigvalsh" => vec![x[0].eigvalsh()],
        "inverse" => vec![x[0].inverse()],
        "logdet" => vec![x[0].logdet()],
        "matmul" => vec![x[0].matmul(x[1])],
        "outer" => vec![x[0].outer(x[1])],
        "quad_inv" => vec![x[1].dot(x[0].solve(x[1]))],
        "slogdet" => vec![x[0].slogdet().0, x[0].slogdet().1],
        "solve" => vec![x[0].solve(x[1])],
        "svdvals" => vec![x[0].svdvals()],
        "trace" => vec![x[0].trace()],
        op => panic!("the file has an operation that the test does not know: {op}"),
    }
}

/// The gradient of a symmetric argument is written symmetrised, that of a factor as its lower triangle.
fn comparable(note: &str, k: usize, g: Tensor) -> Tensor {
    match note {
        note if note.contains("symmetrised") => (&g + &g.t()) * 0.5,
        note if note.contains("lower triangle only") && k == 1 => g.tril(0),
        _ => g,
    }
}

#[test]
fn reference_values_and_gradients() {
    let text = include_str!("../../../testdata/golden/linalg.json");
    let file: Value = serde_json::from_str(text).expect("the file is JSON");
    let cases = file["cases"].as_array().expect("cases");
    assert!(cases.len() > 30, "{} cases", cases.len());
    let near = |id: &str, what: &str, got: &Tensor, want: &Value| {
        let want = tensor(want);
        assert_eq!(got.shape(), want.shape(), "{id}: {what}");
        for (got, want) in got.iter_f64().zip(want.iter_f64()) {
            assert!((got - want).abs() <= 1e-10 * want.abs().max(1.0), "{id}: {what}: got {got}, want {want}");
        }
    };
    for case in cases {
        let (id, op) = (case["id"].as_str().expect("id"), case["op"].as_str().expect("op"));
        let list = |name: &str| case[name].as_array().expect("a list");
        let inputs: Vec<Tensor> = list("inputs").iter().map(tensor).collect();
        let loss = |x: &[Var]| -> Var {
            let weights = list("w").iter().map(|w| Var::from(tensor(w)));
            apply(op, x).into_iter().zip(weights).map(|(y, w)| (y * w).sum()).sum()
        };
        let all = both_engines(id, &inputs, |x| apply(op, x).into_iter().chain(grad(loss(x), x)).collect());
        let (values, gradients) = all.split_at(list("outputs").len());
        values.iter().zip(list("outputs")).for_each(|(got, want)| near(id, "value", got, want));
        let note = case["note"].as_str().unwrap_or("");
        for (k, (got, want)) in gradients.iter().zip(list("grads")).enumerate() {
            near(id, "gradient", &comparable(note, k, got.clone()), want);
        }
        if !case["hessian"].is_null() && inputs.len() == 1 {
            let shape: Vec<isize> = inputs[0].shape().iter().map(|&n| n as isize).collect();
            let all = both_engines(id, &[inputs[0].flatten()], |x| vec![hessian(loss(&[x[0].reshape(&shape)]), x[0])]);
            near(id, "Hessian", &all[0], &case["hessian"]);
        }
    }
}
