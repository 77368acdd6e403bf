//! Steps with their places in memory, and how each runs.

use super::Machine;
use super::layout::{Place, Strides, View};
use super::lower::{LoopStep, Lowered, Step};
use super::memory::MemoryPlan;
use crate::structured::{Array, INPUTS, Room, RoomMut, Structured};
use pyroxene_kernels::fused::{FusedKernel, Input, Loop, Output, Scratch, Source};
use pyroxene_kernels::linalg::{self, Mat, MatMut, gemm};
use pyroxene_tensor::Shape;
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

/// What a step reads: a part of the memory, or constant data.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Memory(Range<usize>),
    Data(Arc<[f64]>, Range<usize>),
}

impl Operand {
    pub(crate) fn read<'m>(&'m self, memory: &'m Split<'m>) -> &'m [f64] {
        match self {
            Operand::Memory(range) => memory.read(range),
            Operand::Data(data, range) => part(data, range),
        }
    }

    pub(crate) fn read_from<'m>(&'m self, memory: &'m [f64]) -> &'m [f64] {
        match self {
            Operand::Memory(range) => part(memory, range),
            Operand::Data(data, range) => part(data, range),
        }
    }
}

/// Part of the data; an empty part may lie outside.
fn part<'m>(data: &'m [f64], range: &Range<usize>) -> &'m [f64] {
    if range.is_empty() { &[] } else { &data[range.clone()] }
}

/// The memory around the buffer that a step writes.
pub(crate) struct Split<'m> {
    before: &'m [f64],
    after: &'m [f64],
    after_start: usize,
}

impl Split<'_> {
    fn read(&self, range: &Range<usize>) -> &[f64] {
        if range.is_empty() {
            // An empty value may share its place with the output.
            &[]
        } else if range.end <= self.before.len() {
            &self.before[range.clone()]
        } else {
            &self.after[range.start - self.after_start..range.end - self.after_start]
        }
    }
}

/// The output as a mutable slice, and the rest of the memory for reading.
fn split<'m>(memory: &'m mut [f64], out: &Range<usize>) -> (&'m mut [f64], Split<'m>) {
    let (before, rest) = memory.split_at_mut(out.start);
    let (target, after) = rest.split_at_mut(out.len());
    (target, Split { before, after, after_start: out.end })
}

#[derive(Debug)]
pub(crate) enum Task {
    Loop(FusedKernel),
    Zero { out: Range<usize> },
    Concat { parts: Vec<(Operand, usize)>, outer: usize, out: Range<usize> },
    Assemble { parts: Vec<Part>, out: Range<usize> },
    Matmul(Product),
    Structured { op: Structured, inputs: Vec<(Operand, Shape)>, room: Room, out: Range<usize> },
}

/// A tensor and the places where it is added.
#[derive(Debug)]
pub(crate) struct Part {
    x: Operand,
    shape: Shape,
    offset: usize,
    strides: Strides,
}

/// Adds a row-major tensor at strided places.
fn add_at(target: &mut [f64], offset: usize, shape: &[usize], strides: &[isize], x: &[f64]) {
    let place = |i: usize| offset.wrapping_add_signed(i as isize * strides[0]);
    match *shape {
        [] => target[offset] += x[0],
        [size] => (0..size).for_each(|i| target[place(i)] += x[i]),
        [size, ..] => {
            let rows = x.chunks_exact(x.len() / size).enumerate();
            rows.for_each(|(i, x)| add_at(target, place(i), &shape[1..], &strides[1..], x));
        }
    }
}

/// A batch of matrix products; the offsets of each factor count from its operand's start.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) a: Operand,
    pub(crate) b: Operand,
    pub(crate) batch: Vec<(usize, usize)>,
    pub(crate) sizes: (usize, usize, usize),
    pub(crate) a_strides: (usize, usize),
    pub(crate) b_strides: (usize, usize),
    pub(crate) out: Range<usize>,
}

/// Room that tasks share and keep between runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) loops: Scratch,
    floats: Vec<f64>,
    indices: Vec<usize>,
    /// For the Programs inside operations, one at a time.
    inner: Option<Box<Machine>>,
}

impl Workspace {
    /// Makes room for a task, so that running it does not allocate.
    pub(crate) fn reserve(&mut self, task: &Task) {
        match task {
            Task::Loop(kernel) => self.loops.reserve(kernel),
            Task::Structured { op, room, .. } => {
                if let Some(plan) = op.inner() {
                    self.inner.get_or_insert_default().reserve(plan);
                }
                self.floats.resize(self.floats.len().max(room.floats), 0.0);
                self.indices.resize(self.indices.len().max(room.indices), 0);
            }
            _ => {}
        }
    }

    /// How many numbers it holds, apart from the blocks of fused loops.
    pub(super) fn len(&self) -> usize {
        self.floats.len() + self.inner.as_ref().map_or(0, |inner| inner.len())
    }

    fn room(&mut self, room: Room) -> RoomMut<'_> {
        RoomMut {
            floats: &mut self.floats[..room.floats],
            indices: &mut self.indices[..room.indices],
            inner: self.inner.as_deref_mut(),
        }
    }
}

impl Task {
    pub(crate) fn run(&self, workspace: &mut Workspace, memory: &mut [f64]) {
        match self {
            Task::Loop(kernel) => kernel.run(&mut workspace.loops, memory),
            Task::Zero { out } => memory[out.clone()].fill(0.0),
            Task::Concat { parts, outer, out } => {
                let (target, memory) = split(memory, out);
                let row: usize = parts.iter().map(|&(_, len)| len).sum();
                let mut start = 0;
                for (part, len) in parts {
                    let source = part.read(&memory);
                    for outer in 0..*outer {
                        let to = outer * row + start;
                        target[to..to + len].copy_from_slice(&source[outer * len..(outer + 1) * len]);
                    }
                    start += len;
                }
            }
            Task::Assemble { parts, out } => {
                let (target, memory) = split(memory, out);
                target.fill(0.0);
                for part in parts {
                    add_at(target, part.offset, &part.shape, &part.strides, part.x.read(&memory));
                }
            }
            Task::Matmul(product) => product.run(memory),
            Task::Structured { op, inputs, room, out } => {
                let (target, memory) = split(memory, out);
                let inputs: SmallVec<[Array<'_>; INPUTS]> =
                    inputs.iter().map(|(input, shape)| Array { data: input.read(&memory), shape }).collect();
                op.run(&inputs, target, workspace.room(*room));
            }
        }
    }
}

impl Product {
    fn run(&self, memory: &mut [f64]) {
        let (m, k, n) = self.sizes;
        let (target, memory) = split(memory, &self.out);
        if k == 0 {
            return target.fill(0.0);
        }
        let (a, b) = (self.a.read(&memory), self.b.read(&memory));
        let none = linalg::Scratch { floats: &mut [], indices: &mut [] };
        let parts = linalg::parts(self.batch.len(), m * n * k);
        linalg::each_matrix(target, m * n, none, parts, |place, target, _| {
            let (a_start, b_start) = self.batch[place];
            let a = Mat::new(&a[a_start..], m, k, self.a_strides.0, self.a_strides.1);
            let b = Mat::new(&b[b_start..], k, n, self.b_strides.0, self.b_strides.1);
            gemm(a, b, MatMut::new(target, m, n, n));
            Ok(())
        });
    }
}

/// Gives the steps their places.
pub(crate) struct Placement<'p> {
    pub(crate) lowered: &'p Lowered,
    pub(crate) plan: &'p MemoryPlan,
}

impl Placement<'_> {
    pub(crate) fn range(&self, buffer: usize) -> Range<usize> {
        let start = self.plan.offsets[buffer];
        start..start + self.lowered.buffers[buffer]
    }

    /// From the view's first element to its last.
    pub(crate) fn operand(&self, view: &View) -> Operand {
        let span = if view.len() == 0 { 0 } else { 1 + last_offset(view) };
        match &view.place {
            Place::Buffer(buffer) => {
                let start = self.plan.offsets[*buffer] + view.offset;
                Operand::Memory(start..start + span)
            }
            Place::Data(data) => Operand::Data(data.clone(), view.offset..view.offset + span),
        }
    }

    fn kernel(&self, step: &LoopStep) -> FusedKernel {
        let inputs = step.inputs.iter().map(|view| {
            let source = match &view.place {
                Place::Buffer(buffer) => Source::Memory(self.plan.offsets[*buffer] + view.offset),
                Place::Data(data) => Source::Data(data.clone(), view.offset),
            };
            Input { source, strides: view.broadcast_strides(&step.shape) }
        });
        let outputs = step.outputs.iter().map(|store| Output {
            register: store.register,
            offset: self.plan.offsets[store.out] + store.offset,
            strides: store.strides.clone(),
            reduce: store.reduce,
        });
        FusedKernel::new(Loop {
            dims: step.shape.to_vec(),
            inputs: inputs.collect(),
            code: step.code.clone(),
            outputs: outputs.collect(),
        })
    }

    pub(crate) fn task(&self, step: &Step) -> Task {
        let operand = |view: &View| self.operand(view);
        match step {
            Step::Loop(step) => Task::Loop(self.kernel(step)),
            Step::Zero { out } => Task::Zero { out: self.range(*out) },
            Step::Concat { parts, outer, out } => {
                let parts = parts.iter().map(|(part, len)| (operand(part), *len)).collect();
                Task::Concat { parts, outer: *outer, out: self.range(*out) }
            }
            Step::Assemble { parts, out } => {
                let part = |(view, offset, strides): &(View, usize, Strides)| Part {
                    x: operand(view),
                    shape: view.shape.clone(),
                    offset: *offset,
                    strides: strides.clone(),
                };
                Task::Assemble { parts: parts.iter().map(part).collect(), out: self.range(*out) }
            }
            Step::Matmul { a, b, out } => Task::Matmul(self.product(a, b, out)),
            Step::Structured { op, inputs, out } => {
                let shapes: Vec<&[usize]> = inputs.iter().map(|input| input.shape.as_slice()).collect();
                Task::Structured {
                    op: op.clone(),
                    room: op.room(&shapes, &out.shape),
                    inputs: inputs.iter().map(|input| (operand(input), input.shape.clone())).collect(),
                    out: self.written(out),
                }
            }
        }
    }

    /// Where a step writes its result.
    fn written(&self, out: &View) -> Range<usize> {
        let Operand::Memory(range) = self.operand(out) else { unreachable!("results are in memory") };
        range
    }

    fn product(&self, a: &View, b: &View, out: &View) -> Product {
        let rank = out.shape.len();
        let batch_shape = &out.shape[..rank - 2];
        let (m, n, k) = (out.shape[rank - 2], out.shape[rank - 1], a.shape[a.shape.len() - 1]);
        let batch_offsets = |view: &View| -> Vec<usize> {
            let own = View { shape: view.shape[..view.shape.len() - 2].into(), ..view.clone() };
            let strides = own.broadcast_strides(batch_shape);
            let mut offsets = vec![0usize];
            for (&size, &stride) in batch_shape.iter().zip(&strides) {
                offsets = offsets.iter().flat_map(|&o| (0..size).map(move |i| o + i * stride as usize)).collect();
            }
            offsets
        };
        let last = |view: &View| {
            let rank = view.strides.len();
            (view.strides[rank - 2] as usize, view.strides[rank - 1] as usize)
        };
        Product {
            a: self.operand(a),
            b: self.operand(b),
            batch: batch_offsets(a).into_iter().zip(batch_offsets(b)).collect(),
            sizes: (m, k, n),
            a_strides: last(a),
            b_strides: last(b),
            out: self.written(out),
        }
    }
}

fn last_offset(view: &View) -> usize {
    let zip = view.shape.iter().zip(&view.strides);
    zip.map(|(&size, &stride)| (size - 1) * usize::try_from(stride).expect("operands have no negative strides")).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_operand_may_lie_inside_the_output() {
        let mut memory = [1.0, 2.0, 3.0, 4.0];
        let (target, rest) = split(&mut memory, &(1..3));
        assert_eq!(target, [2.0, 3.0]);
        assert!(rest.read(&(2..2)).is_empty());
        assert_eq!((rest.read(&(0..1)), rest.read(&(3..4))), (&[1.0][..], &[4.0][..]));
    }
}
