//! The memory plan: inputs and outputs lie with the caller; other buffers share places if they are not alive at the same
//! time.

use super::layout::{BufferId, Place, View};
use super::lower::{Lowered, Step};

/// Buffers start on a cache line.
const LINE: usize = 8;

/// Where a buffer lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// In memory, from this offset on.
    Memory(usize),
    /// It is this input of the run.
    Argument(usize),
    /// It is this output of the run.
    Result(usize),
}

/// Where each buffer lies, and how much memory there is in all, counted in f64.
#[derive(Debug)]
pub(crate) struct MemoryPlan {
    pub(crate) homes: Vec<Home>,
    pub(crate) len: usize,
}

fn buffer_of(view: &View) -> Option<BufferId> {
    match view.place {
        Place::Buffer(buffer) => Some(buffer),
        Place::Data(_) => None,
    }
}

/// The buffers that a step writes and those that it reads.
fn touched(step: &Step) -> Vec<BufferId> {
    let views = |views: &[&View]| views.iter().filter_map(|view| buffer_of(view)).collect::<Vec<_>>();
    let (mut touched, out) = match step {
        Step::Loop(step) => {
            let mut touched = views(&step.inputs.iter().collect::<Vec<_>>());
            touched.extend(step.outputs.iter().map(|store| store.out));
            return touched;
        }
        Step::Zero { out } => (Vec::new(), *out),
        Step::Assemble { parts, out } => (views(&parts.iter().map(|(part, ..)| part).collect::<Vec<_>>()), *out),
        Step::Concat { parts, out, .. } => (views(&parts.iter().map(|(part, _)| part).collect::<Vec<_>>()), *out),
        Step::Matmul { a, b, out } => return views(&[a, b, out]),
        Step::Structured { inputs, out, .. } => return views(&inputs.iter().chain([out]).collect::<Vec<_>>()),
    };
    touched.push(out);
    touched
}

/// Places buffers first-fit, by the steps between which they are alive.
pub(crate) fn plan(lowered: &Lowered) -> MemoryPlan {
    let mut alive: Vec<Option<(usize, usize)>> = vec![None; lowered.buffers.len()];
    for (position, step) in lowered.steps.iter().enumerate() {
        for buffer in touched(step) {
            let (_, last) = alive[buffer].get_or_insert((position, position));
            *last = position;
        }
    }
    let mut plan = MemoryPlan { homes: vec![Home::Memory(0); alive.len()], len: 0 };
    let arguments = lowered.inputs.iter().enumerate().map(|(k, &buffer)| (buffer, Home::Argument(k)));
    let results = lowered.outputs.iter().enumerate().map(|(k, &buffer)| (buffer, Home::Result(k)));
    for (buffer, home) in arguments.chain(results) {
        plan.homes[buffer] = home;
        alive[buffer] = None;
    }
    let mut by_start: Vec<BufferId> = (0..alive.len()).filter(|&buffer| alive[buffer].is_some()).collect();
    by_start.sort_by_key(|&buffer| alive[buffer]);

    // What is in use now: (offset, end, last step), by offset.
    let mut used: Vec<(usize, usize, usize)> = Vec::new();
    for buffer in by_start {
        let (first, last) = alive[buffer].expect("filtered above");
        used.retain(|&(_, _, until)| until >= first);
        let size = lowered.buffers[buffer].next_multiple_of(LINE);
        let mut offset = 0;
        let mut place = used.len();
        for (index, &(start, end, _)) in used.iter().enumerate() {
            if offset + size <= start {
                place = index;
                break;
            }
            offset = end;
        }
        used.insert(place, (offset, offset + size, last));
        plan.homes[buffer] = Home::Memory(offset);
        plan.len = plan.len.max(offset + size);
    }
    plan
}
