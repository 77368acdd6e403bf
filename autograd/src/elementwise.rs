//! Elementwise operations: one method a row of the kernels' table, operators, `where_`.

use crate::arena::{Value, Var, with_arena, with_node};
use crate::op::Op;
use crate::shape;
use crate::var::push;
use pyroxene_kernels::table::{Binary, Unary};
use pyroxene_tensor::{DType, Tensor, shape as rules};
use std::ops;

/// The element type that a binary operation computes in, from the operands' types and whether they are plain numbers.
pub(crate) fn binary_dtype(op: Binary, (a, weak_a): (DType, bool), (b, weak_b): (DType, bool)) -> DType {
    let common = match (weak_a, weak_b) {
        (true, false) => weak_with(a, b),
        (false, true) => weak_with(b, a),
        _ => a.promote(b),
    };
    match op {
        Binary::And | Binary::Or => DType::Bool,
        // A power of whole numbers need not be whole.
        Binary::Pow => common.to_float(),
        _ if op.returns_bool() => common,
        _ => common.of_binary(op, common),
    }
}

/// A plain number beside a tensor: the tensor's type, unless a fraction meets integers.
pub(crate) fn weak_with(number: DType, tensor: DType) -> DType {
    if tensor.is_float() { tensor } else { tensor.promote(number) }
}

#[track_caller]
pub(crate) fn unary(op: Unary, x: Var) -> Var {
    let result = with_arena(|arena| {
        let dtype = arena.get(x)?.dtype.of_unary(op);
        Ok(arena.push_elementwise(|| Op::Unary(op), &[x.index], x.index, dtype))
    });
    match result {
        Ok(var) => var,
        Err(stale) => fail_stale(stale),
    }
}

/// Elementwise arithmetic is most of a trace, so one look at the arena serves for both operands and the result.
#[track_caller]
pub(crate) fn binary(op: Binary, a: Var, b: Var) -> Var {
    let result = with_arena(|arena| {
        let (left, right) = (arena.get(a)?, arena.get(b)?);
        let dtype = match op.returns_bool() {
            true => DType::Bool,
            false => binary_dtype(op, (left.dtype, left.weak), (right.dtype, right.weak)),
        };
        let inputs = [a.index, b.index];
        if right.shape.is_empty() || left.shape == right.shape {
            return Ok(Ok(arena.push_elementwise(|| Op::Binary(op), &inputs, a.index, dtype)));
        }
        if left.shape.is_empty() {
            return Ok(Ok(arena.push_elementwise(|| Op::Binary(op), &inputs, b.index, dtype)));
        }
        let shape = rules::broadcast(op.name(), &[&left.shape, &right.shape]);
        Ok(shape.map(|shape| arena.push(Op::Binary(op), &inputs, shape, dtype, Value::Unknown)))
    });
    match result {
        Ok(Ok(var)) => var,
        Ok(Err(error)) => shape::fail(error),
        Err(stale) => fail_stale(stale),
    }
}

#[cold]
#[track_caller]
fn fail_stale(message: String) -> ! {
    panic!("{message}")
}

macro_rules! unary_methods {
    ($(($variant:ident, $method:ident, $doc:literal))*) => {
        impl Var {$(
            #[doc = $doc]
            #[doc = ""]
            #[doc = "Elementwise."]
            #[track_caller]
            #[must_use]
            #[allow(clippy::should_implement_trait)] // `neg` and `not` are rows like the others.
            pub fn $method(self) -> Var {
                unary(Unary::$variant, self)
            }
        )*}
    };
}

pyroxene_kernels::unary_table!(unary_methods);

macro_rules! binary_methods {
    ($(($variant:ident, $method:ident, $doc:literal))*) => {
        /// Elementwise functions of two arguments as free functions of anything that becomes a [`Var`].
        impl Var {$(
            #[doc = $doc]
            #[doc = ""]
            #[doc = "Elementwise; the operands broadcast."]
            #[track_caller]
            #[must_use]
            #[allow(clippy::should_implement_trait)] // `add` and its kin are rows like the others.
            pub fn $method(self, other: impl Into<Var>) -> Var {
                binary(Binary::$variant, self, other.into())
            }
        )*}
    };
}

pyroxene_kernels::binary_table!(binary_methods);

impl Var {
    /// Where `self` (booleans) is true `a`, else `b`; the three broadcast. The branch not taken gets a
    /// derivative of zero, which an infinite derivative inside that branch makes NaN: there, choose its argument, too.
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// let x = Var::from([-1.0, 4.0]);
    /// let y = x.greater(0.0).where_(x.sqrt(), 0.0);
    /// assert_eq!(y.to_tensor().to_vec::<f64>(), [0.0, 2.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn where_(self, a: impl Into<Var>, b: impl Into<Var>) -> Var {
        let (a, b) = (a.into(), b.into());
        let (shape_a, type_a) = with_node(a, |node| (node.shape.clone(), (node.dtype, node.weak)));
        let (shape_b, type_b) = with_node(b, |node| (node.shape.clone(), (node.dtype, node.weak)));
        let shape = shape::broadcast("where", &[&self.shape(), &shape_a, &shape_b]);
        let dtype = match (type_a, type_b) {
            ((x, true), (y, false)) => weak_with(x, y),
            ((x, false), (y, true)) => weak_with(y, x),
            ((x, _), (y, _)) => x.promote(y),
        };
        push(Op::Select, &[self.cast(DType::Bool), a, b], shape, dtype)
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $variant:ident),*) => {$(
        impl<R: Into<Var>> ops::$trait<R> for Var {
            type Output = Var;
            #[track_caller]
            fn $method(self, other: R) -> Var {
                binary(Binary::$variant, self, other.into())
            }
        }
        operators!(@left $trait $method $variant: f64, i64, i32, Tensor, &Tensor);
    )*};
    (@left $trait:ident $method:ident $variant:ident: $($left:ty),*) => {$(
        impl ops::$trait<Var> for $left {
            type Output = Var;
            #[track_caller]
            fn $method(self, other: Var) -> Var {
                binary(Binary::$variant, self.into(), other)
            }
        }
    )*};
}

operators!(Add add Add, Sub sub Sub, Mul mul Mul, Div div Div);

impl ops::Neg for Var {
    type Output = Var;
    #[track_caller]
    fn neg(self) -> Var {
        unary(Unary::Neg, self)
    }
}

macro_rules! assign_operators {
    ($($trait:ident $method:ident $variant:ident),*) => {$(
        impl<R: Into<Var>> ops::$trait<R> for Var {
            #[track_caller]
            fn $method(&mut self, other: R) {
                *self = binary(Binary::$variant, *self, other.into());
            }
        }
    )*};
}

assign_operators!(AddAssign add_assign Add, SubAssign sub_assign Sub, MulAssign mul_assign Mul, DivAssign div_assign Div);

impl std::iter::Sum for Var {
    /// The sum of expressions; zero for none.
    #[track_caller]
    fn sum<I: Iterator<Item = Var>>(iter: I) -> Var {
        iter.reduce(|a, b| a + b).unwrap_or_else(|| Var::from(0.0))
    }
}
