//! The affine layer.

use super::{Init, Layer, Parameter, Weights};
use pyroxene_autograd::{Key, Tensor, Var};

/// `x weightᵀ + bias` along the last axis.
///
/// ```
/// use pyroxene::nn::{Layer, Linear, Module};
/// use pyroxene::Key;
/// let layer = Linear::new(3, 2, Key::from_seed(0));
/// assert_eq!(layer.forward(&layer.weights(), [[1.0, 2.0, 3.0]].into()).shape().as_slice(), [1, 2]);
/// ```
#[derive(Clone, Debug)]
pub struct Linear {
    /// Shape `[outputs, inputs]`.
    pub weight: Parameter,
    /// Shape `[outputs]`.
    pub bias: Option<Parameter>,
}

crate::module!(Linear { weight, bias });

impl Linear {
    /// A layer from `inputs` to `outputs` numbers; weights and biases start uniform on plus and minus `1 / sqrt(inputs)`.
    pub fn new(inputs: usize, outputs: usize, key: Key) -> Linear {
        let bound = (inputs.max(1) as f64).sqrt().recip();
        let bias = ((key.named("bias").uniform(&[outputs]) * 2.0 - 1.0) * bound).to_tensor();
        Linear { bias: Some(Parameter::new(bias)), ..Linear::with(Init::Uniform, inputs, outputs, key) }
    }

    /// A layer whose weights start otherwise, with a bias of zero.
    pub fn with(init: Init, inputs: usize, outputs: usize, key: Key) -> Linear {
        Linear {
            weight: Parameter::new(init.matrix(outputs, inputs, key.named("weight"))),
            bias: Some(Parameter::new(Tensor::full([outputs], 0.0))),
        }
    }

    /// The same layer without a bias.
    #[must_use]
    pub fn without_bias(self) -> Linear {
        Linear { bias: None, ..self }
    }
}

impl Layer for Linear {
    /// Shape `[..., inputs]` to `[..., outputs]`.
    #[track_caller]
    fn forward(&self, weights: &Weights, x: Var) -> Var {
        let [outputs, inputs] = *self.weight.value.shape() else { unreachable!("a matrix") };
        if x.shape().last() != Some(&inputs) {
            pyroxene_tensor::fail(format_args!(
                "linear: expected a last axis of {inputs} for a layer from {inputs} to {outputs}, got shape {:?}",
                x.shape()
            ));
        }
        let product = x.matmul(weights.get(&self.weight).t());
        self.bias.as_ref().map_or(product, |bias| product + weights.get(bias))
    }
}
