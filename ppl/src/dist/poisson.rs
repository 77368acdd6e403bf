//! The Poisson distribution.

use super::special::{HALF_LN_TAU, log_ratio, stirling_remainder};
use super::support::within;
use super::{Distribution, Parameter, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};

/// Poisson distribution: `p(k) = rate^k exp(-rate) / k!` for `k = 0, 1, 2, ...`. A rate of zero is allowed.
///
/// Johnson, Kemp & Kotz, *Univariate Discrete Distributions* (2005), ch. 4.
///
/// ```
/// use pyroxene::dist::{Distribution, Poisson};
/// let dist = Poisson::new(2.0);
/// assert!((dist.log_prob(3.0.into()).item() - ((4.0f64 / 3.0).ln() - 2.0)).abs() < 1e-14);
/// assert_eq!(dist.log_prob(2.5.into()).item(), f64::NEG_INFINITY);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Poisson {
    rate: Var,
}

impl Poisson {
    /// The distribution with mean `rate`.
    #[track_caller]
    pub fn new(rate: impl Into<Var>) -> Poisson {
        Poisson { rate: real(rate) }
    }
}

impl Distribution for Poisson {
    fn name(&self) -> &'static str {
        "Poisson"
    }

    fn batch_shape(&self) -> Shape {
        self.rate.shape()
    }

    fn support(&self) -> Constraint {
        Constraint::NonNegativeInteger
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::new("rate", self.rate, Constraint::NonNegative)]
    }

    fn log_prob(&self, value: Var) -> Var {
        let value = real(value);
        let outside = value.less(0.0).or(value.floor().less(value)).or(value.equal(f64::INFINITY));
        within(value, outside, 0.0, |k| {
            // k! by Stirling's formula, of which the terms of size k ln k cancel against rate^k exp(-rate).
            let none = k.equal(0.0);
            let count = none.where_(1.0, k);
            let normaliser = none.where_(0.0, 0.5 * count.ln() + HALF_LN_TAU + stirling_remainder(count));
            let excess = self.rate - k;
            log_ratio(k, self.rate / count, excess / count) - excess - normaliser
        })
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        key.poisson(self.rate, batch_shape)
    }

    fn mean(&self) -> Option<Var> {
        Some(self.rate)
    }

    fn variance(&self) -> Option<Var> {
        Some(self.rate)
    }
}
