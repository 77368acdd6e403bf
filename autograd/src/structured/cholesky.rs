//! The Cholesky factor, and the derivative through it.

use super::batch::{Batch, nth, order};
use super::{Array, Batching, Derivatives, Primitive, Room, RoomMut, apply};
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

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one matrix") };
        let n = order(x.shape);
        if (1..=linalg::SMALL).contains(&n) {
            output.copy_from_slice(x.data);
            linalg::cholesky_small(output, n);
            return;
        }
        let batch = Batch { each: n * n, work: n * n * n / 6, floats: 0, indices: 0 };
        batch.run(output, room, |k, out, _| {
            out.copy_from_slice(nth(x.data, k, n * n));
            linalg::cholesky(out, n)
        });
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        inputs[0].cholesky()
    }

    fn vjp(&self, _x: &[Var], l: Var, gl: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![Some(apply(CholeskyAdjoint, &[l, gl], gl.shape(), gl.dtype()))]
    }
}

/// S = 1/2 L^-T (P + P^T) L^-1 of L and the derivative G by it, where P = Phi(L^T G) is the lower triangle with half the
/// diagonal: the symmetric derivative by L L^T (Murray 2016, eq. 8).
#[derive(Debug, PartialEq)]
struct CholeskyAdjoint;

impl Primitive for CholeskyAdjoint {
    fn name(&self) -> &'static str {
        "cholesky_adjoint"
    }

    fn room(&self, _inputs: &[&[usize]], _output: &[usize]) -> Room {
        Room::default()
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [l, g] = *inputs else { unreachable!("a factor and a derivative") };
        let n = order(l.shape);
        let batch = Batch { each: n * n, work: 2 * n * n * n / 3, floats: 0, indices: 0 };
        batch.run(output, room, |k, out, _| {
            out.copy_from_slice(nth(g.data, k, n * n));
            linalg::cholesky_adjoint(nth(l.data, k, n * n), n, out);
            Ok(())
        });
    }

    /// Let W be the symmetric part of what arrives at S, T = L^-1 W, Q = L^-1 W L^-T and G the lower triangle. As
    /// dS = 1/2 L^-T dP' L^-1 - L^-T dL^T S - S dL L^-1 and dM = dL^T G + L^T dG for M = L^T G,
    /// what arrives at G is L Phi(Q), and at L it is G Phi(Q)^T - 2 S T^T, of both the lower triangle.
    fn vjp(&self, x: &[Var], s: Var, gs: Var, wanted: &[bool]) -> Derivatives {
        let [l, g] = *x else { unreachable!("a factor and a derivative") };
        let w = (gs + gs.t()) * 0.5;
        let t = l.solve_triangular(w, Triangle::Lower, false);
        let q = l.solve_triangular(t.t(), Triangle::Lower, false);
        let phi = q.tril(0) - (q.diagonal() * 0.5).diag_embed();
        let by_l = wanted[0].then(|| (g.tril(0).matmul(phi.t()) - s.matmul(t.t()) * 2.0).tril(0));
        let by_g = wanted[1].then(|| l.matmul(phi).tril(0));
        smallvec![by_l, by_g]
    }
}

impl Var {
    /// The lower Cholesky factor of a symmetric positive definite matrix; only the lower triangle is read. The factor of
    /// a matrix that is not positive definite is NaN.
    ///
    /// The derivative is that of I. Murray, "Differentiation of the Cholesky decomposition" (arXiv:1602.07527, 2016),
    /// symmetrised.
    ///
    /// ```
    /// use pyroxene_autograd::{Var, grad};
    /// let a = Var::from([[4.0, 2.0], [2.0, 5.0]]);
    /// let half_log_det = a.cholesky().diagonal().ln().sum();
    /// let inverse = grad(half_log_det * 2.0, &[a])[0].to_tensor();
    /// assert!(inverse.allclose([[0.3125, -0.125], [-0.125, 0.25]], 1e-15, 0.0));
    /// ```
    #[track_caller]
    #[must_use]
    pub fn cholesky(self) -> Var {
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        shape::square("cholesky", &shape);
        apply(Cholesky, &[self], shape, dtype.to_float())
    }
}
