//! The evidence lower bound by Monte Carlo. Pyro's counterparts are `Trace_ELBO` and, for enumerated sites, `TraceEnum_ELBO`.

use super::enumerate::{Enumerate, is_enumerated, marginal_log_density};
use crate::effects::{Cx, Effects, Lookup, Model, Sample, Substitute, Trace, replay, run_with};
use crate::error::Error;
use crate::guide::Guide;
use crate::param::ParamStore;
use pyroxene_autograd::{Key, Var};

/// The ELBO, `E_q[ln p(x, z) - ln q(z)]`, estimated from draws of the guide.
///
/// Discrete latent sites of finite support that the guide does not draw are summed out exactly. Gradients are pathwise for
/// draws that are differentiable functions of the parameters, and by the score function for others (Ranganath, Gerrish &
/// Blei 2014).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceElbo {
    /// Number of draws that an estimate averages.
    pub particles: usize,
}

impl Default for TraceElbo {
    fn default() -> TraceElbo {
        TraceElbo { particles: 1 }
    }
}

/// An estimate of the ELBO.
#[derive(Clone, Copy, Debug)]
pub struct ElboEstimate {
    /// The estimate.
    pub value: Var,
    /// An expression whose gradient is an unbiased estimate of the ELBO's.
    pub surrogate: Var,
}

impl TraceElbo {
    /// Estimates the ELBO with draws from `key` and the parameters of `store`, as expressions in the current scope.
    ///
    /// # Errors
    /// What is wrong with model or guide: a latent site that only one of them has, shapes that differ.
    pub fn estimate<R>(
        &self,
        model: &impl Model<R>,
        guide: &(impl Guide + ?Sized),
        store: &ParamStore,
        key: Key,
    ) -> Result<ElboEstimate, Error> {
        let values: Vec<(String, Var)> =
            store.iter().map(|(name, value)| (name.to_string(), Var::from(value))).collect();
        self.estimate_with(model, guide, &values, key)
    }

    /// [`TraceElbo::estimate`] with parameter values that are expressions.
    pub(crate) fn estimate_with<R>(
        &self,
        model: &impl Model<R>,
        guide: &(impl Guide + ?Sized),
        params: &dyn Lookup,
        key: Key,
    ) -> Result<ElboEstimate, Error> {
        if self.particles == 0 {
            return Err(Error::new("elbo: particles is 0; it must be at least 1"));
        }
        let estimates = (0..self.particles as u64)
            .map(|particle| particle_estimate(model, guide, params, key.indexed(particle)))
            .collect::<Result<Vec<_>, _>>()?;
        let mean = |part: fn(&ElboEstimate) -> Var| estimates.iter().map(part).sum::<Var>() / self.particles as f64;
        Ok(ElboEstimate { value: mean(|e| e.value), surrogate: mean(|e| e.surrogate) })
    }
}

/// Cuts the derivative at draws that are not reparameterised: the score function stands for it. A part of it may exist and would
/// be counted twice.
struct Detach<'a> {
    outer: &'a mut dyn Effects,
}

impl Effects for Detach<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        self.outer.sample(site);
        if !site.observed && !site.dist.is_reparameterized() {
            site.value = site.value.map(Var::stop_gradient);
        }
    }
}

/// The traces of one draw of the guide and of the model on it, and what the model enumerated.
pub(crate) fn guided<R>(
    model: &impl Model<R>,
    guide: &(impl Guide + ?Sized),
    params: &dyn Lookup,
    key: Key,
    mut store: Option<&mut ParamStore>,
) -> Result<(Trace, Var), Error> {
    let guide_trace = run_with(
        |cx: &mut Cx| {
            let mut substitute = Substitute { values: params, outer: cx.0 };
            Cx(&mut Detach { outer: &mut substitute }).trace(|cx| guide.run(cx)).1
        },
        key,
        store.as_deref_mut(),
    )?;
    let batch_dims = model_batch_dims(model, &guide_trace, params, key)?;
    let replayed = replay(
        |cx: &mut Cx| {
            model(cx);
        },
        guide_trace.clone(),
    );
    let (model_trace, log_density) = run_with(
        |cx: &mut Cx| {
            let mut substitute = Substitute { values: params, outer: cx.0 };
            let mut enumerate = Enumerate::new(batch_dims, &mut substitute);
            let (_, trace) = Cx(&mut enumerate).trace(&replayed);
            let log_density = marginal_log_density(&trace, &enumerate.sites);
            (trace, log_density)
        },
        key,
        store,
    )?;
    check_sites(&model_trace, &guide_trace)?;
    Ok((guide_trace, log_density))
}

/// The largest number of batch axes of the model's sites.
fn model_batch_dims<R>(model: &impl Model<R>, guide: &Trace, params: &dyn Lookup, key: Key) -> Result<usize, Error> {
    let replayed = replay(
        |cx: &mut Cx| {
            model(cx);
        },
        guide.clone(),
    );
    let trace =
        run_with(|cx: &mut Cx| Cx(&mut Substitute { values: params, outer: cx.0 }).trace(&replayed).1, key, None)?;
    Ok(trace.samples().iter().map(Sample::batch_rank).max().unwrap_or(0))
}

/// Model and guide must draw the same latent sites.
fn check_sites(model: &Trace, guide: &Trace) -> Result<(), Error> {
    let missing =
        |site: &&Sample| guide.sample(&site.name).is_none() && !is_enumerated(site) && !site.dist.is_point_mass();
    if let Some(site) = model.latents().find(missing) {
        return Err(Error::at(&site.name, "the guide does not draw this latent site of the model"));
    }
    let unknown = |site: &&Sample| !site.auxiliary && model.sample(&site.name).is_none();
    match guide.latents().find(unknown) {
        Some(site) => Err(Error::at(&site.name, "the model has no such site, which the guide draws")),
        None => Ok(()),
    }
}

fn particle_estimate<R>(
    model: &impl Model<R>,
    guide: &(impl Guide + ?Sized),
    params: &dyn Lookup,
    key: Key,
) -> Result<ElboEstimate, Error> {
    let (guide_trace, log_density) = guided(model, guide, params, key, None)?;
    let value = log_density - guide_trace.log_density();
    let drawn_blindly = guide_trace.latents().filter(|site| !site.dist.is_reparameterized());
    let score: Option<Var> = drawn_blindly.map(|site| site.unscaled_log_prob().sum()).reduce(|a, b| a + b);
    let surrogate = score.map_or(value, |score| value + score * value.stop_gradient());
    Ok(ElboEstimate { value, surrogate })
}
