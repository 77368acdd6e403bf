//! Random draws as pure functions of a key.
//!
//! Every number comes from Philox4x32-10, a counter-based generator: the bits at (key, stream, block) are a function
//! of these three integers, so nothing is shared, nothing is split in sequence, and a draw does not depend on how many
//! threads work or on how many other draws are made. Element `i` of every fill depends on `(key, i)` and its own
//! parameters alone: a longer fill starts with a shorter one.
//!
//! The transforms use `+ - * /`, `sqrt`, fused multiply-add and this crate's own elementary functions, so one key gives
//! the same bits on every processor.
//!
//! Derive one key for each use with [`mix`] and [`hash_name`]; two fills under one key are not independent.

mod binomial;
mod dirichlet;
mod discrete;
mod fill;
mod gamma;
mod key;
mod math;
mod philox;
mod poisson;
mod saddle;
mod stream;
mod turn;

pub use binomial::{binomial, multinomial};
pub use dirichlet::dirichlet;
pub use discrete::{bernoulli, categorical, choice, integers, weighted_choice};
pub use fill::{exponential, normal, uniform};
pub use gamma::{beta, gamma, log_gamma};
pub use key::{hash_name, mix};
pub use poisson::poisson;
pub use stream::Stream;

/// Elements that a rejection sampler works on together.
const BATCH: usize = 64;

/// The samplers' parallel grain: elements a task.
const GRAIN: usize = 4096;

/// Calls `work(first, chunk)` for consecutive chunks of `out`, in parallel when there are several.
fn for_chunks<T: Send>(out: &mut [T], grain: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    use rayon::prelude::*;
    if out.len() <= grain {
        work(0, out);
    } else {
        out.par_chunks_mut(grain).enumerate().for_each(|(index, chunk)| work(index * grain, chunk));
    }
}

#[cfg(test)]
mod tests;
