//! Linear systems and inverses by LU factors.

use super::batch::{Batch, nth, order};
use super::lu::{factors, read_pivots};
use super::solve_small::{is_small, solve_small};
use super::{Array, Batching, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::Var;
use crate::linalg::System;
use crate::shape;
use pyroxene_kernels::linalg;
use pyroxene_tensor::{DType, Tensor};
use smallvec::smallvec;

/// Solves `op(A) x = b`, given A, its factors and a matrix b, of equal batch axes. The derivative goes to A, not to the
/// factors, which so are computed once for the value and all its derivatives.
#[derive(Debug, PartialEq)]
struct Solve {
    transpose: bool,
}

impl Solve {
    fn batch(n: usize, columns: usize) -> Batch {
        Batch { each: n * columns, work: n * n * columns, floats: 0, indices: n }
    }
}

impl Primitive for Solve {
    fn name(&self) -> &'static str {
        "solve"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        Solve::batch(order(inputs[0]), order(output)).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [a, factors, b] = *inputs else { unreachable!("a matrix, its factors and a right side") };
        let (n, columns) = (order(a.shape), order(b.shape));
        Solve::batch(n, columns).run(output, room, |k, out, scratch| {
            let factors = nth(factors.data, k, (n + 1) * n);
            let packed = &factors[..n * n];
            if let Some(pivot) = linalg::lu_failure(packed, n) {
                return Err(pivot);
            }
            read_pivots(factors, scratch.indices);
            out.copy_from_slice(nth(b.data, k, n * columns));
            linalg::lu_solve(packed, scratch.indices, self.transpose, out, columns);
            Ok(())
        });
    }

    /// op(A) x = b: what arrives at b is g = op(A)^-T x', at op(A) -g x^T.
    fn vjp(&self, x: &[Var], y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let g = solve(x[0], x[1], gy, !self.transpose);
        let matrix = wanted[0].then(|| if self.transpose { -y.matmul(g.t()) } else { -g.matmul(y.t()) });
        smallvec![matrix, None, Some(g)]
    }
}

fn solve(a: Var, factors: Var, b: Var, transpose: bool) -> Var {
    let dtype = factors.dtype().promote(b.dtype());
    apply(Solve { transpose }, &[a, factors, b], b.shape(), dtype)
}

/// The inverses of matrices, given them and their factors.
#[derive(Debug, PartialEq)]
struct Inverse;

impl Inverse {
    fn batch(n: usize) -> Batch {
        Batch { each: n * n, work: n * n * n, floats: 0, indices: n }
    }
}

impl Primitive for Inverse {
    fn name(&self) -> &'static str {
        "inverse"
    }

    fn room(&self, _inputs: &[&[usize]], output: &[usize]) -> Room {
        Inverse::batch(order(output)).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [a, factors] = *inputs else { unreachable!("a matrix and its factors") };
        let n = order(a.shape);
        Inverse::batch(n).run(output, room, |k, out, scratch| {
            let factors = nth(factors.data, k, (n + 1) * n);
            let packed = &factors[..n * n];
            if let Some(pivot) = linalg::lu_failure(packed, n) {
                return Err(pivot);
            }
            read_pivots(factors, scratch.indices);
            out.fill(0.0);
            (0..n).for_each(|i| out[i * n + i] = 1.0);
            linalg::lu_solve(packed, scratch.indices, false, out, n);
            Ok(())
        });
    }

    /// d(A^-1) = -A^-1 dA A^-1.
    fn vjp(&self, _x: &[Var], y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        let turned = y.t();
        smallvec![Some(-turned.matmul(gy).matmul(turned)), None]
    }
}

/// The inverses of matrices with these factors.
pub(super) fn inverse(a: Var, factors: Var) -> Var {
    apply(Inverse, &[a, factors], a.shape(), factors.dtype())
}

impl Var {
    /// Solves `A x = b` for square matrices `A = self`, by LU factors with partial pivoting. A `b` with one axis is a vector;
    /// otherwise its last two axes are matrices of right sides and those before them broadcast with the batch of `self`. The
    /// solution with a singular matrix is NaN.
    ///
    /// ```
    /// use pyroxene_autograd::{Var, grad};
    /// let (a, b) = (Var::from([[0.0, 2.0], [1.0, 1.0]]), Var::from([4.0, 3.0]));
    /// let x = a.solve(b);
    /// assert_eq!(x.to_tensor().to_vec::<f64>(), [1.0, 2.0]);
    /// assert_eq!(grad(x.sum(), &[b])[0].to_tensor().to_vec::<f64>(), [0.0, 1.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn solve(self, b: impl Into<Var>) -> Var {
        let system = System::new("solve", self, b.into());
        if is_small(order(&system.matrix.shape())) {
            let x = solve_small(system.expand(system.matrix), system.right);
            return system.finish(x);
        }
        let factors = system.expand(factors(system.matrix));
        let x = solve(system.expand(system.matrix), factors, system.right, false);
        system.finish(x)
    }

    /// The inverses of square matrices; that of a singular one is NaN. To solve a system, [`solve`](Var::solve) takes less time
    /// and is more accurate.
    ///
    /// ```
    /// use pyroxene_autograd::{Var, grad};
    /// let a = Var::from([[0.0, 2.0], [1.0, 1.0]]);
    /// assert_eq!(a.inverse().to_tensor().to_vec::<f64>(), [-0.5, 1.0, 0.5, 0.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn inverse(self) -> Var {
        let shape = self.shape();
        let n = shape::square("inverse", &shape);
        if is_small(n) {
            let one = Var::from(Tensor::eye(n, DType::F64)).cast(self.dtype().to_float());
            return solve_small(self, one.expand(&shape));
        }
        inverse(self, factors(self))
    }
}
