//! Onto the positive numbers.

use super::Transform;
use pyroxene_autograd::Var;

/// `y = exp(x)`.
///
/// ```
/// use pyroxene::transform::{Exp, Transform};
/// let y = Exp.forward(2.0.into());
/// assert_eq!(Exp.log_abs_det(2.0.into(), y).item(), 2.0);
/// assert!((Exp.inverse(y).item() - 2.0).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Exp;

impl Transform for Exp {
    fn forward(&self, x: Var) -> Var {
        x.exp()
    }

    fn inverse(&self, y: Var) -> Var {
        y.ln()
    }

    fn log_abs_det(&self, x: Var, _y: Var) -> Var {
        x
    }
}
