//! Instructions of one value and gradient of each model, counted by Valgrind's callgrind: the same on every run of the same
//! build, whatever else the machine does, so that a regression shows where times are noise.
//!
//!     cargo bench --features bench --bench counts [-- part of a row's name]
//!
//! Valgrind knows no AVX-512, so this counts the AVX2 kernels and the interpreter of fused loops, not machine code. The
//! program runs itself under Valgrind with a few evaluations and with ten more; the difference is ten evaluations.
//! `docs/performance.md` keeps the table.

#[expect(dead_code, reason = "the network, which takes long under Valgrind")]
mod models;

use models::{WORKLOADS, steps};
use pyroxene::infer::{LogDensity, ModelDensity};
use pyroxene::optim::Adam;
use pyroxene::{DType, ParamStore, Seed};
use std::hint::black_box;
use std::process::Command;

/// Too long under Valgrind, and the same loops as 50,000 rows.
const NOT_COUNTED: &str = "logistic regression 581,012 x 54";
const STEP: &str = "SVI step, mean field, logistic 569 x 30";
const MORE: u64 = 10;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    one.build_global().expect("the pool is set once");
    if let [name, times] = &arguments[..] {
        return evaluate(name, times.parse().expect("a number of evaluations"));
    }
    let wanted = arguments.first().map_or("", String::as_str);
    println!("| value and gradient | instructions |\n| --- | --- |");
    let densities = WORKLOADS.iter().map(|workload| workload.name).filter(|name| *name != NOT_COUNTED);
    for name in densities.chain([STEP]).filter(|name| name.contains(wanted)) {
        println!("| {name} | {} |", (counted(name, 2 + MORE) - counted(name, 2)) / MORE);
    }
}

/// Instructions of a process that evaluates a model so many times.
fn counted(name: &str, times: u64) -> u64 {
    let program = std::env::current_exe().expect("this program's path");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    let output = valgrind.args([name, &times.to_string()]).output().expect("valgrind is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    count.unwrap_or_else(|| panic!("valgrind counted nothing:\n{said}"))
}

fn evaluate(name: &str, times: u64) {
    if name == STEP {
        return steps::mean_field(DType::F64, Adam::new(1e-3), ParamStore::new(), |mut run| {
            for _ in 0..times {
                black_box(run.step());
            }
        });
    }
    let workload = WORKLOADS.iter().find(|workload| workload.name == name).expect("a model of the list");
    let posterior = (workload.posterior)();
    let mut density = ModelDensity::new(&posterior, Seed(0)).expect("the model is right");
    let position: Vec<f64> = (0..density.dim()).map(|i| 0.1 * (i as f64).sin()).collect();
    let mut gradient = vec![0.0; density.dim()];
    for _ in 0..times {
        black_box(density.evaluate(black_box(&position), &mut gradient));
    }
}
