//! Probabilistic programming on an engine of its own: effect handlers, distributions, NUTS, variational inference.

pub mod constraint;
pub mod dist;
pub mod transform;

pub use pyroxene_autograd::{Key, Tensor, Var, grad, scope};
