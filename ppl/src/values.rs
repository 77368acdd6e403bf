//! Named tensors.

use pyroxene_tensor::Tensor;
use std::collections::BTreeMap;
use std::ops::Index;

/// Tensors by site name: data to condition on, values to substitute, draws.
///
/// ```
/// use pyroxene::Values;
/// let data = Values::from([("y", vec![28.0, 8.0])]);
/// assert_eq!(data["y"].shape(), [2]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<String, Tensor>);

impl Values {
    /// No values.
    pub fn new() -> Values {
        Values::default()
    }

    /// The tensor for a name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.get(name)
    }

    /// Sets the tensor for a name and returns the former one.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Tensor>) -> Option<Tensor> {
        self.0.insert(name.into(), value.into())
    }

    /// The names and tensors, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Number of names.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Index<&str> for Values {
    type Output = Tensor;

    /// # Panics
    /// If there is no such name; the message lists those there are.
    #[track_caller]
    fn index(&self, name: &str) -> &Tensor {
        match self.get(name) {
            Some(value) => value,
            None => panic!("no value {name:?}; there are {:?}", self.names().collect::<Vec<_>>()),
        }
    }
}

impl<K: Into<String>, V: Into<Tensor>> FromIterator<(K, V)> for Values {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Values {
        Values(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl<K: Into<String>, V: Into<Tensor>, const N: usize> From<[(K, V); N]> for Values {
    fn from(pairs: [(K, V); N]) -> Values {
        pairs.into_iter().collect()
    }
}

impl From<&Values> for Values {
    fn from(values: &Values) -> Values {
        values.clone()
    }
}
