//! Matrix operations; all of them batch over leading axes.

use crate::arena::{Var, with_node};
use crate::op::Op;
use crate::reduce::accumulate;
use crate::shape;
use crate::var::push;
use pyroxene_kernels::linalg::Triangle;
use pyroxene_tensor::{DType, Shape};

/// The sizes of the last two axes of a square matrix, or a panic that names the operation.
#[track_caller]
fn square(op: &str, x: Var) -> (Shape, DType, usize) {
    let (shape, dtype) = with_node(x, |node| (node.shape.clone(), node.dtype));
    match *shape.as_slice() {
        [.., rows, columns] if rows == columns => (shape, dtype, rows),
        _ => shape::fail(format_args!("{op}: expected square matrices, got {shape:?}")),
    }
}

impl Var {
    /// Matrix product with NumPy's rules: vectors on the left are rows, on the right columns; leading axes broadcast.
    #[track_caller]
    #[must_use]
    pub fn matmul(self, other: impl Into<Var>) -> Var {
        let (mut a, mut b) = (self, other.into());
        let result = shape::matmul(&a.shape(), &b.shape());
        if a.ndim() == 1 {
            a = a.unsqueeze(0);
        }
        if b.ndim() == 1 {
            b = b.unsqueeze(1);
        }
        let full = shape::matmul(&a.shape(), &b.shape());
        let dtype = accumulate(a.dtype().promote(b.dtype()));
        push(Op::Matmul, &[a, b], full, dtype).reshape_to(result)
    }

    /// Inner product of two vectors.
    #[track_caller]
    #[must_use]
    pub fn dot(self, other: impl Into<Var>) -> Var {
        let other = other.into();
        if self.ndim() != 1 || other.shape() != self.shape() {
            shape::fail(format_args!("dot: expected two vectors, got {:?} and {:?}", self.shape(), other.shape()));
        }
        (self * other).sum()
    }

    /// The lower Cholesky factor of a symmetric positive definite matrix; only the lower triangle is read. The factor of
    /// a matrix that is not positive definite is NaN.
    ///
    /// The derivative is that of Murray, "Differentiation of the Cholesky decomposition" (2016), symmetrised.
    #[track_caller]
    #[must_use]
    pub fn cholesky(self) -> Var {
        let (shape, dtype, _) = square("cholesky", self);
        push(Op::Cholesky, &[self], shape, dtype)
    }

    /// Solves `L x = b` for a triangular matrix `L = self` (`Lᵀ x = b` with `transpose`). `b` is a matrix `[.., n, k]`
    /// with the same batch axes as `self`, which broadcast.
    #[track_caller]
    #[must_use]
    pub fn solve_triangular(self, b: impl Into<Var>, triangle: Triangle, transpose: bool) -> Var {
        let b = b.into();
        let (shape, dtype, n) = square("solve_triangular", self);
        let right = b.shape();
        if right.len() < 2 || right[right.len() - 2] != n {
            shape::fail(format_args!("solve_triangular: {shape:?} does not fit the right-hand side {right:?}"));
        }
        let (left_batch, right_batch) = (&shape[..shape.len() - 2], &right[..right.len() - 2]);
        let batch = shape::broadcast("solve_triangular", &[left_batch, right_batch]);
        let with_batch =
            |matrix: &[usize]| -> Shape { batch.iter().chain(&matrix[matrix.len() - 2..]).copied().collect() };
        let (a, b) = (self.expand(&with_batch(&shape)), b.expand(&with_batch(&right)));
        let dtype = dtype.promote(b.dtype());
        push(Op::SolveTriangular { triangle, transpose }, &[a, b], with_batch(&right), dtype)
    }

    /// The lower triangle of the last two axes, from diagonal `offset` (0 is the main one) down.
    #[track_caller]
    #[must_use]
    pub fn tril(self, offset: isize) -> Var {
        self.keep_triangle("tril", Triangle::Lower, offset)
    }

    /// The upper triangle of the last two axes, from diagonal `offset` (0 is the main one) up.
    #[track_caller]
    #[must_use]
    pub fn triu(self, offset: isize) -> Var {
        self.keep_triangle("triu", Triangle::Upper, offset)
    }

    #[track_caller]
    fn keep_triangle(self, name: &str, triangle: Triangle, offset: isize) -> Var {
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        if shape.len() < 2 {
            shape::fail(format_args!("{name}: expected matrices, got {shape:?}"));
        }
        push(Op::KeepTriangle { triangle, offset }, &[self], shape, dtype)
    }

    /// The main diagonal of square matrices.
    #[track_caller]
    #[must_use]
    pub fn diagonal(self) -> Var {
        let (mut shape, dtype, _) = square("diagonal", self);
        shape.pop();
        push(Op::Diagonal, &[self], shape, dtype)
    }

    /// Square matrices with the last axis on their diagonal.
    #[track_caller]
    #[must_use]
    pub fn diag_embed(self) -> Var {
        let (mut shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let Some(&n) = shape.last() else { shape::fail("diag_embed: expected at least one axis, got []") };
        shape.push(n);
        push(Op::DiagEmbed, &[self], shape, dtype)
    }
}
