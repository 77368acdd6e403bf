//! Onto increasing vectors.

use super::Transform;
use pyroxene_autograd::Var;

/// `y₀ = x₀`, `yᵢ = yᵢ₋₁ + exp(xᵢ)` along the last axis.
///
/// *Stan Reference Manual*, "Ordered vector".
///
/// ```
/// use pyroxene::transform::{Ordered, Transform};
/// let y = Ordered.forward([-1.0, 0.0, 0.0].into());
/// assert_eq!(y.to_tensor().to_vec::<f64>(), [-1.0, 0.0, 1.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ordered;

/// The number of entries before the steps: one, or none in an empty vector.
fn first(x: Var) -> isize {
    x.size(-1).min(1) as isize
}

impl Transform for Ordered {
    fn forward(&self, x: Var) -> Var {
        let first = first(x);
        Var::concat(&[x.slice(-1, ..first), x.slice(-1, first..).exp()], -1).cumsum(-1)
    }

    fn inverse(&self, y: Var) -> Var {
        let (first, size) = (first(y), y.size(-1) as isize);
        let steps = y.slice(-1, first..) - y.slice(-1, ..size - first);
        Var::concat(&[y.slice(-1, ..first), steps.ln()], -1)
    }

    fn log_abs_det(&self, x: Var, _y: Var) -> Var {
        x.slice(-1, first(x)..).sum_axes(&[-1], false)
    }

    fn event_dims(&self) -> usize {
        1
    }
}
