//! Operations composed of a few basic ones, written once for tensors and for the expressions of the tape.
//!
//! [`Basis`] is what they are composed of. The functions of this module state the rules and the words of the errors; the
//! macro `composed_methods!` gives them to both types as methods.

mod basis;
mod layout;
mod methods;
mod pad;
mod pick;
mod sorted;
mod spec;

pub use layout::{
    broadcast_tensors, chunk, diag_embed_at, diagonal_at, flatten_axes, meshgrid, movedim, repeat_interleave, roll,
    split, split_sizes, tile, unbind, unflatten, unfold,
};
pub use pad::{Padding, pad};
pub use pick::{index, index_put, index_put_add, masked_fill, masked_select, one_hot, take, vindex};
pub use sorted::{bincount, histogram, kthvalue, median, quantile, sort, topk};
pub use spec::{Index, IndexList};

use crate::dtype::DType;
use crate::shape::{Shape, Slice};
use crate::tensor::Tensor;

/// An axis and its size, by which an index is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The axis, for the message.
    pub axis: usize,
    /// Its size.
    pub size: usize,
    /// Whether a negative index counts from the end, or is an error.
    pub signed: bool,
}

/// The operations of which others are composed. Shapes and axes have been checked.
pub trait Basis: Clone + From<Tensor> {
    /// The sizes of the axes.
    fn sizes(&self) -> Shape;
    /// The element type.
    fn kind(&self) -> DType;
    /// The value, unless it is an input of a Program that is being captured or depends on one.
    fn known(&self) -> Option<Tensor>;
    /// As another element type.
    fn to(&self, dtype: DType) -> Self;
    /// In another shape.
    fn shaped(&self, shape: &[usize]) -> Self;
    /// Broadcast.
    fn spread(&self, shape: &[usize]) -> Self;
    /// With the axes in another order.
    fn ordered(&self, axes: &[usize]) -> Self;
    /// Part of an axis.
    #[track_caller]
    fn part(&self, axis: usize, slice: Slice) -> Self;
    /// Joined along an axis.
    fn joined(parts: &[Self], axis: usize) -> Self;
    /// The main diagonals of square matrices.
    fn main_diagonal(&self) -> Self;
    /// Square matrices with these main diagonals.
    fn as_main_diagonal(&self) -> Self;
    /// All windows of `size` elements of an axis that begin `step` apart; the windows are the new last axis.
    fn windows(&self, axis: usize, size: usize, step: usize) -> Self;
    /// One row-major position in an array with the axes of `bounds` for indices along each, broadcast with each other.
    #[track_caller]
    fn positions(op: &'static str, indices: &[Self], bounds: &[Bound]) -> Self;
    /// The rows of an axis that `index` names.
    #[track_caller]
    fn rows(&self, axis: usize, index: &Self) -> Self;
    /// Zeros with an axis of `size`, and rows added to it where `index` says.
    #[track_caller]
    fn rows_added(&self, axis: usize, index: &Self, size: usize) -> Self;
    /// One element along an axis for each index.
    #[track_caller]
    fn gathered(&self, axis: isize, index: &Self) -> Self;
    /// Elements of `src` put where `index` says, or added there.
    #[track_caller]
    fn scattered(&self, axis: isize, index: &Self, src: &Self, add: bool) -> Self;
    /// The positions along an axis of its `keep` smallest (largest) elements, in order.
    fn order(&self, axis: usize, descending: bool, keep: usize) -> Self;
    /// How many of the ascending numbers of the last axis are less than each of `values`, or not greater.
    #[track_caller]
    fn ranks(&self, values: &Self, right: bool) -> Self;
    /// Where the two are equal.
    fn equals(&self, other: &Self) -> Self;
    /// Where this is less.
    fn below(&self, other: &Self) -> Self;
    /// Where this is NaN.
    fn undefined(&self) -> Self;
    /// `a` where this is true, else `b`.
    fn choose(&self, a: &Self, b: &Self) -> Self;
    /// The sum.
    fn plus(&self, other: &Self) -> Self;
    /// The product with a number, whose type gives way.
    fn times(&self, factor: f64) -> Self;
}

/// The rows of `axis` at positions that are known.
fn known_rows<A: Basis>(x: &A, axis: usize, positions: Vec<i64>) -> A {
    x.rows(axis, &A::from(Tensor::from(positions)))
}

/// The range of an axis from one position to another.
fn between(start: usize, stop: usize) -> Slice {
    Slice::from(start..stop)
}
