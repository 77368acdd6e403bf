//! The triangle of a product of two factors of equal shape: what arrives at a triangular matrix through a system.

use super::batch::{Batch, nth};
use super::{Array, Batching, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::Var;
use pyroxene_kernels::linalg::{Mat, MatMut, Triangle, gemm};
use smallvec::smallvec;

/// The triangle of `-a b^T` for matrices a and b of shape `[.., n, k]`; zeros elsewhere.
#[derive(Debug, PartialEq)]
struct MinusOuter {
    triangle: Triangle,
}

impl MinusOuter {
    fn batch(a: &[usize]) -> Batch {
        let [.., n, k] = *a else { unreachable!("matrices") };
        Batch { each: n * n, work: n * n * k, floats: 0, indices: 0 }
    }
}

impl Primitive for MinusOuter {
    fn name(&self) -> &'static str {
        "minus_outer"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        MinusOuter::batch(inputs[0]).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [a, b] = *inputs else { unreachable!("two factors") };
        let [.., n, k] = *a.shape else { unreachable!("matrices") };
        MinusOuter::batch(a.shape).run(output, room, |place, out, _| {
            let (a, b) = (nth(a.data, place, n * k), nth(b.data, place, n * k));
            if k != 1 {
                gemm(Mat::row_major(a, n, k), Mat::row_major(b, n, k).t(), MatMut::row_major(out, n, n));
            }
            for (i, row) in out.chunks_exact_mut(n.max(1)).enumerate() {
                let (kept, cleared) = match self.triangle {
                    Triangle::Lower => (0..i + 1, i + 1..n),
                    Triangle::Upper => (i..n, 0..i),
                };
                if k == 1 {
                    let factor = -a[i];
                    row[kept.clone()].iter_mut().zip(&b[kept]).for_each(|(x, b)| *x = factor * b);
                } else {
                    row[kept].iter_mut().for_each(|x| *x = -*x);
                }
                row[cleared].fill(0.0);
            }
            Ok(())
        });
    }

    /// Of the triangle W of what arrives, -W b goes to a, and -W^T a to b.
    fn vjp(&self, x: &[Var], _y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let minus = -match self.triangle {
            Triangle::Lower => gy.tril(0),
            Triangle::Upper => gy.triu(0),
        };
        smallvec![wanted[0].then(|| minus.matmul(x[1])), wanted[1].then(|| minus.t().matmul(x[0]))]
    }
}

/// The triangle of `-a b^T`, for matrices of equal shape.
pub(super) fn minus_outer(a: Var, b: Var, triangle: Triangle) -> Var {
    let mut shape = a.shape();
    let rank = shape.len();
    shape[rank - 1] = shape[rank - 2];
    apply(MinusOuter { triangle }, &[a, b], shape, a.dtype())
}
