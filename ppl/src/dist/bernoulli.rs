//! The Bernoulli distribution.

use super::support::within;
use super::{Distribution, Parameter, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};

/// Bernoulli distribution: 1 with probability `p`, else 0. Given by the probability or by the log odds `ln(p / (1 - p))`.
///
/// Johnson, Kemp & Kotz, *Univariate Discrete Distributions* (2005), ch. 3. Probabilities of exactly 0 and 1 are allowed.
///
/// ```
/// use pyroxene::dist::{Bernoulli, Distribution};
/// let log_prob = Bernoulli::probs(0.25).log_prob([0.0, 1.0].into()).to_tensor();
/// assert!(log_prob.allclose([0.75f64.ln(), 0.25f64.ln()], 1e-15, 0.0));
/// let log_prob = Bernoulli::logits(800.0).log_prob([0.0, 1.0].into()).to_tensor();
/// assert_eq!(log_prob.to_vec::<f64>(), [-800.0, 0.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bernoulli {
    chance: Chance,
}

#[derive(Clone, Copy, Debug)]
enum Chance {
    Probs(Var),
    Logits(Var),
}
use Chance::{Logits, Probs};

impl Bernoulli {
    /// The distribution with this probability of 1.
    #[track_caller]
    pub fn probs(probs: impl Into<Var>) -> Bernoulli {
        Bernoulli { chance: Probs(real(probs)) }
    }

    /// The distribution with these log odds of 1.
    #[track_caller]
    pub fn logits(logits: impl Into<Var>) -> Bernoulli {
        Bernoulli { chance: Logits(real(logits)) }
    }

    fn probability(&self) -> Var {
        match self.chance {
            Probs(probs) => probs,
            Logits(logits) => logits.sigmoid(),
        }
    }
}

impl Distribution for Bernoulli {
    fn name(&self) -> &'static str {
        "Bernoulli"
    }

    fn batch_shape(&self) -> Shape {
        let (Probs(parameter) | Logits(parameter)) = self.chance;
        parameter.shape()
    }

    fn support(&self) -> Constraint {
        Constraint::Boolean
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![match self.chance {
            Probs(probs) => Parameter::new("probs", probs, Constraint::UnitInterval),
            Logits(logits) => Parameter::new("logits", logits, Constraint::Real),
        }]
    }

    fn log_prob(&self, value: Var) -> Var {
        let value = real(value);
        let outside = value.equal(0.0).or(value.equal(1.0)).or(value.is_nan()).not();
        within(value, outside, 0.0, |x| match self.chance {
            Probs(probs) => x.xlogy(probs) + (1.0 - x).xlog1py(-probs),
            Logits(logits) => -((1.0 - 2.0 * x) * logits).softplus(),
        })
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        key.bernoulli(self.probability(), batch_shape)
    }

    fn enumerate_support(&self) -> Option<Vec<f64>> {
        Some(vec![0.0, 1.0])
    }

    fn mean(&self) -> Option<Var> {
        Some(self.probability())
    }

    fn variance(&self) -> Option<Var> {
        Some(match self.chance {
            Probs(probs) => probs * (1.0 - probs),
            Logits(logits) => logits.sigmoid() * (-logits).sigmoid(),
        })
    }
}
