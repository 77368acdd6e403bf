//! Trees of named parameters and buffers.

use super::{Buffer, Parameter, Weights};
use crate::error::Error;
use pyroxene_autograd::{DType, Tensor, Var};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// A part of a module.
pub enum Item<'a> {
    /// A learnable tensor.
    Parameter(&'a Parameter),
    /// A tensor that belongs to the state and is not learnt.
    Buffer(&'a Buffer),
    /// A module: its parts follow.
    Module(&'a dyn Module),
}

/// A part of a module, to be changed.
pub enum ItemMut<'a> {
    /// A learnable tensor.
    Parameter(&'a mut Parameter),
    /// A tensor that belongs to the state and is not learnt.
    Buffer(&'a mut Buffer),
}

/// A tree of named parameters, buffers and modules.
///
/// [`module!`](crate::module!) implements it for a struct: it takes the fields that are parts. A part is a [`Parameter`], a
/// [`Buffer`], a module, or an `Option` or a `Vec` of such; names of nested parts are joined by dots.
///
/// ```
/// use pyroxene::nn::{Buffer, Layer, Linear, Module, Weights};
/// use pyroxene::{Key, Var};
/// #[derive(Clone, Debug)]
/// struct Encoder {
///     hidden: Linear,
///     scale: Buffer,
///     code_len: usize,
/// }
/// pyroxene::module!(Encoder { hidden, scale });
///
/// impl Encoder {
///     fn forward(&self, weights: &Weights, x: Var) -> Var {
///         self.hidden.forward(weights, x).tanh() * &self.scale.value
///     }
/// }
/// let scale = Buffer::new([1.0, 2.0]);
/// let encoder = Encoder { hidden: Linear::new(4, 2, Key::from_seed(0)), scale, code_len: 2 };
/// let names: Vec<String> = encoder.parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["hidden.weight", "hidden.bias"]);
/// assert_eq!(encoder.forward(&encoder.weights(), [1.0, 0.0, 0.0, 0.0].into()).len(), encoder.code_len);
/// ```
pub trait Module {
    /// Calls `found` with each part in order, by its name below `path`; a composite names itself first.
    fn walk<'a>(&'a self, path: &str, found: &mut dyn FnMut(&str, Item<'a>));

    /// As [`Module::walk`], for parts to be changed.
    fn walk_mut(&mut self, path: &str, found: &mut dyn FnMut(&str, ItemMut<'_>));

    /// The parameters by dotted name, in order.
    fn parameters(&self) -> Vec<(String, &Parameter)> {
        let mut list = Vec::new();
        self.walk("", &mut |name, item| {
            if let Item::Parameter(parameter) = item {
                list.push((name.to_string(), parameter));
            }
        });
        list
    }

    /// The buffers by dotted name, in order.
    fn buffers(&self) -> Vec<(String, &Buffer)> {
        let mut list = Vec::new();
        self.walk("", &mut |name, item| {
            if let Item::Buffer(buffer) = item {
                list.push((name.to_string(), buffer));
            }
        });
        list
    }

    /// The module itself, whose name is empty, and those in it, by dotted name.
    fn modules(&self) -> Vec<(String, &dyn Module)> {
        let mut list = Vec::new();
        self.walk("", &mut |name, item| {
            if let Item::Module(module) = item {
                list.push((name.to_string(), module));
            }
        });
        list
    }

    /// The modules right below this one, by name.
    fn children(&self) -> Vec<(String, &dyn Module)> {
        self.modules().into_iter().filter(|(name, _)| !name.is_empty() && !name.contains('.')).collect()
    }

    /// Replaces the value of every trainable parameter.
    ///
    /// # Panics
    /// If a new value has another shape than the old.
    #[track_caller]
    fn update(&mut self, mut value: impl FnMut(&str, &Tensor) -> Tensor)
    where
        Self: Sized,
    {
        self.walk_mut("", &mut |name, item| {
            if let ItemMut::Parameter(parameter) = item
                && parameter.trainable
            {
                let new = value(name, &parameter.value);
                if new.shape() != parameter.value.shape() {
                    let old = parameter.value.shape();
                    pyroxene_tensor::fail(format_args!("update: {name:?} has shape {old:?}, got {:?}", new.shape()));
                }
                parameter.value = new;
            }
        });
    }

    /// Says of every parameter whether training moves it.
    fn set_trainable(&mut self, trainable: bool) {
        self.walk_mut("", &mut |_, item| {
            if let ItemMut::Parameter(parameter) = item {
                parameter.trainable = trainable;
            }
        });
    }

    /// Converts parameters and buffers of a floating-point type to another such type.
    ///
    /// # Panics
    /// If `dtype` is not a floating-point type.
    #[track_caller]
    fn to_dtype(&mut self, dtype: DType) {
        if !dtype.is_float() {
            pyroxene_tensor::fail(format_args!("to_dtype: parameters are floating-point numbers, not {dtype:?}"));
        }
        self.walk_mut("", &mut |_, item| {
            let (ItemMut::Parameter(Parameter { value, .. }) | ItemMut::Buffer(Buffer { value })) = item;
            if value.dtype().is_float() {
                *value = value.cast(dtype);
            }
        });
    }

    /// Parameters and buffers by dotted name.
    fn state(&self) -> BTreeMap<String, Tensor> {
        let mut state = BTreeMap::new();
        self.walk("", &mut |name, item| match item {
            Item::Parameter(Parameter { value, .. }) | Item::Buffer(Buffer { value }) => {
                state.insert(name.to_string(), value.clone());
            }
            Item::Module(_) => {}
        });
        state
    }

    /// Takes parameters and buffers from a state such as [`Module::state`] gives; element types are kept as they are here.
    ///
    /// # Errors
    /// If the state lacks a name, has one that the module lacks, or a shape differs. The module is then unchanged.
    fn load_state(&mut self, state: &BTreeMap<String, Tensor>) -> Result<(), Error> {
        let own = self.state();
        if let Some(name) = own.keys().find(|name| !state.contains_key(*name)) {
            return Err(Error::at(name, format!("load_state: the state lacks it; it has {:?}", state.keys())));
        }
        for (name, value) in state {
            match own.get(name) {
                None => {
                    return Err(Error::at(name, format!("load_state: the module lacks it; it has {:?}", own.keys())));
                }
                Some(old) if old.shape() != value.shape() => {
                    let message =
                        format!("load_state: the shape is {:?}, the state's {:?}", old.shape(), value.shape());
                    return Err(Error::at(name, message));
                }
                Some(_) => {}
            }
        }
        self.walk_mut("", &mut |name, item| {
            let (ItemMut::Parameter(Parameter { value, .. }) | ItemMut::Buffer(Buffer { value })) = item;
            *value = state[name].cast(value.dtype());
        });
        Ok(())
    }

    /// The parameters' values as constants, for evaluation.
    fn weights(&self) -> Weights
    where
        Self: Sized,
    {
        Weights::new(self, |_, parameter| Var::from(&parameter.value))
    }
}

/// A module that maps one expression to another.
pub trait Layer: Module + CloneLayer + Debug + Send + Sync {
    /// The output for an input, with these weights.
    fn forward(&self, weights: &Weights, x: Var) -> Var;
}

/// Clones layers of unknown type; every `Layer` that is `Clone` has it.
pub trait CloneLayer {
    /// A clone on the heap.
    fn boxed(&self) -> Box<dyn Layer>;
}

impl<L: Layer + Clone + 'static> CloneLayer for L {
    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Layer> {
    fn clone(&self) -> Box<dyn Layer> {
        (**self).boxed()
    }
}

/// The name of a part below a path.
pub fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
}

impl Module for Parameter {
    fn walk<'a>(&'a self, path: &str, found: &mut dyn FnMut(&str, Item<'a>)) {
        found(path, Item::Parameter(self));
    }

    fn walk_mut(&mut self, path: &str, found: &mut dyn FnMut(&str, ItemMut<'_>)) {
        found(path, ItemMut::Parameter(self));
    }
}

impl Module for Buffer {
    fn walk<'a>(&'a self, path: &str, found: &mut dyn FnMut(&str, Item<'a>)) {
        found(path, Item::Buffer(self));
    }

    fn walk_mut(&mut self, path: &str, found: &mut dyn FnMut(&str, ItemMut<'_>)) {
        found(path, ItemMut::Buffer(self));
    }
}

impl Module for Box<dyn Layer> {
    fn walk<'a>(&'a self, path: &str, found: &mut dyn FnMut(&str, Item<'a>)) {
        (**self).walk(path, found);
    }

    fn walk_mut(&mut self, path: &str, found: &mut dyn FnMut(&str, ItemMut<'_>)) {
        (**self).walk_mut(path, found);
    }
}

impl<M: Module> Module for Option<M> {
    fn walk<'a>(&'a self, path: &str, found: &mut dyn FnMut(&str, Item<'a>)) {
        self.iter().for_each(|part| part.walk(path, found));
    }

    fn walk_mut(&mut self, path: &str, found: &mut dyn FnMut(&str, ItemMut<'_>)) {
        self.iter_mut().for_each(|part| part.walk_mut(path, found));
    }
}

/// Parts by number: `path.0`, `path.1` ...
impl<M: Module> Module for Vec<M> {
    fn walk<'a>(&'a self, path: &str, found: &mut dyn FnMut(&str, Item<'a>)) {
        self.iter().enumerate().for_each(|(i, part)| part.walk(&join(path, &i.to_string()), found));
    }

    fn walk_mut(&mut self, path: &str, found: &mut dyn FnMut(&str, ItemMut<'_>)) {
        self.iter_mut().enumerate().for_each(|(i, part)| part.walk_mut(&join(path, &i.to_string()), found));
    }
}

/// Implements [`nn::Module`](crate::nn::Module) for a struct with these fields as its parts.
#[macro_export]
macro_rules! module {
    ($name:ty { $($field:ident),* $(,)? }) => {
        impl $crate::nn::Module for $name {
            fn walk<'a>(&'a self, path: &str, found: &mut dyn FnMut(&str, $crate::nn::Item<'a>)) {
                found(path, $crate::nn::Item::Module(self));
                $( $crate::nn::Module::walk(&self.$field, &$crate::nn::join(path, stringify!($field)), found); )*
            }

            fn walk_mut(&mut self, path: &str, found: &mut dyn FnMut(&str, $crate::nn::ItemMut<'_>)) {
                let _ = (path, &found);
                $( $crate::nn::Module::walk_mut(&mut self.$field, &$crate::nn::join(path, stringify!($field)), found); )*
            }
        }
    };
}
