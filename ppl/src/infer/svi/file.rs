//! Runs of variational inference in files.
//!
//! A file is that of a [`ParamStore`] with, for each parameter `w`, the optimiser's vectors `optimizer.0.w`,
//! `optimizer.1.w`, ... in the shape of `unconstrained.w`; the texts `step` and `seed`; and `kind` = `pyroxene.svi`.

use super::{SviRun, pack};
use crate::document::{self, wrong_file};
use crate::error::Error;
use crate::param::{MapLocation, ParamStore};
use std::path::Path;

const KIND: &str = "pyroxene.svi";

impl SviRun<'_> {
    /// Writes the state of the run to a file, which is replaced whole or not at all: parameters, the optimiser's vectors,
    /// the number of steps taken, and the seed. [`restore`](SviRun::restore) goes on from it, bit for bit as if the run had
    /// never stopped. Settings, such as the learning rate, are the program's and not written.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// use pyroxene::{AutoNormal, Cx, Error, ParamStore, Seed, Svi, condition, dist::Normal, optim::Adam};
    /// let model = condition(|cx: &mut Cx| {
    ///     let mean = cx.sample("mean", Normal::new(0.0, 10.0));
    ///     cx.sample("x", Normal::new(mean, 1.0));
    /// }, [("x", 4.0)]);
    /// let guide = AutoNormal::new(&model);
    /// let start = || Svi::new(Adam::new(0.05)).start(&model, &guide, ParamStore::new(), Seed(0));
    /// let path = std::env::temp_dir().join(format!("pyroxene-svi-{}.safetensors", std::process::id()));
    /// let mut first = start()?;
    /// first.step();
    /// first.save(&path)?;
    /// let mut second = start()?;
    /// second.restore(&path)?;
    /// assert_eq!(second.step(), first.step());
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let mut archive = self.params().to_archive();
        for (k, vector) in self.now[1..].iter().enumerate() {
            for (name, part) in self.names.iter().zip(self.parts(vector)) {
                archive.tensors.insert(format!("optimizer.{k}.{name}"), part);
            }
        }
        archive.metadata.insert("step".to_string(), self.taken.to_string());
        archive.metadata.insert("seed".to_string(), self.seed.0.to_string());
        document::save(path.as_ref(), KIND, archive)
    }

    /// Puts the run into the state that [`save`](SviRun::save) wrote: a run of the same model, guide and optimiser, whatever
    /// its seed and the steps it has taken. On an error the run stays as it was.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged or of another kind; if its parameters are not this run's by name, shape and
    /// constraint; or if the optimiser keeps other vectors.
    pub fn restore(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let mut archive = document::load(path, KIND)?;
        let store = ParamStore::from_archive(&mut archive, path, &MapLocation::default())?;
        self.check_parameters(&store).map_err(|message| wrong_file(path, message))?;
        let number = |key: &str| {
            let text = archive.metadata.get(key).and_then(|text| text.parse::<u64>().ok());
            text.ok_or_else(|| wrong_file(path, format!("{key:?} is not a number")))
        };
        let (taken, seed) = (number("step")?, number("seed")?);
        let mut now: Vec<Vec<f64>> = vec![Vec::new(); self.now.len()];
        for (name, shape) in self.names.iter().zip(&self.shapes) {
            let point = store.unconstrained(name).expect("a parameter of the file, as was checked");
            now[0].extend(point.to_vec::<f64>());
            for (k, vector) in now[1..].iter_mut().enumerate() {
                let key = format!("optimizer.{k}.{name}");
                match archive.tensors.remove(&key).filter(|part| part.shape() == shape.as_slice()) {
                    Some(part) => vector.extend(part.to_vec::<f64>()),
                    None => return Err(wrong_file(path, format!("there is no tensor {key:?} of shape {shape:?}"))),
                }
            }
        }
        if let Some(name) = archive.tensors.keys().next() {
            return Err(wrong_file(path, format!("this run's optimiser has no use for the tensor {name:?}")));
        }
        let dtype = self.now[0].dtype();
        self.now = now.into_iter().map(|vector| pack(vector, dtype)).collect();
        self.store = store;
        self.taken = taken;
        self.seed.0 = seed;
        Ok(())
    }

    /// Whether a store has the parameters of this run; if not, how it differs.
    fn check_parameters(&self, store: &ParamStore) -> Result<(), String> {
        if !store.names().eq(self.store.names()) {
            let names = |store: &ParamStore| store.names().map(String::from).collect::<Vec<_>>();
            return Err(format!("its parameters are {:?}, this run's {:?}", names(store), names(&self.store)));
        }
        for name in self.store.names() {
            if !store.same_constraint(name, &self.store) {
                return Err(format!("parameter {name:?} has another constraint than in this run"));
            }
            let shape = |store: &ParamStore| store.unconstrained(name).map(|point| point.shape().to_vec());
            let (found, own) = (shape(store), shape(&self.store));
            if found != own {
                let [found, own] = [found, own].map(Option::unwrap_or_default);
                return Err(format!("parameter {name:?} has the unconstrained shape {found:?}, in this run {own:?}"));
            }
        }
        Ok(())
    }
}
