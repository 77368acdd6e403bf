//! Stochastic variational inference. Pyro's counterpart is `pyro.infer.SVI`.

mod file;

use super::elbo::{TraceElbo, guided};
use super::latent::{capture, check_data};
use crate::effects::{Cx, Model, Seed, replay, run_with};
use crate::error::Error;
use crate::guide::Guide;
use crate::optim::{Adam, Optimizer};
use crate::param::ParamStore;
use crate::values::Values;
use pyroxene_autograd::{Key, Program, Shape, Tensor, Var, grad, scope};
use pyroxene_kernels::random::mix;

/// Stochastic variational inference: moves the parameters of a guide, and of the model, to raise the ELBO.
///
/// A whole step (draws, loss, gradient, update) is one compiled Program; its noise comes from a key that changes with the step.
///
/// ```
/// use pyroxene::{AutoNormal, Cx, Seed, Svi, condition, dist::Normal, optim::Adam};
/// let model = |cx: &mut Cx| {
///     let mean = cx.sample("mean", Normal::new(0.0, 10.0));
///     cx.plate("data", 3, |cx| cx.sample("x", Normal::new(mean, 1.0)));
/// };
/// let posterior = condition(model, [("x", [4.0, 5.0, 6.0])]);
/// let guide = AutoNormal::new(&posterior);
/// let fit = Svi::new(Adam::new(0.05)).steps(1_000).run(&posterior, &guide, Seed(0))?;
/// assert!((fit.params["auto.mean.loc"].item() - 5.0).abs() < 0.2);
/// # Ok::<(), pyroxene::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Svi<O = Adam> {
    /// How parameters move.
    pub optimizer: O,
    /// What is raised.
    pub elbo: TraceElbo,
    /// Number of steps that [`Svi::run`] takes; 1000 by default.
    pub steps: usize,
}

/// What a run of [`Svi`] found.
#[derive(Clone, Debug)]
pub struct SviFit {
    /// The parameters.
    pub params: ParamStore,
    /// The loss, an estimate of minus the ELBO, before each step.
    pub losses: Vec<f64>,
}

impl<O: Optimizer> Svi<O> {
    /// Variational inference with an optimiser, one particle and 1000 steps.
    pub fn new(optimizer: O) -> Svi<O> {
        Svi { optimizer, elbo: TraceElbo::default(), steps: 1000 }
    }

    /// Sets the number of steps.
    #[must_use]
    pub fn steps(self, steps: usize) -> Svi<O> {
        Svi { steps, ..self }
    }

    /// Sets the number of draws that each step averages.
    #[must_use]
    pub fn particles(self, particles: usize) -> Svi<O> {
        Svi { elbo: TraceElbo { particles }, ..self }
    }

    /// Takes all steps from parameters at their initial values.
    ///
    /// # Errors
    /// As [`Svi::start`]; or a loss that is not a number, which names the step and the site.
    pub fn run<R>(&self, model: &impl Model<R>, guide: &(impl Guide + ?Sized), seed: Seed) -> Result<SviFit, Error> {
        if self.steps == 0 {
            return Err(Error::new("svi: steps is 0; it must be at least 1"));
        }
        let mut run = self.start(model, guide, ParamStore::new(), seed)?;
        let mut losses = Vec::with_capacity(self.steps);
        for step in 1..=self.steps {
            let loss = run.step();
            if loss.is_nan() {
                std::mem::swap(&mut run.now, &mut run.next);
                return Err(run.failure(model, guide, step));
            }
            losses.push(loss);
        }
        Ok(SviFit { params: run.params(), losses })
    }

    /// Compiles a step. Parameters that `store` holds start there, others at their initial values.
    ///
    /// # Errors
    /// What is wrong with the model, its data or the guide; or that neither has a parameter.
    pub fn start<R>(
        &self,
        model: &impl Model<R>,
        guide: &(impl Guide + ?Sized),
        mut store: ParamStore,
        seed: Seed,
    ) -> Result<SviRun, Error> {
        let names = scope(|| parameters(model, guide, &mut store, seed))?;
        let points: Vec<Tensor> =
            names.iter().map(|name| store.unconstrained(name).expect("registered").clone()).collect();
        let parameters: Vec<f64> = points.iter().flat_map(|point| point.to_vec::<f64>()).collect();
        let shapes: Vec<Shape> = points.iter().map(|point| point.shape().into()).collect();
        let program = self.compile(model, guide, &store, &names, &shapes)?;
        let state = vec![vec![0.0; parameters.len()]; self.optimizer.state_vectors()];
        let now: Vec<Vec<f64>> = std::iter::once(parameters).chain(state).collect();
        Ok(SviRun { program, store, names, shapes, next: now.clone(), now, seed, taken: 0 })
    }

    fn compile<R>(
        &self,
        model: &impl Model<R>,
        guide: &(impl Guide + ?Sized),
        store: &ParamStore,
        names: &[String],
        shapes: &[Shape],
    ) -> Result<Program, Error> {
        let len: usize = shapes.iter().map(|shape| shape.iter().product::<usize>()).sum();
        let mut inputs: Vec<Vec<usize>> = vec![vec![Key::WORDS], vec![], vec![len]];
        inputs.extend((0..self.optimizer.state_vectors()).map(|_| vec![len]));
        capture(&inputs, |inputs| {
            let (key, step, vector, state) = (Key::from_root(inputs[0]), inputs[1], inputs[2], &inputs[3..]);
            let points = split(vector, shapes);
            let values: Vec<(String, Var)> =
                names.iter().zip(&points).map(|(name, &point)| (name.clone(), store.constrain(name, point))).collect();
            let elbo = self.elbo.estimate_with(model, guide, &values, key)?;
            let gradients: Vec<Var> = grad(-elbo.surrogate, &points).into_iter().map(|g| g.reshape(&[-1])).collect();
            let (moved, state) = self.optimizer.step(vector, Var::concat(&gradients, 0), state, step);
            Ok([-elbo.value, moved].into_iter().chain(state).collect())
        })
    }
}

/// The parts of a vector, each in its shape.
fn split(vector: Var, shapes: &[Shape]) -> Vec<Var> {
    let mut start = 0;
    shapes
        .iter()
        .map(|shape| {
            let len: usize = shape.iter().product();
            start += len;
            let signed: Vec<isize> = shape.iter().map(|&size| size as isize).collect();
            vector.slice(0, start - len..start).reshape(&signed)
        })
        .collect()
}

/// Registers the parameters of guide and model, checks the data, and gives the parameters' names.
fn parameters<R>(
    model: &impl Model<R>,
    guide: &(impl Guide + ?Sized),
    store: &mut ParamStore,
    seed: Seed,
) -> Result<Vec<String>, Error> {
    let key = Key::from_seed(seed.0).named("parameters");
    let guide_trace = run_with(|cx: &mut Cx| cx.trace(|cx| guide.run(cx)).1, key, Some(store))?;
    let replayed = replay(
        |cx: &mut Cx| {
            model(cx);
        },
        guide_trace.clone(),
    );
    let model_trace = run_with(|cx: &mut Cx| cx.trace(&replayed).1, key, Some(store))?;
    model_trace.samples().iter().filter(|site| site.observed).try_for_each(check_data)?;
    guided(model, guide, &Vec::new(), key, Some(store))?;
    let mut names: Vec<String> = Vec::new();
    for param in guide_trace.params().iter().chain(model_trace.params()) {
        if !names.contains(&param.name) {
            names.push(param.name.clone());
        }
    }
    if names.is_empty() {
        return Err(Error::new("svi: neither the model nor the guide has a parameter to learn"));
    }
    Ok(names)
}

/// A run of [`Svi`] that the user steps.
#[derive(Clone, Debug)]
pub struct SviRun {
    program: Program,
    store: ParamStore,
    names: Vec<String>,
    shapes: Vec<Shape>,
    /// The parameters, then the optimiser's vectors.
    now: Vec<Vec<f64>>,
    /// Room for those after the next step, and after it those before.
    next: Vec<Vec<f64>>,
    seed: Seed,
    taken: u64,
}

impl SviRun {
    /// Takes a step and returns the loss before it.
    pub fn step(&mut self) -> f64 {
        self.taken += 1;
        let words = self.words();
        let count = [self.taken as f64];
        let mut loss = [0.0];
        let mut inputs: Vec<&[f64]> = vec![&words, &count];
        inputs.extend(self.now.iter().map(Vec::as_slice));
        let mut outputs: Vec<&mut [f64]> = vec![&mut loss];
        outputs.extend(self.next.iter_mut().map(Vec::as_mut_slice));
        self.program.run(&inputs, &mut outputs);
        std::mem::swap(&mut self.now, &mut self.next);
        loss[0]
    }

    /// The key of the step that was taken last, as a Program's input.
    fn words(&self) -> [f64; 2] {
        Key::words(mix(self.seed.0, self.taken))
    }

    /// The parameters as they are now.
    pub fn params(&self) -> ParamStore {
        let mut store = self.store.clone();
        let mut start = 0;
        for (name, shape) in self.names.iter().zip(&self.shapes) {
            let len: usize = shape.iter().product();
            let point = Tensor::from_vec(self.now[0][start..start + len].to_vec(), shape);
            store.set_unconstrained(name, point);
            start += len;
        }
        store
    }

    /// Why the loss of the last step is not a number.
    fn failure<R>(&self, model: &impl Model<R>, guide: &(impl Guide + ?Sized), step: usize) -> Error {
        let place = format!("svi: the loss of step {step} is not a number");
        let found = scope(|| {
            let values: Values = self.params().iter().map(|(name, value)| (name, value.clone())).collect();
            let key = Key::from_root(Var::from(Tensor::from(self.words()))).indexed(0);
            let (guide_trace, _) = guided(model, guide, &values, key, None).ok()?;
            let replayed = replay(
                |cx: &mut Cx| {
                    model(cx);
                },
                guide_trace.clone(),
            );
            let substituted = crate::effects::substitute(replayed, values);
            let model_trace = run_with(|cx: &mut Cx| cx.trace(&substituted).1, key, None).ok()?;
            guide_trace.first_failure().or_else(|| model_trace.first_failure())
        });
        match found {
            Some((site, reason)) => Error::at(&site, format!("{place}: {reason}")),
            None => Error::new(place),
        }
    }
}

impl SviFit {
    /// Draws from the guide at the parameters found: for each site a tensor `[count, ...]`.
    ///
    /// # Errors
    /// What is wrong with the guide, or zero draws.
    pub fn draws(&self, guide: &(impl Guide + ?Sized), count: usize, seed: Seed) -> Result<Values, Error> {
        let values: Values = self.params.iter().map(|(name, value)| (name, value.clone())).collect();
        let fitted = crate::effects::substitute(|cx: &mut Cx| guide.run(cx), values);
        super::prior_predictive(&fitted, count, seed)
    }
}
