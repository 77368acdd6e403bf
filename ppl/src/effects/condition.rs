//! Pyro's counterpart is `pyro.poutine.condition`.

use super::{Cx, Deterministic, Effects, Model, Sample};
use crate::error::Error;
use crate::values::Values;

struct Condition<'a> {
    data: &'a Values,
    /// Names of the data that no site has asked for yet.
    unused: Vec<&'a str>,
    outer: &'a mut dyn Effects,
}

impl Effects for Condition<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        if let Some(value) = self.data.get(&site.name) {
            site.observe(value);
            self.unused.retain(|&name| name != site.name);
        }
        self.outer.sample(site);
    }

    fn deterministic(&mut self, site: &mut Deterministic) {
        if self.data.get(&site.name).is_some() {
            let message = "it was reparameterised or computed inside, so that data cannot be observed there; \
                           apply `reparam` to the conditioned model";
            Error::at(&site.name, message).raise();
        }
        self.outer.deterministic(site);
    }
}

/// The model with the named sites observed: their values are data. Data for a site that a run does not reach is an error of
/// the model, not ignored.
///
/// ```
/// use pyroxene::{Cx, Seed, condition, dist::Normal, run};
/// let model = |cx: &mut Cx| cx.sample("x", Normal::new(0.0, 1.0)).item();
/// assert_eq!(run(condition(model, [("x", 2.0)]), Seed(0))?, 2.0);
/// # Ok::<(), pyroxene::Error>(())
/// ```
pub fn condition<R>(model: impl Model<R>, data: impl Into<Values>) -> impl Fn(&mut Cx) -> R {
    let data = data.into();
    move |cx| {
        let mut handler = Condition { data: &data, unused: data.names().collect(), outer: cx.0 };
        let result = model(&mut Cx(&mut handler));
        if let Some(name) = handler.unused.first() {
            Error::at(name, "the model has no such site to observe").raise();
        }
        result
    }
}
