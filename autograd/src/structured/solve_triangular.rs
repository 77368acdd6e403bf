//! Triangular systems.

use super::{Array, Derivatives, Primitive, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::shape;
use pyroxene_kernels::linalg::{self, Triangle};
use pyroxene_tensor::{DType, Shape, Tensor};
use smallvec::smallvec;

/// Solves `op(A) x = b` for a triangular matrix A and a matrix b, of equal batch axes.
#[derive(Debug, PartialEq)]
struct SolveTriangular {
    triangle: Triangle,
    transpose: bool,
}

impl Primitive for SolveTriangular {
    fn name(&self) -> &'static str {
        "solve_triangular"
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [matrix, b] = *inputs else { unreachable!("a matrix and a right side") };
        let [.., n, columns] = *b.shape else { unreachable!("checked when it was written") };
        output.copy_from_slice(b.data);
        let matrices = matrix.data.chunks_exact((n * n).max(1));
        for (b, matrix) in output.chunks_exact_mut((n * columns).max(1)).zip(matrices) {
            linalg::solve_triangular(matrix, n, self.triangle, self.transpose, b, columns);
        }
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], dtype: DType) -> Tensor {
        inputs[0].cast(dtype).solve_triangular(&inputs[1].cast(dtype), self.triangle, self.transpose)
    }

    /// A x = b, A = op(L): b̄ = A⁻ᵀ x̄, Ā = -b̄ xᵀ, of which the triangle counts.
    fn vjp(&self, x: &[Var], y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let gb = x[0].solve_triangular(gy, self.triangle, !self.transpose);
        let matrix = wanted[0].then(|| {
            let full = if self.transpose { y.matmul(gb.t()) } else { gb.matmul(y.t()) };
            match self.triangle {
                Triangle::Lower => (-full).tril(0),
                Triangle::Upper => (-full).triu(0),
            }
        });
        smallvec![matrix, Some(gb)]
    }
}

impl Var {
    /// Solves `L x = b` for a triangular matrix `L = self` (`Lᵀ x = b` with `transpose`). `b` is a matrix `[.., n, k]`
    /// with the same batch axes as `self`, which broadcast.
    #[track_caller]
    #[must_use]
    pub fn solve_triangular(self, b: impl Into<Var>, triangle: Triangle, transpose: bool) -> Var {
        let b = b.into();
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let n = shape::square("solve_triangular", &shape);
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
        let dtype = if dtype.is_float() { dtype } else { DType::F64 };
        apply(SolveTriangular { triangle, transpose }, &[a, b], with_batch(&right), dtype)
    }
}
