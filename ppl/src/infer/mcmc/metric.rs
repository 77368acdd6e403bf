//! The inverse metric (an estimate of the posterior covariance), and what it does to momenta.

use super::fault::{Fault, Planted};
use super::nuts::Metric;
use pyroxene_kernels::integrator::dot;
use pyroxene_kernels::linalg::{Triangle, cholesky, solve_triangular};

/// The inverse mass matrix. Momenta have covariance `M`, velocities are `M^-1 p`.
#[derive(Clone, Debug)]
pub(super) enum InverseMass {
    Diagonal {
        variance: Vec<f64>,
        /// 1 / sqrt(variance)
        scale: Vec<f64>,
    },
    Dense {
        covariance: Vec<f64>,
        /// Lower Cholesky factor, row-major.
        factor: Vec<f64>,
    },
}

impl InverseMass {
    /// The identity.
    pub(super) fn identity(metric: Metric, dim: usize) -> InverseMass {
        match metric {
            Metric::Diagonal => InverseMass::Diagonal { variance: vec![1.0; dim], scale: vec![1.0; dim] },
            Metric::Dense => {
                let mut identity = vec![0.0; dim * dim];
                identity.iter_mut().step_by(dim + 1).for_each(|x| *x = 1.0);
                InverseMass::Dense { covariance: identity.clone(), factor: identity }
            }
        }
    }

    /// Takes over an estimate: variances, or a row-major covariance. One that is not positive definite is ignored.
    pub(super) fn set(&mut self, estimate: &[f64]) {
        match self {
            InverseMass::Diagonal { variance, scale } => {
                if estimate.iter().all(|v| *v > 0.0 && v.is_finite()) {
                    variance.copy_from_slice(estimate);
                    for (scale, variance) in scale.iter_mut().zip(variance) {
                        *scale = 1.0 / variance.sqrt();
                    }
                }
            }
            InverseMass::Dense { covariance, factor } => {
                let mut lower = estimate.to_vec();
                if cholesky(&mut lower, estimate.len().isqrt()).is_ok() {
                    covariance.copy_from_slice(estimate);
                    *factor = lower;
                }
            }
        }
    }

    /// The variances or the row-major covariance.
    pub(super) fn values(&self) -> &[f64] {
        match self {
            InverseMass::Diagonal { variance, .. } => variance,
            InverseMass::Dense { covariance, .. } => covariance,
        }
    }

    /// `velocity = M^-1 momentum`
    pub(super) fn velocity(&self, momentum: &[f64], velocity: &mut [f64]) {
        match self {
            InverseMass::Diagonal { variance, .. } => {
                for ((v, p), variance) in velocity.iter_mut().zip(momentum).zip(variance) {
                    *v = variance * p;
                }
            }
            InverseMass::Dense { covariance, .. } => {
                for (v, row) in velocity.iter_mut().zip(covariance.chunks_exact(momentum.len().max(1))) {
                    *v = dot(row, momentum);
                }
            }
        }
    }

    /// Turns standard normal noise into a momentum: `L^-T z` for `M^-1 = L L^T`, whose covariance is `M`.
    pub(super) fn momentum(&self, noise: &mut [f64], planted: Planted) {
        match self {
            InverseMass::Diagonal { scale, .. } => {
                for (p, scale) in noise.iter_mut().zip(scale) {
                    *p = if planted.has(Fault::MetricNotInverted) { *p / scale } else { *p * scale };
                }
            }
            InverseMass::Dense { factor, .. } => {
                let dim = noise.len();
                if planted.has(Fault::MetricNotInverted) {
                    for row in (0..dim).rev() {
                        noise[row] = dot(&factor[row * dim..row * dim + row + 1], &noise[..row + 1]);
                    }
                    return;
                }
                solve_triangular(factor, dim, Triangle::Lower, true, noise, 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COVARIANCE: [f64; 9] = [4.0, 1.0, 0.5, 1.0, 2.0, -0.3, 0.5, -0.3, 1.0];

    #[test]
    fn momenta_have_the_inverse_covariance() {
        // The momentum is A z with A = L^-T, so A A^T S = I: column j of A is the momentum of the unit vector e_j.
        let mut mass = InverseMass::identity(Metric::Dense, 3);
        mass.set(&COVARIANCE);
        let columns: Vec<Vec<f64>> = (0..3)
            .map(|j| {
                let mut z = vec![0.0; 3];
                z[j] = 1.0;
                mass.momentum(&mut z, Planted::default());
                z
            })
            .collect();
        for i in 0..3 {
            for j in 0..3 {
                let precision = |a: usize, b: usize| columns.iter().map(|c| c[a] * c[b]).sum::<f64>();
                let product: f64 = (0..3).map(|k| precision(i, k) * COVARIANCE[3 * k + j]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn an_estimate_that_is_not_positive_definite_is_ignored() {
        let mut dense = InverseMass::identity(Metric::Dense, 2);
        dense.set(&[1.0, 2.0, 2.0, 1.0]);
        dense.set(&[f64::NAN; 4]);
        assert_eq!(dense.values(), [1.0, 0.0, 0.0, 1.0]);
        let mut diagonal = InverseMass::identity(Metric::Diagonal, 2);
        diagonal.set(&[1.0, 0.0]);
        diagonal.set(&[1.0, f64::INFINITY]);
        assert_eq!(diagonal.values(), [1.0, 1.0]);
    }

    #[test]
    fn velocities() {
        let mut mass = InverseMass::identity(Metric::Dense, 3);
        mass.set(&COVARIANCE);
        let mut velocity = [0.0; 3];
        mass.velocity(&[1.0, -1.0, 2.0], &mut velocity);
        assert_eq!(velocity, [4.0, -1.6, 2.8]);
    }
}
