//! Where elementwise operations stand relative to broadcasts and movements, and choices between numbers.

use super::{inputs_of, through};
use crate::op::Op;
use crate::program::builder::Builder;
use crate::program::graph::{Id, Ids};
use pyroxene_tensor::Shape;
use smallvec::{SmallVec, smallvec};

/// Elementwise work is done before the broadcast, not after.
pub(super) fn elementwise_before_expand(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    if !op.is_elementwise() {
        return None;
    }
    let bare: Ids =
        inputs.iter().map(|&id| through(builder, id, |op| matches!(op, Op::Expand)).unwrap_or(id)).collect();
    if bare == *inputs {
        return None;
    }
    let small = builder.elementwise(op.clone(), bare);
    Some(builder.expand(small, shape))
}

/// One form for values that differ by axes of size one, so that they share nodes and loops. Comes after broadcasts are gone.
pub(super) fn without_axes_of_one(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    if !op.is_elementwise() || !shape.contains(&1) {
        return None;
    }
    let squeezed = |id: Id| -> Shape {
        let own = builder.graph.shape(id);
        let whole = &shape[shape.len() - own.len()..];
        own.iter().zip(whole).filter(|&(_, &whole)| whole != 1).map(|(&size, _)| size).collect()
    };
    let shapes: SmallVec<[Shape; 3]> = inputs.iter().map(|&id| squeezed(id)).collect();
    let inputs: Ids = inputs.iter().zip(&shapes).map(|(&id, to)| builder.reshape(id, to)).collect();
    let result = builder.elementwise(op.clone(), inputs);
    Some(builder.reshape(result, shape))
}

/// An operation on an elementwise result that was reshaped or permuted joins the loop of that result. Its other operands
/// may be moved in the same way, or be numbers.
pub(super) fn elementwise_before_movement(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    if !op.is_elementwise() {
        return None;
    }
    let mut moved: Option<(Op, Shape)> = None;
    let mut joins = false;
    let mut sources = Ids::new();
    for &id in inputs {
        let node = builder.graph.node(id);
        match node.op {
            Op::Reshape | Op::Permute(_) if node.shape == *shape => {
                let source = builder.graph.node(node.inputs[0]);
                let (first, from) = moved.get_or_insert_with(|| (node.op.clone(), source.shape.clone()));
                if *first != node.op || *from != source.shape {
                    return None;
                }
                joins |= source.op.is_elementwise();
                sources.push(node.inputs[0]);
            }
            _ if node.shape.is_empty() => sources.push(id),
            _ => return None,
        }
    }
    let (movement, _) = moved.filter(|_| joins)?;
    let result = builder.elementwise(op.clone(), sources);
    Some(builder.push(movement, smallvec![result], shape.clone()))
}

/// A condition that is known now, such as whether any data lies outside a support.
pub(super) fn known_condition(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    if !matches!(op, Op::Select) {
        return None;
    }
    let taken = if builder.graph.scalar(inputs[0])? != 0.0 { inputs[1] } else { inputs[2] };
    Some(builder.expand(taken, shape))
}

/// A function of a choice between two numbers is a choice between two others; its operands may share the condition.
pub(super) fn function_of_choice(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    if !matches!(op, Op::Unary(_) | Op::Binary(_)) {
        return None;
    }
    let is_number = |id: Id| builder.graph.scalar(id).is_some();
    let mut condition = None;
    let mut arms: [Ids; 2] = [Ids::new(), Ids::new()];
    for &id in inputs {
        let (then, otherwise) = match inputs_of(builder, id, |op| matches!(op, Op::Select)) {
            Some(choice) if is_number(choice[1]) && is_number(choice[2]) => {
                if *condition.get_or_insert(choice[0]) != choice[0] {
                    return None;
                }
                (choice[1], choice[2])
            }
            _ if is_number(id) => (id, id),
            _ => return None,
        };
        arms[0].push(then);
        arms[1].push(otherwise);
    }
    let condition = condition?;
    let [then, otherwise] = arms.map(|arm| builder.elementwise(op.clone(), arm));
    let choice = builder.elementwise(Op::Select, smallvec![condition, then, otherwise]);
    Some(builder.expand(choice, shape))
}
