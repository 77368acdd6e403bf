//! Determinants.

use super::batch::{Batch, nth, order};
use super::lu::{factors, read_pivots};
use super::solve::inverse;
use super::{Array, Batching, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::Var;
use crate::shape;
use pyroxene_kernels::linalg;
use pyroxene_tensor::Shape;
use smallvec::smallvec;

/// The determinant of a matrix, given it and its factors.
#[derive(Debug, PartialEq)]
struct Det;

/// The sign of the determinant and the logarithm of its magnitude, given a matrix and its factors.
#[derive(Debug, PartialEq)]
struct LogDet;

fn batch(n: usize, each: usize) -> Batch {
    Batch { each, work: n, floats: 0, indices: n }
}

/// Fills each result from the packed factors and the exchanges of rows.
fn by_factors(
    inputs: &[Array<'_>],
    output: &mut [f64],
    room: RoomMut<'_>,
    each: usize,
    f: impl Fn(&[f64], &[usize], &mut [f64]) + Sync,
) {
    let [a, factors] = *inputs else { unreachable!("a matrix and its factors") };
    let n = order(a.shape);
    batch(n, each).run(output, room, |k, out, scratch| {
        let factors = nth(factors.data, k, (n + 1) * n);
        read_pivots(factors, scratch.indices);
        f(&factors[..n * n], scratch.indices, out);
        Ok(())
    });
}

impl Primitive for Det {
    fn name(&self) -> &'static str {
        "det"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        batch(order(inputs[0]), 1).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        by_factors(inputs, output, room, 1, |lu, pivots, out| out[0] = linalg::lu_determinant(lu, pivots));
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![Some(as_matrix(gy) * cofactors(x[0])), None]
    }
}

impl Primitive for LogDet {
    fn name(&self) -> &'static str {
        "slogdet"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        batch(order(inputs[0]), 2).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        by_factors(inputs, output, room, 2, |lu, pivots, out| {
            (out[0], out[1]) = linalg::lu_log_determinant(lu, pivots);
        });
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![Some(as_matrix(gy.select(-1, 1)) * inverse(x[0], x[1]).t()), None]
    }
}

/// The matrix of cofactors.
#[derive(Debug, PartialEq)]
struct Cofactors;

/// The derivative of `sum(g * cofactors(a))` by a, given a and g.
#[derive(Debug, PartialEq)]
struct SecondCofactors;

fn cofactor_batch(n: usize) -> Batch {
    let (floats, indices) = linalg::cofactors_room(n);
    Batch { each: n * n, work: 4 * n * n * n, floats, indices }
}

impl Primitive for Cofactors {
    fn name(&self) -> &'static str {
        "cofactors"
    }

    fn room(&self, _inputs: &[&[usize]], output: &[usize]) -> Room {
        cofactor_batch(order(output)).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [a] = *inputs else { unreachable!("one matrix") };
        let n = order(a.shape);
        cofactor_batch(n).run(output, room, |k, out, scratch| {
            linalg::cofactors(nth(a.data, k, n * n), n, out, scratch.floats, scratch.indices);
            Ok(())
        });
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![Some(second(x[0], gy))]
    }
}

impl Primitive for SecondCofactors {
    fn name(&self) -> &'static str {
        "second_cofactors"
    }

    fn room(&self, _inputs: &[&[usize]], output: &[usize]) -> Room {
        cofactor_batch(order(output)).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [a, g] = *inputs else { unreachable!("a matrix and a derivative") };
        let n = order(a.shape);
        cofactor_batch(n).run(output, room, |k, out, scratch| {
            let (a, g) = (nth(a.data, k, n * n), nth(g.data, k, n * n));
            linalg::second_cofactors(a, g, n, out, scratch.floats, scratch.indices);
            Ok(())
        });
    }

    /// S(A, G) is linear in G and symmetric: what arrives at G is S(A, W). For that at A, where det A is not zero,
    /// sum(W S) = (<C, G> <C, W> - <C G^T C, W>) / det A with the cofactors C.
    fn vjp(&self, x: &[Var], _y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let (a, g, w) = (x[0], x[1], gy);
        let by_a = wanted[0].then(|| {
            let c = cofactors(a);
            let inner = |x: Var, y: Var| (x * y).sum_axes(&[-2, -1], true);
            let (cg, cw) = (inner(c, g), inner(c, w));
            let det = as_matrix(determinant(a));
            let whole = (cg * cw - inner(c.matmul(g.t()).matmul(c), w)) / det;
            let mixed = w.matmul(c.t()).matmul(g) + g.matmul(c.t()).matmul(w);
            (second(a, g * cw + w * cg - mixed) - c * whole) / det
        });
        smallvec![by_a, wanted[1].then(|| second(a, w))]
    }
}

fn cofactors(a: Var) -> Var {
    apply(Cofactors, &[a], a.shape(), a.dtype().to_float())
}

fn second(a: Var, g: Var) -> Var {
    apply(SecondCofactors, &[a, g], a.shape(), g.dtype())
}

/// Adds two axes of size one.
fn as_matrix(x: Var) -> Var {
    x.unsqueeze(-1).unsqueeze(-1)
}

fn batch_shape(x: Var) -> Shape {
    let shape = x.shape();
    shape[..shape.len() - 2].into()
}

fn determinant(x: Var) -> Var {
    let factors = factors(x);
    apply(Det, &[x, factors], batch_shape(x), factors.dtype())
}

impl Var {
    /// The determinants of square matrices; that of 0 x 0 is 1. Up to order 3 by the closed form, beyond by LU factors.
    ///
    /// The first two derivatives are right at singular matrices too (the first is the matrix of cofactors), up to order 3 all
    /// of them.
    ///
    /// ```
    /// use pyroxene_autograd::{Var, grad};
    /// let a = Var::from([[1.0, 2.0], [2.0, 4.0]]);
    /// assert_eq!(grad(a.det(), &[a])[0].to_tensor().to_vec::<f64>(), [4.0, -2.0, -2.0, 1.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn det(self) -> Var {
        let n = shape::square("det", &self.shape());
        let x = self.cast(self.dtype().to_float());
        let at = |i: isize, j: isize| x.select(-1, j).select(-1, i);
        let minor = |i: isize, j: isize| at(1, i) * at(2, j) - at(1, j) * at(2, i);
        match n {
            0 => Var::ones(&batch_shape(x)).cast(x.dtype()),
            1 => at(0, 0),
            2 => at(0, 0) * at(1, 1) - at(0, 1) * at(1, 0),
            3 => at(0, 0) * minor(1, 2) - at(0, 1) * minor(0, 2) + at(0, 2) * minor(0, 1),
            _ => determinant(x),
        }
    }

    /// The signs of the determinants of square matrices (1, -1, or 0 for a singular one), and the logarithms of their magnitudes
    /// (-inf for a singular one, where the derivative is NaN).
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// let (sign, log) = Var::from([[0.0, 2.0], [1.0, 1.0]]).slogdet();
    /// assert_eq!((sign.item(), log.item()), (-1.0, 2f64.ln()));
    /// ```
    #[track_caller]
    pub fn slogdet(self) -> (Var, Var) {
        shape::square("slogdet", &self.shape());
        let factors = factors(self);
        let mut shape = batch_shape(self);
        shape.push(2);
        let both = apply(LogDet, &[self, factors], shape, factors.dtype());
        (both.select(-1, 0), both.select(-1, 1))
    }

    /// The logarithms of the determinants of square matrices: -inf for a singular one, NaN for a negative determinant. For
    /// a positive definite matrix, [`cholesky_logdet`](Var::cholesky_logdet) of its factor takes half the time.
    #[track_caller]
    #[must_use]
    pub fn logdet(self) -> Var {
        shape::square("logdet", &self.shape());
        let (sign, log) = self.slogdet();
        sign.less(0.0).where_(f64::NAN, log)
    }
}
