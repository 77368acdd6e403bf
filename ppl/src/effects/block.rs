//! Pyro's counterpart is `pyro.poutine.block`.

use super::{Cx, Effects, Model, Sample};

struct Block<'a> {
    hide: &'a dyn Fn(&Sample) -> bool,
    outer: &'a mut dyn Effects,
}

impl Effects for Block<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        if !(self.hide)(site) {
            self.outer.sample(site);
        } else if site.value.is_none() {
            let key = site.key.unwrap_or_else(|| self.outer.key(&site.name));
            site.value = Some(site.dist.draw(key, &site.batch_shape));
        }
    }
}

/// The model with some sample sites hidden from the handlers outside: they run, but are not recorded, changed or scored.
///
/// ```
/// use pyroxene::{Cx, Seed, block, dist::Normal, run};
/// let model = |cx: &mut Cx| {
///     cx.sample("a", Normal::new(0.0, 1.0));
///     cx.sample("b", Normal::new(0.0, 1.0));
/// };
/// let hidden = block(model, |site| site.name == "a");
/// let names = run(|cx: &mut Cx| cx.trace(&hidden).1.samples()[0].name.clone(), Seed(0))?;
/// assert_eq!(names, "b");
/// # Ok::<(), pyroxene::Error>(())
/// ```
pub fn block<R>(model: impl Model<R>, hide: impl Fn(&Sample) -> bool) -> impl Fn(&mut Cx) -> R {
    move |cx| model(&mut Cx(&mut Block { hide: &hide, outer: cx.0 }))
}
