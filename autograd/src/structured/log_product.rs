//! Matrix products of numbers given by their logarithms: the steps of `log_einsum`.

use super::{Array, Batching, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::Var;
use pyroxene_kernels::logspace::{Tilted, log_product, log_product_room, tilted_sum, tilted_sum_room};
use pyroxene_tensor::{DType, Shape};
use smallvec::smallvec;

/// The sizes of the last two axes of each of two matrices that share the middle one.
fn sizes(a: &[usize], b: &[usize]) -> [usize; 3] {
    [a[a.len() - 2], a[a.len() - 1], b[b.len() - 1]]
}

/// The part of an input, or of the output, that belongs to one matrix of the batch.
fn matrix(data: &[f64], at: usize, len: usize) -> &[f64] {
    &data[at * len..(at + 1) * len]
}

/// `ln sum_k exp(a[i, k] + b[k, j])`
#[derive(Debug, PartialEq)]
struct LogProduct;

impl Primitive for LogProduct {
    fn name(&self) -> &'static str {
        "log_product"
    }

    fn room(&self, inputs: &[&[usize]], _output: &[usize]) -> Room {
        Room { floats: log_product_room(sizes(inputs[0], inputs[1])), indices: 0 }
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [a, b] = *inputs else { unreachable!("two matrices") };
        let [m, k, n] = sizes(a.shape, b.shape);
        for (at, y) in output.chunks_exact_mut((m * n).max(1)).enumerate() {
            log_product([m, k, n], matrix(a.data, at, m * k), matrix(b.data, at, k * n), y, room.floats);
        }
    }

    /// The share of each term, exp(a + b - y); none where y is -inf, for nothing of it is left to change.
    fn vjp(&self, x: &[Var], y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let [a, b] = *x else { unreachable!("two matrices") };
        let c = y.equal(f64::NEG_INFINITY).where_(f64::NEG_INFINITY, -y);
        let ones = |like: Var| Var::from(1.0).cast(like.dtype()).expand(&like.shape());
        smallvec![
            wanted[0].then(|| tilted(a, b, c, gy, ones(b))),
            wanted[1].then(|| tilted(b, c.t(), a.t(), ones(a.t()), gy.t())),
        ]
    }
}

/// `sum_j exp(a[i, k] + b[k, j] + c[i, j]) g[i, j] h[k, j]`
#[derive(Debug, PartialEq)]
struct TiltedSum;

impl Primitive for TiltedSum {
    fn name(&self) -> &'static str {
        "tilted_sum"
    }

    fn room(&self, inputs: &[&[usize]], _output: &[usize]) -> Room {
        Room { floats: tilted_sum_room(sizes(inputs[0], inputs[1])), indices: 0 }
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [a, b, c, g, h] = *inputs else { unreachable!("five matrices") };
        let [m, k, n] = sizes(a.shape, b.shape);
        for (at, y) in output.chunks_exact_mut((m * k).max(1)).enumerate() {
            let factors = Tilted {
                a: matrix(a.data, at, m * k),
                b: matrix(b.data, at, k * n),
                c: matrix(c.data, at, m * n),
                g: matrix(g.data, at, m * n),
                h: matrix(h.data, at, k * n),
            };
            tilted_sum([m, k, n], factors, y, room.floats);
        }
    }

    /// The sum is linear in g and h, and the derivative by an exponent is the term itself: with w the derivative of the
    /// result, sum_k of w[i, k] exp(..) h[k, j] and sum_i of w[i, k] exp(..) g[i, j] are tilted sums of the same matrices.
    fn vjp(&self, x: &[Var], y: Var, w: Var, wanted: &[bool]) -> Derivatives {
        let [a, b, c, g, h] = *x else { unreachable!("five matrices") };
        let by_g = (wanted[2] || wanted[3]).then(|| tilted(c, b.t(), a, w, h.t()));
        let by_h = (wanted[1] || wanted[4]).then(|| tilted(b, c.t(), a.t(), w.t(), g.t()));
        smallvec![
            wanted[0].then(|| w * y),
            by_h.filter(|_| wanted[1]).map(|by_h| by_h * h),
            by_g.filter(|_| wanted[2]).map(|by_g| by_g * g),
            by_g.filter(|_| wanted[3]),
            by_h.filter(|_| wanted[4]),
        ]
    }
}

fn tilted(a: Var, b: Var, c: Var, g: Var, h: Var) -> Var {
    let dtype = [b, c, g, h].iter().fold(a.dtype(), |dtype, x| dtype.promote(x.dtype()));
    apply(TiltedSum, &[a, b, c, g, h], a.shape(), dtype)
}

/// The product of two batches of matrices of logarithms, whose leading axes are the same.
pub(crate) fn log_matmul(a: Var, b: Var) -> Var {
    let dtype: DType = a.dtype().promote(b.dtype()).to_float();
    let mut shape: Shape = a.shape();
    shape.pop();
    shape.push(b.size(-1));
    apply(LogProduct, &[a, b], shape, dtype)
}
