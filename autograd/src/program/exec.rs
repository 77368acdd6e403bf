//! Steps with their places in memory, and how each runs.

use super::layout::{Place, Strides, View};
use super::lower::{Extent, LoopStep, Lowered, Step};
use super::memory::MemoryPlan;
use crate::eval;
use crate::op::Draw;
use pyroxene_kernels::fused::{FusedKernel, Input, Loop, Output, Scratch, Source};
use pyroxene_kernels::linalg::{Mat, MatMut, Triangle, cholesky, gemm, solve_triangular};
use pyroxene_tensor::Shape;
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
            Operand::Data(data, range) => &data[range.clone()],
        }
    }

    fn read_from<'m>(&'m self, memory: &'m [f64]) -> &'m [f64] {
        match self {
            Operand::Memory(range) => &memory[range.clone()],
            Operand::Data(data, range) => &data[range.clone()],
        }
    }
}

/// The memory around the buffer that a step writes.
pub(crate) struct Split<'m> {
    before: &'m [f64],
    after: &'m [f64],
    after_start: usize,
}

impl Split<'_> {
    fn read(&self, range: &Range<usize>) -> &[f64] {
        if range.end <= self.before.len() {
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
    Zero {
        out: Range<usize>,
    },
    Concat {
        parts: Vec<(Operand, usize)>,
        outer: usize,
        out: Range<usize>,
    },
    IndexSelect {
        x: Operand,
        indices: Operand,
        extent: Extent,
        out: Range<usize>,
    },
    IndexAdd {
        x: Operand,
        indices: Operand,
        extent: Extent,
        out: Range<usize>,
    },
    Assemble {
        parts: Vec<Part>,
        out: Range<usize>,
    },
    Matmul(Product),
    Cholesky {
        x: Operand,
        n: usize,
        out: Range<usize>,
    },
    SolveTriangular {
        matrix: Operand,
        b: Operand,
        n: usize,
        columns: usize,
        triangle: Triangle,
        transpose: bool,
        out: Range<usize>,
    },
    KeepTriangle {
        x: Operand,
        rows: usize,
        columns: usize,
        triangle: Triangle,
        offset: isize,
        out: Range<usize>,
    },
    CumSum {
        x: Operand,
        extent: Extent,
        reverse: bool,
        out: Range<usize>,
    },
    Random {
        draw: Draw,
        stream: u64,
        root: Operand,
        parameters: Vec<Operand>,
        out: Range<usize>,
    },
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
    indices: Vec<usize>,
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
            Task::IndexSelect { x, indices, extent, out } => {
                let (target, memory) = split(memory, out);
                let (x, indices) = (x.read(&memory), indices.read(&memory));
                for (outer, target) in target.chunks_exact_mut((indices.len() * extent.inner).max(1)).enumerate() {
                    for (target, &index) in target.chunks_exact_mut(extent.inner.max(1)).zip(indices) {
                        let from = extent.row("index_select", outer, index);
                        target.copy_from_slice(&x[from..from + extent.inner]);
                    }
                }
            }
            Task::IndexAdd { x, indices, extent, out } => {
                let (target, memory) = split(memory, out);
                let (x, indices) = (x.read(&memory), indices.read(&memory));
                target.fill(0.0);
                for (outer, x) in x.chunks_exact((indices.len() * extent.inner).max(1)).enumerate() {
                    for (x, &index) in x.chunks_exact(extent.inner.max(1)).zip(indices) {
                        let to = extent.row("index_add", outer, index);
                        target[to..to + extent.inner].iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
                    }
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
            Task::Cholesky { x, n, out } => {
                let (target, memory) = split(memory, out);
                target.copy_from_slice(x.read(&memory));
                for matrix in target.chunks_exact_mut((n * n).max(1)) {
                    if cholesky(matrix, *n).is_err() {
                        matrix.fill(f64::NAN);
                    }
                }
            }
            Task::SolveTriangular { matrix, b, n, columns, triangle, transpose, out } => {
                let (target, memory) = split(memory, out);
                target.copy_from_slice(b.read(&memory));
                let matrices = matrix.read(&memory).chunks_exact((n * n).max(1));
                for (b, matrix) in target.chunks_exact_mut((n * columns).max(1)).zip(matrices) {
                    solve_triangular(matrix, *n, *triangle, *transpose, b, *columns);
                }
            }
            Task::KeepTriangle { x, rows, columns, triangle, offset, out } => {
                let (target, memory) = split(memory, out);
                let x = x.read(&memory);
                for (index, (target, &x)) in target.iter_mut().zip(x).enumerate() {
                    let (row, column) = ((index / columns % rows) as isize, (index % columns) as isize);
                    let keep = match triangle {
                        Triangle::Lower => column - row <= *offset,
                        Triangle::Upper => column - row >= *offset,
                    };
                    *target = if keep { x } else { 0.0 };
                }
            }
            Task::CumSum { x, extent, reverse, out } => {
                let (target, memory) = split(memory, out);
                target.copy_from_slice(x.read(&memory));
                for target in target.chunks_exact_mut((extent.size * extent.inner).max(1)) {
                    for step in 1..extent.size {
                        let (from, to) = match reverse {
                            false => (step - 1, step),
                            true => (extent.size - step, extent.size - step - 1),
                        };
                        for inner in 0..extent.inner {
                            target[to * extent.inner + inner] += target[from * extent.inner + inner];
                        }
                    }
                }
            }
            Task::Random { draw, stream, root, parameters, out } => {
                let (target, memory) = split(memory, out);
                let key = eval::random_key(root.read(&memory), *stream);
                match parameters.as_slice() {
                    [] => eval::fill(*draw, key, &[], target, &mut workspace.indices),
                    [a] => eval::fill(*draw, key, &[a.read(&memory)], target, &mut workspace.indices),
                    [a, b] => {
                        eval::fill(*draw, key, &[a.read(&memory), b.read(&memory)], target, &mut workspace.indices);
                    }
                    _ => unreachable!("a draw has at most two parameters"),
                }
            }
        }
    }
}

impl Extent {
    /// Where row `index` of the axis begins, counted from the end if it is negative; panics if there is no such row.
    fn row(self, op: &str, outer: usize, index: f64) -> usize {
        let size = self.size as f64;
        if !(index >= -size && index < size) {
            crate::shape::fail(format_args!("{op}: index {index} is not within an axis of size {}", self.size));
        }
        let row = if index < 0.0 { index + size } else { index };
        (outer * self.size + row as usize) * self.inner
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
        for (&(a_start, b_start), target) in self.batch.iter().zip(target.chunks_exact_mut((m * n).max(1))) {
            let a = Mat::new(&a[a_start..], m, k, self.a_strides.0, self.a_strides.1);
            let b = Mat::new(&b[b_start..], k, n, self.b_strides.0, self.b_strides.1);
            gemm(a, b, MatMut::new(target, m, n, n));
        }
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
            Step::IndexSelect { x, indices, extent, out } => {
                Task::IndexSelect { x: operand(x), indices: operand(indices), extent: *extent, out: self.range(*out) }
            }
            Step::IndexAdd { x, indices, extent, out } => {
                Task::IndexAdd { x: operand(x), indices: operand(indices), extent: *extent, out: self.range(*out) }
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
            Step::Cholesky { x, n, out } => Task::Cholesky { x: operand(x), n: *n, out: self.range(*out) },
            Step::SolveTriangular { matrix, b, n, columns, triangle, transpose, out } => Task::SolveTriangular {
                matrix: operand(matrix),
                b: operand(b),
                n: *n,
                columns: *columns,
                triangle: *triangle,
                transpose: *transpose,
                out: self.range(*out),
            },
            Step::KeepTriangle { x, rows, columns, triangle, offset, out } => Task::KeepTriangle {
                x: operand(x),
                rows: *rows,
                columns: *columns,
                triangle: *triangle,
                offset: *offset,
                out: self.range(*out),
            },
            Step::CumSum { x, extent, reverse, out } => {
                Task::CumSum { x: operand(x), extent: *extent, reverse: *reverse, out: self.range(*out) }
            }
            Step::Random { draw, stream, root, parameters, out } => Task::Random {
                draw: *draw,
                stream: *stream,
                root: operand(root),
                parameters: parameters.iter().map(operand).collect(),
                out: self.range(*out),
            },
        }
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
        let Operand::Memory(range) = self.operand(out) else { unreachable!("results are in memory") };
        Product {
            a: self.operand(a),
            b: self.operand(b),
            batch: batch_offsets(a).into_iter().zip(batch_offsets(b)).collect(),
            sizes: (m, k, n),
            a_strides: last(a),
            b_strides: last(b),
            out: range,
        }
    }
}

fn last_offset(view: &View) -> usize {
    let zip = view.shape.iter().zip(&view.strides);
    zip.map(|(&size, &stride)| (size - 1) * usize::try_from(stride).expect("operands have no negative strides")).sum()
}

/// Copies a contiguous operand out.
pub(crate) fn copy_out(operand: &Operand, memory: &[f64], out: &mut [f64]) {
    out.copy_from_slice(operand.read_from(memory));
}
