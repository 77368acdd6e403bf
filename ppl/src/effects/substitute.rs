//! NumPyro's counterpart is `numpyro.handlers.substitute`.

use super::{Cx, Data, Effects, Model, Param, Sample};
use crate::values::Values;
use pyroxene_autograd::Var;

/// Values by name, for handlers that set them.
pub(crate) trait Lookup {
    fn lookup(&self, name: &str) -> Option<Var>;
}

impl Lookup for Values {
    fn lookup(&self, name: &str) -> Option<Var> {
        self.get(name).map(Var::from)
    }
}

impl Lookup for Vec<(String, Var)> {
    fn lookup(&self, name: &str) -> Option<Var> {
        self.iter().find(|(own, _)| own == name).map(|&(_, value)| value)
    }
}

pub(crate) struct Substitute<'a> {
    pub(crate) values: &'a dyn Lookup,
    pub(crate) outer: &'a mut dyn Effects,
}

impl Effects for Substitute<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        if site.value.is_none() {
            site.value = self.values.lookup(&site.name);
        }
        self.outer.sample(site);
    }

    fn param(&mut self, site: &mut Param) {
        if site.value.is_none() {
            site.value = self.values.lookup(&site.name);
        }
        self.outer.param(site);
    }

    fn data(&mut self, site: &mut Data) {
        if let Some(value) = self.values.lookup(&site.name) {
            site.value = value.cast(site.value.dtype());
        }
        self.outer.data(site);
    }
}

/// The model with the named sites, parameters and data set to values; unlike [`condition`](super::condition), sites stay latent.
///
/// ```
/// use pyroxene::{Cx, Seed, dist::Normal, run, substitute};
/// let model = |cx: &mut Cx| (cx.sample("x", Normal::new(0.0, 1.0)) + cx.param("shift", 0.0)).item();
/// assert_eq!(run(substitute(model, [("x", 2.0), ("shift", 1.0)]), Seed(0))?, 3.0);
/// # Ok::<(), pyroxene::Error>(())
/// ```
pub fn substitute<R>(model: impl Model<R>, values: impl Into<Values>) -> impl Fn(&mut Cx) -> R {
    let values = values.into();
    move |cx| model(&mut Cx(&mut Substitute { values: &values, outer: cx.0 }))
}
