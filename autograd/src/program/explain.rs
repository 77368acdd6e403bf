//! A Program in words.

use super::graph::{Graph, Id};
use super::layout::{Place, View};
use super::lower::{LoopStep, Lowered, Step};
use super::memory::MemoryPlan;
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
    let used: usize = lowered.buffers.iter().sum();
    let _ = writeln!(
        text,
        "steps: {}, over {} numbers of memory ({} without sharing)",
        lowered.steps.len(),
        plan.len,
        used
    );
    for step in &lowered.steps {
        describe(&mut text, step);
    }
    text
}

fn place(view: &View) -> String {
    match view.place {
        Place::Buffer(buffer) => format!("b{buffer}{:?}", view.shape.as_slice()),
        Place::Data(_) => format!("data{:?}", view.shape.as_slice()),
    }
}

fn describe(text: &mut String, step: &Step) {
    let _ = match step {
        Step::Loop(step) => return describe_loop(text, step),
        Step::Zero { out } => writeln!(text, "  b{out} = zeros"),
        Step::Concat { parts, out, .. } => {
            let parts: Vec<String> = parts.iter().map(|(part, _)| place(part)).collect();
            writeln!(text, "  b{out} = concat {}", parts.join(" "))
        }
        Step::Assemble { parts, out } => {
            let parts: Vec<String> = parts.iter().map(|(part, ..)| place(part)).collect();
            writeln!(text, "  b{out} = zeros plus {}", parts.join(" "))
        }
        Step::Matmul { a, b, out } => writeln!(text, "  {} = {} x {}", place(out), place(a), place(b)),
        Step::Structured { op, inputs, out } => {
            let inputs: Vec<String> = inputs.iter().map(place).collect();
            writeln!(text, "  {} = {} {}", place(out), op.name(), inputs.join(" "))
        }
    };
}

fn describe_loop(text: &mut String, step: &LoopStep) {
    let _ = writeln!(text, "  loop over {:?}", step.shape.as_slice());
    for (register, input) in step.inputs.iter().enumerate() {
        let _ = writeln!(text, "    r{register} = {}", place(input));
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
        let _ = writeln!(text, "    b{} = {reduce}r{}", store.out, store.register);
    }
}
