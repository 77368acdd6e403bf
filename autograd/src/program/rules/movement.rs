//! Movements of movements.

use super::through;
use crate::op::{Op, Stride, Strides};
use crate::program::builder::Builder;
use crate::program::graph::{Id, Ids};
use pyroxene_tensor::Shape;
use smallvec::smallvec;

fn is_one_element(builder: &Builder, id: Id) -> bool {
    builder.graph.node(id).len() == 1
}

/// One element, repeated, if `id` is that.
fn repeated(builder: &mut Builder, id: Id) -> Option<Id> {
    let one = through(builder, id, |op| matches!(op, Op::Expand)).filter(|&one| is_one_element(builder, one))?;
    Some(builder.reshape(one, &Shape::new()))
}

pub(super) fn expand(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    let Op::Expand = op else { return None };
    let x = inputs[0];
    if builder.graph.shape(x) == shape {
        return Some(x);
    }
    if let Some(inner) = through(builder, x, |op| matches!(op, Op::Expand)) {
        return Some(builder.expand(inner, shape));
    }
    // Known numbers stay repeated, so that later work is done before they are.
    let only_axes = builder.graph.node(x).len() == shape.iter().product::<usize>() && !shape.contains(&0);
    (only_axes && builder.graph.scalar(x).is_none()).then(|| builder.reshape(x, shape))
}

pub(super) fn reshape(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    let Op::Reshape = op else { return None };
    let x = inputs[0];
    if builder.graph.shape(x) == shape {
        return Some(x);
    }
    if let Some(one) = repeated(builder, x) {
        return Some(builder.expand(one, shape));
    }
    let inner = through(builder, x, |op| matches!(op, Op::Reshape))?;
    Some(builder.reshape(inner, shape))
}

pub(super) fn permute(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    let Op::Permute(order) = op else { return None };
    let x = inputs[0];
    let from = builder.graph.shape(x).clone();
    let long = order.iter().filter(|&&axis| from[axis as usize] != 1);
    if long.is_sorted() {
        return Some(builder.reshape(x, shape));
    }
    if let Some(one) = repeated(builder, x) {
        return Some(builder.expand(one, shape));
    }
    let node = builder.graph.node(x);
    let Op::Permute(inner) = &node.op else { return None };
    let order = order.iter().map(|&axis| inner[axis as usize]).collect();
    let source = node.inputs[0];
    Some(builder.push(Op::Permute(order), smallvec![source], shape.clone()))
}

/// A slice, or the value itself if it is whole.
fn slice(builder: &mut Builder, x: Id, ranges: Strides) -> Id {
    let from = builder.graph.shape(x);
    let whole = ranges.iter().zip(from).all(|(range, &size)| *range == Stride { start: 0, step: 1, len: size });
    if whole {
        return x;
    }
    let shape = ranges.iter().map(|range| range.len).collect();
    builder.push(Op::Slice(ranges), smallvec![x], shape)
}

pub(super) fn slice_of_slice(builder: &mut Builder, op: &Op, inputs: &Ids, _: &Shape) -> Option<Id> {
    let Op::Slice(outer) = op else { return None };
    let node = builder.graph.node(inputs[0]);
    let Op::Slice(inner) = &node.op else { return None };
    let compose = |(inner, outer): (&Stride, &Stride)| {
        let start = if outer.len == 0 { 0 } else { inner.start.wrapping_add_signed(outer.start as isize * inner.step) };
        Stride { start, step: inner.step * outer.step, len: outer.len }
    };
    let ranges = inner.iter().zip(outer).map(compose).collect();
    let source = node.inputs[0];
    Some(slice(builder, source, ranges))
}

/// The least and the greatest place of a range that is not empty.
fn ends(range: &Stride) -> (usize, usize) {
    let last = range.start.wrapping_add_signed((range.len as isize - 1) * range.step);
    (range.start.min(last), range.start.max(last))
}

pub(super) fn slice_of_concat(builder: &mut Builder, op: &Op, inputs: &Ids, _: &Shape) -> Option<Id> {
    let Op::Slice(ranges) = op else { return None };
    let node = builder.graph.node(inputs[0]);
    let Op::Concat(axis) = node.op else { return None };
    if ranges[axis].len == 0 {
        return None;
    }
    let (low, high) = ends(&ranges[axis]);
    let mut start = 0;
    for &part in &node.inputs {
        let size = builder.graph.shape(part)[axis];
        if (start..start + size).contains(&low) && high < start + size {
            let mut ranges = ranges.clone();
            ranges[axis].start -= start;
            return Some(slice(builder, part, ranges));
        }
        start += size;
    }
    None
}

/// Whether two boxes of places have none in common, seen from their ends.
fn disjoint(a: &[Stride], b: &[Stride]) -> bool {
    a.iter().zip(b).any(|(a, b)| {
        a.len == 0 || b.len == 0 || {
            let ((a_low, a_high), (b_low, b_high)) = (ends(a), ends(b));
            a_high < b_low || b_high < a_low
        }
    })
}

pub(super) fn slice_of_unslice(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    let Op::Slice(ranges) = op else { return None };
    let node = builder.graph.node(inputs[0]);
    let Op::Unslice(parts) = &node.op else { return None };
    let mut meets = parts.iter().zip(&node.inputs).filter(|(part, _)| !disjoint(part, ranges));
    let Some((part, &source)) = meets.next() else {
        let zero = builder.scalar(0.0);
        return Some(builder.expand(zero, shape));
    };
    (part == ranges && meets.next().is_none()).then_some(source)
}

pub(super) fn slice_of_expand(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    let Op::Slice(ranges) = op else { return None };
    let x = through(builder, inputs[0], |op| matches!(op, Op::Expand))?;
    let own = builder.graph.shape(x);
    let whole = Stride { start: 0, step: 1, len: 1 };
    let kept = own.iter().zip(&ranges[ranges.len() - own.len()..]);
    let ranges = kept.map(|(&size, range)| if size == 1 { whole } else { *range }).collect();
    let small = slice(builder, x, ranges);
    Some(builder.expand(small, shape))
}

pub(super) fn diagonal_of_diagonal(builder: &mut Builder, op: &Op, inputs: &Ids, _: &Shape) -> Option<Id> {
    matches!(op, Op::Diagonal).then(|| through(builder, inputs[0], |op| matches!(op, Op::DiagEmbed)))?
}
