//! From a [`Loop`] to a [`FusedKernel`]: checks, and everything that can be settled before the first run.

use super::layout::{Layout, Walk};
use super::reduction::{Reduction, Room};
use super::{Code, Input, Instruction, Loop, Output, Reduce, Source};
use crate::reduce::CHUNK;
use crate::simd::LANES;
use std::sync::Arc;

/// A fused loop that is ready to run any number of times; see the [module](super).
#[derive(Clone, Debug)]
pub struct FusedKernel {
    /// Elements of the iteration space.
    pub(super) len: usize,
    pub(super) memory_len: usize,
    /// Data that inputs hold on to.
    pub(super) data: Vec<Arc<[f64]>>,
    /// Where the registers of `once` and `code` are.
    pub(super) slots: Vec<Home>,
    /// Inputs spread over one vector: their slots come first, in this order.
    pub(super) spread: Vec<Place>,
    /// Instructions on spread values, run once.
    pub(super) once: Vec<Instruction>,
    /// Inputs used in place.
    pub(super) direct: Vec<Direct>,
    /// Inputs gathered to a block.
    pub(super) gathered: Vec<Gathered>,
    /// Instructions run for each block.
    pub(super) code: Vec<Instruction>,
    /// Outputs in place: written by the instruction itself.
    pub(super) stored: Vec<Stored>,
    /// Outputs copied from a block.
    pub(super) scattered: Vec<Scattered>,
    /// Outputs of spread values to a single place.
    pub(super) single: Vec<Single>,
    pub(super) reductions: Vec<Reduction>,
    /// Numbers that the walks need.
    pub(super) walk_len: usize,
    /// f64 of scratch memory.
    pub(super) scratch_len: usize,
}

/// Where a slot's vectors are in scratch memory, and its step. A slot used in place has its block here for an incomplete
/// last vector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    pub(super) offset: usize,
    pub(super) step: usize,
}

/// An offset into the memory of the run (`data: None`) or into the kernel's data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) data: Option<usize>,
    pub(super) offset: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Direct {
    pub(super) slot: u16,
    pub(super) place: Place,
}

#[derive(Clone, Debug)]
pub(super) struct Gathered {
    pub(super) slot: u16,
    pub(super) data: Option<usize>,
    pub(super) layout: Layout,
    pub(super) walk: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) slot: u16,
    pub(super) offset: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Scattered {
    pub(super) slot: u16,
    pub(super) layout: Layout,
    pub(super) walk: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Single {
    pub(super) slot: u16,
    pub(super) offset: usize,
    /// A sum of one value turns -0 into +0, as every sum does.
    pub(super) reduce: Option<Reduce>,
}

impl FusedKernel {
    /// Checks the plan and settles everything that does not depend on the memory of a run.
    ///
    /// # Panics
    /// If the plan is not sound: strides and dimensions differ in number, an input's data or a place below zero is exceeded,
    /// a register is used before it is assigned or is assigned twice, an output without a reduction has several elements
    /// at one place, or an output overlaps an input or another output.
    pub fn new(plan: Loop) -> FusedKernel {
        let len = plan.dims.iter().try_fold(1usize, |len, dim| len.checked_mul(*dim));
        let len = len.filter(|len| *len <= isize::MAX as usize).expect("fused: the iteration space is too large");
        check_registers(&plan);
        let mut inputs: Vec<(Source, Layout)> = plan.inputs.into_iter().map(|x| input_layout(&plan.dims, x)).collect();
        let outputs: Vec<(Output, Layout)> =
            plan.outputs.into_iter().map(|output| output_layout(&plan.dims, output)).collect();
        let memory_len = memory_len(&inputs, &outputs);
        check_overlap(&inputs, &outputs);
        if len <= 1 {
            inputs.iter_mut().for_each(|(_, layout)| *layout = Layout::new(layout.offset, &[], &[]));
        }
        Builder::new(plan.dims, len, memory_len).build(inputs, plan.code, outputs)
    }

    /// Length that the memory of a run must at least have.
    #[inline]
    pub fn memory_len(&self) -> usize {
        self.memory_len
    }
}

fn check_registers(plan: &Loop) {
    let mut assigned: Vec<bool> = vec![true; plan.inputs.len()];
    assert!(assigned.len() <= usize::from(u16::MAX), "fused: too many inputs");
    for instruction in &plan.code {
        for &arg in &instruction.args[..instruction.code.arity()] {
            let known = assigned.get(usize::from(arg)).is_some_and(|known| *known);
            assert!(known, "fused: register {arg} is used before it is assigned");
        }
        let dst = usize::from(instruction.dst);
        if assigned.len() <= dst {
            assigned.resize(dst + 1, false);
        }
        assert!(!assigned[dst], "fused: register {dst} is assigned twice");
        assigned[dst] = true;
    }
    for output in &plan.outputs {
        let known = assigned.get(usize::from(output.register)).is_some_and(|known| *known);
        assert!(known, "fused: register {} is stored but never assigned", output.register);
    }
}

fn input_layout(dims: &[usize], input: Input) -> (Source, Layout) {
    assert_eq!(dims.len(), input.strides.len(), "fused: an input needs one stride a dimension");
    let offset = match &input.source {
        Source::Memory(offset) | Source::Data(_, offset) => *offset,
    };
    let layout = Layout::new(offset, dims, &input.strides);
    let hull = layout.hull().expect("fused: an input reaches below zero");
    if let (Source::Data(data, _), Some((_, high))) = (&input.source, hull) {
        assert!(high < data.len(), "fused: an input reaches place {high} of data of length {}", data.len());
    }
    (input.source, layout)
}

fn output_layout(dims: &[usize], output: Output) -> (Output, Layout) {
    assert_eq!(dims.len(), output.strides.len(), "fused: an output needs one stride a dimension");
    let layout = Layout::new(output.offset, dims, &output.strides);
    assert!(layout.hull().is_some(), "fused: an output reaches below zero");
    let places = if output.reduce.is_some() { layout.kept() } else { layout.clone() };
    assert!(is_injective(&places), "fused: an output has several elements at one place");
    (output, layout)
}

/// The layout of what is written: with a reduction, each kept place once, even if the reduced dimensions are empty.
fn written(output: &Output, layout: &Layout) -> Layout {
    if output.reduce.is_some() { layout.kept() } else { layout.clone() }
}

/// Whether all places differ, shown by nesting: each stride is larger than the reach of all smaller ones.
fn is_injective(layout: &Layout) -> bool {
    if layout.len() <= 1 {
        return true;
    }
    let mut order: Vec<(usize, usize)> =
        layout.strides.iter().zip(&layout.dims).map(|(stride, dim)| (stride.unsigned_abs(), *dim)).collect();
    order.sort_unstable();
    let mut reach = 0;
    order.into_iter().all(|(stride, dim)| {
        let nested = stride > reach;
        reach += stride * (dim - 1);
        nested
    })
}

fn memory_len(inputs: &[(Source, Layout)], outputs: &[(Output, Layout)]) -> usize {
    let reads = inputs.iter().filter(|(source, _)| matches!(source, Source::Memory(_))).map(|(_, x)| x.clone());
    let writes = outputs.iter().map(|(output, layout)| written(output, layout));
    reads.chain(writes).filter_map(|x| x.hull().flatten()).map(|(_, high)| high + 1).max().unwrap_or(0)
}

fn check_overlap(inputs: &[(Source, Layout)], outputs: &[(Output, Layout)]) {
    let writes: Vec<Layout> = outputs.iter().map(|(output, layout)| written(output, layout)).collect();
    for (i, write) in writes.iter().enumerate() {
        let disjoint = writes[..i].iter().all(|other| !overlap(write, other));
        assert!(disjoint, "fused: two outputs overlap");
        let reads = inputs.iter().filter(|(source, _)| matches!(source, Source::Memory(_)));
        for (_, read) in reads {
            assert!(!overlap(write, read), "fused: an output overlaps an input");
        }
    }
}

/// Whether two layouts share a place. Interleaved ones (columns of one matrix) are compared place by place.
fn overlap(a: &Layout, b: &Layout) -> bool {
    let (Some(Some((a_low, a_high))), Some(Some((b_low, b_high)))) = (a.hull(), b.hull()) else {
        return false;
    };
    let (low, high) = (a_low.max(b_low), a_high.min(b_high));
    if low > high {
        return false;
    }
    if a.is_contiguous() || b.is_contiguous() {
        let other = if a.is_contiguous() { b } else { a };
        return other.kept().places().any(|place| (low..=high).contains(&place));
    }
    let mut taken = vec![0u64; (high - low) / 64 + 1];
    for place in a.kept().places().filter(|place| (low..=high).contains(place)) {
        taken[(place - low) / 64] |= 1 << ((place - low) % 64);
    }
    let b = b.kept();
    let mut places = b.places().filter(|place| (low..=high).contains(place));
    places.any(|place| taken[(place - low) / 64] >> ((place - low) % 64) & 1 == 1)
}

/// Rewrites outputs so that each contiguous one has a temporary of its own, which its instruction writes in place, and
/// none is spread.
fn give_outputs_temporaries(
    spread: &mut Vec<bool>,
    inputs: usize,
    code: &mut Vec<Instruction>,
    outputs: &mut [(Output, Layout)],
) {
    let mut owned: Vec<u16> = vec![];
    for (output, layout) in outputs {
        let register = usize::from(output.register);
        let in_place = is_in_place(output, layout);
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
fn is_in_place(output: &Output, layout: &Layout) -> bool {
    output.reduce.is_none() && layout.is_contiguous()
}

/// For each register, whether it is the same for all elements.
fn spread_registers(inputs: &[(Source, Layout)], code: &[Instruction]) -> Vec<bool> {
    let mut spread: Vec<bool> = inputs.iter().map(|(_, layout)| layout.is_uniform()).collect();
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
    fn new(dims: Vec<usize>, len: usize, memory_len: usize) -> Builder {
        let kernel = FusedKernel {
            len,
            memory_len,
            data: vec![],
            slots: vec![],
            spread: vec![],
            once: vec![],
            direct: vec![],
            gathered: vec![],
            code: vec![],
            stored: vec![],
            scattered: vec![],
            single: vec![],
            reductions: vec![],
            walk_len: 0,
            scratch_len: 0,
        };
        Builder { dims, kernel, slots: vec![], free: vec![] }
    }

    fn build(
        mut self,
        inputs: Vec<(Source, Layout)>,
        mut code: Vec<Instruction>,
        mut outputs: Vec<(Output, Layout)>,
    ) -> FusedKernel {
        let mut spread = spread_registers(&inputs, &code);
        if self.kernel.len == 0 {
            // Nothing runs, but reductions store their identity.
            code.clear();
            outputs.retain(|(output, _)| output.reduce.is_some());
        } else if self.kernel.len > 1 {
            give_outputs_temporaries(&mut spread, inputs.len(), &mut code, &mut outputs);
        }
        self.slots = vec![0; spread.len()];
        self.inputs(&inputs);
        self.instructions(&code, &spread, inputs.len(), &outputs);
        for (output, layout) in outputs {
            self.output(output, layout);
        }
        self.kernel
    }

    fn inputs(&mut self, inputs: &[(Source, Layout)]) {
        // Spread inputs take the first slots.
        for uniform in [true, false] {
            for (i, (source, layout)) in inputs.iter().enumerate().filter(|(_, (_, x))| x.is_uniform() == uniform) {
                self.slots[i] = self.input(source, layout);
            }
        }
    }

    fn input(&mut self, source: &Source, layout: &Layout) -> u16 {
        let data = match source {
            Source::Memory(_) => None,
            Source::Data(data, _) => {
                self.kernel.data.push(data.clone());
                Some(self.kernel.data.len() - 1)
            }
        };
        let place = Place { data, offset: layout.offset };
        if layout.is_uniform() {
            // Spread inputs of an empty space are not read: their place need not exist.
            let slot = self.slot(0);
            if self.kernel.len > 0 {
                self.kernel.spread.push(place);
            }
            return slot;
        }
        let slot = self.slot(LANES);
        if layout.is_contiguous() {
            self.kernel.direct.push(Direct { slot, place });
        } else {
            let walk = self.walk(layout);
            self.kernel.gathered.push(Gathered { slot, data, layout: layout.clone(), walk });
        }
        slot
    }

    /// A new slot with its part of the scratch memory.
    fn slot(&mut self, step: usize) -> u16 {
        let slot = u16::try_from(self.kernel.slots.len()).expect("fused: too many registers");
        let offset = self.scratch(if step == 0 { LANES } else { CHUNK });
        self.kernel.slots.push(Home { offset, step });
        slot
    }

    /// Assigns slots by liveness: the block of an argument that is not used again may hold the result.
    fn instructions(&mut self, code: &[Instruction], spread: &[bool], inputs: usize, outputs: &[(Output, Layout)]) {
        const ALWAYS: usize = usize::MAX;
        let mut last_use = vec![0; spread.len()];
        for (at, instruction) in code.iter().enumerate() {
            instruction.args[..instruction.code.arity()].iter().for_each(|arg| last_use[usize::from(*arg)] = at);
        }
        last_use[..inputs].fill(ALWAYS);
        outputs.iter().for_each(|(output, _)| last_use[usize::from(output.register)] = ALWAYS);

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
                .find(|(output, layout)| output.register == instruction.dst && is_in_place(output, layout));
            self.slots[dst] = match (stored, self.free.pop()) {
                (None, Some(slot)) => slot,
                (stored, free) => {
                    self.free.extend(free);
                    let slot = self.slot(LANES);
                    self.kernel.stored.extend(stored.map(|(output, _)| Stored { slot, offset: output.offset }));
                    slot
                }
            };
            self.kernel.code.push(Instruction { dst: self.slots[dst], args, ..*instruction });
            if last_use[dst] <= at {
                self.free.push(self.slots[dst]);
            }
        }
    }

    fn output(&mut self, output: Output, layout: Layout) {
        let slot = self.slots[usize::from(output.register)];
        if self.kernel.len == 1 {
            self.kernel.single.push(Single { slot, offset: output.offset, reduce: output.reduce });
        } else if let Some(reduce) = output.reduce {
            let dims = std::mem::take(&mut self.dims);
            let reduction = Reduction::new(slot, reduce, output.offset, &dims, &output.strides, self);
            self.dims = dims;
            self.kernel.reductions.push(reduction);
        } else if !layout.is_contiguous() {
            let walk = self.walk(&layout);
            self.kernel.scattered.push(Scattered { slot, layout, walk });
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
