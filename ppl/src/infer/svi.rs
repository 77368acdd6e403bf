//! Stochastic variational inference. Pyro's counterpart is `pyro.infer.SVI`.

mod file;
mod step;

use super::compile::Compile;
use super::elbo::{TraceElbo, guided};
use super::latent::check_data;
use crate::effects::{Cx, Model, Seed, replay, run_with};
use crate::error::Error;
use crate::guide::Guide;
use crate::optim::{Adam, Optimizer};
use crate::param::ParamStore;
use crate::values::Values;
use pyroxene_autograd::{DType, Key, Packed, Program, Shape, Tensor, Var, grad, scope};
use pyroxene_kernels::random::mix;
use std::ops::Range;
use std::rc::Rc;
use step::{Input, Steps};

/// Stochastic variational inference: moves the parameters of a guide, and of the model, to raise the ELBO.
///
/// A whole step (draws, loss, gradient, update) is one compiled Program; its noise comes from a key that changes with the step,
/// and so do the indices of subsampled plates. Data that change are declared with [`Cx::data`] and given to
/// [`SviRun::step_on`].
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
    /// Whether a step is compiled; [`Compile::Auto`] by default.
    pub compile: Compile,
}

/// What a run of [`Svi`] found.
#[derive(Clone, Debug)]
pub struct SviFit {
    /// The parameters.
    pub params: ParamStore,
    /// The loss, an estimate of minus the ELBO, before each step.
    pub losses: Vec<f64>,
}

impl<O: Optimizer + Clone> Svi<O> {
    /// Variational inference with an optimiser, one particle and 1000 steps.
    pub fn new(optimizer: O) -> Svi<O> {
        Svi { optimizer, elbo: TraceElbo::default(), steps: 1000, compile: Compile::Auto }
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

    /// Sets whether a step is compiled.
    #[must_use]
    pub fn compile(self, compile: Compile) -> Svi<O> {
        Svi { compile, ..self }
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
            let loss = run.advance()?;
            if loss.is_nan() {
                std::mem::swap(&mut run.now, &mut run.next);
                return Err(run.failure(model, guide, step));
            }
            losses.push(loss);
        }
        Ok(SviFit { params: run.params(), losses })
    }

    /// Compiles a step, if it can be compiled. Parameters that `store` holds start there, others at their initial values.
    ///
    /// # Errors
    /// What is wrong with the model, its data or the guide; or that neither has a parameter.
    pub fn start<'m, R>(
        &self,
        model: &'m impl Model<R>,
        guide: &'m (impl Guide + ?Sized),
        mut store: ParamStore,
        seed: Seed,
    ) -> Result<SviRun<'m>, Error>
    where
        O: 'm,
    {
        let (names, data) = scope(|| declared(model, guide, &mut store, seed))?;
        let points: Vec<Tensor> =
            names.iter().map(|name| store.unconstrained(name).expect("registered").clone()).collect();
        let dtype = if points.iter().all(|point| point.dtype() == DType::F32) { DType::F32 } else { DType::F64 };
        let parameters: Vec<f64> = points.iter().flat_map(|point| point.to_vec::<f64>()).collect();
        let shapes: Vec<Shape> = points.iter().map(|point| point.shape().into()).collect();
        let vectors = self.optimizer.state_vectors();
        let lookup = Names { store: store.clone(), names: names.clone(), shapes: shapes.clone() };
        let declared: Vec<String> = data.iter().map(|input| input.name.clone()).collect();
        let (optimizer, elbo) = (self.optimizer.clone(), self.elbo);
        let body = move |inputs: &[Var]| {
            let (key, step, vector) = (Key::from_root(inputs[0]), inputs[1], inputs[2]);
            let (state, data) = inputs[3..].split_at(vectors);
            // In the types of the parameters, so that gradients are in theirs.
            let points: Vec<Var> = split(vector, &lookup.shapes)
                .into_iter()
                .zip(&lookup.names)
                .map(|(point, name)| point.cast(lookup.store.dtype(name)))
                .collect();
            let parameters = lookup.names.iter().zip(&points);
            let parameters = parameters.map(|(name, &point)| (name.clone(), lookup.store.constrain(name, point)));
            let data = declared.iter().cloned().zip(data.iter().copied());
            let values: Vec<(String, Var)> = parameters.chain(data).collect();
            let elbo = elbo.estimate_with(model, guide, &values, key)?;
            let gradients: Vec<Var> = grad(-elbo.surrogate, &points).into_iter().map(|g| g.reshape(&[-1])).collect();
            let gradient = Var::concat(&gradients, 0).cast(dtype);
            let (moved, state) = optimizer.step(vector, gradient, state, step);
            let state = [moved].into_iter().chain(state).map(|vector| vector.cast(dtype));
            Ok([(-elbo.value).cast(DType::F64)].into_iter().chain(state).collect())
        };
        let mut fixed = vec![(Shape::from_slice(&[Key::WORDS]), DType::F64), (Shape::new(), DType::F64)];
        fixed.extend(vec![(Shape::from_slice(&[parameters.len()]), dtype); 1 + vectors]);
        let mut steps = Steps::new(self.compile, Rc::new(body), fixed);
        steps.prepare(&data)?;
        let state = vec![Packed::zeros([parameters.len()], dtype); vectors];
        let now: Vec<Packed> = [pack(parameters, dtype)].into_iter().chain(state).collect();
        Ok(SviRun { steps, data, store, names, shapes, next: now.clone(), now, seed, taken: 0 })
    }
}

/// A vector of a run in this type.
fn pack(numbers: Vec<f64>, dtype: DType) -> Packed {
    Packed::of(&Tensor::from(numbers).cast(dtype))
}

/// The parameters of a run, for its step.
struct Names {
    store: ParamStore,
    names: Vec<String>,
    shapes: Vec<Shape>,
}

/// The parts of a vector, each in its shape.
fn split(vector: Var, shapes: &[Shape]) -> Vec<Var> {
    places(shapes).map(|(place, sizes)| vector.slice(0, place).reshape(&sizes)).collect()
}

/// Where values of these shapes lie in a vector, one after the other, with their sizes.
fn places(shapes: &[Shape]) -> impl Iterator<Item = (Range<usize>, Vec<isize>)> {
    let mut start = 0;
    shapes.iter().map(move |shape| {
        let len: usize = shape.iter().product();
        start += len;
        (start - len..start, shape.iter().map(|&size| size as isize).collect())
    })
}

/// Registers the parameters of guide and model and checks the data; gives the parameters' names and the declared data.
fn declared<R>(
    model: &impl Model<R>,
    guide: &(impl Guide + ?Sized),
    store: &mut ParamStore,
    seed: Seed,
) -> Result<(Vec<String>, Vec<Input>), Error> {
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
    let mut inputs: Vec<Input> = Vec::new();
    for data in guide_trace.data().iter().chain(model_trace.data()) {
        if names.contains(&data.name) {
            return Err(Error::at(&data.name, "the name of a parameter is also one of data"));
        }
        if inputs.iter().all(|input| input.name != data.name) {
            inputs.push(Input::new(&data.name, &data.value.to_tensor()));
        }
    }
    Ok((names, inputs))
}

/// A run of [`Svi`] that the user steps.
#[derive(Clone, Debug)]
pub struct SviRun<'m> {
    steps: Steps<'m>,
    /// What the model has declared, with the values of the last step.
    data: Vec<Input>,
    store: ParamStore,
    names: Vec<String>,
    shapes: Vec<Shape>,
    /// The parameters, then the optimiser's vectors: f32 if all parameters are.
    now: Vec<Packed>,
    /// Room for those after the next step, and after it those before.
    next: Vec<Packed>,
    seed: Seed,
    taken: u64,
}

impl SviRun<'_> {
    /// Takes a step and returns the loss before it.
    ///
    /// # Panics
    /// If a model that is not compiled is found to be wrong in this step; [`step_on`](SviRun::step_on) gives the error.
    pub fn step(&mut self) -> f64 {
        self.advance().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Takes a step on other data: values for names that the model or the guide has declared with [`Cx::data`]. Those
    /// that are not given stay as they were in the last step. Data of shapes that are new compile the step anew; those of the
    /// last sixteen lists of shapes are kept.
    ///
    /// ```
    /// use pyroxene::{AutoNormal, Cx, ParamStore, Plate, Seed, Svi, Tensor, dist::Normal, optim::Adam};
    /// let batches: Vec<Tensor> = (0..4).map(|k| Tensor::from([4.0 + 0.1 * k as f64, 6.0])).collect();
    /// let model = |cx: &mut Cx| {
    ///     let y = cx.data("y", &batches[0]);
    ///     let mean = cx.sample("mean", Normal::new(0.0, 10.0));
    ///     // Two of the eight rows at a time; their log probabilities stand for all.
    ///     cx.plate_with(Plate::new("row", 8).subsample(2), |cx, _| cx.observe("obs", Normal::new(mean, 1.0), y));
    /// };
    /// let guide = AutoNormal::new(&model);
    /// let mut run = Svi::new(Adam::new(0.02)).start(&model, &guide, ParamStore::new(), Seed(0))?;
    /// for step in 0..1_000 {
    ///     run.step_on([("y", batches[step % 4].clone())])?;
    /// }
    /// assert!((run.params()["auto.mean.loc"].item() - 5.075).abs() < 0.3);
    /// assert_eq!(run.captures(), 1);
    /// # Ok::<(), pyroxene::Error>(())
    /// ```
    ///
    /// # Errors
    /// A name that is not declared, an element type other than the declared one, or what is wrong with the model on data of these
    /// shapes. The run stays as it was.
    pub fn step_on(&mut self, data: impl Into<Values>) -> Result<f64, Error> {
        let mut changed = self.data.clone();
        for (name, value) in data.into().iter() {
            let Some(input) = changed.iter_mut().find(|input| input.name == name) else {
                return Err(Error::at(name, "no data are declared under this name, see `Cx::data`"));
            };
            input.set(value)?;
        }
        let before = std::mem::replace(&mut self.data, changed);
        self.advance().inspect_err(|_| self.data = before)
    }

    /// How often the step has been compiled.
    pub fn captures(&self) -> usize {
        self.steps.captures()
    }

    /// The compiled step, for data of the shapes of the last one; none if the model is traced in each step.
    pub fn program(&self) -> Option<&Program> {
        self.steps.program()
    }

    fn advance(&mut self) -> Result<f64, Error> {
        self.taken += 1;
        let words = self.words();
        let count = [self.taken as f64];
        let mut loss = [0.0];
        let mut inputs: Vec<&[f64]> = vec![&words, &count];
        inputs.extend(self.now.iter().map(Packed::as_slice));
        inputs.extend(self.data.iter().map(Input::values));
        let mut outputs: Vec<&mut [f64]> = vec![&mut loss];
        outputs.extend(self.next.iter_mut().map(Packed::as_mut_slice));
        let done = self.steps.prepare(&self.data).and_then(|routine| routine.run(&inputs, &mut outputs));
        if let Err(error) = done {
            self.taken -= 1;
            return Err(error);
        }
        std::mem::swap(&mut self.now, &mut self.next);
        Ok(loss[0])
    }

    /// The key of the step that was taken last, as a Program's input.
    fn words(&self) -> [f64; 2] {
        Key::words(mix(self.seed.0, self.taken))
    }

    /// The parameters as they are now.
    pub fn params(&self) -> ParamStore {
        let mut store = self.store.clone();
        for (name, point) in self.names.iter().zip(self.parts(&self.now[0])) {
            store.set_unconstrained(name, point);
        }
        store
    }

    /// The part of a vector that belongs to each parameter.
    fn parts(&self, vector: &Packed) -> impl Iterator<Item = Tensor> {
        let vector = vector.to_tensor();
        places(&self.shapes).map(move |(place, sizes)| vector.slice(0, place).reshape(&sizes))
    }

    /// Why the loss of the last step is not a number.
    fn failure<R>(&self, model: &impl Model<R>, guide: &(impl Guide + ?Sized), step: usize) -> Error {
        let place = format!("svi: the loss of step {step} is not a number");
        let found = scope(|| {
            let params = self.params();
            let parameters = params.iter().map(|(name, value)| (name.to_string(), value.clone()));
            let data = self.data.iter().map(|input| (input.name.clone(), input.tensor()));
            let values: Values = parameters.chain(data).collect();
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
