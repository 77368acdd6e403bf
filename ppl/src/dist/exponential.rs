//! The exponential distribution.

use super::support::within;
use super::{Distribution, Parameter, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};

/// Exponential distribution: `p(x) = rate exp(-rate x)` for `x >= 0`.
///
/// Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions* 1 (1994), ch. 19.
///
/// ```
/// use pyroxene::dist::{Distribution, Exponential};
/// let dist = Exponential::new(2.0);
/// assert!((dist.log_prob(1.5.into()).item() - (2f64.ln() - 3.0)).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Exponential {
    rate: Var,
}

impl Exponential {
    /// The distribution with mean `1 / rate`.
    #[track_caller]
    pub fn new(rate: impl Into<Var>) -> Exponential {
        Exponential { rate: real(rate) }
    }
}

impl Distribution for Exponential {
    fn name(&self) -> &'static str {
        "Exponential"
    }

    fn batch_shape(&self) -> Shape {
        self.rate.shape()
    }

    fn support(&self) -> Constraint {
        Constraint::NonNegative
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::new("rate", self.rate, Constraint::Positive)]
    }

    fn log_prob(&self, value: Var) -> Var {
        within(value, value.less(0.0), 0.0, |x| self.rate.ln() - self.rate * x)
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        key.exponential(batch_shape) / self.rate
    }

    fn is_reparameterized(&self) -> bool {
        true
    }

    fn mean(&self) -> Option<Var> {
        Some(self.rate.recip())
    }

    fn variance(&self) -> Option<Var> {
        Some(self.rate.square().recip())
    }
}
