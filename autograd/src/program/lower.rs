//! From scheduled units to steps over buffers.

use super::graph::{Graph, GraphNode, Id};
use super::layout::{BufferId, Extent, Place, Strides, View, row_major};
use super::narrow::Narrowing;
use super::rows::RowsUnit;
use super::schedule::{Unit, is_view};
use crate::op::{Op, Stride, Strides as Ranges};
use crate::structured::Structured;
use pyroxene_kernels::Precision;
use pyroxene_kernels::fused::{Code, Instruction, Reduce};
use pyroxene_tensor::{Shape, Tensor};
use std::collections::{HashMap, HashSet};

/// A step whose buffers have no place in memory yet.
#[derive(Debug)]
pub(crate) enum Step {
    Loop(LoopStep),
    /// Zeros plus each part at an offset, by strides. (Parts that do not overlap are loops.)
    Assemble {
        parts: Vec<(View, usize, Strides)>,
        out: BufferId,
    },
    Rows(RowsStep),
    Matmul {
        a: View,
        b: View,
        out: View,
        single: bool,
    },
    Structured {
        op: Structured,
        inputs: Vec<View>,
        out: View,
    },
}

impl Step {
    /// The buffer that this step alone fills, with what it copies to it, if it does no more: a view of a buffer.
    pub(crate) fn fills(&self, buffers: &[Extent], writes: &[usize]) -> Option<(BufferId, BufferId, &View)> {
        let Step::Loop(step) = self else { return None };
        let (view, &Store { out, offset: 0, .. }) = step.copied()? else { return None };
        let alone = writes[out] == 1 && buffers[out].len == view.len();
        view.buffer().filter(|_| alone).map(|from| (out, from, view))
    }

    /// The views that the step reads.
    pub(crate) fn reads(&self) -> Vec<&View> {
        match self {
            Step::Loop(step) => step.inputs.iter().collect(),
            Step::Assemble { parts, .. } => parts.iter().map(|(part, ..)| part).collect(),
            Step::Rows(step) => step.lines.inputs.iter().chain([&step.x, &step.b]).collect(),
            Step::Matmul { a, b, .. } => vec![a, b],
            Step::Structured { inputs, .. } => inputs.iter().collect(),
        }
    }

    /// [`reads`](Self::reads), to look elsewhere.
    pub(crate) fn reads_mut(&mut self) -> Vec<&mut View> {
        match self {
            Step::Loop(step) => step.inputs.iter_mut().collect(),
            Step::Assemble { parts, .. } => parts.iter_mut().map(|(part, ..)| part).collect(),
            Step::Rows(step) => step.lines.inputs.iter_mut().chain([&mut step.x, &mut step.b]).collect(),
            Step::Matmul { a, b, .. } => vec![a, b],
            Step::Structured { inputs, .. } => inputs.iter_mut().collect(),
        }
    }

    /// The buffers that the step writes.
    pub(crate) fn writes(&self) -> Vec<BufferId> {
        match self {
            Step::Loop(step) => step.outputs.iter().map(|store| store.out).collect(),
            Step::Rows(step) => step.lines.outputs.iter().map(|store| store.out).chain(step.out.buffer()).collect(),
            Step::Assemble { out, .. } => vec![*out],
            Step::Matmul { out, .. } | Step::Structured { out, .. } => out.buffer().into_iter().collect(),
        }
    }
}

/// A fused loop: its inputs as views, its code, and where registers are stored.
#[derive(Debug)]
pub(crate) struct LoopStep {
    pub(crate) shape: Shape,
    pub(crate) inputs: Vec<View>,
    pub(crate) code: Vec<Instruction>,
    pub(crate) outputs: Vec<Store>,
}

impl LoopStep {
    /// What the loop copies in order, and where to, if it does nothing else.
    pub(crate) fn copied(&self) -> Option<(&View, &Store)> {
        let ([view], [], [store]) = (&self.inputs[..], &self.code[..], &self.outputs[..]) else { return None };
        let to = View { strides: store.strides.iter().copied().collect(), ..view.clone() };
        let in_order = view.shape == self.shape && view.is_contiguous() && to.is_contiguous();
        (in_order && store.reduce.is_none()).then_some((view, store))
    }
}

#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) register: u16,
    pub(crate) out: BufferId,
    pub(crate) offset: usize,
    pub(crate) strides: Vec<isize>,
    pub(crate) reduce: Option<Reduce>,
}

/// The product `X b`, a loop that reads it, and the product of `X^T` with a register of the loop.
#[derive(Debug)]
pub(crate) struct RowsStep {
    pub(crate) x: View,
    pub(crate) b: View,
    /// Its outputs are reductions over all rows.
    pub(crate) lines: LoopStep,
    pub(crate) g: u16,
    pub(crate) out: View,
    /// Whether the products are computed in f32.
    pub(crate) single: bool,
}

/// The steps, the extent of each buffer, and which of them are the Program's inputs and outputs.
#[derive(Debug, Default)]
pub(crate) struct Lowered {
    pub(crate) steps: Vec<Step>,
    pub(crate) buffers: Vec<Extent>,
    pub(crate) inputs: Vec<BufferId>,
    pub(crate) outputs: Vec<BufferId>,
}

/// How often each buffer is written and read, also by the caller.
pub(crate) struct Touches {
    pub(crate) writes: Vec<usize>,
    pub(crate) reads: Vec<usize>,
}

impl Lowered {
    /// A new buffer.
    pub(crate) fn add(&mut self, extent: Extent) -> BufferId {
        self.buffers.push(extent);
        self.buffers.len() - 1
    }

    pub(crate) fn touches(&self) -> Touches {
        let mut touches = Touches { writes: vec![0; self.buffers.len()], reads: vec![0; self.buffers.len()] };
        for step in &self.steps {
            step.reads().into_iter().filter_map(View::buffer).for_each(|buffer| touches.reads[buffer] += 1);
            step.writes().into_iter().for_each(|buffer| touches.writes[buffer] += 1);
        }
        self.inputs.iter().for_each(|&buffer| touches.writes[buffer] += 1);
        self.outputs.iter().for_each(|&buffer| touches.reads[buffer] += 1);
        touches
    }
}

struct Lowering<'g> {
    graph: &'g Graph,
    single: Vec<bool>,
    views: Vec<Option<View>>,
    lowered: Lowered,
}

pub(crate) fn lower(graph: &Graph, units: &[Unit]) -> Lowered {
    let mut lowering =
        Lowering { graph, single: singles(graph), views: vec![None; graph.nodes.len()], lowered: Lowered::default() };
    lowering.leaves();
    let mut narrowing = Narrowing::default();
    let kept = read_outside(graph, units);
    for unit in units {
        match unit {
            Unit::View(id) => lowering.view(*id),
            Unit::Single(id) => lowering.single(*id),
            Unit::Loop { shape, nodes } => {
                let (step, _) = lowering.fused(shape, nodes, &kept);
                lowering.lowered.steps.push(Step::Loop(step));
            }
            Unit::Rows(rows) => lowering.rows(rows, &kept),
        }
    }
    lowering.outputs();
    lowering.lowered.steps.iter_mut().for_each(|step| narrowing.step(step));
    lowering.lowered
}

/// Which nodes are numbers of f32, but for rounding.
fn singles(graph: &Graph) -> Vec<bool> {
    let mut single: Vec<bool> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        single.push(match &node.op {
            op if op.has_precision() => node.precision == Precision::Single,
            Op::Matmul { single } => *single,
            Op::Input(k) => graph.narrow_inputs.contains(k),
            Op::Concat(_) | Op::Unslice(_) => node.inputs.iter().all(|&input| single[input as usize]),
            op if is_view(op) => single[node.inputs[0] as usize],
            _ => false,
        });
    }
    single
}

/// Which nodes are outputs or read by other units than their own.
fn read_outside(graph: &Graph, units: &[Unit]) -> Vec<bool> {
    let mut unit_of = vec![usize::MAX; graph.nodes.len()];
    for (position, unit) in units.iter().enumerate() {
        unit.nodes().iter().for_each(|&id| unit_of[id as usize] = position);
    }
    let mut outside = vec![false; graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        for &input in &node.inputs {
            outside[input as usize] |= unit_of[input as usize] != unit_of[index];
        }
    }
    graph.outputs.iter().for_each(|&id| outside[id as usize] = true);
    outside
}

impl<'g> Lowering<'g> {
    fn buffer(&mut self, len: usize) -> BufferId {
        self.lowered.add(Extent::wide(len))
    }

    /// A new contiguous buffer as the value of `id`.
    fn result(&mut self, id: Id) -> BufferId {
        let node = self.graph.node(id);
        let out = self.buffer(node.len());
        self.lowered.buffers[out].single = self.single[id as usize];
        self.views[id as usize] = Some(View::contiguous(Place::Buffer(out), node.shape.clone()));
        out
    }

    fn leaves(&mut self) {
        for (k, shape) in self.graph.inputs.iter().enumerate() {
            let extent = Extent::of(shape.iter().product(), self.graph.narrow_inputs.contains(&k));
            let buffer = self.lowered.add(extent);
            self.lowered.inputs.push(buffer);
        }
        let graph = self.graph;
        for (index, node) in graph.nodes.iter().enumerate() {
            self.views[index] = match (&node.op, &node.constant) {
                (Op::Constant, Some(value)) => Some(View::constant(value)),
                (Op::Input(k), _) => {
                    let view = View::contiguous(Place::Buffer(self.lowered.inputs[*k]), node.shape.clone());
                    Some(if graph.narrow_inputs.contains(k) { self.copy(&view) } else { view })
                }
                _ => continue,
            };
        }
    }

    fn value(&self, id: Id) -> &View {
        self.views[id as usize].as_ref().expect("units come in an order in which inputs are ready")
    }

    /// The value with its elements side by side in row-major order, copied if they are not.
    fn contiguous(&mut self, id: Id) -> View {
        let view = self.value(id).clone();
        if view.is_contiguous() { view } else { self.copy(&view) }
    }

    fn copy(&mut self, view: &View) -> View {
        let out = self.buffer(view.len());
        self.store_copy(view, out, 0, row_major(&view.shape));
        View::contiguous(Place::Buffer(out), view.shape.clone())
    }

    fn store_copy(&mut self, view: &View, out: BufferId, offset: usize, strides: Strides) {
        let store = Store { register: 0, out, offset, strides: strides.into_vec(), reduce: None };
        let step =
            LoopStep { shape: view.shape.clone(), inputs: vec![view.clone()], code: Vec::new(), outputs: vec![store] };
        self.lowered.steps.push(Step::Loop(step));
    }

    fn fill_zero(&mut self, out: BufferId) {
        let shape: Shape = [self.lowered.buffers[out].len].as_slice().into();
        let zero = View::constant(&Tensor::scalar(0.0));
        let store = Store { register: 0, out, offset: 0, strides: row_major(&shape).into_vec(), reduce: None };
        let step = LoopStep { shape, inputs: vec![zero], code: Vec::new(), outputs: vec![store] };
        self.lowered.steps.push(Step::Loop(step));
    }

    /// Gives each output a buffer of its own: that of its value, if it holds nothing else and is no input nor an earlier
    /// output, or a copy.
    fn outputs(&mut self) {
        let mut taken: HashSet<BufferId> = self.lowered.inputs.iter().copied().collect();
        for &id in &self.graph.outputs {
            let view = self.value(id).clone();
            let narrow = self.graph.narrow_outputs.contains(&self.lowered.outputs.len());
            let out = match view.place {
                Place::Buffer(buffer)
                    if !narrow
                        && view.is_contiguous()
                        && view.len() == self.lowered.buffers[buffer].len
                        && taken.insert(buffer) =>
                {
                    buffer
                }
                _ => {
                    let out = self.lowered.add(Extent::of(view.len(), narrow));
                    self.store_copy(&view, out, 0, row_major(&view.shape));
                    out
                }
            };
            self.lowered.outputs.push(out);
        }
    }

    fn view(&mut self, id: Id) {
        let node = self.graph.node(id);
        debug_assert!(is_view(&node.op));
        let input = self.value(node.inputs[0]).clone();
        let view = input.through(node).unwrap_or_else(|| {
            let copy = self.copy(&input);
            copy.through(node).expect("contiguous elements take any shape")
        });
        self.views[id as usize] = Some(view);
    }

    /// A loop, with the register of each node.
    fn fused(&mut self, shape: &Shape, nodes: &[Id], kept: &[bool]) -> (LoopStep, HashMap<Id, u16>) {
        let mut step = LoopStep { shape: shape.clone(), inputs: Vec::new(), code: Vec::new(), outputs: Vec::new() };
        let inside: HashSet<Id> = nodes.iter().copied().collect();
        let is_inner = |id: Id| inside.contains(&id) && self.graph.node(id).op.reduction().is_none();
        let mut registers: HashMap<Id, u16> = HashMap::new();
        for &id in nodes {
            for &input in &self.graph.node(id).inputs {
                if !is_inner(input) && !registers.contains_key(&input) {
                    registers.insert(input, step.inputs.len() as u16);
                    step.inputs.push(self.value(input).clone());
                }
            }
        }
        for &id in nodes {
            let node = self.graph.node(id);
            let code = match &node.op {
                Op::Unary(op) => Code::Unary(*op, node.precision),
                Op::Binary(op) => Code::Binary(*op, node.precision),
                Op::Select => Code::Select,
                op if op.reduction().is_some() => continue,
                op => unreachable!("{} is not elementwise", op.name()),
            };
            let mut args = [0u16; 3];
            for (arg, input) in args.iter_mut().zip(&node.inputs) {
                *arg = registers[input];
            }
            let dst = (step.inputs.len() + step.code.len()) as u16;
            step.code.push(Instruction { code, dst, args });
            registers.insert(id, dst);
        }
        for &id in nodes {
            let node = self.graph.node(id);
            let mut strides = row_major(&node.shape);
            let (register, reduce) = match node.op.reduction() {
                Some((reduce, axes)) => {
                    axes.iter().for_each(|axis| strides[axis] = 0);
                    (registers[&node.inputs[0]], Some(reduce))
                }
                None if kept[id as usize] => (registers[&id], None),
                None => continue,
            };
            let out = self.result(id);
            step.outputs.push(Store { register, out, offset: 0, strides: strides.into_vec(), reduce });
        }
        (step, registers)
    }

    fn rows(&mut self, rows: &RowsUnit, kept: &[bool]) {
        let eta = self.graph.node(rows.eta);
        let (factors, single) = (&eta.inputs, eta.op == Op::Matmul { single: true });
        let (x, b) = (self.value(factors[0]).clone(), self.matrix(factors[1]));
        let inputs = rows.lines.iter().flat_map(|&id| &self.graph.node(id).inputs);
        for &input in inputs.filter(|input| !rows.lines.contains(input)) {
            if rows.nodes.contains(&input) {
                self.views[input as usize] = Some(View::contiguous(Place::Rows, rows.shape.clone()));
            } else if self.value(input).strides.iter().any(|&stride| stride < 0) {
                self.views[input as usize] = Some(self.contiguous(input));
            }
        }
        let (lines, registers) = self.fused(&rows.shape, &rows.lines, kept);
        self.result(rows.adjoint);
        let (g, out) = (registers[&rows.g], self.value(rows.adjoint).clone());
        self.lowered.steps.push(Step::Rows(RowsStep { x, b, lines, g, out, single }));
    }

    fn single(&mut self, id: Id) {
        let node: &GraphNode = self.graph.node(id);
        let input = |k: usize| node.inputs[k];
        let step = match &node.op {
            Op::Unslice(parts) => {
                let full = row_major(&node.shape);
                let placed = |ranges: &[Stride]| {
                    let offset = ranges.iter().zip(&full).map(|(range, &stride)| range.start * stride as usize).sum();
                    let strides = ranges.iter().zip(&full).map(|(range, &stride)| range.step * stride).collect();
                    (offset, strides)
                };
                let disjoint = are_disjoint(parts);
                let is_whole = total(parts) == node.len();
                let parts = node.inputs.iter().zip(parts).filter(|(part, _)| self.graph.node(**part).len() > 0);
                let placed: Vec<(Id, usize, Strides)> = parts
                    .map(|(&part, ranges)| {
                        let (offset, strides) = placed(ranges);
                        (part, offset, strides)
                    })
                    .collect();
                if !disjoint {
                    let parts =
                        placed.into_iter().map(|(part, offset, strides)| (self.contiguous(part), offset, strides));
                    let parts = parts.collect();
                    Step::Assemble { parts, out: self.result(id) }
                } else {
                    let out = self.result(id);
                    if !is_whole {
                        self.fill_zero(out);
                    }
                    for (part, offset, strides) in placed {
                        let x = self.value(part).clone();
                        self.store_copy(&x, out, offset, strides);
                    }
                    return;
                }
            }
            Op::DiagEmbed => {
                let out = self.result(id);
                self.fill_zero(out);
                let full = row_major(&node.shape);
                let (rows, columns) = (full.len() - 2, full.len() - 1);
                let strides = full[..rows].iter().copied().chain([full[rows] + full[columns]]).collect();
                let x = self.value(input(0)).clone();
                return self.store_copy(&x, out, 0, strides);
            }
            Op::Concat(axis) => {
                let out = self.result(id);
                let full = row_major(&node.shape);
                let mut start = 0;
                for &part in &node.inputs {
                    let x = self.value(part).clone();
                    self.store_copy(&x, out, start * full[*axis].unsigned_abs(), full.clone());
                    start += x.shape[*axis];
                }
                return;
            }
            Op::Matmul { single } => {
                let (a, b) = (self.matrix(input(0)), self.matrix(input(1)));
                self.result(id);
                Step::Matmul { a, b, out: self.value(id).clone(), single: *single }
            }
            Op::Structured(op) => {
                let inputs = node.inputs.iter().map(|&input| self.contiguous(input)).collect();
                self.result(id);
                Step::Structured { op: op.clone(), inputs, out: self.value(id).clone() }
            }
            op => unreachable!("{} is scheduled elsewhere", op.name()),
        };
        self.lowered.steps.push(step);
    }

    /// A factor of a product: batch axes may repeat, rows and columns may not, and nothing runs backwards.
    fn matrix(&mut self, id: Id) -> View {
        let view = self.value(id);
        let rank = view.shape.len();
        let usable = (0..rank).all(|axis| {
            let (stride, size) = (view.strides[axis], view.shape[axis]);
            stride > 0 || stride == 0 && (size == 1 || axis + 2 < rank)
        });
        if usable { view.clone() } else { self.contiguous(id) }
    }
}

/// Of more parts it is not asked whether they overlap: they are compared two by two.
const DISJOINT: usize = 64;

/// Whether no two parts share a place: along some axis their ranges lie apart.
fn are_disjoint(parts: &[Ranges]) -> bool {
    let ends = |range: &Stride| {
        let last = range.start.wrapping_add_signed(range.step * (range.len.max(1) as isize - 1));
        (range.start.min(last), range.start.max(last))
    };
    let apart = |a: &Stride, b: &Stride| {
        let ((a_low, a_high), (b_low, b_high)) = (ends(a), ends(b));
        a.len == 0 || b.len == 0 || a_high < b_low || b_high < a_low
    };
    parts.len() <= DISJOINT
        && parts.iter().enumerate().all(|(i, a)| parts[..i].iter().all(|b| a.iter().zip(b).any(|(a, b)| apart(a, b))))
}

/// The number of elements of all parts.
fn total(parts: &[Ranges]) -> usize {
    parts.iter().map(|ranges| ranges.iter().map(|range| range.len).product::<usize>()).sum()
}
