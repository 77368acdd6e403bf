//! Nonlinearities as layers.

use super::{Layer, Weights};
use pyroxene_autograd::Var;

/// A nonlinearity, elementwise but for the softmax, which is along the last axis.
///
/// ```
/// use pyroxene::nn::Activation;
/// let y = Activation::Relu.apply([-1.0, 2.0].into());
/// assert_eq!(y.to_tensor().to_vec::<f64>(), [0.0, 2.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// The greater of zero and x.
    Relu,
    /// The hyperbolic tangent.
    Tanh,
    /// The logistic function.
    Sigmoid,
    /// `ln(1 + exp(x))`.
    Softplus,
    /// x times the standard normal distribution function.
    Gelu,
    /// x times the logistic function.
    Silu,
    /// `exp(x)` for negative x, less one; x otherwise.
    Elu,
    /// The exponential, for positive outputs.
    Exp,
    /// `exp(x)` over its sum along the last axis.
    Softmax,
    /// The logarithm of the softmax.
    LogSoftmax,
}

impl Activation {
    /// The function itself.
    #[track_caller]
    pub fn apply(self, x: Var) -> Var {
        match self {
            Activation::Relu => x.relu(),
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => x.sigmoid(),
            Activation::Softplus => x.softplus(),
            Activation::Gelu => x.gelu(),
            Activation::Silu => x.silu(),
            Activation::Elu => x.elu(1.0),
            Activation::Exp => x.exp(),
            Activation::Softmax => x.softmax(-1),
            Activation::LogSoftmax => x.log_softmax(-1),
        }
    }
}

crate::module!(Activation {});

impl Layer for Activation {
    #[track_caller]
    fn forward(&self, _weights: &Weights, x: Var) -> Var {
        self.apply(x)
    }
}
