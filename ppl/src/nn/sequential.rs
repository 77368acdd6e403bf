//! Layers one after the other.

use super::{Item, ItemMut, Layer, Module, Weights};
use pyroxene_autograd::Var;

/// Layers one after the other, named by number.
///
/// ```
/// use pyroxene::nn::{Activation, Layer, Linear, Module, Sequential};
/// use pyroxene::Key;
/// let key = Key::from_seed(0);
/// let net = Sequential::new().then(Linear::new(2, 3, key.indexed(0))).then(Activation::Relu);
/// assert_eq!(net.state().keys().collect::<Vec<_>>(), ["0.bias", "0.weight"]);
/// assert_eq!(net.forward(&net.weights(), [0.5, 1.0].into()).len(), 3);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Sequential {
    layers: Vec<Box<dyn Layer>>,
}

impl Sequential {
    /// No layers: the identity.
    pub fn new() -> Sequential {
        Sequential::default()
    }

    /// Adds a layer at the end.
    #[must_use]
    pub fn then(mut self, layer: impl Layer + 'static) -> Sequential {
        self.layers.push(Box::new(layer));
        self
    }

    /// The layers in order.
    pub fn layers(&self) -> &[Box<dyn Layer>] {
        &self.layers
    }
}

impl Module for Sequential {
    fn walk<'a>(&'a self, path: &str, found: &mut dyn FnMut(&str, Item<'a>)) {
        found(path, Item::Module(self));
        self.layers.walk(path, found);
    }

    fn walk_mut(&mut self, path: &str, found: &mut dyn FnMut(&str, ItemMut<'_>)) {
        self.layers.walk_mut(path, found);
    }
}

impl Layer for Sequential {
    #[track_caller]
    fn forward(&self, weights: &Weights, x: Var) -> Var {
        let mut x = x;
        for layer in &self.layers {
            x = layer.forward(weights, x);
        }
        x
    }
}
