//! Milliseconds to capture and compile: models, and a graph of many nodes; and what tracing costs a node.
//!
//!     cargo bench --features bench --bench capture

mod clock;
#[expect(dead_code, reason = "two models of all")]
mod models;

use clock::microseconds;
use models::{Posterior, WORKLOADS};
use pyroxene::infer::ModelDensity;
use pyroxene::{Cx, Program, Seed, Var, grad, run, scope};
use std::hint::black_box;

fn main() {
    let posterior = |name: &str| -> Posterior {
        let found = WORKLOADS.iter().find(|workload| workload.name.contains(name));
        (found.expect("the name of a row").posterior)()
    };
    let schools = posterior("eight schools");
    row("eight schools, capture and compile", || ModelDensity::new(&schools, Seed(0)));
    let chain = posterior("500 steps");
    row("semi-supervised HMM of 500 steps, capture and compile", || ModelDensity::new(&chain, Seed(0)));
    row("a HMM of 500 steps written out, with its gradient", || {
        Program::capture(&[&[3, 3][..], &[500, 3]], |inputs| {
            let (transition, emissions) = (inputs[0], inputs[1]);
            let step = |state, t| Var::log_einsum("i,ij->j", &[state, transition]) + emissions.select(0, t);
            let value = (1..500).fold(emissions.select(0, 0), step).logsumexp(&[0], false);
            [vec![value], grad(value, inputs)].concat()
        })
    });
    row("100,000 nodes on vectors", || Program::capture(&[[8]], |inputs| vec![operations(inputs[0], 100_000).sum()]));
    row("100,000 nodes on scalars", || Program::capture(&[[]], |inputs| vec![operations(inputs[0], 100_000)]));
    row("33,000 nodes on scalars, with their gradient", || {
        Program::capture(&[[]], |inputs| {
            let value = operations(inputs[0], 33_000);
            vec![value, grad(value, inputs)[0]]
        })
    });
    row("eight schools, traced through its handlers", || {
        scope(|| run(|cx: &mut Cx| drop(cx.trace(&schools).1.log_density().shape()), Seed(0)))
    });
    row("1,000 nodes, traced", || {
        scope(|| {
            black_box(operations(Var::from([1.0, 2.0, 3.0]), 1000));
        });
    });
}

/// A chain of as many different operations.
fn operations(x: Var, count: usize) -> Var {
    (0..count / 2).fold(x, |y, k| (y * (1.0 + 1e-6 * k as f64)).tanh())
}

fn row<T>(name: &str, call: impl FnMut() -> T) {
    println!("{name:60} {:10.4} ms", microseconds(call) / 1e3);
}
