//! Running a Program allocates nothing and keeps nothing, nor do the Programs inside its scans and checkpoints.

use pyroxene_autograd::{Batch, DType, Key, Program, Tensor, Var, checkpoint, grad, scan};

#[path = "common/counting.rs"]
mod counting;

use counting::allocations;

/// Allocations of a hundred runs of a value and its gradients by two inputs of 12 numbers. A run before them makes what a
/// thread keeps for its matrix products.
fn runs(f: impl Fn(&[Var]) -> Var) -> u64 {
    let mut program = Program::capture(&[&[12], &[12]], |x| {
        let y = f(x);
        let gradients = grad(y, x);
        vec![y, gradients[0], gradients[1]]
    })
    .expect("no value is read");
    let x: Vec<f64> = (1..13).map(|i| f64::from(i) / 13.0).collect();
    let (mut value, mut gradient, mut other) = ([f64::NAN], [f64::NAN; 12], [f64::NAN; 12]);
    let mut run = || program.run(&[&x, &x], &mut [&mut value, &mut gradient, &mut other]);
    run();
    let count = allocations(|| (0..100).for_each(|_| run()));
    assert!(value.iter().chain(&gradient).chain(&other).all(|value| value.is_finite()));
    count + batched_runs(&program)
}

/// Allocations of a hundred runs of three examples that share the second input.
fn batched_runs(one: &Program) -> u64 {
    let mut program = one.batched(3, &[Batch::Each, Batch::Shared]);
    let x: Vec<f64> = (1..37).map(|i| f64::from(i) / 37.0).collect();
    let (mut value, mut gradient, mut other) = ([f64::NAN; 3], [f64::NAN; 36], [f64::NAN; 36]);
    let mut run = || program.run(&[&x, &x[..12]], &mut [&mut value, &mut gradient, &mut other]);
    run();
    let count = allocations(|| (0..100).for_each(|_| run()));
    assert!(value.iter().chain(&gradient).chain(&other).all(|value| value.is_finite()));
    count
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1.0; 10]))), 1);
}

#[test]
fn loops_and_products_allocate_nothing() {
    assert_eq!(runs(|x| (x[0] * x[1]).exp().sum()), 0);
    assert_eq!(runs(|x| x[0].reshape(&[3, 4]).matmul(x[1].reshape(&[4, 3])).sin().sum()), 0);
    assert_eq!(runs(|x| Var::concat(&[x[0].slice(0, ..5), x[1]], 0).cumsum(0).sum()), 0);
}

#[test]
fn products_in_f32_allocate_nothing() {
    let weights =
        Var::from(Tensor::from_vec((0..1600).map(|i| f64::from(i).sin()).collect(), [40, 40]).cast(DType::F32));
    let network = |x: &[Var]| {
        let row = |x: Var| x.cast(DType::F32).reshape(&[12, 1]).matmul(Var::from(Tensor::ones([1, 40], DType::F32)));
        let hidden = row(x[0]).matmul(weights).tanh().matmul(weights) * row(x[1]);
        hidden.matmul(hidden.t()).sum()
    };
    assert_eq!(runs(network), 0);
    let program = Program::capture(&[&[12], &[12]], |x| vec![network(x)]).expect("no value is read");
    assert!(program.explain().contains("f32 b"));
}

#[test]
fn draws_allocate_nothing() {
    let noise = Key::from_seed(1);
    assert_eq!(runs(|x| (noise.gamma(x[0], &[12]) * x[1] + noise.named("z").normal(&[12])).sum()), 0);
}

#[test]
fn linear_predictors_allocate_nothing() {
    let predictors = Tensor::from_vec((0..700 * 12).map(|i| f64::from(i).sin()).collect::<Vec<f64>>(), [700, 12]);
    let loss = |x: &[Var]| {
        let eta = Var::from(&predictors).matmul(x[0]);
        (eta.softplus() - eta * x[1].sum()).sum()
    };
    assert_eq!(runs(loss), 0);
}

#[test]
fn scans_allocate_nothing() {
    let recurrence = |x: &[Var]| {
        let ([last], [made]) = scan(12, [Var::from(0.5)], [x[0]], |[s], [e]| ([s * 0.9 + e.sin()], [s * x[1].sum()]));
        last * made.sum()
    };
    assert_eq!(runs(recurrence), 0);
}

#[test]
fn checkpoints_allocate_nothing() {
    assert_eq!(runs(|x| checkpoint(|| (x[0] * x[1]).exp().cumsum(0)).square().sum()), 0);
    let nested = |x: &[Var]| {
        checkpoint(|| {
            let ([last], []) = scan(12, [Var::from(0.5)], [x[0]], |[s], [e]| ([s * e.cos()], []));
            last * x[1].sum()
        })
    };
    assert_eq!(runs(nested), 0);
}

/// Kilobytes of this process that are in memory, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok())
}

#[test]
fn memory_is_flat_over_a_million_runs() {
    let mut program = Program::capture(&[[3]], |x| {
        let y = (x[0] - 1.0).square().sum().exp() + x[0].cumsum(0).sum();
        vec![y, grad(y, x)[0]]
    })
    .expect("no value is read");
    let (mut value, mut gradient) = ([0.0], [0.0; 3]);
    let mut run = |times: u32| {
        for i in 0..times {
            program.run(&[&[1e-6 * f64::from(i), 0.5, 1.5]], &mut [&mut value, &mut gradient]);
        }
    };
    run(2000);
    let before = resident();
    run(1_000_000);
    // Other tests of this process take some memory, too; nine bytes a run would be more.
    if let (Some(before), Some(after)) = (before, resident()) {
        assert!(after < before + 8192, "{before} kB before a million runs, {after} kB after");
    }
}
