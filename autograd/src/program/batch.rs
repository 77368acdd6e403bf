//! From a computation to that of many examples.
//!
//! A node of the new graph is either the same for all examples or has an axis of examples in front. What no example's own
//! input reaches is computed once. Elementwise operations, reductions, movements and matrix products shift their axes by
//! one; each structured operation says how it does many ([`Primitive::batched`](crate::structured::Primitive::batched)).

use super::builder::Builder;
use super::graph::{Graph, GraphNode, Id, Ids};
use super::rules::Fired;
use crate::op::{Axes, Op, Stride, Strides};
use crate::structured::{Batching as Rule, Each, Structured};
use pyroxene_tensor::{Shape, Tensor};
use smallvec::{SmallVec, smallvec};

/// Where the examples get an input from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The input gains an axis of examples.
    Each,
    /// All examples read the input.
    Shared,
    /// Each example reads its row of a constant; the new graph has no such input.
    Rows(Tensor),
}

/// How a graph of one example becomes that of `count`.
#[derive(Clone, Debug)]
pub(crate) struct Batching {
    pub(crate) count: usize,
    /// One for each input.
    pub(crate) inputs: Vec<Source>,
    /// Which outputs gain an axis of examples; the others must be the same for all.
    pub(crate) outputs: Vec<bool>,
}

/// The graph of many examples, simplified, and the rules that were applied.
pub(super) fn batch(graph: &Graph, batching: &Batching) -> (Graph, Fired) {
    let mut pass = Pass { graph, count: batching.count, builder: Builder::default(), values: vec![] };
    let mut given: Vec<Option<usize>> = vec![];
    pass.builder.graph.narrow_outputs = graph.narrow_outputs.clone();
    for (k, (source, shape)) in batching.inputs.iter().zip(&graph.inputs).enumerate() {
        let Graph { inputs, narrow_inputs, .. } = &mut pass.builder.graph;
        if graph.narrow_inputs.contains(&k) {
            narrow_inputs.insert(inputs.len());
        }
        given.push((!matches!(source, Source::Rows(_))).then_some(inputs.len()));
        match source {
            Source::Each => inputs.push(in_front(batching.count, shape)),
            Source::Shared => inputs.push(shape.clone()),
            Source::Rows(_) => {}
        }
    }
    for node in &graph.nodes {
        let value = match (&node.op, &node.constant) {
            (_, Some(constant)) => Value { id: pass.builder.constant(constant.clone()), each: false },
            (Op::Input(k), _) => match (&batching.inputs[*k], given[*k]) {
                (Source::Rows(rows), _) => Value { id: pass.builder.constant(rows.clone()), each: true },
                (source, place) => {
                    let each = matches!(source, Source::Each);
                    let op = Op::Input(place.expect("all but rows are given"));
                    Value { id: pass.push(op, smallvec![], &node.shape, each), each }
                }
            },
            _ => {
                pass.builder.at(node.precision);
                pass.node(node)
            }
        };
        pass.values.push(value);
    }
    let outputs = graph.outputs.iter().zip(&batching.outputs).map(|(&id, &each)| {
        let value = pass.values[id as usize];
        assert!(each || !value.each, "an output of all examples depends on the example");
        if each { pass.with_axis(id) } else { value.id }
    });
    let outputs = outputs.collect();
    pass.builder.graph.outputs = outputs;
    pass.builder.finish()
}

/// The shape with an axis of examples.
fn in_front(count: usize, shape: &[usize]) -> Shape {
    std::iter::once(count).chain(shape.iter().copied()).collect()
}

/// What stands for a node of one example.
#[derive(Clone, Copy)]
struct Value {
    id: Id,
    /// Whether it has an axis of examples.
    each: bool,
}

struct Pass<'g> {
    /// The graph of one example.
    graph: &'g Graph,
    count: usize,
    builder: Builder,
    /// For each node of `graph`.
    values: Vec<Value>,
}

impl Pass<'_> {
    fn value(&self, id: Id) -> Value {
        self.values[id as usize]
    }

    /// Adds a node that has this shape for one example.
    fn push(&mut self, op: Op, inputs: Ids, shape: &Shape, each: bool) -> Id {
        let shape = if each { in_front(self.count, shape) } else { shape.clone() };
        self.builder.push(op, inputs, shape)
    }

    /// A value with its axis of examples, whether they differ or not.
    fn with_axis(&mut self, id: Id) -> Id {
        let value = self.value(id);
        let shape = in_front(self.count, self.graph.shape(id));
        if value.each { value.id } else { self.builder.expand(value.id, &shape) }
    }

    /// A value that broadcasts with others of this rank as one example's does.
    fn aligned(&mut self, id: Id, rank: usize) -> Id {
        let value = self.value(id);
        let shape = self.graph.shape(id);
        if !value.each || shape.len() == rank {
            return value.id;
        }
        let ones = std::iter::repeat_n(1, rank - shape.len());
        let shape = std::iter::once(self.count).chain(ones).chain(shape.iter().copied()).collect();
        self.builder.reshape(value.id, &shape)
    }

    fn node(&mut self, node: &GraphNode) -> Value {
        let each: SmallVec<[bool; 4]> = node.inputs.iter().map(|&id| self.value(id).each).collect();
        if !each.contains(&true) {
            let inputs = node.inputs.iter().map(|&id| self.value(id).id).collect();
            return Value { id: self.push(node.op.clone(), inputs, &node.shape, false), each: false };
        }
        let rank = node.shape.len();
        let first = self.value(node.inputs[0]).id;
        let of_first = |op: Op| (op, smallvec![first]);
        let (op, inputs): (Op, Ids) = match &node.op {
            Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Expand => {
                (node.op.clone(), node.inputs.iter().map(|&id| self.aligned(id, rank)).collect())
            }
            Op::Sum(axes) => of_first(Op::Sum(shifted(*axes))),
            Op::Prod(axes) => of_first(Op::Prod(shifted(*axes))),
            Op::Max(axes) => of_first(Op::Max(shifted(*axes))),
            Op::Min(axes) => of_first(Op::Min(shifted(*axes))),
            Op::Reshape | Op::Diagonal | Op::DiagEmbed => of_first(node.op.clone()),
            Op::Permute(order) => {
                of_first(Op::Permute(std::iter::once(0).chain(order.iter().map(|a| a + 1)).collect()))
            }
            Op::Slice(ranges) => of_first(Op::Slice(self.of_all(ranges))),
            Op::Unslice(parts) => {
                let op = Op::Unslice(parts.iter().map(|ranges| self.of_all(ranges)).collect());
                (op, node.inputs.iter().map(|&id| self.with_axis(id)).collect())
            }
            Op::Concat(axis) => (Op::Concat(axis + 1), node.inputs.iter().map(|&id| self.with_axis(id)).collect()),
            Op::Matmul { .. } => return Value { id: self.matmul(node), each: true },
            Op::Structured(op) => {
                let inputs = node.inputs.iter().map(|&id| self.value(id).id).collect();
                (Op::Structured(many(op, &each)), inputs)
            }
            Op::Constant | Op::Input(_) | Op::Scalar(_) | Op::Cast(_) | Op::StopGradient | Op::Custom(_) => {
                unreachable!("{} has no inputs, or was resolved by the import", node.op.name())
            }
        };
        Value { id: self.push(op, inputs, &node.shape, true), each: true }
    }

    /// The same ranges of every example.
    fn of_all(&self, ranges: &[Stride]) -> Strides {
        let all = Stride { start: 0, step: 1, len: self.count };
        std::iter::once(all).chain(ranges.iter().copied()).collect()
    }

    /// Products with a matrix that all examples share are one product with the rows of all of them.
    fn matmul(&mut self, node: &GraphNode) -> Id {
        let [a, b] = [node.inputs[0], node.inputs[1]];
        let (left, right) = (self.graph.shape(a).clone(), self.graph.shape(b).clone());
        let [m, k, n] = [left[left.len() - 2], right[right.len() - 2], right[right.len() - 1]];
        let rows = |len: usize, width: usize| -> Shape { smallvec![len, width] };
        let batch = |shape: &[usize]| self.count * shape[..shape.len() - 2].iter().product::<usize>();
        let (product, shape) = match (self.value(a), self.value(b)) {
            (Value { id, each: true }, Value { id: shared, each: false }) if right.len() == 2 => {
                let all = batch(&left) * m;
                let a = self.builder.reshape(id, &rows(all, k));
                (smallvec![a, shared], rows(all, n))
            }
            (Value { id: shared, each: false }, Value { id, each: true }) if left.len() == 2 && n == 1 => {
                let all = batch(&right);
                let b = self.builder.reshape(id, &rows(all, k));
                let turned = self.builder.push(Op::Permute(smallvec![1, 0]), smallvec![shared], rows(k, m));
                (smallvec![b, turned], rows(all, m))
            }
            _ => {
                let inputs = node.inputs.iter().map(|&id| self.aligned(id, node.shape.len())).collect();
                return self.push(node.op.clone(), inputs, &node.shape, true);
            }
        };
        let product = self.builder.push(node.op.clone(), product, shape);
        self.builder.reshape(product, &in_front(self.count, &node.shape))
    }
}

/// The axes behind that of the examples.
fn shifted(axes: Axes) -> Axes {
    Axes::new(axes.iter().map(|axis| axis + 1))
}

/// The operation for many examples.
fn many(op: &Structured, each: &[bool]) -> Structured {
    match op.batched(each) {
        Rule::Itself if each.iter().all(|&each| each) => op.clone(),
        Rule::By(op) => op,
        Rule::Itself | Rule::OneByOne => Structured::new(Each { op: op.clone(), each: each.into() }),
    }
}
