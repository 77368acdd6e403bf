//! Optimisers. Pyro's counterpart is `pyro.optim`.
//!
//! An optimiser is a pure function of expressions, so that a whole step, gradient and update, is one Program.

mod adam;

pub use adam::Adam;

use pyroxene_autograd::Var;

/// A first-order optimiser that minimises a loss.
pub trait Optimizer {
    /// How many vectors of the parameters' length it keeps between steps; they start at zero.
    fn state_vectors(&self) -> usize;

    /// One step: from the parameters (a vector), their gradient, the state and the number of the step (1, 2, ...; a scalar in f64)
    /// to the new parameters and the new state. All vectors are f32 if all parameters are, else f64.
    fn step(&self, parameters: Var, gradient: Var, state: &[Var], step: Var) -> (Var, Vec<Var>);
}
