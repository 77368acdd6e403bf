//! Walks over strided elements.

use crate::dtype::Scalar;
use crate::shape::{Shape, Strides, row_major};
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::transpose::{Plane, copy_plane};

/// A row-major walk over several strided operands of one shape at once, row by row of the innermost axis, after axes
/// that all operands step through evenly were merged.
pub(crate) struct Walk<const N: usize> {
    outer: Shape,
    strides: [Strides; N],
    offsets: [usize; N],
    /// The length of a row; 0 if the shape is empty.
    pub(crate) len: usize,
    /// How far apart the elements of a row are, for each operand.
    pub(crate) steps: [isize; N],
}

impl<const N: usize> Walk<N> {
    pub(crate) fn new(shape: &[usize], operands: [(&[isize], usize); N]) -> Walk<N> {
        let mut dims = Shape::new();
        let mut strides: [Strides; N] = std::array::from_fn(|_| Strides::new());
        for (axis, &d) in shape.iter().enumerate().filter(|&(_, &d)| d != 1) {
            let mergeable = !dims.is_empty()
                && (0..N).all(|i| strides[i].last() == Some(&(operands[i].0[axis].wrapping_mul(d as isize))));
            if mergeable {
                *dims.last_mut().expect("not empty") *= d;
            } else {
                dims.push(d);
                strides.iter_mut().for_each(|s| s.push(0));
            }
            for i in 0..N {
                *strides[i].last_mut().expect("not empty") = operands[i].0[axis];
            }
        }
        let empty = dims.contains(&0);
        let len = if empty { 0 } else { dims.pop().unwrap_or(1) };
        let steps = std::array::from_fn(|i| if empty { 0 } else { strides[i].pop().unwrap_or(0) });
        Walk { outer: dims, strides, offsets: operands.map(|(_, offset)| offset), len, steps }
    }

    /// Takes out the axis along which the elements of the first operand lie closest together, if that is not the one of the
    /// rows: its size, and its strides for each operand.
    fn take_close_axis(&mut self) -> Option<(usize, [isize; N])> {
        let distance = |axis: usize| self.strides[0][axis].unsigned_abs();
        let axis = (0..self.outer.len()).filter(|&axis| distance(axis) != 0).min_by_key(|&axis| distance(axis))?;
        if distance(axis) >= self.steps[0].unsigned_abs() {
            return None;
        }
        let size = self.outer.remove(axis);
        Some((size, std::array::from_fn(|i| self.strides[i].remove(axis))))
    }

    /// Calls `f` with the offset of each row's first element, for each operand, in row-major order.
    pub(crate) fn for_each(&self, mut f: impl FnMut([usize; N])) {
        if self.len == 0 {
            return;
        }
        let mut index: Shape = self.outer.iter().map(|_| 0).collect();
        let mut offsets = self.offsets;
        loop {
            f(offsets);
            let mut axis = self.outer.len();
            loop {
                let Some(a) = axis.checked_sub(1) else { return };
                axis = a;
                index[a] += 1;
                if index[a] < self.outer[a] {
                    for i in 0..N {
                        offsets[i] = offsets[i].wrapping_add_signed(self.strides[i][a]);
                    }
                    break;
                }
                for i in 0..N {
                    let back = self.strides[i][a].wrapping_mul(1 - self.outer[a] as isize);
                    offsets[i] = offsets[i].wrapping_add_signed(back);
                }
                index[a] = 0;
            }
        }
    }
}

/// Copies `out.len()` elements that lie `step` apart.
pub(crate) fn gather<T: Copy>(data: &[T], offset: usize, step: isize, out: &mut [T]) {
    match step {
        1 => out.copy_from_slice(&data[offset..offset + out.len()]),
        0 => out.fill(data[offset]),
        step if step > 0 => {
            let picked = data[offset..].iter().step_by(step as usize);
            out.iter_mut().zip(picked).for_each(|(o, &x)| *o = x);
        }
        step => {
            let picked = data[..=offset].iter().rev().step_by(step.unsigned_abs());
            out.iter_mut().zip(picked).for_each(|(o, &x)| *o = x);
        }
    }
}

/// Writes the elements of `row` to places that lie `step` apart.
pub(crate) fn scatter<T: Copy>(row: &[T], data: &mut [T], offset: usize, step: usize) {
    data[offset..].iter_mut().step_by(step.max(1)).zip(row).for_each(|(o, &x)| *o = x);
}

/// Copies strided elements into row-major order.
pub(crate) fn materialise<T: Scalar>(data: &[T], shape: &[usize], strides: &[isize], offset: usize) -> Buffer<T> {
    let n = shape.iter().product();
    let mut walk = Walk::new(shape, [(strides, offset), (&row_major(shape), 0)]);
    Buffer::build(n, |out| match walk.take_close_axis() {
        Some((rows, [row, apart])) => {
            let (columns, column) = (walk.len, walk.steps[0]);
            walk.for_each(|[from, to]| {
                let plane = Plane { offset: from, row, column };
                copy_plane(data, plane, (rows, columns), out, to, apart as usize);
            });
        }
        None => walk.for_each(|[from, to]| gather(data, from, walk.steps[0], &mut out[to..to + walk.len])),
    })
}

/// The offsets of strided elements in row-major order, one by one.
pub(crate) struct Offsets<'a> {
    shape: &'a [usize],
    strides: &'a [isize],
    index: Shape,
    offset: usize,
    left: usize,
}

impl<'a> Offsets<'a> {
    pub(crate) fn new(shape: &'a [usize], strides: &'a [isize], offset: usize) -> Offsets<'a> {
        let left = shape.iter().product();
        Offsets { shape, strides, index: shape.iter().map(|_| 0).collect(), offset, left }
    }
}

impl Iterator for Offsets<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let here = self.offset;
        for axis in (0..self.shape.len()).rev() {
            self.index[axis] += 1;
            self.offset = self.offset.wrapping_add_signed(self.strides[axis]);
            if self.index[axis] < self.shape[axis] {
                break;
            }
            self.index[axis] = 0;
            let back = self.strides[axis].wrapping_mul(-(self.shape[axis] as isize));
            self.offset = self.offset.wrapping_add_signed(back);
        }
        Some(here)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Offsets<'_> {}
