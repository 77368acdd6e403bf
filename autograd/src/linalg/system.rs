//! Linear systems by Cholesky factors, and what all systems share.

use crate::arena::Var;
use crate::shape;
use pyroxene_kernels::linalg::Triangle;
use pyroxene_tensor::{DType, Shape, Tensor};
use smallvec::{SmallVec, smallvec};

impl Var {
    /// Solves `A x = b` for `A = L L^T`, whose lower Cholesky factors are `self`. The shapes are those of
    /// [`solve`](Var::solve).
    #[track_caller]
    #[must_use]
    pub fn cholesky_solve(self, b: impl Into<Var>) -> Var {
        let b = b.into();
        shape::solve("cholesky_solve", &self.shape(), &b.shape());
        let half = self.solve_triangular(b, Triangle::Lower, false);
        self.solve_triangular(half, Triangle::Lower, true)
    }

    /// The inverse of `A = L L^T`, whose lower Cholesky factors are `self`; it is symmetric.
    #[track_caller]
    #[must_use]
    pub fn cholesky_inverse(self) -> Var {
        let n = shape::square("cholesky_inverse", &self.shape());
        let one = Var::from(Tensor::eye(n, DType::F64)).cast(self.dtype().to_float());
        let whitened = self.solve_triangular(one, Triangle::Lower, false);
        whitened.t().matmul(whitened)
    }

    /// The logarithm of the determinant of `A = L L^T`, whose lower Cholesky factors are `self`.
    #[track_caller]
    #[must_use]
    pub fn cholesky_logdet(self) -> Var {
        shape::square("cholesky_logdet", &self.shape());
        self.diagonal().ln().sum_axes(&[-1], false) * 2.0
    }
}

/// A linear system: matrices, and right sides as matrices over the batch axes of both.
pub(crate) struct System {
    pub(crate) matrix: Var,
    pub(crate) right: Var,
    /// The shape of the solution, before what was done to the right side is undone.
    shape: Shape,
    folded: bool,
}

impl System {
    /// Checks the shapes. A right side over which a single matrix is broadcast becomes one wide matrix.
    #[track_caller]
    pub(crate) fn new(op: &str, matrix: Var, b: Var) -> System {
        let (shape, right) = (matrix.shape(), b.shape());
        let solution = shape::solve(op, &shape, &right);
        let b = if right.len() == 1 { b.unsqueeze(1) } else { b };
        if shape.len() == 2 && right.len() > 2 {
            let columns = right.iter().product::<usize>() / shape[0].max(1);
            let right = to_front(b).reshape_to(smallvec![shape[0], columns]);
            return System { matrix, right, shape: solution, folded: true };
        }
        let mut full = solution.clone();
        if right.len() == 1 {
            full.push(1);
        }
        System { matrix, right: b.expand(&full), shape: solution, folded: false }
    }

    /// Matrices of the batch of `matrix` over that of the right side.
    pub(crate) fn expand(&self, x: Var) -> Var {
        let (right, own) = (self.right.shape(), x.shape());
        let whole: Shape = right[..right.len() - 2].iter().chain(&own[own.len() - 2..]).copied().collect();
        x.expand(&whole)
    }

    /// The solution in its shape.
    pub(crate) fn finish(self, x: Var) -> Var {
        if !self.folded {
            return x.reshape_to(self.shape);
        }
        let axis = self.shape.len() - 2;
        let mut turned = self.shape;
        let rows = turned.remove(axis);
        turned.insert(0, rows);
        let order: SmallVec<[isize; 4]> = (1..=axis).chain([0, axis + 1]).map(|axis| axis as isize).collect();
        x.reshape_to(turned).permute(&order)
    }
}

/// Brings the rows of matrices before the axes of the batch.
fn to_front(x: Var) -> Var {
    let axis = x.ndim() - 2;
    let order: SmallVec<[isize; 4]> = [axis].into_iter().chain(0..axis).chain([axis + 1]).map(|a| a as isize).collect();
    x.permute(&order)
}
