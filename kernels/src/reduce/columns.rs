//! Reductions along rows, with the kept elements as lanes.

use super::order::{Reduce, for_each_reduce};
use crate::isa::{Isa, Kernel};
use crate::simd::{LANES, Simd, Vector};

/// Runs of a block, which are combined one after the other.
pub const ROWS: usize = 32;

/// Rows of `width` values that lie `stride` apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    pub(crate) x: *const f64,
    pub(crate) stride: isize,
    pub(crate) count: usize,
    pub(crate) width: usize,
}

/// `acc[j] = acc[j] * x[0][j] * x[1][j] * ...` from the left, `*` the reduction; a fresh `acc` starts at the identity.
///
/// # Safety
/// All rows must be readable, `acc` readable (unless fresh) and writable for `width` values, and they must not overlap.
#[inline(never)] // Compiled once, in this crate.
pub(crate) unsafe fn combine_rows(isa: Isa, reduce: Reduce, rows: Rows, acc: *mut f64, fresh: bool) {
    isa.run(CombineRows { reduce, rows, acc, fresh });
}

/// How many levels the tree over the blocks of `rows` rows needs.
pub(crate) const fn levels(rows: usize) -> usize {
    let blocks = rows.div_ceil(ROWS);
    if blocks == 0 { 0 } else { (usize::BITS - (blocks - 1).leading_zeros()) as usize }
}

/// Takes the finished block number `block` in `acc` into the tree, whose level `k` is at `levels + k * stride`. With the
/// last block, `acc` becomes the result.
///
/// # Safety
/// `acc` and the levels must be readable and writable for `width` values and must not overlap.
pub(crate) unsafe fn close_block(
    isa: Isa,
    reduce: Reduce,
    block: usize,
    is_last: bool,
    acc: *mut f64,
    width: usize,
    levels: *mut f64,
    stride: usize,
) {
    let carry = block.trailing_ones() as usize;
    let mut rest = if is_last { block } else { block & ((1 << carry) - 1) };
    while rest != 0 {
        let level = levels.wrapping_add(rest.trailing_zeros() as usize * stride);
        // SAFETY: the level was stored at an earlier block.
        unsafe { combine_rows(isa, reduce, Rows { x: level, stride: 0, count: 1, width }, acc, false) };
        rest &= rest - 1;
    }
    if !is_last {
        // SAFETY: the caller's promise.
        unsafe { std::ptr::copy_nonoverlapping(acc, levels.wrapping_add(carry * stride), width) };
    }
}

struct CombineRows {
    reduce: Reduce,
    rows: Rows,
    acc: *mut f64,
    fresh: bool,
}

impl Kernel for CombineRows {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for_each_reduce!(self.reduce, combine(simd, self))
    }
}

#[inline(always)]
fn combine<S: Simd>(reduce: Reduce, simd: S, CombineRows { mut rows, acc, mut fresh, .. }: CombineRows) {
    if rows.count > 1 && rows.width <= 4 * LANES {
        return match rows.width.div_ceil(LANES) {
            0 => (),
            1 => narrow::<S, 1>(reduce, simd, rows, acc, fresh),
            2 => narrow::<S, 2>(reduce, simd, rows, acc, fresh),
            3 => narrow::<S, 3>(reduce, simd, rows, acc, fresh),
            _ => narrow::<S, 4>(reduce, simd, rows, acc, fresh),
        };
    }
    while rows.count > 0 {
        let take = match rows.count {
            4.. => {
                wide::<S, 4>(reduce, simd, rows, acc, fresh);
                4
            }
            2.. => {
                wide::<S, 2>(reduce, simd, rows, acc, fresh);
                2
            }
            _ => {
                wide::<S, 1>(reduce, simd, rows, acc, fresh);
                1
            }
        };
        fresh = false;
        rows.x = rows.x.wrapping_offset(take as isize * rows.stride);
        rows.count -= take;
    }
}

/// N rows at once, so that `acc` is read and written once for all of them.
#[inline(always)]
fn wide<S: Simd, const N: usize>(reduce: Reduce, simd: S, rows: Rows, acc: *mut f64, fresh: bool) {
    let row: [*const f64; N] = std::array::from_fn(|k| rows.x.wrapping_offset(k as isize * rows.stride));
    let identity = Vector::splat(simd, reduce.identity());
    let whole = rows.width / LANES * LANES;
    for i in (0..whole).step_by(LANES) {
        // SAFETY: the promise of `combine_rows`.
        unsafe {
            let mut sum = if fresh { identity } else { Vector::load(simd, acc.add(i)) };
            for k in 0..N {
                sum = reduce.vectors(sum, Vector::load(simd, row[k].add(i)));
            }
            sum.store(acc.add(i));
        }
    }
    let rest = rows.width - whole;
    if rest > 0 {
        // SAFETY: as above; `rest` values are left.
        unsafe {
            let load = |p: *const f64| Vector::new(simd, simd.load_partial(p, rest));
            let mut sum = if fresh { identity } else { load(acc.add(whole)) };
            for k in 0..N {
                sum = reduce.vectors(sum, load(row[k].add(whole)));
            }
            simd.store_partial(acc.add(whole), rest, sum.lanes);
        }
    }
}

/// All of V vectors stay in registers over the rows.
#[inline(always)]
fn narrow<S: Simd, const V: usize>(reduce: Reduce, simd: S, rows: Rows, acc: *mut f64, fresh: bool) {
    let last = rows.width - (V - 1) * LANES;
    let load = |p: *const f64| -> [Vector<S>; V] {
        std::array::from_fn(|v| {
            let p = p.wrapping_add(v * LANES);
            // SAFETY: the promise of `combine_rows`; the last vector has `last` values.
            unsafe { if v + 1 < V { Vector::load(simd, p) } else { Vector::new(simd, simd.load_partial(p, last)) } }
        })
    };
    let mut sums = if fresh { [Vector::splat(simd, reduce.identity()); V] } else { load(acc) };
    let mut x = rows.x;
    for _ in 0..rows.count {
        let row = load(x);
        for v in 0..V {
            sums[v] = reduce.vectors(sums[v], row[v]);
        }
        x = x.wrapping_offset(rows.stride);
    }
    for v in 0..V {
        // SAFETY: as above.
        unsafe {
            let to = acc.add(v * LANES);
            if v + 1 < V { sums[v].store(to) } else { simd.store_partial(to, last, sums[v].lanes) }
        }
    }
}
