//! The models of the benchmarks have the densities of the same models in NumPyro: `testdata/benchmarks/gradients.json` holds
//! its values and gradients at two points. The gradients of the steps are the slopes of their losses.

#[path = "../../benches/models/mod.rs"]
mod models;

use models::{PRIORS, Posterior, WORKLOADS, steps};
use pyroxene::infer::{LogDensity, ModelDensity, ModelHessian, SviRun};
use pyroxene::optim::{Adam, Optimizer};
use pyroxene::{Constraint, DType, ParamStore, Seed, Tensor, Var, posterior_predictive, prior_predictive};
use serde_json::Value;

/// Within a tolerance times the larger of the number and one.
#[track_caller]
fn assert_near(what: &str, ours: f64, wanted: &Value, tolerance: f64) {
    let wanted = wanted.as_f64().expect("a number");
    assert!((ours - wanted).abs() <= tolerance * wanted.abs().max(1.0), "{what}: {ours} against {wanted}");
}

#[test]
fn densities_are_those_of_the_reference() {
    let file: Value = serde_json::from_str(include_str!("../../testdata/benchmarks/gradients.json")).expect("JSON");
    let file = file.as_object().expect("a row for each model");
    let known = WORKLOADS.iter().filter(|workload| file.contains_key(workload.name));
    assert_eq!(known.clone().count(), file.len(), "a row of the reference has no model");
    for workload in known {
        let rows = &file[workload.name];
        compare(workload.name, &(workload.posterior)(), rows, 1e-9);
        if let Some(posterior) = workload.single {
            compare(&format!("{} in f32", workload.name), &posterior(), rows, 1e-3);
        }
    }
}

fn compare(name: &str, posterior: &Posterior, rows: &Value, tolerance: f64) {
    let mut density = ModelDensity::new(posterior, Seed(0)).expect("the model is right");
    let points: [fn(f64) -> f64; 2] = [|i| 0.1 * i.sin(), |i| 0.5 * (2.0 * i + 1.0).cos()];
    for (point, wanted) in points.iter().zip(rows.as_array().expect("two points")) {
        let position: Vec<f64> = (0..density.dim()).map(|i| point(i as f64)).collect();
        let mut gradient = vec![0.0; density.dim()];
        assert_near(name, density.evaluate(&position, &mut gradient), &wanted["value"], tolerance);
        let wanted = wanted["gradient"].as_array().expect("a gradient");
        assert_eq!(wanted.len(), gradient.len(), "{name}");
        for (i, (&ours, wanted)) in gradient.iter().zip(wanted).enumerate() {
            assert_near(&format!("{name}, coordinate {i}"), ours, wanted, tolerance);
        }
    }
}

/// A latent variable has the type of its distribution's draws, so a model of f32 multiplies in f32.
#[test]
fn latent_variables_keep_the_type_of_their_draws() {
    for workload in WORKLOADS.iter().filter(|workload| workload.name.starts_with("logistic")) {
        let single = workload.single.expect("a model in f32");
        for (posterior, is_single) in [(single(), true), ((workload.posterior)(), false)] {
            let density = ModelDensity::new(&posterior, Seed(0)).expect("the model is right");
            assert_eq!(density.program().explain().contains(" in f32"), is_single, "{}", workload.name);
        }
    }
}

/// The models that are evaluated in an instant.
const QUICK: [usize; 5] = [0, 1, 2, 3, 4];

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

#[test]
fn densities_at_many_positions_are_those_at_each() {
    for workload in QUICK.map(|index| &WORKLOADS[index]) {
        let mut one = ModelDensity::new(&(workload.posterior)(), Seed(0)).expect("the model is right");
        let (dim, count) = (one.dim(), 7);
        let mut many = one.many(count);
        assert_eq!((many.dim(), many.count()), (dim, count));
        let positions: Vec<f64> = (0..count * dim).map(|i| 0.4 * (i as f64).sin()).collect();
        let (mut values, mut gradients) = (vec![0.0; count], vec![0.0; count * dim]);
        many.evaluate(&positions, &mut values, &mut gradients);
        let mut gradient = vec![0.0; dim];
        for (k, position) in positions.chunks(dim).enumerate() {
            let value = one.evaluate(position, &mut gradient);
            assert!(close(values[k], value, 1e-12), "{}: {} against {value}", workload.name, values[k]);
            for (many, one) in gradients[k * dim..].iter().zip(&gradient) {
                assert!(close(*many, *one, 1e-11), "{}: {many} against {one}", workload.name);
            }
        }
    }
}

#[test]
fn a_position_without_density_does_not_touch_the_others() {
    let mut many = ModelDensity::new(&(WORKLOADS[0].posterior)(), Seed(0)).expect("the model is right").many(3);
    let mut positions = vec![0.1; 30];
    positions[10] = f64::NAN;
    let (mut values, mut gradients) = ([0.0; 3], [0.0; 30]);
    many.evaluate(&positions, &mut values, &mut gradients);
    assert!(values[1].is_nan() && values[0] == values[2] && values[0].is_finite());
    assert_eq!(gradients[..10], gradients[20..]);
    assert!(gradients[..10].iter().all(|g| g.is_finite()));
}

#[test]
fn hessians_are_slopes_of_gradients() {
    for workload in QUICK.map(|index| &WORKLOADS[index]) {
        let model = (workload.posterior)();
        let mut first = ModelDensity::new(&model, Seed(0)).expect("the model is right");
        let mut second = ModelHessian::new(&model, Seed(0)).expect("the model is right");
        let dim = second.dim();
        let position: Vec<f64> = (0..dim).map(|i| 0.3 * (2.0 * i as f64).sin()).collect();
        let (mut gradient, mut hessian, mut expected) = (vec![0.0; dim], vec![0.0; dim * dim], vec![0.0; dim]);
        let value = second.evaluate(&position, &mut gradient, &mut hessian);
        assert!(close(value, first.evaluate(&position, &mut expected), 1e-12), "{}", workload.name);
        assert!(gradient.iter().zip(&expected).all(|(a, b)| close(*a, *b, 1e-10)), "{}", workload.name);
        let scale = hessian.iter().fold(1.0f64, |most, x| x.abs().max(most));
        for i in 0..dim {
            let mut at = |step: f64| {
                let mut moved = position.clone();
                moved[i] += step;
                first.evaluate(&moved, &mut expected);
                expected.clone()
            };
            let h = 1e-3;
            // Five points: the error is of order h^4.
            let [a, b, c, d] = [h, -h, 2.0 * h, -2.0 * h].map(&mut at);
            for j in 0..dim {
                let slope = (8.0 * (a[j] - b[j]) - (c[j] - d[j])) / (12.0 * h);
                let found = hessian[i * dim + j];
                assert!(close(found / scale, slope / scale, 1e-8), "{} [{i}, {j}]: {found}, {slope}", workload.name);
                assert!(close(found / scale, hessian[j * dim + i] / scale, 1e-12), "{} [{i}, {j}]", workload.name);
            }
        }
    }
}

#[test]
fn a_prediction_does_not_depend_on_how_many_there_are() {
    for workload in &PRIORS {
        let model = (workload.posterior)();
        let all = prior_predictive(&model, 1003, Seed(3)).expect("the model is right");
        let latent: Vec<(&str, &Tensor)> = all.iter().filter(|(name, _)| !matches!(*name, "effect" | "y")).collect();
        for count in [1, 2, 7, 500] {
            let few = prior_predictive(&model, count, Seed(3)).expect("the model is right");
            for (name, draws) in few.iter() {
                assert_eq!(*draws, all[name].slice(0, ..count as isize), "{}: {name}", workload.name);
            }
            let given =
                |count: usize| latent.iter().map(move |(name, draws)| (*name, draws.slice(0, ..count as isize)));
            let [few, all] = [count, 1003].map(|count| {
                posterior_predictive(&model, given(count).collect::<pyroxene::Values>(), Seed(4))
                    .expect("the model is right")
            });
            for (name, draws) in few.iter() {
                assert_eq!(*draws, all[name].slice(0, ..count as isize), "{}: {name}", workload.name);
            }
        }
    }
}

#[test]
fn steps_in_f32_follow_those_in_f64() {
    let losses = |dtype: DType| {
        steps::autoencoder(dtype, Adam::new(1e-3), ParamStore::new(), |mut run| {
            let losses: Vec<f64> = (0..3).map(|_| run.step()).collect();
            assert!(run.params().iter().all(|(_, value)| value.dtype() == dtype));
            let program = run.program().expect("the step is compiled");
            assert_eq!(program.explain().contains(" f32 = softplus"), dtype == DType::F32);
            losses
        })
    };
    for (single, double) in losses(DType::F32).into_iter().zip(losses(DType::F64)) {
        assert!((single - double).abs() <= 1e-5 * double.abs(), "{single} against {double}");
    }
}

/// Moves by the gradient itself, so that a step tells it.
#[derive(Clone)]
struct Descent;

impl Optimizer for Descent {
    fn state_vectors(&self) -> usize {
        0
    }

    fn step(&self, parameters: Var, gradient: Var, _state: &[Var], _step: Var) -> (Var, Vec<Var>) {
        (parameters - gradient, Vec::new())
    }
}

/// The direction in which the loss is followed: none for scales, which are positive.
fn direction(name: &str, len: usize) -> Vec<f64> {
    (0..len).map(|i| if name.ends_with(".scale") { 0.0 } else { (i as f64).sin() }).collect()
}

/// The parameters moved along the direction.
fn moved(store: &ParamStore, by: f64) -> ParamStore {
    let mut moved = ParamStore::new();
    for (name, value) in store.iter() {
        let there = value.to_vec::<f64>().iter().zip(direction(name, value.len())).map(|(x, d)| x + by * d).collect();
        let constraint = if name.ends_with(".scale") { Constraint::Positive } else { Constraint::Real };
        moved.set(name, Tensor::from_vec(there, value.shape()), constraint).expect("within the constraint");
    }
    moved
}

/// What a step from some parameters gives: its loss, and the parameters before and after.
type Stepped = (f64, ParamStore, ParamStore);

fn take_step(mut run: SviRun) -> Stepped {
    let before = run.params();
    (run.step(), before, run.params())
}

fn assert_slope(step: impl Fn(ParamStore) -> Stepped) {
    let (_, before, after) = step(ParamStore::new());
    let along = |name: &str| {
        let point = |store: &ParamStore| store.unconstrained(name).expect("a parameter").to_vec::<f64>();
        let (before, after) = (point(&before), point(&after));
        let terms = before.iter().zip(&after).zip(direction(name, before.len()));
        terms.map(|((before, after), d)| (before - after) * d).sum::<f64>()
    };
    let slope: f64 = before.names().map(along).sum();
    let loss = |by: f64| step(moved(&before, by)).0;
    let wanted = (loss(1e-5) - loss(-1e-5)) / 2e-5;
    assert!((slope - wanted).abs() < 1e-5 * wanted.abs(), "{slope} against {wanted}");
}

#[test]
fn gradients_of_steps_are_the_slopes_of_their_losses() {
    assert_slope(|store| steps::autoencoder(DType::F64, Descent, store, take_step));
    assert_slope(|store| steps::mean_field(DType::F64, Descent, store, take_step));
}
