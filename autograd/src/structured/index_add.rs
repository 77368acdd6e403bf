//! Rows added into an axis by index: the adjoint of picking them.

use super::{Array, Derivatives, Extent, Primitive, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::reduce::accumulate;
use crate::shape;
use pyroxene_tensor::{DType, Tensor};
use smallvec::smallvec;

/// Zeros of `size` along an axis, plus rows by a vector of integers.
#[derive(Debug, PartialEq)]
struct IndexAdd {
    axis: usize,
    size: usize,
}

impl Primitive for IndexAdd {
    fn name(&self) -> &'static str {
        "index_add"
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [x, indices] = *inputs else { unreachable!("rows and indices") };
        let extent = Extent { size: self.size, ..Extent::new(x.shape, self.axis) };
        output.fill(0.0);
        for (outer, x) in x.data.chunks_exact((indices.data.len() * extent.inner).max(1)).enumerate() {
            for (x, &index) in x.chunks_exact(extent.inner.max(1)).zip(indices.data) {
                let to = extent.row("index_add", outer, index);
                output[to..to + extent.inner].iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
            }
        }
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        inputs[0].index_add(self.axis as isize, &inputs[1].cast(DType::I64), self.size)
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![Some(gy.index_select(self.axis as isize, x[1])), None]
    }
}

impl Var {
    /// Zeros of `size` along `axis`, plus the rows of `self` at `indices` (negative ones count from the end); equal indices add
    /// up, and truth values are counted.
    #[track_caller]
    #[must_use]
    pub fn index_add(self, axis: isize, indices: impl Into<Var>, size: usize) -> Var {
        let indices = indices.into();
        let (mut shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let axis = shape::axis("index_add", &shape, axis);
        let index_shape = indices.shape();
        if index_shape.as_slice() != [shape[axis]] || indices.dtype() != DType::I64 {
            shape::fail(format_args!(
                "index_add: the indices of axis {axis} of {shape:?} must be i64 [{}], got {index_shape:?}",
                shape[axis]
            ));
        }
        shape[axis] = size;
        apply(IndexAdd { axis, size }, &[self, indices], shape, accumulate(dtype))
    }
}
