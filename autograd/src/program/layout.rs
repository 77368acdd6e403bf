//! Where values lie: buffers and constants, seen through strides.

use super::graph::GraphNode;
use crate::op::Op;
use pyroxene_tensor::{Buffer, Shape, Tensor};
use smallvec::SmallVec;

pub(crate) type Strides = SmallVec<[isize; 4]>;

/// Fewer numbers stay in the first cache level, so that nothing is gained by keeping or moving them otherwise.
pub(super) const LARGE: usize = 1 << 12;

/// A region of the Program's memory, placed by the memory plan.
pub(crate) type BufferId = usize;

/// How many numbers a buffer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) len: usize,
    /// Whether they are f32.
    pub(crate) narrow: bool,
    /// Whether they are numbers of f32, but for rounding: nobody asks for more.
    pub(crate) single: bool,
}

impl Extent {
    pub(crate) fn wide(len: usize) -> Extent {
        Extent { len, narrow: false, single: false }
    }

    pub(crate) fn narrow(len: usize) -> Extent {
        Extent { len, narrow: true, single: true }
    }

    /// Of f32 or of f64.
    pub(crate) fn of(len: usize, narrow: bool) -> Extent {
        if narrow { Extent::narrow(len) } else { Extent::wide(len) }
    }

    /// The f64 in whose place they are.
    pub(crate) fn slots(self) -> usize {
        if self.narrow { self.len.div_ceil(2) } else { self.len }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Place {
    Buffer(BufferId),
    Data(Buffer<f64>),
    /// Data that are exact in f32, for steps that widen what they read.
    Narrow(Buffer<f32>),
    /// What a step of rows makes for its own loop.
    Rows,
}

/// A strided view of a buffer or of constant data.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) place: Place,
    pub(crate) offset: usize,
    pub(crate) shape: Shape,
    pub(crate) strides: Strides,
}

/// Row-major strides; zero for axes of size one, so that layouts compare.
pub(crate) fn row_major(shape: &[usize]) -> Strides {
    let mut strides: Strides = shape.iter().map(|_| 0).collect();
    let mut step = 1;
    for axis in (0..shape.len()).rev() {
        strides[axis] = if shape[axis] == 1 { 0 } else { step };
        step *= shape[axis] as isize;
    }
    strides
}

/// The strides with zeros for axes along which nobody steps: those of one element, and all if there are no elements.
fn canonical(mut strides: Strides, shape: &[usize]) -> Strides {
    let none = shape.contains(&0);
    strides.iter_mut().zip(shape).filter(|(_, size)| none || **size == 1).for_each(|(stride, _)| *stride = 0);
    strides
}

impl View {
    pub(crate) fn contiguous(place: Place, shape: Shape) -> View {
        View { place, offset: 0, strides: row_major(&shape), shape }
    }

    pub(crate) fn constant(value: &Tensor) -> View {
        let (data, offset) = value.as_buffer().expect("constants of the graph are f64");
        let strides = canonical(value.strides().into(), value.shape());
        View { place: Place::Data(data.clone()), offset, shape: value.shape().into(), strides }
    }

    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The buffer that is looked at, if it is not constant data.
    pub(crate) fn buffer(&self) -> Option<BufferId> {
        match self.place {
            Place::Buffer(buffer) => Some(buffer),
            Place::Data(_) | Place::Narrow(_) | Place::Rows => None,
        }
    }

    /// The lowest and the highest place in it, of a view that is not empty.
    pub(crate) fn ends(&self) -> (isize, isize) {
        let reach = |&(&size, &stride): &(&usize, &isize)| (size as isize - 1) * stride;
        let steps = || self.shape.iter().zip(&self.strides);
        let down: isize = steps().map(|step| reach(&step).min(0)).sum();
        let up: isize = steps().map(|step| reach(&step).max(0)).sum();
        (self.offset as isize + down, self.offset as isize + up)
    }

    pub(crate) fn is_contiguous(&self) -> bool {
        let same = |axis: usize| self.shape[axis] == 1 || self.strides[axis] == row_major(&self.shape)[axis];
        self.len() == 0 || (0..self.shape.len()).all(same)
    }

    /// The strides for walking over `shape`, to which the view broadcasts.
    pub(crate) fn broadcast_strides(&self, shape: &[usize]) -> Vec<isize> {
        let added = shape.len() - self.shape.len();
        let stride = |axis: usize| match axis.checked_sub(added) {
            Some(own) if self.shape[own] != 1 || shape[axis] == 1 => self.strides[own],
            _ => 0,
        };
        (0..shape.len()).map(stride).collect()
    }

    /// What a view operation makes of this view; none if a reshape needs the elements side by side.
    pub(crate) fn through(&self, node: &GraphNode) -> Option<View> {
        let shape = node.shape.clone();
        let mut offset = self.offset as isize;
        let strides: Strides = match &node.op {
            Op::Reshape if self.is_contiguous() => row_major(&shape),
            Op::Reshape => self.regrouped(&shape)?,
            Op::Expand => self.broadcast_strides(&shape).into_iter().collect(),
            Op::Permute(order) => order.iter().map(|&axis| self.strides[axis as usize]).collect(),
            Op::Slice(ranges) => {
                let zip = ranges.iter().zip(&self.strides);
                zip.map(|(range, &stride)| {
                    if range.len > 0 {
                        offset += range.start as isize * stride;
                    }
                    range.step * stride
                })
                .collect()
            }
            Op::Diagonal => {
                let (rows, columns) = (self.shape.len() - 2, self.shape.len() - 1);
                self.strides[..rows].iter().copied().chain([self.strides[rows] + self.strides[columns]]).collect()
            }
            op => unreachable!("{} is not a view", op.name()),
        };
        Some(View { place: self.place.clone(), offset: offset as usize, strides: canonical(strides, &shape), shape })
    }

    /// The strides after a reshape that only adds or drops axes of size one.
    fn regrouped(&self, shape: &[usize]) -> Option<Strides> {
        let mut own = (0..self.shape.len()).filter(|&axis| self.shape[axis] != 1);
        let mut strides = Strides::new();
        for &size in shape {
            if size == 1 {
                strides.push(0);
            } else {
                let axis = own.next()?;
                if self.shape[axis] != size {
                    return None;
                }
                strides.push(self.strides[axis]);
            }
        }
        own.next().is_none().then_some(strides)
    }
}
