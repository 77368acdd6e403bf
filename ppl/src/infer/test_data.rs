//! Reading the reference values of `tests/data`.

use serde_json::Value;

pub(crate) fn cases(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).expect("the file is JSON");
    file["cases"].as_array().expect("the file has cases").clone()
}

pub(crate) fn numbers(array: &Value) -> Vec<f64> {
    array.as_array().expect("an array").iter().map(|x| x.as_f64().expect("a number")).collect()
}

pub(crate) fn rows(array: &Value) -> Vec<Vec<f64>> {
    array.as_array().expect("an array").iter().map(numbers).collect()
}

#[track_caller]
pub(crate) fn close(computed: f64, expected: f64, tolerance: f64, what: &str) {
    let error = (computed - expected).abs() / expected.abs().max(1e-3);
    assert!(error <= tolerance, "{what}: {computed} against {expected}, relative error {error:.1e}");
}
