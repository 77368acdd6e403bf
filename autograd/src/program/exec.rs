//! Steps with their places in memory, and how each runs.

use super::Machine;
use super::layout::{BufferId, Place, Strides, View};
use super::lower::{LoopStep, Lowered, RowsStep, Step};
use super::memory::{Home, MemoryPlan};
use super::operand::{Factor, Operand, Target};
use super::rows::{Argument, Body, Lane, Rows};
use crate::structured::{Array, INPUTS, Known, Room, RoomMut, Structured};
use pyroxene_kernels::buffer::halves_mut;
use pyroxene_kernels::fused::{self, FusedKernel, Input, Loop, Output, Places, Scratch, Sequence, Source};
use pyroxene_kernels::linalg::{self, MatMut, gemm_narrow, gemm_single, gemm_widening};
use pyroxene_tensor::Shape;
use smallvec::SmallVec;
use std::ops::Range;

#[derive(Debug)]
pub(crate) enum Task {
    Loops(Sequence),
    Assemble { parts: Vec<Part>, out: Target },
    Rows(Box<Rows>),
    Matmul(Product),
    Structured { op: Structured, inputs: Vec<(Operand, Shape)>, room: Room, known: Vec<usize>, out: Target },
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
    pub(crate) a: Factor,
    pub(crate) b: Factor,
    pub(crate) batch: Vec<(usize, usize)>,
    pub(crate) sizes: (usize, usize, usize),
    pub(crate) a_strides: (usize, usize),
    pub(crate) b_strides: (usize, usize),
    pub(crate) out: Target,
    /// How many numbers of the target lie before the result.
    pub(crate) before: usize,
    /// Whether it is computed in f32.
    pub(crate) single: bool,
    /// Whether its result stays in f32.
    pub(crate) narrow: bool,
}

/// Room that tasks share and keep between runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) loops: Scratch,
    floats: Vec<f64>,
    singles: Vec<f32>,
    indices: Vec<usize>,
    rows: Vec<Lane>,
    /// For the Programs inside operations, one at a time.
    inner: Option<Box<Machine>>,
}

impl Workspace {
    /// Makes room for a task, so that running it does not allocate.
    pub(crate) fn reserve(&mut self, task: &Task) {
        match task {
            Task::Loops(sequence) => sequence.reserve(&mut self.loops),
            Task::Rows(rows) => rows.reserve(&mut self.rows),
            Task::Matmul(product) => self.singles.resize(self.singles.len().max(product.room()), 0.0),
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
        let rows: usize = self.rows.iter().map(Lane::len).sum();
        self.floats.len() + self.singles.len().div_ceil(2) + rows + self.inner.as_ref().map_or(0, |inner| inner.len())
    }

    fn room<'w>(&'w mut self, room: Room, known: &'w [usize]) -> RoomMut<'w> {
        RoomMut {
            known,
            floats: &mut self.floats[..room.floats],
            indices: &mut self.indices[..room.indices],
            inner: self.inner.as_deref_mut(),
        }
    }
}

impl Task {
    pub(crate) fn run(&self, workspace: &mut Workspace, places: Places<'_, '_>) {
        match self {
            Task::Loops(sequence) => sequence.run(&mut workspace.loops, places),
            Task::Assemble { parts, out } => {
                let (target, rest) = out.split(places);
                target.fill(0.0);
                for part in parts {
                    add_at(target, part.offset, &part.shape, &part.strides, part.x.read(&rest));
                }
            }
            Task::Rows(rows) => rows.run(&mut workspace.rows, places),
            Task::Matmul(product) => product.run(&mut workspace.singles, places),
            Task::Structured { op, inputs, room, known, out } => {
                let (target, rest) = out.split(places);
                let inputs: SmallVec<[Array<'_>; INPUTS]> =
                    inputs.iter().map(|(input, shape)| Array { data: input.read(&rest), shape }).collect();
                op.run(&inputs, target, workspace.room(*room, known));
            }
        }
    }
}

impl Product {
    /// Into how many parts the batch is cut.
    fn parts(&self) -> usize {
        let (m, k, n) = self.sizes;
        linalg::parts(self.batch.len(), m * n * k)
    }

    /// Numbers of f32 that a run takes.
    fn room(&self) -> usize {
        let (m, k, n) = self.sizes;
        let converted = [(self.a.is_wide(), m * k), (self.b.is_wide(), k * n), (!self.narrow, m * n)];
        let of_part: usize = converted.into_iter().filter(|&(is_wide, _)| is_wide).map(|(_, len)| len).sum();
        if self.single { self.parts() * of_part } else { 0 }
    }

    fn run(&self, singles: &mut [f32], places: Places<'_, '_>) {
        let (m, k, n) = self.sizes;
        let (target, rest) = self.out.split(places);
        let part = self.before..self.before + self.batch.len() * m * n;
        if k == 0 {
            return if self.narrow { halves_mut(target)[part].fill(0.0) } else { target[part].fill(0.0) };
        }
        let (a, b) = (self.a.read(&rest), self.b.read(&rest));
        let factors = |place: usize| {
            let (a_start, b_start) = self.batch[place];
            (a.matrix(a_start, (m, k), self.a_strides), b.matrix(b_start, (k, n), self.b_strides))
        };
        let room = linalg::Scratch { floats: &mut singles[..self.room()], indices: &mut [] };
        if self.narrow {
            linalg::each_matrix(&mut halves_mut(target)[part], m * n, room, self.parts(), |place, target, room| {
                let (a, b) = factors(place);
                gemm_narrow(a, b, MatMut::new(target, m, n, n), room.floats);
                Ok(())
            });
            return;
        }
        linalg::each_matrix(&mut target[part], m * n, room, self.parts(), |place, target, room| {
            let ((a, b), target) = (factors(place), MatMut::new(target, m, n, n));
            if self.single {
                gemm_single(a, b, target, room.floats)
            } else {
                gemm_widening(a, b, target)
            }
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
    fn target(&self, buffer: BufferId) -> Target {
        match self.plan.homes[buffer] {
            Home::Memory(start) => Target::Memory(start..start + self.lowered.buffers[buffer].slots()),
            Home::Result(k) => Target::Result(k),
            Home::Argument(_) => unreachable!("nobody writes an input"),
        }
    }

    /// Whether the view is of a buffer of f32.
    fn is_narrow(&self, view: &View) -> bool {
        view.buffer().is_some_and(|buffer| self.lowered.buffers[buffer].narrow)
    }

    /// The buffer of a step's result.
    fn whole(&self, out: &View) -> Target {
        let Place::Buffer(buffer) = out.place else { unreachable!("results are in buffers") };
        self.target(buffer)
    }

    fn factor(&self, view: &View) -> Factor {
        match &view.place {
            Place::Narrow(data) => Factor::Narrow(data.clone(), span(view)),
            &Place::Buffer(buffer) if self.is_narrow(view) => {
                let within = span(view);
                let slots = within.start / 2..within.end.div_ceil(2);
                let start = 2 * slots.start;
                Factor::Halves(self.part(buffer, slots), within.start - start..within.end - start)
            }
            _ => Factor::Wide(self.operand(view)),
        }
    }

    /// From the view's first element to its last.
    fn operand(&self, view: &View) -> Operand {
        assert!(!self.is_narrow(view), "only loops and factors are read in f32");
        let within = span(view);
        match &view.place {
            Place::Data(data) => Operand::Data(data.clone(), within),
            Place::Buffer(buffer) => self.part(*buffer, within),
            Place::Narrow(_) => unreachable!("only factors are narrow"),
            Place::Rows => unreachable!("only the loop of a step of rows reads it"),
        }
    }

    /// These places of a buffer, counted in f64.
    fn part(&self, buffer: BufferId, within: Range<usize>) -> Operand {
        match self.plan.homes[buffer] {
            Home::Memory(start) => Operand::Memory(start + within.start..start + within.end),
            Home::Argument(k) => Operand::Argument(k, within),
            Home::Result(k) => Operand::Result(k, within),
        }
    }

    fn source(&self, view: &View) -> Source {
        match &view.place {
            &Place::Buffer(buffer) if self.is_narrow(view) => match self.plan.homes[buffer] {
                Home::Memory(start) => Source::Narrow(2 * start + view.offset),
                Home::Argument(k) => Source::NarrowArgument(k, view.offset),
                Home::Result(k) => Source::NarrowResult(k, view.offset),
            },
            Place::Data(data) => Source::Data(data.clone(), view.offset),
            Place::Buffer(buffer) => match self.plan.homes[*buffer] {
                Home::Memory(start) => Source::Memory(start + view.offset),
                Home::Argument(k) => Source::Argument(k, view.offset),
                Home::Result(k) => Source::Result(k, view.offset),
            },
            Place::Narrow(_) => unreachable!("only factors are narrow"),
            Place::Rows => unreachable!("only the loop of a step of rows reads it"),
        }
    }

    fn kernel(&self, step: &LoopStep) -> FusedKernel {
        let inputs = step
            .inputs
            .iter()
            .map(|view| Input { source: self.source(view), strides: view.broadcast_strides(&step.shape) });
        let outputs = step.outputs.iter().map(|store| Output {
            register: store.register,
            target: match (self.target(store.out), self.lowered.buffers[store.out].narrow) {
                (Target::Memory(range), true) => fused::Target::Narrow(2 * range.start + store.offset),
                (Target::Memory(range), false) => fused::Target::Memory(range.start + store.offset),
                (Target::Result(k), true) => fused::Target::NarrowResult(k, store.offset),
                (Target::Result(k), false) => fused::Target::Result(k, store.offset),
            },
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

    /// What a run does, step by step; loops that follow each other are one task.
    pub(crate) fn tasks(&self) -> Vec<Task> {
        let is_loop = |step: &Step| matches!(step, Step::Loop(_));
        let groups = self.lowered.steps.chunk_by(|a, b| is_loop(a) && is_loop(b));
        groups.map(|steps| self.task(steps)).collect()
    }

    /// One step, or several loops.
    fn task(&self, steps: &[Step]) -> Task {
        let operand = |view: &View| self.operand(view);
        match &steps[0] {
            Step::Loop(_) => {
                let kernel = |step: &Step| match step {
                    Step::Loop(step) => self.kernel(step),
                    _ => unreachable!("only loops are grouped"),
                };
                Task::Loops(Sequence::new(steps.iter().map(kernel).collect()))
            }
            Step::Assemble { parts, out } => {
                let part = |(view, offset, strides): &(View, usize, Strides)| Part {
                    x: operand(view),
                    shape: view.shape.clone(),
                    offset: *offset,
                    strides: strides.clone(),
                };
                Task::Assemble { parts: parts.iter().map(part).collect(), out: self.target(*out) }
            }
            Step::Rows(step) => Task::Rows(Box::new(self.rows(step))),
            Step::Matmul { a, b, out, single } => Task::Matmul(self.product(a, b, out, *single)),
            Step::Structured { op, inputs, out } => {
                let shapes: Vec<&[usize]> = inputs.iter().map(|input| input.shape.as_slice()).collect();
                let room = op.room(&shapes, &out.shape);
                let inputs: Vec<(Operand, Shape)> =
                    inputs.iter().map(|input| (operand(input), input.shape.clone())).collect();
                let known: Vec<Known<'_>> =
                    inputs.iter().map(|(input, shape)| Known { data: input.known(), shape }).collect();
                Task::Structured { op: op.clone(), room, known: op.known(&known), inputs, out: self.whole(out) }
            }
        }
    }

    fn rows(&self, step: &RowsStep) -> Rows {
        let LoopStep { shape, inputs, code, outputs } = &step.lines;
        let rows = shape.iter().product();
        let mut arguments: Vec<Argument> = vec![];
        let inputs = inputs.iter().map(|view| {
            let stride: isize = view.broadcast_strides(shape).iter().sum();
            match &view.place {
                Place::Rows => Body::eta(),
                Place::Data(_) if stride == 0 => Input { source: self.source(view), strides: vec![0] },
                _ => {
                    arguments.push(Argument { operand: self.operand(view), stride: stride.unsigned_abs() });
                    Input { source: Source::Argument(arguments.len() - 1, 0), strides: vec![stride] }
                }
            }
        });
        let inputs = inputs.collect();
        let reductions = outputs.iter().map(|store| {
            let reduce = store.reduce.expect("the loop keeps reductions only");
            ((store.register, reduce), (reduce, self.target(store.out)))
        });
        let (made, reductions): (_, Vec<_>) = reductions.unzip();
        let columns = step.x.shape[1];
        let body = Body { inputs, code: code.clone(), g: step.g, reductions: made };
        let [whole, rest] = body.compile(rows, columns);
        Rows {
            x: self.factor(&step.x),
            rows,
            columns,
            x_strides: matrix_strides(&step.x),
            b: self.operand(&step.b),
            b_stride: matrix_strides(&step.b).0,
            arguments,
            whole,
            rest,
            reductions,
            out: self.whole(&step.out),
            single: step.single,
        }
    }

    fn product(&self, a: &View, b: &View, out: &View, single: bool) -> Product {
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
        Product {
            a: self.factor(a),
            b: self.factor(b),
            batch: batch_offsets(a).into_iter().zip(batch_offsets(b)).collect(),
            sizes: (m, k, n),
            a_strides: matrix_strides(a),
            b_strides: matrix_strides(b),
            out: self.whole(out),
            before: out.offset,
            single,
            narrow: self.is_narrow(out),
        }
    }
}

/// From one row of a matrix to the next, and from one column to the next.
fn matrix_strides(view: &View) -> (usize, usize) {
    let rank = view.strides.len();
    (view.strides[rank - 2] as usize, view.strides[rank - 1] as usize)
}

/// From the view's first element to its last.
fn span(view: &View) -> Range<usize> {
    if view.len() == 0 {
        return view.offset..view.offset;
    }
    let (low, high) = view.ends();
    assert_eq!(low, view.offset as isize, "operands have no negative strides");
    view.offset..high as usize + 1
}
