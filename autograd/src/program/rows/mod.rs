//! Linear predictors, some rows at a time.
//!
//! The value and gradient of a generalised linear model (Nelder and Wedderburn 1972) with predictors X take the product
//! `eta = X b`, a loop over the rows that makes sums and the derivative `g` by eta, and the product `X^T g`. Step by step,
//! X goes through the caches twice, and eta and g once each. As one step, a block of rows that the second cache level holds
//! goes through all three at a time: X is read once, and eta and g are never longer than a block.
//!
//! `find` recognises the pattern among the units of a schedule, `run` is the step. Sums and `X^T g` are made of the results
//! of blocks by a pairwise tree over the block index, and a block is a power of two of the chunks that reductions and
//! matrix-vector products are made of. So a step gives the bits of the three (if the rows of X are contiguous; the order of
//! additions in `X^T g` is another one if its columns are), on any number of threads.

mod find;
mod run;

pub(super) use find::find;
pub(super) use run::{Argument, Body, Lane, Rows};

use super::graph::Id;
use pyroxene_tensor::Shape;

/// The nodes of a linear predictor's step.
#[derive(Debug)]
pub(crate) struct RowsUnit {
    /// `eta = X b`, with a constant X.
    pub(crate) eta: Id,
    /// The iteration space of the loop: one axis is as long as X, the others have one element.
    pub(crate) shape: Shape,
    /// The nodes of the loop: elementwise ones and reductions over all rows, in topological order.
    pub(crate) lines: Vec<Id>,
    /// The node of the loop that is multiplied by `X^T`.
    pub(crate) g: Id,
    /// `X^T g`.
    pub(crate) adjoint: Id,
    /// All of these and the reshapes of eta and g between them, in topological order.
    pub(crate) nodes: Vec<Id>,
}

/// Loops with more inputs are left alone: the list of a block's slices has a fixed length.
pub(super) const ARGUMENTS: usize = 16;
