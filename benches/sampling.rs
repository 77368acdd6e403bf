//! The smallest bulk effective sample size a second: one chain, 1,000 draws to warm up and 1,000 kept, all of it timed as a
//! user runs it, capture and compilation included.
//!
//!     cargo bench --features bench --bench sampling [-- part of a row's name]
//!
//! Medians over ten seeds, or as many as five minutes hold. Prints the table of `benches/peers.md` with our columns measured
//! anew.

mod beside;
#[expect(dead_code, reason = "no short call is timed")]
mod clock;
#[expect(dead_code, reason = "the densities of all models")]
mod models;

use beside::Table;
use clock::timed;
use models::{WORKLOADS, Workload};
use pyroxene::infer::diagnostics::ess_bulk;
use pyroxene::{Fit, Nuts, Seed};
use std::time::{Duration, Instant};

const SEEDS: u64 = 10;
const PATIENCE: Duration = Duration::from_secs(300);
/// Rows of the table that time one evaluation only.
const NOT_SAMPLED: [&str; 3] =
    ["logistic regression 581,012 x 54", "sparse interactions, 200 x 100", "GP regression, 500 points"];

fn main() {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    one.build_global().expect("the pool is set once");
    let table = Table::begin("smallest ESS a second", 7);
    let sampled = WORKLOADS.iter().filter(|workload| !NOT_SAMPLED.contains(&workload.name));
    sampled.filter(|workload| workload.name.contains(&wanted)).for_each(|workload| report(&table, workload));
}

/// What is told of one run: effective draws a second, effective draws, leapfrog steps, seconds, microseconds a step.
type Measured = [f64; 5];

fn report(table: &Table, workload: &Workload) {
    let posterior = (workload.posterior)();
    let nuts = Nuts::default().chains(1).progress(false).interruptible(false);
    let begin = Instant::now();
    let run = |seed: u64| -> Measured {
        let (time, fit) = timed(|| nuts.run(&posterior, Seed(seed)));
        let fit = fit.expect("the model is right");
        let (ess, steps) = (smallest_ess(&fit), steps(&fit));
        [ess / time, ess, steps, time, time / steps * 1e6]
    };
    let runs: Vec<Measured> = (0..SEEDS).take_while(|_| begin.elapsed() < PATIENCE).map(run).collect();
    let [rate, ess, steps, time, step] = std::array::from_fn(|k| median(runs.iter().map(|run| run[k]).collect()));
    let numbers = [(rate, 1), (ess, 0), (steps, 0), (time, 3), (step, 2), (runs.len() as f64, 0)];
    table.row(workload.name, &numbers.map(|(number, digits)| format!("{number:.digits$}")));
}

/// Over the elements of all latent variables; those that never change, such as the only entry of a simplex, do not count.
fn smallest_ess(fit: &Fit) -> f64 {
    let of = |values: &[f64], size: usize| {
        let element = |k: usize| values.iter().skip(k).step_by(size).copied().collect::<Vec<f64>>();
        (0..size).map(|k| ess_bulk(&[&element(k)])).filter(|ess| !ess.is_nan()).fold(f64::INFINITY, f64::min)
    };
    fit.draws().iter().map(|(_, draws)| of(&draws.to_vec::<f64>(), draws.len() / 1000)).fold(f64::INFINITY, f64::min)
}

fn steps(fit: &Fit) -> f64 {
    let chain = &fit.samples().chains[0];
    chain.warmup_leapfrogs as f64 + chain.stats.iter().map(|draw| f64::from(draw.leapfrogs)).sum::<f64>()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { 0.5 * (values[middle - 1] + values[middle]) }
}
