//! Stores of learnable parameters. Pyro's counterpart is `ParamStoreDict`.

mod file;
mod location;
mod words;

pub use location::MapLocation;

use crate::constraint::Constraint;
use crate::effects::Param;
use crate::error::Error;
use crate::transform::{Transform, biject_to};
use crate::values::Values;
use pyroxene_autograd::{DType, Tensor, Var, scope};
use regex_lite::Regex;
use std::collections::BTreeMap;
use std::rc::Rc;

#[derive(Clone, Debug)]
struct Entry {
    unconstrained: Tensor,
    constraint: Constraint<Tensor>,
}

/// Learnable parameters by name: a value that a driver returns or the user keeps. Several can exist at once.
///
/// A parameter is stored as a point of an unconstrained space, which optimisers move, together with the constraint that its
/// values satisfy.
///
/// ```
/// use pyroxene::{Constraint, ParamStore};
/// let mut store = ParamStore::new();
/// store.set("scale", 2.0, Constraint::Positive)?;
/// assert!((store["scale"].item() - 2.0).abs() < 1e-15);
/// assert!(store.set("scale", -1.0, Constraint::Positive).is_err());
/// # Ok::<(), pyroxene::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ParamStore {
    entries: BTreeMap<String, Entry>,
    values: BTreeMap<String, Tensor>,
}

impl ParamStore {
    /// An empty store.
    pub fn new() -> ParamStore {
        ParamStore::default()
    }

    /// Sets a parameter to a value that satisfies a constraint.
    ///
    /// # Errors
    /// If the value does not satisfy the constraint, or if the constraint is discrete.
    pub fn set(&mut self, name: &str, value: impl Into<Tensor>, constraint: Constraint) -> Result<(), Error> {
        let value = value.into();
        let unconstrained = scope(|| {
            let transform = bijection(name, &constraint)?;
            let value = Var::from(&value);
            if constraint.check(value).all().item() == 0.0 {
                return Err(Error::at(name, format!("a parameter must be {constraint}, got {value}")));
            }
            Ok(transform.inverse(value).to_tensor())
        })?;
        let constraint = constraint.map(|bound| bound.to_tensor());
        self.values.insert(name.to_string(), value);
        self.entries.insert(name.to_string(), Entry { unconstrained, constraint });
        Ok(())
    }

    /// The constrained value of a parameter.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.values.get(name)
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The names and constrained values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Number of parameters.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no parameters.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The constrained values of the parameters whose names match a regular expression from their first character on, but not
    /// necessarily to their last, as Python's `re.match` does. None may match. The syntax is that of the crate regex-lite:
    /// `\d`, `\w` and `\b` know ASCII alone, and there are no look-arounds.
    ///
    /// # Errors
    /// If the pattern is not a regular expression.
    ///
    /// ```
    /// use pyroxene::{Constraint, ParamStore};
    /// let mut store = ParamStore::new();
    /// for name in ["auto.loc", "auto.scale", "net.auto"] {
    ///     store.set(name, 1.0, Constraint::Real)?;
    /// }
    /// assert_eq!(store.matching(r"auto\.")?.names().collect::<Vec<_>>(), ["auto.loc", "auto.scale"]);
    /// # Ok::<(), pyroxene::Error>(())
    /// ```
    pub fn matching(&self, pattern: &str) -> Result<Values, Error> {
        let regex = Regex::new(pattern).map_err(|source| {
            Error::new(format!("{pattern:?} is not a regular expression: {source}")).with_source(source)
        })?;
        // The leftmost match: if one begins at the first character, it is that.
        let matches = |name: &str| regex.find(name).is_some_and(|found| found.start() == 0);
        Ok(self.iter().filter(|(name, _)| matches(name)).collect())
    }

    /// Removes a parameter and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Tensor> {
        self.entries.remove(name);
        self.values.remove(name)
    }

    /// The point of the unconstrained space that stands for a parameter.
    pub fn unconstrained(&self, name: &str) -> Option<&Tensor> {
        self.entries.get(name).map(|entry| &entry.unconstrained)
    }

    /// The type of a parameter of this store.
    pub(crate) fn dtype(&self, name: &str) -> DType {
        self.entries[name].unconstrained.dtype()
    }

    /// Moves a parameter in its unconstrained space. Its type stays.
    pub(crate) fn set_unconstrained(&mut self, name: &str, point: Tensor) {
        let entry = self.entries.get_mut(name).expect("a parameter of this store");
        let point = point.cast(entry.unconstrained.dtype());
        let value = scope(|| {
            let constraint = entry.constraint.clone().map(Var::from);
            biject_to(&constraint).expect("checked when it was set").forward(Var::from(&point)).to_tensor()
        });
        entry.unconstrained = point;
        self.values.insert(name.to_string(), value);
    }

    /// The value of a parameter as the function of a point of its unconstrained space in the parameter's type.
    pub(crate) fn constrain(&self, name: &str, point: Var) -> Var {
        let entry = &self.entries[name];
        let constraint = entry.constraint.clone().map(Var::from);
        biject_to(&constraint).expect("checked when it was set").forward(point)
    }

    /// The value of a parameter statement: what is stored, or its initial value, stored from now on.
    pub(crate) fn get_or_init(&mut self, site: &Param) -> Var {
        if let Some(value) = self.get(&site.name) {
            return Var::from(value);
        }
        if let Err(error) = self.set(&site.name, site.init.to_tensor(), site.constraint.clone()) {
            error.raise();
        }
        site.init
    }
}

impl std::ops::Index<&str> for ParamStore {
    type Output = Tensor;

    /// # Panics
    /// If there is no such parameter; the message lists those there are.
    #[track_caller]
    fn index(&self, name: &str) -> &Tensor {
        match self.get(name) {
            Some(value) => value,
            None => panic!("no parameter {name:?}; there are {:?}", self.names().collect::<Vec<_>>()),
        }
    }
}

fn bijection(name: &str, constraint: &Constraint) -> Result<Rc<dyn Transform>, Error> {
    biject_to(constraint).ok_or_else(|| Error::at(name, format!("a parameter cannot be {constraint}: it is discrete")))
}
