//! The multivariate normal distribution.

use super::special::HALF_LN_TAU;
use super::{Distribution, Parameter, join, joint_shape, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Triangle, Var};
use pyroxene_tensor::fail;

/// Multivariate normal distribution with covariance `Σ = L Lᵀ`:
/// `p(x) = exp(-|z|² / 2) / ((2π)^(n/2) Π Lᵢᵢ)` with `z = L⁻¹ (x - loc)`. The event is the last axis of `loc`.
///
/// Kotz, Balakrishnan & Johnson, *Continuous Multivariate Distributions* 1 (2000), ch. 45. A covariance that is not positive
/// definite gives NaN.
///
/// ```
/// use pyroxene::dist::{Distribution, MultivariateNormal};
/// let dist = MultivariateNormal::from_covariance([1.0, -1.0], [[4.0, 2.0], [2.0, 5.0]]);
/// assert!((dist.log_prob([3.0, 2.0].into()).item() - -4.224171427529236).abs() < 1e-14);
/// assert_eq!(dist.event_shape().as_slice(), [2]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MultivariateNormal {
    loc: Var,
    scale_tril: Var,
    given: Matrix,
}

/// The matrix as the user gave it.
#[derive(Clone, Copy, Debug)]
enum Matrix {
    Covariance(Var),
    ScaleTril(Var),
}

impl MultivariateNormal {
    /// The distribution with this mean `[.., n]` and covariance `[.., n, n]`, of which the lower triangle is read.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn from_covariance(loc: impl Into<Var>, covariance: impl Into<Var>) -> MultivariateNormal {
        let (loc, covariance) = (real(loc), real(covariance));
        check("covariance", loc, covariance);
        MultivariateNormal { loc, scale_tril: covariance.cholesky(), given: Matrix::Covariance(covariance) }
    }

    /// The distribution with this mean `[.., n]` and lower Cholesky factor of the covariance `[.., n, n]`, of which the lower
    /// triangle is read.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn from_scale_tril(loc: impl Into<Var>, scale_tril: impl Into<Var>) -> MultivariateNormal {
        let (loc, scale_tril) = (real(loc), real(scale_tril));
        check("scale_tril", loc, scale_tril);
        MultivariateNormal { loc, scale_tril: scale_tril.tril(0), given: Matrix::ScaleTril(scale_tril) }
    }

    /// `L⁻¹ difference` over the last axis.
    fn whiten(&self, difference: Var) -> Var {
        let solve = |b: Var| self.scale_tril.solve_triangular(b, Triangle::Lower, false);
        if self.scale_tril.ndim() > 2 {
            return solve(difference.unsqueeze(-1)).squeeze(-1);
        }
        // One factor for all vectors: they are the columns of one right-hand side.
        let shape: Vec<isize> = difference.shape().iter().map(|&size| size as isize).collect();
        let n = self.scale_tril.size(-1) as isize;
        let rows = shape[..shape.len() - 1].iter().product();
        solve(difference.reshape(&[rows, n]).t()).t().reshape(&shape)
    }
}

#[track_caller]
fn check(name: &'static str, loc: Var, matrix: Var) {
    joint_shape("MultivariateNormal", &[("loc", loc, 1), (name, matrix, 2)]);
    let (vector, square) = (loc.shape(), matrix.shape());
    let n = vector[vector.len() - 1];
    if square[square.len() - 2..] != [n, n] {
        fail(format_args!(
            "MultivariateNormal: loc {:?} wants {name} [.., {n}, {n}], got {:?}",
            vector.as_slice(),
            square.as_slice()
        ));
    }
}

impl Distribution for MultivariateNormal {
    fn name(&self) -> &'static str {
        "MultivariateNormal"
    }

    fn batch_shape(&self) -> Shape {
        joint_shape("MultivariateNormal", &[("loc", self.loc, 1), ("scale_tril", self.scale_tril, 2)])
    }

    fn event_shape(&self) -> Shape {
        [self.scale_tril.size(-1)].as_slice().into()
    }

    fn support(&self) -> Constraint {
        Constraint::RealVector
    }

    fn parameters(&self) -> Vec<Parameter> {
        let matrix = match self.given {
            Matrix::Covariance(covariance) => Parameter::new("covariance", covariance, Constraint::PositiveDefinite),
            Matrix::ScaleTril(scale_tril) => Parameter::new("scale_tril", scale_tril, Constraint::LowerCholesky),
        };
        vec![Parameter::new("loc", self.loc, Constraint::RealVector), matrix]
    }

    fn log_prob(&self, value: Var) -> Var {
        let infinite = value.abs().equal(f64::INFINITY).sum_axes(&[-1], false).greater(0.0);
        let difference = infinite.unsqueeze(-1).where_(0.0, value - self.loc);
        let z = self.whiten(difference);
        let half_log_det = self.scale_tril.diagonal().ln().sum_axes(&[-1], false);
        let normaliser = half_log_det + HALF_LN_TAU * self.scale_tril.size(-1) as f64;
        infinite.where_(f64::NEG_INFINITY, -0.5 * z.square().sum_axes(&[-1], false) - normaliser)
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        let noise = key.normal(&join(batch_shape, &self.event_shape()));
        if self.scale_tril.ndim() > 2 {
            self.loc + self.scale_tril.matmul(noise.unsqueeze(-1)).squeeze(-1)
        } else {
            self.loc + noise.matmul(self.scale_tril.t())
        }
    }

    fn is_reparameterized(&self) -> bool {
        true
    }

    fn mean(&self) -> Option<Var> {
        Some(self.loc.expand(&join(&self.batch_shape(), &self.event_shape())))
    }

    fn variance(&self) -> Option<Var> {
        let variance = match self.given {
            Matrix::Covariance(covariance) => covariance.diagonal(),
            Matrix::ScaleTril(_) => self.scale_tril.square().sum_axes(&[-1], false),
        };
        Some(variance.expand(&join(&self.batch_shape(), &self.event_shape())))
    }
}
