//! CPU kernels of Pyroxene: SIMD elementwise loops, reductions, dense linear algebra, random streams.
