//! Elementwise special functions and their derivatives against the reference data of `testdata/golden/elementwise.json`,
//! on both engines, at the relative accuracy of 1e-12 (absolute where the reference is below one).

use pyroxene_autograd::{Program, Tensor, Var, grad, scope};
use serde_json::Value;

/// Numbers are written as texts, which Rust reads to the nearest f64.
fn numbers(value: &Value) -> Vec<f64> {
    let number = |x: &Value| x.as_str().expect("a text").parse().expect("a number");
    value["data"].as_array().expect("data").iter().map(number).collect()
}

fn apply(function: &str, x: &[Var]) -> Var {
    match function {
        "lgamma" => x[0].lgamma(),
        "digamma" => x[0].digamma(),
        "trigamma" => x[0].trigamma(),
        "polygamma2" => Var::from(2.0).polygamma(x[0]),
        "erf" => x[0].erf(),
        "erfc" => x[0].erfc(),
        "erfinv" => x[0].erfinv(),
        "ndtr" => x[0].ndtr(),
        "log_ndtr" => x[0].log_ndtr(),
        "ndtri" => x[0].ndtri(),
        "i0" => x[0].i0(),
        "i0e" => x[0].i0e(),
        "i1" => x[0].i1(),
        "i1e" => x[0].i1e(),
        "log1p" => x[0].ln_1p(),
        "expm1" => x[0].exp_m1(),
        "softplus" => x[0].softplus(),
        "sigmoid" => x[0].sigmoid(),
        "logsigmoid" => x[0].log_sigmoid(),
        "xlogy" => x[0].xlogy(x[1]),
        "logaddexp" => x[0].logaddexp(x[1]),
        function => panic!("the file has a function that the test does not know: {function}"),
    }
}

#[test]
fn reference_values_and_derivatives() {
    let text = include_str!("../../testdata/golden/elementwise.json");
    let file: Value = serde_json::from_str(text).expect("the file is JSON");
    let (mut values, mut derivatives) = (0, 0);
    for case in file["cases"].as_array().expect("cases") {
        let (id, function) = (case["id"].as_str().expect("id"), case["fn"].as_str().expect("fn"));
        let inputs: Vec<Tensor> =
            case["args"].as_array().expect("args").iter().map(|x| Tensor::from(numbers(x))).collect();
        let body = |x: &[Var]| {
            let y = apply(function, x);
            vec![y, grad(y.sum(), x)[0]]
        };
        let direct: Vec<Tensor> = scope(|| {
            let x: Vec<Var> = inputs.iter().map(Var::from).collect();
            body(&x).into_iter().map(Var::to_tensor).collect()
        });
        let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
        let compiled = Program::capture(&shapes, body).expect("no value is read").call(&inputs);
        let accepted: Vec<Vec<f64>> = case["accept"].as_array().into_iter().flatten().map(numbers).collect();
        for engine in [direct, compiled] {
            for (k, field) in ["y", "dy"].into_iter().enumerate() {
                if case[field].is_null() {
                    continue;
                }
                for (i, (got, want)) in engine[k].to_vec::<f64>().into_iter().zip(numbers(&case[field])).enumerate() {
                    let meets = |want: f64| {
                        got == want
                            || got.is_nan() && want.is_nan()
                            || (got - want).abs() <= 1e-12 * want.abs().max(1.0)
                    };
                    let near = meets(want) || k == 0 && accepted.iter().any(|x| meets(x[i]));
                    let at: Vec<f64> = inputs.iter().map(|x| x.at(&[i])).collect();
                    assert!(near, "{id}: {field} at {at:?}: {got:e}, not {want:e}");
                    *[&mut values, &mut derivatives][k] += 1;
                }
            }
        }
    }
    assert_eq!((values, derivatives), (4392, 3270));
}
