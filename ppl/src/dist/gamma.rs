//! The gamma distribution.

use super::special::{HALF_LN_TAU, log_ratio, stirling_remainder};
use super::support::within;
use super::{Distribution, Parameter, joint_shape, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};

/// Gamma distribution: `p(x) = rate^a x^(a - 1) exp(-rate x) / Γ(a)` for `x >= 0`, `a` the concentration.
///
/// Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions* 1 (1994), ch. 17. A draw is one of unit rate divided
/// by the rate, differentiable by both parameters; by the concentration once, with its distribution function held.
///
/// ```
/// use pyroxene::dist::{Distribution, Gamma};
/// let dist = Gamma::new(3.0, 2.0);
/// assert!((dist.log_prob(1.0.into()).item() - (4f64.ln() - 2.0)).abs() < 1e-14);
/// assert_eq!((dist.mean().unwrap().item(), dist.variance().unwrap().item()), (1.5, 0.75));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gamma {
    concentration: Var,
    rate: Var,
}

impl Gamma {
    /// The distribution with mean `concentration / rate`.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn new(concentration: impl Into<Var>, rate: impl Into<Var>) -> Gamma {
        let (concentration, rate) = (real(concentration), real(rate));
        joint_shape("Gamma", &[("concentration", concentration, 0), ("rate", rate, 0)]);
        Gamma { concentration, rate }
    }
}

impl Distribution for Gamma {
    fn name(&self) -> &'static str {
        "Gamma"
    }

    fn batch_shape(&self) -> Shape {
        joint_shape("Gamma", &[("concentration", self.concentration, 0), ("rate", self.rate, 0)])
    }

    fn support(&self) -> Constraint {
        Constraint::NonNegative
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter::new("concentration", self.concentration, Constraint::Positive),
            Parameter::new("rate", self.rate, Constraint::Positive),
        ]
    }

    fn log_prob(&self, value: Var) -> Var {
        let (a, rate) = (self.concentration, self.rate);
        within(value, value.less(0.0).or(value.equal(f64::INFINITY)), 1.0, |x| {
            // With ln x = ln(a / rate) + ln(rate x / a) and Stirling's formula for Γ(a) the terms of size a ln a cancel.
            let excess = rate * x - a;
            let normaliser = rate.ln() - 0.5 * a.ln() - HALF_LN_TAU - stirling_remainder(a);
            normaliser + (log_ratio(a - 1.0, rate * x / a, excess / a) - excess)
        })
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        key.gamma(self.concentration, batch_shape) / self.rate
    }

    fn is_reparameterized(&self) -> bool {
        true
    }

    fn mean(&self) -> Option<Var> {
        Some(self.concentration / self.rate)
    }

    fn variance(&self) -> Option<Var> {
        Some(self.concentration / self.rate.square())
    }
}
