//! Sums of products of numbers given by their logarithms: of two matrices, and of the matrices along a Markov chain.
//!
//! All are made in linear space, after the largest numbers have been brought near one: an exponential an element of the
//! operands and a logarithm an element of the result, not an exponential a term. What this may have lost digits of, because
//! it is too far below its neighbours, is found and made anew in logarithms.

mod adjoint;
mod chain;
mod forward;
mod paths;
mod product;

pub use adjoint::{forward_adjoint, forward_adjoint_on, forward_adjoint_room};
pub use chain::Chain;
pub use forward::{forward, forward_on, forward_room};
pub use paths::{paths, paths_adjoint, paths_adjoint_on, paths_adjoint_room, paths_len, paths_on, paths_room};
pub use product::{Tilted, log_product, log_product_room, tilted_sum, tilted_sum_room};

/// A scaled sum at least this large lacks no digits: the terms that fell below the normal numbers were 1e-28 of it.
const ENOUGH: f64 = 1e-280;

/// The larger; NaN if either is.
fn larger(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() { a } else { b }
}

/// What is subtracted from numbers with this maximum: infinities stay what they are.
fn shift(max: f64) -> f64 {
    if max.is_finite() { max } else { 0.0 }
}
