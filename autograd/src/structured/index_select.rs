//! Rows of an axis by index.

use super::{Array, Derivatives, Extent, Primitive, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::shape;
use pyroxene_tensor::{DType, Shape, Tensor};
use smallvec::smallvec;

/// Rows of an axis by a vector of integers.
#[derive(Debug, PartialEq)]
struct IndexSelect {
    axis: usize,
}

impl Primitive for IndexSelect {
    fn name(&self) -> &'static str {
        "index_select"
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [x, indices] = *inputs else { unreachable!("rows and indices") };
        let extent = Extent::new(x.shape, self.axis);
        for (outer, output) in output.chunks_exact_mut((indices.data.len() * extent.inner).max(1)).enumerate() {
            for (output, &index) in output.chunks_exact_mut(extent.inner.max(1)).zip(indices.data) {
                let from = extent.row("index_select", outer, index);
                output.copy_from_slice(&x.data[from..from + extent.inner]);
            }
        }
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        inputs[0].index_select(self.axis as isize, &inputs[1].cast(DType::I64))
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![Some(gy.index_add(self.axis as isize, x[1], x[0].shape()[self.axis])), None]
    }
}

impl Var {
    /// Rows of one axis, by a vector of whole numbers (i64); negative ones count from the end.
    ///
    /// # Panics
    /// If the indices are no vector of i64; when the values are computed, if one is outside the axis.
    #[track_caller]
    #[must_use]
    pub fn index_select(self, axis: isize, indices: impl Into<Var>) -> Var {
        let indices = indices.into();
        let (mut shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let axis = shape::axis("index_select", &shape, axis);
        let (index_shape, index_dtype) = with_node(indices, |node| (node.shape.clone(), node.dtype));
        if index_shape.len() != 1 || index_dtype != DType::I64 {
            shape::fail(format_args!(
                "index_select: the indices must be a vector of i64, got {index_dtype:?} {index_shape:?}"
            ));
        }
        shape[axis] = index_shape[0];
        apply(IndexSelect { axis }, &[self, indices], shape, dtype)
    }

    /// Entries of the first axis by whole numbers of any shape (f64 or i64): the shape of `indices` takes that axis' place.
    /// With an enumerated discrete value it picks parameters, `locs.take(z)`.
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// let locs = Var::from([-1.0, 5.0]);
    /// let picked = locs.take([[1.0, 0.0], [1.0, 1.0]]);
    /// assert_eq!(picked.to_tensor().to_vec::<f64>(), [5.0, -1.0, 5.0, 5.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn take(self, indices: impl Into<Var>) -> Var {
        let indices = indices.into();
        let shape = self.shape();
        if shape.is_empty() {
            shape::fail("take: expected at least one axis to take from, got shape []");
        }
        let to: Shape = indices.shape().iter().chain(&shape[1..]).copied().collect();
        self.index_select(0, indices.cast(DType::I64).reshape(&[-1])).reshape_to(to)
    }
}
