//! The sampler against exact answers, and the same checks against samplers with planted bugs.

use super::Samples;
use super::fault::{Fault, Planted};
use super::interrupt::Interruption;
use super::nuts::{Metric, Nuts};
use super::run::sample_until;
use crate::infer::LogDensity;
use crate::infer::diagnostics::{ess_mean, mcse_mean};
use pyroxene_kernels::random;
use pyroxene_tensor::warning::{self, Category, Warning, warn};
use std::sync::atomic::Ordering;

/// A Gaussian with the covariance `s_i s_j r^|i - j|`, whose precision has three diagonals.
#[derive(Clone)]
struct Gaussian {
    mean: Vec<f64>,
    scale: Vec<f64>,
    correlation: f64,
}

impl Gaussian {
    fn correlated(dim: usize, correlation: f64, widest: f64) -> Gaussian {
        let place = |i: usize| 2.0 * i as f64 / (dim - 1) as f64 - 1.0;
        Gaussian {
            mean: (0..dim).map(|i| 3.0 * place((7 * i) % dim)).collect(),
            scale: (0..dim).map(|i| widest.powf(place((3 * i) % dim))).collect(),
            correlation,
        }
    }

    fn covariance(&self, i: usize, j: usize) -> f64 {
        self.scale[i] * self.scale[j] * self.correlation.powi(i.abs_diff(j) as i32)
    }
}

impl LogDensity for Gaussian {
    fn dim(&self) -> usize {
        self.mean.len()
    }

    fn evaluate(&mut self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let (n, r) = (self.dim(), self.correlation);
        let z = |i: usize| (position[i] - self.mean[i]) / self.scale[i];
        let mut log_density = 0.0;
        for i in 0..n {
            let ends = usize::from(i == 0) + usize::from(i + 1 == n);
            let diagonal = match ends {
                0 => 1.0 + r * r,
                1 => 1.0,
                _ => 1.0 - r * r,
            };
            let before = if i > 0 { z(i - 1) } else { 0.0 };
            let after = if i + 1 < n { z(i + 1) } else { 0.0 };
            let slope = (diagonal * z(i) - r * (before + after)) / (1.0 - r * r);
            gradient[i] = -slope / self.scale[i];
            log_density -= 0.5 * slope * z(i);
        }
        log_density
    }
}

fn quiet() -> Nuts {
    Nuts::default().progress(false).interruptible(false)
}

fn starts(chains: usize, dim: usize) -> Vec<Vec<f64>> {
    (0..chains)
        .map(|chain| {
            let mut position = vec![0.0; dim];
            random::uniform(chain as u64 + 1, &mut position);
            position.iter_mut().for_each(|x| *x = 4.0 * *x - 2.0);
            position
        })
        .collect()
}

/// What the checks look at.
#[derive(Debug)]
struct Verdict {
    /// Largest z-score of means, variances and covariances against the exact values.
    largest_z: f64,
    /// Smallest effective sample size of a coordinate's mean.
    smallest_ess: f64,
}

/// z-score of the mean of a function of the draws.
fn z_score(samples: &Samples, expected: f64, function: impl Fn(&[f64]) -> f64) -> f64 {
    let values: Vec<Vec<f64>> = samples
        .chains
        .iter()
        .map(|chain| (0..chain.draws()).map(|draw| function(chain.position(draw))).collect())
        .collect();
    let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
    let mean = values.concat().iter().sum::<f64>() / values.concat().len() as f64;
    let z = (mean - expected).abs() / mcse_mean(&values);
    // A chain that never moved knows nothing.
    if z.is_nan() { f64::INFINITY } else { z }
}

fn judge(nuts: &Nuts, target: &Gaussian, seed: u64) -> Verdict {
    let dim = target.dim();
    let samples = nuts.sample_density(|_| target.clone(), &starts(nuts.chains, dim), seed).unwrap();
    let mut largest_z = 0.0f64;
    let mut smallest_ess = f64::INFINITY;
    for i in 0..dim {
        let deviation = |x: &[f64], i: usize| x[i] - target.mean[i];
        largest_z = largest_z.max(z_score(&samples, 0.0, |x| deviation(x, i)));
        for j in 0..=i {
            let expected = target.covariance(i, j);
            largest_z = largest_z.max(z_score(&samples, expected, |x| deviation(x, i) * deviation(x, j)));
        }
        let columns: Vec<Vec<f64>> = samples.chains.iter().map(|chain| chain.coordinate(i)).collect();
        smallest_ess = smallest_ess.min(ess_mean(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>()));
    }
    Verdict { largest_z, smallest_ess }
}

#[test]
fn correlated_gaussian_with_a_diagonal_metric() {
    let verdict = judge(&quiet().draws(5000), &Gaussian::correlated(50, 0.6, 10.0), 1);
    assert!(verdict.largest_z < 4.0 && verdict.smallest_ess > 4000.0, "{verdict:?}");
}

#[test]
fn correlated_gaussian_with_a_dense_metric() {
    let verdict = judge(&quiet().draws(5000).metric(Metric::Dense), &Gaussian::correlated(50, 0.9, 10.0), 2);
    assert!(verdict.largest_z < 4.0 && verdict.smallest_ess > 8000.0, "{verdict:?}");
}

fn with(fault: Fault) -> Nuts {
    Nuts { planted: Planted { fault: Some(fault) }, ..quiet() }
}

/// The check that the correlated Gaussians pass, on a small one, tells wrong samplers from the right one.
#[test]
fn wrong_samplers_are_caught() {
    let target = Gaussian::correlated(5, 0.5, 3.0);
    // Equal weights show where steps are long, so that the states of a trajectory differ in energy.
    let cases = [
        (Fault::MetricNotInverted, 0.8, 4000.0),
        (Fault::MomentumSign, 0.8, 4000.0),
        (Fault::EqualWeights, 0.4, 1000.0),
    ];
    for metric in [Metric::Diagonal, Metric::Dense] {
        for (fault, target_accept, least_ess) in cases {
            let settings = |nuts: Nuts| nuts.draws(5000).metric(metric).target_accept(target_accept);
            let sound = |verdict: &Verdict| verdict.largest_z < 4.0 && verdict.smallest_ess > least_ess;
            let right = judge(&settings(quiet()), &target, 3);
            assert!(sound(&right), "{metric:?}: {right:?}");
            let wrong = judge(&settings(with(fault)), &target, 3);
            assert!(!sound(&wrong), "{fault:?} {metric:?}: {wrong:?}");
        }
    }
}

/// Whether trajectories on a standard normal stop after about half of their period of 2 pi, at step sizes where the orbit comes
/// back to itself after a power of two of steps.
fn trajectories_stop(nuts: &Nuts) -> bool {
    [0.45, 0.85, 1.45].into_iter().all(|step| {
        let target = Gaussian { mean: vec![0.0; 50], scale: vec![1.0; 50], correlation: 0.0 };
        let nuts = nuts.clone().chains(1).warmup(0).draws(300).initial_step(step);
        let samples = nuts.sample_density(|_| target.clone(), &starts(1, 50), 1).unwrap();
        let stats = &samples.chains[0].stats;
        let mean = stats.iter().map(|row| f64::from(row.leapfrogs)).sum::<f64>() / stats.len() as f64;
        // Doublings that reach half a period.
        let doublings = (std::f64::consts::PI / step + 1.0).log2().ceil();
        mean < 1.5 * (doublings.exp2() - 1.0)
    })
}

#[test]
fn trajectories_that_wind_on_are_caught() {
    assert!(trajectories_stop(&quiet()));
    assert!(!trajectories_stop(&with(Fault::NoSeamChecks)));
    assert!(!trajectories_stop(&with(Fault::StaleEdge)));
}

#[test]
fn threads_change_no_bit() {
    let target = Gaussian::correlated(8, 0.5, 3.0);
    let run = |threads| {
        let nuts = quiet().warmup(100).draws(100).threads(threads);
        nuts.sample_density(|_| target.clone(), &starts(4, 8), 11).unwrap()
    };
    assert_eq!(run(1), run(3));
    assert_ne!(run(1), quiet().warmup(100).draws(100).sample_density(|_| target.clone(), &starts(4, 8), 12).unwrap());
}

/// A density that asks for an end after a number of evaluations.
struct Interrupting<'a> {
    target: Gaussian,
    left: u32,
    interruption: &'a Interruption,
}

impl LogDensity for Interrupting<'_> {
    fn dim(&self) -> usize {
        self.target.dim()
    }

    fn evaluate(&mut self, position: &[f64], gradient: &mut [f64]) -> f64 {
        self.left -= 1;
        if self.left == 0 {
            self.interruption.flag().store(true, Ordering::Relaxed);
        }
        self.left = self.left.max(1);
        self.target.evaluate(position, gradient)
    }
}

#[test]
fn an_interruption_returns_the_draws_so_far() {
    let run = |evaluations| {
        let interruption = Interruption::begin(false);
        let target = Gaussian::correlated(3, 0.0, 1.0);
        let nuts = quiet().chains(2).threads(1).warmup(50).draws(1_000_000);
        let density = |_| Interrupting { target: target.clone(), left: evaluations, interruption: &interruption };
        sample_until(&nuts, density, &starts(2, 3), 0, &interruption)
    };
    let samples = run(5_000).unwrap();
    assert!(samples.interrupted);
    let draws = samples.chains[0].draws();
    assert!((100..5_000).contains(&draws), "{draws}");
    assert!(samples.chains.iter().all(|chain| chain.draws() == draws));
    assert!(run(20).unwrap_err().is_interrupted());
}

/// Neal's funnel, in which a fixed step size cannot enter the neck.
struct Funnel;

impl LogDensity for Funnel {
    fn dim(&self) -> usize {
        2
    }

    fn evaluate(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let precision = (-x[0]).exp();
        gradient[0] = -x[0] / 9.0 - 0.5 + 0.5 * x[1] * x[1] * precision;
        gradient[1] = -x[1] * precision;
        -x[0] * x[0] / 18.0 - 0.5 * x[0] - 0.5 * x[1] * x[1] * precision
    }
}

#[test]
fn divergences_are_recorded_where_they_begin() {
    let samples = quiet().sample_density(|_| Funnel, &starts(4, 2), 5).unwrap();
    assert!(samples.divergences() > 0);
    for chain in &samples.chains {
        let flagged: Vec<usize> = (0..chain.draws()).filter(|&draw| chain.stats[draw].divergent).collect();
        let recorded: Vec<usize> = chain.divergences.iter().map(|divergence| divergence.draw).collect();
        assert_eq!(flagged, recorded);
        assert!(chain.divergences.iter().all(|d| d.energy_error > 1000.0 && d.position.iter().all(|x| x.is_finite())));
    }
    // They begin in the neck.
    let starts: Vec<f64> = samples.chains.iter().flat_map(|c| &c.divergences).map(|d| d.position[0]).collect();
    let mean = starts.iter().sum::<f64>() / starts.len() as f64;
    assert!(mean < -1.0, "{mean}");
}

#[test]
fn warnings_of_all_threads_reach_the_caller() {
    let density = |chain: usize| {
        warn(Category::Model, format!("chain {chain}"));
        Gaussian::correlated(2, 0.0, 1.0)
    };
    let nuts = quiet().chains(4).threads(4).warmup(10).draws(4);
    let (samples, warnings) = warning::capture(|| nuts.sample_density(density, &starts(4, 2), 0));
    samples.expect("a density that is right");
    let mut messages: Vec<&str> = warnings.iter().map(Warning::message).collect();
    messages.sort_unstable();
    assert_eq!(messages, ["chain 0", "chain 1", "chain 2", "chain 3"]);
}
