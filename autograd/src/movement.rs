//! Operations that move elements: reshape, expand, permute, slice, concatenate, index.

use crate::arena::{Var, with_node};
use crate::op::{Op, Stride};
use crate::shape;
use crate::var::push;
use pyroxene_tensor::{DType, OrPanic, Shape, Slice, shape as rules};
use smallvec::{SmallVec, smallvec};

impl Var {
    /// The same elements in row-major order under another shape; one size may be -1 and is worked out.
    #[track_caller]
    #[must_use]
    pub fn reshape(self, to: &[isize]) -> Var {
        let shape = shape::reshape(&self.shape(), to);
        self.reshape_to(shape)
    }

    /// A reshape whose target is known to fit.
    pub(crate) fn reshape_to(self, to: Shape) -> Var {
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        debug_assert_eq!(shape.iter().product::<usize>(), to.iter().product::<usize>());
        if shape == to { self } else { push(Op::Reshape, &[self], to, dtype) }
    }

    /// One axis with all elements in row-major order.
    #[track_caller]
    #[must_use]
    pub fn flatten(self) -> Var {
        self.reshape_to(smallvec![self.len()])
    }

    /// Repeats axes of size one, and adds axes on the left, to reach `shape`.
    #[track_caller]
    #[must_use]
    pub fn expand(self, shape: &[usize]) -> Var {
        let (old, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let to = shape::expand(&old, shape);
        if old == to { self } else { push(Op::Expand, &[self], to, dtype) }
    }

    /// Reorders the axes.
    #[track_caller]
    #[must_use]
    pub fn permute(self, order: &[isize]) -> Var {
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let order = rules::permute(&shape, order).or_panic();
        let order: SmallVec<[u8; 4]> = order.iter().map(|&axis| axis as u8).collect();
        if order.iter().copied().eq(0..shape.len() as u8) {
            return self;
        }
        let to = order.iter().map(|&axis| shape[axis as usize]).collect();
        push(Op::Permute(order), &[self], to, dtype)
    }

    /// Exchanges two axes.
    #[track_caller]
    #[must_use]
    pub fn transpose(self, a: isize, b: isize) -> Var {
        let shape = self.shape();
        let mut order: SmallVec<[isize; 4]> = (0..shape.len() as isize).collect();
        order.swap(shape::axis("transpose", &shape, a), shape::axis("transpose", &shape, b));
        self.permute(&order)
    }

    /// The matrix transpose: exchanges the last two axes.
    #[track_caller]
    #[must_use]
    pub fn t(self) -> Var {
        rules::matrix("t", &self.shape()).or_panic();
        self.transpose(-2, -1)
    }

    /// Adds an axis of size one; `axis` is its place in the result.
    #[track_caller]
    #[must_use]
    pub fn unsqueeze(self, axis: isize) -> Var {
        let mut shape = self.shape();
        let axis = rules::unsqueeze(&shape, axis).or_panic();
        shape.insert(axis, 1);
        self.reshape_to(shape)
    }

    /// Drops an axis of size one.
    #[track_caller]
    #[must_use]
    pub fn squeeze(self, axis: isize) -> Var {
        let mut shape = self.shape();
        let axis = rules::squeeze(&shape, axis).or_panic();
        shape.remove(axis);
        self.reshape_to(shape)
    }

    /// Part of one axis, by NumPy's rules: `x.slice(0, 1..)`, `x.slice(-1, ..-1)`, or a [`Slice`] with a step.
    #[track_caller]
    #[must_use]
    pub fn slice(self, axis: isize, slice: impl Into<Slice>) -> Var {
        let shape = self.shape();
        let at = shape::slice(&shape, axis, slice.into());
        self.strided(at.axis, Stride { start: at.start, step: at.step, len: at.len })
    }

    /// One entry of an axis, which is dropped; a negative index counts from the end.
    #[track_caller]
    #[must_use]
    pub fn select(self, axis: isize, index: isize) -> Var {
        let shape = self.shape();
        let (axis, start) = rules::select(&shape, axis, index).or_panic();
        let mut dropped = shape.clone();
        dropped.remove(axis);
        self.strided(axis, Stride { start, step: 1, len: 1 }).reshape_to(dropped)
    }

    /// The axis in reverse order.
    #[track_caller]
    #[must_use]
    pub fn flip(self, axis: isize) -> Var {
        let shape = self.shape();
        let axis = shape::axis("flip", &shape, axis);
        let len = shape[axis];
        self.strided(axis, Stride { start: len.saturating_sub(1), step: -1, len })
    }

    fn strided(self, axis: usize, stride: Stride) -> Var {
        let (mut shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        if (stride.start, stride.step, stride.len) == (0, 1, shape[axis]) {
            return self;
        }
        let strides: Box<[Stride]> = shape
            .iter()
            .enumerate()
            .map(|(i, &len)| if i == axis { stride } else { Stride { start: 0, step: 1, len } })
            .collect();
        shape[axis] = stride.len;
        push(Op::Slice(strides), &[self], shape, dtype)
    }

    /// Joins tensors along an axis that they have; the other axes must agree.
    #[track_caller]
    #[must_use]
    pub fn concat(parts: &[Var], axis: isize) -> Var {
        let shapes: Vec<Shape> = parts.iter().map(|part| part.shape()).collect();
        let shapes: Vec<&[usize]> = shapes.iter().map(Shape::as_slice).collect();
        let (shape, axis) = rules::concat(&shapes, axis).or_panic();
        let dtype = parts.iter().map(|part| part.dtype()).reduce(DType::promote).expect("there is a first part");
        if parts.len() == 1 { parts[0] } else { push(Op::Concat(axis), parts, shape, dtype) }
    }

    /// Joins tensors of one shape along a new axis.
    #[track_caller]
    #[must_use]
    pub fn stack(parts: &[Var], axis: isize) -> Var {
        let shapes: Vec<Shape> = parts.iter().map(|part| part.shape()).collect();
        let shapes: Vec<&[usize]> = shapes.iter().map(Shape::as_slice).collect();
        let (_, axis) = rules::stack(&shapes, axis).or_panic();
        let axis = axis as isize;
        let raised: Vec<Var> = parts.iter().map(|part| part.unsqueeze(axis)).collect();
        Var::concat(&raised, axis)
    }
}
