//! Rank and norms of matrices.

use crate::arena::Var;
use crate::shape;
use pyroxene_tensor::{DType, MatrixNorm, rank_tolerance};

impl Var {
    /// The ranks of matrices, `I64`: how many singular values are above `tolerance` times the largest; by default
    /// `max(m, n)` times the machine epsilon.
    #[track_caller]
    #[must_use]
    pub fn matrix_rank(self, tolerance: Option<f64>) -> Var {
        let s = self.singular_values("matrix_rank");
        let least = largest(s) * tolerance.unwrap_or_else(|| rank_tolerance(&self.shape(), s.dtype()));
        s.greater(least).cast(DType::I64).sum_axes(&[-1], false)
    }

    /// A norm of each matrix of the last two axes, which are dropped. That of an empty matrix is 0.
    ///
    /// Where there is no derivative, this is one from below: the Frobenius norm has zero at a zero matrix, equal largest sums
    /// share it, and the spectral norm takes it along one pair of vectors.
    ///
    /// ```
    /// use pyroxene_autograd::{MatrixNorm, Var, grad};
    /// let a = Var::from([[3.0, 0.0], [0.0, -4.0]]);
    /// let norm = a.matrix_norm(MatrixNorm::Nuclear);
    /// assert_eq!(norm.item(), 7.0);
    /// assert_eq!(grad(norm, &[a])[0].to_tensor().to_vec::<f64>(), [1.0, 0.0, 0.0, -1.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn matrix_norm(self, kind: MatrixNorm) -> Var {
        let (m, n) = shape::matrix("matrix_norm", &self.shape());
        let x = self.cast(self.dtype().to_float());
        let largest_sum = |axis: isize, empty: bool| {
            let sums = x.abs().sum_axes(&[axis], true);
            if empty { sums.sum_axes(&[-2, -1], false) } else { sums.max_axes(&[-2, -1], false) }
        };
        match kind {
            MatrixNorm::Frobenius => {
                if m * n == 0 {
                    return x.sum_axes(&[-2, -1], false);
                }
                // Squares of what is divided by the largest neither overflow nor vanish.
                let most = x.abs().max_axes(&[-2, -1], true).stop_gradient();
                let unit = most.greater(0.0).and(most.is_finite()).where_(most, 1.0);
                let squares = (x / unit).square().sum_axes(&[-2, -1], true);
                let zero = squares.equal(0.0);
                let root = zero.where_(0.0, zero.where_(1.0, squares).sqrt());
                (root * unit).squeeze(-1).squeeze(-1)
            }
            MatrixNorm::Nuclear => x.singular_values("matrix_norm").sum_axes(&[-1], false),
            MatrixNorm::Spectral => largest(x.singular_values("matrix_norm")).sum_axes(&[-1], false),
            MatrixNorm::One => largest_sum(-2, n == 0),
            MatrixNorm::Infinity => largest_sum(-1, m == 0),
        }
    }
}

/// The first of descending values, with an axis of size 1 (or 0).
fn largest(s: Var) -> Var {
    s.slice(-1, ..s.size(-1).min(1))
}
