//! Prior and posterior prediction. Pyro's counterpart is `pyro.infer.Predictive`.

use super::compile::{Compile, Routine, Signature};
use super::latent::not_always;
use crate::effects::{Cx, Lookup, Model, Seed, Substitute, Trace, run_with};
use crate::error::Error;
use crate::values::Values;
use pyroxene_autograd::{Batch, Key, Program, Shape, Tensor, Var, scope};
use pyroxene_kernels::random::mix;
use std::rc::Rc;

/// Draws from the prior: runs the model `count` times, each with draws of its own.
///
/// Gives, for each site that is not data and for each reported value, a tensor `[count, ...]`.
///
/// ```
/// use pyroxene::{Cx, Seed, dist::Normal, prior_predictive};
/// let model = |cx: &mut Cx| {
///     let mean = cx.sample("mean", Normal::new(0.0, 1.0));
///     cx.plate("data", 3, |cx| cx.sample("y", Normal::new(mean, 0.1)));
/// };
/// let draws = prior_predictive(&model, 100, Seed(0))?;
/// assert_eq!(draws["y"].shape(), [100, 3]);
/// # Ok::<(), pyroxene::Error>(())
/// ```
///
/// # Errors
/// What is wrong with the model, or zero draws.
pub fn prior_predictive<R>(model: &impl Model<R>, count: usize, seed: Seed) -> Result<Values, Error> {
    predict(model, &[], count, seed)
}

/// Draws of what a model says beyond a posterior: the model runs once for each posterior draw, with the sites that the two
/// have in common set to that draw.
///
/// `posterior` is a fit, or tensors `[count, ...]` by site name. `model` is usually the model before it was conditioned, so
/// that the data are drawn anew, or a model of new data that uses the same site names. Gives, for each site and reported value
/// that is not set, a tensor `[count, ...]`; for a fit `count` is `chains * draws`.
///
/// A discrete site that sampling summed out is drawn anew given the continuous ones: right for new data, but no posterior of the
/// old data's assignments.
///
/// # Errors
/// What is wrong with the model; that it has no site in common with the posterior; or that a site's shape is not that of its
/// draws.
pub fn posterior_predictive<R>(
    model: &impl Model<R>,
    posterior: impl Into<Values>,
    seed: Seed,
) -> Result<Values, Error> {
    let posterior = posterior.into();
    let sites = scope(|| -> Result<Vec<String>, Error> {
        let trace = trace(model, &Vec::new(), Key::from_seed(seed.0))?;
        Ok(trace.latents().map(|site| site.name.clone()).filter(|name| posterior.get(name).is_some()).collect())
    })?;
    let given: Vec<(String, Tensor)> = sites.into_iter().map(|name| (name.clone(), posterior[&name].clone())).collect();
    let Some((first, draws)) = given.first() else {
        return Err(Error::new("the model has no latent site in common with the posterior"));
    };
    let count = draws.shape().first().copied().unwrap_or(0);
    if let Some((name, other)) = given.iter().find(|(_, draws)| draws.shape().first() != Some(&count)) {
        let message = format!("draws of shape {:?}, but {count} draws of {first:?}", other.shape());
        return Err(Error::at(name, message));
    }
    predict(model, &given, count, seed)
}

fn trace<R>(model: &impl Model<R>, given: &dyn Lookup, key: Key) -> Result<Trace, Error> {
    run_with(|cx: &mut Cx| Cx(&mut Substitute { values: given, outer: cx.0 }).trace(model).1, key, None)
}

/// Runs the model `count` times, row `i` with row `i` of the given sites, in blocks of rows that are one Program.
fn predict<R>(model: &impl Model<R>, given: &[(String, Tensor)], count: usize, seed: Seed) -> Result<Values, Error> {
    if count == 0 {
        return Err(Error::new("prediction: the number of draws is 0; it must be at least 1"));
    }
    let rows = given.iter().map(|(_, draws)| Shape::from(&draws.shape()[1..]));
    let inputs: Vec<Shape> = std::iter::once(Shape::from_slice(&[Key::WORDS])).chain(rows).collect();
    let (names, shapes): (Vec<String>, Vec<Shape>) = scope(|| -> Result<_, Error> {
        let words = Var::from(Tensor::from(Key::words(mix(seed.0, 0))));
        let rows = given.iter().map(|(_, draws)| Var::from(draws.select(0, 0)));
        let outputs = predicted(model, given, &std::iter::once(words).chain(rows).collect::<Vec<_>>())?;
        Ok(outputs.into_iter().map(|(name, value)| (name, value.shape())).unzip())
    })?;
    let body = |inputs: &[Var]| {
        let outputs = predicted(model, given, inputs)?;
        names.iter().map(|name| outputs.lookup(name).ok_or_else(|| not_always(name))).collect()
    };
    let mut routine = Compile::Auto.routine(Signature::Wide(inputs.clone()), Rc::new(body))?;
    let words: Vec<f64> = (0..count).flat_map(|row| Key::words(mix(seed.0, row as u64))).collect();
    let given = given.iter().map(|(_, draws)| draws.to_vec::<f64>());
    let mut table = Table {
        count,
        inputs: std::iter::once(words).chain(given).collect(),
        outputs: shapes.iter().map(|shape| vec![0.0; count * shape.iter().product::<usize>()]).collect(),
    };
    match &mut routine {
        Routine::Compiled(program) => {
            let block = block(program, count);
            let mut many = program.batched(block, &vec![Batch::Each; inputs.len()]);
            table.each_block(block, |inputs, outputs| {
                many.run(inputs, outputs);
                Ok(())
            })?;
        }
        Routine::Traced(traced) => table.each_block(1, |inputs, outputs| traced.run(inputs, outputs))?,
    }
    let full = |shape: &Shape| -> Shape { std::iter::once(count).chain(shape.iter().copied()).collect() };
    let tensors = table.outputs.into_iter().zip(&shapes).map(|(column, shape)| Tensor::from_vec(column, full(shape)));
    Ok(names.iter().cloned().zip(tensors).collect())
}

/// Columns of `count` rows each.
struct Table {
    count: usize,
    inputs: Vec<Vec<f64>>,
    outputs: Vec<Vec<f64>>,
}

impl Table {
    /// Calls `run` with the inputs and outputs of `block` rows after the other. Where they do not come out even, the last block
    /// has rows of the one before it, which are what they were: a row is a function of its inputs.
    fn each_block(
        &mut self,
        block: usize,
        mut run: impl FnMut(&[&[f64]], &mut [&mut [f64]]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let count = self.count;
        let part = |column: &[f64], start: usize| {
            let size = column.len() / count;
            start * size..(start + block) * size
        };
        for start in (0..count).step_by(block).map(|start| start.min(count - block)) {
            let inputs: Vec<&[f64]> = self.inputs.iter().map(|column| &column[part(column, start)]).collect();
            let outputs = self.outputs.iter_mut().map(|column| {
                let part = part(column, start);
                &mut column[part]
            });
            run(&inputs, &mut outputs.collect::<Vec<_>>())?;
        }
        Ok(())
    }
}

/// What a block of draws may take, in numbers: as much as the second level of a cache holds.
const BLOCK: usize = 1 << 17;

/// How many of `count` draws a Program of one is run for at once. The blocks are of about one size.
fn block(one: &Program, count: usize) -> usize {
    let shapes = one.input_shapes().chain(one.output_shapes());
    let each = one.memory_len() + shapes.map(|shape| shape.iter().product::<usize>()).sum::<usize>();
    let blocks = count.div_ceil((BLOCK / each).max(1));
    count.div_ceil(blocks)
}

/// Everything that a run of the model says, but for the given sites, from a key and one row of these.
fn predicted<R>(
    model: &impl Model<R>,
    given: &[(String, Tensor)],
    inputs: &[Var],
) -> Result<Vec<(String, Var)>, Error> {
    let values: Vec<(String, Var)> =
        given.iter().zip(&inputs[1..]).map(|((name, _), &value)| (name.clone(), value)).collect();
    let trace = trace(model, &values, Key::from_root(inputs[0]))?;
    let drawn = trace.latents().filter(|site| values.lookup(&site.name).is_none());
    let drawn = drawn.map(|site| (site.name.clone(), site.value.expect("a site that has run has a value")));
    let reported = trace.deterministic().iter().map(|site| (site.name.clone(), site.value));
    Ok(drawn.chain(reported).collect())
}
