//! Singular values and vectors.

use super::batch::{Batch, nth};
use super::eigh::reciprocal;
use super::{Array, Batching, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::shape;
use pyroxene_kernels::linalg;
use pyroxene_tensor::{DType, Shape, Tensor};
use smallvec::smallvec;

/// Row 0 holds the values, below them the left vectors as columns, and below those the right ones.
#[derive(Debug, PartialEq)]
struct Svd;

/// The values alone.
#[derive(Debug, PartialEq)]
struct Values;

fn batch(shape: &[usize], vectors: bool) -> Batch {
    let [.., m, n] = *shape else { unreachable!("a matrix") };
    let k = m.min(n);
    let each = if vectors { (1 + m + n) * k } else { k };
    Batch { each, work: if vectors { 20 } else { 10 } * m * n * k, floats: linalg::svd_room(m, n), indices: 0 }
}

fn done(finite: bool) -> Result<(), usize> {
    if finite { Ok(()) } else { Err(0) }
}

impl Primitive for Svd {
    fn name(&self) -> &'static str {
        "svd"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        batch(inputs[0], true).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one matrix") };
        let [.., m, n] = *x.shape else { unreachable!("a matrix") };
        let k = m.min(n);
        batch(x.shape, true).run(output, room, |at, out, scratch| {
            let (values, vectors) = out.split_at_mut(k);
            let vectors = Some(vectors.split_at_mut(m * k));
            done(linalg::svd(nth(x.data, at, m * n), m, n, values, vectors, scratch.floats))
        });
    }

    /// J. Townsend, "Differentiating the singular value decomposition" (2016): with F = 1 / (s_j^2 - s_i^2) off the diagonal,
    /// U (diag(s') + (F o (U^T U' - U'^T U)) S + S (F o (V^T V' - V'^T V))) V^T, and the parts of U' S^-1 V^T and U S^-1 V'^T
    /// outside the spans of U and V. Between equal values F counts as 0, and so does the inverse of 0.
    fn vjp(&self, x: &[Var], y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        let (m, n) = (x[0].size(-2), x[0].size(-1));
        let ((u, s, v), (gu, gs, gv)) = (unpack(y, m), unpack(gy, m));
        let (row, column) = (s.unsqueeze(-2), s.unsqueeze(-1));
        // The difference of squares as a product, which keeps its digits.
        let f = reciprocal((row - column) * (row + column));
        let skew = |x: Var, gx: Var| {
            let inner = x.t().matmul(gx);
            f * (inner - inner.t())
        };
        let inner = gs.diag_embed() + skew(u, gu) * row + column * skew(v, gv);
        let mut whole = u.matmul(inner).matmul(v.t());
        let inverse = reciprocal(row);
        let outside = |x: Var, gx: Var| gx - x.matmul(x.t().matmul(gx));
        if m > n {
            whole += (outside(u, gu) * inverse).matmul(v.t());
        }
        if n > m {
            whole += (u * inverse).matmul(outside(v, gv).t());
        }
        smallvec![Some(whole)]
    }
}

impl Primitive for Values {
    fn name(&self) -> &'static str {
        "svdvals"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        batch(inputs[0], false).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one matrix") };
        let [.., m, n] = *x.shape else { unreachable!("a matrix") };
        batch(x.shape, false).run(output, room, |at, out, scratch| {
            done(linalg::svd(nth(x.data, at, m * n), m, n, out, None, scratch.floats))
        });
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        let (u, _, v) = unpack(singular(x[0]), x[0].size(-2));
        smallvec![Some((u * gy.unsqueeze(-2)).matmul(v.t()))]
    }
}

fn singular(x: Var) -> Var {
    let (mut shape, dtype) = with_node(x, |node| (node.shape.clone(), node.dtype));
    let [.., m, n] = *shape else { unreachable!("a matrix") };
    let axis = shape.len() - 2;
    (shape[axis], shape[axis + 1]) = (1 + m + n, m.min(n));
    apply(Svd, &[x], shape, dtype.to_float())
}

/// The left vectors, the values and the right vectors.
fn unpack(packed: Var, m: usize) -> (Var, Var, Var) {
    let m = m as isize;
    (packed.slice(-2, 1..m + 1), packed.select(-2, 0), packed.slice(-2, m + 1..))
}

/// Solves by the factors of A: x = A^+ b, or A^+T b. Values not above `tolerance` (the bits of a number) times the largest
/// count as zero. As with `solve`, the derivative goes to A, not to the factors.
#[derive(Debug, PartialEq)]
struct LeastSquares {
    tolerance: u64,
    transpose: bool,
}

impl LeastSquares {
    fn batch(&self, matrix: &[usize], b: &[usize]) -> Batch {
        let (&[.., m, n], &[.., columns]) = (matrix, b) else { unreachable!("matrices") };
        let (unknowns, k) = (if self.transpose { m } else { n }, m.min(n));
        Batch { each: unknowns * columns, work: (m + n) * k * columns, floats: k * columns, indices: 0 }
    }
}

impl Primitive for LeastSquares {
    fn name(&self) -> &'static str {
        "lstsq"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        self.batch(inputs[0], inputs[2]).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [a, factors, b] = *inputs else { unreachable!("matrices, their factors and right sides") };
        let (&[.., m, n], &[.., rows, columns]) = (a.shape, b.shape) else { unreachable!("matrices") };
        let k = m.min(n);
        self.batch(a.shape, b.shape).run(output, room, |at, out, scratch| {
            let (values, vectors) = nth(factors.data, at, (1 + m + n) * k).split_at(k);
            let (u, v) = vectors.split_at(m * k);
            let mat = |x, rows| linalg::Mat::row_major(x, rows, k);
            let (from, to) = if self.transpose { (mat(v, n), mat(u, m)) } else { (mat(u, m), mat(v, n)) };
            let parts = &mut scratch.floats[..k * columns];
            let right = linalg::Mat::row_major(nth(b.data, at, rows * columns), rows, columns);
            linalg::gemm(from.t(), right, linalg::MatMut::row_major(parts, k, columns));
            let least = values.first().map_or(0.0, |most| most * f64::from_bits(self.tolerance));
            for (row, &value) in parts.chunks_exact_mut(columns).zip(values) {
                row.iter_mut().for_each(|x| *x = if value <= least { 0.0 } else { *x / value });
            }
            let unknowns = out.len() / columns;
            linalg::gemm(
                to,
                linalg::Mat::row_major(parts, k, columns),
                linalg::MatMut::row_major(out, unknowns, columns),
            );
            Ok(())
        });
    }

    /// The derivative of the pseudo-inverse where the rank is constant (G. Golub and V. Pereyra, SIAM J. Numer. Anal. 10, 1973):
    /// with P = op(A)^+, h = P^T x', r = b - op(A) x and q = x' - op(A)^T h, what arrives at b is h, and at op(A)
    /// r (P h)^T + (P^T x) q^T - h x^T.
    fn vjp(&self, x: &[Var], y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let solve = |transpose: bool, b: Var| least_squares(x[0], x[1], b, self.tolerance, transpose);
        let h = solve(!self.transpose, gy);
        let matrix = wanted[0].then(|| {
            let a = if self.transpose { x[0].t() } else { x[0] };
            let (r, q) = (x[2] - a.matmul(y), gy - a.t().matmul(h));
            let whole =
                r.matmul(solve(self.transpose, h).t()) + solve(!self.transpose, y).matmul(q.t()) - h.matmul(y.t());
            if self.transpose { whole.t() } else { whole }
        });
        smallvec![matrix, None, Some(h)]
    }
}

fn least_squares(a: Var, factors: Var, b: Var, tolerance: u64, transpose: bool) -> Var {
    let mut shape = b.shape();
    let axis = shape.len() - 2;
    shape[axis] = a.size(if transpose { -2 } else { -1 });
    let dtype = factors.dtype().promote(b.dtype());
    apply(LeastSquares { tolerance, transpose }, &[a, factors, b], shape, dtype)
}

impl Var {
    /// The singular values and vectors `A = U diag(s) V^T`, reduced: for matrices `[m, n]` and k = min(m, n), `U` is `[m, k]`,
    /// `s` is `[k]`, descending, and the last, `V^T`, is `[k, n]`. Of each right vector the element of the largest magnitude
    /// (the first of those) is positive. A matrix that is not finite gives NaN.
    ///
    /// Vectors of equal singular values are not determined and have no derivative; that of values stays finite.
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// let (_, s, _) = Var::from([[0.0, 1.0], [-3.0, 0.0]]).svd();
    /// assert_eq!(s.to_tensor().to_vec::<f64>(), [3.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn svd(self) -> (Var, Var, Var) {
        let (m, _) = shape::matrix("svd", &self.shape());
        let (u, s, v) = unpack(singular(self), m);
        (u, s, v.t())
    }

    /// The singular values, descending; see [`svd`](Var::svd). The derivative of a value at zero is that along its vectors.
    #[track_caller]
    #[must_use]
    pub fn svdvals(self) -> Var {
        self.singular_values("svdvals")
    }

    #[track_caller]
    pub(crate) fn singular_values(self, op: &str) -> Var {
        let (mut shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let (m, n) = shape::matrix(op, &shape);
        shape.truncate(shape.len() - 2);
        shape.push(m.min(n));
        apply(Values, &[self], shape, dtype.to_float())
    }

    /// The shortest `x` that makes `|A x - b|` least, for matrices A `[m, n]`, by their singular values. A `b` with one axis is
    /// a vector of m elements; otherwise its last two axes are matrices of right sides, `[m, k]`, and those before them
    /// broadcast with the batch. Singular values that are not above `tolerance` times the largest count as zero; by default
    /// `max(m, n)` times the machine epsilon.
    ///
    /// The derivative is that among matrices of the same rank.
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// let a = Var::from([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0]]);
    /// let x = a.lstsq([-1.0, 0.2, 0.9, 2.1], None).to_tensor();
    /// assert!(x.allclose([-0.95, 1.0], 1e-14, 0.0));
    /// ```
    #[track_caller]
    #[must_use]
    pub fn lstsq(self, b: impl Into<Var>, tolerance: Option<f64>) -> Var {
        let b = b.into();
        let (own, right) = (self.shape(), b.shape());
        let result = shape::lstsq(&own, &right);
        let b = if right.len() == 1 { b.unsqueeze(1) } else { b };
        let batch = shape::broadcast("lstsq", &[&own[..own.len() - 2], &b.shape()[..b.ndim() - 2]]);
        let whole = |x: Var| -> Var {
            let shape = x.shape();
            let full: Shape = batch.iter().chain(&shape[shape.len() - 2..]).copied().collect();
            x.expand(&full)
        };
        let factors = singular(self);
        let tolerance = tolerance.unwrap_or_else(|| pyroxene_tensor::rank_tolerance(&own, factors.dtype()));
        least_squares(whole(self), whole(factors), whole(b), tolerance.to_bits(), false).reshape_to(result)
    }

    /// The Moore-Penrose inverses: for matrices `[m, n]` they are `[n, m]`. `tolerance` and the derivative are those of
    /// [`lstsq`](Var::lstsq).
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// let inverse = Var::from([[1.0, 1.0], [1.0, 1.0]]).pinv(None).to_tensor();
    /// assert!(inverse.allclose([[0.25, 0.25], [0.25, 0.25]], 1e-14, 0.0));
    /// ```
    #[track_caller]
    #[must_use]
    pub fn pinv(self, tolerance: Option<f64>) -> Var {
        let (m, _) = shape::matrix("pinv", &self.shape());
        let one = Var::from(Tensor::eye(m, DType::F64)).cast(self.dtype().to_float());
        self.lstsq(one, tolerance)
    }
}
