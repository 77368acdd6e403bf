//! The order of work, and which elementwise nodes share a loop.
//!
//! Every node gets a stage: one more than the stages it waits for, but the same as those of its elementwise inputs of the
//! same shape. Nodes of one stage and one shape then form one fused loop, with the sums over them as its tails: a loop
//! never waits for itself, because whatever lies between two of its nodes outside the loop raises the stage.

use super::graph::{Graph, Id};
use crate::op::Op;
use pyroxene_tensor::Shape;
use std::collections::HashMap;

/// One piece of work.
#[derive(Debug)]
pub(crate) enum Unit {
    /// Elementwise nodes and reductions over one iteration space, in topological order.
    Loop { shape: Shape, nodes: Vec<Id> },
    /// A node that only looks at its input in another way.
    View(Id),
    /// Any other node.
    Single(Id),
}

/// A loop has at most this many nodes: its registers are numbered in 16 bits, and its compilation is not linear.
const LOOP_NODES: usize = 1024;

fn is_elementwise(op: &Op) -> bool {
    matches!(op, Op::Unary(_) | Op::Binary(_) | Op::Select)
}

fn is_reduction(op: &Op) -> bool {
    op.reduction().is_some()
}

pub(crate) fn is_view(op: &Op) -> bool {
    matches!(op, Op::Reshape | Op::Expand | Op::Permute(_) | Op::Slice(_) | Op::Diagonal)
}

/// The units in an order in which each finds its inputs ready. The graph has no dead code.
pub(crate) fn schedule(graph: &Graph) -> Vec<Unit> {
    let mut stage = vec![0u32; graph.nodes.len()];
    // The stage from which others may read the node.
    let mut ready = vec![0u32; graph.nodes.len()];
    let mut loops: HashMap<(u32, &Shape), usize> = HashMap::new();
    // (stage, views first, first node) orders the units.
    let mut units: Vec<((u32, bool, Id), Unit)> = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        let id = index as Id;
        let after_inputs = node.inputs.iter().map(|&input| ready[input as usize]).max().unwrap_or(0);
        let shape = match &node.op {
            Op::Constant | Op::Scalar(_) | Op::Input(_) => continue,
            op if is_view(op) => {
                (stage[index], ready[index]) = (after_inputs, after_inputs);
                units.push(((after_inputs, false, id), Unit::View(id)));
                continue;
            }
            op if is_elementwise(op) => {
                let wait = |&input: &Id| {
                    let node = graph.node(input);
                    let joins = is_elementwise(&node.op) && node.shape == graph.nodes[index].shape;
                    if joins { stage[input as usize] } else { ready[input as usize] }
                };
                stage[index] = node.inputs.iter().map(wait).max().unwrap_or(0);
                &node.shape
            }
            op if is_reduction(op) => {
                let input = node.inputs[0];
                stage[index] = if is_elementwise(&graph.node(input).op) { stage[input as usize] } else { after_inputs };
                graph.shape(input)
            }
            _ => {
                (stage[index], ready[index]) = (after_inputs, after_inputs + 1);
                units.push(((after_inputs, true, id), Unit::Single(id)));
                continue;
            }
        };
        ready[index] = stage[index] + 1;
        let unit = *loops.entry((stage[index], shape)).or_insert_with(|| {
            units.push(((stage[index], true, id), Unit::Loop { shape: shape.clone(), nodes: Vec::new() }));
            units.len() - 1
        });
        let Unit::Loop { nodes, .. } = &mut units[unit].1 else { unreachable!("loops holds loops") };
        nodes.push(id);
    }
    units.sort_by_key(|&(order, _)| order);
    units.into_iter().flat_map(|(_, unit)| split(unit)).collect()
}

/// Cuts a long loop into pieces; nodes are in topological order, so each piece reads earlier ones only.
fn split(unit: Unit) -> Vec<Unit> {
    match unit {
        Unit::Loop { shape, nodes } if nodes.len() > LOOP_NODES => {
            let piece = |nodes: &[Id]| Unit::Loop { shape: shape.clone(), nodes: nodes.to_vec() };
            nodes.chunks(LOOP_NODES).map(piece).collect()
        }
        unit => vec![unit],
    }
}
