//! A Program in words.

use super::graph::{Graph, Id};
use super::layout::{BufferId, Place, View};
use super::lower::{LoopStep, Lowered, Step};
use super::memory::{Home, MemoryPlan};
use crate::op::Op;
use pyroxene_kernels::fused::Code;
use std::fmt::Write;

/// The graph after its passes, then the steps in order.
pub(crate) fn explain(graph: &Graph, lowered: &Lowered, plan: &MemoryPlan) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "graph: {} nodes", graph.nodes.len());
    for (index, node) in graph.nodes.iter().enumerate() {
        let _ = write!(text, "  %{index} {:?} = {}", node.shape.as_slice(), node.op.name());
        let operands = match node.op {
            Op::Input(k) => format!(" {k}"),
            Op::Constant => graph.scalar(index as Id).map_or(String::new(), |value| format!(" {value}")),
            _ => node.inputs.iter().map(|input| format!(" %{input}")).collect(),
        };
        let _ = writeln!(text, "{operands}");
    }
    let sizes = lowered.buffers.iter().zip(&plan.homes);
    let used: usize = sizes.filter(|(_, home)| matches!(home, Home::Memory(_))).map(|(size, _)| size).sum();
    let _ = writeln!(
        text,
        "steps: {}, over {} numbers of memory ({} without sharing)",
        lowered.steps.len(),
        plan.len,
        used
    );
    for step in &lowered.steps {
        describe(&mut text, plan, step);
    }
    text
}

/// The name of a buffer: that of the input or output that it is, or its number.
fn name(plan: &MemoryPlan, buffer: BufferId) -> String {
    match plan.homes[buffer] {
        Home::Memory(_) => format!("b{buffer}"),
        Home::Argument(k) => format!("in{k}"),
        Home::Result(k) => format!("out{k}"),
    }
}

fn place(plan: &MemoryPlan, view: &View) -> String {
    match view.place {
        Place::Buffer(buffer) => format!("{}{:?}", name(plan, buffer), view.shape.as_slice()),
        Place::Data(_) => format!("data{:?}", view.shape.as_slice()),
    }
}

fn describe(text: &mut String, plan: &MemoryPlan, step: &Step) {
    let name = |buffer: &BufferId| name(plan, *buffer);
    let place = |view: &View| place(plan, view);
    let _ = match step {
        Step::Loop(step) => return describe_loop(text, plan, step),
        Step::Zero { out } => writeln!(text, "  {} = zeros", name(out)),
        Step::Concat { parts, out, .. } => {
            let parts: Vec<String> = parts.iter().map(|(part, _)| place(part)).collect();
            writeln!(text, "  {} = concat {}", name(out), parts.join(" "))
        }
        Step::Assemble { parts, out } => {
            let parts: Vec<String> = parts.iter().map(|(part, ..)| place(part)).collect();
            writeln!(text, "  {} = zeros plus {}", name(out), parts.join(" "))
        }
        Step::Matmul { a, b, out } => writeln!(text, "  {} = {} x {}", place(out), place(a), place(b)),
        Step::Structured { op, inputs, out } => {
            let inputs: Vec<String> = inputs.iter().map(place).collect();
            writeln!(text, "  {} = {} {}", place(out), op.name(), inputs.join(" "))
        }
    };
}

fn describe_loop(text: &mut String, plan: &MemoryPlan, step: &LoopStep) {
    let _ = writeln!(text, "  loop over {:?}", step.shape.as_slice());
    for (register, input) in step.inputs.iter().enumerate() {
        let _ = writeln!(text, "    r{register} = {}", place(plan, input));
    }
    for instruction in &step.code {
        let (name, arity) = match instruction.code {
            Code::Unary(op) => (op.name(), 1),
            Code::Binary(op) => (op.name(), 2),
            Code::Select => ("where", 3),
            Code::Copy => ("copy", 1),
        };
        let operands: String = instruction.args[..arity].iter().map(|arg| format!(" r{arg}")).collect();
        let _ = writeln!(text, "    r{} = {name}{operands}", instruction.dst);
    }
    for store in &step.outputs {
        let reduce = store.reduce.map_or(String::new(), |reduce| format!("{reduce:?} of ").to_lowercase());
        let _ = writeln!(text, "    {} = {reduce}r{}", name(plan, store.out), store.register);
    }
}
