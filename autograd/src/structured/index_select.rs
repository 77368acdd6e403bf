//! Rows of an axis by index.

use super::places::{index_shape, known_places, places};
use super::{Array, Batching, Derivatives, Known, Primitive, Room, RoomMut, Structured, apply};
use crate::arena::{Var, with_node};
use pyroxene_kernels::index::{Extent, select_rows};
use pyroxene_tensor::{DType, OrPanic, Tensor, shape as rules};
use smallvec::smallvec;

/// Rows of an axis by an index of whole numbers.
#[derive(Debug, PartialEq)]
pub(crate) struct IndexSelect {
    pub(crate) axis: usize,
}

impl Primitive for IndexSelect {
    fn name(&self) -> &'static str {
        "index_select"
    }

    fn reads_rows(&self) -> bool {
        self.axis == 0
    }

    fn room(&self, inputs: &[&[usize]], _output: &[usize]) -> Room {
        Room { indices: inputs[1].iter().product(), ..Room::default() }
    }

    /// An index that all examples share picks rows of all of them.
    fn batched(&self, each: &[bool]) -> Batching {
        match *each {
            [true, false] => Batching::By(Structured::new(IndexSelect { axis: self.axis + 1 })),
            _ => Batching::OneByOne,
        }
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x, index] = *inputs else { unreachable!("rows and indices") };
        let extent = Extent::new(x.shape, self.axis);
        let rows = places("index_select", index.data, self.axis, extent.size, room);
        select_rows(x.data, extent, rows, output);
    }

    fn known(&self, inputs: &[Known<'_>]) -> Vec<usize> {
        known_places("index_select", inputs[1], self.axis, inputs[0].shape[self.axis])
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        inputs[0].index_select(self.axis as isize, &inputs[1].cast(DType::I64))
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![Some(gy.index_add(self.axis as isize, x[1], x[0].shape()[self.axis])), None]
    }
}

impl Var {
    /// The rows along an axis at the whole numbers (i64) of an index of any shape, whose axes take the place of the axis;
    /// negative ones count from the end.
    ///
    /// # Panics
    /// If the index is not i64; when the values are computed, if one is outside the axis.
    #[track_caller]
    #[must_use]
    pub fn index_select(self, axis: isize, index: impl Into<Var>) -> Var {
        let index = index.into();
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let (shape, axis) = rules::index_select(&shape, axis, &index_shape("index_select", index)).or_panic();
        apply(IndexSelect { axis }, &[self, index], shape, dtype)
    }
}
