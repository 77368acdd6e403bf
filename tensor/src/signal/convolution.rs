//! Convolution and pooling.

use crate::dtype::{DType, Scalar};
use crate::error::OrPanic;
use crate::shape::{self, Conv, ConvTranspose, Pool, Shape};
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::conv::{Convolution, Part, Pooling};
use pyroxene_kernels::linalg::Real;
use std::ops::AddAssign;

/// A part of a convolution from the other two, in the order that [`Part`] states: what the derivatives of a convolution
/// are. The tensors must have the sizes' elements.
#[track_caller]
pub fn convolution(part: Part, sizes: &Convolution, a: &Tensor, b: &Tensor, shape: Shape) -> Tensor {
    fn run<T: Scalar + Real + AddAssign>(part: Part, sizes: &Convolution, [a, b]: [Tensor; 2], shape: Shape) -> Tensor {
        let (a, b) = (a.contiguous(), b.contiguous());
        let [a, b] = [&a, &b].map(|x| x.as_slice::<T>().expect("the arguments were cast"));
        let mut scratch = vec![T::ZERO; sizes.scratch(part)];
        Tensor::from_parts(Buffer::build(sizes.len(part), |out| sizes.run(part, a, b, out, &mut scratch)), shape)
    }
    let dtype = a.dtype().promote(b.dtype()).to_float();
    let operands = [a.cast(dtype), b.cast(dtype)];
    match dtype {
        DType::F32 => run::<f32>(part, sizes, operands, shape),
        _ => run::<f64>(part, sizes, operands, shape),
    }
}

#[track_caller]
fn forward<const D: usize>(op: &str, x: &Tensor, weight: &Tensor, settings: Conv<D>) -> Tensor {
    let (shape, sizes) = shape::conv(op, x.shape(), weight.shape(), settings).or_panic();
    convolution(Part::Output, &sizes, x, weight, shape)
}

#[track_caller]
fn transposed<const D: usize>(op: &str, x: &Tensor, weight: &Tensor, settings: ConvTranspose<D>) -> Tensor {
    let (shape, sizes) = shape::conv_transpose(op, x.shape(), weight.shape(), settings).or_panic();
    convolution(Part::Input, &sizes, x, weight, shape)
}

/// Pools in the element type, by one of two kernels.
#[track_caller]
fn pooled<const D: usize>(
    op: &str,
    x: &Tensor,
    settings: Pool<D>,
    of_f64: fn(&Pooling, &[f64], &mut [f64]),
    of_f32: fn(&Pooling, &[f32], &mut [f32]),
) -> Tensor {
    fn run<T: Scalar>(x: &Tensor, shape: Shape, sizes: &Pooling, kernel: fn(&Pooling, &[T], &mut [T])) -> Tensor {
        let x = x.contiguous();
        let data = x.as_slice::<T>().expect("the argument was cast");
        Tensor::from_parts(Buffer::build(shape.iter().product(), |out| kernel(sizes, data, out)), shape)
    }
    let (shape, sizes) = shape::pool(op, x.shape(), settings).or_panic();
    match x.dtype() {
        DType::F32 => run(x, shape, &sizes, of_f32),
        _ => run(&x.cast(DType::F64), shape, &sizes, of_f64),
    }
}

impl Tensor {
    /// The convolution of networks (a cross-correlation: the kernel is not reversed) over one axis:
    /// `y[n, f, t] = sum over c, k of weight[f, c, k] x[n, c, t stride + k dilation - padding]`.
    ///
    /// This is `[batch, channels, length]`, `weight` is `[filters, channels / groups, kernel]`, the result
    /// `[batch, filters, (length + 2 padding - dilation (kernel - 1) - 1) / stride + 1]`. A bias for each filter is added
    /// as `[filters, 1]`.
    ///
    /// ```
    /// use pyroxene_tensor::{Conv, Tensor};
    /// let x = Tensor::from([1.0, 2.0, 4.0, 8.0]).reshape(&[1, 1, 4]);
    /// let difference = Tensor::from([-1.0, 1.0]).reshape(&[1, 1, 2]);
    /// assert_eq!(x.conv1d(&difference, Conv::default()).to_vec::<f64>(), [1.0, 2.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the axes or channels do not fit, a stride, dilation or the number of groups is 0, or the kernel does not fit
    /// into the padded input.
    #[track_caller]
    pub fn conv1d(&self, weight: &Tensor, settings: Conv<1>) -> Tensor {
        forward("conv1d", self, weight, settings)
    }

    /// The convolution of networks over two axes: as [`conv1d`](Tensor::conv1d), with images
    /// `[batch, channels, rows, columns]` and weights `[filters, channels / groups, rows, columns]`. A bias for each filter
    /// is added as `[filters, 1, 1]`.
    ///
    /// # Panics
    /// As [`conv1d`](Tensor::conv1d).
    #[track_caller]
    pub fn conv2d(&self, weight: &Tensor, settings: Conv<2>) -> Tensor {
        forward("conv2d", self, weight, settings)
    }

    /// The transposed convolution over one axis: the adjoint of [`conv1d`](Tensor::conv1d) with these settings, which takes
    /// outputs of one to inputs. This is `[batch, channels, length]`, `weight` is `[channels, filters / groups, kernel]`, the
    /// result `[batch, filters, (length - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1]`.
    ///
    /// ```
    /// use pyroxene_tensor::{ConvTranspose, Tensor};
    /// let x = Tensor::from([1.0, 2.0]).reshape(&[1, 1, 2]);
    /// let kernel = Tensor::from([1.0, 10.0, 100.0]).reshape(&[1, 1, 3]);
    /// let y = x.conv_transpose1d(&kernel, ConvTranspose { stride: [2], ..ConvTranspose::default() });
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 10.0, 102.0, 20.0, 200.0]);
    /// ```
    ///
    /// # Panics
    /// If the axes or channels do not fit, a stride, dilation or the number of groups is 0, the output padding is not
    /// below the stride, or the result is empty.
    #[track_caller]
    pub fn conv_transpose1d(&self, weight: &Tensor, settings: ConvTranspose<1>) -> Tensor {
        transposed("conv_transpose1d", self, weight, settings)
    }

    /// The transposed convolution over two axes, see [`conv_transpose1d`](Tensor::conv_transpose1d).
    ///
    /// # Panics
    /// As [`conv_transpose1d`](Tensor::conv_transpose1d).
    #[track_caller]
    pub fn conv_transpose2d(&self, weight: &Tensor, settings: ConvTranspose<2>) -> Tensor {
        transposed("conv_transpose2d", self, weight, settings)
    }

    /// The largest element of each window of the last axis; NaN if there is one. Padding counts for nothing.
    ///
    /// ```
    /// use pyroxene_tensor::{Pool, Tensor};
    /// let x = Tensor::from([1.0, 3.0, 2.0, 0.0, 5.0]);
    /// assert_eq!(x.max_pool1d(Pool::new([2])).to_vec::<f64>(), [3.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no window, a stride is 0, or the padding is more than half a window.
    #[track_caller]
    pub fn max_pool1d(&self, settings: Pool<1>) -> Tensor {
        pooled("max_pool1d", self, settings, Pooling::max, Pooling::max)
    }

    /// The largest element of each window of the last two axes, see [`max_pool1d`](Tensor::max_pool1d).
    ///
    /// # Panics
    /// As [`max_pool1d`](Tensor::max_pool1d).
    #[track_caller]
    pub fn max_pool2d(&self, settings: Pool<2>) -> Tensor {
        pooled("max_pool2d", self, settings, Pooling::max, Pooling::max)
    }

    /// The mean of each window of the last axis, in which padding counts as zeros.
    ///
    /// # Panics
    /// As [`max_pool1d`](Tensor::max_pool1d).
    #[track_caller]
    pub fn avg_pool1d(&self, settings: Pool<1>) -> Tensor {
        pooled("avg_pool1d", self, settings, Pooling::mean, Pooling::mean)
    }

    /// The mean of each window of the last two axes, in which padding counts as zeros.
    ///
    /// # Panics
    /// As [`max_pool1d`](Tensor::max_pool1d).
    #[track_caller]
    pub fn avg_pool2d(&self, settings: Pool<2>) -> Tensor {
        pooled("avg_pool2d", self, settings, Pooling::mean, Pooling::mean)
    }
}
