//! Neural networks: modules that hold named parameters, and layers. Pyro's counterpart is `torch.nn` with `pyro.module`.
//!
//! A [`Module`] holds values. What they stand for while something is computed (constants, learnable parameters of a model,
//! inputs of a gradient) is said by [`Weights`], which `forward` takes as its first argument:
//!
//! ```
//! use pyroxene::nn::{Activation, Layer, Linear, Module, Sequential, value_and_grad};
//! use pyroxene::{Key, Tensor, Var};
//!
//! // Exclusive or, by gradient descent.
//! let key = Key::from_seed(0);
//! let mut net = Sequential::new()
//!     .then(Linear::new(2, 8, key.named("hidden")))
//!     .then(Activation::Tanh)
//!     .then(Linear::new(8, 1, key.named("output")));
//! let x = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
//! let y = Tensor::from([[0.0], [1.0], [1.0], [0.0]]);
//! for _ in 0..500 {
//!     let (_, gradients) = value_and_grad(&net, |weights| {
//!         let logits = net.forward(weights, Var::from(&x));
//!         (logits.softplus() - logits * &y).sum()
//!     });
//!     net.update(|name, value| value - &gradients[name] * 0.5);
//! }
//! let logits = net.forward(&net.weights(), Var::from(&x)).to_tensor();
//! assert_eq!((0..4).map(|i| f64::from(u8::from(logits.at(&[i, 0]) > 0.0))).collect::<Vec<_>>(), y.to_vec::<f64>());
//! ```
//!
//! In a model, [`Cx::module`](crate::Cx::module) makes the weights learnable parameters, and [`Weights::new`] with
//! [`Cx::sample`](crate::Cx::sample) gives them priors.

mod activation;
mod dropout;
mod gradient;
mod init;
mod linear;
mod module;
mod parameter;
mod sequential;
mod weights;

pub use activation::Activation;
pub use dropout::Dropout;
pub use gradient::value_and_grad;
pub use init::Init;
pub use linear::Linear;
pub use module::{Item, ItemMut, Layer, Module, join};
pub use parameter::{Buffer, Parameter};
pub use sequential::Sequential;
pub use weights::Weights;
