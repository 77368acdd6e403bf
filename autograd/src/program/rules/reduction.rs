//! Reductions of what is repeated, scaled, moved or reduced already.

use super::{inputs_of, sign, through};
use crate::op::{Axes, Op};
use crate::program::builder::Builder;
use crate::program::graph::{Id, Ids};
use crate::structured::softmax::{log_sum, other_kind};
use pyroxene_kernels::softmax::Softmax;
use pyroxene_kernels::table::{Binary, Unary};
use pyroxene_tensor::Shape;
use smallvec::smallvec;

/// The same reduction over other axes.
fn over(op: &Op, axes: Axes) -> Op {
    match op {
        Op::Sum(_) => Op::Sum(axes),
        Op::Prod(_) => Op::Prod(axes),
        Op::Max(_) => Op::Max(axes),
        Op::Min(_) => Op::Min(axes),
        op => unreachable!("{} is no reduction", op.name()),
    }
}

fn reduce(builder: &mut Builder, op: &Op, axes: Axes, x: Id) -> Id {
    if axes.iter().next().is_none() {
        return x;
    }
    let shape = axes.keep(builder.graph.shape(x));
    builder.push(over(op, axes), smallvec![x], shape)
}

pub(super) fn over_axes_of_one(builder: &mut Builder, op: &Op, inputs: &Ids, _: &Shape) -> Option<Id> {
    let (_, axes) = op.reduction()?;
    let from = builder.graph.shape(inputs[0]);
    axes.iter().all(|axis| from[axis] == 1).then_some(inputs[0])
}

pub(super) fn without_axes_of_one(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    let (_, axes) = op.reduction()?;
    let from = builder.graph.shape(inputs[0]);
    if !from.contains(&1) {
        return None;
    }
    let long = (0..from.len()).filter(|&axis| from[axis] != 1);
    let left = Axes::new(long.clone().enumerate().filter(|&(_, axis)| axes.contains(axis)).map(|(place, _)| place));
    let squeezed = long.map(|axis| from[axis]).collect();
    let x = builder.reshape(inputs[0], &squeezed);
    let result = reduce(builder, op, left, x);
    Some(builder.reshape(result, shape))
}

/// A sum over repeated values is a product with their number.
pub(super) fn sum_of_expand(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    let Op::Sum(axes) = *op else { return None };
    let from = builder.graph.shape(inputs[0]).clone();
    let inner = through(builder, inputs[0], |op| matches!(op, Op::Expand))?;
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
    let x = builder.reshape(inner, &raised);
    let result = reduce(builder, op, left, x);
    let count = builder.scalar(repeats as f64);
    let scaled = builder.binary(Binary::Mul, result, count);
    Some(builder.expand(scaled, shape))
}

/// Whether a value, broadcast to `rank` axes, is the same all along these axes.
fn is_constant_along(builder: &Builder, id: Id, axes: Axes, rank: usize) -> bool {
    let own = builder.graph.shape(id);
    let added = rank - own.len();
    axes.iter().all(|axis| axis < added || own[axis - added] == 1)
}

/// Whether there is something to sum, so that no factor is multiplied with an empty sum.
fn sums_something(from: &Shape, axes: Axes) -> bool {
    axes.iter().all(|axis| from[axis] > 0)
}

/// Signs, and factors and divisors that are the same along the sum, are applied to the sum. Where a factor is infinite or a
/// divisor zero, a term of zero made the sum NaN; now it is the limit. Sums beyond 1e308 overflow even if a small factor
/// would have brought their terms back.
pub(super) fn sum_of_linear(builder: &mut Builder, op: &Op, inputs: &Ids, _: &Shape) -> Option<Id> {
    let Op::Sum(axes) = *op else { return None };
    let node = builder.graph.node(inputs[0]).clone();
    if !sums_something(&node.shape, axes) {
        return None;
    }
    if node.op == Op::Unary(Unary::Neg) {
        let sum = reduce(builder, op, axes, node.inputs[0]);
        return Some(builder.unary(Unary::Neg, sum));
    }
    let Op::Binary(outer @ (Binary::Mul | Binary::Div)) = node.op else { return None };
    let fits = |x: Id, factor: Id| {
        *builder.graph.shape(x) == node.shape && is_constant_along(builder, factor, axes, node.shape.len())
    };
    let (a, b) = (node.inputs[0], node.inputs[1]);
    let (x, factor) = if fits(a, b) {
        (a, b)
    } else if outer == Binary::Mul && fits(b, a) {
        (b, a)
    } else {
        return None;
    };
    let sum = reduce(builder, op, axes, x);
    Some(builder.binary(outer, sum, factor))
}

/// Offsets that are known or the same along the sum are summed apart, if all terms have one sign, so that nothing cancels.
pub(super) fn sum_of_offset(builder: &mut Builder, op: &Op, inputs: &Ids, _: &Shape) -> Option<Id> {
    let Op::Sum(axes) = *op else { return None };
    let node = builder.graph.node(inputs[0]).clone();
    let Op::Binary(outer @ (Binary::Add | Binary::Sub)) = node.op else { return None };
    if !sums_something(&node.shape, axes) {
        return None;
    }
    let one_sign = |a: Id, b: Id| match outer {
        Binary::Add => {
            sign::is_never_negative(builder, a) && sign::is_never_negative(builder, b)
                || sign::is_never_positive(builder, a) && sign::is_never_positive(builder, b)
        }
        _ => {
            sign::is_never_negative(builder, a) && sign::is_never_positive(builder, b)
                || sign::is_never_positive(builder, a) && sign::is_never_negative(builder, b)
        }
    };
    let is_offset =
        |id: Id| builder.graph.node(id).constant.is_some() || is_constant_along(builder, id, axes, node.shape.len());
    let (a, b) = (node.inputs[0], node.inputs[1]);
    if !(is_offset(a) || is_offset(b)) || !one_sign(a, b) {
        return None;
    }
    let mut apart = |id: Id| {
        let whole = builder.expand(id, &node.shape);
        reduce(builder, op, axes, whole)
    };
    let (a, b) = (apart(a), apart(b));
    Some(builder.binary(outer, a, b))
}

pub(super) fn sum_of_sum(builder: &mut Builder, op: &Op, inputs: &Ids, _: &Shape) -> Option<Id> {
    let Op::Sum(outer) = *op else { return None };
    let node = builder.graph.node(inputs[0]);
    let Op::Sum(inner) = node.op else { return None };
    let x = node.inputs[0];
    Some(reduce(builder, op, Axes::new(outer.iter().chain(inner.iter())), x))
}

pub(super) fn sum_of_reshape(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    let Op::Sum(axes) = *op else { return None };
    let x = through(builder, inputs[0], |op| matches!(op, Op::Reshape))?;
    if shape.iter().any(|&size| size != 1) || axes.iter().count() == 0 {
        return None;
    }
    // Other sums over axes of size one are reshaped themselves.
    let node = builder.graph.node(x);
    if node.shape.contains(&1) && !matches!(node.op, Op::Sum(_)) {
        return None;
    }
    let every = Axes::new(0..builder.graph.shape(x).len());
    let sum = reduce(builder, op, every, x);
    Some(builder.reshape(sum, shape))
}

/// The logarithm of a sum of exponentials, without overflow.
pub(super) fn log_of_sum_of_exp(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    if *op != Op::Unary(Unary::Ln) {
        return None;
    }
    let sum = through(builder, inputs[0], |op| matches!(op, Op::Reshape)).unwrap_or(inputs[0]);
    let node = builder.graph.node(sum);
    let Op::Sum(axes) = node.op else { return None };
    let sums = node.shape.clone();
    let x = through(builder, node.inputs[0], |op| *op == Op::Unary(Unary::Exp))?;
    let result = builder.push(log_sum(axes)?, smallvec![x], sums);
    Some(builder.reshape(result, shape))
}

pub(super) fn log_of_softmax(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    let &x = inputs.first()?;
    let parts = inputs_of(builder, x, |op| matches!(op, Op::Structured(_)))?;
    let Op::Structured(softmax) = &builder.graph.node(x).op else { return None };
    let other = match op {
        Op::Unary(Unary::Ln) => other_kind(softmax, Softmax::Plain, Softmax::Log)?,
        Op::Unary(Unary::Exp) => other_kind(softmax, Softmax::Log, Softmax::Plain)?,
        _ => return None,
    };
    Some(builder.push(other, parts, shape.clone()))
}
