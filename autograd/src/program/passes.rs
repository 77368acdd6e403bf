//! The way of a computation from the tape to a plan that runs: one pass after the other, each checked in debug builds.

use super::exec::Placement;
use super::graph::Graph;
use super::{Plan, builder, explain, lower, memory, rows, schedule, verify};

/// Compiles a graph as it was imported.
pub(super) fn compile(imported: Graph) -> Plan {
    let mut text = explain::imported(&imported);
    check(|| verify::graph(&imported));

    let (graph, fired) = builder::simplify(imported);
    check(|| verify::graph(&graph));

    let graph = graph.without_dead_code();
    check(|| verify::graph(&graph));
    explain::simplified(&mut text, &graph, &fired);

    let units = schedule::schedule(&graph);
    check(|| verify::schedule(&graph, &units));
    let units = rows::find(&graph, units);
    check(|| verify::schedule(&graph, &units));
    explain::scheduled(&mut text, &graph, &units);

    let lowered = lower::lower(&graph, &units);
    let memory = memory::plan(&lowered);
    check(|| verify::memory(&lowered, &memory));
    explain::steps(&mut text, &lowered, &memory);

    let placement = Placement { lowered: &lowered, plan: &memory };
    let outputs = graph.outputs.iter().map(|&id| graph.shape(id).clone()).collect();
    Plan { tasks: placement.tasks(), inputs: graph.inputs, outputs, memory_len: memory.len, explanation: text }
}

/// Stops where a pass has broken what the next one relies on.
fn check(verify: impl FnOnce() -> Result<(), String>) {
    if cfg!(debug_assertions) {
        verify().unwrap_or_else(|broken| panic!("a pass of the compiler is wrong: {broken}"));
    }
}
