//! Densities, moments and supports against the golden data, on both engines.

mod golden;

use golden::{both_engines, cases, error, is_tensor, tensor};
use pyroxene::dist::*;
use pyroxene_autograd::{Tensor, Var, grad, scope};
use serde_json::Value;
use std::rc::Rc;

/// The tensors among the arguments of a distribution, by path.
fn arguments(spec: &Value, prefix: &str, into: &mut Vec<(String, Tensor)>) {
    for (name, value) in spec["args"].as_object().expect("args") {
        let path = format!("{prefix}{name}");
        if is_tensor(value) {
            into.push((path, tensor(value)));
        } else if value.get("name").is_some() {
            arguments(value, &format!("{path}."), into);
        }
    }
}

fn build(spec: &Value, prefix: &str, argument: &dyn Fn(&str) -> Option<Var>) -> Rc<dyn Distribution> {
    let given = |name: &str| argument(&format!("{prefix}{name}"));
    let get = |name: &str| given(name).unwrap_or_else(|| panic!("no argument {prefix}{name}"));
    match spec["name"].as_str().expect("a name") {
        "Normal" => Rc::new(Normal::new(get("loc"), get("scale"))),
        "HalfNormal" => Rc::new(HalfNormal::new(get("scale"))),
        "LogNormal" => Rc::new(LogNormal::new(get("loc"), get("scale"))),
        "Cauchy" => Rc::new(Cauchy::new(get("loc"), get("scale"))),
        "HalfCauchy" => Rc::new(HalfCauchy::new(get("scale"))),
        "StudentT" => Rc::new(StudentT::new(get("df"), get("loc"), get("scale"))),
        "Uniform" => Rc::new(Uniform::new(get("low"), get("high"))),
        "Exponential" => Rc::new(Exponential::new(get("rate"))),
        "Gamma" => Rc::new(Gamma::new(get("concentration"), get("rate"))),
        "Beta" => Rc::new(Beta::new(get("concentration1"), get("concentration0"))),
        "Poisson" => Rc::new(Poisson::new(get("rate"))),
        "Dirichlet" => Rc::new(Dirichlet::new(get("concentration"))),
        "Bernoulli" => Rc::new(given("probs").map_or_else(|| Bernoulli::logits(get("logits")), Bernoulli::probs)),
        "Categorical" => Rc::new(given("probs").map_or_else(|| Categorical::logits(get("logits")), Categorical::probs)),
        "MultivariateNormal" => Rc::new(match given("covariance_matrix") {
            Some(covariance) => MultivariateNormal::from_covariance(get("loc"), covariance),
            None => MultivariateNormal::from_scale_tril(get("loc"), get("scale_tril")),
        }),
        "Independent" => {
            let axes = spec["args"]["reinterpreted_batch_ndims"].as_u64().expect("a count");
            let base = build(&spec["args"]["base_dist"], &format!("{prefix}base_dist."), argument);
            Rc::new(Independent::new(base, axes as usize))
        }
        other => panic!("no distribution {other}"),
    }
}

/// A case: the arguments by path, then the value as the last tensor.
struct Case {
    id: String,
    json: Value,
    paths: Vec<String>,
    inputs: Vec<Tensor>,
}

impl Case {
    fn all() -> Vec<Case> {
        let read = |json: Value| {
            let mut named = Vec::new();
            arguments(&json["spec"], "", &mut named);
            let (paths, mut inputs): (Vec<String>, Vec<Tensor>) = named.into_iter().unzip();
            inputs.extend(json.get("value").map(tensor));
            Case { id: json["id"].as_str().expect("an id").to_string(), json, paths, inputs }
        };
        cases("distributions.json").into_iter().map(read).collect()
    }

    fn of_kind(kind: &str) -> impl Iterator<Item = Case> {
        Case::all().into_iter().filter(move |case| case.json["kind"] == kind)
    }

    fn dist(&self, inputs: &[Var]) -> Rc<dyn Distribution> {
        let find = |path: &str| self.paths.iter().position(|known| known == path).map(|k| inputs[k]);
        build(&self.json["spec"], "", &find)
    }

    /// The bound on `|got - want| / max(1, |want|)`.
    fn tolerance(&self, field: &str) -> f64 {
        match (self.id.as_str(), field) {
            // Concentration 1e10 and values 1e5 from the mean: rounding the value alone moves both by 1e-11.
            ("Gamma-7", "log_prob" | "grad") => 1e-11,
            _ => 1e-12,
        }
    }

    fn check(&self, engine: &str, field: &str, got: &Tensor, want: &Tensor) {
        let error = error(got, want);
        let kind = field.split('.').next().expect("a field");
        let context = format!("{} {field} ({engine}): error {error:e}", self.id);
        assert!(error <= self.tolerance(kind), "{context}\n got {got}\nwant {want}");
    }
}

#[test]
fn densities_and_gradients() {
    let mut seen = 0;
    for case in Case::of_kind("dist") {
        let gradients = case.json["grad"].as_object().expect("gradients");
        let fields: Vec<&String> = gradients.keys().collect();
        let body = |x: &[Var]| {
            let log_prob = case.dist(x).log_prob(x[x.len() - 1]);
            let place = |field: &str| case.paths.iter().position(|path| path == field).unwrap_or(x.len() - 1);
            let wanted: Vec<Var> = fields.iter().map(|field| x[place(field)]).collect();
            std::iter::once(log_prob).chain(grad(log_prob.sum(), &wanted)).collect()
        };
        for (engine, got) in both_engines(&case.inputs, body) {
            case.check(engine, "log_prob", &got[0], &tensor(&case.json["log_prob"]));
            for (field, got) in fields.iter().zip(&got[1..]) {
                case.check(engine, &format!("grad.{field}"), got, &tensor(&gradients[*field]));
            }
        }
        seen += 1;
    }
    assert!(seen > 90, "{seen} cases");
}

#[test]
fn moments_and_shapes() {
    for case in Case::of_kind("dist") {
        for field in ["mean", "variance"] {
            let Some(want) = case.json.get(field) else { continue };
            let moment = |x: &[Var]| {
                let dist = case.dist(x);
                let moment = if field == "mean" { dist.mean() } else { dist.variance() };
                vec![moment.unwrap_or_else(|| panic!("{} has no {field}", case.id))]
            };
            for (engine, got) in both_engines(&case.inputs, moment) {
                case.check(engine, field, &got[0], &tensor(want));
            }
        }
        scope(|| {
            let x: Vec<Var> = case.inputs.iter().map(Var::from).collect();
            let dist = case.dist(&x);
            let sizes =
                |field: &str| -> Vec<usize> { serde_json::from_value(case.json[field].clone()).expect("a shape") };
            assert_eq!(dist.batch_shape().as_slice(), sizes("batch_shape"), "{}", case.id);
            assert_eq!(dist.event_shape().as_slice(), sizes("event_shape"), "{}", case.id);
            assert_eq!(dist.support().event_dims(), dist.event_shape().len(), "{}", case.id);
            for parameter in dist.parameters() {
                let inside = parameter.constraint.check(parameter.value).all().item();
                assert_eq!(inside, 1.0, "{}: {} is {}", case.id, parameter.name, parameter.constraint);
            }
        });
    }
}

#[test]
fn exact_limits() {
    for case in Case::of_kind("edge") {
        let mut answers = vec![tensor(&case.json["log_prob"])];
        // Where the data has several right answers, the ends of the support belong to it.
        let ends = ["edge-1"];
        if ends.contains(&case.id.as_str()) {
            answers = case.json["accept"].as_array().expect("answers").iter().map(tensor).collect();
        }
        for (engine, got) in both_engines(&case.inputs, |x| vec![case.dist(x).log_prob(x[x.len() - 1])]) {
            let best = answers.iter().map(|want| error(&got[0], want)).fold(f64::INFINITY, f64::min);
            assert!(best <= 1e-15, "{} ({engine}): got {}, want {answers:?}", case.id, got[0]);
        }
    }
}

#[test]
fn supports() {
    let mut seen = 0;
    for case in Case::of_kind("dist") {
        for field in ["support", "support_boundary"] {
            let Some(entry) = case.json.get(field) else { continue };
            let mut inputs = case.inputs.clone();
            *inputs.last_mut().expect("a value") = tensor(&entry["value"]);
            let want = tensor(&entry["inside"]);
            for (engine, got) in both_engines(&inputs, |x| vec![case.dist(x).support().check(x[x.len() - 1])]) {
                let value = inputs.last().expect("a value").iter_f64();
                let got: Vec<f64> = got[0].iter_f64().collect();
                if got.len() != value.len() {
                    assert_eq!(got, want.to_vec::<f64>(), "{} {field} ({engine})", case.id);
                    continue;
                }
                for ((value, got), want) in value.zip(got).zip(want.iter_f64()) {
                    // Finite ends belong to closed supports; infinities, which some releases count in, never do.
                    let want = if value.is_infinite() { 0.0 } else { want };
                    assert_eq!(got, want, "{} {field} ({engine}) at {value}", case.id);
                }
            }
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} supports");
}

#[test]
fn outside_is_minus_infinity_and_nan_stays() {
    for case in Case::of_kind("dist").filter(|case| case.json.get("support").is_some()) {
        let mut inputs = case.inputs.clone();
        let (value, inside) = (tensor(&case.json["support"]["value"]), tensor(&case.json["support"]["inside"]));
        *inputs.last_mut().expect("a value") = value.clone();
        let events = inside.len();
        let body = |x: &[Var]| {
            let log_prob = case.dist(x).log_prob(x[x.len() - 1]);
            // The gradients of what is outside: zero, not NaN.
            let mut known = x.to_vec();
            *known.last_mut().expect("a value") = x[x.len() - 1].is_nan().where_(0.5, x[x.len() - 1]);
            let dist = case.dist(&known);
            let (value, known) = (known[known.len() - 1], &known);
            let outside = dist.support().check(value).where_(0.0, dist.log_prob(value)).sum();
            std::iter::once(log_prob).chain(grad(outside, known)).collect()
        };
        for (engine, got) in both_engines(&inputs, body) {
            for k in 0..events {
                let event = value.len() / events;
                let missing = value.iter_f64().skip(k * event).take(event).any(f64::is_nan);
                let log_prob = got[0].to_vec::<f64>()[k];
                let context = format!("{} ({engine}): {log_prob} at {k} of {value}", case.id);
                if missing {
                    assert!(log_prob.is_nan(), "{context}");
                } else if inside.to_vec::<f64>()[k] == 0.0 {
                    assert_eq!(log_prob, f64::NEG_INFINITY, "{context}");
                } else {
                    assert!(!log_prob.is_nan(), "{context}");
                }
            }
            for gradient in &got[1..] {
                assert!(gradient.iter_f64().all(|g| g == 0.0), "{} ({engine}): {gradient}", case.id);
            }
        }
    }
}

#[test]
fn a_nan_parameter_gives_nan() {
    for case in Case::of_kind("dist").filter(|case| case.id.ends_with("-0")) {
        for k in 0..case.paths.len() {
            let mut inputs = case.inputs.clone();
            let shape = inputs[k].shape().to_vec();
            inputs[k] = Tensor::full(shape, f64::NAN);
            for (engine, got) in both_engines(&inputs, |x| vec![case.dist(x).log_prob(x[x.len() - 1])]) {
                assert!(got[0].iter_f64().all(f64::is_nan), "{} {} ({engine}): {}", case.id, case.paths[k], got[0]);
            }
        }
    }
}

#[test]
fn second_derivatives() {
    for case in Case::of_kind("dist").filter(|case| case.json.get("note").is_none()) {
        let fields: Vec<usize> = (0..case.inputs.len())
            .filter(|&k| {
                let name = case.paths.get(k).map_or("value", String::as_str);
                case.json["grad"].get(name).is_some()
            })
            .collect();
        // The sum of the first derivatives by each input, and its derivative along a growth of the same input.
        let first = |inputs: &[Tensor], k: usize| {
            scope(|| {
                let x: Vec<Var> = inputs.iter().map(Var::from).collect();
                grad(case.dist(&x).log_prob(x[x.len() - 1]).sum(), &[x[k]])[0].sum().item()
            })
        };
        for &k in &fields {
            // A grown value has left the simplex; Beta-3 has one at 1 - 8e-7.
            if case.paths.get(k).is_none() && (case.json["spec"]["name"] == "Dirichlet" || case.id == "Beta-3") {
                continue;
            }
            let grown = |by: f64| {
                let mut inputs = case.inputs.clone();
                inputs[k] = &inputs[k] * (1.0 + by);
                first(&inputs, k)
            };
            let difference = |step: f64| (grown(step) - grown(-step)) / (2.0 * step);
            let numeric = (4.0 * difference(1e-5) - difference(2e-5)) / 3.0;
            let second = |x: &[Var]| {
                let first = grad(case.dist(x).log_prob(x[x.len() - 1]).sum(), &[x[k]])[0];
                vec![(grad(first.sum(), &[x[k]])[0] * x[k]).sum()]
            };
            for (engine, got) in both_engines(&case.inputs, second) {
                let (got, name) = (got[0].item(), case.paths.get(k).map_or("value", String::as_str));
                let error = (got - numeric).abs() / numeric.abs().max(1.0);
                assert!(error < 1e-6, "{} {name} ({engine}): {got} against {numeric}", case.id);
            }
        }
    }
}

/// Counts so large that sums of log-gamma functions lose most digits; the wanted values are of 50 digits.
#[test]
fn large_counts() {
    let check = |name: &str, got: Var, want: f64| {
        let (got, tolerance) = (got.item(), 1e-10 * want.abs().max(1.0));
        assert!((got - want).abs() <= tolerance, "{name}: {got} against {want}");
    };
    check("Gamma", Gamma::new(1000000000000.0, 1.0).log_prob(1000000000000.0.into()), -14.73444909116903);
    check("Gamma", Gamma::new(1000000000000.0, 2.0).log_prob(500001000000.0.into()), -16.041301243944417);
    check("Gamma", Gamma::new(1000000000.0, 0.001).log_prob(1000050000000.0.into()), -19.438335064390202);
    check("Gamma", Gamma::new(1000000.0, 2.0).log_prob(700000.0.into()), -63535.23339773865);
    check("Gamma", Gamma::new(50.0, 1e-300).log_prob(4e301.into()), -694.5861785929757);
    check("Poisson", Poisson::new(1000000000.0).log_prob(1000000000.0.into()), -11.280571451761212);
    check("Poisson", Poisson::new(1000100000.0).log_prob(1000000000.0.into()), -16.28023814342588);
    check("Poisson", Poisson::new(1000002000000.0).log_prob(1000000000000.0.into()), -16.734446424506363);
    check("Poisson", Poisson::new(1000000.0).log_prob(3.0.into()), -999960.3452277953);
    check("Poisson", Poisson::new(3.0).log_prob(1000000.0.into()), -11716909.09599006);
    check("Beta", Beta::new(1000000000.0, 1000000000.0).log_prob(0.50001.into()), 10.082415156307091);
    check("Beta", Beta::new(10000000000.0, 0.3).log_prob(0.9999999998835847.into()), 20.6595039368676);
    check("Beta", Beta::new(10000000000.0, 3.0).log_prob(0.999999999825377.into()), 21.701392081439497);
    check("Beta", Beta::new(0.3, 10000000000.0).log_prob(1.1641532182693481e-10.into()), 20.6595039368676);
    check("Beta", Beta::new(2.5, 100000000.0).log_prob(1e-08.into()), 17.135997897229448);
    check("Beta", Beta::new(1000000000000.0, 1000000000000.0).log_prob(0.5.into()), 13.936292795599394);
    check("StudentT", StudentT::new(1000000000000.0, 0.0, 1.0).log_prob(2.0.into()), -2.918938533202923);
    check("StudentT", StudentT::new(1000000000000000.0, 0.0, 1.0).log_prob((-3.0).into()), -5.418938533204657);
    check("StudentT", StudentT::new(100000000.0, 0.0, 1.0).log_prob(1000000.0.into()), -460522023.8729845);
    check("StudentT", StudentT::new(0.001, 0.0, 1.0).log_prob(1e200.into()), -468.5825846908368);
    check("StudentT", StudentT::new(3.0, 0.0, 1.0).log_prob(1e300.into()), -2761.905775865142);
}

#[test]
fn shape_mistakes_name_the_distribution_and_its_parameters() {
    let message = |make: fn()| {
        let panic = std::panic::catch_unwind(make).expect_err("a panic");
        panic.downcast_ref::<String>().expect("a message").clone()
    };
    let normal = message(|| {
        Normal::new([0.0; 3], [1.0; 4]);
    });
    assert_eq!(normal, "Normal: loc [3] and scale [4] do not broadcast");
    let matrix = message(|| {
        MultivariateNormal::from_scale_tril([0.0; 3], [[1.0, 0.0], [0.0, 1.0]]);
    });
    assert_eq!(matrix, "MultivariateNormal: loc [3] wants scale_tril [.., 3, 3], got [2, 2]");
    let scalar = message(|| {
        Categorical::probs(0.5);
    });
    assert_eq!(scalar, "Categorical: probs must be a vector, got probs []");
    let event = message(|| {
        Normal::new([0.0; 3], 1.0).to_event(2);
    });
    assert_eq!(event, "to_event: Normal has batch shape [3], of which 2 axes are wanted");
}

#[test]
fn an_independent_location_scale_form_keeps_the_event() {
    scope(|| {
        let (loc, scale) = (Var::from([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]), Var::from([1.0, 2.0, 3.0]));
        let dist = StudentT::new(4.0, loc, scale).to_event(1);
        let form = dist.location_scale().expect("a location-scale form");
        assert_eq!((form.base.batch_shape(), form.base.event_shape()), (dist.batch_shape(), dist.event_shape()));
        let z = Var::from([[0.5, -1.0, 2.0], [0.0, 0.3, -0.7]]);
        let jacobian = form.scale.ln().sum();
        let (inner, outer) = (form.base.log_prob(z) - jacobian, dist.log_prob(form.loc + form.scale * z));
        assert!(error(&inner.to_tensor(), &outer.to_tensor()) < 1e-14);
        let key = pyroxene_autograd::Key::from_seed(3);
        let (whole, base) = (dist.draw(key, &[2]), form.base.draw(key, &[2]));
        assert_eq!(whole.shape().as_slice(), [2, 3]);
        assert!(error(&(form.loc + form.scale * base).to_tensor(), &whole.to_tensor()) < 1e-15);
    });
}

#[test]
fn integer_data_is_accepted() {
    scope(|| {
        let counts = Tensor::from([0i64, 3, 7]);
        let float = Tensor::from([0.0, 3.0, 7.0]);
        let truths = Tensor::from([true, false]);
        let same = |a: Var, b: Var| assert_eq!(a.to_tensor().to_vec::<f64>(), b.to_tensor().to_vec::<f64>());
        same(Poisson::new(2).log_prob((&counts).into()), Poisson::new(2.0).log_prob((&float).into()));
        same(Normal::new(0, 1).log_prob((&counts).into()), Normal::new(0.0, 1.0).log_prob((&float).into()));
        same(Exponential::new(1).log_prob((&counts).into()), Exponential::new(1.0).log_prob((&float).into()));
        let chance = Bernoulli::probs(0.3);
        same(chance.log_prob((&truths).into()), chance.log_prob([1.0, 0.0].into()));
    });
}
