//! A Program in words, one heading a pass.

use super::batch::{Batching, Source};
use super::exec::Task;
use super::graph::{Graph, GraphNode, Id};
use super::layout::{BufferId, Place, View};
use super::lower::{LoopStep, Lowered, Step};
use super::memory::{Home, MemoryPlan};
use super::rules::{self, Fired};
use super::schedule::Unit;
use crate::op::Op;
use pyroxene_kernels::Precision;
use pyroxene_kernels::fused::{Code, FusedKernel};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Long lists are cut here, so that a Program of 100,000 nodes is explained in a page.
const LINES: usize = 400;

/// A heading and the first of these lines.
fn section<L>(text: &mut String, heading: &str, lines: &[L], mut write: impl FnMut(&mut String, usize, &L)) {
    let _ = writeln!(text, "{heading}");
    for (index, line) in lines.iter().enumerate().take(LINES) {
        write(text, index, line);
    }
    if lines.len() > LINES {
        let _ = writeln!(text, "  and {} more", lines.len() - LINES);
    }
}

/// How often each operation stands on the tape.
pub(super) fn imported(graph: &Graph) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for node in &graph.nodes {
        *counts.entry(node.op.name()).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    format!("imported: {} nodes\n  {}\n", graph.nodes.len(), counts.join(", "))
}

/// What one of many examples computes, and what it shares with the others.
pub(super) fn example(graph: &Graph, batching: &Batching) -> String {
    let mut text = String::new();
    nodes(&mut text, "one example", graph);
    let sources = batching.inputs.iter().enumerate().map(|(k, source)| match source {
        Source::Each => format!("input {k} each"),
        Source::Shared => format!("input {k} shared"),
        Source::Rows(rows) => format!("input {k} a row of a constant {:?}", rows.shape()),
    });
    let sources: Vec<String> = sources.collect();
    let _ = writeln!(text, "{} examples: {}", batching.count, sources.join(", "));
    text
}

/// The graph after simplification, and which rules were applied how often.
pub(super) fn simplified(text: &mut String, stage: &str, graph: &Graph, fired: &Fired) {
    let fired: Vec<(&str, usize)> = fired.iter().map(|(&name, &count)| (name, count)).collect();
    section(text, "rules applied:", &fired, |text, _, (name, count)| {
        let remark = rules::remark(name).map_or(String::new(), |place| format!(" (improves where {place})"));
        let _ = writeln!(text, "  {count} times {name}{remark}");
    });
    nodes(text, stage, graph);
}

fn nodes(text: &mut String, stage: &str, graph: &Graph) {
    section(text, &format!("{stage}: {} nodes", graph.nodes.len()), &graph.nodes, |text, index, node| {
        let single = if node.precision == Precision::Single { " f32" } else { "" };
        let node_text = describe_node(graph, index as Id, node);
        let _ = writeln!(text, "  %{index} {:?}{single} = {node_text}", node.shape.as_slice());
    });
    let outputs: String = graph.outputs.iter().map(|id| format!(" %{id}")).collect();
    let _ = writeln!(text, "  outputs{outputs}");
}

fn describe_node(graph: &Graph, id: Id, node: &GraphNode) -> String {
    let operands = match &node.op {
        Op::Input(k) => format!(" {k}"),
        Op::Constant => graph.scalar(id).map_or(String::new(), |value| format!(" {value:?}")),
        _ => node.inputs.iter().map(|input| format!(" %{input}")).collect(),
    };
    format!("{}{operands}", node.op.name())
}

/// The units that are more than views, with their nodes.
pub(super) fn scheduled(text: &mut String, graph: &Graph, units: &[Unit]) {
    let work: Vec<&Unit> = units.iter().filter(|unit| !matches!(unit, Unit::View(_))).collect();
    section(text, &format!("schedule: {} units", work.len()), &work, |text, _, unit| {
        let nodes: String = unit.nodes().iter().take(LINES).map(|id| format!(" %{id}")).collect();
        let _ = match unit {
            Unit::Loop { shape, .. } => writeln!(text, "  loop over {:?}:{nodes}", shape.as_slice()),
            Unit::Rows(rows) => writeln!(text, "  rows of {:?}:{nodes}", rows.shape.as_slice()),
            unit => writeln!(text, "  {}:{nodes}", graph.node(unit.nodes()[0]).op.name()),
        };
    });
}

/// The steps over buffers, as these tasks, and where the buffers are.
pub(super) fn steps(text: &mut String, lowered: &Lowered, plan: &MemoryPlan, tasks: &[Task]) {
    // For each step, whether it is a loop in lanes of f32.
    let narrow: Vec<bool> = tasks
        .iter()
        .flat_map(|task| match task {
            Task::Loops(sequence) => sequence.kernels().iter().map(FusedKernel::is_narrow).collect(),
            _ => vec![false],
        })
        .collect();
    let sizes = lowered.buffers.iter().zip(&plan.homes);
    let used: usize = sizes.filter(|(_, home)| matches!(home, Home::Memory(_))).map(|(extent, _)| extent.slots()).sum();
    let heading =
        format!("steps: {}, over {} numbers of memory ({used} without sharing)", lowered.steps.len(), plan.len,);
    section(text, &heading, &lowered.steps, |text, index, step| {
        describe(text, &Names { lowered, plan }, step, narrow[index]);
    });
    let placed = |(buffer, home): (usize, &Home)| match home {
        Home::Memory(start) if lowered.buffers[buffer].len > 0 => Some((buffer, *start)),
        _ => None,
    };
    let buffers: Vec<(BufferId, usize)> = plan.homes.iter().enumerate().filter_map(placed).collect();
    section(text, "memory:", &buffers, |text, _, &(buffer, start)| {
        let (name, end) = (Names { lowered, plan }.name(buffer), start + lowered.buffers[buffer].slots());
        let _ = writeln!(text, "  {name} at {start}..{end}");
    });
}

/// What buffers are called.
struct Names<'l> {
    lowered: &'l Lowered,
    plan: &'l MemoryPlan,
}

impl Names<'_> {
    /// That of the input or output that it is, or its number.
    fn name(&self, buffer: BufferId) -> String {
        let dtype = if self.lowered.buffers[buffer].narrow { "f32 " } else { "" };
        match self.plan.homes[buffer] {
            Home::Memory(_) => format!("{dtype}b{buffer}"),
            Home::Argument(k) => format!("{dtype}in{k}"),
            Home::Result(k) => format!("{dtype}out{k}"),
        }
    }

    fn place(&self, view: &View) -> String {
        match view.place {
            Place::Buffer(buffer) => format!("{}{:?}", self.name(buffer), view.shape.as_slice()),
            Place::Data(_) => format!("data{:?}", view.shape.as_slice()),
            Place::Narrow(_) => format!("f32 data{:?}", view.shape.as_slice()),
            Place::Rows => "the product".into(),
        }
    }
}

/// Where in its buffer a result starts, if it is not all of it.
fn from(start: usize) -> String {
    if start == 0 { String::new() } else { format!(" from {start}") }
}

fn in_single(single: bool) -> &'static str {
    if single { " in f32" } else { "" }
}

fn describe(text: &mut String, names: &Names, step: &Step, narrow: bool) {
    let name = |buffer: &BufferId| names.name(*buffer);
    let place = |view: &View| names.place(view);
    let _ = match step {
        Step::Loop(step) => {
            let _ = writeln!(text, "  loop over {:?}{}", step.shape.as_slice(), in_single(narrow));
            return describe_loop(text, names, step);
        }
        Step::Rows(step) => {
            let (x, b) = (place(&step.x), place(&step.b));
            let (single, shape) = (in_single(step.single), step.lines.shape.as_slice());
            let _ = writeln!(text, "  some rows at a time: {x} x {b}{single}, a loop over {shape:?}");
            describe_loop(text, names, &step.lines);
            writeln!(text, "    {} = transpose of {x} x r{}{single}", place(&step.out), step.g)
        }
        Step::Assemble { parts, out } => {
            let parts: Vec<String> = parts.iter().map(|(part, ..)| place(part)).collect();
            writeln!(text, "  {} = zeros plus {}", name(out), parts.join(" "))
        }
        Step::Matmul { a, b, out, single } => {
            let start = from(out.offset);
            writeln!(text, "  {}{start} = {} x {}{}", place(out), place(a), place(b), in_single(*single))
        }
        Step::Structured { op, inputs, out } => {
            let inputs: Vec<String> = inputs.iter().map(place).collect();
            writeln!(text, "  {} = {} {}", place(out), op.name(), inputs.join(" "))
        }
    };
}

fn describe_loop(text: &mut String, names: &Names, step: &LoopStep) {
    for (register, input) in step.inputs.iter().enumerate().take(LINES) {
        let _ = writeln!(text, "    r{register} = {}", names.place(input));
    }
    for instruction in step.code.iter().take(LINES) {
        let (name, arity) = match instruction.code {
            Code::Unary(op, _) => (op.name(), 1),
            Code::Binary(op, _) => (op.name(), 2),
            Code::Select => ("where", 3),
            Code::Copy => ("copy", 1),
        };
        let operands: String = instruction.args[..arity].iter().map(|arg| format!(" r{arg}")).collect();
        let _ = writeln!(text, "    r{} = {name}{operands}", instruction.dst);
    }
    for store in step.outputs.iter().take(LINES) {
        let reduce = store.reduce.map_or(String::new(), |reduce| format!("{reduce:?} of ").to_lowercase());
        let _ = writeln!(text, "    {}{} = {reduce}r{}", names.name(store.out), from(store.offset), store.register);
    }
}
