//! The logarithm of the gamma function and its derivatives.

mod digamma;
mod lgamma;
mod polygamma;

pub(crate) use digamma::digamma;
pub(super) use lgamma::Cases;
pub(crate) use lgamma::lgamma;
pub(crate) use polygamma::polygamma;

use crate::simd::{Portable, Vector};

/// From here on the asymptotic series are used.
const LARGE: f64 = 8.0;

/// A lane function of one number, for the rare cases that are treated lane by lane.
macro_rules! one {
    ($f:path, $($x:expr),+) => { $f($(super::single($x)),+).lanes[0] };
}
use one;

#[inline(always)]
fn single(x: f64) -> Vector<Portable<1>> {
    Vector::new(Portable, [x])
}
