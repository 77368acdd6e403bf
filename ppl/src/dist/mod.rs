//! Probability distributions. Pyro's counterpart is `pyro.distributions`.
//!
//! A distribution is a small `Copy` value that holds expressions; it declares its parameters with their constraints, its
//! support and its event shape, from which validation, transforms and tests follow. Parameters broadcast against each
//! other: their joint shape, without event axes, is the batch shape. Values of discrete distributions are whole numbers as
//! f64.
//!
//! Densities are evaluated so that rounding costs no more than a rounding of the value itself would: in logarithms, with
//! large counts through Stirling's remainder instead of differences of log-gamma functions.
//!
//! | support | distributions |
//! |---|---|
//! | the real line | [`Normal`], [`Cauchy`], [`StudentT`] |
//! | the positive half | [`HalfNormal`], [`HalfCauchy`], [`LogNormal`], [`Exponential`], [`Gamma`] |
//! | an interval | [`Uniform`], [`Beta`] |
//! | whole numbers | [`Bernoulli`], [`Categorical`], [`Poisson`] |
//! | vectors | [`MultivariateNormal`], [`Dirichlet`] |
//! | as told | [`Delta`], [`ImproperUniform`], [`Independent`], [`Unit`] |

mod bernoulli;
mod beta;
mod categorical;
mod cauchy;
mod delta;
mod dirichlet;
mod exponential;
mod gamma;
mod half_cauchy;
mod half_normal;
mod improper_uniform;
mod independent;
mod log_normal;
mod multivariate_normal;
mod normal;
mod poisson;
mod special;
mod student_t;
mod support;
mod uniform;
mod unit;

pub use bernoulli::Bernoulli;
pub use beta::Beta;
pub use categorical::Categorical;
pub use cauchy::Cauchy;
pub use delta::Delta;
pub use dirichlet::Dirichlet;
pub use exponential::Exponential;
pub use gamma::Gamma;
pub use half_cauchy::HalfCauchy;
pub use half_normal::HalfNormal;
pub use improper_uniform::ImproperUniform;
pub use independent::Independent;
pub use log_normal::LogNormal;
pub use multivariate_normal::MultivariateNormal;
pub use normal::Normal;
pub use poisson::Poisson;
pub use student_t::StudentT;
pub use uniform::Uniform;
pub use unit::Unit;

use crate::constraint::Constraint;
use pyroxene_autograd::{DType, Key, Shape, Var};
use pyroxene_tensor::{fail, shape};
use std::fmt::Debug;
use std::rc::Rc;

/// A parameter of a distribution as it declares it.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The name of the constructor's argument.
    pub name: &'static str,
    /// Its value.
    pub value: Var,
    /// What the value must satisfy.
    pub constraint: Constraint,
}

impl Parameter {
    /// A parameter as a distribution declares it.
    pub fn new(name: &'static str, value: Var, constraint: Constraint) -> Parameter {
        Parameter { name, value, constraint }
    }
}

/// A location-scale form: the distribution of `loc + scale * base`, with `base` free of loc and scale.
#[derive(Clone, Debug)]
pub struct LocationScale {
    /// The location.
    pub loc: Var,
    /// The scale.
    pub scale: Var,
    /// The standard distribution (location zero, scale one), of the same batch and event shape.
    pub base: Rc<dyn Distribution>,
}

/// A probability distribution over tensors of shape `batch_shape + event_shape`.
pub trait Distribution: Debug {
    /// The type's name, for messages.
    fn name(&self) -> &'static str;

    /// The joint shape of the parameters without event axes.
    fn batch_shape(&self) -> Shape;

    /// The shape of one draw.
    fn event_shape(&self) -> Shape {
        Shape::new()
    }

    /// The values that have positive density or mass.
    fn support(&self) -> Constraint;

    /// The parameters with their constraints.
    fn parameters(&self) -> Vec<Parameter>;

    /// The log density or mass of `value`, whose shape ends in the event shape and otherwise broadcasts with the batch
    /// shape; the result has the joint batch shape. Outside the support it is -inf; it is NaN where `value` or a parameter is
    /// NaN.
    fn log_prob(&self, value: Var) -> Var;

    /// Draws of shape `batch_shape + event_shape`, where `batch_shape` is one that the distribution's own broadcasts to.
    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var;

    /// Whether a draw is a differentiable function of all parameters.
    fn is_reparameterized(&self) -> bool {
        false
    }

    /// Whether all mass is at one value, so that there is nothing to infer.
    fn is_point_mass(&self) -> bool {
        false
    }

    /// The values that a scalar distribution of finite support takes, whatever its parameters.
    fn enumerate_support(&self) -> Option<Vec<f64>> {
        None
    }

    /// The mean, batch shape then event shape; NaN where it does not exist; none where no formula is known.
    fn mean(&self) -> Option<Var> {
        None
    }

    /// The variance, like [`Distribution::mean`].
    fn variance(&self) -> Option<Var> {
        None
    }

    /// The location-scale form, if there is one.
    fn location_scale(&self) -> Option<LocationScale> {
        None
    }

    /// The distribution whose event takes in the last `axes` axes of the batch, see [`Independent`].
    ///
    /// # Panics
    /// If the batch shape has fewer axes.
    #[track_caller]
    fn to_event(self, axes: usize) -> Independent<Self>
    where
        Self: Sized,
    {
        Independent::new(self, axes)
    }
}

/// A shared distribution is one: what [`LocationScale`] holds can be part of others.
impl<D: Distribution + ?Sized> Distribution for Rc<D> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn batch_shape(&self) -> Shape {
        (**self).batch_shape()
    }

    fn event_shape(&self) -> Shape {
        (**self).event_shape()
    }

    fn support(&self) -> Constraint {
        (**self).support()
    }

    fn parameters(&self) -> Vec<Parameter> {
        (**self).parameters()
    }

    fn log_prob(&self, value: Var) -> Var {
        (**self).log_prob(value)
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        (**self).draw(key, batch_shape)
    }

    fn is_reparameterized(&self) -> bool {
        (**self).is_reparameterized()
    }

    fn is_point_mass(&self) -> bool {
        (**self).is_point_mass()
    }

    fn enumerate_support(&self) -> Option<Vec<f64>> {
        (**self).enumerate_support()
    }

    fn mean(&self) -> Option<Var> {
        (**self).mean()
    }

    fn variance(&self) -> Option<Var> {
        (**self).variance()
    }

    fn location_scale(&self) -> Option<LocationScale> {
        (**self).location_scale()
    }
}

/// A parameter or value as floating-point numbers.
#[track_caller]
pub(crate) fn real(value: impl Into<Var>) -> Var {
    let value = value.into();
    if value.dtype().is_float() { value } else { value.cast(DType::F64) }
}

/// The shape that parameters broadcast to, or a panic that names the distribution, its parameters and their shapes. The
/// last axes of a parameter, as many as its number says, belong to the event and do not count.
#[track_caller]
fn joint_shape(distribution: &str, parameters: &[(&str, Var, usize)]) -> Shape {
    let shapes: Vec<Shape> = parameters.iter().map(|(_, value, _)| value.shape()).collect();
    let listed = || {
        let each = parameters.iter().zip(&shapes).map(|((name, ..), shape)| format!("{name} {:?}", shape.as_slice()));
        each.collect::<Vec<_>>().join(" and ")
    };
    let mut batches: Vec<&[usize]> = Vec::new();
    for (&(name, _, event), shape) in parameters.iter().zip(&shapes) {
        let Some(batch) = shape.len().checked_sub(event) else {
            let kind = if event == 1 { "a vector" } else { "a matrix" };
            fail(format_args!("{distribution}: {name} must be {kind}, got {}", listed()));
        };
        batches.push(&shape[..batch]);
    }
    match shape::broadcast(distribution, &batches) {
        Ok(shape) => shape,
        Err(_) => fail(format_args!("{distribution}: {} do not broadcast", listed())),
    }
}

/// A batch shape followed by an event shape.
fn join(batch: &[usize], event: &[usize]) -> Shape {
    batch.iter().chain(event).copied().collect()
}
