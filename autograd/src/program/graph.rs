//! The intermediate representation: a flat list of nodes in topological order, all of them f64. Those that are f32 on the tape
//! are computed in single precision where that is faster.
//!
//! Booleans are 0 and 1, whole numbers are exact up to 2^53 (larger constants are refused).

use crate::op::Op;
use pyroxene_kernels::Precision;
use pyroxene_tensor::{Shape, Tensor};
use smallvec::SmallVec;
use std::collections::BTreeSet;

pub(crate) type Id = u32;
pub(crate) type Ids = SmallVec<[Id; 3]>;

#[derive(Clone, Debug)]
pub(crate) struct GraphNode {
    pub(crate) op: Op,
    pub(crate) inputs: Ids,
    pub(crate) shape: Shape,
    /// The value, for `Op::Constant`.
    pub(crate) constant: Option<Tensor>,
    /// How precise the result of an elementwise operation or a reduction must be; others have it in double precision.
    pub(crate) precision: Precision,
}

impl GraphNode {
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<GraphNode>,
    pub(crate) outputs: Vec<Id>,
    /// The shape of each input of the Program, used or not.
    pub(crate) inputs: Vec<Shape>,
    /// Which inputs and outputs are f32, two in the place of each f64.
    pub(crate) narrow_inputs: BTreeSet<usize>,
    pub(crate) narrow_outputs: BTreeSet<usize>,
}

impl Graph {
    pub(crate) fn node(&self, id: Id) -> &GraphNode {
        &self.nodes[id as usize]
    }

    pub(crate) fn shape(&self, id: Id) -> &Shape {
        &self.node(id).shape
    }

    /// The value of a node that is one number known now.
    pub(crate) fn scalar(&self, id: Id) -> Option<f64> {
        let node = self.node(id);
        node.constant.as_ref().filter(|value| value.len() == 1).map(Tensor::item)
    }

    /// Adds a node as it is, in double precision.
    pub(crate) fn append(&mut self, op: Op, inputs: Ids, shape: Shape, constant: Option<Tensor>) -> Id {
        let id = self.nodes.len() as Id;
        self.nodes.push(GraphNode { op, inputs, shape, constant, precision: Precision::Double });
        id
    }

    /// Adds a node as it is, in this precision if its operation has any.
    pub(crate) fn append_in(&mut self, precision: Precision, op: Op, inputs: Ids, shape: Shape) -> Id {
        let precision = if op.has_precision() { precision } else { Precision::Double };
        let id = self.append(op, inputs, shape, None);
        self.nodes[id as usize].precision = precision;
        id
    }

    /// Which nodes the outputs need.
    fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.nodes.len()];
        for &id in &self.outputs {
            live[id as usize] = true;
        }
        for index in (0..self.nodes.len()).rev() {
            if live[index] {
                for &input in &self.nodes[index].inputs {
                    live[input as usize] = true;
                }
            }
        }
        live
    }

    /// The graph without the nodes that no output needs.
    pub(crate) fn without_dead_code(mut self) -> Graph {
        let live = self.live();
        let mut renamed = vec![Id::MAX; self.nodes.len()];
        let mut nodes = Vec::with_capacity(self.nodes.len());
        let all = std::mem::take(&mut self.nodes);
        for (index, mut node) in all.into_iter().enumerate().filter(|&(index, _)| live[index]) {
            renamed[index] = nodes.len() as Id;
            node.inputs.iter_mut().for_each(|input| *input = renamed[*input as usize]);
            nodes.push(node);
        }
        let outputs = self.outputs.iter().map(|&id| renamed[id as usize]).collect();
        Graph { nodes, outputs, ..self }
    }
}
