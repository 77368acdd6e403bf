//! The basic operations on tensors.

use super::{Basis, Bound};
use crate::dtype::DType;
use crate::shape::{Shape, Slice};
use crate::tensor::Tensor;

impl Basis for Tensor {
    fn sizes(&self) -> Shape {
        self.shape.clone()
    }

    fn kind(&self) -> DType {
        self.dtype()
    }

    fn known(&self) -> Option<Tensor> {
        Some(self.clone())
    }

    fn to(&self, dtype: DType) -> Tensor {
        self.cast(dtype)
    }

    fn shaped(&self, shape: &[usize]) -> Tensor {
        self.reshaped(Shape::from_slice(shape))
    }

    fn spread(&self, shape: &[usize]) -> Tensor {
        self.expanded(Shape::from_slice(shape))
    }

    fn ordered(&self, axes: &[usize]) -> Tensor {
        self.permuted(axes)
    }

    #[track_caller]
    fn part(&self, axis: usize, slice: Slice) -> Tensor {
        self.slice(axis as isize, slice)
    }

    fn joined(parts: &[Tensor], axis: usize) -> Tensor {
        Tensor::concat(parts, axis as isize)
    }

    fn main_diagonal(&self) -> Tensor {
        self.diagonal()
    }

    fn as_main_diagonal(&self) -> Tensor {
        self.diag_embed()
    }

    fn windows(&self, axis: usize, size: usize, step: usize) -> Tensor {
        let mut shape = self.shape.clone();
        let mut strides = self.strides.clone();
        shape[axis] = (shape[axis] - size) / step + 1;
        shape.push(size);
        strides.push(strides[axis]);
        // A lone window is never stepped from, and the product could overflow.
        strides[axis] = strides[axis].wrapping_mul(step as isize);
        self.view(shape, strides, self.offset)
    }

    #[track_caller]
    fn positions(op: &'static str, indices: &[Tensor], bounds: &[Bound]) -> Tensor {
        Tensor::joint_positions(op, indices, bounds)
    }

    #[track_caller]
    fn rows(&self, axis: usize, index: &Tensor) -> Tensor {
        self.index_select(axis as isize, index)
    }

    #[track_caller]
    fn rows_added(&self, axis: usize, index: &Tensor, size: usize) -> Tensor {
        self.index_add(axis as isize, index, size)
    }

    #[track_caller]
    fn gathered(&self, axis: isize, index: &Tensor) -> Tensor {
        self.gather(axis, index)
    }

    #[track_caller]
    fn scattered(&self, axis: isize, index: &Tensor, src: &Tensor, add: bool) -> Tensor {
        if add { self.scatter_add(axis, index, src) } else { self.scatter(axis, index, src) }
    }

    fn order(&self, axis: usize, descending: bool, keep: usize) -> Tensor {
        self.first_in_order(axis, descending, keep)
    }

    #[track_caller]
    fn ranks(&self, values: &Tensor, right: bool) -> Tensor {
        self.searchsorted(values, right)
    }

    fn equals(&self, other: &Tensor) -> Tensor {
        self.equal(other)
    }

    fn below(&self, other: &Tensor) -> Tensor {
        self.less(other)
    }

    fn undefined(&self) -> Tensor {
        self.is_nan()
    }

    fn choose(&self, a: &Tensor, b: &Tensor) -> Tensor {
        Tensor::where_(self, a, b)
    }

    fn plus(&self, other: &Tensor) -> Tensor {
        self + other
    }

    fn times(&self, factor: f64) -> Tensor {
        self * factor
    }
}
