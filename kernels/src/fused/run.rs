//! Running a fused kernel.

use super::blocks::{To, gather, scatter};
use super::body::{Body, Compiled};
use super::layout::Walk;
use super::places::{Place, Places};
use super::plan::FusedKernel;
use crate::interpreter::{Slot, Span, execute, execute_narrow, spread};
use crate::isa::Isa;
use crate::reduce::{CHUNK, Reduce, Tree};
use crate::simd::{LANES, LANES_F32};

/// Memory that runs work in. One scratch serves any number of kernels, one run at a time.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    data: Vec<Line>,
    slots: Vec<Slot>,
    bases: Vec<*mut f64>,
    /// The places of a block that machine code works on.
    pointers: Vec<*mut f64>,
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

    /// Makes room for runs of a kernel whose blocks are machine code.
    pub(super) fn reserve_blocks(&mut self, kernel: &FusedKernel, compiled: &Compiled) {
        self.reserve_numbers(kernel.scratch_len + compiled.frame_len());
        let places = kernel.body.as_ref().map_or(0, Body::places);
        self.pointers.resize(self.pointers.len().max(places), std::ptr::null_mut());
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
        self.run_by(isa, None, scratch, places);
    }

    /// [`run_on`](Self::run_on), with machine code for blocks if there is any.
    pub(super) fn run_by(&self, isa: Isa, compiled: Option<&Compiled>, scratch: &mut Scratch, places: Places<'_, '_>) {
        assert!(scratch.is_enough(self), "fused: the scratch was not reserved for this kernel");
        let bases = &mut scratch.bases[..self.bases.len()];
        self.bases.resolve(places, bases);
        let block = scratch.data.as_mut_ptr().cast::<f64>();
        let slots = &mut scratch.slots[..self.slots.len()];
        for (slot, home) in slots.iter_mut().zip(&self.slots) {
            *slot = Slot { pointer: block.wrapping_add(home.offset), step: home.step };
        }
        let sources = &mut scratch.sources[..self.spread.len()];
        for (source, spread) in sources.iter_mut().zip(&self.spread) {
            *source = match spread.widened {
                None => spread.place.of(bases),
                Some(room) => {
                    let to = block.wrapping_add(room);
                    // SAFETY: the place was checked, and the room is part of the scratch.
                    unsafe { *to = f64::from(*spread.place.narrow(bases)) };
                    to
                }
            };
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
                match single.reduce {
                    Some(reduce) => *single.place.of(bases) = reduce.pair(value, reduce.identity()),
                    None if single.narrow => *single.place.narrow(bases) = value as f32,
                    None => *single.place.of(bases) = value,
                }
            }
        }
        if self.len == 1 {
            return;
        }
        if self.is_narrow {
            for slot in slots.iter_mut().filter(|slot| slot.step == 0) {
                // SAFETY: the vector of f32 follows that of f64.
                unsafe {
                    let value = *slot.pointer as f32;
                    slot.pointer = slot.pointer.add(LANES);
                    *slot.pointer.cast::<[f32; LANES_F32]>() = [value; LANES_F32];
                }
            }
        }
        scratch.state[..self.walk_len].fill(0);
        for (reduction, tree) in self.reductions.iter().zip(&mut scratch.trees) {
            *tree = Tree::new(reduction.reduce);
            if self.len == 0 {
                // SAFETY: the places of outputs were checked.
                unsafe { reduction.empty(bases, block) };
            }
        }
        let room = scratch.data.len() * LANES;
        let mut machine = compiled.zip(self.body.as_ref()).map(|(compiled, body)| {
            let is_enough = room >= self.scratch_len + compiled.frame_len();
            assert!(is_enough, "fused: the scratch was not reserved for this sequence");
            let pointers = &mut scratch.pointers[..body.places()];
            Machine { compiled, body, frame: block.wrapping_add(self.scratch_len), pointers }
        });
        for start in (0..self.len).step_by(CHUNK) {
            let len = CHUNK.min(self.len - start);
            // SAFETY: bases and scratch are long enough, and elements start..start + len are of the space.
            unsafe {
                let (state, trees) = (&mut scratch.state, &mut scratch.trees);
                self.block(isa, &mut machine, start, len, bases, block, slots, state, trees);
            }
        }
        for reduction in &self.reductions {
            // SAFETY: as above.
            unsafe { reduction.finish(isa, bases, block, &mut scratch.state) };
        }
    }

    /// The room of a slot in the scratch memory.
    fn home(&self, block: *mut f64, slot: u16) -> *mut f64 {
        block.wrapping_add(self.slots[usize::from(slot)].offset)
    }

    /// Elements `start..start + len` of the space.
    ///
    /// # Safety
    /// `bases` and `block` (the scratch) must be as long as the kernel asks, and the elements those of one block.
    unsafe fn block(
        &self,
        isa: Isa,
        machine: &mut Option<Machine<'_>>,
        start: usize,
        len: usize,
        bases: &[*mut f64],
        block: *mut f64,
        slots: &mut [Slot],
        state: &mut [usize],
        trees: &mut [Tree],
    ) {
        let home = |slot| self.home(block, slot);
        for gathered in &self.gathered {
            let to = home(gathered.slot);
            let walk = Walk { layout: &gathered.layout, state: &mut state[gathered.walk..] };
            let from = bases[gathered.base];
            // SAFETY: the elements are places of the input, which were checked; a home holds CHUNK values.
            unsafe {
                match (gathered.narrow, self.is_narrow) {
                    (false, false) => gather::<f64, f64>(isa, walk, from, to, len),
                    (true, false) => gather::<f32, f64>(isa, walk, from.cast(), to, len),
                    (false, true) => gather::<f64, f32>(isa, walk, from, to.cast(), len),
                    (true, true) => gather::<f32, f32>(isa, walk, from.cast(), to.cast(), len),
                }
                self.pad(to, len);
            }
        }
        // SAFETY: as above; the gathered inputs are in their homes.
        unsafe {
            if !machine.as_mut().is_some_and(|machine| self.compiled_block(machine, start, len, bases, block, slots)) {
                self.interpreted_block(isa, start, len, bases, block, slots);
            }
        }
        for scattered in &self.scattered {
            let walk = Walk { layout: &scattered.layout, state: &mut state[scattered.walk..] };
            let (from, to) = (slots[usize::from(scattered.slot)].pointer, bases[scattered.base]);
            // SAFETY: as above; the slot holds `len` values.
            unsafe {
                match (self.is_narrow, scattered.narrow) {
                    (false, false) => scatter::<f64, f64>(isa, walk, from, to, len),
                    (false, true) => scatter::<f64, f32>(isa, walk, from, to.cast(), len),
                    // Such loops write f32.
                    (true, _) => scatter::<f32, f32>(isa, walk, from.cast(), to.cast(), len),
                }
            }
        }
        for (reduction, tree) in self.reductions.iter().zip(trees) {
            let widened = self.widened.iter().find(|widened| widened.slot == reduction.slot);
            let x = match widened {
                Some(widened) => block.wrapping_add(widened.offset),
                None => slots[usize::from(reduction.slot)].pointer,
            };
            // SAFETY: as above.
            unsafe { reduction.block(isa, x, len, bases, block, state, tree) };
        }
    }

    /// Computes a block by machine code, if it is for blocks of this length; whether it did.
    ///
    /// # Safety
    /// As for [`block`](Self::block), with gathered inputs in their homes.
    unsafe fn compiled_block(
        &self,
        Machine { compiled, body, frame, pointers }: &mut Machine<'_>,
        start: usize,
        len: usize,
        bases: &[*mut f64],
        block: *mut f64,
        slots: &mut [Slot],
    ) -> bool {
        if body.len() != len {
            return false;
        }
        let home = |slot| self.home(block, slot);
        body.pointers(bases, start, block, home, pointers);
        // SAFETY: homes hold CHUNK values, and the other places of the block are those of inputs and outputs, which were
        // checked; no output lies where an input does. The frame is long enough and on a cache line.
        if unsafe { !compiled.run(pointers, *frame) } {
            return false;
        }
        for direct in &self.direct {
            slots[usize::from(direct.slot)].pointer = self.place(direct.place, bases, start);
        }
        for stored in &self.stored {
            slots[usize::from(stored.slot)].pointer = home(stored.slot);
        }
        true
    }

    /// Computes a block instruction by instruction.
    ///
    /// # Safety
    /// As for [`compiled_block`](Self::compiled_block).
    #[inline(always)] // Every block of every loop where there is no machine code.
    unsafe fn interpreted_block(
        &self,
        isa: Isa,
        start: usize,
        len: usize,
        bases: &[*mut f64],
        block: *mut f64,
        slots: &mut [Slot],
    ) {
        let lanes = if self.is_narrow { LANES_F32 } else { LANES };
        let vectors = len.div_ceil(lanes);
        let is_whole = len.is_multiple_of(lanes);
        let home = |slot| self.home(block, slot);
        for direct in &self.direct {
            let from = self.place(direct.place, bases, start);
            slots[usize::from(direct.slot)].pointer = if is_whole {
                from
            } else {
                let to = home(direct.slot);
                // SAFETY: the elements are places of the input, which were checked; a home holds CHUNK values.
                unsafe {
                    self.copy(from, to, len);
                    self.pad(to, len);
                }
                to
            };
        }
        for direct in &self.converted {
            let to = home(direct.slot);
            // SAFETY: as above.
            unsafe {
                if self.is_narrow {
                    convert(isa, direct.place.of(bases).wrapping_add(start), to.cast::<f32>(), len);
                } else {
                    convert(isa, direct.place.narrow(bases).wrapping_add(start), to, len);
                }
                self.pad(to, len);
            }
        }
        for stored in &self.stored {
            slots[usize::from(stored.slot)].pointer =
                if is_whole { self.place(stored.place, bases, start) } else { home(stored.slot) };
        }
        // SAFETY: slots are homes, or inputs and outputs with `vectors` whole vectors from here on.
        unsafe {
            let span = Span { vectors, ahead: 0 };
            if self.is_narrow {
                execute_narrow(isa, &self.code, slots, span);
            } else {
                execute(isa, &self.code, slots, span);
            }
        }
        if !is_whole {
            for stored in &self.stored {
                // SAFETY: the elements are places of the output, which were checked.
                unsafe { self.copy(home(stored.slot), self.place(stored.place, bases, start), len) };
            }
        }
        for stored in &self.rounded {
            let (from, to) = (slots[usize::from(stored.slot)].pointer, stored.place.narrow(bases).wrapping_add(start));
            // SAFETY: as above; the slot holds `len` values.
            unsafe { convert(isa, from, to, len) };
        }
        for widened in &self.widened {
            let from = slots[usize::from(widened.slot)].pointer;
            // SAFETY: as above; the block of f64 holds CHUNK values.
            unsafe { convert(isa, from.cast::<f32>(), block.wrapping_add(widened.offset), len) };
        }
    }

    /// Element `start` after a place of elements that are as those of blocks.
    fn place(&self, place: Place, bases: &[*mut f64], start: usize) -> *mut f64 {
        if self.is_narrow {
            place.narrow(bases).wrapping_add(start).cast()
        } else {
            place.of(bases).wrapping_add(start)
        }
    }

    /// Copies elements as those of blocks are.
    ///
    /// # Safety
    /// `from` must be readable and `to` writable for `len` elements, and they must not overlap.
    unsafe fn copy(&self, from: *const f64, to: *mut f64, len: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            if self.is_narrow {
                std::ptr::copy_nonoverlapping(from.cast::<f32>(), to.cast::<f32>(), len);
            } else {
                std::ptr::copy_nonoverlapping(from, to, len);
            }
        }
    }

    /// Repeats the last element of a block up to a whole vector, so that the lanes past the end meet no case that the others
    /// do not.
    ///
    /// # Safety
    /// `block` must hold `len > 0` elements and be writable up to a whole vector.
    unsafe fn pad(&self, block: *mut f64, len: usize) {
        /// # Safety
        /// `block` must hold `len > 0` values and be writable up to the next multiple of `lanes`.
        unsafe fn pad<T: Copy>(block: *mut T, len: usize, lanes: usize) {
            for i in len..len.next_multiple_of(lanes) {
                // SAFETY: the caller's promise.
                unsafe { *block.add(i) = *block.add(len - 1) };
            }
        }
        // SAFETY: the caller's promise.
        unsafe {
            if self.is_narrow {
                pad::<f32>(block.cast(), len, LANES_F32);
            } else {
                pad(block, len, LANES);
            }
        }
    }
}

/// Converts elements side by side.
///
/// # Safety
/// `from` must be readable and `to` writable for `len` elements, and they must not overlap.
unsafe fn convert<A: To<B>, B>(isa: Isa, from: *const A, to: *mut B, len: usize) {
    // SAFETY: the caller's promise.
    unsafe { A::all(isa, std::slice::from_raw_parts(from, len), std::slice::from_raw_parts_mut(to, len)) };
}

/// Machine code for blocks and the room that it works in.
struct Machine<'r> {
    compiled: &'r Compiled,
    body: &'r Body,
    frame: *mut f64,
    pointers: &'r mut [*mut f64],
}
