//! LU factors.

use super::batch::{Batch, nth, order};
use super::{Array, Batching, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::shape;
use pyroxene_kernels::linalg::{self, Triangle};
use pyroxene_tensor::{DType, Tensor};
use smallvec::smallvec;

/// The packed factors of a matrix of order n, and below them row n with the exchanges of rows.
#[derive(Debug, PartialEq)]
struct Lu;

impl Lu {
    fn batch(n: usize) -> Batch {
        Batch { each: (n + 1) * n, work: n * n * n / 3, floats: 0, indices: n }
    }
}

impl Primitive for Lu {
    fn name(&self) -> &'static str {
        "lu"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        Lu::batch(order(inputs[0])).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one matrix") };
        let n = order(x.shape);
        Lu::batch(n).run(output, room, |k, out, scratch| {
            let (matrix, pivots) = out.split_at_mut(n * n);
            matrix.copy_from_slice(nth(x.data, k, n * n));
            // A singular matrix has factors too.
            let _ = linalg::lu(matrix, n, scratch.indices);
            pivots.iter_mut().zip(scratch.indices).for_each(|(x, &mut pivot)| *x = pivot as f64);
            Ok(())
        });
    }

    /// A = P L U, with derivatives GL (strictly lower) and GU (upper) in one matrix: P L^-T (tril(L^T GL) + triu(GU U^T)) U^-T,
    /// the first triangle without its diagonal.
    fn vjp(&self, _x: &[Var], y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        let n = order(&y.shape()) as isize;
        let (packed, g) = (y.slice(-2, ..n), gy.slice(-2, ..n));
        let (l, u) = (unit_lower(packed), packed.triu(0));
        let inner = l.t().matmul(g.tril(-1)).tril(-1) + g.triu(0).matmul(u.t()).triu(0);
        let left = l.solve_triangular(inner, Triangle::Lower, true);
        // X U^-T is the transpose of U^-1 X^T.
        let both = u.solve_triangular(left.t(), Triangle::Upper, false).t();
        smallvec![Some(rows(y).matmul(both))]
    }
}

/// The exchanges of rows in the last row of [`Lu`]'s result as a permutation.
#[derive(Debug, PartialEq)]
struct Permutation;

impl Permutation {
    fn batch(n: usize) -> Batch {
        Batch { each: n, work: n, floats: 0, indices: 2 * n }
    }
}

impl Primitive for Permutation {
    fn name(&self) -> &'static str {
        "lu_permutation"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        Permutation::batch(order(inputs[0])).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [factors] = *inputs else { unreachable!("factors") };
        let n = order(factors.shape);
        Permutation::batch(n).run(output, room, |k, out, scratch| {
            let (pivots, rows) = scratch.indices.split_at_mut(n);
            read_pivots(nth(factors.data, k, (n + 1) * n), pivots);
            linalg::lu_permutation(pivots, rows);
            out.iter_mut().zip(rows).for_each(|(x, &mut row)| *x = row as f64);
            Ok(())
        });
    }

    fn vjp(&self, _x: &[Var], _y: Var, _gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![None]
    }
}

/// Reads the exchanges of rows from a result of [`Lu`].
pub(super) fn read_pivots(factors: &[f64], pivots: &mut [usize]) {
    let last = &factors[factors.len() - pivots.len()..];
    pivots.iter_mut().zip(last).for_each(|(pivot, &x)| *pivot = x as usize);
}

/// The packed factors and exchanges of square matrices.
#[track_caller]
pub(super) fn factors(x: Var) -> Var {
    let (mut shape, dtype) = with_node(x, |node| (node.shape.clone(), node.dtype));
    let axis = shape.len() - 2;
    shape[axis] += 1;
    apply(Lu, &[x], shape, dtype.to_float())
}

fn unit_lower(packed: Var) -> Var {
    packed.tril(-1) + Var::from(Tensor::eye(packed.size(-1), DType::F64)).cast(packed.dtype())
}

/// The permutation of rows as indices.
fn permutation(factors: Var) -> Var {
    let mut shape = factors.shape();
    shape.remove(shape.len() - 2);
    apply(Permutation, &[factors], shape, DType::I64)
}

/// The permutation matrix P of A = P L U.
fn rows(factors: Var) -> Var {
    let n = factors.size(-1) as i64;
    let places = Var::from(Tensor::arange(0, n, 1)).unsqueeze(1);
    permutation(factors).unsqueeze(-2).equal(places).cast(factors.dtype())
}

impl Var {
    /// The factors `A = P L U` of square matrices, with partial pivoting: a permutation matrix, a lower triangle with ones on its
    /// diagonal and elements of at most one, and an upper triangle. A singular matrix has factors too, but no derivative (NaN or
    /// infinite).
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// let (p, l, u) = Var::from([[1.0, 2.0], [2.0, 3.0]]).lu();
    /// assert_eq!(u.to_tensor().to_vec::<f64>(), [2.0, 3.0, 0.0, 0.5]);
    /// assert_eq!(p.matmul(l).matmul(u).to_tensor().to_vec::<f64>(), [1.0, 2.0, 2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn lu(self) -> (Var, Var, Var) {
        let n = shape::square("lu", &self.shape());
        let factors = factors(self);
        let packed = factors.slice(-2, ..n as isize);
        (rows(factors), unit_lower(packed), packed.triu(0))
    }

    /// The factors of [`lu`](Var::lu) in one matrix, U in and above its diagonal and L below, and the permutation as `I64`
    /// indices: row i of `L U` is row `permutation[i]` of the matrix.
    #[track_caller]
    pub fn lu_factor(self) -> (Var, Var) {
        let n = shape::square("lu_factor", &self.shape());
        let factors = factors(self);
        (factors.slice(-2, ..n as isize), permutation(factors))
    }
}
