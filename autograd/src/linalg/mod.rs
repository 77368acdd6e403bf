//! Matrix operations; all of them batch over leading axes.

mod rank;
mod system;

pub(crate) use system::System;

use crate::arena::{Var, with_node};
use crate::op::Op;
use crate::reduce::accumulate;
use crate::shape;
use crate::var::push;
use pyroxene_tensor::{DType, OrPanic, Tensor, shape as rules};

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
        push(Op::Matmul { single: dtype == DType::F32 }, &[a, b], full, dtype).reshape_to(result)
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

    /// The main diagonals of the matrices in the last two axes.
    #[track_caller]
    #[must_use]
    pub fn diagonal(self) -> Var {
        rules::diagonal(&self.shape()).or_panic();
        self.diagonal_at(0)
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

    /// The sum of the main diagonal of square matrices.
    #[track_caller]
    #[must_use]
    pub fn trace(self) -> Var {
        shape::square("trace", &self.shape());
        self.diagonal().sum_axes(&[-1], false)
    }

    /// The outer products of vectors, `[.., m]` and `[.., n]`: matrices `[.., m, n]`. The axes before the last broadcast.
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// let product = Var::from([1.0, 2.0]).outer([3.0, 4.0]);
    /// assert_eq!(product.to_tensor().to_vec::<f64>(), [3.0, 4.0, 6.0, 8.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn outer(self, other: impl Into<Var>) -> Var {
        let other = other.into();
        shape::outer(&self.shape(), &other.shape());
        self.unsqueeze(-1) * other.unsqueeze(-2)
    }

    /// The Kronecker products of matrices, `[.., m, n]` and `[.., p, q]`: matrices `[.., m p, n q]` of the blocks `a[i, j] B`. The
    /// axes before the last two broadcast.
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// let product = Var::from([[1.0, 2.0]]).kron([[1.0], [10.0]]);
    /// assert_eq!(product.to_tensor().to_vec::<f64>(), [1.0, 2.0, 10.0, 20.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn kron(self, other: impl Into<Var>) -> Var {
        let other = other.into();
        let shape = shape::kron(&self.shape(), &other.shape());
        (self.unsqueeze(-2).unsqueeze(-1) * other.unsqueeze(-2).unsqueeze(-4)).reshape_to(shape)
    }

    /// Powers of square matrices by repeated squaring; a negative exponent takes the inverse first, and the zeroth power is
    /// the identity.
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// let power = Var::from([[1.0, 1.0], [1.0, 0.0]]).matrix_power(10);
    /// assert_eq!(power.to_tensor().to_vec::<f64>(), [89.0, 55.0, 55.0, 34.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn matrix_power(self, exponent: i64) -> Var {
        let shape = self.shape();
        let n = shape::square("matrix_power", &shape);
        let mut base = if exponent < 0 { self.inverse() } else { self };
        let mut left = exponent.unsigned_abs();
        let mut power = None;
        while left > 0 {
            if left % 2 == 1 {
                power = Some(power.map_or(base, |power: Var| power.matmul(base)));
            }
            left /= 2;
            if left > 0 {
                base = base.matmul(base);
            }
        }
        power.unwrap_or_else(|| Var::from(Tensor::eye(n, DType::F64)).cast(accumulate(base.dtype())).expand(&shape))
    }
}
