//! Rows picked and added by index.

use super::inputs_of;
use crate::op::Op;
use crate::program::builder::Builder;
use crate::program::graph::{Id, Ids};
use crate::structured::{IndexAdd, IndexSelect};
use pyroxene_kernels::table::{Binary, Unary};
use pyroxene_tensor::Shape;
use smallvec::smallvec;

/// Whether an index is known, within the axis, and names no row twice.
fn is_distinct(builder: &Builder, index: Id, size: usize) -> bool {
    let Some(index) = builder.known(index) else { return false };
    let mut seen = vec![false; size];
    index.iter_f64().all(|place| {
        let place = if place < 0.0 { place + size as f64 } else { place };
        let inside = place >= 0.0 && place < size as f64;
        inside && !std::mem::replace(&mut seen[place as usize], true)
    })
}

pub(super) fn select_of_add(builder: &mut Builder, op: &Op, inputs: &Ids, _: &Shape) -> Option<Id> {
    let Op::Structured(select) = op else { return None };
    let select = select.downcast::<IndexSelect>()?;
    let node = builder.graph.node(inputs[0]);
    let Op::Structured(add) = &node.op else { return None };
    let add = add.downcast::<IndexAdd>()?;
    let cancels = add.axis == select.axis && node.inputs[1] == inputs[1] && is_distinct(builder, inputs[1], add.size);
    cancels.then_some(node.inputs[0])
}

/// Signs and known factors are taken out where that leaves fewer numbers to multiply. A factor that is not known stays:
/// where it is infinite it would make NaN of the rows that nothing is added to.
pub(super) fn linear_before_add(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<Id> {
    let Op::Structured(add) = op else { return None };
    add.downcast::<IndexAdd>()?;
    let (x, index) = (inputs[0], inputs[1]);
    if shape.iter().product::<usize>() > builder.graph.node(x).len() {
        return None;
    }
    if let Some(parts) = inputs_of(builder, x, |op| *op == Op::Unary(Unary::Neg)) {
        let sums = builder.push(op.clone(), smallvec![parts[0], index], shape.clone());
        return Some(builder.unary(Unary::Neg, sums));
    }
    let parts = inputs_of(builder, x, |op| *op == Op::Binary(Binary::Mul))?;
    let factor = |k: usize| builder.graph.scalar(parts[k]).is_some_and(f64::is_normal);
    let (factor, rest) = if factor(0) { (parts[0], parts[1]) } else { (parts[1], parts[0]) };
    let whole = builder.graph.shape(rest) == builder.graph.shape(x);
    let finite = builder.graph.scalar(factor).is_some_and(f64::is_normal);
    (whole && finite).then(|| {
        let sums = builder.push(op.clone(), smallvec![rest, index], shape.clone());
        builder.binary(Binary::Mul, sums, factor)
    })
}
