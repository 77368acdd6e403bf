//! Arithmetic, rounding, comparisons and truth values.

use crate::simd::{Mask, Simd, Vector};

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident($x:ident) = $e:expr;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name<S: Simd>($x: Vector<S>) -> Vector<S> {
            $e
        }
    )* };
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident($x:ident, $y:ident) = $e:expr;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name<S: Simd>($x: Vector<S>, $y: Vector<S>) -> Vector<S> {
            $e
        }
    )* };
}

unary! {
    neg(x) = -x;
    abs(x) = x.abs();
    /// NaN and zeros pass unchanged, the others become one with their sign.
    sign(x) = (x.abs().gt(0.0)).select(x.constant(1.0).or(x.sign_bit()), x);
    floor(x) = x.floor();
    ceil(x) = x.ceil();
    round(x) = x.round();
    trunc(x) = x.trunc();
    sqrt(x) = x.sqrt();
    recip(x) = x.constant(1.0) / x;
    square(x) = x * x;
    is_nan(x) = x.is_nan().indicator();
    is_finite(x) = x.abs().lt(f64::INFINITY).indicator();
    not(x) = x.eq(0.0).indicator();
}

binary! {
    add(x, y) = x + y;
    sub(x, y) = x - y;
    mul(x, y) = x * y;
    div(x, y) = x / y;
    /// Equal arguments may be zeros of either sign: or-ing the bits keeps the minus.
    minimum(x, y) = x.unordered(y).select(x + y, x.eq(y).select(x.or(y), x.min(y)));
    /// And-ing the bits of equal arguments drops the minus.
    maximum(x, y) = x.unordered(y).select(x + y, x.eq(y).select(x.and(y), x.max(y)));
    equal(x, y) = x.eq(y).indicator();
    not_equal(x, y) = (!x.eq(y)).indicator();
    less(x, y) = x.lt(y).indicator();
    less_equal(x, y) = x.le(y).indicator();
    greater(x, y) = x.gt(y).indicator();
    greater_equal(x, y) = x.ge(y).indicator();
    and(x, y) = (truth(x) & truth(y)).indicator();
    or(x, y) = (truth(x) | truth(y)).indicator();
}

/// `a` where the condition is nonzero (NaN is), `b` elsewhere.
#[inline(always)]
pub(crate) fn select<S: Simd>(condition: Vector<S>, a: Vector<S>, b: Vector<S>) -> Vector<S> {
    condition.eq(0.0).select(b, a)
}

/// Nonzero, NaN included.
#[inline(always)]
fn truth<S: Simd>(x: Vector<S>) -> Mask<S> {
    !x.eq(0.0)
}
