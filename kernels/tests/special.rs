//! Special functions against golden values, at the relative accuracy of 1e-12 (absolute below one).

use pyroxene_kernels::{Binary, Unary};
use serde_json::Value;

/// Numbers are written as texts, which Rust reads to the nearest f64.
fn number(value: &Value) -> f64 {
    value.as_str().expect("a text").parse().expect("a number")
}

fn evaluate(function: &str, args: &[f64]) -> f64 {
    let name = match function {
        "trigamma" => return Binary::Polygamma.eval(1.0, args[0]),
        "polygamma2" => return Binary::Polygamma.eval(2.0, args[0]),
        "xlogy" => return Binary::Xlogy.eval(args[0], args[1]),
        "log1p" => "ln_1p",
        "expm1" => "exp_m1",
        name => name,
    };
    Unary::ALL.iter().find(|op| op.name() == name).expect("a row of the table").eval(args[0])
}

#[test]
fn golden_values_are_met() {
    let golden: Value = serde_json::from_str(include_str!("../testdata/special.json")).expect("JSON");
    let mut count = 0;
    for case in golden["cases"].as_array().expect("cases") {
        let function = case["fn"].as_str().expect("a name");
        let args = case["args"].as_array().expect("arguments");
        for (i, want) in case["y"].as_array().expect("values").iter().enumerate() {
            let args: Vec<f64> = args.iter().map(|arg| number(&arg[i])).collect();
            let (want, got) = (number(want), evaluate(function, &args));
            let meets = |want: f64| {
                got == want || got.is_nan() && want.is_nan() || (got - want).abs() <= 1e-12 * want.abs().max(1.0)
            };
            let accepted = case["accept"].as_array().is_some_and(|accept| accept.iter().any(|x| meets(number(&x[i]))));
            assert!(meets(want) || accepted, "{function}{args:?} = {got:e}, not {want:e} ({})", case["group"]);
            count += 1;
        }
    }
    assert!(count > 1000, "{count} values");
}
