//! Parts of an axis.

use super::Result;
use crate::error::ShapeError;
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

/// Part of an axis: every `step`-th position from `start` up to, but without, `stop`.
///
/// Negative bounds count from the end, a missing one means as far as the axis goes. A negative step walks backwards
/// from `start` (the last position by default). Every range of `isize`, `usize` or `i32` converts to a slice.
///
/// ```
/// use pyroxene_tensor::{Slice, Tensor};
/// let x = Tensor::from([0.0, 1.0, 2.0, 3.0, 4.0]);
/// assert_eq!(x.slice(0, 1..3).to_vec::<f64>(), [1.0, 2.0]);
/// assert_eq!(x.slice(0, -2..).to_vec::<f64>(), [3.0, 4.0]);
/// assert_eq!(x.slice(0, Slice { step: -2, ..Slice::default() }).to_vec::<f64>(), [4.0, 2.0, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The first position; by default 0, or the last position if the step is negative.
    pub start: Option<isize>,
    /// The position before which the walk ends; by default the end that the step walks towards.
    pub stop: Option<isize>,
    /// The distance between positions; not 0.
    pub step: isize,
}

impl Default for Slice {
    /// The whole axis.
    fn default() -> Slice {
        Slice { start: None, stop: None, step: 1 }
    }
}

impl From<RangeFull> for Slice {
    fn from(_: RangeFull) -> Slice {
        Slice::default()
    }
}

/// The bound after an inclusive one. After position -1, the last, comes the end, not position 0.
fn after(bound: isize) -> Option<isize> {
    if bound == -1 { None } else { bound.checked_add(1) }
}

macro_rules! slice_from_ranges {
    ($($type:ty),*) => {$(
        impl From<Range<$type>> for Slice {
            fn from(range: Range<$type>) -> Slice {
                Slice { start: Some(range.start as isize), stop: Some(range.end as isize), step: 1 }
            }
        }
        impl From<RangeFrom<$type>> for Slice {
            fn from(range: RangeFrom<$type>) -> Slice {
                Slice { start: Some(range.start as isize), stop: None, step: 1 }
            }
        }
        impl From<RangeTo<$type>> for Slice {
            fn from(range: RangeTo<$type>) -> Slice {
                Slice { start: None, stop: Some(range.end as isize), step: 1 }
            }
        }
        impl From<RangeInclusive<$type>> for Slice {
            fn from(range: RangeInclusive<$type>) -> Slice {
                Slice { start: Some(*range.start() as isize), stop: after(*range.end() as isize), step: 1 }
            }
        }
        impl From<RangeToInclusive<$type>> for Slice {
            fn from(range: RangeToInclusive<$type>) -> Slice {
                Slice { start: None, stop: after(range.end as isize), step: 1 }
            }
        }
    )*};
}
slice_from_ranges!(isize, usize, i32);

/// A [`Slice`] worked out for a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Positions {
    /// The axis, counted from the start.
    pub axis: usize,
    /// The first position.
    pub start: usize,
    /// The distance between positions.
    pub step: isize,
    /// How many positions there are.
    pub len: usize,
}

/// The positions of a slice of an axis. Bounds outside the axis are an error; an empty slice is not.
pub fn slice(shape: &[usize], axis: isize, slice: Slice) -> Result<Positions> {
    let a = super::axis("slice", shape, axis)?;
    let n = shape[a] as isize;
    let Slice { start, stop, step } = slice;
    if step == 0 {
        bail!("slice: the step along axis {axis} of {shape:?} is 0");
    }
    // A bound is a gap between elements when walking forwards; backwards, `start` is the element itself.
    let last = if step > 0 { n } else { (n - 1).max(0) };
    let bound = |bound: Option<isize>, default: isize, last: isize| match bound {
        None => Ok(default),
        Some(b) if (-n..=last).contains(&b) => Ok(if b < 0 { b + n } else { b }),
        Some(b) => Err(ShapeError::new(format!("slice: bound {b} is out of bounds for axis {axis} of {shape:?}"))),
    };
    let (first, end) = if step > 0 {
        (bound(start, 0, last)?, bound(stop, n, last)?)
    } else {
        (bound(start, n - 1, last)?, bound(stop, -1, last)?)
    };
    let distance = if step > 0 { end - first } else { first - end };
    let len = if distance <= 0 || n == 0 { 0 } else { (distance as usize).div_ceil(step.unsigned_abs()) };
    Ok(Positions { axis: a, start: if len == 0 { 0 } else { first as usize }, step, len })
}
