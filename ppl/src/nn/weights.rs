//! What the parameters of a module stand for in a computation.

use super::{Module, Parameter};
use crate::effects::Cx;
use pyroxene_autograd::{Key, Var};
use std::cell::Cell;
use std::collections::HashMap;

/// What each parameter of a module stands for in a computation, and whether the computation is training.
///
/// ```
/// use pyroxene::nn::{Layer, Linear, Module, Weights};
/// use pyroxene::{Cx, Key, Seed, Var};
/// use pyroxene::dist::{Distribution, Normal};
/// // A Bayesian layer: every weight has a prior.
/// let layer = Linear::new(3, 1, Key::from_seed(0));
/// let model = |cx: &mut Cx| {
///     let weights = Weights::new(&layer, |name, parameter| {
///         let prior = Normal::new(Var::zeros(parameter.value.shape()), 1.0).to_event(parameter.value.ndim());
///         cx.sample(&format!("layer.{name}"), prior)
///     });
///     layer.forward(&weights, [[1.0, 2.0, 3.0]].into())
/// };
/// assert_eq!(pyroxene::run(model, Seed(0))?.shape().as_slice(), [1, 1]);
/// # Ok::<(), pyroxene::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Weights {
    values: HashMap<u64, Var>,
    noise: Option<Key>,
    draws: Cell<u64>,
}

impl Weights {
    /// Asks for the value of every parameter, by its dotted name.
    ///
    /// # Panics
    /// If a value has another shape than its parameter.
    #[track_caller]
    pub fn new(module: &dyn Module, mut value: impl FnMut(&str, &Parameter) -> Var) -> Weights {
        let mut values = HashMap::new();
        for (name, parameter) in module.parameters() {
            let var = value(&name, parameter);
            if var.shape().as_slice() != parameter.value.shape() {
                pyroxene_tensor::fail(format_args!(
                    "weights: parameter {name:?} has shape {:?}, its value here {:?}",
                    parameter.value.shape(),
                    var.shape()
                ));
            }
            values.insert(parameter.id(), var);
        }
        Weights { values, noise: None, draws: Cell::new(0) }
    }

    /// The same weights for a training step, with a key for layers that draw noise, such as [`Dropout`](super::Dropout).
    #[must_use]
    pub fn training(self, key: Key) -> Weights {
        Weights { noise: Some(key), ..self }
    }

    /// Whether this is a training step.
    pub fn is_training(&self) -> bool {
        self.noise.is_some()
    }

    /// A new key for each call, in a training step; none otherwise.
    pub fn noise(&self) -> Option<Key> {
        let draw = self.draws.replace(self.draws.get() + 1);
        self.noise.map(|key| key.indexed(draw))
    }

    /// The value of a parameter.
    ///
    /// # Panics
    /// If the weights were made for a module that does not hold the parameter.
    #[track_caller]
    pub fn get(&self, parameter: &Parameter) -> Var {
        match self.values.get(&parameter.id()) {
            Some(value) => *value,
            None => pyroxene_tensor::fail(format_args!(
                "weights: they do not hold this parameter of shape {:?}: they were made for another module",
                parameter.value.shape()
            )),
        }
    }
}

impl Cx<'_> {
    /// Makes the trainable parameters of a module learnable parameters of the model, named `name.path`; the others are
    /// constants. Pyro's counterpart is `pyro.module`.
    ///
    /// ```
    /// use pyroxene::nn::{Layer, Linear};
    /// use pyroxene::{Cx, Key, Seed};
    /// let layer = Linear::new(2, 1, Key::from_seed(0));
    /// let model = |cx: &mut Cx| {
    ///     let weights = cx.module("layer", &layer);
    ///     layer.forward(&weights, [[1.0, 2.0]].into())
    /// };
    /// assert_eq!(pyroxene::run(model, Seed(0))?.shape().as_slice(), [1, 1]);
    /// # Ok::<(), pyroxene::Error>(())
    /// ```
    #[track_caller]
    pub fn module(&mut self, name: &str, module: &dyn Module) -> Weights {
        Weights::new(module, |path, parameter| {
            let value = Var::from(&parameter.value);
            if parameter.trainable { self.param(&super::join(name, path), value) } else { value }
        })
    }
}
