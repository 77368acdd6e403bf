//! Stores of parameters in files.
//!
//! A file is a safetensors archive, which other programs read too. Of a parameter `w` it holds the tensors `value.w`,
//! `unconstrained.w` and, in order, the bounds of its constraint, `bound.0.w` and `bound.1.w`; and the texts `constraint.w`
//! and `device.w`. Further texts are `kind` (`pyroxene.params`), `version` (`1`) and `checksum` (64-bit FNV-1a of all else).

use super::location::MapLocation;
use super::words::{decode, encode};
use super::{Entry, ParamStore, bijection};
use crate::document::{self, wrong_file};
use crate::error::Error;
use pyroxene_autograd::{Var, scope};
use pyroxene_tensor::io::safetensors::Archive;
use std::path::Path;

const KIND: &str = "pyroxene.params";

impl ParamStore {
    /// Writes all parameters to a file, which is replaced whole or not at all: values, unconstrained values and
    /// constraints, every bit of them. The format is safetensors; the names are in the source of this module.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// use pyroxene::{Constraint, Error, ParamStore};
    /// let mut store = ParamStore::new();
    /// store.set("scale", 2.0, Constraint::Positive)?;
    /// let path = std::env::temp_dir().join(format!("pyroxene-{}.safetensors", std::process::id()));
    /// store.save(&path)?;
    /// let loaded = ParamStore::load(&path)?;
    /// assert_eq!(loaded["scale"].item(), 2.0);
    /// assert_eq!(loaded.unconstrained("scale"), store.unconstrained("scale"));
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        document::save(path.as_ref(), KIND, self.to_archive())
    }

    /// Reads a store from a file. Parameters go to devices of the same names as they were saved from.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, of another kind or version, or a device is not available here; with the
    /// file and what is wrong in it.
    pub fn load(path: impl AsRef<Path>) -> Result<ParamStore, Error> {
        ParamStore::load_to(path, MapLocation::default())
    }

    /// As [`load`](ParamStore::load), with a say on the devices: one for all, by name, by a table, or by a function.
    ///
    /// # Errors
    /// As [`load`](ParamStore::load).
    pub fn load_to(path: impl AsRef<Path>, map_location: impl Into<MapLocation>) -> Result<ParamStore, Error> {
        let path = path.as_ref();
        let mut archive = document::load(path, KIND)?;
        let store = ParamStore::from_archive(&mut archive, path, &map_location.into())?;
        match archive.tensors.keys().next() {
            None => Ok(store),
            Some(name) => Err(wrong_file(path, format!("the tensor {name:?} belongs to no parameter"))),
        }
    }

    /// The tensors and texts of all parameters.
    pub(crate) fn to_archive(&self) -> Archive {
        let mut archive = Archive::default();
        for (name, entry) in &self.entries {
            let value = &self.values[name];
            let mut bounds = Vec::new();
            archive.metadata.insert(format!("constraint.{name}"), encode(&entry.constraint, &mut bounds));
            archive.metadata.insert(format!("device.{name}"), value.device().to_string());
            archive.tensors.insert(format!("value.{name}"), value.clone());
            archive.tensors.insert(format!("unconstrained.{name}"), entry.unconstrained.clone());
            for (i, bound) in bounds.into_iter().enumerate() {
                archive.tensors.insert(format!("bound.{i}.{name}"), bound);
            }
        }
        archive
    }

    /// The parameters of an archive, whose tensors are taken out of it.
    pub(crate) fn from_archive(
        archive: &mut Archive,
        path: &Path,
        map_location: &MapLocation,
    ) -> Result<ParamStore, Error> {
        let Archive { tensors, metadata } = archive;
        let mut store = ParamStore::new();
        for (key, words) in metadata.iter() {
            let Some(name) = key.strip_prefix("constraint.") else { continue };
            let wrong = |message: String| wrong_file(path, format!("parameter {name:?}: {message}"));
            let saved = metadata.get(&format!("device.{name}")).map_or("cpu", String::as_str);
            let device = map_location.find(saved).map_err(|error| {
                wrong(format!("saved from {saved:?}: {error} (`load_to` maps devices)")).with_source(error)
            })?;
            let mut take = |kind: &str| tensors.remove(&format!("{kind}.{name}")).map(|x| x.to_device(device));
            let missing = |kind: &str| wrong(format!("there is no tensor {:?}", format!("{kind}.{name}")));
            let value = take("value").ok_or_else(|| missing("value"))?;
            let unconstrained = take("unconstrained").ok_or_else(|| missing("unconstrained"))?;
            let bounds = (0..).map_while(|i| take(&format!("bound.{i}")));
            let constraint = decode(words, bounds)
                .ok_or_else(|| wrong(format!("{words:?} with these bounds is not a constraint")))?;
            let shape = scope(|| {
                let transform = bijection(name, &constraint.clone().map(Var::from))?;
                Ok::<_, Error>(transform.inverse_shape(value.shape()))
            })?;
            if unconstrained.shape() != shape.as_slice() {
                let (own, found) = (value.shape(), unconstrained.shape());
                return Err(wrong(format!("a value {own:?} has no unconstrained value {found:?}")));
            }
            store.entries.insert(name.to_string(), Entry { unconstrained, constraint });
            store.values.insert(name.to_string(), value);
        }
        Ok(store)
    }

    /// Whether a parameter has the same constraint, bounds included, in another store.
    pub(crate) fn same_constraint(&self, name: &str, other: &ParamStore) -> bool {
        let facts = |store: &ParamStore| {
            let mut bounds = Vec::new();
            store.entries.get(name).map(|entry| (encode(&entry.constraint, &mut bounds), bounds))
        };
        facts(self) == facts(other)
    }
}
