//! Onto the simplex.

use super::Transform;
use pyroxene_autograd::{Shape, Tensor, Var};
use pyroxene_tensor::fail;

/// Stick breaking, `k - 1` free numbers to `k` probabilities along the last axis: of what is left of a stick of length one,
/// break off the part `zᵢ = sigmoid(xᵢ - ln(k - 1 - i))`. Zeros give equal probabilities.
///
/// *Stan Reference Manual*, "Unit simplex". All products are sums of logarithms, so that no `1 - z` loses digits.
///
/// ```
/// use pyroxene::transform::{StickBreaking, Transform};
/// let y = StickBreaking.forward([30.0, -3.0].into());
/// assert!((y.to_tensor().at(&[2]) - 1.782765905734959e-13).abs() < 1e-26);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct StickBreaking;

impl StickBreaking {
    /// `ln y` and `ln(1 - z)`.
    fn logs(&self, x: Var) -> (Var, Var) {
        let shifted = x - offsets(x.size(-1));
        let log_kept = -shifted.softplus();
        let log_left = log_kept.cumsum(-1);
        let mut shape = x.shape();
        *shape.last_mut().expect("a vector") = 1;
        let start = Var::zeros(&shape);
        let log_part = Var::concat(&[shifted.log_sigmoid(), start], -1);
        (log_part + Var::concat(&[start, log_left], -1), log_kept)
    }
}

/// `ln(k - 1 - i)` for i in 0..k - 1.
fn offsets(free: usize) -> Tensor {
    Tensor::from((0..free).map(|i| ((free - i) as f64).ln()).collect::<Vec<f64>>())
}

impl Transform for StickBreaking {
    fn forward(&self, x: Var) -> Var {
        self.logs(x).0.exp()
    }

    fn inverse(&self, y: Var) -> Var {
        let free = y.size(-1) - 1;
        // What is left after each break, summed from the small end.
        let left = y.slice(-1, 1..).flip(-1).cumsum(-1).flip(-1);
        y.slice(-1, ..free as isize).ln() - left.ln() + offsets(free)
    }

    fn log_abs_det(&self, x: Var, _y: Var) -> Var {
        let (log_y, log_kept) = self.logs(x);
        (log_y.slice(-1, ..x.size(-1) as isize) + log_kept).sum_axes(&[-1], false)
    }

    fn event_dims(&self) -> usize {
        1
    }

    fn forward_shape(&self, shape: &[usize]) -> Shape {
        let mut shape: Shape = shape.into();
        *shape.last_mut().expect("a vector") += 1;
        shape
    }

    fn inverse_shape(&self, shape: &[usize]) -> Shape {
        let mut shape: Shape = shape.into();
        match shape.last_mut() {
            Some(size) if *size > 0 => *size -= 1,
            _ => {
                fail(format_args!("StickBreaking: a simplex has at least one entry, got shape {:?}", shape.as_slice()))
            }
        }
        shape
    }
}
