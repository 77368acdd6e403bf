//! CPU kernels of Pyroxene: SIMD elementwise loops, reductions, dense linear algebra, random streams.

pub mod linalg;
pub mod random;
