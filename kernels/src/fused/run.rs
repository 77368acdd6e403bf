//! Running a fused kernel.

use super::layout::Walk;
use super::places::Places;
use super::plan::FusedKernel;
use crate::interpreter::{Slot, Span, execute, spread};
use crate::isa::Isa;
use crate::reduce::{CHUNK, Reduce, Tree};
use crate::simd::LANES;

/// Runs of up to this many elements are copied without a call for each.
const SHORT: usize = 32;

/// Memory that runs work in. One scratch serves any number of kernels, one run at a time.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    data: Vec<Line>,
    slots: Vec<Slot>,
    bases: Vec<*mut f64>,
    sources: Vec<*const f64>,
    state: Vec<usize>,
    trees: Vec<Tree>,
}

// SAFETY: the pointers are written anew at the start of each run and only read during it.
unsafe impl Send for Scratch {}
// SAFETY: as above; a shared reference gives no access to them.
unsafe impl Sync for Scratch {}

/// A cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line(#[expect(dead_code, reason = "reached through pointers")] [f64; LANES]);

impl Scratch {
    /// Scratch without room; [`reserve`](Self::reserve) makes it.
    pub fn new() -> Scratch {
        Scratch::default()
    }

    /// Makes room for runs of `kernel`. Running never allocates.
    pub fn reserve(&mut self, kernel: &FusedKernel) {
        fn grow<T: Clone>(to: &mut Vec<T>, len: usize, value: T) {
            if to.len() < len {
                to.resize(len, value);
            }
        }
        self.reserve_numbers(kernel.scratch_len);
        grow(&mut self.slots, kernel.slots.len(), Slot { pointer: std::ptr::null_mut(), step: 0 });
        grow(&mut self.bases, kernel.bases.len(), std::ptr::null_mut());
        grow(&mut self.sources, kernel.spread.len(), std::ptr::null());
        grow(&mut self.state, kernel.walk_len, 0);
        grow(&mut self.trees, kernel.reductions.len(), Tree::new(Reduce::Sum));
    }

    fn reserve_numbers(&mut self, len: usize) {
        let lines = len.div_ceil(LANES).max(self.data.len());
        self.data.resize(lines, Line([0.0; LANES]));
    }

    /// Makes room for machine code: its frame and the slices that it works on.
    pub(super) fn reserve_routine(&mut self, frame: usize, bases: usize) {
        self.reserve_numbers(frame);
        self.bases.resize(self.bases.len().max(bases), std::ptr::null_mut());
    }

    /// The room of machine code.
    ///
    /// # Panics
    /// If it was not reserved.
    pub(super) fn routine(&mut self, frame: usize, bases: usize) -> (*mut f64, &mut [*mut f64]) {
        let is_enough = self.data.len() * LANES >= frame && self.bases.len() >= bases;
        assert!(is_enough, "fused: the scratch was not reserved for this sequence");
        (self.data.as_mut_ptr().cast(), &mut self.bases[..bases])
    }

    fn is_enough(&self, kernel: &FusedKernel) -> bool {
        self.data.len() * LANES >= kernel.scratch_len
            && self.slots.len() >= kernel.slots.len()
            && self.bases.len() >= kernel.bases.len()
            && self.sources.len() >= kernel.spread.len()
            && self.state.len() >= kernel.walk_len
            && self.trees.len() >= kernel.reductions.len()
    }
}

impl FusedKernel {
    /// Runs the loop.
    ///
    /// # Panics
    /// If a slice of the run is missing or shorter than the loop needs (for the memory, that is
    /// [`memory_len`](Self::memory_len)), or the scratch was not reserved for this kernel.
    #[inline]
    pub fn run(&self, scratch: &mut Scratch, places: Places<'_, '_>) {
        self.run_on(Isa::detect(), scratch, places);
    }

    /// [`run`](Self::run) on a given instruction set.
    ///
    /// # Panics
    /// As `run`, and if the machine lacks the instruction set.
    pub fn run_on(&self, isa: Isa, scratch: &mut Scratch, places: Places<'_, '_>) {
        assert!(scratch.is_enough(self), "fused: the scratch was not reserved for this kernel");
        let bases = &mut scratch.bases[..self.bases.len()];
        self.bases.resolve(places, bases);
        let block = scratch.data.as_mut_ptr().cast::<f64>();
        let slots = &mut scratch.slots[..self.slots.len()];
        for (slot, home) in slots.iter_mut().zip(&self.slots) {
            *slot = Slot { pointer: block.wrapping_add(home.offset), step: home.step };
        }
        let sources = &mut scratch.sources[..self.spread.len()];
        for (source, place) in sources.iter_mut().zip(&self.spread) {
            *source = place.of(bases);
        }
        // SAFETY: `new` checked that all places of inputs are inside their bases; slots are parts of the scratch,
        // one vector long for spread values.
        unsafe {
            spread(isa, sources, slots);
            if !self.once.is_empty() {
                execute(isa, &self.once, slots, Span { vectors: 1, ahead: 0 });
            }
        }
        for single in &self.single {
            // SAFETY: the slot holds a vector, the place was checked.
            unsafe {
                let value = *slots[usize::from(single.slot)].pointer;
                *single.place.of(bases) = match single.reduce {
                    Some(reduce) => reduce.pair(value, reduce.identity()),
                    None => value,
                };
            }
        }
        if self.len == 1 {
            return;
        }
        scratch.state[..self.walk_len].fill(0);
        for (reduction, tree) in self.reductions.iter().zip(&mut scratch.trees) {
            *tree = Tree::new(reduction.reduce);
            if self.len == 0 {
                // SAFETY: the places of outputs were checked.
                unsafe { reduction.empty(bases, block) };
            }
        }
        for start in (0..self.len).step_by(CHUNK) {
            let len = CHUNK.min(self.len - start);
            // SAFETY: bases and scratch are long enough, and elements start..start + len are of the space.
            unsafe { self.block(isa, start, len, bases, block, slots, &mut scratch.state, &mut scratch.trees) };
        }
        for reduction in &self.reductions {
            // SAFETY: as above.
            unsafe { reduction.finish(bases, block, &mut scratch.state) };
        }
    }

    /// Elements `start..start + len` of the space.
    ///
    /// # Safety
    /// `bases` and `block` (the scratch) must be as long as the kernel asks, and the elements those of one block.
    unsafe fn block(
        &self,
        isa: Isa,
        start: usize,
        len: usize,
        bases: &[*mut f64],
        block: *mut f64,
        slots: &mut [Slot],
        state: &mut [usize],
        trees: &mut [Tree],
    ) {
        let vectors = len.div_ceil(LANES);
        let is_whole = len.is_multiple_of(LANES);
        let home = |slot: u16| block.wrapping_add(self.slots[usize::from(slot)].offset);
        for direct in &self.direct {
            let from = direct.place.of(bases).wrapping_add(start);
            slots[usize::from(direct.slot)].pointer = if is_whole {
                from
            } else {
                let to = home(direct.slot);
                // SAFETY: the elements are places of the input, which were checked; a home holds CHUNK values.
                unsafe {
                    std::ptr::copy_nonoverlapping(from, to, len);
                    pad(to, len);
                }
                to
            };
        }
        for gathered in &self.gathered {
            let to = home(gathered.slot);
            let walk = Walk { layout: &gathered.layout, state: &mut state[gathered.walk..] };
            // SAFETY: as above.
            unsafe {
                gather(walk, bases[gathered.base], to, len);
                pad(to, len);
            }
        }
        for stored in &self.stored {
            slots[usize::from(stored.slot)].pointer =
                if is_whole { stored.place.of(bases).wrapping_add(start) } else { home(stored.slot) };
        }
        // SAFETY: slots are homes, or inputs and outputs with `vectors` whole vectors from here on.
        unsafe { execute(isa, &self.code, slots, Span { vectors, ahead: 0 }) };
        if !is_whole {
            for stored in &self.stored {
                let to = stored.place.of(bases).wrapping_add(start);
                // SAFETY: the elements are places of the output, which were checked.
                unsafe { std::ptr::copy_nonoverlapping(home(stored.slot), to, len) };
            }
        }
        for scattered in &self.scattered {
            let walk = Walk { layout: &scattered.layout, state: &mut state[scattered.walk..] };
            // SAFETY: as above; the slot holds `len` values.
            unsafe { scatter(walk, slots[usize::from(scattered.slot)].pointer, bases[scattered.base], len) };
        }
        for (reduction, tree) in self.reductions.iter().zip(trees) {
            let x = slots[usize::from(reduction.slot)].pointer;
            // SAFETY: as above.
            unsafe { reduction.block(isa, x, len, bases, block, state, tree) };
        }
    }
}

/// Repeats the last value up to a whole vector, so that the lanes past the end meet no case that the others do not.
///
/// # Safety
/// `to` must hold `len > 0` values and be writable up to the next multiple of eight.
unsafe fn pad(to: *mut f64, len: usize) {
    for i in len..len.next_multiple_of(LANES) {
        // SAFETY: the caller's promise.
        unsafe { *to.add(i) = *to.add(len - 1) };
    }
}

/// # Safety
/// The places of the walk must be readable in `from`, `to` writable for `len` values.
unsafe fn gather(mut walk: Walk, from: *const f64, mut to: *mut f64, mut len: usize) {
    let (stride, run) = (walk.layout.run_stride(), walk.layout.run());
    while len > 0 {
        let rows = if run <= SHORT && walk.position() == 0 { walk.runs_left().min(len / run) } else { 0 };
        if rows > 1 {
            let apart = walk.layout.strides[walk.layout.strides.len() - 2];
            let from = from.wrapping_add(walk.skip_runs(rows));
            // SAFETY: `rows` runs from here, and as many values at `to`.
            unsafe {
                match run {
                    2 => gather_rows(from, apart, stride, rows, 2, to),
                    3 => gather_rows(from, apart, stride, rows, 3, to),
                    4 => gather_rows(from, apart, stride, rows, 4, to),
                    _ => gather_rows(from, apart, stride, rows, run, to),
                }
                to = to.add(rows * run);
            }
            len -= rows * run;
            continue;
        }
        let (place, count) = walk.next_run(len);
        // SAFETY: `count` places from here at the stride, and as many values at `to`.
        unsafe {
            let from = from.add(place);
            match stride {
                0 => std::slice::from_raw_parts_mut(to, count).fill(*from),
                1 => std::ptr::copy_nonoverlapping(from, to, count),
                _ => {
                    for i in 0..count {
                        *to.add(i) = *from.offset(i as isize * stride);
                    }
                }
            }
            to = to.add(count);
        }
        len -= count;
    }
}

/// Copies `rows` runs whose beginnings are `apart` from each other.
///
/// # Safety
/// The places must be readable, and `to` writable for `rows * run` values.
#[inline(always)]
unsafe fn gather_rows(from: *const f64, apart: isize, stride: isize, rows: usize, run: usize, to: *mut f64) {
    for row in 0..rows {
        let from = from.wrapping_offset(row as isize * apart);
        for i in 0..run {
            // SAFETY: the caller's promise.
            unsafe { *to.add(row * run + i) = *from.wrapping_offset(i as isize * stride) };
        }
    }
}

/// # Safety
/// `from` must be readable for `len` values, the places of the walk writable in `to`.
pub(super) unsafe fn scatter(mut walk: Walk, mut from: *const f64, to: *mut f64, mut len: usize) {
    let stride = walk.layout.run_stride();
    while len > 0 {
        let (place, count) = walk.next_run(len);
        // SAFETY: `count` places from here at the stride, and as many values at `from`.
        unsafe {
            let to = to.add(place);
            if stride == 1 {
                std::ptr::copy_nonoverlapping(from, to, count);
            } else {
                for i in 0..count {
                    *to.offset(i as isize * stride) = *from.add(i);
                }
            }
            from = from.add(count);
        }
        len -= count;
    }
}
