//! Systems of at most [`SMALL`] unknowns, whole batches at a time.

use super::batch::order;
use super::{Array, Batching, Derivatives, Primitive, RoomMut, apply};
use crate::arena::Var;
use pyroxene_kernels::linalg::{self, SMALL};
use smallvec::smallvec;

/// Solves `A x = b`, given A and a matrix b of equal batch axes. A is factored anew for each derivative: that costs less than
/// to write the factors down.
#[derive(Debug, PartialEq)]
struct SolveSmall;

impl Primitive for SolveSmall {
    fn name(&self) -> &'static str {
        "solve_small"
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [a, b] = *inputs else { unreachable!("matrices and right sides") };
        output.copy_from_slice(b.data);
        linalg::solve_small(a.data, order(a.shape), output, order(b.shape));
    }

    /// What arrives at b is g = A^-T x', at A -g x^T.
    fn vjp(&self, x: &[Var], y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let g = solve_small(x[0].t(), gy);
        smallvec![wanted[0].then(|| -g.matmul(y.t())), Some(g)]
    }
}

/// Whether matrices of order n are small.
pub(super) fn is_small(n: usize) -> bool {
    (1..=SMALL).contains(&n)
}

/// The solution for matrices and right sides of equal batch axes.
pub(super) fn solve_small(a: Var, b: Var) -> Var {
    apply(SolveSmall, &[a, b], b.shape(), a.dtype().promote(b.dtype()).to_float())
}
