//! Rows added into an axis by index: the adjoint of picking them.

use super::places::{index_shape, known_places, places};
use super::{Array, Batching, Derivatives, Known, Primitive, Room, RoomMut, Structured, apply};
use crate::arena::{Var, with_node};
use crate::reduce::accumulate;
use pyroxene_kernels::index::{Extent, add_rows};
use pyroxene_tensor::{DType, OrPanic, Tensor, shape as rules};
use smallvec::smallvec;

/// Zeros of `size` along an axis, plus rows by an index of whole numbers.
#[derive(Debug, PartialEq)]
pub(crate) struct IndexAdd {
    pub(crate) axis: usize,
    pub(crate) size: usize,
}

impl Primitive for IndexAdd {
    fn name(&self) -> &'static str {
        "index_add"
    }

    fn room(&self, inputs: &[&[usize]], _output: &[usize]) -> Room {
        Room { indices: inputs[1].iter().product(), ..Room::default() }
    }

    /// An index that all examples share picks rows of all of them.
    fn batched(&self, each: &[bool]) -> Batching {
        match *each {
            [true, false] => Batching::By(Structured::new(IndexAdd { axis: self.axis + 1, ..*self })),
            _ => Batching::OneByOne,
        }
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x, index] = *inputs else { unreachable!("rows and indices") };
        let product = |sizes: &[usize]| sizes.iter().product();
        let (outer, inner) = (product(&x.shape[..self.axis]), product(&x.shape[self.axis + index.shape.len()..]));
        let rows = places("index_add", index.data, self.axis, self.size, room);
        output.fill(0.0);
        add_rows(x.data, Extent { outer, size: self.size, inner }, rows, output);
    }

    fn known(&self, inputs: &[Known<'_>]) -> Vec<usize> {
        known_places("index_add", inputs[1], self.axis, self.size)
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        inputs[0].index_add(self.axis as isize, &inputs[1].cast(DType::I64), self.size)
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![Some(gy.index_select(self.axis as isize, x[1])), None]
    }
}

impl Var {
    /// Zeros of `size` along `axis`, plus the rows of `self` at an index (i64; negative ones count from the end), whose axes
    /// are those of `self` from `axis` on; equal indices add up, in order, and truth values are counted.
    ///
    /// # Panics
    /// If the axes do not match or the index is not i64; when the values are computed, if an index is outside `size`.
    #[track_caller]
    #[must_use]
    pub fn index_add(self, axis: isize, index: impl Into<Var>, size: usize) -> Var {
        let index = index.into();
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let (shape, axis) = rules::index_add(&shape, axis, &index_shape("index_add", index), size).or_panic();
        apply(IndexAdd { axis, size }, &[self, index], shape, accumulate(dtype))
    }
}
