//! The matrix exponential.

use super::batch::{Batch, nth, order};
use super::{Array, Batching, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::shape;
use pyroxene_kernels::linalg;
use smallvec::smallvec;

#[derive(Debug, PartialEq)]
struct MatrixExp;

fn batch(n: usize) -> Batch {
    Batch { each: n * n, work: 15 * n * n * n, floats: linalg::matrix_exp_room(n), indices: n }
}

impl Primitive for MatrixExp {
    fn name(&self) -> &'static str {
        "matrix_exp"
    }

    fn room(&self, _inputs: &[&[usize]], output: &[usize]) -> Room {
        batch(order(output)).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one matrix") };
        let n = order(x.shape);
        batch(n).run(output, room, |k, out, scratch| {
            let done = linalg::matrix_exp(nth(x.data, k, n * n), n, out, scratch.floats, scratch.indices);
            if done { Ok(()) } else { Err(0) }
        });
    }

    /// The adjoint of the derivative at A is the derivative at A^T, and that in the direction E is the upper right block of
    /// exp([[A, E], [0, A]]) (R. Mathias, "A chain rule for matrix functions and applications", SIAM J. Matrix Anal. Appl. 17,
    /// 1996).
    fn vjp(&self, x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        let turned = x[0].t();
        let n = turned.size(-1) as isize;
        let upper = Var::concat(&[turned, gy], -1);
        let lower = Var::concat(&[Var::zeros(&turned.shape()).cast(turned.dtype()), turned], -1);
        let whole = Var::concat(&[upper, lower], -2).matrix_exp();
        smallvec![Some(whole.slice(-2, ..n).slice(-1, n..))]
    }
}

impl Var {
    /// The matrix exponential of square matrices, `1 + A + A^2 / 2 + ...` (A. Al-Mohy and N. Higham, "A new scaling and squaring
    /// algorithm for the matrix exponential", 2009). A matrix that is not finite gives NaN.
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// let rotation = Var::from([[0.0, -1.0], [1.0, 0.0]]).matrix_exp().to_tensor();
    /// let (sin, cos) = 1f64.sin_cos();
    /// assert!(rotation.allclose([[cos, -sin], [sin, cos]], 1e-15, 0.0));
    /// ```
    #[track_caller]
    #[must_use]
    pub fn matrix_exp(self) -> Var {
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        shape::square("matrix_exp", &shape);
        apply(MatrixExp, &[self], shape, dtype.to_float())
    }
}
