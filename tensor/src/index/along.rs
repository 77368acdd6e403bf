//! Elements along an axis, each by an index of its own.

use super::{Places, summed};
use crate::composed::Bound;
use crate::error::OrPanic;
use crate::shape::{self, Shape};
use crate::storage::with_type;
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::index::{Extent, gather, scatter};

impl Tensor {
    /// One element along an axis for each position in `index` (`I64`), which has as many axes as the tensor:
    /// `y[i, j] = x[i, index[i, j]]` along axis 1. The other axes broadcast. This is `take_along_axis` in NumPy. Negative
    /// positions count from the end.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.gather(1, &Tensor::from([[2], [0]])), Tensor::from([[3], [4]]));
    /// ```
    #[track_caller]
    pub fn gather(&self, axis: isize, index: &Tensor) -> Tensor {
        index.check_index("gather");
        let (shape, axis) = shape::gather(&self.shape, axis, &index.shape).or_panic();
        let mut source = shape.clone();
        source[axis] = self.shape[axis];
        let extent = Extent::new(&source, axis);
        let bound = Bound { axis, size: extent.size, signed: true };
        let at = index.expand(&shape).checked_positions("gather", bound);
        let x = self.expand(&source).contiguous();
        with_type!(x.dtype(), T => {
            let data = x.as_slice::<T>().expect("the type was asked for");
            Tensor::from_parts(Buffer::build(shape.iter().product(), |out| gather(data, extent, &at, out)), shape)
        })
    }

    /// This tensor with elements of `src` put along an axis, where `index` (`I64`) says: `y[i, index[i, j]] = src[i, j]`
    /// along axis 1. `index` and `src` broadcast to the other axes. Of equal positions the last one wins. The type is that
    /// of this tensor if it is a floating-point one; otherwise types meet as in arithmetic.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// let y = x.scatter(1, &Tensor::from([[2], [0]]), &Tensor::from([[0]]));
    /// assert_eq!(y, Tensor::from([[1, 2, 0], [0, 5, 6]]));
    /// ```
    #[track_caller]
    pub fn scatter(&self, axis: isize, index: &Tensor, src: &Tensor) -> Tensor {
        let Spots { shape, axis, at } = self.spots("scatter", axis, index, src);
        let dtype = shape::put_dtype(self.dtype(), src.dtype());
        let (x, src) = (self.cast(dtype).contiguous(), src.cast(dtype).expand(&shape).contiguous());
        let extent = Extent::new(&self.shape, axis);
        with_type!(dtype, T => {
            let (x, src) = (x.as_slice::<T>().expect("it was cast"), src.as_slice::<T>().expect("it was cast"));
            let out = Buffer::build(x.len(), |out: &mut [T]| {
                out.copy_from_slice(x);
                scatter(src, extent, &at, out);
            });
            Tensor::from_parts(out, self.shape.clone())
        })
    }

    /// As [`scatter`](Tensor::scatter), but the elements are added; those of equal positions add up, in order. Truth values
    /// count in `I64`.
    #[track_caller]
    pub fn scatter_add(&self, axis: isize, index: &Tensor, src: &Tensor) -> Tensor {
        let Spots { shape, axis, at } = self.spots("scatter_add", axis, index, src);
        let dtype = shape::put_dtype(self.dtype(), src.dtype()).to_number();
        let src = src.cast(dtype).expand(&shape);
        summed("scatter_add", &self.cast(dtype), &src, axis, Places::Along(&at))
    }

    #[track_caller]
    fn spots(&self, op: &str, axis: isize, index: &Tensor, src: &Tensor) -> Spots {
        index.check_index(op);
        let (shape, axis) = shape::scatter(op, &self.shape, axis, &index.shape, &src.shape).or_panic();
        let bound = Bound { axis, size: self.shape[axis], signed: true };
        let at = index.expand(&shape).checked_positions(op, bound);
        Spots { shape, axis, at }
    }
}

/// The common shape of index and source, and the positions along the axis.
struct Spots {
    shape: Shape,
    axis: usize,
    at: Vec<usize>,
}
