//! Eigenvalues and eigenvectors of symmetric matrices.

use super::batch::{Batch, nth, order};
use super::{Array, Batching, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::shape;
use pyroxene_kernels::linalg;
use smallvec::smallvec;

/// Row 0 holds the values, and the rows below it the vectors as columns.
#[derive(Debug, PartialEq)]
struct Eigh;

/// The values alone.
#[derive(Debug, PartialEq)]
struct Values;

fn batch(n: usize, each: usize, work: usize) -> Batch {
    Batch { each, work, floats: linalg::eigh_room(n), indices: 0 }
}

fn done(finite: bool) -> Result<(), usize> {
    if finite { Ok(()) } else { Err(0) }
}

impl Primitive for Eigh {
    fn name(&self) -> &'static str {
        "eigh"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        let n = order(inputs[0]);
        batch(n, (n + 1) * n, 10 * n * n * n).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one matrix") };
        let n = order(x.shape);
        batch(n, (n + 1) * n, 10 * n * n * n).run(output, room, |k, out, scratch| {
            let (values, vectors) = out.split_at_mut(n);
            done(linalg::eigh(nth(x.data, k, n * n), n, values, Some(vectors), scratch.floats))
        });
    }

    /// V (diag(w') + F o (V^T V')) V^T, with F = 1 / (w_j - w_i) off the diagonal (M. Giles, "Collected matrix derivative results
    /// for forward and reverse mode algorithmic differentiation", 2008, 3.1), symmetrised. Between equal values F counts as 0,
    /// so that what depends on the values alone keeps its derivative.
    fn vjp(&self, _x: &[Var], y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        let (w, v) = unpack(y);
        let (gw, gv) = unpack(gy);
        let inner = reciprocal(w.unsqueeze(-2) - w.unsqueeze(-1)) * v.t().matmul(gv) + gw.diag_embed();
        smallvec![Some(symmetric(v.matmul(inner).matmul(v.t())))]
    }
}

impl Primitive for Values {
    fn name(&self) -> &'static str {
        "eigvalsh"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        let n = order(inputs[0]);
        batch(n, n, 2 * n * n * n).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one matrix") };
        let n = order(x.shape);
        batch(n, n, 2 * n * n * n).run(output, room, |k, out, scratch| {
            done(linalg::eigh(nth(x.data, k, n * n), n, out, None, scratch.floats))
        });
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        let (_, v) = unpack(eigenvectors(x[0]));
        smallvec![Some((v * gy.unsqueeze(-2)).matmul(v.t()))]
    }
}

/// 1 / x, and 0 for 0.
pub(super) fn reciprocal(x: Var) -> Var {
    let zero = x.equal(0.0);
    zero.where_(0.0, zero.where_(1.0, x).recip())
}

pub(super) fn symmetric(x: Var) -> Var {
    (x + x.t()) * 0.5
}

fn unpack(packed: Var) -> (Var, Var) {
    (packed.select(-2, 0), packed.slice(-2, 1..))
}

fn eigenvectors(x: Var) -> Var {
    let (mut shape, dtype) = with_node(x, |node| (node.shape.clone(), node.dtype));
    let axis = shape.len() - 2;
    shape[axis] += 1;
    apply(Eigh, &[x], shape, dtype.to_float())
}

impl Var {
    /// The eigenvalues of symmetric matrices, ascending, `[.., n]`, and their orthonormal eigenvectors as columns, `[.., n, n]`:
    /// `A V = V diag(w)`. Only the lower triangle is read. Of each vector the element of the largest magnitude (the first of
    /// those) is positive. A matrix that is not finite gives NaN.
    ///
    /// The derivative is symmetric. Vectors of equal eigenvalues are not determined and have none; that of values stays finite.
    ///
    /// ```
    /// use pyroxene_autograd::{Var, grad};
    /// let a = Var::from([[2.0, 1.0], [1.0, 2.0]]);
    /// let (w, _) = a.eigh();
    /// assert!(w.to_tensor().allclose([1.0, 3.0], 1e-15, 0.0));
    /// let largest = grad(w.select(0, 1), &[a])[0].to_tensor();
    /// assert!(largest.allclose([[0.5, 0.5], [0.5, 0.5]], 1e-15, 0.0));
    /// ```
    #[track_caller]
    pub fn eigh(self) -> (Var, Var) {
        shape::square("eigh", &self.shape());
        unpack(eigenvectors(self))
    }

    /// The eigenvalues of symmetric matrices, ascending; see [`eigh`](Var::eigh). Without a derivative it takes a third of the
    /// time.
    #[track_caller]
    #[must_use]
    pub fn eigvalsh(self) -> Var {
        let (mut shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        shape::square("eigvalsh", &shape);
        shape.pop();
        apply(Values, &[self], shape, dtype.to_float())
    }
}
