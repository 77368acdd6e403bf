//! One map after another.

use super::{Transform, sum_to_dims};
use pyroxene_autograd::{Shape, Var};
use std::rc::Rc;

/// Maps applied one after another, the first one first. An event is as large as the largest of any part; the log
/// determinants of smaller ones are summed over it.
///
/// ```
/// use pyroxene::transform::{Affine, Compose, Exp, Transform};
/// use std::rc::Rc;
/// let map = Compose::new(vec![Rc::new(Affine::new(1.0, 2.0)), Rc::new(Exp)]);
/// assert!((map.forward(0.5.into()).item() - 2f64.exp()).abs() < 1e-14);
/// ```
#[derive(Clone, Debug)]
pub struct Compose {
    parts: Vec<Rc<dyn Transform>>,
}

impl Compose {
    /// The composition of maps; the identity if there are none.
    pub fn new(parts: Vec<Rc<dyn Transform>>) -> Compose {
        Compose { parts }
    }
}

impl Transform for Compose {
    fn forward(&self, x: Var) -> Var {
        self.parts.iter().fold(x, |x, part| part.forward(x))
    }

    fn inverse(&self, y: Var) -> Var {
        self.parts.iter().rev().fold(y, |y, part| part.inverse(y))
    }

    fn log_abs_det(&self, x: Var, y: Var) -> Var {
        let batch_dims = x.ndim() - self.event_dims();
        let mut from = x;
        let mut total = Var::zeros(&x.shape()[..batch_dims]);
        for (k, part) in self.parts.iter().enumerate() {
            let to = if k + 1 == self.parts.len() { y } else { part.forward(from) };
            total += sum_to_dims(part.log_abs_det(from, to), batch_dims);
            from = to;
        }
        total
    }

    fn event_dims(&self) -> usize {
        // From the last part to the first: what comes after must fit into what a part gives.
        self.parts
            .iter()
            .rev()
            .fold(0, |after, part| part.event_dims() + after.saturating_sub(part.output_event_dims()))
    }

    fn output_event_dims(&self) -> usize {
        self.parts.iter().fold(0, |before, part| part.output_event_dims() + before.saturating_sub(part.event_dims()))
    }

    fn forward_shape(&self, shape: &[usize]) -> Shape {
        self.parts.iter().fold(shape.into(), |shape: Shape, part| part.forward_shape(&shape))
    }

    fn inverse_shape(&self, shape: &[usize]) -> Shape {
        self.parts.iter().rev().fold(shape.into(), |shape: Shape, part| part.inverse_shape(&shape))
    }
}
