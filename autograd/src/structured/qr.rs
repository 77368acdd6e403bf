//! QR factors.

use super::batch::{Batch, nth};
use super::{Array, Batching, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::shape;
use pyroxene_kernels::linalg::{self, Triangle};
use pyroxene_tensor::Shape;
use smallvec::smallvec;

/// Both factors of matrices, one after the other along one axis.
#[derive(Debug, PartialEq)]
struct Qr;

fn batch(m: usize, n: usize) -> Batch {
    let k = m.min(n);
    Batch { each: (m + n) * k, work: 2 * m * n * k, floats: linalg::qr_room(m, n, k), indices: 0 }
}

impl Primitive for Qr {
    fn name(&self) -> &'static str {
        "qr"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        let [.., m, n] = *inputs[0] else { unreachable!("a matrix") };
        batch(m, n).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one matrix") };
        let [.., m, n] = *x.shape else { unreachable!("a matrix") };
        let k = m.min(n);
        batch(m, n).run(output, room, |at, out, scratch| {
            let (q, r) = out.split_at_mut(m * k);
            linalg::qr(nth(x.data, at, m * n), m, n, k, q, r, scratch.floats);
            Ok(())
        });
    }

    /// For a tall A, with M = R R'^T - Q'^T Q and its lower triangle made symmetric, (Q' + Q copyltu(M)) R^-T (S. Walter and L.
    /// Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum experimental design",
    /// arXiv:1001.1654, 2010). A wide one is [X, Y] = Q [U, V]: what arrives at Y is Q V', and Q' gains Y V'^T.
    fn vjp(&self, x: &[Var], y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        let shape = x[0].shape();
        let [.., m, n] = *shape else { unreachable!("a matrix") };
        let (q, r) = unpack(y, &shape);
        let (gq, gr) = unpack(gy, &shape);
        if m >= n {
            return smallvec![Some(square(q, r, gq, gr))];
        }
        let m = m as isize;
        let (rest, gv) = (x[0].slice(-1, m..), gr.slice(-1, m..));
        let first = square(q, r.slice(-1, ..m), gq + rest.matmul(gv.t()), gr.slice(-1, ..m));
        smallvec![Some(Var::concat(&[first, q.matmul(gv)], -1))]
    }
}

fn square(q: Var, r: Var, gq: Var, gr: Var) -> Var {
    let m = r.matmul(gr.t()) - gq.t().matmul(q);
    let symmetric = m.tril(0) + m.tril(-1).t();
    let whole = gq + q.matmul(symmetric);
    // X R^-T is the transpose of R^-1 X^T.
    r.solve_triangular(whole.t(), Triangle::Upper, false).t()
}

/// The factors of matrices of a shape.
fn unpack(packed: Var, shape: &[usize]) -> (Var, Var) {
    let [ref batch @ .., m, n] = *shape else { unreachable!("a matrix") };
    let k = m.min(n);
    let part = |start: usize, rows: usize, columns: usize| {
        let shape: Shape = batch.iter().copied().chain([rows, columns]).collect();
        packed.slice(-1, start as isize..(start + rows * columns) as isize).reshape_to(shape)
    };
    (part(0, m, k), part(m * k, k, n))
}

impl Var {
    /// The factors `A = Q R`: for matrices `[m, n]` and k = min(m, n), `Q` is `[m, k]` with orthonormal columns and `R` is
    /// `[k, n]`, upper triangular. The diagonal of `R` is not negative, so the factors of a matrix of full column rank are
    /// unique. There is a derivative where the first k columns are linearly independent.
    ///
    /// ```
    /// use pyroxene_autograd::{Var, grad};
    /// let a = Var::from([[3.0], [4.0]]);
    /// let (_, r) = a.qr();
    /// // The length of the vector.
    /// assert!((r.sum().item() - 5.0).abs() < 1e-15);
    /// assert!(grad(r.sum(), &[a])[0].to_tensor().allclose([[0.6], [0.8]], 1e-15, 0.0));
    /// ```
    #[track_caller]
    pub fn qr(self) -> (Var, Var) {
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let (m, n) = shape::matrix("qr", &shape);
        let mut packed: Shape = shape[..shape.len() - 2].into();
        packed.push((m + n) * m.min(n));
        unpack(apply(Qr, &[self], packed, dtype.to_float()), &shape)
    }
}
