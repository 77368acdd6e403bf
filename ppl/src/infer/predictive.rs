//! Prior and posterior prediction. Pyro's counterpart is `pyro.infer.Predictive`.

use super::latent::capture;
use crate::effects::{Cx, Lookup, Model, Seed, Substitute, Trace, run_with};
use crate::error::Error;
use crate::values::Values;
use pyroxene_autograd::{Key, Program, Shape, Tensor, Var, scope};
use pyroxene_kernels::random::mix;

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

/// Runs the model `count` times, row `i` with row `i` of the given sites.
fn predict<R>(model: &impl Model<R>, given: &[(String, Tensor)], count: usize, seed: Seed) -> Result<Values, Error> {
    if count == 0 {
        return Err(Error::new("prediction: the number of draws is 0; it must be at least 1"));
    }
    let (mut program, names) = compile(model, given)?;
    let shapes: Vec<Shape> = program.output_shapes().map(Shape::from).collect();
    let sizes: Vec<usize> = shapes.iter().map(|shape| shape.iter().product()).collect();
    let mut columns: Vec<Vec<f64>> = sizes.iter().map(|size| vec![0.0; count * size]).collect();
    let data: Vec<Vec<f64>> = given.iter().map(|(_, draws)| draws.to_vec::<f64>()).collect();
    for row in 0..count {
        let words = Key::words(mix(seed.0, row as u64));
        let rows = data.iter().map(|data| {
            let size = data.len() / count;
            &data[row * size..(row + 1) * size]
        });
        let inputs: Vec<&[f64]> = std::iter::once(words.as_slice()).chain(rows).collect();
        let pairs = columns.iter_mut().zip(&sizes);
        let mut outputs: Vec<&mut [f64]> =
            pairs.map(|(column, &size)| &mut column[row * size..(row + 1) * size]).collect();
        program.run(&inputs, &mut outputs);
    }
    let full = |shape: &Shape| -> Shape { std::iter::once(count).chain(shape.iter().copied()).collect() };
    let tensors = columns.into_iter().zip(&shapes).map(|(column, shape)| Tensor::from_vec(column, full(shape)));
    Ok(names.into_iter().zip(tensors).collect())
}

/// The Program from a key and one row of the given sites to everything else, with the names of its outputs.
fn compile<R>(model: &impl Model<R>, given: &[(String, Tensor)]) -> Result<(Program, Vec<String>), Error> {
    let rows = given.iter().map(|(_, draws)| Shape::from(&draws.shape()[1..]));
    let shapes: Vec<Shape> = std::iter::once(Shape::from_slice(&[Key::WORDS])).chain(rows).collect();
    let mut names = Vec::new();
    let program = capture(&shapes, |inputs| {
        let values: Vec<(String, Var)> =
            given.iter().zip(&inputs[1..]).map(|((name, _), &value)| (name.clone(), value)).collect();
        let trace = trace(model, &values, Key::from_root(inputs[0]))?;
        let drawn = trace.latents().filter(|site| values.lookup(&site.name).is_none());
        let drawn = drawn.map(|site| (site.name.clone(), site.value.expect("a site that has run has a value")));
        let reported = trace.deterministic().iter().map(|site| (site.name.clone(), site.value));
        let outputs: Vec<(String, Var)> = drawn.chain(reported).collect();
        names = outputs.iter().map(|(name, _)| name.clone()).collect();
        Ok(outputs.into_iter().map(|(_, value)| value).collect())
    })?;
    Ok((program, names))
}
