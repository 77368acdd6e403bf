//! Reparameterisation. Pyro's counterparts are `pyro.poutine.reparam` and `pyro.infer.reparam`.

use super::{Cx, Deterministic, Effects, Model, Sample};
use crate::error::Error;

/// Which sites are reparameterised, and how.
pub trait Strategy {
    /// Gives `site` a value by other sites sent to `outer` and returns true, or leaves it as it is and returns false.
    fn apply(&self, site: &mut Sample, outer: &mut dyn Effects) -> bool;

    /// The sites that must be there.
    fn names(&self) -> &[String] {
        &[]
    }
}

struct Reparam<'a> {
    strategy: &'a dyn Strategy,
    /// Names of the strategy that no site has had yet.
    unused: Vec<&'a str>,
    outer: &'a mut dyn Effects,
}

impl Effects for Reparam<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        self.unused.retain(|&name| name != site.name);
        if site.value.is_some() || !self.strategy.apply(site, self.outer) {
            self.outer.sample(site);
        }
    }
}

/// The model with latent sites expressed by others, as a strategy says: the same joint distribution of the sites' values, in
/// a geometry that is easier to sample. The site itself is reported as a deterministic value under its own name.
///
/// ```
/// use pyroxene::{Cx, NonCentered, Seed, dist::Normal, reparam, run};
/// let model = |cx: &mut Cx| {
///     let scale = cx.sample("scale", Normal::new(0.0, 3.0)).exp();
///     cx.sample("x", Normal::new(0.0, scale))
/// };
/// let cured = reparam(model, NonCentered::sites(["x"]));
/// let names = run(
///     |cx: &mut Cx| cx.trace(&cured).1.samples().iter().map(|site| site.name.clone()).collect::<Vec<_>>(),
///     Seed(0),
/// )?;
/// assert_eq!(names, ["scale", "x_decentered"]);
/// # Ok::<(), pyroxene::Error>(())
/// ```
pub fn reparam<R>(model: impl Model<R>, strategy: impl Strategy) -> impl Fn(&mut Cx) -> R {
    move |cx| {
        let unused = strategy.names().iter().map(String::as_str).collect();
        let mut handler = Reparam { strategy: &strategy, unused, outer: cx.0 };
        let result = model(&mut Cx(&mut handler));
        if let Some(name) = handler.unused.first() {
            Error::at(name, "the model has no such site to reparameterise").raise();
        }
        result
    }
}

/// The non-centred form of location-scale sites: `x = loc + scale * x_decentered`, with `x_decentered` standard
/// (Papaspiliopoulos, Roberts & Sköld 2007).
#[derive(Clone, Debug, Default)]
pub struct NonCentered {
    names: Option<Vec<String>>,
}

impl NonCentered {
    /// All latent sites that have a location-scale form.
    pub fn everywhere() -> NonCentered {
        NonCentered::default()
    }

    /// The named sites.
    pub fn sites<S: Into<String>>(names: impl IntoIterator<Item = S>) -> NonCentered {
        NonCentered { names: Some(names.into_iter().map(Into::into).collect()) }
    }
}

impl Strategy for NonCentered {
    fn names(&self) -> &[String] {
        self.names.as_deref().unwrap_or_default()
    }

    fn apply(&self, site: &mut Sample, outer: &mut dyn Effects) -> bool {
        let named = self.names.as_ref().map(|names| names.contains(&site.name));
        if named == Some(false) {
            return false;
        }
        let Some(form) = site.dist.location_scale() else {
            if named == Some(true) {
                let message = format!("{} has no location-scale form to decentre", site.dist.name());
                Error::at(&site.name, message).raise();
            }
            return false;
        };
        let mut standard = Sample { name: format!("{}_decentered", site.name), dist: form.base, ..site.clone() };
        outer.sample(&mut standard);
        let value = form.loc + form.scale * standard.value.expect("a site that has run has a value");
        let mut report = Deterministic { name: site.name.clone(), value, plates: site.plates.clone() };
        outer.deterministic(&mut report);
        site.value = Some(report.value);
        true
    }
}
