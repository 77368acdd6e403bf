//! Triangular systems.

use super::batch::{Batch, nth, order};
use super::outer_triangle::minus_outer;
use super::{Array, Batching, Derivatives, Primitive, RoomMut, apply};
use crate::arena::Var;
use crate::linalg::System;
use pyroxene_kernels::linalg::{self, Triangle};
use pyroxene_tensor::{DType, Tensor};
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

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [matrix, b] = *inputs else { unreachable!("a matrix and a right side") };
        let (n, columns) = (order(matrix.shape), order(b.shape));
        let batch = Batch { each: n * columns, work: n * n * columns / 2, floats: 0, indices: 0 };
        batch.run(output, room, |k, out, _| {
            out.copy_from_slice(nth(b.data, k, n * columns));
            linalg::solve_triangular(nth(matrix.data, k, n * n), n, self.triangle, self.transpose, out, columns);
            Ok(())
        });
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], dtype: DType) -> Tensor {
        inputs[0].cast(dtype).solve_triangular(&inputs[1].cast(dtype), self.triangle, self.transpose)
    }

    /// A x = b, A = op(L): b̄ = A⁻ᵀ x̄, Ā = -b̄ xᵀ, of which the triangle counts.
    fn vjp(&self, x: &[Var], y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let gb = x[0].solve_triangular(gy, self.triangle, !self.transpose);
        let matrix = wanted[0].then(|| {
            let (a, b) = if self.transpose { (y, gb) } else { (gb, y) };
            minus_outer(a, b, self.triangle)
        });
        smallvec![matrix, Some(gb)]
    }
}

impl Var {
    /// Solves `T x = b`, or `T^T x = b` if `transpose`, where `T` are the triangles of this tensor's matrices; the other
    /// triangle is not read. A `b` with one axis is a vector; otherwise its last two axes are matrices of right sides and
    /// those before them broadcast with the batch. A zero on the diagonal gives infinities or NaN.
    ///
    /// ```
    /// use pyroxene_autograd::{Triangle, Var};
    /// let l = Var::from([[2.0, 0.0], [1.0, 2.0]]);
    /// let x = l.solve_triangular([2.0, 5.0], Triangle::Lower, false);
    /// assert_eq!(x.to_tensor().to_vec::<f64>(), [1.0, 2.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn solve_triangular(self, b: impl Into<Var>, triangle: Triangle, transpose: bool) -> Var {
        let system = System::new("solve_triangular", self, b.into());
        let (a, b) = (system.expand(system.matrix), system.right);
        let dtype = a.dtype().promote(b.dtype()).to_float();
        let x = apply(SolveTriangular { triangle, transpose }, &[a, b], b.shape(), dtype);
        system.finish(x)
    }
}
