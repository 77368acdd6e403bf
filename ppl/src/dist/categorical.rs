//! The categorical distribution.

use super::{Distribution, Parameter, joint_shape, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Tensor, Var};

/// Categorical distribution over `0, 1, ..., k - 1`: `p(i)` is proportional to entry `i` of the last axis of `probs`, or to
/// its exponential for `logits`. Probabilities of zero and logits of -inf are allowed.
///
/// Johnson, Kotz & Balakrishnan, *Discrete Multivariate Distributions* (1997), ch. 35, with one trial.
///
/// ```
/// use pyroxene::dist::{Categorical, Distribution};
/// let dist = Categorical::probs([1.0, 3.0, 0.0]);
/// let log_prob = dist.log_prob([0.0, 1.0, 2.0].into()).to_tensor();
/// assert!(log_prob.allclose([0.25f64.ln(), 0.75f64.ln(), f64::NEG_INFINITY], 1e-15, 0.0));
/// assert_eq!(dist.enumerate_support(), Some(vec![0.0, 1.0, 2.0]));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Categorical {
    weights: Weights,
}

#[derive(Clone, Copy, Debug)]
enum Weights {
    Probs(Var),
    Logits(Var),
}
use Weights::{Logits, Probs};

impl Categorical {
    /// The distribution with these probabilities, which are divided by their sum.
    ///
    /// # Panics
    /// If there is no axis of categories.
    #[track_caller]
    pub fn probs(probs: impl Into<Var>) -> Categorical {
        let probs = real(probs);
        joint_shape("Categorical", &[("probs", probs, 1)]);
        Categorical { weights: Probs(probs) }
    }

    /// The distribution with these unnormalised log probabilities.
    ///
    /// # Panics
    /// If there is no axis of categories.
    #[track_caller]
    pub fn logits(logits: impl Into<Var>) -> Categorical {
        let logits = real(logits);
        joint_shape("Categorical", &[("logits", logits, 1)]);
        Categorical { weights: Logits(logits) }
    }

    fn weights(&self) -> Var {
        let (Probs(weights) | Logits(weights)) = self.weights;
        weights
    }

    fn categories(&self) -> usize {
        self.weights().size(-1)
    }
}

impl Distribution for Categorical {
    fn name(&self) -> &'static str {
        "Categorical"
    }

    fn batch_shape(&self) -> Shape {
        let mut shape = self.weights().shape();
        shape.pop();
        shape
    }

    fn support(&self) -> Constraint {
        Constraint::IntegerInterval(Var::from(0.0), Var::from(self.categories() as f64 - 1.0))
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![match self.weights {
            Probs(probs) => Parameter::new("probs", probs, Constraint::NonNegative.to_event(1)),
            // -inf is a legal logit, so the exponentials are what is checked.
            Logits(logits) => Parameter::new("logits", logits.exp(), Constraint::NonNegative.to_event(1)),
        }]
    }

    fn log_prob(&self, value: Var) -> Var {
        let value = real(value);
        let categories: Vec<f64> = (0..self.categories()).map(|category| category as f64).collect();
        let chosen = value.unsqueeze(-1).equal(Tensor::from(categories));
        let pick = |weights: Var| chosen.where_(weights, 0.0).sum_axes(&[-1], false);
        let log_prob = match self.weights {
            Probs(probs) => pick(probs).ln() - probs.sum_axes(&[-1], false).ln(),
            Logits(logits) => pick(logits) - logits.logsumexp(&[-1], false),
        };
        let unknown = value.is_nan().where_(f64::NAN, f64::NEG_INFINITY);
        chosen.sum_axes(&[-1], false).greater(0.0).where_(log_prob, unknown)
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        let probs = match self.weights {
            Probs(probs) => probs / probs.sum_axes(&[-1], true),
            Logits(logits) => logits.softmax(-1),
        };
        key.categorical(probs, batch_shape)
    }

    fn enumerate_support(&self) -> Option<Vec<f64>> {
        Some((0..self.categories()).map(|category| category as f64).collect())
    }
}
