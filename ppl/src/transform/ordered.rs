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

impl Transform for Ordered {
    fn forward(&self, x: Var) -> Var {
        let steps = [x.slice(-1, ..1), x.slice(-1, 1..).exp()];
        Var::concat(&steps, -1).cumsum(-1)
    }

    fn inverse(&self, y: Var) -> Var {
        let steps = y.slice(-1, 1..) - y.slice(-1, ..-1);
        Var::concat(&[y.slice(-1, ..1), steps.ln()], -1)
    }

    fn log_abs_det(&self, x: Var, _y: Var) -> Var {
        x.slice(-1, 1..).sum_axes(&[-1], false)
    }

    fn event_dims(&self) -> usize {
        1
    }
}
