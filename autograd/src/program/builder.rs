//! Simplification: the graph is built anew, and each node is simplified by the rules, folded or shared as it is added, so
//! that no node is ever looked at twice.

use super::graph::{Graph, Id, Ids};
use super::rules::{self, Fired};
use crate::eval;
use crate::op::Op;
use pyroxene_kernels::{Binary, Precision, Unary};
use pyroxene_tensor::{DType, Shape, Tensor};
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;

/// The graph with constants folded, common subexpressions shared and the rules applied; and how often each rule was.
pub(crate) fn simplify(graph: Graph) -> (Graph, Fired) {
    let mut builder = Builder::default();
    let Graph { inputs, narrow_inputs, narrow_outputs, .. } = graph;
    builder.graph = Graph { inputs, narrow_inputs, narrow_outputs, ..builder.graph };
    let mut renamed: Vec<Id> = Vec::with_capacity(graph.nodes.len());
    for node in graph.nodes {
        let inputs = node.inputs.iter().map(|&input| renamed[input as usize]).collect();
        renamed.push(match node.constant {
            Some(value) => builder.constant(value),
            None => builder.at(node.precision).push(node.op, inputs, node.shape),
        });
    }
    builder.graph.outputs = graph.outputs.iter().map(|&id| renamed[id as usize]).collect();
    builder.finish()
}

/// Where two constants are the same: their bits, or the storage and layout of large ones.
#[derive(PartialEq, Eq, Hash)]
enum ConstantKey {
    Number(u64),
    Bits(Vec<u64>, Shape),
    Storage(usize, usize, SmallVec<[isize; 4]>, Shape),
}

/// Constants of at most this many elements are compared by their bits.
const COMPARED: usize = 1 << 16;

#[derive(Default)]
pub(crate) struct Builder {
    pub(crate) graph: Graph,
    pub(super) fired: Fired,
    /// That of the node which is being added, and with it of all that rules put in its place.
    precision: Precision,
    seen: HashMap<(Op, Ids, Shape, Precision), Id>,
    constants: HashMap<ConstantKey, Id>,
}

impl Builder {
    /// The graph, and how often each rule was applied.
    pub(super) fn finish(self) -> (Graph, Fired) {
        (self.graph, self.fired)
    }

    /// Sets the precision of what is added next.
    pub(crate) fn at(&mut self, precision: Precision) -> &mut Self {
        self.precision = precision;
        self
    }

    pub(crate) fn scalar(&mut self, value: f64) -> Id {
        let graph = &mut self.graph;
        *self
            .constants
            .entry(ConstantKey::Number(value.to_bits()))
            .or_insert_with(|| graph.append(Op::Constant, smallvec![], smallvec![], Some(Tensor::scalar(value))))
    }

    /// A tensor of f64. One of equal numbers becomes a number that is repeated.
    pub(crate) fn constant(&mut self, value: Tensor) -> Id {
        let shape: Shape = value.shape().into();
        if let Some(number) = uniform(&value) {
            let number = self.scalar(number);
            return self.expand(number, &shape);
        }
        let key = match value.as_buffer() {
            // The graph keeps the tensor, so its address stays its own as long as the key.
            Some((data, offset)) if value.len() > COMPARED => {
                ConstantKey::Storage(data.as_ptr() as usize, offset, value.strides().into(), shape.clone())
            }
            _ => ConstantKey::Bits(value.iter_f64().map(f64::to_bits).collect(), shape.clone()),
        };
        let graph = &mut self.graph;
        *self.constants.entry(key).or_insert_with(|| graph.append(Op::Constant, smallvec![], shape, Some(value)))
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

    /// The value of a node that is known now: a constant, or one that is repeated.
    pub(super) fn known(&self, id: Id) -> Option<Tensor> {
        let node = self.graph.node(id);
        match node.op {
            Op::Expand => Some(self.graph.node(node.inputs[0]).constant.as_ref()?.expand(&node.shape)),
            _ => node.constant.clone(),
        }
    }

    /// The value of an operation on constants. A broadcast stays one, so that later work is done before it.
    fn fold(&self, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Tensor> {
        if matches!(op, Op::Expand | Op::Input(_)) {
            return None;
        }
        let values = inputs.iter().map(|&id| self.known(id)).collect::<Option<SmallVec<[Tensor; 3]>>>()?;
        let values: SmallVec<[&Tensor; 3]> = values.iter().collect();
        let weak: SmallVec<[bool; 3]> = values.iter().map(|_| false).collect();
        Some(eval::evaluate(op, &values, &weak, shape, DType::F64))
    }

    fn shared(&mut self, op: Op, mut inputs: Ids, shape: Shape) -> Id {
        if matches!(op, Op::Binary(op) if is_commutative(op)) {
            inputs.sort_unstable();
        }
        let precision = if op.has_precision() { self.precision } else { Precision::Double };
        let graph = &mut self.graph;
        *self.seen.entry((op, inputs, shape, precision)).or_insert_with_key(|(op, inputs, shape, _)| {
            graph.append_in(precision, op.clone(), inputs.clone(), shape.clone())
        })
    }

    pub(crate) fn unary(&mut self, op: Unary, x: Id) -> Id {
        self.elementwise(Op::Unary(op), smallvec![x])
    }

    pub(crate) fn binary(&mut self, op: Binary, a: Id, b: Id) -> Id {
        self.elementwise(Op::Binary(op), smallvec![a, b])
    }

    /// An elementwise operation on operands that broadcast.
    pub(crate) fn elementwise(&mut self, op: Op, inputs: Ids) -> Id {
        let shapes: SmallVec<[&[usize]; 3]> = inputs.iter().map(|&id| self.graph.shape(id).as_slice()).collect();
        let shape = pyroxene_tensor::shape::broadcast(op.name(), &shapes).expect("operands that broadcast");
        drop(shapes);
        self.push(op, inputs, shape)
    }

    pub(crate) fn expand(&mut self, x: Id, shape: &Shape) -> Id {
        if self.graph.shape(x) == shape { x } else { self.push(Op::Expand, smallvec![x], shape.clone()) }
    }

    pub(crate) fn reshape(&mut self, x: Id, shape: &Shape) -> Id {
        if self.graph.shape(x) == shape { x } else { self.push(Op::Reshape, smallvec![x], shape.clone()) }
    }
}

/// Whether the operands may change places without changing a bit.
pub(super) fn is_commutative(op: Binary) -> bool {
    use Binary::{Add, And, Equal, Max, Min, Mul, NotEqual, Or};
    matches!(op, Add | Mul | Min | Max | Equal | NotEqual | And | Or)
}

/// The number that all elements are, bit for bit.
fn uniform(value: &Tensor) -> Option<f64> {
    let mut values = value.iter_f64();
    let first = values.next()?;
    values.all(|value| value.to_bits() == first.to_bits()).then_some(first)
}
