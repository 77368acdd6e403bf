//! The operations that expressions share with tensors, composed of the same basic ones.

use crate::arena::{Var, with_node};
use crate::op::Op;
use crate::structured;
use crate::var::push;
use pyroxene_tensor::composed::{Basis, Bound};
use pyroxene_tensor::{DType, Index, Shape, Slice, Tensor};
use smallvec::SmallVec;

impl Basis for Var {
    #[track_caller]
    fn sizes(&self) -> Shape {
        self.shape()
    }

    #[track_caller]
    fn kind(&self) -> DType {
        self.dtype()
    }

    fn known(&self) -> Option<Tensor> {
        (!self.is_traced()).then(|| self.to_tensor())
    }

    fn to(&self, dtype: DType) -> Var {
        self.cast(dtype)
    }

    fn shaped(&self, shape: &[usize]) -> Var {
        self.reshape_to(Shape::from_slice(shape))
    }

    fn spread(&self, shape: &[usize]) -> Var {
        self.expand(shape)
    }

    fn ordered(&self, axes: &[usize]) -> Var {
        self.permute(&axes.iter().map(|&axis| axis as isize).collect::<SmallVec<[isize; 4]>>())
    }

    #[track_caller]
    fn part(&self, axis: usize, slice: Slice) -> Var {
        self.slice(axis as isize, slice)
    }

    fn joined(parts: &[Var], axis: usize) -> Var {
        Var::concat(parts, axis as isize)
    }

    fn main_diagonal(&self) -> Var {
        let (mut shape, dtype) = with_node(*self, |node| (node.shape.clone(), node.dtype));
        shape.pop();
        push(Op::Diagonal, &[*self], shape, dtype)
    }

    fn as_main_diagonal(&self) -> Var {
        self.diag_embed()
    }

    fn windows(&self, axis: usize, size: usize, step: usize) -> Var {
        let count = (self.shape()[axis] - size) / step + 1;
        let positions: Vec<i64> = (0..count * size).map(|k| (k / size * step + k % size) as i64).collect();
        let positions = Tensor::from_vec(positions, [count, size]);
        self.index_select(axis as isize, positions).movedim(axis as isize + 1, -1)
    }

    #[track_caller]
    fn positions(op: &'static str, indices: &[Var], bounds: &[Bound]) -> Var {
        structured::positions(op, indices, bounds)
    }

    #[track_caller]
    fn rows(&self, axis: usize, index: &Var) -> Var {
        self.index_select(axis as isize, index)
    }

    #[track_caller]
    fn rows_added(&self, axis: usize, index: &Var, size: usize) -> Var {
        self.index_add(axis as isize, index, size)
    }

    #[track_caller]
    fn gathered(&self, axis: isize, index: &Var) -> Var {
        self.gather(axis, index)
    }

    #[track_caller]
    fn scattered(&self, axis: isize, index: &Var, src: &Var, add: bool) -> Var {
        if add { self.scatter_add(axis, index, src) } else { self.scatter(axis, index, src) }
    }

    fn order(&self, axis: usize, descending: bool, keep: usize) -> Var {
        structured::order(*self, axis, descending, keep)
    }

    #[track_caller]
    fn ranks(&self, values: &Var, right: bool) -> Var {
        self.searchsorted(values, right)
    }

    fn equals(&self, other: &Var) -> Var {
        self.equal(other)
    }

    fn below(&self, other: &Var) -> Var {
        self.less(other)
    }

    fn undefined(&self) -> Var {
        self.is_nan()
    }

    fn choose(&self, a: &Var, b: &Var) -> Var {
        self.where_(a, b)
    }

    fn plus(&self, other: &Var) -> Var {
        *self + *other
    }

    fn times(&self, factor: f64) -> Var {
        *self * factor
    }
}

impl From<Var> for Index<Var> {
    fn from(index: Var) -> Index<Var> {
        Index::Tensor(index)
    }
}

impl From<&Var> for Index<Var> {
    fn from(index: &Var) -> Index<Var> {
        Index::Tensor(*index)
    }
}

pyroxene_tensor::composed_methods!(Var, impl Into<Var>, Var);
