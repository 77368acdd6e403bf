//! Arithmetic, rounding, comparisons and truth values.

use crate::simd::{LANES, Lanes, Mask, Simd, Vector};

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident($x:ident) = $e:expr;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name<S: Lanes>($x: Vector<S>) -> Vector<S> {
            $e
        }
    )* };
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident($x:ident, $y:ident) = $e:expr;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name<S: Lanes>($x: Vector<S>, $y: Vector<S>) -> Vector<S> {
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
    is_inf(x) = x.abs().eq(f64::INFINITY).indicator();
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
pub(crate) fn select<S: Lanes>(condition: Vector<S>, a: Vector<S>, b: Vector<S>) -> Vector<S> {
    condition.eq(0.0).select(b, a)
}

/// Nonzero, NaN included.
#[inline(always)]
fn truth<S: Lanes>(x: Vector<S>) -> Mask<S> {
    !x.eq(0.0)
}

/// `sqrt(x^2 + y^2)` without overflow or underflow on the way; infinite if either is, even beside NaN.
#[inline(always)]
pub(crate) fn hypot<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    let (a, b) = (x.abs(), y.abs());
    let greatest = a.max(b);
    let factor = greatest.gt(1e150).select(HUGE_TO_ONE, greatest.lt(1e-150).select(1.0 / HUGE_TO_ONE, 1.0));
    let (u, v) = (a * factor, b * factor);
    let (high, low) = (u.max(v), u.min(v));
    let result = high.fma(high, low * low).sqrt() / factor;
    let result = a.unordered(b).select(a + b, result);
    (a.eq(f64::INFINITY) | b.eq(f64::INFINITY)).select(f64::INFINITY, result)
}

/// 2^-600.
const HUGE_TO_ONE: f64 = 2.409919865102884e-181;

/// `x - n y` exactly, where n is the quotient's integer part: the sign of x, a magnitude below that of y.
#[inline(always)]
pub(crate) fn fmod<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    let s = x.simd;
    let (a, b) = (x.abs(), y.abs());
    let quotient = (a / b).trunc();
    // The quotient may have been rounded up to a whole number; the remainder is exact all the same.
    let rest = (-quotient).fma(b, a);
    let rest = rest.lt(0.0).select(rest + b, rest);
    let fits = quotient.lt(9007199254740992.0) & b.lt(f64::INFINITY);
    if (!fits).any() {
        let mut lanes = rest.to_array();
        fmod_each(&a.to_array(), &b.to_array(), &mut lanes);
        return Vector::new(s, s.from_array(lanes)).or(x.sign_bit());
    }
    rest.or(x.sign_bit())
}

/// One lane after the other, where the quotient has more digits than a vector holds.
#[cold]
#[inline(never)]
fn fmod_each(a: &[f64; LANES], b: &[f64; LANES], rest: &mut [f64; LANES]) {
    for i in 0..LANES {
        rest[i] = a[i] % b[i];
    }
}

/// `x - floor(x / y) y`: the sign of y.
#[inline(always)]
pub(crate) fn remainder<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    let rest = fmod(x, y);
    let differ = (rest * y.constant(1.0).or(y.sign_bit())).lt(0.0);
    let rest = differ.select(rest + y, rest);
    rest.eq(0.0).select(rest.abs().or(y.sign_bit()), rest)
}
