//! Onto Cholesky factors.

use super::Transform;
use super::triangle::Lower;
use pyroxene_autograd::{Shape, Var};

/// `n (n + 1) / 2` free numbers to a lower triangular matrix with a positive diagonal: they fill the triangle row by row, and
/// the diagonal is exponentiated.
///
/// *Stan Reference Manual*, "Cholesky factors of covariance matrices".
///
/// ```
/// use pyroxene::transform::{LowerCholesky, Transform};
/// let y = LowerCholesky.forward([0.0, 5.0, 0.0].into());
/// assert_eq!(y.to_tensor().to_vec::<f64>(), [1.0, 0.0, 5.0, 1.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LowerCholesky;

const LOWER: Lower = Lower { name: "LowerCholesky", diagonal: true };

impl Transform for LowerCholesky {
    fn forward(&self, x: Var) -> Var {
        let filled = LOWER.fill(x);
        filled.tril(-1) + filled.diagonal().exp().diag_embed()
    }

    fn inverse(&self, y: Var) -> Var {
        LOWER.extract(y.tril(-1) + y.diagonal().ln().diag_embed())
    }

    fn log_abs_det(&self, x: Var, _y: Var) -> Var {
        LOWER.fill(x).diagonal().sum_axes(&[-1], false)
    }

    fn event_dims(&self) -> usize {
        1
    }

    fn output_event_dims(&self) -> usize {
        2
    }

    fn forward_shape(&self, shape: &[usize]) -> Shape {
        LOWER.forward_shape(shape)
    }

    fn inverse_shape(&self, shape: &[usize]) -> Shape {
        LOWER.inverse_shape(shape)
    }
}
