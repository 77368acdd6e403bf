//! The log density of a model on R^n: at one position, at many, and with its second derivatives.

use super::LogDensity;
use super::compile::{Compile, Routine, Traced};
use super::latent::layout;
use crate::effects::{Model, Seed};
use crate::error::Error;
use pyroxene_autograd::{Batch, Program};

/// The log density of a model, compiled or not.
#[expect(clippy::large_enum_variant, reason = "there are few of them, and none is moved in a loop")]
pub(crate) enum Potential<'m> {
    Compiled(ModelDensity),
    Traced(TracedDensity<'m>),
}

impl Potential<'_> {
    /// From a function of the vector of `dim` coordinates to the log density and its gradient.
    pub(super) fn new(routine: Routine<'_>, dim: usize) -> Potential<'_> {
        match routine {
            Routine::Compiled(program) => Potential::Compiled(ModelDensity { program, dim }),
            Routine::Traced(traced) => Potential::Traced(TracedDensity { traced, dim }),
        }
    }
}

/// The log density of a model that is traced at each evaluation.
#[derive(Clone)]
pub(crate) struct TracedDensity<'m> {
    traced: Traced<'m>,
    dim: usize,
}

impl LogDensity for TracedDensity<'_> {
    fn dim(&self) -> usize {
        self.dim
    }

    /// Leaves with an [`Error`] if the model is wrong here.
    fn evaluate(&mut self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let mut log_density = [0.0];
        match self.traced.run(&[position], &mut [&mut log_density, gradient]) {
            Ok(()) => log_density[0],
            Err(error) => error.raise(),
        }
    }
}

/// A model's log density on its unconstrained space, with its gradient, as one Program: what [`Nuts`](super::Nuts) samples.
///
/// The coordinates are the unconstrained forms of the continuous latent sites, in the order of the model; the density counts
/// the Jacobians of the maps to the sites' supports, and discrete sites of finite support are summed out.
#[derive(Clone, Debug)]
pub struct ModelDensity {
    program: Program,
    dim: usize,
}

impl ModelDensity {
    /// Traces and compiles a model. The seed draws the values with which its sites are found.
    ///
    /// ```
    /// use pyroxene::{Cx, Seed, dist::Normal, infer::{LogDensity, ModelDensity}};
    /// let model = |cx: &mut Cx| {
    ///     cx.sample("x", Normal::new(1.0, 2.0));
    /// };
    /// let mut density = ModelDensity::new(&model, Seed(0))?;
    /// let mut gradient = [0.0];
    /// density.evaluate(&[3.0], &mut gradient);
    /// assert_eq!(gradient, [-0.5]);
    /// # Ok::<(), pyroxene::Error>(())
    /// ```
    ///
    /// # Errors
    /// What is wrong with the model or its data, see [`Error`].
    pub fn new<R>(model: &impl Model<R>, seed: Seed) -> Result<ModelDensity, Error> {
        match layout(model, seed)?.density(model, Compile::Always)? {
            Potential::Compiled(density) => Ok(density),
            Potential::Traced(_) => unreachable!("compiled or an error"),
        }
    }

    /// The density at `count` positions at once, as one Program.
    ///
    /// ```
    /// use pyroxene::{Cx, Seed, dist::Normal, infer::ModelDensity};
    /// let model = |cx: &mut Cx| {
    ///     cx.sample("x", Normal::new(1.0, 2.0));
    /// };
    /// let mut densities = ModelDensity::new(&model, Seed(0))?.many(3);
    /// let (mut values, mut gradients) = ([0.0; 3], [0.0; 3]);
    /// densities.evaluate(&[1.0, 3.0, 5.0], &mut values, &mut gradients);
    /// assert_eq!(gradients, [0.0, -0.5, -1.0]);
    /// # Ok::<(), pyroxene::Error>(())
    /// ```
    pub fn many(&self, count: usize) -> ManyDensities {
        ManyDensities { program: self.program.batched(count, &[Batch::Each]), count, dim: self.dim }
    }

    /// The compiled Program: what it does ([`Program::explain`]) and how much memory it takes ([`Program::memory_len`]).
    pub fn program(&self) -> &Program {
        &self.program
    }
}

impl LogDensity for ModelDensity {
    fn dim(&self) -> usize {
        self.dim
    }

    fn evaluate(&mut self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let mut log_density = [0.0];
        self.program.run(&[position], &mut [&mut log_density, gradient]);
        log_density[0]
    }
}

/// A model's log density and its gradient at a number of positions at once, see [`ModelDensity::many`].
#[derive(Clone, Debug)]
pub struct ManyDensities {
    program: Program,
    count: usize,
    dim: usize,
}

impl ManyDensities {
    /// The number of positions.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The number of coordinates of a position.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The log densities at `positions`, `[count, dim]` in row-major order, and their gradients, of the same shape. What is
    /// wrong at one position ([`LogDensity::evaluate`]) leaves the others as they are.
    ///
    /// # Panics
    /// If a slice has another length.
    #[track_caller]
    pub fn evaluate(&mut self, positions: &[f64], values: &mut [f64], gradients: &mut [f64]) {
        self.program.run(&[positions], &mut [values, gradients]);
    }

    /// The compiled Program.
    pub fn program(&self) -> &Program {
        &self.program
    }
}

/// A model's log density on its unconstrained space with its first and second derivatives, as one Program: for Newton steps
/// and normal approximations. The coordinates are those of [`ModelDensity`].
#[derive(Clone, Debug)]
pub struct ModelHessian {
    program: Program,
    dim: usize,
}

impl ModelHessian {
    /// Traces and compiles a model, as [`ModelDensity::new`].
    ///
    /// ```
    /// use pyroxene::{Cx, Seed, dist::Normal, infer::ModelHessian};
    /// let model = |cx: &mut Cx| {
    ///     let x = cx.sample("x", Normal::new(0.0, 1.0));
    ///     cx.sample("y", Normal::new(x, 0.5));
    /// };
    /// let mut density = ModelHessian::new(&model, Seed(0))?;
    /// let (mut gradient, mut hessian) = ([0.0; 2], [0.0; 4]);
    /// density.evaluate(&[1.0, 2.0], &mut gradient, &mut hessian);
    /// assert_eq!(gradient, [3.0, -4.0]);
    /// assert_eq!(hessian, [-5.0, 4.0, 4.0, -4.0]);
    /// # Ok::<(), pyroxene::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`ModelDensity::new`].
    ///
    /// # Panics
    /// If the density has no second derivative in this system, as that of an incomplete gamma function by its first argument.
    pub fn new<R>(model: &impl Model<R>, seed: Seed) -> Result<ModelHessian, Error> {
        let layout = layout(model, seed)?;
        Ok(ModelHessian { program: layout.hessian(model)?, dim: layout.dim })
    }

    /// The number of coordinates.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The log density at `position`, with its gradient `[dim]` and its matrix of second derivatives `[dim, dim]`, which is
    /// symmetric up to rounding.
    ///
    /// # Panics
    /// If a slice has another length.
    #[track_caller]
    pub fn evaluate(&mut self, position: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let mut log_density = [0.0];
        self.program.run(&[position], &mut [&mut log_density, gradient, hessian]);
        log_density[0]
    }

    /// The compiled Program.
    pub fn program(&self) -> &Program {
        &self.program
    }
}
