//! A factor of the joint density.

use super::{Distribution, Parameter, join, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};
use pyroxene_tensor::{OrPanic, shape};

/// A log density that does not belong to a value: the event has shape `[0]`, the batch shape is that of the density.
///
/// ```
/// use pyroxene::dist::{Distribution, Unit};
/// let dist = Unit::new([-1.0, -2.5]);
/// let nothing = pyroxene_autograd::Var::zeros(&[0]);
/// assert_eq!(dist.log_prob(nothing).to_tensor().to_vec::<f64>(), [-1.0, -2.5]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    log_density: Var,
}

impl Unit {
    /// The factor with this logarithm.
    #[track_caller]
    pub fn new(log_density: impl Into<Var>) -> Unit {
        Unit { log_density: real(log_density) }
    }
}

impl Distribution for Unit {
    fn name(&self) -> &'static str {
        "Unit"
    }

    fn batch_shape(&self) -> Shape {
        self.log_density.shape()
    }

    fn event_shape(&self) -> Shape {
        [0].as_slice().into()
    }

    fn support(&self) -> Constraint {
        Constraint::RealVector
    }

    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    fn log_prob(&self, value: Var) -> Var {
        let value = value.shape();
        let joint = shape::broadcast("Unit", &[&value[..value.len() - 1], &self.log_density.shape()]).or_panic();
        self.log_density.expand(&joint)
    }

    fn draw(&self, _key: Key, batch_shape: &[usize]) -> Var {
        Var::zeros(&join(batch_shape, &[0]))
    }

    fn is_reparameterized(&self) -> bool {
        true
    }
}
