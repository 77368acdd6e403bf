//! The half-normal distribution.

use super::support::within;
use super::{Distribution, Parameter, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};

/// Half-normal distribution, that of `|x|` for `x` normal with mean zero: `p(x) = sqrt(2/π) / scale exp(-x² / (2 scale²))`
/// for `x >= 0`.
///
/// Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions* 1 (1994), ch. 13.
///
/// ```
/// use pyroxene::dist::{Distribution, HalfNormal};
/// let dist = HalfNormal::new(2.0);
/// assert!((dist.log_prob(1.0.into()).item() - -1.0439385332046727).abs() < 1e-15);
/// assert_eq!(dist.log_prob((-1.0).into()).item(), f64::NEG_INFINITY);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HalfNormal {
    scale: Var,
}

impl HalfNormal {
    /// The distribution of the magnitude of a normal variable with this standard deviation.
    #[track_caller]
    pub fn new(scale: impl Into<Var>) -> HalfNormal {
        HalfNormal { scale: real(scale) }
    }
}

/// `ln(2 / pi) / 2`
const HALF_LN_TWO_OVER_PI: f64 = -0.225_791_352_644_727_432_363_097_614_947_441_07;

impl Distribution for HalfNormal {
    fn name(&self) -> &'static str {
        "HalfNormal"
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
        within(value, value.less(0.0), 0.0, |x| HALF_LN_TWO_OVER_PI - self.scale.ln() - 0.5 * (x / self.scale).square())
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        self.scale * key.normal(batch_shape).abs()
    }

    fn is_reparameterized(&self) -> bool {
        true
    }

    fn mean(&self) -> Option<Var> {
        Some(self.scale * std::f64::consts::FRAC_2_PI.sqrt())
    }

    fn variance(&self) -> Option<Var> {
        Some(self.scale.square() * (1.0 - std::f64::consts::FRAC_2_PI))
    }
}
