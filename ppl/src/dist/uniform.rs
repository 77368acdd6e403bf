//! The uniform distribution.

use super::{Distribution, Parameter, joint_shape, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};

/// Uniform distribution: `p(x) = 1 / (high - low)` for `low <= x <= high`; both ends belong to the support. The bounds may
/// depend on latent variables.
///
/// Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions* 2 (1995), ch. 26.
///
/// ```
/// use pyroxene::dist::{Distribution, Uniform};
/// let dist = Uniform::new(-1.0, 3.0);
/// let log_prob = dist.log_prob([0.0, 3.0, 3.5].into()).to_tensor();
/// assert_eq!(log_prob.to_vec::<f64>(), [-4f64.ln(), -4f64.ln(), f64::NEG_INFINITY]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Uniform {
    low: Var,
    high: Var,
}

impl Uniform {
    /// The distribution between two bounds.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn new(low: impl Into<Var>, high: impl Into<Var>) -> Uniform {
        let (low, high) = (real(low), real(high));
        joint_shape("Uniform", &[("low", low, 0), ("high", high, 0)]);
        Uniform { low, high }
    }
}

impl Distribution for Uniform {
    fn name(&self) -> &'static str {
        "Uniform"
    }

    fn batch_shape(&self) -> Shape {
        joint_shape("Uniform", &[("low", self.low, 0), ("high", self.high, 0)])
    }

    fn support(&self) -> Constraint {
        Constraint::Interval(self.low, self.high)
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter::new("low", self.low, Constraint::Real),
            Parameter::new("high", self.high, Constraint::GreaterThan(self.low)),
        ]
    }

    fn log_prob(&self, value: Var) -> Var {
        let outside = value.less(self.low).or(value.greater(self.high));
        let inside = value.is_nan().where_(f64::NAN, -(self.high - self.low).ln());
        outside.where_(f64::NEG_INFINITY, inside)
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        self.low + (self.high - self.low) * key.uniform(batch_shape)
    }

    fn is_reparameterized(&self) -> bool {
        true
    }

    fn mean(&self) -> Option<Var> {
        Some(0.5 * (self.low + self.high))
    }

    fn variance(&self) -> Option<Var> {
        Some((self.high - self.low).square() / 12.0)
    }
}
