//! The point mass.

use super::{Distribution, Parameter};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};

/// All mass at one value, with a log density of one's choice there (zero by default).
///
/// With its `log_density` it stands for a draw whose density is known from elsewhere, such as the image of another draw.
///
/// ```
/// use pyroxene::{Var, dist::{Delta, Distribution}};
/// let point = Delta::new([1.0, 2.0], 1).log_density(-0.5);
/// assert_eq!(point.log_prob(Var::from([1.0, 2.0])).item(), -0.5);
/// assert_eq!(point.log_prob(Var::from([1.0, 2.5])).item(), f64::NEG_INFINITY);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Delta {
    value: Var,
    event_dims: usize,
    log_density: Var,
}

impl Delta {
    /// The point mass at a value whose last `event_dims` axes are those of one draw.
    ///
    /// # Panics
    /// If the value has fewer axes.
    #[track_caller]
    pub fn new(value: impl Into<Var>, event_dims: usize) -> Delta {
        let value = value.into();
        assert!(event_dims <= value.ndim(), "Delta: {event_dims} event axes of a value of shape {:?}", value.shape());
        Delta { value, event_dims, log_density: Var::from(0.0) }
    }

    /// Sets the log density at the value; its shape broadcasts with the batch shape.
    #[must_use]
    pub fn log_density(self, log_density: impl Into<Var>) -> Delta {
        Delta { log_density: log_density.into(), ..self }
    }
}

impl Distribution for Delta {
    fn name(&self) -> &'static str {
        "Delta"
    }

    fn batch_shape(&self) -> Shape {
        let shape = self.value.shape();
        shape[..shape.len() - self.event_dims].into()
    }

    fn event_shape(&self) -> Shape {
        let shape = self.value.shape();
        shape[shape.len() - self.event_dims..].into()
    }

    fn support(&self) -> Constraint {
        match self.event_dims {
            0 => Constraint::Real,
            _ => Constraint::RealVector,
        }
    }

    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    fn log_prob(&self, value: Var) -> Var {
        if value.same(self.value) {
            return self.log_density.expand(&self.batch_shape());
        }
        let differs = value.not_equal(self.value);
        let axes: Vec<isize> = (1..=self.event_dims as isize).map(|axis| -axis).collect();
        differs.sum_axes(&axes, false).greater(0).where_(f64::NEG_INFINITY, self.log_density)
    }

    fn draw(&self, _: Key, batch_shape: &[usize]) -> Var {
        let full: Shape = batch_shape.iter().chain(&self.event_shape()).copied().collect();
        self.value.expand(&full)
    }

    fn is_point_mass(&self) -> bool {
        true
    }

    fn is_reparameterized(&self) -> bool {
        true
    }

    fn mean(&self) -> Option<Var> {
        Some(self.value)
    }

    fn variance(&self) -> Option<Var> {
        Some(Var::zeros(&self.value.shape()))
    }
}
