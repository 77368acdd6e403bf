//! Dense linear algebra on strided matrices in f64 and f32: products, Cholesky factors, triangular systems.
//!
//! Each result element is a fixed sequence of roundings that depends on the shapes alone, never on the instruction set, the
//! tile shape or the number of threads, so the same input gives the same bits everywhere.

mod batch;
mod cholesky;
mod cholesky_adjoint;
mod cofactors;
mod eigen;
mod exponential;
mod gemm;
mod householder;
mod lu;
mod mat;
mod matvec;
mod mixed;
mod qr;
mod real;
mod rows;
mod scratch;
mod singular;
mod small;
mod substitution;
mod sweep;
mod tile;
mod triangular;
mod view;

pub use batch::{Scratch, each_matrix, parts};
pub use cholesky::{cholesky, cholesky_on};
pub use cholesky_adjoint::{cholesky_adjoint, cholesky_adjoint_on};
pub use cofactors::{cofactors, cofactors_room, second_cofactors};
pub use eigen::{eigh, eigh_on, eigh_room};
pub use exponential::{matrix_exp, matrix_exp_on, matrix_exp_room};
pub use gemm::{gemm, gemm_on};
pub use lu::{lu, lu_determinant, lu_failure, lu_log_determinant, lu_on, lu_permutation, lu_solve, lu_solve_on};
pub use mat::{Mat, MatMut};
pub use mixed::{Factor, gemm_narrow, gemm_narrow_on, gemm_single, gemm_single_on, gemm_widening, gemm_widening_on};
pub use qr::{qr, qr_on, qr_room};
pub use real::Real;
pub use singular::{svd, svd_on, svd_room};
pub use small::{SMALL, cholesky_small, cholesky_small_on, solve_small, solve_small_on};
pub use sweep::Sweep;
pub use triangular::{Triangle, solve_triangular, solve_triangular_on};

#[cfg(test)]
mod tests;
