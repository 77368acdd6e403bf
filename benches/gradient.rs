//! Microseconds for one value and gradient of each model's log density, in f64 and in f32 on one thread; what the Program keeps in
//! memory, and how long it takes to capture and compile. CPU time, the least of nine batches; `--explain` prints the Programs.
//!
//!     cargo bench --features bench --bench gradient [-- part of a row's name] [--explain]
//!
//! Prints the first table of `benches/peers.md` with our columns measured anew.

mod beside;
mod clock;
#[expect(dead_code, reason = "the models before they are conditioned")]
mod models;

use beside::Table;
use clock::{microseconds, timed};
use models::{Posterior, WORKLOADS, Workload, steps};
use pyroxene::infer::{LogDensity, ModelDensity, SviRun};
use pyroxene::optim::Adam;
use pyroxene::{DType, ParamStore, Seed};
use std::hint::black_box;

fn main() {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    one.build_global().expect("the pool is set once");
    let table = Table::begin("one value and gradient", 4);
    WORKLOADS.iter().filter(|workload| workload.name.contains(&wanted)).for_each(|workload| density(&table, workload));
    let (adam, store) = (|| Adam::new(1e-3), ParamStore::new);
    step(
        (&table, "VAE step, 64-400-20, batch 256", &wanted),
        |dtype| steps::autoencoder(dtype, adam(), store(), |_| ()),
        |dtype| steps::autoencoder(dtype, adam(), store(), time),
    );
    step(
        (&table, "SVI step, mean field, logistic 569 x 30", &wanted),
        |dtype| steps::mean_field(dtype, adam(), store(), |_| ()),
        |dtype| steps::mean_field(dtype, adam(), store(), time),
    );
}

fn density(table: &Table, workload: &Workload) {
    let (time, density, capture) = evaluation((workload.posterior)());
    let single = workload.single.map(|posterior| evaluation(posterior()));
    let memory = density.program().memory_len() as f64 / 128.0;
    let times = both(time, single.as_ref().map(|(time, ..)| *time));
    table.row(workload.name, &[times, format!("{memory:.0}"), format!("{:.2}", 1e3 * capture)]);
    if explains() {
        println!("{}", density.program().explain());
        single.iter().for_each(|(_, density, _)| println!("in f32:\n{}", density.program().explain()));
    }
}

/// Microseconds of an evaluation, the density, and seconds that it took to make.
fn evaluation(posterior: Posterior) -> (f64, ModelDensity, f64) {
    let (capture, density) = timed(|| ModelDensity::new(&posterior, Seed(0)));
    let mut density = density.expect("the model is right");
    let position: Vec<f64> = (0..density.dim()).map(|i| 0.1 * (i as f64).sin()).collect();
    let mut gradient = vec![0.0; density.dim()];
    (microseconds(|| density.evaluate(black_box(&position), &mut gradient)), density, capture)
}

/// Microseconds in f64 and, where the model is there in f32, in that.
fn both(double: f64, single: Option<f64>) -> String {
    single.map_or(format!("{double:.2}"), |single| format!("{double:.2} (f32 {single:.2})"))
}

/// A whole step of variational inference; `start` makes the data and compiles.
fn step((table, name, wanted): (&Table, &str, &str), start: impl Fn(DType), step: impl Fn(DType) -> f64) {
    if name.contains(wanted) {
        let (capture, ()) = timed(|| start(DType::F64));
        let times = both(step(DType::F64), Some(step(DType::F32)));
        table.row(name, &[times, String::new(), format!("{:.2}", 1e3 * capture)]);
    }
}

/// Microseconds of a step.
fn time(mut run: SviRun) -> f64 {
    let time = microseconds(|| run.step());
    if let Some(program) = run.program().filter(|_| explains()) {
        println!("{}", program.explain());
    }
    time
}

fn explains() -> bool {
    std::env::args().any(|argument| argument == "--explain")
}
