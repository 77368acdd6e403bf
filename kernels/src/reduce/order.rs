//! The two orders of a reduction, by lanes along a run and by blocks of rows, and the tree that both end in.

use crate::isa::{Isa, Kernel};
use crate::math::basic::{maximum, minimum};
use crate::simd::{LANES, Portable, Simd, Vector};

/// Elements of a chunk of a run.
pub const CHUNK: usize = 512;

/// How two values become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduce {
    /// The sum; 0 if empty.
    Sum,
    /// The product; 1 if empty.
    Prod,
    /// The greatest, NaN if any is; -inf if empty.
    Max,
    /// The least, NaN if any is; +inf if empty.
    Min,
}

impl Reduce {
    /// The value of an empty reduction.
    #[inline(always)]
    pub const fn identity(self) -> f64 {
        match self {
            Reduce::Sum => 0.0,
            Reduce::Prod => 1.0,
            Reduce::Max => f64::NEG_INFINITY,
            Reduce::Min => f64::INFINITY,
        }
    }

    /// Combines two values; the same bits as a lane of the vector form.
    #[inline(always)]
    pub fn pair(self, a: f64, b: f64) -> f64 {
        let (x, y) = (Vector::new(Portable::<1>, [a]), Vector::new(Portable::<1>, [b]));
        match self {
            Reduce::Sum => a + b,
            Reduce::Prod => a * b,
            Reduce::Max => maximum(x, y).lanes[0],
            Reduce::Min => minimum(x, y).lanes[0],
        }
    }

    #[inline(always)]
    pub(crate) fn vectors<S: Simd>(self, a: Vector<S>, b: Vector<S>) -> Vector<S> {
        match self {
            Reduce::Sum => a + b,
            Reduce::Prod => a * b,
            Reduce::Max => maximum(a, b),
            Reduce::Min => minimum(a, b),
        }
    }
}

/// Calls a generic function with the reduction as a constant, so that its loops are compiled for each.
macro_rules! for_each_reduce {
    ($reduce:expr, $f:ident($($arg:expr),*)) => {
        match $reduce {
            Reduce::Sum => $f(Reduce::Sum, $($arg),*),
            Reduce::Prod => $f(Reduce::Prod, $($arg),*),
            Reduce::Max => $f(Reduce::Max, $($arg),*),
            Reduce::Min => $f(Reduce::Min, $($arg),*),
        }
    };
}
pub(super) use for_each_reduce;

/// The streaming pairwise tree: level `k` holds the result of `2^k` chunks while bit `k` of the count is set.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    reduce: Reduce,
    count: u64,
    levels: [f64; 48],
}

impl Tree {
    pub(crate) fn new(reduce: Reduce) -> Tree {
        Tree { reduce, count: 0, levels: [0.0; 48] }
    }

    /// Forgets everything.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }

    /// Adds the result of the next chunk.
    #[inline]
    pub(crate) fn push(&mut self, mut x: f64) {
        let mut level = 0;
        while self.count >> level & 1 == 1 {
            x = self.reduce.pair(self.levels[level], x);
            level += 1;
        }
        self.levels[level] = x;
        self.count += 1;
    }

    /// The result of all chunks.
    #[inline]
    pub(crate) fn finish(&self) -> f64 {
        self.finish_with(None)
    }

    /// The same with a result of chunks that come last and are fewer than those of the lowest level.
    #[inline]
    pub(super) fn finish_with(&self, mut last: Option<f64>) -> f64 {
        let mut rest = self.count;
        while rest != 0 {
            let level = rest.trailing_zeros() as usize;
            let x = self.levels[level];
            last = Some(last.map_or(x, |last| self.reduce.pair(x, last)));
            rest &= rest - 1;
        }
        last.unwrap_or(self.reduce.identity())
    }
}

/// The result of at most [`CHUNK`] elements.
#[inline(never)] // Compiled once, in this crate.
pub(crate) fn chunk(isa: Isa, reduce: Reduce, x: &[f64]) -> f64 {
    debug_assert!(x.len() <= CHUNK);
    match reduce {
        Reduce::Sum => isa.run(SumChunk { x }),
        _ => isa.run(OtherChunk { reduce, x }),
    }
}

struct SumChunk<'a> {
    x: &'a [f64],
}

impl Kernel for SumChunk<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        reduce_chunk(Reduce::Sum, simd, self.x)
    }
}

struct OtherChunk<'a> {
    reduce: Reduce,
    x: &'a [f64],
}

impl Kernel for OtherChunk<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        match self.reduce {
            Reduce::Max => reduce_chunk(Reduce::Max, simd, self.x),
            Reduce::Min => reduce_chunk(Reduce::Min, simd, self.x),
            _ => reduce_chunk(Reduce::Prod, simd, self.x),
        }
    }
}

#[inline(always)]
fn reduce_chunk<S: Simd>(reduce: Reduce, simd: S, x: &[f64]) -> f64 {
    let identity = Vector::splat(simd, reduce.identity());
    let mut sums = [identity; 4];
    let (fours, rest) = x.as_chunks::<{ 4 * LANES }>();
    for four in fours {
        for i in 0..4 {
            // SAFETY: vector i of an array of four.
            let x = unsafe { Vector::load(simd, four.as_ptr().add(i * LANES)) };
            sums[i] = reduce.vectors(sums[i], x);
        }
    }
    let (ones, rest) = rest.as_chunks::<LANES>();
    for (i, one) in ones.iter().enumerate() {
        // SAFETY: an array of eight.
        sums[i] = reduce.vectors(sums[i], unsafe { Vector::load(simd, one.as_ptr()) });
    }
    if !rest.is_empty() {
        let mut last = [reduce.identity(); LANES];
        last[..rest.len()].copy_from_slice(rest);
        sums[ones.len()] = reduce.vectors(sums[ones.len()], Vector::new(simd, simd.from_array(last)));
    }
    fold(reduce, sums)
}

/// The fixed tree over accumulators and lanes.
#[inline(always)]
pub(crate) fn fold<S: Simd>(reduce: Reduce, sums: [Vector<S>; 4]) -> f64 {
    let all = reduce.vectors(reduce.vectors(sums[0], sums[1]), reduce.vectors(sums[2], sums[3]));
    let [a, b, c, d, e, f, g, h] = all.to_array();
    let pair = |x, y| reduce.pair(x, y);
    pair(pair(pair(a, e), pair(c, g)), pair(pair(b, f), pair(d, h)))
}
