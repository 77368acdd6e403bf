//! The Dirichlet distribution.

use super::special::{HALF_LN_TAU, stirling_remainder};
use super::{Distribution, Parameter, joint_shape, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};

/// Dirichlet distribution on the simplex: `p(x) = Γ(Σ aᵢ) / Π Γ(aᵢ) Π xᵢ^(aᵢ - 1)`, a density of the first `k - 1` entries;
/// `a` is the last axis of the concentration.
///
/// Kotz, Balakrishnan & Johnson, *Continuous Multivariate Distributions* 1 (2000), ch. 49. A draw normalises gamma draws,
/// in logarithms, so that small concentrations do not underflow. It is differentiable by the concentration, once: with one entry
/// of that moves the same entry of the draw, whose distribution function is held, and the others keep their proportions.
///
/// ```
/// use pyroxene::dist::{Dirichlet, Distribution};
/// let dist = Dirichlet::new([1.0, 1.0, 1.0]);
/// assert!((dist.log_prob([0.2, 0.3, 0.5].into()).item() - 2f64.ln()).abs() < 1e-14);
/// assert_eq!(dist.log_prob([0.2, 0.3, 0.6].into()).item(), f64::NEG_INFINITY);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dirichlet {
    concentration: Var,
}

impl Dirichlet {
    /// The distribution with mean `concentration / sum(concentration)`.
    ///
    /// # Panics
    /// If the concentration is not at least a vector.
    #[track_caller]
    pub fn new(concentration: impl Into<Var>) -> Dirichlet {
        let concentration = real(concentration);
        joint_shape("Dirichlet", &[("concentration", concentration, 1)]);
        Dirichlet { concentration }
    }

    fn total(&self, keepdim: bool) -> Var {
        self.concentration.sum_axes(&[-1], keepdim)
    }
}

impl Distribution for Dirichlet {
    fn name(&self) -> &'static str {
        "Dirichlet"
    }

    fn batch_shape(&self) -> Shape {
        let mut shape = self.concentration.shape();
        shape.pop();
        shape
    }

    fn event_shape(&self) -> Shape {
        [self.concentration.size(-1)].as_slice().into()
    }

    fn support(&self) -> Constraint {
        Constraint::Simplex
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::new("concentration", self.concentration, Constraint::Positive.to_event(1))]
    }

    fn log_prob(&self, value: Var) -> Var {
        let (a, n, k) = (self.concentration, self.total(false), self.concentration.size(-1) as f64);
        let missing = value.is_nan().sum_axes(&[-1], false).greater(0.0);
        let outside = self.support().check(value).or(missing).not();
        let x = outside.unsqueeze(-1).where_(1.0 / k, value);
        // With xᵢ = rᵢ aᵢ / n and Stirling's formula the terms of size n ln n cancel.
        let terms = (a - 1.0).xlogy(x * (self.total(true) / a)) - 0.5 * a.ln() - stirling_remainder(a);
        let normaliser = (k - 0.5) * n.ln() + stirling_remainder(n) - (k - 1.0) * HALF_LN_TAU;
        outside.where_(f64::NEG_INFINITY, terms.sum_axes(&[-1], false) + normaliser)
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        key.dirichlet(self.concentration, batch_shape)
    }

    fn is_reparameterized(&self) -> bool {
        true
    }

    fn mean(&self) -> Option<Var> {
        Some(self.concentration / self.total(true))
    }

    fn variance(&self) -> Option<Var> {
        let (a, n) = (self.concentration, self.total(true));
        Some((a / n) * ((n - a) / n) / (n + 1.0))
    }
}
