//! Dropout.

use super::{Layer, Weights};
use pyroxene_autograd::Var;

/// Sets each element to zero with a probability and scales the others so that means are kept, in training steps only:
/// Srivastava et al. (2014).
///
/// ```
/// use pyroxene::nn::{Dropout, Layer, Module};
/// use pyroxene::{Key, Var};
/// let layer = Dropout::new(0.5);
/// let x = Var::ones(&[1000]);
/// let weights = layer.weights();
/// assert_eq!(layer.forward(&weights, x).sum().item(), 1000.0);
/// let dropped = layer.forward(&weights.training(Key::from_seed(0)), x);
/// assert!((dropped.sum().item() - 1000.0).abs() < 100.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    probability: f64,
}

crate::module!(Dropout {});

impl Dropout {
    /// Dropout of each element with a probability.
    ///
    /// # Panics
    /// If the probability is not in `[0, 1)`.
    #[track_caller]
    pub fn new(probability: f64) -> Dropout {
        if !(0.0..1.0).contains(&probability) {
            pyroxene_tensor::fail(format_args!("dropout: the probability must be in [0, 1), got {probability}"));
        }
        Dropout { probability }
    }
}

impl Layer for Dropout {
    fn forward(&self, weights: &Weights, x: Var) -> Var {
        match weights.noise() {
            None => x,
            Some(key) => {
                let kept = key.uniform(&x.shape()).greater(self.probability);
                kept.where_(x / (1.0 - self.probability), 0.0)
            }
        }
    }
}
