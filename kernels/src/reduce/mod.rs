//! Reductions in one canonical order.
//!
//! The axes of size one do not count. Of the others, those at the end that are all reduced form a *run*; where the last
//! axis is kept, a run is a single element. A result is made of runs, in row-major order:
//!
//! - A run is cut into chunks of [`CHUNK`] elements. Within a chunk, vector `i` (eight lanes) goes to accumulator
//!   `i mod 4`; the accumulators, then the lanes, are combined by fixed trees. Chunk results are combined by a pairwise
//!   tree over the chunk index, the tree that a binary counter makes.
//! - Where other axes are reduced too, blocks of [`ROWS`] runs are combined one after the other, and the blocks by the
//!   same tree.
//!
//! So the bits depend neither on the instruction set nor on the number of threads nor on where the elements lie, and the
//! rounding error of a sum grows with the logarithm of its length. Both orders go through memory as it lies: along runs
//! with vectors of neighbours, along rows with the kept elements as lanes. f32 is accumulated in f64.

mod axes;
mod columns;
mod dot;
mod order;
mod places;
mod short;

pub use axes::{Strided, axes, axes_on};
pub use columns::ROWS;
pub(crate) use columns::{Rows, close_block, combine_rows, levels};
pub use dot::{dot, dot_on};
pub use order::{CHUNK, Reduce};
pub(crate) use order::{Tree, chunk, fold};
pub(crate) use short::{SHORT, short_runs};

use crate::elementwise::Element;
use crate::isa::Isa;
use rayon::prelude::*;

/// Chunks of a group, the unit of work of a thread: a power of two, so that a whole group is a node of the tree.
const GROUP: usize = 128;

/// Slices of at least this many elements are shared between threads: at a quarter of a million a sum took as long on two
/// threads as on one (38 us), at a million half as long.
const PARALLEL: usize = 4 * GROUP * CHUNK;

/// Sum of all elements, accumulated in f64; 0 for an empty slice.
pub fn sum<T: Element>(x: &[T]) -> T {
    sum_on(Isa::detect(), x)
}

/// [`sum`] on a given instruction set.
pub fn sum_on<T: Element>(isa: Isa, x: &[T]) -> T {
    T::from_f64(over(isa, Reduce::Sum, x))
}

/// Greatest element; NaN if any is, -inf for an empty slice.
pub fn max<T: Element>(x: &[T]) -> T {
    max_on(Isa::detect(), x)
}

/// [`max`] on a given instruction set.
pub fn max_on<T: Element>(isa: Isa, x: &[T]) -> T {
    T::from_f64(over(isa, Reduce::Max, x))
}

/// Least element; NaN if any is, +inf for an empty slice.
pub fn min<T: Element>(x: &[T]) -> T {
    min_on(Isa::detect(), x)
}

/// [`min`] on a given instruction set.
pub fn min_on<T: Element>(isa: Isa, x: &[T]) -> T {
    T::from_f64(over(isa, Reduce::Min, x))
}

fn over<T: Element>(isa: Isa, reduce: Reduce, x: &[T]) -> f64 {
    if x.len() < PARALLEL {
        return serial(isa, reduce, x);
    }
    let (groups, rest) = x.split_at(x.len() / (GROUP * CHUNK) * (GROUP * CHUNK));
    let groups: Vec<f64> = groups.par_chunks(GROUP * CHUNK).map(|x| serial(isa, reduce, x)).collect();
    let mut tree = Tree::new(reduce);
    for x in groups {
        tree.push(x);
    }
    tree.finish_with((!rest.is_empty()).then(|| serial(isa, reduce, rest)))
}

fn serial<T: Element>(isa: Isa, reduce: Reduce, x: &[T]) -> f64 {
    if x.len() <= CHUNK {
        let mut result = reduce.identity();
        T::chunks(isa, x, |x| result = chunk(isa, reduce, x));
        return result;
    }
    let mut tree = Tree::new(reduce);
    T::chunks(isa, x, |x| tree.push(chunk(isa, reduce, x)));
    tree.finish()
}
