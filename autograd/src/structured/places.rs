//! Indices as places: counted from the start, and within their axis.

use super::{Known, RoomMut};
use crate::arena::{Var, with_node};
use crate::shape;
use pyroxene_tensor::composed::Bound;
use pyroxene_tensor::{DType, Shape};

/// The shape of an index.
#[track_caller]
pub(super) fn index_shape(op: &str, index: Var) -> Shape {
    let (shape, dtype) = with_node(index, |node| (node.shape.clone(), node.dtype));
    if dtype != DType::I64 {
        shape::fail(format_args!("{op}: the index of shape {shape:?} is {dtype}, not i64"));
    }
    shape
}

/// The place that an index names.
#[inline]
pub(super) fn place(op: &str, index: f64, bound: Bound) -> usize {
    let size = bound.size as f64;
    let from_start = if index < 0.0 && bound.signed { index + size } else { index };
    if !(from_start >= 0.0 && from_start < size) {
        let Bound { axis, size, .. } = bound;
        shape::fail(format_args!("{op}: index {index} is out of bounds for axis {axis} of size {size}"));
    }
    from_start as usize
}

/// The places that indices name along an axis: those that are known, or found in the room.
pub(super) fn places<'a>(op: &str, index: &[f64], axis: usize, size: usize, room: RoomMut<'a>) -> &'a [usize] {
    if room.known.len() == index.len() {
        return room.known;
    }
    let bound = Bound { axis, size, signed: true };
    room.indices.iter_mut().zip(index).for_each(|(out, &index)| *out = place(op, index, bound));
    room.indices
}

/// The places that a constant index names.
pub(super) fn known_places(op: &str, index: Known<'_>, axis: usize, size: usize) -> Vec<usize> {
    let bound = Bound { axis, size, signed: true };
    index.data.unwrap_or_default().iter().map(|&index| place(op, index, bound)).collect()
}
