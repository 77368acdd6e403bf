//! From a [`Loop`] to a [`FusedKernel`]: checks, and everything that can be settled before the first run.

use super::body::{Blocks, Body};
use super::check::{Read, Write, check_overlap, check_registers};
use super::layout::{Layout, Walk};
use super::lines::{Checked, Line, Rows, line};
use super::narrow::is_narrow;
use super::places::{Bases, Place};
use super::reduction::{Reduction, Room};
use super::{Code, Instruction, Loop, Reduce};
use crate::reduce::CHUNK;
use crate::simd::LANES;

/// A fused loop that is ready to run any number of times; see the [module](super).
#[derive(Clone, Debug)]
pub struct FusedKernel {
    /// Elements of the iteration space.
    pub(super) len: usize,
    /// Whether what varies is computed in lanes of f32: all blocks hold f32 then, but those of `widened`.
    pub(super) is_narrow: bool,
    /// The slices that it works on.
    pub(super) bases: Bases,
    /// Where the registers of `once` and `code` are.
    pub(super) slots: Vec<Home>,
    /// Inputs spread over one vector: their slots come first, in this order.
    pub(super) spread: Vec<Spread>,
    /// Instructions on spread values, run once.
    pub(super) once: Vec<Instruction>,
    /// Inputs used in place.
    pub(super) direct: Vec<Direct>,
    /// Inputs side by side that are of another type than blocks, converted to one.
    pub(super) converted: Vec<Direct>,
    /// Inputs gathered to a block.
    pub(super) gathered: Vec<Gathered>,
    /// Instructions run for each block.
    pub(super) code: Vec<Instruction>,
    /// Outputs in place: written by the instruction itself.
    pub(super) stored: Vec<Stored>,
    /// Outputs of f32 side by side, rounded from a block of f64.
    pub(super) rounded: Vec<Stored>,
    /// Outputs copied from a block.
    pub(super) scattered: Vec<Scattered>,
    /// Outputs of spread values to a single place.
    pub(super) single: Vec<Single>,
    pub(super) reductions: Vec<Reduction>,
    /// In lanes of f32: what is reduced, in f64.
    pub(super) widened: Vec<Widened>,
    /// Numbers that the walks need.
    pub(super) walk_len: usize,
    /// f64 of scratch memory.
    pub(super) scratch_len: usize,
    /// The loop as the machine-code compiler takes it, if it can; its places are numbered as the bases are.
    pub(super) line: Option<Line>,
    /// If it cannot, rows of it as the compiler takes them.
    pub(super) rows: Option<Rows>,
    /// If neither is possible, a block of it as the compiler takes it.
    pub(super) body: Option<Body>,
}

/// Where a slot's vectors are in scratch memory, and its step. A slot used in place has its block here for an incomplete
/// last vector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    pub(super) offset: usize,
    pub(super) step: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    pub(super) place: Place,
    /// Of f32: where it is widened to in scratch memory.
    pub(super) widened: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Direct {
    pub(super) slot: u16,
    pub(super) place: Place,
}

#[derive(Clone, Debug)]
pub(super) struct Gathered {
    pub(super) slot: u16,
    pub(super) base: usize,
    pub(super) layout: Layout,
    pub(super) walk: usize,
    pub(super) narrow: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) slot: u16,
    pub(super) place: Place,
}

#[derive(Clone, Debug)]
pub(super) struct Scattered {
    pub(super) slot: u16,
    pub(super) base: usize,
    pub(super) layout: Layout,
    pub(super) walk: usize,
    pub(super) narrow: bool,
}

/// A block of f64 with the numbers of a slot, in scratch memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Widened {
    pub(super) slot: u16,
    pub(super) offset: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Single {
    pub(super) slot: u16,
    pub(super) place: Place,
    /// A sum of one value turns -0 into +0, as every sum does.
    pub(super) reduce: Option<Reduce>,
    pub(super) narrow: bool,
}

impl FusedKernel {
    /// Checks the plan and settles everything that does not depend on the slices of a run.
    ///
    /// # Panics
    /// If the plan is not sound: strides and dimensions differ in number, an input's data or a place below zero is exceeded,
    /// a register is used before it is assigned or is assigned twice, an output without a reduction has several elements
    /// at one place, or an output overlaps an input or another output.
    pub fn new(plan: Loop) -> FusedKernel {
        let len = plan.dims.iter().try_fold(1usize, |len, dim| len.checked_mul(*dim));
        let len = len.filter(|len| *len <= isize::MAX as usize).expect("fused: the iteration space is too large");
        check_registers(&plan);
        let mut bases = Bases::default();
        let mut inputs: Vec<Read> = plan.inputs.into_iter().map(|x| Read::new(&plan.dims, x, &mut bases)).collect();
        let outputs: Vec<Write> = plan.outputs.into_iter().map(|x| Write::new(&plan.dims, x, &mut bases)).collect();
        check_overlap(&inputs, &outputs);
        if len <= 1 {
            inputs.iter_mut().for_each(|read| read.layout = Layout::new(read.layout.offset, &[], &[]));
        }
        let spread = spread_registers(&inputs, &plan.code);
        let is_narrow = is_narrow(len, &bases, &inputs, &plan.code, &outputs, &spread);
        let narrow = is_narrow.then_some(&spread[..]);
        let (dims, code) = (&plan.dims[..], &plan.code[..]);
        let checked = Checked { dims, narrow, bases: &bases, inputs: &inputs, code, outputs: &outputs };
        let line = line(checked);
        let rows = if line.is_some() { None } else { Rows::new(checked) };
        let by_blocks = line.is_none() && rows.is_none();
        let builder = Builder::new(plan.dims, len, is_narrow, bases);
        let kernel = builder.build(inputs, plan.code, outputs, spread, by_blocks);
        FusedKernel { line, rows, ..kernel }
    }

    /// Whether what varies is computed in lanes of f32, see the [module](super).
    pub fn is_narrow(&self) -> bool {
        self.is_narrow
    }

    /// Length that the memory of a run must at least have.
    #[inline]
    pub fn memory_len(&self) -> usize {
        self.bases.memory_len()
    }
}

/// Rewrites outputs so that each contiguous one has a temporary of its own, which its instruction writes in place, and
/// none is spread.
fn give_outputs_temporaries(
    is_narrow: bool,
    spread: &mut Vec<bool>,
    inputs: usize,
    code: &mut Vec<Instruction>,
    outputs: &mut [Write],
) {
    let mut owned: Vec<u16> = vec![];
    for output in outputs {
        let register = usize::from(output.register);
        let in_place = is_in_place(is_narrow, output);
        if spread[register] || in_place && (register < inputs || owned.contains(&output.register)) {
            let dst = u16::try_from(spread.len()).expect("fused: too many registers");
            spread.push(false);
            code.push(Instruction { code: Code::Copy, dst, args: [output.register; 3] });
            output.register = dst;
        }
        if in_place {
            owned.push(output.register);
        }
    }
}

/// Written by the instruction itself.
fn is_in_place(is_narrow: bool, output: &Write) -> bool {
    output.reduce.is_none() && output.layout.is_contiguous() && output.narrow == is_narrow
}

/// For each register, whether it is the same for all elements.
fn spread_registers(inputs: &[Read], code: &[Instruction]) -> Vec<bool> {
    let mut spread: Vec<bool> = inputs.iter().map(|read| read.layout.is_uniform()).collect();
    for instruction in code {
        let dst = usize::from(instruction.dst);
        if spread.len() <= dst {
            spread.resize(dst + 1, true);
        }
        spread[dst] = instruction.args[..instruction.code.arity()].iter().all(|arg| spread[usize::from(*arg)]);
    }
    spread
}

/// Builds the parts of a kernel: `slots[r]` is the slot of register `r`.
struct Builder {
    dims: Vec<usize>,
    kernel: FusedKernel,
    slots: Vec<u16>,
    /// Blocks of temporaries that are free again.
    free: Vec<u16>,
}

impl Builder {
    fn new(dims: Vec<usize>, len: usize, is_narrow: bool, bases: Bases) -> Builder {
        let kernel = FusedKernel {
            len,
            is_narrow,
            bases,
            slots: vec![],
            spread: vec![],
            once: vec![],
            direct: vec![],
            converted: vec![],
            gathered: vec![],
            code: vec![],
            stored: vec![],
            rounded: vec![],
            scattered: vec![],
            single: vec![],
            reductions: vec![],
            widened: vec![],
            walk_len: 0,
            scratch_len: 0,
            line: None,
            rows: None,
            body: None,
        };
        Builder { dims, kernel, slots: vec![], free: vec![] }
    }

    fn build(
        mut self,
        inputs: Vec<Read>,
        mut code: Vec<Instruction>,
        mut outputs: Vec<Write>,
        mut spread: Vec<bool>,
        by_blocks: bool,
    ) -> FusedKernel {
        if self.kernel.len == 0 {
            // Nothing runs, but reductions store their identity.
            code.clear();
            outputs.retain(|output| output.reduce.is_some());
        } else if self.kernel.len > 1 {
            give_outputs_temporaries(self.kernel.is_narrow, &mut spread, inputs.len(), &mut code, &mut outputs);
        }
        self.slots = vec![0; spread.len()];
        self.inputs(&inputs);
        self.instructions(&code, &spread, inputs.len(), &outputs);
        self.widen(&outputs);
        if by_blocks && self.kernel.len > 1 {
            let kernel = &self.kernel;
            let narrow = kernel.is_narrow.then_some(&spread[..]);
            let blocks = Blocks { len: kernel.len, narrow, slots: &self.slots, widened: &kernel.widened };
            self.kernel.body = Body::new(blocks, &kernel.bases, &inputs, &code, &outputs);
        }
        for output in outputs {
            self.output(output);
        }
        self.kernel
    }

    /// In lanes of f32, gives what is reduced a block of f64.
    fn widen(&mut self, outputs: &[Write]) {
        if !self.kernel.is_narrow {
            return;
        }
        for output in outputs.iter().filter(|output| output.reduce.is_some()) {
            let slot = self.slots[usize::from(output.register)];
            if self.kernel.widened.iter().all(|widened| widened.slot != slot) {
                let offset = self.scratch(CHUNK);
                self.kernel.widened.push(Widened { slot, offset });
            }
        }
    }

    fn inputs(&mut self, inputs: &[Read]) {
        // Spread inputs take the first slots.
        for uniform in [true, false] {
            for (i, read) in inputs.iter().enumerate().filter(|(_, read)| read.layout.is_uniform() == uniform) {
                self.slots[i] = self.input(read);
            }
        }
    }

    fn input(&mut self, &Read { base, ref layout, narrow, .. }: &Read) -> u16 {
        let place = Place { base, offset: layout.offset };
        if layout.is_uniform() {
            // Spread inputs of an empty space are not read: their place need not exist.
            let slot = self.slot(0);
            if self.kernel.len > 0 {
                let widened = narrow.then(|| self.scratch(1));
                self.kernel.spread.push(Spread { place, widened });
            }
            return slot;
        }
        let slot = self.slot(LANES);
        if layout.is_contiguous() {
            let is_other = narrow != self.kernel.is_narrow;
            let side_by_side = if is_other { &mut self.kernel.converted } else { &mut self.kernel.direct };
            side_by_side.push(Direct { slot, place });
        } else {
            let walk = self.walk(layout);
            self.kernel.gathered.push(Gathered { slot, base, layout: layout.clone(), walk, narrow });
        }
        slot
    }

    /// A new slot with its part of the scratch memory.
    fn slot(&mut self, step: usize) -> u16 {
        let slot = u16::try_from(self.kernel.slots.len()).expect("fused: too many registers");
        // Of a spread value, the vector of f32 follows that of f64.
        let offset = self.scratch(if step == 0 { 2 * LANES } else { CHUNK });
        self.kernel.slots.push(Home { offset, step });
        slot
    }

    /// Assigns slots by liveness: the block of an argument that is not used again may hold the result.
    fn instructions(&mut self, code: &[Instruction], spread: &[bool], inputs: usize, outputs: &[Write]) {
        const ALWAYS: usize = usize::MAX;
        let mut last_use = vec![0; spread.len()];
        for (at, instruction) in code.iter().enumerate() {
            instruction.args[..instruction.code.arity()].iter().for_each(|arg| last_use[usize::from(*arg)] = at);
        }
        last_use[..inputs].fill(ALWAYS);
        outputs.iter().for_each(|output| last_use[usize::from(output.register)] = ALWAYS);

        for (at, instruction) in code.iter().enumerate() {
            let dst = usize::from(instruction.dst);
            let args = instruction.args.map(|arg| self.slots.get(usize::from(arg)).copied().unwrap_or(0));
            if spread[dst] {
                self.slots[dst] = self.slot(0);
                self.kernel.once.push(Instruction { dst: self.slots[dst], args, ..*instruction });
                continue;
            }
            for &arg in &instruction.args[..instruction.code.arity()] {
                let arg = usize::from(arg);
                if last_use[arg] == at && !spread[arg] {
                    self.free.push(self.slots[arg]);
                    last_use[arg] = ALWAYS;
                }
            }
            let stored = outputs
                .iter()
                .find(|output| output.register == instruction.dst && is_in_place(self.kernel.is_narrow, output));
            self.slots[dst] = match (stored, self.free.pop()) {
                (None, Some(slot)) => slot,
                (stored, free) => {
                    self.free.extend(free);
                    let slot = self.slot(LANES);
                    self.kernel.stored.extend(stored.map(|output| Stored { slot, place: output.place() }));
                    slot
                }
            };
            self.kernel.code.push(Instruction { dst: self.slots[dst], args, ..*instruction });
            if last_use[dst] <= at {
                self.free.push(self.slots[dst]);
            }
        }
    }

    fn output(&mut self, output: Write) {
        let slot = self.slots[usize::from(output.register)];
        if self.kernel.len == 1 {
            let (place, reduce, narrow) = (output.place(), output.reduce, output.narrow);
            self.kernel.single.push(Single { slot, place, reduce, narrow });
        } else if let Some(reduce) = output.reduce {
            let dims = std::mem::take(&mut self.dims);
            let reduction = Reduction::new(slot, reduce, output.place(), &dims, &output.strides, self);
            self.dims = dims;
            self.kernel.reductions.push(reduction);
        } else if output.narrow != self.kernel.is_narrow && output.layout.is_contiguous() {
            self.kernel.rounded.push(Stored { slot, place: output.place() });
        } else if !is_in_place(self.kernel.is_narrow, &output) {
            let walk = self.walk(&output.layout);
            let Write { base, layout, narrow, .. } = output;
            self.kernel.scattered.push(Scattered { slot, base, layout, walk, narrow });
        }
    }
}

impl Room for Builder {
    fn scratch(&mut self, len: usize) -> usize {
        let offset = self.kernel.scratch_len;
        self.kernel.scratch_len += len.next_multiple_of(LANES);
        offset
    }

    fn walk(&mut self, layout: &Layout) -> usize {
        let start = self.kernel.walk_len;
        self.kernel.walk_len += Walk::state_len(layout);
        start
    }
}
