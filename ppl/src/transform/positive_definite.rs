//! Onto positive definite matrices.

use super::triangle::Lower;
use super::{LowerCholesky, Transform};
use pyroxene_autograd::{Shape, Tensor, Var};

/// `n (n + 1) / 2` free numbers to a symmetric positive definite matrix `L Lᵀ`, with `L` from [`LowerCholesky`]. The
/// Jacobian is that of the map to the lower triangle.
///
/// *Stan Reference Manual*, "Covariance matrices".
///
/// ```
/// use pyroxene::transform::{PositiveDefinite, Transform};
/// let y = PositiveDefinite.forward([0.0, 2.0, 0.0].into());
/// assert_eq!(y.to_tensor().to_vec::<f64>(), [1.0, 2.0, 2.0, 5.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PositiveDefinite;

const LOWER: Lower = Lower { name: "PositiveDefinite", diagonal: true };

impl Transform for PositiveDefinite {
    fn forward(&self, x: Var) -> Var {
        let factor = LowerCholesky.forward(x);
        factor.matmul(factor.t())
    }

    fn inverse(&self, y: Var) -> Var {
        LowerCholesky.inverse(y.cholesky())
    }

    fn log_abs_det(&self, x: Var, _y: Var) -> Var {
        // L ↦ L Lᵀ has determinant 2ⁿ Π Lᵢᵢ^(n - i) for i = 0..n; the exponentiated diagonal adds Π Lᵢᵢ.
        let log_diagonal = LOWER.fill(x).diagonal();
        let n = log_diagonal.size(-1);
        let powers: Vec<f64> = (0..n).map(|i| (n - i + 1) as f64).collect();
        (log_diagonal * Tensor::from(powers)).sum_axes(&[-1], false) + n as f64 * std::f64::consts::LN_2
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
