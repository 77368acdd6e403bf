//! The memory plan: inputs and outputs lie with the caller; other buffers share places if they are not alive at the same
//! time.

use super::layout::{BufferId, View};
use super::lower::Lowered;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Buffers start on a cache line.
const LINE: usize = 8;

/// Where a buffer lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// In memory, from this offset on.
    Memory(usize),
    /// It is this input of the run.
    Argument(usize),
    /// It is this output of the run.
    Result(usize),
}

/// Where each buffer lies, and how much memory there is in all, counted in f64.
#[derive(Debug)]
pub(crate) struct MemoryPlan {
    pub(crate) homes: Vec<Home>,
    pub(crate) len: usize,
}

/// Places buffers first-fit, by the steps between which they are alive.
pub(crate) fn plan(lowered: &Lowered) -> MemoryPlan {
    let mut alive: Vec<Option<(usize, usize)>> = vec![None; lowered.buffers.len()];
    for (position, step) in lowered.steps.iter().enumerate() {
        let reads = step.reads().into_iter().filter_map(View::buffer);
        for buffer in reads.chain(step.writes()) {
            let (_, last) = alive[buffer].get_or_insert((position, position));
            *last = position;
        }
    }
    let mut plan = MemoryPlan { homes: vec![Home::Memory(0); alive.len()], len: 0 };
    let arguments = lowered.inputs.iter().enumerate().map(|(k, &buffer)| (buffer, Home::Argument(k)));
    let results = lowered.outputs.iter().enumerate().map(|(k, &buffer)| (buffer, Home::Result(k)));
    for (buffer, home) in arguments.chain(results) {
        plan.homes[buffer] = home;
        alive[buffer] = None;
    }
    let mut by_start: Vec<BufferId> = (0..alive.len()).filter(|&buffer| alive[buffer].is_some()).collect();
    by_start.sort_by_key(|&buffer| alive[buffer]);

    let mut gaps = Gaps::default();
    // What is in use: (the last step that touches it, start, length).
    let mut in_use: BinaryHeap<Reverse<(usize, usize, usize)>> = BinaryHeap::new();
    for buffer in by_start {
        let (first, last) = alive[buffer].expect("filtered above");
        while let Some(&Reverse((_, start, len))) = in_use.peek().filter(|Reverse((until, ..))| *until < first) {
            in_use.pop();
            gaps.give_back(start, len);
        }
        let len = lowered.buffers[buffer].slots().next_multiple_of(LINE);
        let start = gaps.take(len);
        plan.homes[buffer] = Home::Memory(start);
        in_use.push(Reverse((last, start, len)));
    }
    plan.len = gaps.end;
    plan
}

/// The memory that is free: what lies between buffers, and all from `end` on.
#[derive(Default)]
struct Gaps {
    /// From start to end; no two touch.
    between: BTreeMap<usize, usize>,
    end: usize,
}

impl Gaps {
    /// The first place with so much room.
    fn take(&mut self, size: usize) -> usize {
        let first = self.between.iter().find(|&(start, end)| end - start >= size);
        let (start, end) = first.map_or((self.end, self.end + size), |(&start, &end)| (start, end));
        self.between.remove(&start);
        if start + size < end {
            self.between.insert(start + size, end);
        }
        self.end = self.end.max(end);
        start
    }

    fn give_back(&mut self, start: usize, size: usize) {
        if size == 0 {
            return;
        }
        let (mut start, mut end) = (start, start + size);
        if let Some(after) = self.between.remove(&end) {
            end = after;
        }
        if let Some((&before, _)) = self.between.range(..start).next_back().filter(|&(_, &end)| end == start) {
            self.between.remove(&before);
            start = before;
        }
        self.between.insert(start, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_join_and_the_first_that_fits_is_taken() {
        let mut gaps = Gaps::default();
        let places = [8, 16, 8, 24].map(|size| gaps.take(size));
        assert_eq!((places, gaps.end), ([0, 8, 24, 32], 56));
        gaps.give_back(0, 8);
        gaps.give_back(24, 8);
        assert_eq!(gaps.take(16), 56);
        gaps.give_back(8, 16);
        assert_eq!(gaps.between, BTreeMap::from([(0, 32)]));
        assert_eq!((gaps.take(24), gaps.take(8), gaps.take(8), gaps.end), (0, 24, 72, 80));
    }
}
