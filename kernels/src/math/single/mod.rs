//! Lane functions for arguments and results of single precision.
//!
//! They work in f64 lanes like the others, but with polynomials that are right to about 2^-28 of the result instead of
//! 2^-53, and without the corrections by which those keep the last bits: rounded to f32 once, the result is within one unit
//! in its last place. Zeros, infinities, NaN and the signs of zeros come out as in f64, and so does what overflows or
//! underflows there, far outside of the range of f32. Subnormal numbers of f64, which f32 cannot tell from zero, may count as
//! zero. Quotients and roots alone are those of f32, of operands rounded to it, with its range.
//!
//! Those that are generic over [`Lanes`](crate::simd::Lanes) also work in lanes of f32, within three units in the last place and
//! with the range of f32, subnormal numbers included: the same polynomials, and ln 2 in two parts.
//!
//! Polynomials are minimax approximations by Remez's exchange; the errors given are the greatest relative errors of the
//! function that is made of them.

pub(crate) mod basic;
pub(crate) mod erf;
pub(crate) mod exp;
pub(crate) mod gamma;
pub(crate) mod log;
pub(crate) mod logistic;
pub(crate) mod pow;
pub(crate) mod trig;
