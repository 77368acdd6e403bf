//! Nanoseconds of one leapfrog step inside NUTS: all of warm-up and draws, divided by the steps.
//!
//!     cargo bench --features bench --bench leapfrog [-- part of a row's name]
//!
//! Beside it the time of the density alone, so that the difference is what the sampler takes for itself.

mod clock;
#[expect(dead_code, reason = "one model of all")]
mod models;

use clock::{microseconds, timed};
use pyroxene::infer::{LogDensity, ModelDensity};
use pyroxene::{Nuts, Seed};
use std::hint::black_box;

/// The standard normal distribution on R^n.
#[derive(Clone)]
struct StandardNormal(usize);

impl LogDensity for StandardNormal {
    fn dim(&self) -> usize {
        self.0
    }

    fn evaluate(&mut self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let mut squares = [0.0; 8];
        let (mut gradients, mut positions) = (gradient.chunks_exact_mut(8), position.chunks_exact(8));
        for (g, x) in gradients.by_ref().zip(positions.by_ref()) {
            for k in 0..8 {
                g[k] = -x[k];
                squares[k] += x[k] * x[k];
            }
        }
        for (k, (g, x)) in gradients.into_remainder().iter_mut().zip(positions.remainder()).enumerate() {
            *g = -x;
            squares[k] += x * x;
        }
        -0.5 * squares.iter().sum::<f64>()
    }
}

fn main() {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    println!("| density | ns a step | the density alone | the sampler's own |\n|---|---|---|---|");
    let schools = (models::WORKLOADS[0].posterior)();
    report(&wanted, "eight schools", ModelDensity::new(&schools, Seed(0)).expect("the model is right"));
    for dim in [10, 100, 1000] {
        report(&wanted, &format!("standard normal, {dim} coordinates"), StandardNormal(dim));
    }
}

/// The least of twenty runs, of which each has draws of its own.
fn report(wanted: &str, name: &str, density: impl LogDensity + Clone + Sync) {
    if !name.contains(wanted) {
        return;
    }
    let dim = density.dim();
    let nuts = Nuts::default().chains(1).progress(false).interruptible(false);
    let run = |seed: u64| {
        let initial: Vec<f64> = (0..dim).map(|i| ((i as u64 + seed) as f64).sin()).collect();
        let (time, samples) = timed(|| nuts.sample_density(|_| density.clone(), &[initial], seed));
        let samples = samples.expect("the density is right");
        let chain = &samples.chains[0];
        let steps = chain.warmup_leapfrogs + chain.stats.iter().map(|draw| u64::from(draw.leapfrogs)).sum::<u64>();
        1e9 * time / steps as f64
    };
    let step = (0..20).map(run).fold(f64::INFINITY, f64::min);
    let (mut alone, mut gradient) = (density.clone(), vec![0.0; dim]);
    let position: Vec<f64> = (0..dim).map(|i| 0.1 * (i as f64).sin()).collect();
    let alone = 1e3 * microseconds(|| alone.evaluate(black_box(&position), black_box(&mut gradient)));
    println!("| {name} | {step:.0} | {alone:.0} | {:.0} |", step - alone);
}
