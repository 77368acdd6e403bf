//! The way of a computation from the tape to a plan that runs: one pass after the other, each checked in debug builds.

use super::batch::{self, Batching};
use super::exec::Placement;
use super::graph::Graph;
use super::lower::Lowered;
use super::rules::Fired;
use super::{Plan, builder, early, explain, joined, lower, memory, rows, schedule, storage, turned, verify};

/// A computation that is as simple as the rules make it, and the account of how it became so.
pub(super) struct Simplified {
    pub(super) graph: Graph,
    explanation: String,
}

impl Simplified {
    /// A graph as it was imported, simplified.
    pub(super) fn of(imported: Graph) -> Simplified {
        let explanation = explain::imported(&imported);
        check(|| verify::graph(&imported));
        Simplified::next(explanation, "simplified", builder::simplify(imported))
    }

    /// The computation of many examples.
    pub(super) fn batched(graph: &Graph, batching: &Batching) -> Simplified {
        let explanation = explain::example(graph, batching);
        Simplified::next(explanation, "batched", batch::batch(graph, batching))
    }

    fn next(mut explanation: String, stage: &str, (graph, fired): (Graph, Fired)) -> Simplified {
        check(|| verify::graph(&graph));
        let graph = graph.without_dead_code();
        check(|| verify::graph(&graph));
        explain::simplified(&mut explanation, stage, &graph, &fired);
        Simplified { graph, explanation }
    }

    /// The computation as steps over memory.
    pub(super) fn compile(self) -> Plan {
        self.compile_by(|lowered| {
            turned::simplify(lowered);
            storage::narrow(lowered);
            joined::place(lowered);
            early::advance(lowered);
        })
    }

    /// [`compile`](Self::compile) with other passes over the steps.
    pub(super) fn compile_by(self, passes: impl FnOnce(&mut Lowered)) -> Plan {
        let Simplified { graph, mut explanation } = self;
        let units = schedule::schedule(&graph);
        check(|| verify::schedule(&graph, &units));
        let units = rows::find(&graph, units);
        check(|| verify::schedule(&graph, &units));
        explain::scheduled(&mut explanation, &graph, &units);

        let mut lowered = lower::lower(&graph, &units);
        passes(&mut lowered);
        let memory = memory::plan(&lowered);
        check(|| verify::memory(&lowered, &memory));
        let tasks = Placement { lowered: &lowered, plan: &memory }.tasks();
        explain::steps(&mut explanation, &lowered, &memory, &tasks);
        Plan { tasks, graph, memory_len: memory.len, explanation }
    }
}

/// Stops where a pass has broken what the next one relies on.
fn check(verify: impl FnOnce() -> Result<(), String>) {
    if cfg!(debug_assertions) {
        verify().unwrap_or_else(|broken| panic!("a pass of the compiler is wrong: {broken}"));
    }
}
