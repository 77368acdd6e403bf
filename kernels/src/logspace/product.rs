//! Matrix products of numbers given by their logarithms, and the sums that are their derivatives.
//!
//! Each operand is brought near one by its largest elements and multiplied in linear space, which takes an exponential
//! an element of the operands, not one a term. An element that this may have lost digits of, because the large elements
//! of the two operands do not meet, is summed anew term by term.

use super::{ENOUGH, larger, shift};
use crate::elementwise::unary;
use crate::linalg::{Mat, MatMut, gemm};
use crate::table::Unary;

/// A scaled sum is brought back by a factor up to exp of this; what fell below the normal numbers stays below 1e-170.
const FACTOR: f64 = 300.0;

/// exp(x - shift of its row), and the shifts.
fn scale_rows(x: &[f64], width: usize, out: &mut [f64], shifts: &mut [f64], room: &mut [f64]) {
    let room = &mut room[..x.len()];
    for ((x, room), at) in x.chunks_exact(width).zip(room.chunks_exact_mut(width)).zip(shifts) {
        *at = shift(x.iter().copied().fold(f64::NEG_INFINITY, larger));
        room.iter_mut().zip(x).for_each(|(to, x)| *to = x - *at);
    }
    unary(Unary::Exp, room, out);
}

/// exp(x - shift of its column), and the shifts.
fn scale_columns(x: &[f64], out: &mut [f64], shifts: &mut [f64], room: &mut [f64]) {
    let room = &mut room[..x.len()];
    shifts.fill(f64::NEG_INFINITY);
    for x in x.chunks_exact(shifts.len()) {
        shifts.iter_mut().zip(x).for_each(|(max, x)| *max = larger(*max, *x));
    }
    shifts.iter_mut().for_each(|max| *max = shift(*max));
    for (x, room) in x.chunks_exact(shifts.len()).zip(room.chunks_exact_mut(shifts.len())) {
        room.iter_mut().zip(x).zip(&*shifts).for_each(|((to, x), at)| *to = x - at);
    }
    unary(Unary::Exp, room, out);
}

/// Numbers that [`log_product`] scribbles on, for an `m` x `k` and a `k` x `n` matrix.
pub fn log_product_room([m, k, n]: [usize; 3]) -> usize {
    m * k + k * n + m + n + (m * k).max(k * n).max(m * n)
}

/// `y[i, j] = ln sum_k exp(a[i, k] + b[k, j])`: -inf where all terms are or there are none, without overflow or undue loss.
///
/// ```
/// use pyroxene_kernels::logspace::{log_product, log_product_room};
/// let mut y = [0.0];
/// let mut room = vec![0.0; log_product_room([1, 2, 1])];
/// log_product([1, 2, 1], &[1e4, 1e4], &[5.0, 5.0], &mut y, &mut room);
/// assert_eq!(y[0], 10_005.0 + 2f64.ln());
/// ```
///
/// # Panics
/// If a slice is too short.
pub fn log_product([m, k, n]: [usize; 3], a: &[f64], b: &[f64], y: &mut [f64], room: &mut [f64]) {
    assert!(a.len() == m * k && b.len() == k * n && y.len() == m * n, "log_product: not {m} x {k} times {k} x {n}");
    if k == 0 || y.is_empty() {
        return y.fill(f64::NEG_INFINITY);
    }
    let (left, room) = room.split_at_mut(m * k);
    let (right, room) = room.split_at_mut(k * n);
    let (rows, room) = room.split_at_mut(m);
    let (columns, room) = room.split_at_mut(n);
    scale_rows(a, k, left, rows, room);
    scale_columns(b, right, columns, room);
    gemm(Mat::row_major(left, m, k), Mat::row_major(right, k, n), MatMut::row_major(y, m, n));
    let logs = &mut room[..m * n];
    unary(Unary::Ln, y, logs);
    for i in 0..m {
        for j in 0..n {
            let scaled = y[i * n + j];
            y[i * n + j] = if scaled >= ENOUGH && scaled.is_finite() {
                logs[i * n + j] + rows[i] + columns[j]
            } else {
                log_sum_exp(k, |term| a[i * k + term] + b[term * n + j])
            };
        }
    }
}

fn log_sum_exp(terms: usize, term: impl Fn(usize) -> f64) -> f64 {
    let max = (0..terms).map(&term).fold(f64::NEG_INFINITY, larger);
    if !max.is_finite() {
        return max;
    }
    let sum: f64 = (0..terms).map(|k| Unary::Exp.eval(term(k) - max)).sum();
    max + Unary::Ln.eval(sum)
}

/// The factors of a tilted sum: three matrices of exponents, and weights for two of them.
#[derive(Clone, Copy, Debug)]
pub struct Tilted<'a> {
    /// `m` x `k` exponents.
    pub a: &'a [f64],
    /// `k` x `n` exponents.
    pub b: &'a [f64],
    /// `m` x `n` exponents.
    pub c: &'a [f64],
    /// `m` x `n` weights.
    pub g: &'a [f64],
    /// `k` x `n` weights.
    pub h: &'a [f64],
}

/// Numbers that [`tilted_sum`] scribbles on.
pub fn tilted_sum_room([m, k, n]: [usize; 3]) -> usize {
    m * n + k * n + m + k + (m * n).max(k * n).max(2 * m * k)
}

/// `y[i, k] = sum_j exp(a[i, k] + b[k, j] + c[i, j]) g[i, j] h[k, j]`, where the exponents' sums are at most about zero.
///
/// With c = -ln of the product and h = 1 these are the derivatives of [`log_product`] by a; and the derivatives of tilted
/// sums are tilted sums.
///
/// # Panics
/// If a slice is too short.
pub fn tilted_sum([m, k, n]: [usize; 3], x: Tilted<'_>, y: &mut [f64], room: &mut [f64]) {
    let Tilted { a, b, c, g, h } = x;
    assert!(
        [a.len(), b.len(), c.len(), g.len(), h.len(), y.len()] == [m * k, k * n, m * n, m * n, k * n, m * k],
        "tilted_sum: the factors are not of sizes {m}, {k} and {n}"
    );
    if n == 0 || y.is_empty() {
        return y.fill(0.0);
    }
    let (left, room) = room.split_at_mut(m * n);
    let (right, room) = room.split_at_mut(k * n);
    let (rows, room) = room.split_at_mut(m);
    let (columns, room) = room.split_at_mut(k);
    scale_rows(c, n, left, rows, room);
    scale_rows(b, n, right, columns, room);
    left.iter_mut().zip(g).for_each(|(x, g)| *x *= g);
    right.iter_mut().zip(h).for_each(|(x, h)| *x *= h);
    let right = Mat::row_major(right, k, n).t();
    gemm(Mat::row_major(left, m, n), right, MatMut::row_major(y, m, k));
    let (factors, room) = room.split_at_mut(m * k);
    for i in 0..m {
        for j in 0..k {
            let exponent = a[i * k + j] + rows[i] + columns[j];
            factors[i * k + j] = exponent;
            if exponent > FACTOR {
                let term = |t: usize| {
                    Unary::Exp.eval(a[i * k + j] + b[j * n + t] + c[i * n + t]) * g[i * n + t] * h[j * n + t]
                };
                y[i * k + j] = (0..n).map(term).sum();
                factors[i * k + j] = 0.0;
            }
        }
    }
    let raised = &mut room[..m * k];
    unary(Unary::Exp, factors, raised);
    y.iter_mut().zip(raised).for_each(|(y, factor)| *y *= *factor);
}
