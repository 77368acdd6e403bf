//! The half-Cauchy distribution.

use super::special::ln_1p_square;
use super::support::within;
use super::{Distribution, Parameter, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};
use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// Half-Cauchy distribution, that of `|x|` for `x` Cauchy about zero: `p(x) = 2 / (π scale (1 + (x / scale)²))` for
/// `x >= 0`.
///
/// Gelman, "Prior distributions for variance parameters in hierarchical models", *Bayesian Analysis* 1 (2006).
///
/// ```
/// use pyroxene::dist::{Distribution, HalfCauchy};
/// let dist = HalfCauchy::new(5.0);
/// assert!((dist.log_prob(5.0.into()).item() - -(5.0 * std::f64::consts::PI).ln()).abs() < 1e-15);
/// assert_eq!(dist.log_prob((-1.0).into()).item(), f64::NEG_INFINITY);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HalfCauchy {
    scale: Var,
}

impl HalfCauchy {
    /// The distribution with this median.
    #[track_caller]
    pub fn new(scale: impl Into<Var>) -> HalfCauchy {
        HalfCauchy { scale: real(scale) }
    }
}

impl Distribution for HalfCauchy {
    fn name(&self) -> &'static str {
        "HalfCauchy"
    }

    fn batch_shape(&self) -> Shape {
        self.scale.shape()
    }

    fn support(&self) -> Constraint {
        Constraint::NonNegative
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::new("scale", self.scale, Constraint::Positive)]
    }

    fn log_prob(&self, value: Var) -> Var {
        within(value, value.less(0.0), 0.0, |x| FRAC_2_PI.ln() - self.scale.ln() - ln_1p_square(x / self.scale))
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        self.scale * (FRAC_PI_2 * key.uniform(batch_shape)).tan()
    }

    fn is_reparameterized(&self) -> bool {
        true
    }

    fn mean(&self) -> Option<Var> {
        Some(Var::from(f64::INFINITY).expand(&self.batch_shape()))
    }

    fn variance(&self) -> Option<Var> {
        self.mean()
    }
}
