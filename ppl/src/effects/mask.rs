//! Pyro's counterpart is `pyro.poutine.mask`.

use super::{Cx, Effects, Model, Sample};
use pyroxene_autograd::Var;
use pyroxene_tensor::Tensor;

pub(crate) struct Mask<'a> {
    pub(crate) mask: Var,
    pub(crate) outer: &'a mut dyn Effects,
}

impl Effects for Mask<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        site.mask = Some(site.mask.map_or(self.mask, |mask| mask.and(self.mask)));
        self.outer.sample(site);
    }
}

/// The model whose log probabilities count only where `mask` (booleans) is true; masks within masks conjoin. What is masked
/// out may be infinite or NaN.
///
/// ```
/// use pyroxene::{Cx, Seed, dist::Normal, mask, run};
/// let model = |cx: &mut Cx| cx.plate("i", 2, |cx| cx.sample("x", Normal::new(0.0, 1.0)));
/// let none = mask(model, [false, false]);
/// let log_density = run(|cx: &mut Cx| cx.trace(&none).1.log_density().item(), Seed(0))?;
/// assert_eq!(log_density, 0.0);
/// # Ok::<(), pyroxene::Error>(())
/// ```
pub fn mask<R>(model: impl Model<R>, mask: impl Into<Tensor>) -> impl Fn(&mut Cx) -> R {
    let mask = mask.into();
    move |cx| model(&mut Cx(&mut Mask { mask: Var::from(&mask), outer: cx.0 }))
}
