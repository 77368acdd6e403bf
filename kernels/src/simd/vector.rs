//! Vectors and masks that carry their token, with operators, so that formulas read as formulas.

use super::{LANES, Lanes, Simd};
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// `1.5 * 2^52`: adding it to an integral |k| < 2^51 leaves k in the low bits of the sum.
pub(crate) const MAGIC: f64 = 6_755_399_441_055_744.0;
/// `1.5 * 2^23`: the same for f32 and |k| < 2^22.
pub(crate) const MAGIC_F32: f64 = 12_582_912.0;

/// The lanes of one type of an instruction set.
#[derive(Clone, Copy)]
pub struct Vector<S: Lanes> {
    /// The token.
    pub simd: S,
    /// The lanes.
    pub lanes: S::F,
}

/// A truth value a lane.
#[derive(Clone, Copy)]
pub struct Mask<S: Lanes> {
    /// The token.
    pub simd: S,
    /// The truth values.
    pub lanes: S::M,
}

impl<S: Lanes> Vector<S> {
    /// All lanes `x`.
    #[inline(always)]
    pub fn splat(simd: S, x: f64) -> Self {
        Vector { simd, lanes: simd.splat(x) }
    }
    /// Another constant of the same kind.
    #[inline(always)]
    pub fn constant(self, x: f64) -> Self {
        Self::splat(self.simd, x)
    }
    /// Wraps lanes.
    #[inline(always)]
    pub fn new(simd: S, lanes: S::F) -> Self {
        Vector { simd, lanes }
    }
    /// `self * b + c`, rounded once.
    #[inline(always)]
    pub fn fma(self, b: impl Into<Splat<S>>, c: impl Into<Splat<S>>) -> Self {
        let (b, c) = (b.into().vector(self.simd), c.into().vector(self.simd));
        Vector { simd: self.simd, lanes: self.simd.fma(self.lanes, b.lanes, c.lanes) }
    }
    /// Square root.
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        Vector { simd: self.simd, lanes: self.simd.sqrt(self.lanes) }
    }
    /// Greatest integer not above.
    #[inline(always)]
    pub fn floor(self) -> Self {
        Vector { simd: self.simd, lanes: self.simd.floor(self.lanes) }
    }
    /// Least integer not below.
    #[inline(always)]
    pub fn ceil(self) -> Self {
        Vector { simd: self.simd, lanes: self.simd.ceil(self.lanes) }
    }
    /// Integer part.
    #[inline(always)]
    pub fn trunc(self) -> Self {
        Vector { simd: self.simd, lanes: self.simd.trunc(self.lanes) }
    }
    /// Nearest integer, ties to even.
    #[inline(always)]
    pub fn round(self) -> Self {
        Vector { simd: self.simd, lanes: self.simd.round(self.lanes) }
    }
    /// `if self < b { self } else { b }`.
    #[inline(always)]
    pub fn min(self, b: impl Into<Splat<S>>) -> Self {
        let b = b.into().vector(self.simd);
        Vector { simd: self.simd, lanes: self.simd.min(self.lanes, b.lanes) }
    }
    /// `if self > b { self } else { b }`.
    #[inline(always)]
    pub fn max(self, b: impl Into<Splat<S>>) -> Self {
        let b = b.into().vector(self.simd);
        Vector { simd: self.simd, lanes: self.simd.max(self.lanes, b.lanes) }
    }
    /// See [`Lanes::scale`].
    #[inline(always)]
    pub fn scale(self, k: Self) -> Self {
        Vector { simd: self.simd, lanes: self.simd.scale(self.lanes, k.lanes) }
    }
    /// The bits of the lanes.
    #[inline(always)]
    pub fn to_bits(self) -> S::U {
        self.simd.to_bits(self.lanes)
    }
    /// The numbers of these bits.
    #[inline(always)]
    pub fn from_bits(simd: S, bits: S::U) -> Self {
        Vector { simd, lanes: simd.from_bits(bits) }
    }
    /// Magnitude.
    #[inline(always)]
    pub fn abs(self) -> Self {
        let s = self.simd;
        Self::from_bits(s, s.and_bits(self.to_bits(), s.splat_bits(!S::SIGN)))
    }
    /// The sign bit alone: `+0.0` or `-0.0`.
    #[inline(always)]
    pub fn sign_bit(self) -> Self {
        let s = self.simd;
        Self::from_bits(s, s.and_bits(self.to_bits(), s.splat_bits(S::SIGN)))
    }
    /// Bitwise exclusive or: with a [`sign_bit`](Self::sign_bit), a conditional negation.
    #[inline(always)]
    pub fn xor(self, b: Self) -> Self {
        let s = self.simd;
        Self::from_bits(s, s.xor_bits(self.to_bits(), b.to_bits()))
    }
    /// Bitwise or: with a [`sign_bit`](Self::sign_bit), the sign for a non-negative value.
    #[inline(always)]
    pub fn or(self, b: Self) -> Self {
        let s = self.simd;
        Self::from_bits(s, s.or_bits(self.to_bits(), b.to_bits()))
    }
    /// Bitwise and.
    #[inline(always)]
    pub fn and(self, b: Self) -> Self {
        let s = self.simd;
        Self::from_bits(s, s.and_bits(self.to_bits(), b.to_bits()))
    }
    /// `self == b`.
    #[inline(always)]
    pub fn eq(self, b: impl Into<Splat<S>>) -> Mask<S> {
        let b = b.into().vector(self.simd);
        Mask { simd: self.simd, lanes: self.simd.eq(self.lanes, b.lanes) }
    }
    /// `self < b`.
    #[inline(always)]
    pub fn lt(self, b: impl Into<Splat<S>>) -> Mask<S> {
        let b = b.into().vector(self.simd);
        Mask { simd: self.simd, lanes: self.simd.lt(self.lanes, b.lanes) }
    }
    /// `self <= b`.
    #[inline(always)]
    pub fn le(self, b: impl Into<Splat<S>>) -> Mask<S> {
        let b = b.into().vector(self.simd);
        Mask { simd: self.simd, lanes: self.simd.le(self.lanes, b.lanes) }
    }
    /// `self > b`.
    #[inline(always)]
    pub fn gt(self, b: impl Into<Splat<S>>) -> Mask<S> {
        b.into().vector(self.simd).lt(self)
    }
    /// `self >= b`.
    #[inline(always)]
    pub fn ge(self, b: impl Into<Splat<S>>) -> Mask<S> {
        b.into().vector(self.simd).le(self)
    }
    /// NaN lanes.
    #[inline(always)]
    pub fn is_nan(self) -> Mask<S> {
        Mask { simd: self.simd, lanes: self.simd.unordered(self.lanes, self.lanes) }
    }
    /// Lanes where either is NaN.
    #[inline(always)]
    pub fn unordered(self, b: Self) -> Mask<S> {
        Mask { simd: self.simd, lanes: self.simd.unordered(self.lanes, b.lanes) }
    }
}

impl<S: Simd> Vector<S> {
    /// Reads eight values.
    ///
    /// # Safety
    /// `p` must be valid for reading eight f64.
    #[inline(always)]
    pub unsafe fn load(simd: S, p: *const f64) -> Self {
        // SAFETY: passed on to the caller.
        Vector { simd, lanes: unsafe { simd.load(p) } }
    }
    /// Writes eight values.
    ///
    /// # Safety
    /// `p` must be valid for writing eight f64.
    #[inline(always)]
    pub unsafe fn store(self, p: *mut f64) {
        // SAFETY: passed on to the caller.
        unsafe { self.simd.store(p, self.lanes) }
    }
    /// The lanes as an array.
    #[inline(always)]
    pub fn to_array(self) -> [f64; LANES] {
        self.simd.to_array(self.lanes)
    }
    /// `f` of each lane, one after the other: for rare cases.
    #[inline(always)]
    pub fn map(self, f: fn(f64) -> f64) -> Self {
        let mut lanes = self.to_array();
        each(&mut lanes, f);
        Vector { simd: self.simd, lanes: self.simd.from_array(lanes) }
    }
    /// The quotient in f32 of the operands rounded to f32.
    #[inline(always)]
    pub fn div_single(self, b: Self) -> Self {
        Vector { simd: self.simd, lanes: self.simd.div_single(self.lanes, b.lanes) }
    }
    /// The square root in f32 of the operand rounded to f32.
    #[inline(always)]
    pub fn sqrt_single(self) -> Self {
        Vector { simd: self.simd, lanes: self.simd.sqrt_single(self.lanes) }
    }
}

impl<S: Lanes> Mask<S> {
    /// Whether any lane is true.
    #[inline(always)]
    pub fn any(self) -> bool {
        self.simd.any(self.lanes)
    }
    /// `a` where true, `b` elsewhere.
    #[inline(always)]
    pub fn select(self, a: impl Into<Splat<S>>, b: impl Into<Splat<S>>) -> Vector<S> {
        let (a, b) = (a.into().vector(self.simd), b.into().vector(self.simd));
        Vector { simd: self.simd, lanes: self.simd.select(self.lanes, a.lanes, b.lanes) }
    }
    /// 1.0 where true, 0.0 elsewhere.
    #[inline(always)]
    pub fn indicator(self) -> Vector<S> {
        self.select(1.0, 0.0)
    }
}

/// A vector, or a number to be spread over all lanes.
pub enum Splat<S: Lanes> {
    /// A vector.
    Vector(Vector<S>),
    /// A number.
    Number(f64),
}

impl<S: Lanes> Splat<S> {
    /// The vector.
    #[inline(always)]
    pub fn vector(self, simd: S) -> Vector<S> {
        match self {
            Splat::Vector(v) => v,
            Splat::Number(x) => Vector::splat(simd, x),
        }
    }
}

impl<S: Lanes> From<Vector<S>> for Splat<S> {
    #[inline(always)]
    fn from(v: Vector<S>) -> Self {
        Splat::Vector(v)
    }
}

impl<S: Lanes> From<f64> for Splat<S> {
    #[inline(always)]
    fn from(x: f64) -> Self {
        Splat::Number(x)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<S: Lanes, T: Into<Splat<S>>> $trait<T> for Vector<S> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, b: T) -> Self {
                let b = b.into().vector(self.simd);
                Vector { simd: self.simd, lanes: self.simd.$method(self.lanes, b.lanes) }
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl<S: Lanes> Neg for Vector<S> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        let s = self.simd;
        Self::from_bits(s, s.xor_bits(self.to_bits(), s.splat_bits(S::SIGN)))
    }
}

impl<S: Lanes> BitAnd for Mask<S> {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, b: Self) -> Self {
        Mask { simd: self.simd, lanes: self.simd.and(self.lanes, b.lanes) }
    }
}

impl<S: Lanes> BitOr for Mask<S> {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, b: Self) -> Self {
        Mask { simd: self.simd, lanes: self.simd.or(self.lanes, b.lanes) }
    }
}

impl<S: Lanes> Not for Mask<S> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Mask { simd: self.simd, lanes: self.simd.not(self.lanes) }
    }
}

/// Out of line, so that the rare path costs the common one no registers.
#[cold]
#[inline(never)]
fn each(lanes: &mut [f64; LANES], f: fn(f64) -> f64) {
    for x in lanes {
        *x = f(*x);
    }
}
