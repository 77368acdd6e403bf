//! Short runs that follow one another, without a call for each.

use super::order::{Reduce, for_each_reduce};
use crate::isa::{Isa, Kernel};
use crate::simd::{LANES, Simd};

/// Runs of up to this many elements have kernels of their own.
pub(crate) const SHORT: usize = 2 * LANES;

/// `out[i] = ` the reduction of the run `x[i * run..(i + 1) * run]`, with the bits of a chunk.
///
/// # Safety
/// `x` must be readable for `count * run` values, `out` writable for `count`, and they must not overlap. `run` must be
/// within `1..=SHORT`.
#[inline(never)] // Compiled once, in this crate.
pub(crate) unsafe fn short_runs(isa: Isa, reduce: Reduce, x: *const f64, run: usize, count: usize, out: *mut f64) {
    isa.run(ShortRuns { reduce, x, run, count, out });
}

struct ShortRuns {
    reduce: Reduce,
    x: *const f64,
    run: usize,
    count: usize,
    out: *mut f64,
}

impl Kernel for ShortRuns {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for_each_reduce!(self.reduce, by_length(self))
    }
}

#[inline(always)]
fn by_length(reduce: Reduce, runs: ShortRuns) {
    macro_rules! by_length {
        ($($n:literal)*) => {
            match runs.run {
                $($n => each::<$n>(reduce, runs),)*
                run => unreachable!("a run of {run} is not short"),
            }
        };
    }
    by_length!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
}

#[inline(always)]
fn each<const N: usize>(reduce: Reduce, runs: ShortRuns) {
    for i in 0..runs.count {
        // SAFETY: the promise of `short_runs`.
        unsafe {
            let x = &*runs.x.add(i * N).cast::<[f64; N]>();
            *runs.out.add(i) = one(reduce, x);
        }
    }
}

/// The tree of a chunk of N elements, without the lanes that hold the identity. Those turn a sum of -0 alone into +0, and
/// change nothing else.
#[inline(always)]
fn one<const N: usize>(reduce: Reduce, x: &[f64; N]) -> f64 {
    let mut lanes = [0.0; LANES];
    for i in 0..LANES.min(N) {
        lanes[i] = if i + LANES < N { reduce.pair(x[i], x[i + LANES]) } else { x[i] };
    }
    for half in [4, 2, 1] {
        for i in 0..half {
            if i + half < N {
                lanes[i] = reduce.pair(lanes[i], lanes[i + half]);
            }
        }
    }
    reduce.pair(reduce.identity(), lanes[0])
}
