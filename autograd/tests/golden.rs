//! Values, gradients and Hessians against the reference data of `testdata/golden/linalg_autograd.json`, on both engines.
//!
//! The file holds the cases of the operations that the tape has; an operation that the test does not know fails it.

use pyroxene_autograd::{Program, Tensor, Triangle, Var, grad, hessian, scope};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    let number = |x: &Value| match x.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        Some("nan") => f64::NAN,
        _ => x.as_f64().unwrap_or_else(|| f64::from(u8::from(x.as_bool().expect("a number or a truth value")))),
    };
    value["data"].as_array().expect("data").iter().map(number).collect()
}

fn tensor(value: &Value) -> Tensor {
    let shape: Vec<usize> =
        value["shape"].as_array().expect("shape").iter().map(|n| n.as_u64().unwrap() as usize).collect();
    let data = numbers(value);
    match value["dtype"].as_str() {
        Some("i64") => Tensor::from_vec(data.iter().map(|&x| x as i64).collect::<Vec<_>>(), shape),
        Some("bool") => Tensor::from_vec(data.iter().map(|&x| x != 0.0).collect::<Vec<_>>(), shape),
        _ => Tensor::from_vec(data, shape),
    }
}

struct Attributes<'a>(&'a Value);

impl Attributes<'_> {
    fn int(&self, name: &str) -> isize {
        self.0[name].as_i64().unwrap_or_else(|| panic!("{name}")) as isize
    }
    fn ints(&self, name: &str) -> Vec<isize> {
        match self.0[name].as_array() {
            Some(list) => list.iter().map(|x| x.as_i64().expect("a whole number") as isize).collect(),
            None => vec![self.int(name)],
        }
    }
    fn number(&self, name: &str) -> f64 {
        self.0[name].as_f64().unwrap_or_else(|| panic!("{name}"))
    }
    fn flag(&self, name: &str) -> bool {
        self.0[name].as_bool().unwrap_or(false)
    }
}

fn axes_of(a: &Attributes, x: Var) -> Vec<isize> {
    if a.0["dim"].is_null() { (0..x.ndim() as isize).collect() } else { a.ints("dim") }
}

fn apply(op: &str, a: &Attributes, x: &[Var]) -> Vec<Var> {
    let y = match op {
        "add" => x[0] + x[1],
        "sub" => x[0] - x[1],
        "mul" => x[0] * x[1],
        "div" => x[0] / x[1],
        "pow" => x[0].pow(x[1]),
        "pow_scalar" => x[0].pow(a.number("exponent")),
        "maximum" | "maximum_ties" => x[0].maximum(x[1]),
        "minimum" => x[0].minimum(x[1]),
        "neg" => -x[0],
        "abs" | "abs_at_zero" => x[0].abs(),
        "exp" => x[0].exp(),
        "log" => x[0].ln(),
        "sqrt" => x[0].sqrt(),
        "sin" => x[0].sin(),
        "cos" => x[0].cos(),
        "tan" => x[0].tan(),
        "atan" => x[0].atan(),
        "tanh" => x[0].tanh(),
        "sigmoid" => x[0].sigmoid(),
        "softplus" => x[0].softplus(),
        "logsigmoid" => x[0].log_sigmoid(),
        "log1p" => x[0].ln_1p(),
        "expm1" => x[0].exp_m1(),
        "reciprocal" => x[0].recip(),
        "square" => x[0].square(),
        "erf" => x[0].erf(),
        "erfc" => x[0].erfc(),
        "lgamma" => x[0].lgamma(),
        "digamma" => x[0].digamma(),
        "floor" => x[0].floor(),
        "ceil" => x[0].ceil(),
        "round" => x[0].round(),
        "sign" => x[0].sign(),
        "sign_at_zero" => x[0].sign() * x[0],
        "trunc" => x[0].trunc(),
        "clamp" => {
            let bound = |name: &str, none: f64| a.0[name].as_f64().unwrap_or(none);
            x[0].clamp(bound("min", f64::NEG_INFINITY), bound("max", f64::INFINITY))
        }
        "where" if a.0["expr"].is_string() => x[0].where_(x[1] * x[2], x[1].exp()),
        "where" => x[0].where_(x[1], x[2]),
        "matmul" => x[0].matmul(x[1]),
        "dot" => x[0].dot(x[1]),
        "tril" => x[0].tril(a.int("diagonal")),
        "triu" => x[0].triu(a.int("diagonal")),
        "diag_embed" => x[0].diag_embed(),
        "trace" => x[0].diagonal().sum(),
        "cholesky" => x[0].cholesky(),
        "triangular_solve" => {
            let triangle = if a.flag("upper") { Triangle::Upper } else { Triangle::Lower };
            x[1].solve_triangular(x[0], triangle, a.flag("transpose"))
        }
        "chol_logdet" => 2.0 * ((x[0] + x[0].t()) * 0.5).cholesky().diagonal().ln().sum(),
        "mvn_log_prob" => {
            let l = ((x[1] + x[1].t()) * 0.5).cholesky();
            let white = l.solve_triangular((x[2] - x[0]).unsqueeze(1), Triangle::Lower, false);
            -0.5 * white.square().sum() - l.diagonal().ln().sum() - std::f64::consts::TAU.ln()
        }
        "index_select" => x[0].index_select(a.int("dim"), x[1]),
        "cumsum" => x[0].cumsum(a.int("dim")),
        "sum" => x[0].sum_axes(&axes_of(a, x[0]), a.flag("keepdim")),
        "mean" => x[0].mean_axes(&axes_of(a, x[0]), a.flag("keepdim")),
        "logsumexp" | "logsumexp_neg_inf" => x[0].logsumexp(&axes_of(a, x[0]), a.flag("keepdim")),
        "amax" | "amax_ties" => x[0].max_axes(&axes_of(a, x[0]), a.flag("keepdim")),
        "sum_all" => x[0].sum(),
        "softmax" => x[0].softmax(a.int("dim")),
        "log_softmax" => x[0].log_softmax(a.int("dim")),
        "permute" => x[0].permute(&a.ints("dims")),
        "transpose" => x[0].transpose(a.int("dim0"), a.int("dim1")),
        "expand" => x[0].expand(&a.ints("shape").iter().map(|&n| n as usize).collect::<Vec<_>>()),
        "reshape" => x[0].reshape(&a.ints("shape")),
        "cat" => Var::concat(x, a.int("dim")),
        "stack" => Var::stack(x, a.int("dim")),
        "split" => {
            let mut start = 0;
            let part = |&size: &isize| {
                start += size;
                x[0].slice(a.int("dim"), start - size..start)
            };
            return a.ints("sizes").iter().map(part).collect();
        }
        "flip" => a.ints("dims").iter().fold(x[0], |x, &axis| x.flip(axis)),
        "where_nan_safe" => {
            let positive = x[0].greater(0.0);
            positive.where_(positive.where_(x[0], 1.0).ln(), 0.0)
        }
        "pow_at_zero" => x[0].pow(2.0) + x[0].pow(1.0) + x[0].pow(0.0),
        op => panic!("the file has an operation that the test does not know: {op}"),
    };
    vec![y]
}

/// The outputs, then the gradients of the weighted sum by the inputs that have one.
fn outputs(case: &Value, x: &[Var], differentiable: &[Var]) -> Vec<Var> {
    let ys = apply(case["op"].as_str().expect("op"), &Attributes(&case["attrs"]), x);
    let weights: Vec<&Value> = case["w"].as_array().into_iter().flatten().collect();
    let weighted = ys.iter().zip(weights).filter(|(_, w)| !w.is_null()).map(|(&y, w)| (y * Var::from(tensor(w))).sum());
    let loss: Option<Var> = weighted.reduce(|a, b| a + b);
    let gradients = loss.map_or(Vec::new(), |loss| grad(loss, differentiable));
    ys.into_iter().chain(gradients).collect()
}

fn compare(id: &str, what: &str, got: &Tensor, want: &Value, tolerance: f64) {
    let wanted = tensor(want);
    assert_eq!(got.shape(), wanted.shape(), "{id}: {what}");
    for (got, want) in got.to_vec::<f64>().into_iter().zip(numbers(want)) {
        let same = got == want || got.is_nan() && want.is_nan();
        let near = same || (got - want).abs() <= tolerance * want.abs().max(1.0);
        assert!(near, "{id}: {what}: got {got}, want {want}");
    }
}

#[test]
fn reference_values_and_gradients() {
    let text = include_str!("../../testdata/golden/linalg_autograd.json");
    let file: Value = serde_json::from_str(text).expect("the file is JSON");
    let cases = file["cases"].as_array().expect("cases");
    assert!(cases.len() > 150, "{} cases", cases.len());
    for case in cases {
        let id = case["id"].as_str().expect("id");
        let inputs: Vec<Tensor> = case["inputs"].as_array().expect("inputs").iter().map(tensor).collect();
        let wanted_gradients: Vec<&Value> = case["grads"].as_array().into_iter().flatten().collect();
        let pick = |x: &[Var]| -> Vec<Var> {
            x.iter().zip(&wanted_gradients).filter(|(_, g)| !g.is_null()).map(|(&x, _)| x).collect()
        };
        let wanted: Vec<(&str, &Value)> = case["outputs"]
            .as_array()
            .expect("outputs")
            .iter()
            .map(|y| ("output", y))
            .chain(wanted_gradients.iter().filter(|g| !g.is_null()).map(|&g| ("gradient", g)))
            .collect();
        let direct: Vec<Tensor> = scope(|| {
            let x: Vec<Var> = inputs.iter().map(Var::from).collect();
            outputs(case, &x, &pick(&x)).into_iter().map(Var::to_tensor).collect()
        });
        // Inputs of a Program are numbers; integer and boolean ones stay constants.
        let traced: Vec<usize> = (0..inputs.len()).filter(|&k| inputs[k].dtype().is_float()).collect();
        let given: Vec<Tensor> = traced.iter().map(|&k| inputs[k].clone()).collect();
        let shapes: Vec<&[usize]> = given.iter().map(Tensor::shape).collect();
        let mut program = Program::capture(&shapes, |vars| {
            let mut x: Vec<Var> = inputs.iter().map(Var::from).collect();
            traced.iter().zip(vars).for_each(|(&k, &var)| x[k] = var);
            outputs(case, &x, &pick(&x))
        })
        .expect("no value is read");
        let compiled = program.call(&given);
        // The reference of digamma's gradient is itself good to 1e-9 only (trigamma to 40 digits says so).
        let tolerance = if id.starts_with("digamma") { 1e-9 } else { 1e-10 };
        for engine in [&direct, &compiled] {
            for ((what, want), got) in wanted.iter().zip(engine) {
                compare(id, what, got, want, tolerance);
            }
        }
        if case["hessian"].is_object() {
            check_hessian(case, id, &inputs);
        }
    }
}

/// Second derivatives over all inputs, flattened in order.
fn check_hessian(case: &Value, id: &str, inputs: &[Tensor]) {
    scope(|| {
        let float = |x: &&Tensor| x.dtype().is_float();
        let flat: Vec<f64> = inputs.iter().filter(float).flat_map(|x| x.to_vec::<f64>()).collect();
        let all = Var::from(Tensor::from(flat));
        let mut start = 0;
        let part = |input: &Tensor| {
            if !input.dtype().is_float() {
                return Var::from(input);
            }
            start += input.len();
            let shape: Vec<isize> = input.shape().iter().map(|&n| n as isize).collect();
            all.slice(0, start - input.len()..start).reshape(&shape)
        };
        let x: Vec<Var> = inputs.iter().map(part).collect();
        let ys = apply(case["op"].as_str().expect("op"), &Attributes(&case["attrs"]), &x);
        let loss = (ys[0] * Var::from(tensor(&case["w"][0]))).sum();
        compare(id, "hessian", &hessian(loss, all).to_tensor(), &case["hessian"], 1e-9);
    });
}
