//! A flat measure.

use super::{Distribution, Parameter, join};
use crate::constraint::{Constraint, all};
use crate::transform::{Transform, biject_to};
use pyroxene_autograd::{Key, Shape, Var};
use pyroxene_tensor::fail;
use std::rc::Rc;

/// Flat over a constraint: the log density is 0 inside and -inf outside. It has no normalising constant in general.
///
/// There is nothing to draw from; where a value is needed to start from, a draw is the constraint's bijection
/// ([`biject_to`]) of uniform draws on (-2, 2).
///
/// ```
/// use pyroxene::{constraint::Constraint, dist::{Distribution, ImproperUniform}};
/// let dist = ImproperUniform::new(Constraint::Ordered, &[], &[3]);
/// assert_eq!(dist.log_prob([1.0, 2.0, 5.0].into()).item(), 0.0);
/// assert_eq!(dist.log_prob([2.0, 1.0, 5.0].into()).item(), f64::NEG_INFINITY);
/// ```
#[derive(Clone, Debug)]
pub struct ImproperUniform {
    constraint: Constraint,
    bijection: Rc<dyn Transform>,
    batch_shape: Shape,
    event_shape: Shape,
}

impl ImproperUniform {
    /// The flat measure on a constraint, for values of these shapes.
    ///
    /// # Panics
    /// If the constraint is discrete, or the event has fewer axes than the constraint takes together.
    #[track_caller]
    pub fn new(constraint: Constraint, batch_shape: &[usize], event_shape: &[usize]) -> ImproperUniform {
        let Some(bijection) = biject_to(&constraint) else {
            fail(format_args!("ImproperUniform: values that are {constraint} are discrete"));
        };
        if event_shape.len() < constraint.event_dims() {
            fail(format_args!("ImproperUniform: the event shape {event_shape:?} has too few axes for {constraint}"));
        }
        ImproperUniform { constraint, bijection, batch_shape: batch_shape.into(), event_shape: event_shape.into() }
    }
}

impl Distribution for ImproperUniform {
    fn name(&self) -> &'static str {
        "ImproperUniform"
    }

    fn batch_shape(&self) -> Shape {
        self.batch_shape.clone()
    }

    fn event_shape(&self) -> Shape {
        self.event_shape.clone()
    }

    fn support(&self) -> Constraint {
        let further = self.event_shape.len() - self.constraint.event_dims();
        self.constraint.clone().to_event(further)
    }

    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    fn log_prob(&self, value: Var) -> Var {
        let known = all(value.is_nan().not(), self.event_shape.len());
        let outside = known.where_(f64::NEG_INFINITY, f64::NAN);
        self.support().check(value).where_(0.0, outside) + Var::zeros(&self.batch_shape)
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        let free = self.bijection.inverse_shape(&join(batch_shape, &self.event_shape));
        self.bijection.forward(4.0 * key.uniform(&free) - 2.0)
    }

    fn is_reparameterized(&self) -> bool {
        true
    }
}
