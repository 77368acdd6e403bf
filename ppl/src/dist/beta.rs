//! The beta distribution.

use super::special::{HALF_LN_TAU, log_ratio, stirling_remainder};
use super::support::within;
use super::{Distribution, Parameter, joint_shape, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};

/// Beta distribution: `p(x) = x^(a - 1) (1 - x)^(b - 1) / B(a, b)` for `0 <= x <= 1`, `a` being `concentration1` and `b`
/// `concentration0`.
///
/// Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions* 2 (1995), ch. 25. A draw is differentiable by the
/// concentrations, once, with its distribution function held.
///
/// ```
/// use pyroxene::dist::{Beta, Distribution};
/// let dist = Beta::new(2.0, 3.0);
/// assert!((dist.log_prob(0.5.into()).item() - 1.5f64.ln()).abs() < 1e-14);
/// assert_eq!(dist.log_prob([0.0, 1.5].into()).to_tensor().to_vec::<f64>(), [f64::NEG_INFINITY; 2]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Beta {
    concentration1: Var,
    concentration0: Var,
}

impl Beta {
    /// The distribution with mean `concentration1 / (concentration1 + concentration0)`.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn new(concentration1: impl Into<Var>, concentration0: impl Into<Var>) -> Beta {
        let dist = Beta { concentration1: real(concentration1), concentration0: real(concentration0) };
        dist.shape();
        dist
    }

    #[track_caller]
    fn shape(&self) -> Shape {
        let parameters = [("concentration1", self.concentration1, 0), ("concentration0", self.concentration0, 0)];
        joint_shape("Beta", &parameters)
    }
}

impl Distribution for Beta {
    fn name(&self) -> &'static str {
        "Beta"
    }

    fn batch_shape(&self) -> Shape {
        self.shape()
    }

    fn support(&self) -> Constraint {
        Constraint::UnitInterval
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter::new("concentration1", self.concentration1, Constraint::Positive),
            Parameter::new("concentration0", self.concentration0, Constraint::Positive),
        ]
    }

    fn log_prob(&self, value: Var) -> Var {
        let (a, b) = (self.concentration1, self.concentration0);
        let n = a + b;
        within(value, value.less(0.0).or(value.greater(1.0)), 0.5, |x| {
            let y = 1.0 - x;
            // n x - a, from the side on which the product is the smaller. The first-order terms of the two logarithms
            // cancel, so both must see the same excess.
            let excess = x.less_equal(0.5).where_(n * x - a, b - n * y);
            let logs = log_ratio(a - 1.0, n * x / a, excess / a) + log_ratio(b - 1.0, n * y / b, -excess / b);
            let normaliser = 1.5 * n.ln() - 0.5 * (a.ln() + b.ln()) - HALF_LN_TAU;
            let remainders = stirling_remainder(n) - stirling_remainder(a) - stirling_remainder(b);
            logs + (normaliser + remainders)
        })
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        key.beta(self.concentration1, self.concentration0, batch_shape)
    }

    fn is_reparameterized(&self) -> bool {
        true
    }

    fn mean(&self) -> Option<Var> {
        Some(self.concentration1 / (self.concentration1 + self.concentration0))
    }

    fn variance(&self) -> Option<Var> {
        let n = self.concentration1 + self.concentration0;
        Some((self.concentration1 / n) * (self.concentration0 / n) / (n + 1.0))
    }
}
