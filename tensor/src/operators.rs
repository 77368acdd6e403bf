//! Operators: `+ - * /` and unary `-` on tensors and scalars in any order, and `& | !` on truth values.

use crate::tensor::Tensor;
use pyroxene_kernels::{Binary, Unary};
use std::ops::{Add, AddAssign, BitAnd, BitOr, Div, DivAssign, Mul, MulAssign, Neg, Not, Sub, SubAssign};

macro_rules! operator {
    ($trait:ident, $method:ident, $op:ident: $($left:ty, $right:ty);*) => {$(
        impl $trait<$right> for $left {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, right: $right) -> Tensor {
                Tensor::binary(Binary::$op, self, right)
            }
        }
    )*};
}

macro_rules! with_tensors {
    ($($trait:ident, $method:ident, $op:ident);*) => {$(
        operator!($trait, $method, $op: Tensor, Tensor; &Tensor, Tensor; Tensor, &Tensor; &Tensor, &Tensor);
    )*};
}
with_tensors!(Add, add, Add; Sub, sub, Sub; Mul, mul, Mul; Div, div, Div; BitAnd, bitand, And; BitOr, bitor, Or);

// One floating-point and one integer type: with more, the type of `2.0 * x` could not be inferred.
macro_rules! with_scalars {
    ($($trait:ident, $method:ident, $op:ident);*) => {$(
        operator!($trait, $method, $op:
            Tensor, f64; &Tensor, f64; f64, Tensor; f64, &Tensor;
            Tensor, i64; &Tensor, i64; i64, Tensor; i64, &Tensor);
    )*};
}
with_scalars!(Add, add, Add; Sub, sub, Sub; Mul, mul, Mul; Div, div, Div);

macro_rules! assignment {
    ($($trait:ident, $method:ident, $op:ident);*) => {$(
        impl<'a, T: Into<crate::Operand<'a>>> $trait<T> for Tensor {
            /// Replaces the tensor by the result; tensors that shared its elements keep theirs.
            #[track_caller]
            fn $method(&mut self, right: T) {
                *self = Tensor::binary(Binary::$op, &*self, right);
            }
        }
    )*};
}
assignment!(AddAssign, add_assign, Add; SubAssign, sub_assign, Sub; MulAssign, mul_assign, Mul; DivAssign, div_assign, Div);

macro_rules! prefix {
    ($($trait:ident, $method:ident, $op:ident: $type:ty);*) => {$(
        impl $trait for $type {
            type Output = Tensor;
            #[track_caller]
            fn $method(self) -> Tensor {
                self.unary(Unary::$op)
            }
        }
    )*};
}
prefix!(Neg, neg, Neg: Tensor; Neg, neg, Neg: &Tensor; Not, not, Not: Tensor; Not, not, Not: &Tensor);
