//! What follows from singular values: rank, pseudo-inverse, least squares, norms.

use crate::dtype::DType;
use crate::error::OrPanic;
use crate::shape;
use crate::tensor::Tensor;

/// A norm of matrices, for [`Tensor::matrix_norm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatrixNorm {
    /// The root of the sum of squares.
    Frobenius,
    /// The sum of the singular values.
    Nuclear,
    /// The largest singular value.
    Spectral,
    /// The largest sum of magnitudes in a column.
    One,
    /// The largest sum of magnitudes in a row.
    Infinity,
}

/// The part of the largest singular value below which one counts as zero, unless the caller says: `max(m, n)` times the
/// machine epsilon of the type.
pub fn rank_tolerance(shape: &[usize], dtype: DType) -> f64 {
    let epsilon = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    shape[shape.len().saturating_sub(2)..].iter().max().copied().unwrap_or(0) as f64 * epsilon
}

impl Tensor {
    /// The ranks of matrices, `I64`: how many singular values are above `tolerance` times the largest; by default
    /// [`rank_tolerance`].
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [2.0, 4.0]]).matrix_rank(None).item(), 1.0);
    /// ```
    #[track_caller]
    pub fn matrix_rank(&self, tolerance: Option<f64>) -> Tensor {
        let s = self.singular_values("matrix_rank");
        let least = largest(&s) * tolerance.unwrap_or_else(|| rank_tolerance(&self.shape, s.dtype()));
        s.greater(&least).cast(DType::I64).sum_axes(&[-1], false)
    }

    /// The Moore-Penrose inverses: for matrices `[m, n]` they are `[n, m]`. Singular values that are not above `tolerance`
    /// times the largest count as zero; by default [`rank_tolerance`].
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let inverse = Tensor::from([[1.0, 1.0], [1.0, 1.0]]).pinv(None);
    /// assert!(inverse.allclose([[0.25, 0.25], [0.25, 0.25]], 1e-14, 0.0));
    /// ```
    #[track_caller]
    pub fn pinv(&self, tolerance: Option<f64>) -> Tensor {
        let ((u, s, vt), _) = self.singular_vectors("pinv").or_panic();
        (vt.t() * inverted(&s, self, tolerance).unsqueeze(-2)).matmul(&u.t())
    }

    /// The shortest `x` that makes `|A x - b|` least, for matrices A `[m, n]`, by their singular values. A `b` with one axis is
    /// a vector of m elements; otherwise its last two axes are matrices of right sides, `[m, k]`, and those before them
    /// broadcast with the batch. `tolerance` is that of [`pinv`](Tensor::pinv).
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// // A line through four points.
    /// let a = Tensor::from([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0]]);
    /// let x = a.lstsq(&Tensor::from([-1.0, 0.2, 0.9, 2.1]), None);
    /// assert!(x.allclose([-0.95, 1.0], 1e-14, 0.0));
    /// ```
    #[track_caller]
    pub fn lstsq(&self, b: &Tensor, tolerance: Option<f64>) -> Tensor {
        let shape = shape::lstsq(&self.shape, &b.shape).or_panic();
        let ((u, s, vt), _) = self.singular_vectors("lstsq").or_panic();
        let right = if b.ndim() == 1 { b.unsqueeze(1) } else { b.clone() };
        let inverse = inverted(&s, self, tolerance).unsqueeze(-1);
        vt.t().matmul(&(u.t().matmul(&right) * inverse)).reshaped(shape)
    }

    /// A norm of each matrix of the last two axes, which are dropped. That of an empty matrix is 0.
    ///
    /// ```
    /// use pyroxene_tensor::{MatrixNorm, Tensor};
    /// let a = Tensor::from([[3.0, 0.0], [0.0, -4.0]]);
    /// let norms = [MatrixNorm::Frobenius, MatrixNorm::Nuclear, MatrixNorm::Spectral].map(|kind| a.matrix_norm(kind).item());
    /// assert_eq!(norms, [5.0, 7.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn matrix_norm(&self, kind: MatrixNorm) -> Tensor {
        let (m, n) = shape::matrix("matrix_norm", &self.shape).or_panic();
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
                let most = x.abs().max_axes(&[-2, -1], true);
                let unit = Tensor::where_(most.greater(0.0).and(most.is_finite()), &most, 1.0);
                let squares = (&x / &unit).square().sum_axes(&[-2, -1], true);
                (squares.sqrt() * unit).squeeze(-1).squeeze(-1)
            }
            MatrixNorm::Nuclear => x.singular_values("matrix_norm").sum_axes(&[-1], false),
            MatrixNorm::Spectral => largest(&x.singular_values("matrix_norm")).sum_axes(&[-1], false),
            MatrixNorm::One => largest_sum(-2, n == 0),
            MatrixNorm::Infinity => largest_sum(-1, m == 0),
        }
    }
}

/// The first of descending values, with an axis of size 1 (or 0).
fn largest(s: &Tensor) -> Tensor {
    s.slice(-1, ..s.size(-1).min(1))
}

/// The reciprocals of the singular values of `x` that count; 0 for the others.
fn inverted(s: &Tensor, x: &Tensor, tolerance: Option<f64>) -> Tensor {
    let least = largest(s) * tolerance.unwrap_or_else(|| rank_tolerance(&x.shape, s.dtype()));
    // What is not a number counts, so that it shows.
    let dropped = s.less_equal(&least);
    Tensor::where_(dropped, 0.0, s.recip()).cast(s.dtype())
}
