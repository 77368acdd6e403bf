//! Pyro's counterpart is `pyro.poutine.scale`.

use super::{Cx, Effects, Model, Sample};
use pyroxene_autograd::Var;

pub(crate) struct Scale<'a> {
    pub(crate) factor: Var,
    pub(crate) outer: &'a mut dyn Effects,
}

impl Effects for Scale<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        site.scale_by(self.factor);
        self.outer.sample(site);
    }
}

/// The model with its log probabilities multiplied by a positive factor; scales within scales multiply.
///
/// # Panics
/// If the factor is not positive.
///
/// ```
/// use pyroxene::{Cx, Seed, dist::Normal, run, scale};
/// let model = |cx: &mut Cx| cx.sample("x", Normal::new(0.0, 1.0));
/// let log_density = |model: &dyn Fn(&mut Cx) -> pyroxene::Var| {
///     run(|cx: &mut Cx| cx.trace(model).1.log_density().item(), Seed(0))
/// };
/// let half = scale(model, 0.5);
/// assert_eq!(log_density(&half)?, 0.5 * log_density(&model)?);
/// # Ok::<(), pyroxene::Error>(())
/// ```
#[track_caller]
pub fn scale<R>(model: impl Model<R>, factor: f64) -> impl Fn(&mut Cx) -> R {
    assert!(factor > 0.0, "scale: the factor must be positive, got {factor}");
    move |cx| model(&mut Cx(&mut Scale { factor: factor.into(), outer: cx.0 }))
}
