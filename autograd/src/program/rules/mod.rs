//! The rules of simplification, each with a name by which [`explain`](super::Program::explain) counts it.
//!
//! Two lists hold them all: `elementwise` is a table of patterns that are matched and tested as data, `STRUCTURE` below
//! names those that look at shapes and axes. A rule keeps NaN, infinities and the value to within the rounding of a few
//! operations, except where what it replaces went wrong (overflow, cancellation), which its row then states. The sign of a
//! zero is not kept. No rule makes work that its replacement does not save, even if parts of the pattern stay in use.

mod elementwise;
mod indexing;
mod movement;
mod pattern;
mod reduction;
mod sign;
mod spread;

use super::builder::Builder;
use super::graph::{Id, Ids};
use crate::op::Op;
use pyroxene_tensor::Shape;
use std::collections::BTreeMap;

/// How often each rule was applied, by name.
pub(super) type Fired = BTreeMap<&'static str, usize>;

/// A rule in code: an existing or simpler node for `op(inputs)` of this shape, if the rule applies.
type Rule = fn(&mut Builder, &Op, &Ids, &Shape) -> Option<Id>;

/// The rules that look at shapes and axes, in the order in which they are tried.
const STRUCTURE: &[(&str, Rule)] = &[
    ("f(Expand(x)) => Expand(f(x))", spread::elementwise_before_expand),
    ("f(x) of one element, or with axes of size one => Reshape(f(Reshape(x)))", spread::without_axes_of_one),
    ("f(Reshape(g(x))) => Reshape(f(g(x)))", spread::elementwise_before_movement),
    ("Where(known, x, y) => x or y", spread::known_condition),
    ("f(Where(x, c, d)) => Where(x, f(c), f(d))", spread::function_of_choice),
    ("Expand to the same shape, or of Expand", movement::expand),
    ("Reshape to the same shape, or of Reshape", movement::reshape),
    ("Permute to the same order, or of Permute", movement::permute),
    ("Slice(Slice(x)) => Slice(x)", movement::slice_of_slice),
    ("Slice(Concat(.., x, ..)) => Slice(x)", movement::slice_of_concat),
    ("Slice(Unslice(.., x, ..)) => x", movement::slice_of_unslice),
    ("Slice(Expand(x)) => Expand(Slice(x))", movement::slice_of_expand),
    ("Diagonal(DiagEmbed(x)) => x", movement::diagonal_of_diagonal),
    ("IndexSelect(IndexAdd(x, i), i) => x, for distinct i", indexing::select_of_add),
    ("IndexAdd(f(x, s), i) => f(IndexAdd(x, i), s), linear f", indexing::linear_before_add),
    ("reduction over axes of size one => x", reduction::over_axes_of_one),
    ("Sum(Sum(x)) => Sum(x)", reduction::sum_of_sum),
    ("reduction without axes of size one", reduction::without_axes_of_one),
    ("Sum(Expand(x)) => n * Sum(x)", reduction::sum_of_expand),
    ("Sum(f(x, s)) => f(Sum(x), s), linear f", reduction::sum_of_linear),
    ("Sum(n - p) => Sum(n) - Sum(p), for spread p", reduction::sum_of_offset),
    ("Sum(Reshape(x)) => Sum(x), over all axes", reduction::sum_of_reshape),
    ("Ln(Sum(Exp(x))) => LogSumExp(x)", reduction::log_of_sum_of_exp),
    ("Ln(Softmax(x)) => LogSoftmax(x), Exp(LogSoftmax(x)) => Softmax(x)", reduction::log_of_softmax),
];

/// An existing or simpler node for `op(inputs)`, if a rule knows one.
pub(super) fn simplify(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    let (name, id) = elementwise::apply(builder, op, inputs, shape)
        .or_else(|| STRUCTURE.iter().find_map(|&(name, rule)| rule(builder, op, inputs, shape).map(|id| (name, id))))?;
    debug_assert_eq!(builder.graph.shape(id), shape, "{name}");
    *builder.fired.entry(name).or_default() += 1;
    Some(id)
}

/// What `explain` says of a rule beside its name: where it makes a computation more accurate than it was written.
pub(super) fn remark(name: &str) -> Option<&'static str> {
    elementwise::improvement(name)
}

/// The inputs of `id` if it is an operation of the given kind.
fn inputs_of(builder: &Builder, id: Id, kind: impl Fn(&Op) -> bool) -> Option<Ids> {
    let node = builder.graph.node(id);
    kind(&node.op).then(|| node.inputs.clone())
}

/// The input of `id` if `id` is an operation of the given kind.
fn through(builder: &Builder, id: Id, kind: impl Fn(&Op) -> bool) -> Option<Id> {
    inputs_of(builder, id, kind).map(|inputs| inputs[0])
}

#[cfg(test)]
mod tests;
