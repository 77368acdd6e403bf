//! Indices as places: counted from the start, and within their axis.

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

/// The places that indices name along an axis.
pub(super) fn places(op: &str, index: &[f64], axis: usize, size: usize, out: &mut [usize]) {
    let bound = Bound { axis, size, signed: true };
    out.iter_mut().zip(index).for_each(|(out, &index)| *out = place(op, index, bound));
}
