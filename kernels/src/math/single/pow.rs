//! Powers: `exp(y ln x)` with the logarithm of f64, whose error is small even times the greatest exponent.

use super::super::log::ln;
use super::super::pow::special_cases;
use super::exp::exp;
use crate::simd::{Simd, Vector};

/// `x^y` by the rules of IEEE 754: `x^0 = 1^y = 1` even for NaN, a negative x has powers of whole numbers only.
#[inline(always)]
pub(crate) fn pow<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    special_cases(x, y, exp(y * ln(x.abs())))
}
