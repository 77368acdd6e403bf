//! The intermediate representation: a flat list of nodes in topological order, all of them f64.
//!
//! Booleans are 0 and 1, whole numbers are exact up to 2^53 (larger constants are refused). The builder folds constants,
//! shares common subexpressions and applies the algebraic rules as nodes are added, so that no later pass has to.

use super::rules;
use crate::eval;
use crate::op::Op;
use pyroxene_kernels::table::{Binary, Unary};
use pyroxene_tensor::{DType, Shape, Tensor};
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;

pub(crate) type Id = u32;
pub(crate) type Ids = SmallVec<[Id; 3]>;

#[derive(Clone, Debug)]
pub(crate) struct GraphNode {
    pub(crate) op: Op,
    pub(crate) inputs: Ids,
    pub(crate) shape: Shape,
    /// The value, for `Op::Constant`.
    pub(crate) constant: Option<Tensor>,
}

impl GraphNode {
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<GraphNode>,
    pub(crate) outputs: Vec<Id>,
    /// The shape of each input of the Program, used or not.
    pub(crate) inputs: Vec<Shape>,
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
        match &self.node(id).op {
            Op::Constant if self.node(id).len() == 1 => self.node(id).constant.as_ref().map(Tensor::item),
            _ => None,
        }
    }

    /// Which nodes the outputs need.
    pub(crate) fn live(&self) -> Vec<bool> {
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
    pub(crate) fn without_dead_code(self) -> Graph {
        let live = self.live();
        let mut renamed = vec![Id::MAX; self.nodes.len()];
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for (index, mut node) in self.nodes.into_iter().enumerate().filter(|&(index, _)| live[index]) {
            renamed[index] = nodes.len() as Id;
            node.inputs.iter_mut().for_each(|input| *input = renamed[*input as usize]);
            nodes.push(node);
        }
        let outputs = self.outputs.into_iter().map(|id| renamed[id as usize]).collect();
        Graph { nodes, outputs, inputs: self.inputs }
    }

    /// Checks what every pass must keep: inputs come first, constants hold values of their shape, elementwise operands
    /// broadcast to the node's shape, movements keep the number of elements.
    pub(crate) fn verify(&self) {
        for (index, node) in self.nodes.iter().enumerate() {
            let name = node.op.name();
            assert!(node.inputs.iter().all(|&input| (input as usize) < index), "{name} at {index} reads a later node");
            match &node.op {
                Op::Constant => {
                    let value = node.constant.as_ref().expect("a constant has a value");
                    assert_eq!(value.shape(), node.shape.as_slice(), "constant at {index}");
                }
                Op::Unary(_) | Op::Binary(_) | Op::Select => {
                    let shapes: Vec<&[usize]> = node.inputs.iter().map(|&input| self.shape(input).as_slice()).collect();
                    let joint = pyroxene_tensor::shape::broadcast(name, &shapes).expect("operands broadcast");
                    assert_eq!(joint, node.shape, "{name} at {index}");
                }
                Op::Reshape | Op::Permute(_) => {
                    assert_eq!(self.node(node.inputs[0]).len(), node.len(), "{name} at {index}");
                }
                _ => {}
            }
        }
        assert!(self.outputs.iter().all(|&id| (id as usize) < self.nodes.len()), "an output does not exist");
    }
}

/// Where two constants are the same: the bits of a scalar, or the storage and layout of a tensor.
#[derive(PartialEq, Eq, Hash)]
enum ConstantKey {
    Scalar(u64, Shape),
    Tensor(usize, usize, SmallVec<[isize; 4]>, Shape),
}

#[derive(Default)]
pub(crate) struct Builder {
    pub(crate) graph: Graph,
    seen: HashMap<(Op, Ids, Shape), Id>,
    constants: HashMap<ConstantKey, Id>,
}

impl Builder {
    fn append(&mut self, op: Op, inputs: Ids, shape: Shape, constant: Option<Tensor>) -> Id {
        let id = self.graph.nodes.len() as Id;
        self.graph.nodes.push(GraphNode { op, inputs, shape, constant });
        id
    }

    pub(crate) fn scalar(&mut self, value: f64) -> Id {
        self.constant(Tensor::scalar(value))
    }

    pub(crate) fn constant(&mut self, value: Tensor) -> Id {
        let shape: Shape = value.shape().into();
        let key = if value.len() == 1 {
            ConstantKey::Scalar(value.item().to_bits(), shape.clone())
        } else {
            let Some((data, offset)) = value.as_arc() else {
                return self.append(Op::Constant, smallvec![], shape, Some(as_f64(&value)));
            };
            ConstantKey::Tensor(data.as_ptr() as usize, offset, value.strides().into(), shape.clone())
        };
        if let Some(&id) = self.constants.get(&key) {
            return id;
        }
        let id = self.append(Op::Constant, smallvec![], shape, Some(as_f64(&value)));
        // The graph keeps the tensor, so its address stays its own as long as the key.
        self.constants.insert(key, id);
        id
    }

    pub(crate) fn input(&mut self, index: usize, shape: Shape) -> Id {
        self.shared(Op::Input(index), smallvec![], shape)
    }

    /// Adds an operation: simplified, folded or shared where it can be.
    pub(crate) fn push(&mut self, op: Op, inputs: Ids, shape: Shape) -> Id {
        if let Some(id) = rules::simplify(self, &op, &inputs, &shape) {
            return id;
        }
        match self.fold(&op, &inputs, &shape) {
            Some(value) => self.constant(value),
            None => self.shared(op, inputs, shape),
        }
    }

    /// The value of an operation on constants. A broadcast stays one, so that later work is done before it.
    fn fold(&self, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Tensor> {
        if matches!(op, Op::Expand | Op::Input(_)) {
            return None;
        }
        let constant = |id: &Id| self.graph.node(*id).constant.as_ref();
        let values = inputs.iter().map(constant).collect::<Option<SmallVec<[&Tensor; 3]>>>()?;
        let weak: SmallVec<[bool; 3]> = values.iter().map(|_| false).collect();
        Some(eval::evaluate(op, &values, &weak, shape, DType::F64))
    }

    fn shared(&mut self, op: Op, mut inputs: Ids, shape: Shape) -> Id {
        if let Op::Binary(
            Binary::Add | Binary::Mul | Binary::Min | Binary::Max | Binary::Equal | Binary::And | Binary::Or,
        ) = op
        {
            inputs.sort_unstable();
        }
        if let Some(&id) = self.seen.get(&(op.clone(), inputs.clone(), shape.clone())) {
            return id;
        }
        let id = self.append(op.clone(), inputs.clone(), shape.clone(), None);
        self.seen.insert((op, inputs, shape), id);
        id
    }

    pub(crate) fn unary(&mut self, op: Unary, x: Id) -> Id {
        let shape = self.graph.shape(x).clone();
        self.push(Op::Unary(op), smallvec![x], shape)
    }

    pub(crate) fn binary(&mut self, op: Binary, a: Id, b: Id) -> Id {
        let shapes: [&[usize]; 2] = [self.graph.shape(a), self.graph.shape(b)];
        let shape = pyroxene_tensor::shape::broadcast(op.name(), &shapes).expect("operands that broadcast");
        self.push(Op::Binary(op), smallvec![a, b], shape)
    }

    pub(crate) fn expand(&mut self, x: Id, shape: &Shape) -> Id {
        if self.graph.shape(x) == shape { x } else { self.push(Op::Expand, smallvec![x], shape.clone()) }
    }

    pub(crate) fn reshape(&mut self, x: Id, shape: &Shape) -> Id {
        if self.graph.shape(x) == shape { x } else { self.push(Op::Reshape, smallvec![x], shape.clone()) }
    }
}

/// A constant as the Program carries it.
fn as_f64(value: &Tensor) -> Tensor {
    if value.dtype() == DType::I64 {
        let large = value.to_vec::<i64>().into_iter().find(|v| v.unsigned_abs() > 1 << 53);
        if let Some(large) = large {
            crate::shape::fail(format_args!("a Program carries whole numbers up to 2^53, got the constant {large}"));
        }
    }
    value.cast(DType::F64)
}
