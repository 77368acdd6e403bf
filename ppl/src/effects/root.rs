//! The outermost handler: it draws, looks parameters up, allocates plate axes and checks.

use super::plate::allocate;
use super::{Cx, Data, Deterministic, Effects, Model, Param, PlateFrame, Sample};
use crate::error::{Error, catch};
use crate::param::ParamStore;
use pyroxene_autograd::{Key, Shape};
use pyroxene_tensor::context;
use std::collections::HashSet;

/// The seed of a run: everything random follows from it, bit for bit, on any machine and number of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Seed(pub u64);

/// Answers what no other handler has.
pub(crate) struct Root<'a> {
    key: Key,
    store: Option<&'a mut ParamStore>,
    names: HashSet<String>,
}

impl<'a> Root<'a> {
    pub(crate) fn new(key: Key, store: Option<&'a mut ParamStore>) -> Root<'a> {
        Root { key, store, names: HashSet::new() }
    }

    fn claim(&mut self, kind: &str, name: &str) {
        if !self.names.insert(name.to_string()) {
            Error::at(name, format!("the name of a {kind} is used twice in one run of the model")).raise();
        }
    }
}

impl Effects for Root<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        None
    }

    fn sample(&mut self, site: &mut Sample) {
        self.claim("sample site", &site.name);
        if site.value.is_none() {
            let key = site.key.unwrap_or_else(|| self.key(&site.name));
            site.value = Some(site.dist.draw(key, &site.batch_shape));
        }
        check_value(site);
    }

    fn param(&mut self, site: &mut Param) {
        if site.value.is_none() {
            site.value = Some(match &mut self.store {
                Some(store) => store.get_or_init(site),
                None => site.init,
            });
        }
    }

    fn deterministic(&mut self, site: &mut Deterministic) {
        self.claim("deterministic site", &site.name);
    }

    fn data(&mut self, site: &mut Data) {
        self.claim("declaration of data", &site.name);
    }

    fn plate(&mut self, plate: &mut PlateFrame, taken: &mut Vec<isize>) {
        allocate(plate, taken);
        if plate.size != plate.full_size && plate.indices.is_none() {
            plate.indices = Some(self.key(&plate.name).choice(plate.full_size, plate.size));
        }
    }

    fn key(&mut self, site: &str) -> Key {
        self.key.named(site)
    }
}

/// A value must fit the site: its shape broadcasts to batch shape and event shape without growing the plates.
fn check_value(site: &Sample) {
    let value = site.value.expect("set above").shape();
    let event = site.dist.event_shape();
    let batch = value.len().checked_sub(event.len()).map(|rank| &value[..rank]);
    let fits = batch.is_some_and(|batch| {
        value.ends_with(&event)
            && pyroxene_tensor::shape::broadcast("value", &[batch, &site.batch_shape])
                .is_ok_and(|joint: Shape| plates_keep_size(site, &joint))
    });
    if !fits {
        Error::at(
            &site.name,
            format!(
                "a value of shape {:?} does not fit {} with batch shape {:?} and event shape {:?} in {}",
                value.as_slice(),
                site.dist.name(),
                site.batch_shape.as_slice(),
                event.as_slice(),
                site.describe_plates()
            ),
        )
        .raise();
    }
}

fn plates_keep_size(site: &Sample, joint: &[usize]) -> bool {
    site.plates.iter().all(|plate| joint[joint.len() - plate.dim.unsigned_abs()] == plate.size)
}

/// Runs a model once: values are drawn from `seed`, parameters take their initial values.
///
/// # Errors
/// What is wrong with the model: a name used twice, a value that does not fit its site, an empty plate.
pub fn run<R>(model: impl Model<R>, seed: Seed) -> Result<R, Error> {
    run_with(&model, Key::from_seed(seed.0), None)
}

/// Runs a model once, with a key and a store of parameters.
pub(crate) fn run_with<R>(model: impl Model<R>, key: Key, store: Option<&mut ParamStore>) -> Result<R, Error> {
    let result = catch(|| model(&mut Cx(&mut Root::new(key, store))));
    context::set_site("");
    result
}
