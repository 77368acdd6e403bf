//! Markov chain Monte Carlo: the No-U-Turn sampler on a [`LogDensity`](super::LogDensity).
//!
//! The sampler is the multinomial variant of Betancourt (2017), "A conceptual introduction to Hamiltonian Monte Carlo",
//! of the No-U-Turn sampler of Hoffman and Gelman (2014), with biased progressive sampling between doublings, the
//! generalised U-turn criterion, also across the seam of two subtrees, and a warm-up in windows.

mod chain;
mod draws;
mod error;
mod fault;
mod hamiltonian;
mod interrupt;
mod metric;
mod moments;
mod nuts;
mod progress;
mod run;
mod step_size;
#[cfg(test)]
mod tests;
mod tree;
mod warmup;

pub use draws::{ChainDraws, Divergence, DrawStats, Samples};
pub use error::SampleError;
pub use nuts::{Metric, Nuts};
pub(crate) use run::sample_chains_here;
