//! The Cholesky factor.

use super::{Array, Derivatives, Primitive, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::shape;
use pyroxene_kernels::linalg::{self, Triangle};
use pyroxene_tensor::{DType, Tensor};
use smallvec::smallvec;

#[derive(Debug, PartialEq)]
struct Cholesky;

impl Primitive for Cholesky {
    fn name(&self) -> &'static str {
        "cholesky"
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one matrix") };
        let n = x.shape[x.shape.len() - 1];
        output.copy_from_slice(x.data);
        for matrix in output.chunks_exact_mut((n * n).max(1)) {
            if linalg::cholesky(matrix, n).is_err() {
                matrix.fill(f64::NAN);
            }
        }
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        inputs[0].cholesky()
    }

    /// Murray (2016), eq. 8: Ā = sym(L⁻ᵀ Φ(Lᵀ L̄) L⁻¹), Φ the lower triangle with half the diagonal.
    fn vjp(&self, _x: &[Var], l: Var, gl: Var, _wanted: &[bool]) -> Derivatives {
        let product = l.t().matmul(gl.tril(0));
        let phi = product.tril(0) - (product.diagonal() * 0.5).diag_embed();
        // P = Φ + Φᵀ makes the two triangular solves symmetric: Ā = ½ L⁻ᵀ P L⁻¹.
        let symmetric = phi + phi.t();
        let left = l.solve_triangular(symmetric, Triangle::Lower, true);
        smallvec![Some(l.solve_triangular(left.t(), Triangle::Lower, true) * 0.5)]
    }
}

impl Var {
    /// The lower Cholesky factor of a symmetric positive definite matrix; only the lower triangle is read. The factor of
    /// a matrix that is not positive definite is NaN.
    ///
    /// The derivative is that of Murray, "Differentiation of the Cholesky decomposition" (2016), symmetrised.
    #[track_caller]
    #[must_use]
    pub fn cholesky(self) -> Var {
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        shape::square("cholesky", &shape);
        apply(Cholesky, &[self], shape, if dtype.is_float() { dtype } else { DType::F64 })
    }
}
