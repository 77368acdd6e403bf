//! What it gains to do many things as one Program: densities at 64 positions, Hessians, predictions of 1,000 draws.
//!
//!     cargo bench --features bench --bench batch
//!
//! Microseconds of CPU time of one thread; `alone` is the same work one by one, in turn with it.

mod clock;
#[expect(dead_code, reason = "some models of all")]
mod models;

use clock::microseconds;
use models::{PRIORS, WORKLOADS};
use pyroxene::infer::{LogDensity, ModelDensity, ModelHessian};
use pyroxene::{Cx, Seed, Values, posterior_predictive, prior_predictive};
use std::hint::black_box;

/// The number of positions.
const CHAINS: usize = 64;
/// The number of draws.
const DRAWS: usize = 1000;

fn main() {
    let filter: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let chosen = |name: &str| filter.iter().all(|part| name.contains(part.as_str()));
    println!(
        "| density | coordinates | alone | of {CHAINS} | gain | Hessian | gradients |\n|---|---|---|---|---|---|---|"
    );
    for workload in WORKLOADS.iter().filter(|workload| chosen(workload.name)) {
        densities(workload.name, &(workload.posterior)());
    }
    println!("| {DRAWS} predictions | all, with the model's capture | one of them |\n|---|---|---|");
    for workload in PRIORS.iter().filter(|workload| chosen(workload.name)) {
        predictions(workload.name, &(workload.posterior)());
    }
}

/// All at a time, and what a draw takes when there are eleven times as many.
fn predictions(name: &str, model: &impl Fn(&mut Cx)) {
    let time = |draws: usize| {
        let posterior = prior_predictive(model, draws, Seed(1)).expect("the model is right");
        let latent: Values = posterior.iter().filter(|(name, _)| !matches!(*name, "y" | "effect")).collect();
        microseconds(|| posterior_predictive(model, latent.clone(), Seed(0)).expect("the model is right"))
    };
    let all = time(DRAWS);
    println!("| {name} | {all:.0} | {:.2} |", (time(11 * DRAWS) - all) / (10 * DRAWS) as f64);
}

fn densities(name: &str, model: &impl Fn(&mut Cx)) {
    let mut one = ModelDensity::new(model, Seed(0)).expect("the model is right");
    let dim = one.dim();
    let mut many = one.many(CHAINS);
    let positions: Vec<f64> = (0..CHAINS * dim).map(|i| 0.1 * (i as f64).sin()).collect();
    let (mut values, mut gradients) = (vec![0.0; CHAINS], vec![0.0; CHAINS * dim]);
    let together = microseconds(|| many.evaluate(black_box(&positions), &mut values, &mut gradients)) / CHAINS as f64;
    let mut gradient = vec![0.0; dim];
    let mut at = positions.chunks(dim).cycle();
    let alone = microseconds(|| one.evaluate(black_box(at.next().expect("a cycle")), &mut gradient));
    let mut second = ModelHessian::new(model, Seed(0)).expect("the model is right");
    let mut matrix = vec![0.0; dim * dim];
    let hessian = microseconds(|| second.evaluate(black_box(&positions[..dim]), &mut gradient, &mut matrix));
    println!(
        "| {name} | {dim} | {alone:.2} | {together:.2} | {:.1} | {hessian:.1} | {:.1} |",
        alone / together,
        hessian / alone
    );
}
