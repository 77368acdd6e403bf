//! Algebraic rules, applied as a node is added. Each keeps the value up to rounding, and NaN and infinities as they are, but
//! that `ln(exp(x))` becomes `x`, which does not overflow.

use super::graph::{Builder, Id, Ids};
use crate::op::{Axes, Op};
use pyroxene_kernels::table::{Binary, Unary};
use pyroxene_tensor::Shape;
use smallvec::SmallVec;

/// An existing or simpler node for `op(inputs)`, if a rule knows one.
pub(crate) fn simplify(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    match op {
        Op::Unary(_) | Op::Binary(_) | Op::Select => {
            sink_broadcast(builder, op, inputs, shape).or_else(|| elementwise(builder, op, inputs, shape))
        }
        Op::Reshape => {
            if builder.graph.shape(inputs[0]) == shape {
                return Some(inputs[0]);
            }
            let inner = through(builder, inputs[0], |op| matches!(op, Op::Reshape))?;
            Some(builder.reshape(inner, shape))
        }
        Op::Expand => {
            if builder.graph.shape(inputs[0]) == shape {
                return Some(inputs[0]);
            }
            let inner = through(builder, inputs[0], |op| matches!(op, Op::Expand))?;
            Some(builder.expand(inner, shape))
        }
        Op::Sum(axes) => sum(builder, *axes, inputs[0], shape),
        Op::Prod(axes) | Op::Max(axes) | Op::Min(axes) => {
            axes.iter().all(|axis| builder.graph.shape(inputs[0])[axis] == 1).then_some(inputs[0])
        }
        _ => None,
    }
}

/// The input of `id` if `id` is an operation of the given kind.
fn through(builder: &Builder, id: Id, kind: impl Fn(&Op) -> bool) -> Option<Id> {
    let node = builder.graph.node(id);
    kind(&node.op).then(|| node.inputs[0])
}

/// Elementwise work is done before the broadcast, not after: `f(expand(x)) = expand(f(x))`.
fn sink_broadcast(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    let bare: Ids =
        inputs.iter().map(|&id| through(builder, id, |op| matches!(op, Op::Expand)).unwrap_or(id)).collect();
    if bare == *inputs {
        return None;
    }
    let joint = {
        let shapes: SmallVec<[&[usize]; 3]> = bare.iter().map(|&id| builder.graph.shape(id).as_slice()).collect();
        pyroxene_tensor::shape::broadcast(op.name(), &shapes).expect("operands broadcast")
    };
    let small = builder.push(op.clone(), bare, joint);
    Some(builder.expand(small, shape))
}

fn elementwise(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    let negated = |builder: &Builder, id: Id| through(builder, id, |op| matches!(op, Op::Unary(Unary::Neg)));
    match op {
        Op::Unary(Unary::Neg) => negated(builder, inputs[0]),
        Op::Unary(Unary::Ln) => through(builder, inputs[0], |op| matches!(op, Op::Unary(Unary::Exp))),
        Op::Select => {
            let taken = if uniform_truth(builder, inputs[0])? { inputs[1] } else { inputs[2] };
            Some(builder.expand(taken, shape))
        }
        Op::Binary(op) => {
            let (a, b) = (inputs[0], inputs[1]);
            let (left, right) = (builder.graph.scalar(a), builder.graph.scalar(b));
            let result = match (op, left, right) {
                (Binary::Mul, Some(1.0), _) => b,
                (Binary::Mul | Binary::Div | Binary::Pow, _, Some(1.0)) => a,
                (Binary::Add, Some(0.0), _) => b,
                (Binary::Add | Binary::Sub, _, Some(0.0)) => a,
                (Binary::Sub, Some(0.0), _) => builder.unary(Unary::Neg, b),
                (Binary::Mul, Some(-1.0), _) => builder.unary(Unary::Neg, b),
                (Binary::Mul | Binary::Div, _, Some(-1.0)) => builder.unary(Unary::Neg, a),
                (Binary::Pow, _, Some(2.0)) => builder.unary(Unary::Square, a),
                (Binary::Pow, _, Some(-1.0)) => builder.unary(Unary::Recip, a),
                (Binary::Mul, _, _) if a == b => builder.unary(Unary::Square, a),
                // The support checks of positive variables that were made by an exponential. NaN compares false too.
                (Binary::Less, _, Some(bound)) if bound <= 0.0 && is_never_negative(builder, a) => builder.scalar(0.0),
                (Binary::Add, _, _) => match (negated(builder, a), negated(builder, b)) {
                    (_, Some(b)) => builder.binary(Binary::Sub, a, b),
                    (Some(a), None) => builder.binary(Binary::Sub, b, a),
                    (None, None) => return None,
                },
                (Binary::Sub, _, _) => builder.binary(Binary::Add, a, negated(builder, b)?),
                (Binary::Mul | Binary::Div, _, _) => {
                    let (a, b) = (negated(builder, a)?, negated(builder, b)?);
                    builder.binary(*op, a, b)
                }
                _ => return None,
            };
            Some(builder.expand(result, shape))
        }
        _ => None,
    }
}

/// Whether a value is zero, positive or NaN whatever its input.
fn is_never_negative(builder: &Builder, id: Id) -> bool {
    use Unary::{Abs, Exp, Sigmoid, Softplus, Sqrt, Square};
    matches!(builder.graph.node(id).op, Op::Unary(Exp | Square | Abs | Sqrt | Sigmoid | Softplus))
}

/// The value of a condition that is known now and the same everywhere, such as whether any data lies outside a support.
fn uniform_truth(builder: &Builder, condition: Id) -> Option<bool> {
    let mut values = builder.graph.node(condition).constant.as_ref()?.iter_f64().map(|value| value != 0.0);
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

/// A sum over repeated values is a product with their number; axes of size one need no sum; sums of sums join.
fn sum(builder: &mut Builder, axes: Axes, x: Id, shape: &Shape) -> Option<Id> {
    let from = builder.graph.shape(x).clone();
    if axes.iter().all(|axis| from[axis] == 1) {
        return Some(x);
    }
    let inner = through(builder, x, |op| matches!(op, Op::Expand))?;
    let small = builder.graph.shape(inner).clone();
    let added = from.len() - small.len();
    // The same axes with the broadcast undone.
    let raised: Shape = (0..from.len()).map(|axis| if axis < added { 1 } else { small[axis - added] }).collect();
    let repeats: usize = axes.iter().filter(|&axis| raised[axis] == 1).map(|axis| from[axis]).product();
    if repeats == 0 {
        // Nothing is summed: zero times an infinite value would be NaN.
        return None;
    }
    let left = Axes::new(axes.iter().filter(|&axis| raised[axis] != 1));
    let mut result = builder.reshape(inner, &raised);
    if left.iter().next().is_some() {
        result = builder.push(Op::Sum(left), SmallVec::from_slice(&[result]), left.keep(&raised));
    }
    let count = builder.scalar(repeats as f64);
    let scaled = builder.binary(Binary::Mul, result, count);
    Some(builder.expand(scaled, shape))
}
