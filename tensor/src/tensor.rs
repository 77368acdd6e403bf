//! The tensor type and its views.

use crate::device::Device;
use crate::dtype::{DType, Scalar};
use crate::error::{OrPanic, TensorError, fail};
use crate::shape::{self, Positions, Shape, Slice, Strides, row_major};
use crate::storage::{Storage, dispatch, with_type};
use crate::strided::{Offsets, materialise};
use pyroxene_kernels::buffer::Buffer;

/// An n-dimensional array: a shape and strides over shared, immutable elements.
///
/// Cloning and every view ([`reshape`](Tensor::reshape), [`permute`](Tensor::permute), [`slice`](Tensor::slice), ...)
/// share the elements. No operation changes elements in place. A tensor without axes is a scalar; axes of size 0 are
/// allowed everywhere. Axes are given as `isize`, and negative ones count from the end.
///
/// A wrong shape, axis or element type is a mistake of the program: the method panics at the caller's line with the
/// name of the operation and the shapes.
///
/// ```
/// use pyroxene_tensor::Tensor;
/// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// let centred = &x - x.mean_axes(&[0], true);
/// assert_eq!(centred.to_vec::<f64>(), [-1.5, -1.5, -1.5, 1.5, 1.5, 1.5]);
/// assert_eq!(x.t().shape(), [3, 2]);
/// ```
#[derive(Clone)]
pub struct Tensor {
    pub(crate) storage: Storage,
    pub(crate) shape: Shape,
    pub(crate) strides: Strides,
    pub(crate) offset: usize,
}

impl Tensor {
    /// A contiguous tensor; the shape must have as many elements as the data.
    pub(crate) fn from_parts<T: Scalar>(data: Buffer<T>, shape: Shape) -> Tensor {
        debug_assert_eq!(data.len(), shape.iter().product());
        let strides = row_major(&shape);
        Tensor { storage: Storage::Cpu(T::wrap(data)), shape, strides, offset: 0 }
    }

    /// The same elements seen through another shape. Without elements there is nothing to point at, so the offset is
    /// put to 0, where slicing the data is always in bounds.
    pub(crate) fn view(&self, shape: Shape, strides: Strides, offset: usize) -> Tensor {
        let offset = if shape.contains(&0) { 0 } else { offset };
        Tensor { storage: self.storage.clone(), shape, strides, offset }
    }

    /// All elements of the storage, whatever part of them the tensor sees.
    pub(crate) fn data<T: Scalar>(&self) -> Option<&Buffer<T>> {
        let Storage::Cpu(cpu) = &self.storage;
        T::unwrap(cpu)
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The distance in memory, in elements, between neighbours along each axis.
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.shape.len()
    }

    /// The number of elements, which is 1 for a scalar.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// The size of an axis.
    #[track_caller]
    pub fn size(&self, axis: isize) -> usize {
        self.shape[shape::axis("size", &self.shape, axis).or_panic()]
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.storage.dtype()
    }

    /// Where the elements live.
    pub fn device(&self) -> Device {
        self.storage.device()
    }

    /// Whether the elements lie one after the other in row-major order.
    pub fn is_contiguous(&self) -> bool {
        let mut step = 1;
        for (&d, &stride) in self.shape.iter().zip(&self.strides).rev() {
            match d {
                0 => return true,
                1 => {}
                _ if stride != step => return self.is_empty(),
                _ => step *= d as isize,
            }
        }
        true
    }

    /// The tensor itself if it is contiguous, else a row-major copy.
    pub fn contiguous(&self) -> Tensor {
        if self.is_contiguous() {
            return self.clone();
        }
        dispatch!(self, data => {
            Tensor::from_parts(materialise(data, &self.shape, &self.strides, self.offset), self.shape.clone())
        })
    }

    /// The only element, converted to `f64`. Panics unless there is exactly one.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0]).sum().item(), 3.0);
    /// ```
    #[track_caller]
    pub fn item(&self) -> f64 {
        if self.len() != 1 {
            fail(format_args!("item: {:?} has {} elements, not one", self.shape(), self.len()));
        }
        dispatch!(self, data => data[self.offset].to_f64())
    }

    /// The element at an index, converted to `f64`.
    #[track_caller]
    pub fn at(&self, index: &[usize]) -> f64 {
        if index.len() != self.ndim() || index.iter().zip(&self.shape).any(|(&i, &d)| i >= d) {
            fail(format_args!("at: index {index:?} is out of bounds for {:?}", self.shape()));
        }
        let steps = index.iter().zip(&self.strides).map(|(&i, &s)| i as isize * s);
        let offset = self.offset.wrapping_add_signed(steps.sum());
        dispatch!(self, data => data[offset].to_f64())
    }

    /// The elements in row-major order, converted to `T` as [`cast`](Tensor::cast) does.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([[1, 2], [3, 4]]).t().to_vec::<f64>(), [1.0, 3.0, 2.0, 4.0]);
    /// ```
    pub fn to_vec<T: Scalar>(&self) -> Vec<T> {
        let x = self.contiguous();
        if let Some(same) = x.as_slice::<T>() {
            return same.to_vec();
        }
        dispatch!(x, data => data[x.offset..x.offset + x.len()].iter().map(|&v| T::from_scalar(v)).collect())
    }

    /// The elements in row-major order as `f64`.
    pub fn to_f64_vec(&self) -> Vec<f64> {
        self.to_vec()
    }

    /// The elements, if they are of type `T` and [contiguous](Tensor::is_contiguous).
    pub fn as_slice<T: Scalar>(&self) -> Option<&[T]> {
        if !self.is_contiguous() {
            return None;
        }
        self.data().map(|data| &data[self.offset..self.offset + self.len()])
    }

    /// The `f64` elements of the whole storage and the offset of the first element of this tensor in it; together with
    /// the shape and [`strides`](Tensor::strides) they describe the tensor without a copy. `None` for other types.
    pub fn as_buffer(&self) -> Option<(&Buffer<f64>, usize)> {
        self.data().map(|data| (data, self.offset))
    }

    /// The elements one by one in row-major order, converted to `f64`.
    pub fn iter_f64(&self) -> impl ExactSizeIterator<Item = f64> + '_ {
        let offsets = Offsets::new(&self.shape, &self.strides, self.offset);
        offsets.map(move |offset| dispatch!(self, data => data[offset].to_f64()))
    }

    /// The same elements in row-major order in another shape; one size may be `-1`, which means the rest. Shares the
    /// elements if strides can express it, and copies otherwise.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::arange(0.0, 6.0, 1.0);
    /// assert_eq!(x.reshape(&[2, -1]).shape(), [2, 3]);
    /// ```
    #[track_caller]
    pub fn reshape(&self, shape: &[isize]) -> Tensor {
        self.try_reshape(shape).or_panic()
    }

    /// As [`reshape`](Tensor::reshape), with an error in place of a panic.
    pub fn try_reshape(&self, shape: &[isize]) -> Result<Tensor, TensorError> {
        Ok(self.reshaped(shape::reshape(&self.shape, shape)?))
    }

    /// A reshape to a shape known to have as many elements.
    pub(crate) fn reshaped(&self, shape: Shape) -> Tensor {
        match reshaped_strides(&self.shape, &self.strides, &shape) {
            Some(strides) => self.view(shape, strides, self.offset),
            None => {
                let x = self.contiguous();
                let strides = row_major(&shape);
                x.view(shape, strides, x.offset)
            }
        }
    }

    /// One axis with all elements in row-major order.
    pub fn flatten(&self) -> Tensor {
        self.reshaped(Shape::from_slice(&[self.len()]))
    }

    /// The axes in another order: axis `i` of the result is axis `axes[i]` of this tensor.
    #[track_caller]
    pub fn permute(&self, axes: &[isize]) -> Tensor {
        let axes = shape::permute(&self.shape, axes).or_panic();
        self.permuted(&axes)
    }

    pub(crate) fn permuted(&self, axes: &[usize]) -> Tensor {
        let shape = axes.iter().map(|&a| self.shape[a]).collect();
        let strides = axes.iter().map(|&a| self.strides[a]).collect();
        self.view(shape, strides, self.offset)
    }

    /// Swaps two axes.
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Tensor {
        let a = shape::axis("transpose", &self.shape, a).or_panic();
        let b = shape::axis("transpose", &self.shape, b).or_panic();
        let mut axes: Shape = (0..self.ndim()).collect();
        axes.swap(a, b);
        self.permuted(&axes)
    }

    /// Swaps the last two axes, so each matrix of a batch is transposed.
    #[track_caller]
    pub fn t(&self) -> Tensor {
        shape::matrix("t", &self.shape).or_panic();
        self.transpose(-2, -1)
    }

    /// Repeats axes of size 1, and missing leading axes, as broadcasting does. Shares the elements (stride 0).
    #[track_caller]
    pub fn expand(&self, shape: impl AsRef<[usize]>) -> Tensor {
        let shape = shape::expand(&self.shape, shape.as_ref()).or_panic();
        self.expanded(shape)
    }

    /// An expansion to a shape known to fit.
    pub(crate) fn expanded(&self, shape: Shape) -> Tensor {
        let strides = self.broadcast_strides(&shape);
        self.view(shape, strides, self.offset)
    }

    /// The strides of this tensor broadcast to a shape known to fit.
    pub(crate) fn broadcast_strides(&self, shape: &[usize]) -> Strides {
        let added = shape.len() - self.ndim();
        let stride_of = |axis: usize| match axis.checked_sub(added) {
            Some(own) if self.shape[own] == shape[axis] && shape[axis] != 1 => self.strides[own],
            _ => 0,
        };
        (0..shape.len()).map(stride_of).collect()
    }

    /// Part of an axis: a range, or a [`Slice`] with a step. Negative bounds count from the end; bounds outside the
    /// axis panic.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.slice(-1, 1..).to_vec::<i64>(), [2, 3, 5, 6]);
    /// ```
    #[track_caller]
    pub fn slice(&self, axis: isize, slice: impl Into<Slice>) -> Tensor {
        let Positions { axis, start, step, len } = shape::slice(&self.shape, axis, slice.into()).or_panic();
        let mut shape = self.shape.clone();
        let mut strides = self.strides.clone();
        let offset = self.offset.wrapping_add_signed(start as isize * strides[axis]);
        shape[axis] = len;
        // A lone position is never stepped from, and the product could overflow.
        strides[axis] = strides[axis].wrapping_mul(step);
        self.view(shape, strides, offset)
    }

    /// One position of an axis, which is removed. A negative index counts from the end.
    #[track_caller]
    pub fn select(&self, axis: isize, index: isize) -> Tensor {
        let (axis, index) = shape::select(&self.shape, axis, index).or_panic();
        let mut shape = self.shape.clone();
        let mut strides = self.strides.clone();
        shape.remove(axis);
        let stride = strides.remove(axis);
        self.view(shape, strides, self.offset.wrapping_add_signed(index as isize * stride))
    }

    /// Removes an axis of size 1.
    #[track_caller]
    pub fn squeeze(&self, axis: isize) -> Tensor {
        let axis = shape::squeeze(&self.shape, axis).or_panic();
        let mut shape = self.shape.clone();
        let mut strides = self.strides.clone();
        shape.remove(axis);
        strides.remove(axis);
        self.view(shape, strides, self.offset)
    }

    /// Inserts an axis of size 1 before axis `axis`; `-1` puts it last.
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Tensor {
        let axis = shape::unsqueeze(&self.shape, axis).or_panic();
        let mut shape = self.shape.clone();
        let mut strides = self.strides.clone();
        shape.insert(axis, 1);
        strides.insert(axis, 0);
        self.view(shape, strides, self.offset)
    }

    /// An axis in reverse order.
    #[track_caller]
    pub fn flip(&self, axis: isize) -> Tensor {
        let axis = shape::axis("flip", &self.shape, axis).or_panic();
        let mut strides = self.strides.clone();
        let last = self.shape[axis].saturating_sub(1) as isize;
        let offset = self.offset.wrapping_add_signed(last * strides[axis]);
        strides[axis] = strides[axis].wrapping_neg();
        self.view(self.shape.clone(), strides, offset)
    }

    /// The diagonals of the matrices in the last two axes, as a view.
    #[track_caller]
    pub fn diagonal(&self) -> Tensor {
        let shape = shape::diagonal(&self.shape).or_panic();
        let mut strides = self.strides.clone();
        let last = strides.pop().expect("a matrix has two axes");
        *strides.last_mut().expect("a matrix has two axes") += last;
        self.view(shape, strides, self.offset)
    }
}

/// The strides that show strided elements in another shape of the same size, if there are any.
fn reshaped_strides(shape: &[usize], strides: &[isize], target: &[usize]) -> Option<Strides> {
    if shape.contains(&0) {
        return Some(row_major(target));
    }
    // Merge neighbouring axes that are evenly spaced, then split the merged ones into the target sizes.
    let mut merged: Vec<(usize, isize)> = Vec::with_capacity(shape.len());
    for (&d, &stride) in shape.iter().zip(strides).filter(|&(&d, _)| d != 1) {
        match merged.last_mut() {
            Some((size, step)) if *step == stride.wrapping_mul(d as isize) => {
                *size *= d;
                *step = stride;
            }
            _ => merged.push((d, stride)),
        }
    }
    let mut out = row_major(target);
    let mut axis = target.len();
    for &(size, step) in merged.iter().rev() {
        let mut covered = 1;
        while covered < size {
            axis -= 1;
            out[axis] = step * covered as isize;
            covered *= target[axis];
        }
        if covered != size {
            return None;
        }
    }
    Some(out)
}

impl PartialEq for Tensor {
    /// Whether type and shape are the same and all elements are equal, so a NaN makes a tensor unequal to itself.
    fn eq(&self, other: &Tensor) -> bool {
        fn elements<T: Scalar>(a: &Tensor, b: &Tensor) -> bool {
            let (a, b) = (a.contiguous(), b.contiguous());
            a.as_slice::<T>() == b.as_slice::<T>()
        }
        self.shape == other.shape
            && self.dtype() == other.dtype()
            && with_type!(self.dtype(), T => elements::<T>(self, other))
    }
}
