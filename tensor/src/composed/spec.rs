//! What the arguments of `index` may be.

use crate::shape::Slice;
use crate::tensor::Tensor;
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

/// One part of an index: what happens to an axis. `T` is the tensor type, [`Tensor`] or an expression of it.
///
/// Integers, ranges, [`Slice`]s, tensors and vectors of integers or truth values convert to it, so that tuples of those
/// are indices: `x.index((0, 1.., Index::Rest, &rows))`.
#[derive(Clone, Debug)]
pub enum Index<T> {
    /// One position of the axis, which is removed; counted from the end if it is negative.
    At(isize),
    /// Part of the axis.
    Range(Slice),
    /// A new axis of size 1.
    New,
    /// As many whole axes as are left over; once at most, and at the end if it is not given.
    Rest,
    /// Positions of the axis (`I64`), or truth values that select from as many axes as they have.
    Tensor(T),
}

macro_rules! positions {
    ($($type:ty),*) => {$(
        impl<T> From<$type> for Index<T> {
            fn from(index: $type) -> Index<T> {
                Index::At(index as isize)
            }
        }
    )*};
}
positions!(isize, usize, i32);

macro_rules! ranges {
    ($($type:ty),*) => {$(
        impl<T> From<$type> for Index<T> {
            fn from(range: $type) -> Index<T> {
                Index::Range(range.into())
            }
        }
    )*};
}
ranges!(Slice, RangeFull);
ranges!(Range<isize>, RangeFrom<isize>, RangeTo<isize>, RangeInclusive<isize>, RangeToInclusive<isize>);
ranges!(Range<usize>, RangeFrom<usize>, RangeTo<usize>, RangeInclusive<usize>, RangeToInclusive<usize>);
ranges!(Range<i32>, RangeFrom<i32>, RangeTo<i32>, RangeInclusive<i32>, RangeToInclusive<i32>);

macro_rules! tensors {
    ($(($($param:tt)*) $type:ty),* $(,)?) => {$(
        impl<T: From<Tensor>, $($param)*> From<$type> for Index<T> {
            fn from(index: $type) -> Index<T> {
                Index::Tensor(Tensor::from(index).into())
            }
        }
    )*};
}
tensors!(
    () Tensor, () &Tensor, () Vec<i64>, () &[i64], () Vec<bool>, () &[bool],
    (const N: usize) [i64; N], (const N: usize) [bool; N], (const N: usize, const M: usize) [[i64; M]; N],
);

/// A whole index: a tuple of what converts to [`Index`], an array, slice or vector of [`Index`], or a single one.
pub trait IndexList<T> {
    /// The parts in order.
    fn into_list(self) -> Vec<Index<T>>;
}

impl<T, I: Into<Index<T>>> IndexList<T> for I {
    fn into_list(self) -> Vec<Index<T>> {
        vec![self.into()]
    }
}

impl<T> IndexList<T> for Vec<Index<T>> {
    fn into_list(self) -> Vec<Index<T>> {
        self
    }
}

impl<T: Clone> IndexList<T> for &[Index<T>] {
    fn into_list(self) -> Vec<Index<T>> {
        self.to_vec()
    }
}

impl<T, const N: usize> IndexList<T> for [Index<T>; N] {
    fn into_list(self) -> Vec<Index<T>> {
        self.into()
    }
}

macro_rules! tuples {
    ($(($($name:ident)+))*) => {$(
        impl<T, $($name: Into<Index<T>>),+> IndexList<T> for ($($name,)+) {
            fn into_list(self) -> Vec<Index<T>> {
                #[allow(non_snake_case)]
                let ($($name,)+) = self;
                vec![$($name.into()),+]
            }
        }
    )*};
}
tuples!((A)(A B)(A B C)(A B C D)(A B C D E)(A B C D E F));

/// How many axes of the argument the parts take, with truth values counted by their axes.
pub(super) fn axes_taken<T>(list: &[Index<T>], mask_axes: impl Fn(&T) -> Option<usize>) -> usize {
    let taken = |index: &Index<T>| match index {
        Index::New | Index::Rest => 0,
        Index::Tensor(tensor) => mask_axes(tensor).unwrap_or(1),
        Index::At(_) | Index::Range(_) => 1,
    };
    list.iter().map(taken).sum()
}
