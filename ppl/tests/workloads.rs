//! The models of the benchmarks have the densities of the same models in NumPyro: `testdata/benchmarks/gradients.json` holds
//! its values and gradients at two points. The gradients of the steps are the slopes of their losses.

#[path = "../../benches/models/mod.rs"]
mod models;

use models::{WORKLOADS, steps};
use pyroxene::infer::{LogDensity, ModelDensity, SviRun};
use pyroxene::optim::Optimizer;
use pyroxene::{Constraint, ParamStore, Seed, Tensor, Var};
use serde_json::Value;

/// Within 1e-9 of the larger of the number and one.
#[track_caller]
fn assert_near(what: &str, ours: f64, wanted: &Value) {
    let wanted = wanted.as_f64().expect("a number");
    assert!((ours - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{what}: {ours} against {wanted}");
}

#[test]
fn densities_are_those_of_the_reference() {
    let file: Value = serde_json::from_str(include_str!("../../testdata/benchmarks/gradients.json")).expect("JSON");
    let file = file.as_object().expect("a row for each model");
    let known = WORKLOADS.iter().filter(|workload| file.contains_key(workload.name));
    assert_eq!(known.clone().count(), file.len(), "a row of the reference has no model");
    for workload in known {
        let name = workload.name;
        let mut density = ModelDensity::new(&(workload.posterior)(), Seed(0)).expect("the model is right");
        let points: [fn(f64) -> f64; 2] = [|i| 0.1 * i.sin(), |i| 0.5 * (2.0 * i + 1.0).cos()];
        for (point, wanted) in points.iter().zip(file[name].as_array().expect("two points")) {
            let position: Vec<f64> = (0..density.dim()).map(|i| point(i as f64)).collect();
            let mut gradient = vec![0.0; density.dim()];
            assert_near(name, density.evaluate(&position, &mut gradient), &wanted["value"]);
            let wanted = wanted["gradient"].as_array().expect("a gradient");
            assert_eq!(wanted.len(), gradient.len(), "{name}");
            for (i, (&ours, wanted)) in gradient.iter().zip(wanted).enumerate() {
                assert_near(&format!("{name}, coordinate {i}"), ours, wanted);
            }
        }
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
    assert_slope(|store| steps::autoencoder(Descent, store, take_step));
    assert_slope(|store| steps::mean_field(Descent, store, take_step));
}
