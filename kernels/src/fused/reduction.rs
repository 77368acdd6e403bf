//! Reductions of a fused loop, in the order of [`reduce`](crate::reduce).

use super::blocks::scatter;
use super::layout::{Layout, Walk};
use super::places::Place;
use crate::isa::Isa;
use crate::reduce::{CHUNK, ROWS, Reduce, Rows, SHORT, Tree, chunk, close_block, combine_rows, levels, short_runs};

/// Rows of up to this many values are taken several at a time.
const NARROW: usize = 32;

/// An output with a reduction.
#[derive(Clone, Debug)]
pub(super) struct Reduction {
    pub(super) slot: u16,
    pub(super) reduce: Reduce,
    /// Where each element of the space goes among the results side by side: stride 0 in reduced dimensions.
    layout: Layout,
    /// Start of the walk's state.
    walk: usize,
    /// Results.
    kept: usize,
    /// Runs (or rows) of a result.
    runs: usize,
    /// For each dimension, how much a step along it adds to the number of the run.
    weights: Vec<usize>,
    /// Offset of a chunk in scratch memory that collects a run across blocks.
    stage: usize,
    /// Offset in scratch memory of the tree over blocks of runs.
    tree: usize,
    made: Made,
}

/// Where results are made.
#[derive(Clone, Debug)]
enum Made {
    /// Where they belong, from this place on.
    There(Place),
    /// In scratch memory, from there to be copied to the layout's places.
    Scratch { acc: usize, base: usize, places: Layout, walk: usize },
}

/// What a reduction needs of the scratch memory and of the numbers for walks.
pub(super) trait Room {
    /// Offset of `len` values of scratch memory.
    fn scratch(&mut self, len: usize) -> usize;
    /// Start of a walk's state.
    fn walk(&mut self, layout: &Layout) -> usize;
}

impl Reduction {
    /// `strides` are those of the output, 0 in reduced dimensions.
    pub(super) fn new(
        slot: u16,
        reduce: Reduce,
        place: Place,
        dims: &[usize],
        strides: &[isize],
        room: &mut impl Room,
    ) -> Reduction {
        let is_kept = |d: usize| strides[d] != 0 && dims[d] != 1;
        let (mut side_by_side, mut kept) = (vec![0; dims.len()], 1);
        for d in (0..dims.len()).rev().filter(|d| is_kept(*d)) {
            side_by_side[d] = kept as isize;
            kept *= dims[d];
        }
        let layout = Layout::new(0, dims, &side_by_side);
        let inner = layout.dims.len() - 1;
        let (mut weights, mut runs) = (vec![0; layout.dims.len()], 1);
        for d in (0..inner).rev().filter(|d| layout.strides[*d] == 0) {
            weights[d] = runs;
            runs *= layout.dims[d];
        }
        let places = Layout::new(place.offset, dims, strides).kept();
        let made = if kept <= 1 || places.is_contiguous() {
            Made::There(place)
        } else {
            Made::Scratch { acc: room.scratch(kept), base: place.base, walk: room.walk(&places), places }
        };
        let walk = room.walk(&layout);
        let (stage, tree) = (room.scratch(CHUNK), room.scratch(levels(runs) * kept));
        Reduction { slot, reduce, layout, walk, kept, runs, weights, stage, tree, made }
    }

    fn results(&self, bases: &[*mut f64], scratch: *mut f64) -> *mut f64 {
        match &self.made {
            Made::There(place) => place.of(bases),
            Made::Scratch { acc, .. } => scratch.wrapping_add(*acc),
        }
    }

    /// Makes the results of an empty space.
    ///
    /// # Safety
    /// The kept places must be writable in their base, and `scratch` as long as was asked for.
    pub(super) unsafe fn empty(&self, bases: &[*mut f64], scratch: *mut f64) {
        let results = self.results(bases, scratch);
        // SAFETY: the results are side by side.
        (0..self.kept).for_each(|i| unsafe { *results.add(i) = self.reduce.identity() });
    }

    /// Copies the results to where they belong, if they are not there.
    ///
    /// # Safety
    /// As for [`empty`](Self::empty).
    pub(super) unsafe fn finish(&self, isa: Isa, bases: &[*mut f64], scratch: *mut f64, state: &mut [usize]) {
        if let Made::Scratch { acc, base, places, walk } = &self.made {
            let walk = Walk { layout: places, state: &mut state[*walk..] };
            // SAFETY: the layout has as many places as there are results.
            unsafe { scatter(isa, walk, scratch.wrapping_add(*acc), bases[*base], self.kept) };
        }
    }

    /// Reduces the next `len` elements, at `x`.
    ///
    /// # Safety
    /// `x` must be readable for `len <= CHUNK` values; and as for [`empty`](Self::empty).
    pub(super) unsafe fn block(
        &self,
        isa: Isa,
        mut x: *const f64,
        mut len: usize,
        bases: &[*mut f64],
        scratch: *mut f64,
        state: &mut [usize],
        tree: &mut Tree,
    ) {
        let results = self.results(bases, scratch);
        let mut walk = Walk { layout: &self.layout, state: &mut state[self.walk..] };
        let reduces_runs = self.layout.run_stride() == 0;
        let run = self.layout.run();
        while len > 0 {
            let position = walk.position();
            let number = walk.weigh(&self.weights);
            let whole = if position == 0 { walk.runs_left().min(len / run) } else { 0 };
            // SAFETY: `taken <= len` values are left at x, and the results are as many as the layout says.
            let taken = unsafe {
                if reduces_runs && self.runs == 1 && run <= SHORT && whole > 0 {
                    short_runs(isa, self.reduce, x, run, whole, results.add(walk.skip_runs(whole)));
                    whole * run
                } else if !reduces_runs && run <= NARROW && self.layout.dims.len() > 1 && whole > 1 {
                    let count = whole.min(ROWS - number % ROWS);
                    let acc = results.add(walk.skip_runs(count));
                    self.rows(isa, number, Rows { x, stride: run as isize, count, width: run }, acc, results, scratch);
                    count * run
                } else {
                    let (place, count) = walk.next_run(len);
                    let acc = results.add(place);
                    if !reduces_runs {
                        self.rows(isa, number, Rows { x, stride: 0, count: 1, width: count }, acc, results, scratch);
                    } else {
                        let values = std::slice::from_raw_parts(x, count);
                        let is_last = position + count == run;
                        if let Some(result) = self.run_part(isa, values, position, is_last, scratch, tree) {
                            self.result(isa, number, result, acc, results, scratch);
                        }
                    }
                    count
                }
            };
            x = x.wrapping_add(taken);
            len -= taken;
        }
    }

    /// Before row `number` is taken in, element by element, where the results belong: of a reduction of columns.
    ///
    /// # Safety
    /// As for [`empty`](Self::empty).
    pub(super) unsafe fn begin_row(&self, number: usize, bases: &[*mut f64], scratch: *mut f64) {
        if number.is_multiple_of(ROWS) {
            // SAFETY: the caller's promise.
            unsafe { self.empty(bases, scratch) };
        }
    }

    /// After row `number` was taken in.
    ///
    /// # Safety
    /// As for [`empty`](Self::empty).
    pub(super) unsafe fn end_row(&self, isa: Isa, number: usize, bases: &[*mut f64], scratch: *mut f64) {
        let results = self.results(bases, scratch);
        // SAFETY: the caller's promise.
        unsafe { self.close(isa, number + 1, results, self.kept, results, scratch) };
    }

    /// Takes rows of one block of rows in, the first of them number `number`.
    ///
    /// # Safety
    /// As for [`block`](Self::block); `acc` is the place of the first value.
    unsafe fn rows(&self, isa: Isa, number: usize, rows: Rows, acc: *mut f64, results: *mut f64, scratch: *mut f64) {
        // SAFETY: the caller's promise.
        unsafe {
            combine_rows(isa, self.reduce, rows, acc, number.is_multiple_of(ROWS));
            self.close(isa, number + rows.count, acc, rows.width, results, scratch);
        }
    }

    /// Takes the result of run number `number` in.
    ///
    /// # Safety
    /// As for [`block`](Self::block); `acc` is the place of the result.
    #[inline]
    unsafe fn result(&self, isa: Isa, number: usize, result: f64, acc: *mut f64, results: *mut f64, scratch: *mut f64) {
        // SAFETY: the caller's promise.
        unsafe {
            if self.runs == 1 {
                *acc = result;
                return;
            }
            let before = if number.is_multiple_of(ROWS) { self.reduce.identity() } else { *acc };
            *acc = self.reduce.pair(before, result);
            self.close(isa, number + 1, acc, 1, results, scratch);
        }
    }

    /// Closes a block of runs, if `done` runs end one.
    ///
    /// # Safety
    /// As for [`block`](Self::block); `acc` is the place of the first of `width` results.
    #[inline]
    unsafe fn close(&self, isa: Isa, done: usize, acc: *mut f64, width: usize, results: *mut f64, scratch: *mut f64) {
        let is_last = done == self.runs;
        if self.runs <= ROWS || !(is_last || done.is_multiple_of(ROWS)) {
            return;
        }
        let block = (done - 1) / ROWS;
        // SAFETY: the tree has a value a result on each of its levels.
        unsafe {
            let levels = scratch.add(self.tree).offset(acc.offset_from(results));
            close_block(isa, self.reduce, block, is_last, acc, width, levels, self.kept);
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
                return Some(chunk(isa, self.reduce, values));
            }
            tree.clear();
        }
        let mut staged = position % CHUNK;
        while !values.is_empty() {
            let take = values.len().min(CHUNK - staged);
            let (now, later) = values.split_at(take);
            let ends = is_last && later.is_empty();
            if staged == 0 && (take == CHUNK || ends) {
                tree.push(chunk(isa, self.reduce, now));
            } else {
                // SAFETY: the stage holds CHUNK values, and is not part of the block at `values`.
                let stage = unsafe { std::slice::from_raw_parts_mut(scratch.add(self.stage), CHUNK) };
                stage[staged..staged + take].copy_from_slice(now);
                staged += take;
                if staged == CHUNK || ends {
                    tree.push(chunk(isa, self.reduce, &stage[..staged]));
                    staged = 0;
                }
            }
            values = later;
        }
        is_last.then(|| tree.finish())
    }
}
