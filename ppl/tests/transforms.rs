//! Bijections and constraints against the golden data, on both engines.

mod golden;

use golden::{both_engines, cases, error, tensor};
use pyroxene::constraint::Constraint;
use pyroxene::transform::*;
use pyroxene_autograd::{Tensor, Var, grad, scope};
use serde_json::Value;
use std::rc::Rc;

fn constraint(name: &str, args: &Value) -> Constraint {
    let bound = |name: &str| Var::from(tensor(&args[name]));
    match name {
        "real" => Constraint::Real,
        "positive" => Constraint::Positive,
        "nonnegative" => Constraint::NonNegative,
        "greater_than" => Constraint::GreaterThan(bound("lower_bound")),
        "less_than" => Constraint::LessThan(bound("upper_bound")),
        "unit_interval" => Constraint::UnitInterval,
        "interval" => Constraint::Interval(bound("lower_bound"), bound("upper_bound")),
        "boolean" => Constraint::Boolean,
        "nonnegative_integer" => Constraint::NonNegativeInteger,
        "integer_interval" => Constraint::IntegerInterval(bound("lower_bound"), bound("upper_bound")),
        "real_vector" => Constraint::RealVector,
        "ordered_vector" => Constraint::Ordered,
        "positive_ordered_vector" => Constraint::PositiveOrdered,
        "simplex" => Constraint::Simplex,
        "lower_cholesky" => Constraint::LowerCholesky,
        "positive_definite" => Constraint::PositiveDefinite,
        "corr_cholesky" => Constraint::CorrCholesky,
        "independent" => {
            let axes = args["event_dims"].as_u64().expect("a count") as usize;
            constraint(args["base"].as_str().expect("a name"), &Value::Null).to_event(axes)
        }
        other => panic!("no constraint {other}"),
    }
}

fn transform(spec: &Value) -> Rc<dyn Transform> {
    if let Some(name) = spec.get("constraint") {
        return biject_to(&constraint(name.as_str().expect("a name"), &spec["args"])).expect("a bijection");
    }
    let args = &spec["args"];
    match spec["name"].as_str().expect("a name") {
        "ExpTransform" => Rc::new(Exp),
        "SigmoidTransform" => Rc::new(Sigmoid),
        "AffineTransform" => {
            let each = Rc::new(Affine::new(tensor(&args["loc"]), tensor(&args["scale"])));
            Rc::new(Independent::new(each, args["event_dim"].as_u64().expect("a count") as usize))
        }
        "ComposeTransform" => {
            Rc::new(Compose::new(args["parts"].as_array().expect("parts").iter().map(transform).collect()))
        }
        other => panic!("no transform {other}"),
    }
}

fn of_kind(kinds: &[&str]) -> Vec<Value> {
    let kept = |case: &Value| kinds.contains(&case["kind"].as_str().expect("a kind"));
    cases("transforms.json").into_iter().filter(kept).collect()
}

fn check(id: &str, engine: &str, field: &str, got: &Tensor, want: &Tensor, tolerance: f64) {
    let error = error(got, want);
    assert!(error <= tolerance, "{id} {field} ({engine}): error {error:e}\n got {got}\nwant {want}");
}

#[test]
fn maps_and_jacobians() {
    let cases = of_kind(&["biject_to", "named"]);
    assert!(cases.len() > 25);
    for case in cases {
        let id = case["id"].as_str().expect("an id");
        let (x, y) = (tensor(&case["x"]), tensor(&case["y"]));
        let extreme = id.starts_with("extreme");
        let weights = if extreme { Tensor::from(0.0) } else { tensor(&case["w"]) };
        let body = |inputs: &[Var]| {
            let [x, want, weights] = *inputs else { unreachable!() };
            let map = transform(&case["transform"]);
            let y = map.forward(x);
            let log_abs_det = map.log_abs_det(x, y);
            assert_eq!(map.forward_shape(&x.shape()), y.shape(), "{id}");
            assert_eq!(map.inverse_shape(&y.shape()), x.shape(), "{id}");
            assert_eq!(log_abs_det.ndim(), x.ndim() - map.event_dims(), "{id}");
            assert_eq!(log_abs_det.ndim(), y.ndim() - map.output_event_dims(), "{id}");
            let (by_y, by_det) = (grad((weights * y).sum(), &[x])[0], grad(log_abs_det.sum(), &[x])[0]);
            vec![y, log_abs_det, map.inverse(want), by_y, by_det]
        };
        for (engine, got) in both_engines(&[x.clone(), y.clone(), weights], body) {
            // The inverse cannot give back what rounding y took: up to exp(7) times the rounding here.
            check(id, engine, "y", &got[0], &y, 1e-12);
            check(id, engine, "log_abs_det", &got[1], &tensor(&case["log_abs_det"]), 1e-12);
            if !extreme {
                check(id, engine, "x_back", &got[2], &x, 2e-12);
                check(id, engine, "grad_x", &got[3], &tensor(&case["grad_x"]), 1e-12);
                check(id, engine, "grad_x_log_abs_det", &got[4], &tensor(&case["grad_x_log_abs_det"]), 1e-12);
            }
        }
    }
}

/// The reference's maps take a square matrix and ignore what is above the diagonal; the free vector is its lower triangle.
#[test]
fn matrices_from_their_lower_triangle() {
    let cases = of_kind(&["transform_to"]);
    assert_eq!(cases.len(), 4);
    for case in cases {
        let id = case["id"].as_str().expect("an id");
        let (square, y) = (tensor(&case["x"]), tensor(&case["y"]));
        let n = square.size(-1) as isize;
        let pack = |matrix: &Tensor| {
            let places: Vec<i64> = (0..n).flat_map(|i| (0..=i).map(move |j| (i * n + j) as i64)).collect();
            matrix.reshape(&[-1, n * n]).index_select(-1, &Tensor::from(places))
        };
        let body = |inputs: &[Var]| {
            let map = transform(&case["transform"]);
            let y = map.forward(inputs[0]);
            let gradient = grad((inputs[1] * y).sum(), &[inputs[0]])[0];
            vec![y, map.inverse(y), gradient, map.log_abs_det(inputs[0], y)]
        };
        let x = pack(&square);
        for (engine, got) in both_engines(&[x.clone(), tensor(&case["w"])], body) {
            check(id, engine, "y", &got[0], &y, 1e-12);
            check(id, engine, "x_back", &got[1], &x, 1e-12);
            check(id, engine, "grad_x", &got[2], &pack(&tensor(&case["grad_x"])), 1e-12);
            if let Some(want) = case.get("log_abs_det_lower") {
                check(id, engine, "log_abs_det", &got[3], &tensor(want), 1e-12);
            }
        }
    }
}

#[test]
fn constraints() {
    for case in of_kind(&["constraint_check"]) {
        let id = case["id"].as_str().expect("an id");
        let mut want = tensor(&case["inside"]);
        if id == "check-positive_definite-0" {
            // The reference lets the indefinite [[1, 2], [2, 1]] and the zero matrix pass.
            want = Tensor::from([1.0, 0.0, 0.0, 1.0, 0.0]);
        }
        let decide = |inputs: &[Var]| {
            let set = constraint(case["constraint"].as_str().expect("a name"), &case["args"]);
            inputs.iter().map(|&value| set.check(value)).collect()
        };
        let mut inputs = vec![tensor(&case["value"])];
        inputs.extend(case.get("boundary_value").map(tensor));
        for (engine, got) in both_engines(&inputs, decide) {
            assert_eq!(got[0].to_vec::<f64>(), want.to_vec::<f64>(), "{id} ({engine})");
            if let Some(boundary) = got.get(1) {
                // Infinities lie outside; a sum that misses one by 1e-6 is taken.
                let inside = f64::from(u8::from(inputs[1].iter_f64().all(f64::is_finite)));
                assert!(boundary.iter_f64().all(|got| got == inside), "{id} ({engine}): {boundary}");
            }
        }
    }
}

/// `ln |det|` of the numeric Jacobian by the free entries of `y`, through the Cholesky factor of `J Jᵀ`.
fn numeric_log_abs_det(map: &dyn Transform, x: &[f64], free: &[usize]) -> f64 {
    scope(|| {
        let input = Var::from(x);
        let y = map.forward(input);
        let flat = y.reshape(&[-1]);
        let rows: Vec<Var> = free.iter().map(|&entry| grad(flat.select(0, entry as isize), &[input])[0]).collect();
        let jacobian = Var::stack(&rows, 0);
        jacobian.matmul(jacobian.t()).cholesky().diagonal().ln().sum().item()
    })
}

#[test]
fn jacobians_count_the_free_entries() {
    let lower = |n: usize, diagonal: bool| -> Vec<usize> {
        (0..n).flat_map(|i| (0..i + usize::from(diagonal)).map(move |j| i * n + j)).collect()
    };
    let free = |count: usize| -> Vec<f64> { (0..count).map(|i| (1.7 * i as f64).sin()).collect() };
    let each: [(Constraint, usize, Vec<usize>); 6] = [
        (Constraint::Simplex, 4, vec![0, 1, 2, 3]),
        (Constraint::LowerCholesky, 10, lower(4, true)),
        (Constraint::PositiveDefinite, 10, lower(4, true)),
        (Constraint::PositiveDefinite, 1, vec![0]),
        (Constraint::CorrCholesky, 10, lower(5, false)),
        (Constraint::PositiveOrdered, 4, vec![0, 1, 2, 3]),
    ];
    for (constraint, count, entries) in each {
        let map = biject_to(&constraint).expect("a bijection");
        let x = free(count);
        let got = scope(|| {
            let x = Var::from(x.as_slice());
            map.log_abs_det(x, map.forward(x)).item()
        });
        let want = numeric_log_abs_det(&*map, &x, &entries);
        assert!((got - want).abs() < 1e-12 * want.abs().max(1.0), "{constraint}: {got} against {want}");
    }
}

#[test]
fn images_satisfy_the_constraint_far_out() {
    let each: [(Constraint, usize); 10] = [
        (Constraint::Real, 3),
        (Constraint::Positive, 3),
        (Constraint::UnitInterval, 3),
        (Constraint::Interval(Var::from(-3.0), Var::from(1e-3)), 3),
        (Constraint::GreaterThan(Var::from(-1.0)), 3),
        (Constraint::Simplex, 3),
        (Constraint::Ordered, 3),
        (Constraint::LowerCholesky, 6),
        (Constraint::PositiveDefinite, 6),
        (Constraint::CorrCholesky, 6),
    ];
    for (constraint, count) in each {
        for size in [0.0, 1.0, 8.0] {
            let x: Vec<f64> = (0..count).map(|i| size * (0.3 + 2.3 * i as f64).cos()).collect();
            let map = biject_to(&constraint).expect("a bijection");
            let y = map.forward(Var::from(x.clone()));
            assert_eq!(constraint.check(y).all().item(), 1.0, "{constraint}: {y} from {x:?}");
            let log_abs_det = map.log_abs_det(Var::from(x.clone()), y);
            assert!(log_abs_det.is_finite().all().item() == 1.0, "{constraint}: {log_abs_det}");
        }
    }
    // Where a plain sigmoid rounds to the ends.
    for x in [-800.0, 40.0, 800.0] {
        let y = Sigmoid.forward(x.into()).item();
        assert!(0.0 < y && y < 1.0, "{x} gives {y}");
    }
}

#[test]
fn empty_and_smallest_events() {
    let shape = |constraint: &Constraint, shape: &[usize]| {
        let map = biject_to(constraint).expect("a bijection");
        let y = map.forward(Var::zeros(shape));
        assert_eq!(map.log_abs_det(Var::zeros(shape), y).shape().as_slice(), &shape[..shape.len() - 1]);
        assert_eq!(map.inverse(y).shape().as_slice(), shape);
        y.to_tensor()
    };
    assert_eq!(shape(&Constraint::Simplex, &[2, 0]).to_vec::<f64>(), [1.0, 1.0]);
    assert_eq!(shape(&Constraint::CorrCholesky, &[2, 0]).shape(), [2, 1, 1]);
    assert_eq!(shape(&Constraint::LowerCholesky, &[3, 0]).shape(), [3, 0, 0]);
    assert_eq!(shape(&Constraint::Ordered, &[2, 1]).shape(), [2, 1]);
    assert_eq!(shape(&Constraint::Ordered, &[2, 0]).shape(), [2, 0]);
}

#[test]
fn constraints_speak_in_words_and_can_be_stored() {
    let stored: Constraint<Tensor> =
        Constraint::Interval(Var::from(0.0), Var::from(2.5)).map(|bound| bound.to_tensor());
    assert_eq!(stored.to_string(), "in [0.0, 2.5]");
    let sent = std::thread::spawn(move || stored.map(Var::from).check([1.0, 3.0]).to_tensor().to_vec::<bool>());
    assert_eq!(sent.join().expect("no panic"), [true, false]);
    assert_eq!(Constraint::<f64>::NonNegativeInteger.to_string(), "a non-negative whole number");
    assert_eq!(Constraint::Positive.to_event(1).to_string(), "positive, each element");
    assert!(Constraint::Boolean.to_event(1).is_discrete());
    assert!(biject_to(&Constraint::NonNegativeInteger.to_event(1)).is_none());
    let message = std::panic::catch_unwind(|| LowerCholesky.forward([0.0; 4].into())).expect_err("a panic");
    let message = message.downcast_ref::<String>().expect("a message");
    assert_eq!(message, "LowerCholesky: no matrix has a lower triangle of 4 entries");
}
