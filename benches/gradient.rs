//! Time of one value and gradient of a log density, as a Program and traced anew, and of tracing alone.
//!
//!     cargo bench --features bench --bench gradient
//!
//! `docs/design.md` keeps the figures.

use criterion::{Criterion, criterion_group, criterion_main};
use pyroxene::dist::{Bernoulli, HalfCauchy, Normal};
use pyroxene::infer::{LogDensity, ModelDensity};
use pyroxene::{Cx, Seed, Tensor, Var, condition, run, scope};
use std::hint::black_box;

fn eight_schools(cx: &mut Cx, sigma: &Tensor) {
    let mu = cx.sample("mu", Normal::new(0.0, 5.0));
    let tau = cx.sample("tau", HalfCauchy::new(5.0));
    cx.plate("school", 8, |cx| {
        let z = cx.sample("z", Normal::new(0.0, 1.0));
        cx.sample("y", Normal::new(mu + tau * z, sigma));
    });
}

fn logistic(cx: &mut Cx, x: &Tensor) {
    let intercept = cx.sample("intercept", Normal::new(0.0, 2.5));
    let slopes = cx.plate("feature", x.size(1), |cx| cx.sample("slope", Normal::new(0.0, 2.5)));
    cx.plate("row", x.size(0), |cx| {
        cx.sample("y", Bernoulli::logits(intercept + Var::from(x).matmul(slopes)));
    });
}

/// `n` rows of ten dense and `k - 10` sparse standardised columns, and labels, from a fixed recurrence.
fn rows(n: usize, k: usize) -> (Tensor, Tensor) {
    let mut state = 1u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let entry = |column: usize, u: f64| match column {
        0..10 => (u - 0.5) * 12f64.sqrt(),
        _ => {
            if u < 0.1 {
                3.0
            } else {
                -1.0 / 3.0
            }
        }
    };
    let x: Vec<f64> = (0..n * k).map(|i| entry(i % k, next())).collect();
    let y: Vec<f64> = (0..n).map(|_| f64::from(u8::from(next() < 0.5))).collect();
    (Tensor::from_vec(x, [n, k]), Tensor::from(y))
}

fn bench_density(c: &mut Criterion, name: &str, model: impl Fn(&mut Cx)) {
    let mut target = ModelDensity::new(&model, Seed(0)).expect("the model is right");
    let position: Vec<f64> = (0..target.dim()).map(|i| 0.1 * (i as f64).sin()).collect();
    let mut gradient = vec![0.0; target.dim()];
    c.bench_function(name, |b| b.iter(|| target.evaluate(black_box(&position), &mut gradient)));
}

fn gradients(c: &mut Criterion) {
    let sigma = Tensor::from([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]);
    let y = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
    let schools = condition(|cx: &mut Cx| eight_schools(cx, &sigma), [("y", y)]);
    bench_density(c, "eight schools, non-centred", &schools);
    for (n, k) in [(569, 30), (50_000, 54)] {
        let (x, y) = rows(n, k);
        let model = condition(|cx: &mut Cx| logistic(cx, &x), [("y", y)]);
        bench_density(c, &format!("logistic regression {n} x {k}"), &model);
    }
    c.bench_function("eight schools, capture and compile", |b| {
        b.iter(|| ModelDensity::new(&schools, Seed(0)).expect("the model is right"))
    });
    c.bench_function("eight schools, traced through its handlers", |b| {
        b.iter(|| scope(|| run(|cx: &mut Cx| drop(cx.trace(&schools).1.log_density().shape()), Seed(0))))
    });
    c.bench_function("tracing, 1000 nodes", |b| {
        b.iter(|| {
            scope(|| {
                let x = Var::from([1.0, 2.0, 3.0]);
                let mut y = x;
                for _ in 0..500 {
                    y = y * x + x;
                }
                black_box(y);
            })
        })
    });
}

criterion_group!(benches, gradients);
criterion_main!(benches);
