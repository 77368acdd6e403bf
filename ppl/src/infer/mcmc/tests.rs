//! The sampler against exact answers, and the same checks against samplers with planted bugs.

use super::Samples;
use super::nuts::{Metric, Nuts};
use crate::infer::LogDensity;
use crate::infer::diagnostics::{ess_mean, mcse_mean};
use pyroxene_kernels::random;

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
