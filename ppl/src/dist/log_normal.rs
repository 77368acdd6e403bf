//! The log-normal distribution.

use super::support::within;
use super::{Distribution, Normal, Parameter, joint_shape, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};

/// Log-normal distribution, that of `exp(y)` for `y` normal: `p(x) = exp(-z² / 2) / (x scale sqrt(2π))` with
/// `z = (ln x - loc) / scale`, for `x > 0`.
///
/// Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions* 1 (1994), ch. 14.
///
/// ```
/// use pyroxene::dist::{Distribution, LogNormal};
/// let dist = LogNormal::new(0.0, 1.0);
/// assert!((dist.log_prob(2.0.into()).item() - -1.8523122207237188).abs() < 1e-14);
/// assert!((dist.mean().unwrap().item() - 0.5f64.exp()).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LogNormal {
    loc: Var,
    scale: Var,
}

impl LogNormal {
    /// The distribution of the exponential of a normal variable with this mean and standard deviation.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn new(loc: impl Into<Var>, scale: impl Into<Var>) -> LogNormal {
        let (loc, scale) = (real(loc), real(scale));
        joint_shape("LogNormal", &[("loc", loc, 0), ("scale", scale, 0)]);
        LogNormal { loc, scale }
    }

    fn logarithm(&self) -> Normal {
        Normal::new(self.loc, self.scale)
    }
}

impl Distribution for LogNormal {
    fn name(&self) -> &'static str {
        "LogNormal"
    }

    fn batch_shape(&self) -> Shape {
        self.logarithm().batch_shape()
    }

    fn support(&self) -> Constraint {
        Constraint::Positive
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.logarithm().parameters()
    }

    fn log_prob(&self, value: Var) -> Var {
        within(value, value.less_equal(0.0), 1.0, |x| {
            let log = x.ln();
            self.logarithm().log_prob(log) - log
        })
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        self.logarithm().draw(key, batch_shape).exp()
    }

    fn is_reparameterized(&self) -> bool {
        true
    }

    fn mean(&self) -> Option<Var> {
        Some((self.loc + 0.5 * self.scale.square()).exp())
    }

    fn variance(&self) -> Option<Var> {
        let square = self.scale.square();
        Some(square.exp_m1() * (2.0 * self.loc + square).exp())
    }
}
