//! Dense linear algebra on strided matrices in f64 and f32: products, Cholesky factors, triangular systems.
//!
//! Each result element is a fixed sequence of roundings that depends on the shapes alone, never on the instruction set, the
//! tile shape or the number of threads, so the same input gives the same bits everywhere.

mod cholesky;
mod gemm;
mod mat;
mod real;
mod triangular;

pub use cholesky::cholesky;
pub use gemm::gemm;
pub use mat::{Mat, MatMut};
pub use real::Real;
pub use triangular::{Triangle, solve_triangular};

#[cfg(test)]
mod tests;
