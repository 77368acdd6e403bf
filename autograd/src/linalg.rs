//! Matrix operations; all of them batch over leading axes.

use crate::arena::{Var, with_node};
use crate::op::Op;
use crate::reduce::accumulate;
use crate::shape;
use crate::var::push;

impl Var {
    /// Matrix product with NumPy's rules: vectors on the left are rows, on the right columns; leading axes broadcast.
    #[track_caller]
    #[must_use]
    pub fn matmul(self, other: impl Into<Var>) -> Var {
        let (mut a, mut b) = (self, other.into());
        let result = shape::matmul(&a.shape(), &b.shape());
        if a.ndim() == 1 {
            a = a.unsqueeze(0);
        }
        if b.ndim() == 1 {
            b = b.unsqueeze(1);
        }
        let full = shape::matmul(&a.shape(), &b.shape());
        let dtype = accumulate(a.dtype().promote(b.dtype()));
        push(Op::Matmul, &[a, b], full, dtype).reshape_to(result)
    }

    /// Inner product of two vectors.
    #[track_caller]
    #[must_use]
    pub fn dot(self, other: impl Into<Var>) -> Var {
        let other = other.into();
        if self.ndim() != 1 || other.shape() != self.shape() {
            shape::fail(format_args!("dot: expected two vectors, got {:?} and {:?}", self.shape(), other.shape()));
        }
        (self * other).sum()
    }

    /// The main diagonal of square matrices.
    #[track_caller]
    #[must_use]
    pub fn diagonal(self) -> Var {
        let (mut shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        shape::square("diagonal", &shape);
        shape.pop();
        push(Op::Diagonal, &[self], shape, dtype)
    }

    /// Square matrices with the last axis on their diagonal.
    #[track_caller]
    #[must_use]
    pub fn diag_embed(self) -> Var {
        let (mut shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let Some(&n) = shape.last() else { shape::fail("diag_embed: expected at least one axis, got []") };
        shape.push(n);
        push(Op::DiagEmbed, &[self], shape, dtype)
    }
}
