//! Images as matrices of columns, and back.

use super::Convolution;
use crate::linalg::Real;
use std::ops::{AddAssign, Range};

/// The outputs along one axis at which the kernel's element `tap` meets an input, and the input that the first of them
/// meets.
fn reach(
    output: usize,
    input: usize,
    tap: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
) -> (Range<usize>, usize) {
    // Output o meets input o * stride + tap * dilation - padding.
    let shift = tap * dilation;
    let first = padding.saturating_sub(shift).div_ceil(stride);
    let end = (input + padding).saturating_sub(shift).div_ceil(stride).min(output);
    if first >= end { (0..0, 0) } else { (first..end, first * stride + shift - padding) }
}

impl Convolution {
    /// Calls `f` for each row of the matrix and each row of the output: where that stretch of the matrix begins, and, if any
    /// part of it meets the image, which of its elements do and the image element that the first one meets.
    fn stretches(&self, mut f: impl FnMut(usize, Option<(Range<usize>, usize)>)) {
        let along = |axis: usize, tap: usize| {
            let (output, input) = (self.output[axis], self.input[axis]);
            reach(output, input, tap, self.stride[axis], self.padding[axis], self.dilation[axis])
        };
        let [height, width] = self.output;
        let mut at = 0;
        for channel in 0..self.channels {
            for i in 0..self.kernel[0] {
                let (rows, first_row) = along(0, i);
                for j in 0..self.kernel[1] {
                    let (columns, first_column) = along(1, j);
                    for row in 0..height {
                        let met = rows.contains(&row) && !columns.is_empty();
                        let source = met.then(|| {
                            let y = first_row + (row - rows.start) * self.stride[0];
                            let from = (channel * self.input[0] + y) * self.input[1] + first_column;
                            (columns.clone(), from)
                        });
                        f(at, source);
                        at += width;
                    }
                }
            }
        }
    }

    /// The matrix of columns: one row a kernel element, one column a place of the output; zeros where the kernel hangs over.
    pub(super) fn columns<'a, T: Real>(&self, image: &'a [T], scratch: &'a mut [T]) -> &'a [T] {
        if self.is_pointwise() {
            return image;
        }
        let matrix = &mut scratch[..self.rows() * self.places()];
        let (width, step) = (self.output[1], self.stride[1]);
        self.stretches(|at, source| {
            let stretch = &mut matrix[at..at + width];
            let Some((met, from)) = source else { return stretch.fill(T::ZERO) };
            stretch[..met.start].fill(T::ZERO);
            stretch[met.end..].fill(T::ZERO);
            let target = &mut stretch[met];
            if step == 1 {
                target.copy_from_slice(&image[from..from + target.len()]);
            } else {
                target.iter_mut().zip(image[from..].iter().step_by(step)).for_each(|(to, x)| *to = *x);
            }
        });
        matrix
    }

    /// Adds each element of the matrix to the image element that it was read from.
    pub(super) fn add_columns<T: Real + AddAssign>(&self, matrix: &[T], image: &mut [T]) {
        let step = self.stride[1];
        self.stretches(|at, source| {
            let Some((met, from)) = source else { return };
            let stretch = &matrix[at + met.start..at + met.end];
            image[from..].iter_mut().step_by(step).zip(stretch).for_each(|(sum, x)| *sum += *x);
        });
    }
}
