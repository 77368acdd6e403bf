//! How parameters start.

use pyroxene_autograd::{Key, Tensor};

/// How a weight matrix `[outputs, inputs]` starts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Init {
    /// Uniform on plus and minus `1 / sqrt(inputs)`.
    #[default]
    Uniform,
    /// Uniform on plus and minus `sqrt(6 / (inputs + outputs))`: Glorot & Bengio (2010), equation 16.
    GlorotUniform,
    /// Normal with variance `2 / (inputs + outputs)`: Glorot & Bengio (2010).
    GlorotNormal,
    /// Uniform on plus and minus `sqrt(6 / inputs)`, for rectifiers: He et al. (2015), equation 10.
    HeUniform,
    /// Normal with variance `2 / inputs`, for rectifiers: He et al. (2015), equation 10.
    HeNormal,
    /// All the same.
    Constant(f64),
}

impl Init {
    /// A matrix `[outputs, inputs]`.
    ///
    /// ```
    /// use pyroxene::{Key, nn::Init};
    /// let weight = Init::Uniform.matrix(3, 4, Key::from_seed(0));
    /// assert_eq!(weight.shape(), [3, 4]);
    /// assert!(weight.abs().max().item() <= 0.5);
    /// ```
    pub fn matrix(self, outputs: usize, inputs: usize, key: Key) -> Tensor {
        let shape = [outputs, inputs];
        let (fan_in, both) = (inputs as f64, (inputs + outputs) as f64);
        let uniform = |bound: f64| ((key.uniform(&shape) * 2.0 - 1.0) * bound).to_tensor();
        let normal = |scale: f64| (key.normal(&shape) * scale).to_tensor();
        match self {
            Init::Uniform => uniform(fan_in.sqrt().recip()),
            Init::GlorotUniform => uniform((6.0 / both).sqrt()),
            Init::GlorotNormal => normal((2.0 / both).sqrt()),
            Init::HeUniform => uniform((6.0 / fan_in).sqrt()),
            Init::HeNormal => normal((2.0 / fan_in).sqrt()),
            Init::Constant(value) => Tensor::full(shape, value),
        }
    }
}
