//! Contractions of expressions against the reference data of `testdata/golden/contract.json` (those without plates), on
//! both engines, and where derivatives are delicate.

use pyroxene_autograd::{Program, Tensor, Var, grad, scope};
use serde_json::Value;

fn tensor(value: &Value) -> Tensor {
    let number = |x: &Value| match x.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        Some("nan") => f64::NAN,
        _ => x.as_f64().expect("a number"),
    };
    let data = value["data"].as_array().expect("data").iter().map(number).collect();
    let shape = value["shape"].as_array().expect("shape").iter().map(|d| d.as_u64().expect("a size") as usize);
    Tensor::from_vec(data, shape.collect::<Vec<_>>())
}

/// What the file states of a case, in its order: logarithms, numbers, maxima, and the gradients of the first logarithm.
fn results(case: &Value, x: &[Var]) -> Vec<Var> {
    let (inputs, outputs) = case["equation"].as_str().expect("equation").split_once("->").expect("outputs");
    let linear: Vec<Var> = x.iter().map(|x| x.exp()).collect();
    let mut all = Vec::new();
    for output in outputs.split(',') {
        let equation = format!("{inputs}->{output}");
        all.push(Var::log_einsum(&equation, x));
        if !case["outputs_linear"].is_null() {
            all.push(Var::einsum(&equation, &linear));
        }
        if !case["outputs_map"].is_null() {
            all.push(Var::max_einsum(&equation, x));
        }
    }
    if !case["grad_log"].is_null() {
        all.extend(grad(all[0], x));
    }
    all
}

fn wanted(case: &Value) -> Vec<Tensor> {
    let lists = ["outputs_log", "outputs_linear", "outputs_map"].map(|name| case[name].as_array());
    let count = lists[0].expect("outputs").len();
    let mut all: Vec<Tensor> =
        (0..count).flat_map(|k| lists.iter().flatten().map(move |list| tensor(&list[k]))).collect();
    all.extend(case["grad_log"].as_array().into_iter().flatten().map(tensor));
    all
}

#[test]
fn reference_contractions_and_marginals() {
    let text = include_str!("../../testdata/golden/contract.json");
    let file: Value = serde_json::from_str(text).expect("the file is JSON");
    let cases = file["cases"].as_array().expect("cases");
    assert!(cases.len() > 15, "{} cases", cases.len());
    for case in cases {
        let id = case["id"].as_str().expect("id");
        let inputs: Vec<Tensor> = case["operands"].as_array().expect("operands").iter().map(tensor).collect();
        let direct: Vec<Tensor> = scope(|| {
            let x: Vec<Var> = inputs.iter().map(Var::from).collect();
            results(case, &x).into_iter().map(Var::to_tensor).collect()
        });
        let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
        let mut program = Program::capture(&shapes, |x| results(case, x)).expect("no value is read");
        for got in [direct, program.call(&inputs)] {
            let want = wanted(case);
            assert_eq!(got.len(), want.len(), "{id}");
            for (got, want) in got.iter().zip(&want) {
                assert_eq!(got.shape(), want.shape(), "{id}");
                for (got, want) in got.to_vec::<f64>().into_iter().zip(want.to_vec::<f64>()) {
                    assert!(
                        got == want || (got - want).abs() <= 1e-12 * want.abs().max(1.0),
                        "{id}: {got}, not {want}"
                    );
                }
            }
        }
    }
}

/// A function on both engines.
fn both(inputs: &[Tensor], body: impl Fn(&[Var]) -> Vec<Var>) -> [Vec<Tensor>; 2] {
    let direct = scope(|| {
        let x: Vec<Var> = inputs.iter().map(Var::from).collect();
        body(&x).into_iter().map(Var::to_tensor).collect()
    });
    let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
    let mut program = Program::capture(&shapes, &body).expect("no value is read");
    [direct, program.call(inputs)]
}

#[test]
fn impossible_terms_have_zero_derivatives() {
    let low = f64::NEG_INFINITY;
    let a = Tensor::from([[0.5, low, 1.0], [low, low, low]]);
    let b = Tensor::from([[0.0, low], [1.0, low], [low, low]]);
    let weights = [[1.0, 2.0], [3.0, 4.0]];
    for got in both(&[a, b], |x| {
        let y = Var::log_einsum("ij,jk->ik", x);
        let first = grad((y.equal(low).where_(0.0, y) * Var::from(weights)).sum(), x);
        let second = grad(first[0].square().sum() + first[1].square().sum(), x);
        [vec![y], first, second].concat()
    }) {
        assert_eq!(got[0].to_vec::<f64>(), [0.5, low, low, low]);
        assert_eq!(got[1].to_vec::<f64>(), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(got[2].to_vec::<f64>(), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        for second in &got[3..] {
            assert!(second.to_vec::<f64>().iter().all(|&v| v == 0.0), "{second}");
        }
    }
}

#[test]
fn terms_far_apart_keep_their_weights() {
    // In the first product the largest factors of the two operands never meet.
    let a = Tensor::from([[1000.0, -1000.0, -1000.5]]);
    let b = Tensor::from([[-3000.0, 5.0], [0.0, 5.0], [1.0, 5.0]]);
    for got in both(&[a, b], |x| {
        let y = Var::log_einsum("ij,jk->ik", x);
        [vec![y], grad(y.sum(), x)].concat()
    }) {
        let (small, large) = (1.0 / (1.0 + 0.5f64.exp()), 1.0 / (1.0 + (-0.5f64).exp()));
        assert!(got[0].allclose([[-999.5 + (1.0 + (-0.5f64).exp()).ln(), 1005.0]], 1e-15, 0.0), "{}", got[0]);
        assert!(got[1].allclose([[1.0, small, large]], 1e-12, 0.0), "{}", got[1]);
        assert!(got[2].allclose([[0.0, 1.0], [small, 0.0], [large, 0.0]], 1e-12, 0.0), "{}", got[2]);
    }
}

#[test]
fn maxima_send_their_derivative_to_the_winners() {
    let a = Tensor::from([[0.0, 2.0], [1.0, 1.0]]);
    let b = Tensor::from([1.0, -1.0]);
    for got in both(&[a, b], |x| {
        let y = Var::max_einsum("ij,j->i", x);
        [vec![y], grad((y * Var::from([1.0, 10.0])).sum(), x)].concat()
    }) {
        assert_eq!(got[0].to_vec::<f64>(), [1.0, 2.0]);
        // The two terms of the first row are equal and share.
        assert_eq!(got[1].to_vec::<f64>(), [0.5, 0.5, 10.0, 0.0]);
        assert_eq!(got[2].to_vec::<f64>(), [10.5, 0.5]);
    }
}

#[test]
fn contractions_of_nothing_have_neutral_values() {
    let (a, b) = (Tensor::from_f64(vec![], [2, 0]), Tensor::from_f64(vec![], [0, 3]));
    let low = f64::NEG_INFINITY;
    for got in both(&[a, b], |x| {
        let all = [Var::einsum("ij,jk->ik", x), Var::log_einsum("ij,jk->ik", x), Var::max_einsum("ij,jk->ik", x)];
        [all.to_vec(), grad(all.iter().map(|y| y.exp().sum()).sum(), x)].concat()
    }) {
        for (got, want) in got.iter().zip([0.0, low, low]) {
            assert_eq!(got.to_vec::<f64>(), [want; 6]);
        }
        assert_eq!((got[3].shape(), got[4].shape()), ([2, 0].as_slice(), [0, 3].as_slice()));
    }
}
