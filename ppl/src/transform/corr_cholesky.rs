//! Onto Cholesky factors of correlation matrices.

use super::Transform;
use super::triangle::Lower;
use pyroxene_autograd::{DType, Shape, Tensor, Var};
use std::f64::consts::LN_2;

/// `d (d - 1) / 2` free numbers, which fill the triangle below the diagonal row by row, to the lower Cholesky factor of a
/// correlation matrix: with `z = tanh(x)`, each entry is `zᵢⱼ` times the root of what its row has left of norm one,
/// `Π (1 - zᵢₖ²)` over `k < j`. The Jacobian is that of the map to the entries below the diagonal.
///
/// Lewandowski, Kurowicka & Joe, "Generating random correlation matrices based on vines and extended onion method" (2009);
/// *Stan Reference Manual*, "Cholesky factors of correlation matrices".
///
/// ```
/// use pyroxene::transform::{CorrCholesky, Transform};
/// let y = CorrCholesky.forward([0.6f64.atanh()].as_slice().into());
/// assert!(y.to_tensor().allclose([[1.0, 0.0], [0.6, 0.8]], 1e-15, 1e-15));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CorrCholesky;

const BELOW: Lower = Lower { name: "CorrCholesky", diagonal: false };

/// `ln(1 - tanh(x)²)`, accurate in both tails.
fn log_kept(x: Var) -> Var {
    2.0 * (LN_2 - x - (-2.0 * x).softplus())
}

/// Running sums along the last axis of the entries before each one.
fn sums_before(x: Var) -> Var {
    let first = Var::zeros(&x.slice(-1, ..1).shape());
    Var::concat(&[first, x.slice(-1, ..-1).cumsum(-1)], -1)
}

impl CorrCholesky {
    /// The free numbers below the diagonal, and `ln Π (1 - z²)` over the entries before each one.
    fn parts(&self, x: Var) -> (Var, Var) {
        let filled = BELOW.fill(x);
        (filled, sums_before(log_kept(filled).tril(-1)))
    }
}

impl Transform for CorrCholesky {
    fn forward(&self, x: Var) -> Var {
        let (filled, log_left) = self.parts(x);
        let unit = Tensor::eye(filled.size(-1), DType::F64);
        (filled.tanh() + unit) * (0.5 * log_left).exp()
    }

    fn inverse(&self, y: Var) -> Var {
        // tanh(x) = y / sqrt(y² + q) where q is the norm of the entries after y in its row, so sinh(x) = y / sqrt(q).
        let after = sums_before(y.square().flip(-1)).flip(-1);
        let below = BELOW.extract(y) / BELOW.extract(after).sqrt();
        let negative = below.less(0.0);
        let size = negative.where_(-below, below);
        let square = size.square();
        let angle = (size + square / (1.0 + (1.0 + square).sqrt())).ln_1p();
        negative.where_(-angle, angle)
    }

    fn log_abs_det(&self, x: Var, _y: Var) -> Var {
        let (filled, log_left) = self.parts(x);
        (log_kept(filled) + 0.5 * log_left).tril(-1).sum_axes(&[-2, -1], false)
    }

    fn event_dims(&self) -> usize {
        1
    }

    fn output_event_dims(&self) -> usize {
        2
    }

    fn forward_shape(&self, shape: &[usize]) -> Shape {
        BELOW.forward_shape(shape)
    }

    fn inverse_shape(&self, shape: &[usize]) -> Shape {
        BELOW.inverse_shape(shape)
    }
}
