//! Reductions of a fused loop.

use super::layout::{Layout, Walk};
use crate::isa::Isa;
use crate::reduce::{CHUNK, Combine, Tree, chunk, combine_rows};

/// An output with a reduction.
#[derive(Clone, Debug)]
pub(super) struct Reduction {
    pub(super) slot: u16,
    pub(super) combine: Combine,
    /// Where each element of the space goes: stride 0 in reduced dimensions.
    layout: Layout,
    /// Start of the walk's state.
    walk: usize,
    /// Offset of a chunk in scratch memory that collects a run across blocks.
    stage: usize,
    /// Several runs go to one place.
    accumulates: bool,
}

impl Reduction {
    pub(super) fn new(slot: u16, combine: Combine, layout: Layout, walk: usize, stage: usize) -> Reduction {
        let zeros = layout.strides.iter().filter(|stride| **stride == 0).count();
        let reduces_runs = layout.run_stride() == 0;
        let accumulates = !reduces_runs || zeros > 1 || layout.len() == 0;
        Reduction { slot, combine, layout, walk, stage, accumulates }
    }

    /// Stores the identity at each kept place, where results are to be combined.
    ///
    /// # Safety
    /// The kept places must be writable in `memory`.
    pub(super) unsafe fn begin(&self, memory: *mut f64, state: &mut [usize]) {
        if !self.accumulates {
            return;
        }
        let identity = self.combine.identity();
        let Layout { dims, strides, .. } = &self.layout;
        let kept = dims.iter().zip(strides).filter(|(_, stride)| **stride != 0);
        let count: usize = kept.map(|(dim, _)| *dim).product();
        // Odometer over the kept dimensions alone; the state is left as it was found, all zero.
        let (index, _) = state[self.walk..].split_at_mut(dims.len());
        let mut place = self.layout.offset;
        for _ in 0..count {
            // SAFETY: a kept place.
            unsafe { *memory.add(place) = identity };
            for d in (0..dims.len()).rev().filter(|d| strides[*d] != 0) {
                index[d] += 1;
                place = place.wrapping_add_signed(strides[d]);
                if index[d] < dims[d] {
                    break;
                }
                place = place.wrapping_sub((dims[d] as isize).wrapping_mul(strides[d]) as usize);
                index[d] = 0;
            }
        }
    }

    /// Reduces the next `len` elements, at `x`.
    ///
    /// # Safety
    /// `x` must be readable for `len <= CHUNK` values, the places of the layout writable in `memory`, and `scratch`
    /// readable and writable at the stage.
    pub(super) unsafe fn block(
        &self,
        isa: Isa,
        mut x: *const f64,
        mut len: usize,
        memory: *mut f64,
        scratch: *mut f64,
        state: &mut [usize],
        tree: &mut Tree,
    ) {
        let mut walk = Walk { layout: &self.layout, state: &mut state[self.walk..] };
        let reduces_runs = self.layout.run_stride() == 0;
        while len > 0 {
            let position = walk.position();
            let (place, count) = walk.next_run(len);
            // SAFETY: `count <= len` values are left at x, and the place is one of the layout.
            unsafe {
                let out = memory.add(place);
                if reduces_runs {
                    let values = std::slice::from_raw_parts(x, count);
                    let is_last = position + count == self.layout.run();
                    if let Some(result) = self.run_part(isa, values, position, is_last, scratch, tree) {
                        *out = if self.accumulates { self.combine.pair(*out, result) } else { result };
                    }
                } else if self.layout.run_stride() == 1 {
                    combine_rows(isa, self.combine, x, out, count);
                } else {
                    for i in 0..count {
                        let out = out.offset(i as isize * self.layout.run_stride());
                        *out = self.combine.pair(*out, *x.add(i));
                    }
                }
                x = x.add(count);
            }
            len -= count;
        }
    }

    /// The part of a run from `position` on; gives the result of the run with its last part.
    ///
    /// # Safety
    /// As for [`block`](Self::block).
    #[inline]
    unsafe fn run_part(
        &self,
        isa: Isa,
        mut values: &[f64],
        position: usize,
        is_last: bool,
        scratch: *mut f64,
        tree: &mut Tree,
    ) -> Option<f64> {
        if position == 0 {
            if is_last {
                return Some(chunk(isa, self.combine, values));
            }
            tree.clear();
        }
        let mut staged = position % CHUNK;
        while !values.is_empty() {
            let take = values.len().min(CHUNK - staged);
            let (now, later) = values.split_at(take);
            let ends = is_last && later.is_empty();
            if staged == 0 && (take == CHUNK || ends) {
                tree.push(chunk(isa, self.combine, now));
            } else {
                // SAFETY: the stage holds CHUNK values, and is not part of the block at `values`.
                let stage = unsafe { std::slice::from_raw_parts_mut(scratch.add(self.stage), CHUNK) };
                stage[staged..staged + take].copy_from_slice(now);
                staged += take;
                if staged == CHUNK || ends {
                    tree.push(chunk(isa, self.combine, &stage[..staged]));
                    staged = 0;
                }
            }
            values = later;
        }
        is_last.then(|| tree.finish())
    }
}
