//! Lane functions: each is written once over [`Vector`](crate::simd::Vector) and inlined into the loops of every
//! instruction set.

pub(crate) mod arc;
pub(crate) mod atan;
pub(crate) mod basic;
pub(crate) mod bessel;
pub(crate) mod erf;
pub(crate) mod exp;
pub(crate) mod gamma;
pub(crate) mod hyperbolic;
pub(crate) mod log;
pub(crate) mod logistic;
pub(crate) mod normal;
mod poly;
pub(crate) mod pow;
pub(crate) mod single;
pub(crate) mod trig;
