//! From a model to a log density on R^n: the latent variables laid out in one unconstrained vector.

use super::LogDensity;
use super::compile::{Body, Compile, Routine, Signature, try_capture};
use super::enumerate::{Enumerate, is_enumerated, marginal_log_density};
use super::model_density::Potential;
use crate::constraint::Constraint;
use crate::effects::{Cx, Effects, Model, Sample, Seed, Trace, run_with};
use crate::error::Error;
use crate::transform::biject_to;
use pyroxene_autograd::{DType, Key, Program, Shape, Tensor, Var, dependence, grad, scope};
use pyroxene_kernels::random::{Stream, hash_name, mix};
use std::ops::Range;
use std::rc::Rc;

/// A continuous latent variable and its part of the unconstrained vector.
#[derive(Clone, Debug)]
pub(crate) struct Latent {
    pub(crate) name: String,
    /// The shape of its value.
    pub(crate) shape: Shape,
    /// The type of its value: that of the distribution's draws.
    dtype: DType,
    /// The shape of its unconstrained form.
    pub(crate) unconstrained: Shape,
    /// Its place in the vector.
    pub(crate) range: Range<usize>,
}

/// The latent variables of a model, in the order of a run.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) latents: Vec<Latent>,
    pub(crate) dim: usize,
    /// The largest number of batch axes of any site: enumeration takes the axes left of these.
    pub(crate) batch_dims: usize,
    /// The reported values with their shapes, but for those that depend on an enumerated site.
    pub(crate) deterministic: Vec<(String, Shape)>,
}

/// Runs the model once on draws from the prior to see its sites, and checks its data.
pub(crate) fn layout<R>(model: &impl Model<R>, seed: Seed) -> Result<Layout, Error> {
    scope(|| {
        let key = Key::from_seed(seed.0).named("layout");
        let trace = run_with(|cx: &mut Cx| cx.trace(model).1, key, None)?;
        trace.samples().iter().filter(|site| site.observed).try_for_each(check_data)?;
        if let Some(plate) = trace.plates().iter().find(|plate| plate.size != plate.full_size) {
            let message =
                format!("plate {:?} is a subsample; sampling wants all {} elements", plate.name, plate.full_size);
            return Err(Error::at(&plate.name, message));
        }
        let batch_dims = trace.samples().iter().map(Sample::batch_rank).max().unwrap_or(0);
        let mut layout = Layout { latents: Vec::new(), dim: 0, batch_dims, deterministic: Vec::new() };
        for site in trace.latents().filter(|site| !is_enumerated(site) && !site.dist.is_point_mass()) {
            let latent = latent(site, layout.dim)?;
            layout.dim = latent.range.end;
            layout.latents.push(latent);
        }
        if layout.dim == 0 {
            return Err(Error::new("the model has no continuous latent variables to sample"));
        }
        layout.deterministic = reported(model, &layout, &trace, key)?;
        Ok(layout)
    })
}

fn latent(site: &Sample, start: usize) -> Result<Latent, Error> {
    let shape = site.shape();
    let Some(transform) = biject_to(&site.dist.support()) else {
        let message = format!(
            "{} is discrete with unbounded support; it can neither be sampled by gradients nor summed out",
            site.dist.name()
        );
        return Err(Error::at(&site.name, message));
    };
    let unconstrained = transform.inverse_shape(&shape);
    let len: usize = unconstrained.iter().product();
    let dtype = site.value.expect("a site that has run has a value").dtype();
    Ok(Latent { name: site.name.clone(), shape, dtype, unconstrained, range: start..start + len })
}

/// Values to report that no enumerated site decides: deterministic ones, and point masses.
fn reported<R>(model: &impl Model<R>, layout: &Layout, drawn: &Trace, key: Key) -> Result<Vec<(String, Shape)>, Error> {
    let points = drawn.latents().filter(|site| site.dist.is_point_mass()).map(|site| site.name.clone());
    let names: Vec<String> = points.chain(drawn.deterministic().iter().map(|site| site.name.clone())).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let (trace, values) = run_with(
        |cx: &mut Cx| {
            let mut enumerate = Enumerate::new(layout.batch_dims, cx.0);
            let (_, trace) = Cx(&mut enumerate).trace(model);
            (trace, enumerate.values())
        },
        key,
        None,
    )?;
    let found = dependence(&values);
    let independent = |name: &String| trace.value(name).is_some_and(|value| found.of(value).is_empty());
    let with_shape = |name: String| drawn.value(&name).map(|value| (name, value.shape()));
    Ok(names.into_iter().filter(independent).filter_map(with_shape).collect())
}

/// Data must be numbers of the site's support, where that is known without the latent variables.
pub(crate) fn check_data(site: &Sample) -> Result<(), Error> {
    let value = site.value.expect("a site that has run has a value");
    let support = match site.dist.support() {
        Constraint::Interval(..)
        | Constraint::GreaterThan(_)
        | Constraint::LessThan(_)
        | Constraint::IntegerInterval(..) => Constraint::Real,
        support => support,
    };
    if value.is_empty() {
        return Ok(());
    }
    let value = value.to_tensor();
    let inside = support.check(Var::from(&value)).to_tensor().to_vec::<f64>();
    let Some(place) = inside.iter().position(|&inside| inside == 0.0) else { return Ok(()) };
    let event: usize = value.len() / inside.len();
    let entries = &value.to_vec::<f64>()[place * event..(place + 1) * event];
    let what = if let [entry] = entries { entry.to_string() } else { format!("{entries:?}") };
    let message = format!(
        "the observed value {what} (element {place} of shape {:?}) is outside the support of {}, which is {support}",
        value.shape(),
        site.dist.name()
    );
    Err(Error::at(&site.name, message))
}

/// Sets latent values from their unconstrained forms and collects the Jacobians.
struct Unconstrain<'a> {
    layout: &'a Layout,
    parts: &'a [Var],
    /// By latent variable, once it has been met.
    log_abs_det: Vec<Option<Var>>,
    outer: &'a mut dyn Effects,
}

impl Effects for Unconstrain<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        let known = self.layout.latents.iter().position(|latent| latent.name == site.name);
        if let (None, false, Some(index)) = (site.value, site.observed, known) {
            let transform = biject_to(&site.dist.support()).expect("checked when the layout was made");
            let point = self.parts[index];
            let value = transform.forward(point);
            let Latent { shape: expected, dtype, .. } = &self.layout.latents[index];
            if value.shape() != *expected {
                let message = format!(
                    "its support depends on an enumerated site: shape {:?} became {:?}",
                    expected.as_slice(),
                    value.shape().as_slice()
                );
                Error::at(&site.name, message).raise();
            }
            self.log_abs_det[index] = Some(planted::jacobian(transform.log_abs_det(point, value).sum()));
            site.value = Some(value.cast(*dtype));
        }
        if let Some(index) = known {
            // A value set inside the model has no Jacobian.
            self.log_abs_det[index].get_or_insert_with(|| Var::from(0.0));
        }
        self.outer.sample(site);
        if known.is_none() && !site.observed && !is_enumerated(site) && !site.dist.is_point_mass() {
            not_always(&site.name).raise();
        }
    }
}

/// The model run at a point of the unconstrained space.
struct At {
    trace: Trace,
    log_density: Var,
}

fn run_at<R>(model: &impl Model<R>, layout: &Layout, parts: &[Var]) -> Result<At, Error> {
    let body = |cx: &mut Cx| {
        let mut enumerate = Enumerate::new(layout.batch_dims, cx.0);
        let mut unconstrain =
            Unconstrain { layout, parts, log_abs_det: vec![None; layout.latents.len()], outer: &mut enumerate };
        let (_, trace) = Cx(&mut unconstrain).trace(model);
        let met = layout.latents.iter().zip(unconstrain.log_abs_det);
        let jacobian: Var = met.map(|(latent, term)| term.unwrap_or_else(|| not_always(&latent.name).raise())).sum();
        let log_density = marginal_log_density(&trace, &enumerate.sites) + jacobian;
        At { trace, log_density }
    };
    // Nothing that counts is drawn: every latent value is set.
    run_with(body, Key::from_seed(0), None)
}

impl Layout {
    /// The latent variables' parts of the vector, each in its own shape.
    fn parts(&self, vector: Var) -> Vec<Var> {
        let part = |latent: &Latent| {
            let shape: Vec<isize> = latent.unconstrained.iter().map(|&size| size as isize).collect();
            vector.slice(0, latent.range.clone()).reshape(&shape)
        };
        self.latents.iter().map(part).collect()
    }

    /// The log density and its gradient, as a function of the vector.
    pub(crate) fn density<'m, R>(&'m self, model: &'m impl Model<R>, compile: Compile) -> Result<Potential<'m>, Error> {
        let body = move |inputs: &[Var]| {
            let parts = self.parts(inputs[0]);
            let log_density = run_at(model, self, &parts)?.log_density;
            let gradients: Vec<Var> = grad(log_density, &parts).into_iter().map(|g| g.reshape(&[-1])).collect();
            Ok(vec![log_density, Var::concat(&gradients, 0)])
        };
        Ok(Potential::new(compile.routine(Signature::Wide(vec![self.vector()]), Rc::new(body))?, self.dim))
    }

    /// The log density, its gradient and its matrix of second derivatives, as a function of the vector.
    pub(crate) fn hessian<R>(&self, model: &impl Model<R>) -> Result<Program, Error> {
        let vector = [self.vector()];
        try_capture(|wrong| {
            Program::hessian(&vector, |inputs| match run_at(model, self, &self.parts(inputs[0])) {
                Ok(at) => at.log_density,
                Err(error) => {
                    *wrong = Some(error);
                    Var::from(0.0)
                }
            })
        })?
    }

    /// The shape of the vector.
    fn vector(&self) -> Shape {
        Shape::from_slice(&[self.dim])
    }

    /// The names and shapes of latent values and reported values.
    pub(crate) fn names(&self) -> Vec<(String, Shape)> {
        let latents = self.latents.iter().map(|latent| (latent.name.clone(), latent.shape.clone()));
        latents.chain(self.deterministic.iter().cloned()).collect()
    }

    /// What a point of the unconstrained space means: the values of [`Layout::names`].
    pub(crate) fn constrain<'m, R>(&'m self, model: &'m impl Model<R>, compile: Compile) -> Result<Routine<'m>, Error> {
        let names = self.names();
        let body: Body<'m> = Rc::new(move |inputs: &[Var]| {
            let trace = run_at(model, self, &self.parts(inputs[0]))?.trace;
            let value = |name: &String| trace.value(name).ok_or_else(|| not_always(name));
            names.iter().map(|(name, shape)| Ok(value(name)?.expand(shape))).collect()
        });
        compile.routine(Signature::Wide(vec![self.vector()]), body)
    }

    /// Positions at which the density and its gradient are finite: uniform on (-2, 2) in each coordinate, drawn again up to
    /// a hundred times.
    pub(crate) fn initial<R>(
        &self,
        model: &impl Model<R>,
        density: &mut impl LogDensity,
        chains: usize,
        seed: Seed,
    ) -> Result<Vec<Vec<f64>>, Error> {
        (0..chains).map(|chain| self.initial_of(model, density, chain, seed)).collect()
    }

    fn initial_of<R>(
        &self,
        model: &impl Model<R>,
        density: &mut impl LogDensity,
        chain: usize,
        seed: Seed,
    ) -> Result<Vec<f64>, Error> {
        const ATTEMPTS: usize = 100;
        let mut stream = Stream::new(mix(mix(seed.0, chain as u64), hash_name("initial position")));
        let mut position = vec![0.0; self.dim];
        let mut gradient = vec![0.0; self.dim];
        for _ in 0..ATTEMPTS {
            position.fill_with(|| 4.0 * stream.uniform() - 2.0);
            let log_density = density.evaluate(&position, &mut gradient);
            if log_density.is_finite() && gradient.iter().all(|g| g.is_finite()) {
                return Ok(position);
            }
        }
        let place = format!("chain {chain} found no initial position in {ATTEMPTS} attempts; at the last one");
        Err(match self.failure(model, &position)? {
            Some((site, reason)) => Error::at(&site, format!("{place}, {reason}")),
            None => {
                let coordinate = gradient.iter().position(|g| !g.is_finite()).unwrap_or(0);
                let latent = self.latents.iter().find(|latent| latent.range.contains(&coordinate));
                let site = latent.map_or("", |latent| latent.name.as_str());
                Error::at(site, format!("{place}, the gradient of the log density is not finite"))
            }
        })
    }

    /// The first site that fails at a position, and why.
    fn failure<R>(&self, model: &impl Model<R>, position: &[f64]) -> Result<Option<(String, String)>, Error> {
        scope(|| {
            let parts = self.parts(Var::from(Tensor::from(position)));
            Ok(run_at(model, self, &parts)?.trace.first_failure())
        })
    }
}

/// The error of a site that only some runs have.
pub(super) fn not_always(name: &str) -> Error {
    Error::at(name, "the site is not in every run of the model")
}

/// A planted bug: tests flip the Jacobian's sign to see that their check of exact moments would notice.
mod planted {
    use pyroxene_autograd::Var;

    #[cfg(test)]
    thread_local! {
        pub(super) static FLIPPED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }

    pub(super) fn jacobian(log_abs_det: Var) -> Var {
        #[cfg(test)]
        if FLIPPED.get() {
            return -log_abs_det;
        }
        log_abs_det
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::{HalfNormal, LogNormal};
    use crate::infer::Nuts;
    use crate::infer::diagnostics::mcse_mean;

    /// The largest z-score of first and second moments of constrained variables against their exact values.
    fn largest_z() -> f64 {
        let model = |cx: &mut Cx| {
            cx.sample("half", HalfNormal::new(2.0));
            cx.sample("log", LogNormal::new(0.0, 0.5));
        };
        let fit = Nuts::default().progress(false).run(&model, Seed(0)).expect("the model is right");
        let exact = [("half", 2.0 * (2.0 / std::f64::consts::PI).sqrt(), 4.0), ("log", 0.125f64.exp(), 0.5f64.exp())];
        exact.into_iter().fold(0.0, |largest, (name, mean, square)| {
            let z = |power: i32, exact: f64| {
                let draws: Vec<f64> = fit[name].to_vec::<f64>().iter().map(|x| x.powi(power)).collect();
                let chains: Vec<&[f64]> = draws.chunks(1000).collect();
                let z = ((draws.iter().sum::<f64>() / draws.len() as f64 - exact) / mcse_mean(&chains)).abs();
                // Chains that never moved know nothing.
                if z.is_nan() { f64::INFINITY } else { z }
            };
            z(1, mean).max(z(2, square)).max(largest)
        })
    }

    #[test]
    fn a_jacobian_of_the_wrong_sign_is_caught() {
        assert!(largest_z() < 4.0);
        planted::FLIPPED.set(true);
        let flipped = std::panic::catch_unwind(largest_z);
        planted::FLIPPED.set(false);
        // With the wrong sign the posterior is another one, or none at all.
        assert!(flipped.is_err() || flipped.is_ok_and(|z| z > 4.0));
    }
}
