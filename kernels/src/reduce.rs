//! Reductions in one canonical order.
//!
//! A slice is cut into chunks of [`CHUNK`] elements. Within a chunk, vector `i` (eight lanes) goes to accumulator
//! `i mod 4`; the accumulators, then the lanes, are combined by fixed trees. Chunk results are combined by a pairwise
//! tree over the chunk index, the tree that a binary counter makes. So the bits depend neither on the instruction set
//! nor on the number of threads, and the rounding error of a sum grows with the logarithm of its length.

use crate::elementwise::Element;
use crate::isa::{Isa, Kernel};
use crate::math::basic::{maximum, minimum};
use crate::simd::{LANES, Simd, Vector};
use rayon::prelude::*;

/// Elements of a chunk.
pub const CHUNK: usize = 512;

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
    T::from_f64(over(isa, Combine::Sum, x))
}

/// Greatest element; NaN if any is, -inf for an empty slice.
pub fn max<T: Element>(x: &[T]) -> T {
    max_on(Isa::detect(), x)
}

/// [`max`] on a given instruction set.
pub fn max_on<T: Element>(isa: Isa, x: &[T]) -> T {
    T::from_f64(over(isa, Combine::Max, x))
}

/// Least element; NaN if any is, +inf for an empty slice.
pub fn min<T: Element>(x: &[T]) -> T {
    min_on(Isa::detect(), x)
}

/// [`min`] on a given instruction set.
pub fn min_on<T: Element>(isa: Isa, x: &[T]) -> T {
    T::from_f64(over(isa, Combine::Min, x))
}

/// Sum of products, by fused multiply-adds into the accumulators of a sum, in f64.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn dot<T: Element>(x: &[T], y: &[T]) -> T {
    dot_on(Isa::detect(), x, y)
}

/// [`dot`] on a given instruction set.
///
/// # Panics
/// If the lengths differ or the machine lacks the instruction set.
#[track_caller]
pub fn dot_on<T: Element>(isa: Isa, x: &[T], y: &[T]) -> T {
    assert_eq!(x.len(), y.len(), "dot: the arguments differ in length");
    let mut tree = Tree::new(Combine::Sum);
    for (x, y) in x.chunks(CHUNK).zip(y.chunks(CHUNK)) {
        T::chunks(isa, x, |x| T::chunks(isa, y, |y| tree.push(dot_chunk(isa, x, y))));
    }
    T::from_f64(tree.finish())
}

#[inline(never)] // Compiled once, in this crate.
fn dot_chunk(isa: Isa, x: &[f64], y: &[f64]) -> f64 {
    isa.run(DotChunk { x, y })
}

/// How two values become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Combine {
    Sum,
    Max,
    Min,
}

impl Combine {
    /// The value of an empty reduction.
    #[inline(always)]
    pub(crate) fn identity(self) -> f64 {
        match self {
            Combine::Sum => 0.0,
            Combine::Max => f64::NEG_INFINITY,
            Combine::Min => f64::INFINITY,
        }
    }

    /// Combines two values; the same bits as a lane of the vector form.
    #[inline(always)]
    pub(crate) fn pair(self, a: f64, b: f64) -> f64 {
        use crate::simd::Portable;
        let (x, y) = (Vector::new(Portable::<1>, [a]), Vector::new(Portable::<1>, [b]));
        match self {
            Combine::Sum => a + b,
            Combine::Max => maximum(x, y).lanes[0],
            Combine::Min => minimum(x, y).lanes[0],
        }
    }

    #[inline(always)]
    fn vectors<S: Simd>(self, a: Vector<S>, b: Vector<S>) -> Vector<S> {
        match self {
            Combine::Sum => a + b,
            Combine::Max => maximum(a, b),
            Combine::Min => minimum(a, b),
        }
    }
}

/// The streaming pairwise tree: level `k` holds the result of `2^k` chunks while bit `k` of the count is set.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    combine: Combine,
    count: u64,
    levels: [f64; 48],
}

impl Tree {
    pub(crate) fn new(combine: Combine) -> Tree {
        Tree { combine, count: 0, levels: [0.0; 48] }
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
            x = self.combine.pair(self.levels[level], x);
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
    fn finish_with(&self, mut last: Option<f64>) -> f64 {
        let mut rest = self.count;
        while rest != 0 {
            let level = rest.trailing_zeros() as usize;
            let x = self.levels[level];
            last = Some(last.map_or(x, |last| self.combine.pair(x, last)));
            rest &= rest - 1;
        }
        last.unwrap_or(self.combine.identity())
    }
}

fn over<T: Element>(isa: Isa, combine: Combine, x: &[T]) -> f64 {
    if x.len() < PARALLEL {
        return serial(isa, combine, x);
    }
    let (groups, rest) = x.split_at(x.len() / (GROUP * CHUNK) * (GROUP * CHUNK));
    let groups: Vec<f64> = groups.par_chunks(GROUP * CHUNK).map(|x| serial(isa, combine, x)).collect();
    let mut tree = Tree::new(combine);
    for x in groups {
        tree.push(x);
    }
    tree.finish_with((!rest.is_empty()).then(|| serial(isa, combine, rest)))
}

fn serial<T: Element>(isa: Isa, combine: Combine, x: &[T]) -> f64 {
    let mut tree = Tree::new(combine);
    T::chunks(isa, x, |x| tree.push(chunk(isa, combine, x)));
    tree.finish()
}

/// The result of at most [`CHUNK`] elements.
#[inline(never)] // Compiled once, in this crate.
pub(crate) fn chunk(isa: Isa, combine: Combine, x: &[f64]) -> f64 {
    debug_assert!(x.len() <= CHUNK);
    match combine {
        Combine::Sum => isa.run(SumChunk { x }),
        _ => isa.run(ExtremumChunk { combine, x }),
    }
}

struct SumChunk<'a> {
    x: &'a [f64],
}

impl Kernel for SumChunk<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        reduce_chunk(simd, Combine::Sum, self.x)
    }
}

struct ExtremumChunk<'a> {
    combine: Combine,
    x: &'a [f64],
}

impl Kernel for ExtremumChunk<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        match self.combine {
            Combine::Max => reduce_chunk(simd, Combine::Max, self.x),
            _ => reduce_chunk(simd, Combine::Min, self.x),
        }
    }
}

#[inline(always)]
fn reduce_chunk<S: Simd>(simd: S, combine: Combine, x: &[f64]) -> f64 {
    let identity = Vector::splat(simd, combine.identity());
    let mut sums = [identity; 4];
    let (fours, rest) = x.as_chunks::<{ 4 * LANES }>();
    for four in fours {
        for i in 0..4 {
            // SAFETY: vector i of an array of four.
            let x = unsafe { Vector::load(simd, four.as_ptr().add(i * LANES)) };
            sums[i] = combine.vectors(sums[i], x);
        }
    }
    let (ones, rest) = rest.as_chunks::<LANES>();
    for (i, one) in ones.iter().enumerate() {
        // SAFETY: an array of eight.
        sums[i] = combine.vectors(sums[i], unsafe { Vector::load(simd, one.as_ptr()) });
    }
    if !rest.is_empty() {
        let mut last = [combine.identity(); LANES];
        last[..rest.len()].copy_from_slice(rest);
        sums[ones.len()] = combine.vectors(sums[ones.len()], Vector::new(simd, simd.from_array(last)));
    }
    fold(combine, sums)
}

/// The fixed tree over accumulators and lanes.
#[inline(always)]
fn fold<S: Simd>(combine: Combine, sums: [Vector<S>; 4]) -> f64 {
    let all = combine.vectors(combine.vectors(sums[0], sums[1]), combine.vectors(sums[2], sums[3]));
    let [a, b, c, d, e, f, g, h] = all.to_array();
    let pair = |x, y| combine.pair(x, y);
    pair(pair(pair(a, e), pair(c, g)), pair(pair(b, f), pair(d, h)))
}

struct DotChunk<'a> {
    x: &'a [f64],
    y: &'a [f64],
}

impl Kernel for DotChunk<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let mut sums = [Vector::splat(simd, 0.0); 4];
        let (x_fours, x_rest) = self.x.as_chunks::<{ 4 * LANES }>();
        let (y_fours, y_rest) = self.y.as_chunks::<{ 4 * LANES }>();
        for (x, y) in x_fours.iter().zip(y_fours) {
            for i in 0..4 {
                // SAFETY: vector i of arrays of four.
                let (x, y) = unsafe {
                    (Vector::load(simd, x.as_ptr().add(i * LANES)), Vector::load(simd, y.as_ptr().add(i * LANES)))
                };
                sums[i] = x.fma(y, sums[i]);
            }
        }
        let (x_ones, x_rest) = x_rest.as_chunks::<LANES>();
        let (y_ones, y_rest) = y_rest.as_chunks::<LANES>();
        for (i, (x, y)) in x_ones.iter().zip(y_ones).enumerate() {
            // SAFETY: arrays of eight.
            let (x, y) = unsafe { (Vector::load(simd, x.as_ptr()), Vector::load(simd, y.as_ptr())) };
            sums[i] = x.fma(y, sums[i]);
        }
        // SAFETY: as many values are read as the remainders hold.
        let (x, y) = unsafe {
            (simd.load_partial(x_rest.as_ptr(), x_rest.len()), simd.load_partial(y_rest.as_ptr(), y_rest.len()))
        };
        let i = x_ones.len();
        sums[i] = Vector::new(simd, x).fma(Vector::new(simd, y), sums[i]);
        fold(Combine::Sum, sums)
    }
}

/// `out[i] = combine(out[i], x[i])` for `len` elements.
///
/// # Safety
/// `x` must be readable and `out` writable for `len` values, and they must not overlap.
pub(crate) unsafe fn combine_rows(isa: Isa, combine: Combine, x: *const f64, out: *mut f64, len: usize) {
    isa.run(CombineRows { combine, x, out, len });
}

struct CombineRows {
    combine: Combine,
    x: *const f64,
    out: *mut f64,
    len: usize,
}

impl Kernel for CombineRows {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let CombineRows { combine, x, out, len } = self;
        let whole = len / LANES * LANES;
        for i in (0..whole).step_by(LANES) {
            // SAFETY: the promise of `combine_rows`.
            unsafe {
                let (x, y) = (Vector::load(simd, x.add(i)), Vector::load(simd, out.add(i)));
                combine.vectors(y, x).store(out.add(i));
            }
        }
        let rest = len - whole;
        if rest > 0 {
            // SAFETY: as above; `rest` values are left.
            unsafe {
                let x = Vector::new(simd, simd.load_partial(x.add(whole), rest));
                let y = Vector::new(simd, simd.load_partial(out.add(whole), rest));
                simd.store_partial(out.add(whole), rest, combine.vectors(y, x).lanes);
            }
        }
    }
}
