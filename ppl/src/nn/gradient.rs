//! Derivatives by the parameters of a module.

use super::{Module, Weights};
use pyroxene_autograd::{Tensor, Var, grad, scope};
use std::collections::BTreeMap;

/// The value of a scalar function of a module's weights, and its derivatives by the trainable parameters, by dotted name.
///
/// ```
/// use pyroxene::nn::{Linear, Module, value_and_grad};
/// use pyroxene::Key;
/// let layer = Linear::new(2, 1, Key::from_seed(0));
/// let (value, gradients) = value_and_grad(&layer, |weights| weights.get(&layer.weight).square().sum());
/// assert_eq!(value, layer.weight.value.square().sum().item());
/// assert_eq!(gradients["weight"].to_vec::<f64>(), (&layer.weight.value * 2.0).to_vec::<f64>());
/// assert_eq!(gradients["bias"].to_vec::<f64>(), [0.0]);
/// ```
///
/// # Panics
/// If the result has more than one element.
#[track_caller]
pub fn value_and_grad(module: &dyn Module, f: impl FnOnce(&Weights) -> Var) -> (f64, BTreeMap<String, Tensor>) {
    scope(|| {
        let mut trained = Vec::new();
        let weights = Weights::new(module, |name, parameter| {
            let value = Var::from(&parameter.value);
            if parameter.trainable {
                trained.push((name.to_string(), value));
            }
            value
        });
        let value = f(&weights);
        let inputs: Vec<Var> = trained.iter().map(|(_, value)| *value).collect();
        let gradients = grad(value, &inputs);
        let gradients = trained.into_iter().zip(gradients).map(|((name, _), gradient)| (name, gradient.to_tensor()));
        (value.item(), gradients.collect())
    })
}
