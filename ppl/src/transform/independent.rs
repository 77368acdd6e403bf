//! Axes read as part of one application.

use super::{Transform, sum_to_dims};
use pyroxene_autograd::{Shape, Var};
use std::rc::Rc;

/// A map applied throughout further axes, over which the log determinants are summed.
///
/// ```
/// use pyroxene::transform::{Exp, Independent, Transform};
/// let map = Independent::new(std::rc::Rc::new(Exp), 1);
/// assert_eq!(map.log_abs_det([1.0, 2.0].into(), [0.0, 0.0].into()).item(), 3.0);
/// ```
#[derive(Clone, Debug)]
pub struct Independent {
    each: Rc<dyn Transform>,
    axes: usize,
}

impl Independent {
    /// `each` throughout `axes` further axes.
    pub fn new(each: Rc<dyn Transform>, axes: usize) -> Independent {
        Independent { each, axes }
    }
}

impl Transform for Independent {
    fn forward(&self, x: Var) -> Var {
        self.each.forward(x)
    }

    fn inverse(&self, y: Var) -> Var {
        self.each.inverse(y)
    }

    fn log_abs_det(&self, x: Var, y: Var) -> Var {
        sum_to_dims(self.each.log_abs_det(x, y), x.ndim() - self.event_dims())
    }

    fn event_dims(&self) -> usize {
        self.each.event_dims() + self.axes
    }

    fn output_event_dims(&self) -> usize {
        self.each.output_event_dims() + self.axes
    }

    fn forward_shape(&self, shape: &[usize]) -> Shape {
        self.each.forward_shape(shape)
    }

    fn inverse_shape(&self, shape: &[usize]) -> Shape {
        self.each.inverse_shape(shape)
    }
}
