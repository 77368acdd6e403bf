//! What every pass must keep, checked between the passes in debug builds, by other means than the passes use.

use super::graph::{Graph, GraphNode, Id};
use super::layout::{BufferId, View};
use super::lower::{Lowered, Step};
use super::memory::{Home, MemoryPlan};
use super::schedule::{LOOP_NODES, Unit, is_view, iteration_space};
use crate::op::{Op, Stride, Strides};
use crate::structured::{IndexAdd, IndexSelect};
use pyroxene_kernels::Precision;
use pyroxene_tensor::{Shape, shape as rules};
use std::collections::BTreeMap;

/// Every node reads earlier ones, as many as it takes, and has the shape that its operation gives.
pub(super) fn graph(graph: &Graph) -> Result<(), String> {
    for (index, node) in graph.nodes.iter().enumerate() {
        let fail = |what: &str| Err(format!("%{index} {} {:?}: {what}", node.op.name(), node.shape.as_slice()));
        if node.inputs.iter().any(|&input| input as usize >= index) {
            return fail("reads a later node");
        }
        if node.constant.is_some() != (node.op == Op::Constant) {
            return fail("a constant has a value, and nothing else has");
        }
        if node.precision == Precision::Single && !node.op.has_precision() {
            return fail("has no single precision");
        }
        let shapes: Vec<&[usize]> = node.inputs.iter().map(|&input| graph.shape(input).as_slice()).collect();
        if arity(&node.op).is_some_and(|arity| arity != shapes.len()) {
            return fail("the number of inputs");
        }
        let expected = shape(graph, node, &shapes);
        if expected.as_ref() != Some(&node.shape) {
            return fail(&format!("its operation gives {expected:?} of {shapes:?}"));
        }
    }
    let exists = |&id: &Id| (id as usize) < graph.nodes.len();
    if graph.outputs.iter().all(exists) { Ok(()) } else { Err("an output does not exist".into()) }
}

/// The number of inputs; none where it varies.
fn arity(op: &Op) -> Option<usize> {
    match op {
        Op::Constant | Op::Scalar(_) | Op::Input(_) => Some(0),
        Op::Binary(_) | Op::Matmul { .. } => Some(2),
        Op::Select => Some(3),
        Op::Unslice(parts) => Some(parts.len()),
        Op::Concat(_) | Op::Custom(_) | Op::Structured(_) => None,
        _ => Some(1),
    }
}

/// The shape that an operation gives; none if it takes no such inputs. Structured operations are believed where their
/// shape does not follow from their inputs'.
fn shape(graph: &Graph, node: &GraphNode, inputs: &[&[usize]]) -> Option<Shape> {
    let x = inputs.first().copied();
    let len = |shape: &[usize]| shape.iter().product::<usize>();
    match &node.op {
        Op::Constant => Some(node.constant.as_ref()?.shape().into()),
        Op::Input(k) => graph.inputs.get(*k).cloned(),
        Op::Unary(_) | Op::Binary(_) | Op::Select => rules::broadcast(node.op.name(), inputs).ok(),
        Op::Sum(axes) | Op::Prod(axes) | Op::Max(axes) | Op::Min(axes) => {
            let x = x?;
            axes.iter().all(|axis| axis < x.len()).then(|| axes.keep(x))
        }
        Op::Expand => (rules::broadcast("expand", &[x?, &node.shape]).ok()? == node.shape).then(|| node.shape.clone()),
        Op::Reshape => (len(x?) == node.len()).then(|| node.shape.clone()),
        Op::Permute(order) => {
            let mut axes: Vec<usize> = order.iter().map(|&axis| axis.into()).collect();
            let shape: Option<Shape> = axes.iter().map(|&axis| x?.get(axis).copied()).collect();
            axes.sort_unstable();
            shape.filter(|_| axes.into_iter().eq(0..inputs[0].len()))
        }
        Op::Slice(ranges) => {
            let inside = ranges.len() == x?.len() && ranges.iter().zip(x?).all(|(range, &size)| fits(range, size));
            inside.then(|| ranges.iter().map(|range| range.len).collect())
        }
        Op::Unslice(parts) => {
            let placed = |(part, shape): (&Strides, &&[usize])| {
                part.len() == node.shape.len()
                    && part.iter().map(|range| range.len).eq(shape.iter().copied())
                    && part.iter().zip(&node.shape).all(|(range, &size)| fits(range, size))
            };
            parts.iter().zip(inputs).all(placed).then(|| node.shape.clone())
        }
        Op::Concat(axis) => rules::concat(inputs, *axis as isize).ok().map(|(shape, _)| shape),
        Op::Matmul { .. } => {
            let [a, b] = inputs else { return None };
            let ((.., [m, k]), (.., [l, n])) = (a.split_last_chunk()?, b.split_last_chunk()?);
            let batch = rules::broadcast("matmul", &[&a[..a.len() - 2], &b[..b.len() - 2]]).ok()?;
            (k == l).then(|| batch.iter().copied().chain([*m, *n]).collect())
        }
        Op::Diagonal => x?.split_last().map(|(_, rest)| rest.into()),
        Op::DiagEmbed => x?.last().map(|last| x.into_iter().flatten().chain([last]).copied().collect()),
        Op::Structured(op) => match (op.downcast::<IndexSelect>(), op.downcast::<IndexAdd>()) {
            (Some(op), _) => {
                let (x, index) = (x?, inputs.get(1)?);
                Some(x[..op.axis].iter().chain(*index).chain(&x[op.axis + 1..]).copied().collect())
            }
            (_, Some(op)) => {
                let (x, index) = (x?, inputs.get(1)?);
                let (before, after) = (&x[..op.axis], &x[op.axis + index.len()..]);
                Some(before.iter().chain([&op.size]).chain(after).copied().collect())
            }
            _ => Some(node.shape.clone()),
        },
        // The import resolves these.
        Op::Scalar(_) | Op::Cast(_) | Op::StopGradient | Op::Custom(_) => None,
    }
}

/// Whether a range lies within an axis.
fn fits(range: &Stride, size: usize) -> bool {
    let last = range.start as isize + (range.len as isize - 1) * range.step;
    range.len == 0 || range.start < size && (0..size as isize).contains(&last)
}

/// Every node is computed once, after what it reads; the nodes of a loop have its iteration space, and read within it only
/// what is computed element by element.
pub(super) fn schedule(graph: &Graph, units: &[Unit]) -> Result<(), String> {
    let leaf = |op: &Op| matches!(op, Op::Constant | Op::Input(_));
    // The unit in which a node is computed.
    let mut done: Vec<Option<usize>> = vec![None; graph.nodes.len()];
    for (position, unit) in units.iter().enumerate() {
        let nodes = unit.nodes();
        for &id in nodes {
            let node = graph.node(id);
            let fail = |what: &str| Err(format!("unit {position}, %{id} {}: {what}", node.op.name()));
            for &input in &node.inputs {
                let source = graph.node(input);
                let within = match unit {
                    Unit::Loop { .. } => source.op.is_elementwise(),
                    Unit::Rows(rows) => !rows.lines.contains(&id) || source.op.reduction().is_none(),
                    _ => false,
                };
                if let Some(unit) = done[input as usize].filter(|&unit| unit < position)
                    && !is_whole(&units[unit], source, input)
                {
                    return fail(&format!("reads %{input}, which is never whole"));
                }
                match done[input as usize] {
                    Some(unit) if unit < position || unit == position && within => {}
                    _ if leaf(&source.op) => {}
                    _ => return fail(&format!("reads %{input} too early")),
                }
            }
            let space = match unit {
                Unit::Loop { shape, .. } => Some(shape),
                Unit::Rows(rows) if rows.lines.contains(&id) => Some(&rows.shape),
                _ => None,
            };
            if space.is_some_and(|space| iteration_space(graph, id) != Some(space)) {
                return fail("is no part of this loop");
            }
            let holds_views = matches!(unit, Unit::View(_) | Unit::Rows(_));
            if !holds_views && is_view(&node.op) || matches!(unit, Unit::View(_)) && !is_view(&node.op) {
                return fail("is a view, or is not");
            }
            if done[id as usize].replace(position).is_some() {
                return fail("is computed twice");
            }
        }
        let lines = if let Unit::Rows(rows) = unit { &rows.lines } else { nodes };
        if lines.len() > LOOP_NODES {
            return Err(format!("unit {position} has {} nodes", lines.len()));
        }
    }
    for &id in &graph.outputs {
        if done[id as usize].is_some_and(|unit| !is_whole(&units[unit], graph.node(id), id)) {
            return Err(format!("%{id} is an output, but never whole"));
        }
    }
    let missing = (0..graph.nodes.len()).find(|&index| done[index].is_none() && !leaf(&graph.nodes[index].op));
    missing.map_or(Ok(()), |index| Err(format!("%{index} is not computed")))
}

/// Whether a unit leaves all elements of its node behind: rows are made some at a time, and only what is made of all of them
/// is left.
fn is_whole(unit: &Unit, node: &GraphNode, id: Id) -> bool {
    let Unit::Rows(rows) = unit else { return true };
    id == rows.adjoint || node.op.reduction().is_some()
}

/// Runs the steps on the plan of the memory, noting whose numbers lie where: what a step reads must have been written, and
/// not been written over.
pub(super) fn memory(lowered: &Lowered, plan: &MemoryPlan) -> Result<(), String> {
    let mut places = Places { lowered, plan, intact: BTreeMap::new() };
    for &input in &lowered.inputs {
        places.put(input);
    }
    for (position, step) in lowered.steps.iter().enumerate() {
        let fail = |what: String| format!("step {position}: {what}");
        let (reads, writes) = (step.reads(), step.writes());
        places.narrow(step).map_err(fail)?;
        reads.iter().try_for_each(|view| places.view(view)).map_err(fail)?;
        for &out in &writes {
            if reads.iter().any(|view| view.buffer() == Some(out)) {
                return Err(fail(format!("reads and writes b{out}")));
            }
            places.write(out).map_err(fail)?;
        }
        // Nor may a step write over what it reads itself, or over another of its results.
        reads.iter().try_for_each(|view| places.view(view)).map_err(fail)?;
        writes.iter().try_for_each(|&out| places.holds(out)).map_err(fail)?;
    }
    lowered.outputs.iter().try_for_each(|&out| places.holds(out).map_err(|what| format!("output: {what}")))
}

/// Which buffers hold their numbers: from where they start (in which of the memory, the inputs and the outputs) to where
/// they end.
struct Places<'l> {
    lowered: &'l Lowered,
    plan: &'l MemoryPlan,
    intact: BTreeMap<(Space, usize), (usize, BufferId)>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Space {
    Memory,
    Argument(usize),
    Result(usize),
}

impl Places<'_> {
    fn start(&self, buffer: BufferId) -> (Space, usize) {
        match self.plan.homes[buffer] {
            Home::Memory(start) => (Space::Memory, start),
            Home::Argument(k) => (Space::Argument(k), 0),
            Home::Result(k) => (Space::Result(k), 0),
        }
    }

    /// Buffers of f32 are read and written by loops, element by element, and by products in f32.
    fn narrow(&self, step: &Step) -> Result<(), String> {
        let takes = match step {
            Step::Loop(step) => step.outputs.iter().all(|store| store.reduce.is_none() || !self.is_narrow(store.out)),
            Step::Matmul { single, .. } => *single,
            _ => false,
        };
        let reads = step.reads().into_iter().filter_map(View::buffer);
        match reads.chain(step.writes()).find(|&buffer| self.is_narrow(buffer) && !takes) {
            Some(buffer) => Err(format!("b{buffer} is f32, which the step does not take")),
            None => Ok(()),
        }
    }

    fn is_narrow(&self, buffer: BufferId) -> bool {
        self.lowered.buffers[buffer].narrow
    }

    fn write(&mut self, buffer: BufferId) -> Result<(), String> {
        let end = self.start(buffer).1 + self.lowered.buffers[buffer].slots();
        match self.plan.homes[buffer] {
            Home::Argument(k) => return Err(format!("b{buffer} is input {k}, and is written")),
            Home::Memory(_) if end > self.plan.len => {
                return Err(format!("b{buffer} ends at {end}, the memory at {}", self.plan.len));
            }
            _ => self.put(buffer),
        }
        Ok(())
    }

    fn put(&mut self, buffer: BufferId) {
        let ((space, start), len) = (self.start(buffer), self.lowered.buffers[buffer].slots());
        if len == 0 {
            return;
        }
        // Intact buffers do not overlap, so those in the way are neighbours.
        while let Some((&at, &(end, _))) = self.intact.range((space, 0)..(space, start + len)).next_back() {
            if end <= start {
                break;
            }
            self.intact.remove(&at);
        }
        self.intact.insert((space, start), (start + len, buffer));
    }

    fn holds(&self, buffer: BufferId) -> Result<(), String> {
        let owner = self.intact.get(&self.start(buffer)).map(|&(_, owner)| owner);
        if self.lowered.buffers[buffer].len == 0 || owner == Some(buffer) {
            return Ok(());
        }
        Err(format!("b{buffer} is read, but does not hold its numbers"))
    }

    fn view(&self, view: &View) -> Result<(), String> {
        let Some(buffer) = view.buffer().filter(|_| view.len() > 0) else { return Ok(()) };
        let (low, high) = view.ends();
        if low < 0 || high >= self.lowered.buffers[buffer].len as isize {
            return Err(format!("a view of b{buffer} reaches from {low} to {high}"));
        }
        self.holds(buffer)
    }
}

#[cfg(test)]
mod tests;
