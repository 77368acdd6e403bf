//! Convolution and pooling of batches of images, in f64 and f32.
//!
//! An image is `[channels, rows, columns]`, row-major. A convolution lays out, for each image and group, the input element
//! that each kernel element meets at each place of the output as a matrix ("im2col": K. Chellapilla, S. Puri and P. Simard,
//! "High performance convolutional neural networks for document processing", IWFHR 2006), so that it and its two
//! adjoints are matrix products, with their order of additions. The matrix is made tile by tile, so that it stays in the
//! cache. One dimension is one row.

mod columns;
mod pool;

pub use pool::Pooling;

use crate::linalg::{Mat, MatMut, Real, gemm};
use std::ops::AddAssign;

/// The sizes of a convolution, of which the output's must be those that the others give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Images.
    pub batch: usize,
    /// Groups of channels that do not meet.
    pub groups: usize,
    /// Input channels of a group.
    pub channels: usize,
    /// Output channels of a group.
    pub filters: usize,
    /// Rows and columns of the input.
    pub input: [usize; 2],
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Rows and columns of the output.
    pub output: [usize; 2],
    /// Input elements between neighbouring places of the kernel.
    pub stride: [usize; 2],
    /// Zeros before and after the input.
    pub padding: [usize; 2],
    /// Input elements between neighbouring elements of the kernel.
    pub dilation: [usize; 2],
}

/// Which of the three tensors of a convolution is computed from the other two. Each is linear in both of them, and the
/// derivatives of one are the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The output from input and weights.
    Output,
    /// The adjoint for the input, from an output and weights: a transposed convolution.
    Input,
    /// The adjoint for the weights, from an input and an output.
    Weight,
}

/// The output size along one axis: places where the kernel fits into the padded input. None if it fits nowhere or a size
/// is too large.
///
/// ```
/// use pyroxene_kernels::conv::output_size;
/// assert_eq!(output_size(5, 3, 2, 1, 1), Some(3));
/// assert_eq!(output_size(2, 3, 1, 0, 1), None);
/// ```
pub fn output_size(input: usize, kernel: usize, stride: usize, padding: usize, dilation: usize) -> Option<usize> {
    let span = kernel.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
    let padded = padding.checked_mul(2)?.checked_add(input)?;
    Some(padded.checked_sub(span)?.checked_div(stride)? + 1)
}

impl Convolution {
    fn input_len(&self) -> usize {
        self.channels * self.input[0] * self.input[1]
    }

    fn output_len(&self) -> usize {
        self.filters * self.output[0] * self.output[1]
    }

    fn weight_len(&self) -> usize {
        self.filters * self.rows()
    }

    /// Rows of the matrix of columns: kernel elements of one filter.
    fn rows(&self) -> usize {
        self.channels * self.kernel[0] * self.kernel[1]
    }

    /// Columns of that matrix: places of the output.
    fn places(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Whether the matrix of columns is the image itself.
    fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.padding == [0, 0]
    }

    /// Elements of the tensor of a part.
    pub fn len(&self, part: Part) -> usize {
        match part {
            Part::Output => self.batch * self.groups * self.output_len(),
            Part::Input => self.batch * self.groups * self.input_len(),
            Part::Weight => self.groups * self.weight_len(),
        }
    }

    /// Numbers that [`run`](Convolution::run) scribbles on.
    pub fn scratch(&self, part: Part) -> usize {
        let columns = if self.is_pointwise() { 0 } else { self.rows() * self.tile_places() };
        columns + if part == Part::Weight { self.weight_len() } else { 0 }
    }

    /// Computes a part from the other two, in the order of [`Part`]'s documentation.
    ///
    /// # Panics
    /// If a slice does not have as many elements as its part, or the sizes do not agree.
    pub fn run<T: Real + AddAssign>(&self, part: Part, a: &[T], b: &[T], out: &mut [T], scratch: &mut [T]) {
        let (of_a, of_b) = match part {
            Part::Output => (Part::Input, Part::Weight),
            Part::Input => (Part::Output, Part::Weight),
            Part::Weight => (Part::Input, Part::Output),
        };
        for axis in 0..2 {
            let size = output_size(
                self.input[axis],
                self.kernel[axis],
                self.stride[axis],
                self.padding[axis],
                self.dilation[axis],
            );
            assert_eq!(size, Some(self.output[axis]), "conv: the sizes of {self:?} do not agree");
        }
        assert!(
            a.len() == self.len(of_a) && b.len() == self.len(of_b) && out.len() == self.len(part),
            "conv: {}, {} and {} elements are not those of {self:?}",
            a.len(),
            b.len(),
            out.len()
        );
        assert!(scratch.len() >= self.scratch(part), "conv: room for {} elements is not enough", scratch.len());
        if part != Part::Output {
            out.fill(T::ZERO);
        }
        for image in 0..self.batch * self.groups {
            let group = image % self.groups;
            let input = image * self.input_len()..(image + 1) * self.input_len();
            let output = image * self.output_len()..(image + 1) * self.output_len();
            let weight = group * self.weight_len()..(group + 1) * self.weight_len();
            match part {
                Part::Output => self.forward(&a[input], &b[weight], &mut out[output], scratch),
                Part::Input => self.backward(&a[output], &b[weight], &mut out[input], scratch),
                Part::Weight => self.weigh(&a[input], &b[output], &mut out[weight], scratch),
            }
        }
    }

    /// output = weights x columns
    fn forward<T: Real>(&self, input: &[T], weights: &[T], output: &mut [T], scratch: &mut [T]) {
        let (rows, places) = (self.rows(), self.places());
        for tile in self.tiles() {
            let columns = self.columns(&tile, input, scratch);
            let weights = Mat::row_major(weights, self.filters, rows);
            let target = &mut output[tile.places.start..];
            gemm(weights, columns, MatMut::new(target, self.filters, tile.places.len(), places));
        }
    }

    /// The columns' adjoint is weightsᵀ x output; each element goes back where it was read.
    fn backward<T: Real + AddAssign>(&self, output: &[T], weights: &[T], input: &mut [T], scratch: &mut [T]) {
        let (rows, places) = (self.rows(), self.places());
        let weights = Mat::row_major(weights, self.filters, rows).t();
        for tile in self.tiles() {
            let output = Mat::new(&output[tile.places.start..], self.filters, tile.places.len(), places, 1);
            if self.is_pointwise() {
                let target = &mut input[tile.places.start..];
                gemm(weights, output, MatMut::new(target, rows, tile.places.len(), places));
                continue;
            }
            let columns = &mut scratch[..rows * tile.places.len()];
            gemm(weights, output, MatMut::row_major(columns, rows, tile.places.len()));
            self.add_columns(&tile, columns, input);
        }
    }

    /// weights += output x columnsᵀ
    fn weigh<T: Real + AddAssign>(&self, input: &[T], output: &[T], weights: &mut [T], scratch: &mut [T]) {
        let (rows, places) = (self.rows(), self.places());
        let (product, scratch) = scratch.split_at_mut(self.weight_len());
        for tile in self.tiles() {
            let columns = self.columns(&tile, input, scratch);
            let output = Mat::new(&output[tile.places.start..], self.filters, tile.places.len(), places, 1);
            gemm(output, columns.t(), MatMut::row_major(product, self.filters, rows));
            weights.iter_mut().zip(&*product).for_each(|(sum, x)| *sum += *x);
        }
    }
}
