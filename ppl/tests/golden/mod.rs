//! Reads the golden data of `testdata/golden` and evaluates a computation on both engines.
#![allow(dead_code, reason = "each test crate uses a part")]

use pyroxene_autograd::{Program, Tensor, Var, scope};
use serde_json::Value;

/// The cases of one file.
pub(crate) fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/../testdata/golden/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let data: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let cases = data["cases"].as_array().expect("cases").clone();
    assert_eq!(Some(cases.len() as u64), data["count"].as_u64(), "{path}");
    cases
}

/// Whether the value is an array of numbers or booleans.
pub(crate) fn is_tensor(value: &Value) -> bool {
    value.get("shape").is_some()
}

/// An array, or a plain number, as f64.
pub(crate) fn tensor(value: &Value) -> Tensor {
    if !is_tensor(value) {
        return Tensor::from(number(value));
    }
    let shape: Vec<usize> = entries(&value["shape"]).map(|size| size.as_u64().expect("a size") as usize).collect();
    Tensor::from_vec(entries(&value["data"]).map(number).collect::<Vec<f64>>(), shape)
}

fn entries(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("an array").iter()
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().expect("an f64"),
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::String(name) => name.parse().expect("inf, -inf or nan"),
        other => panic!("not a number: {other}"),
    }
}

/// The values of a computation of tensors, by direct evaluation and as a Program.
pub(crate) fn both_engines(inputs: &[Tensor], body: impl Fn(&[Var]) -> Vec<Var>) -> [(&'static str, Vec<Tensor>); 2] {
    let direct = scope(|| {
        let vars: Vec<Var> = inputs.iter().map(Var::from).collect();
        body(&vars).into_iter().map(Var::to_tensor).collect()
    });
    let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
    let mut program = Program::capture(&shapes, body).expect("no value is read");
    [("direct", direct), ("program", program.call(inputs))]
}

/// The largest of `|got - want| / max(1, |want|)`; infinite where one is NaN or infinite and the other is not the same.
pub(crate) fn error(got: &Tensor, want: &Tensor) -> f64 {
    assert_eq!(got.shape(), want.shape(), "shapes");
    let each = got.iter_f64().zip(want.iter_f64()).map(|(got, want)| {
        if got == want || got.is_nan() && want.is_nan() {
            0.0
        } else if got.is_finite() && want.is_finite() {
            (got - want).abs() / want.abs().max(1.0)
        } else {
            f64::INFINITY
        }
    });
    each.fold(0.0, f64::max)
}
