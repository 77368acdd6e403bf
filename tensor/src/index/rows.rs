//! Rows of an axis.

use super::{Places, summed};
use crate::composed::Bound;
use crate::error::OrPanic;
use crate::shape;
use crate::storage::with_type;
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::index::{Extent, select_rows};

impl Tensor {
    /// The rows along an axis at the positions that `index` (`I64`, of any shape) holds; its axes take the place of the
    /// axis. Negative positions count from the end.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.index_select(1, &Tensor::from([2, 0])), Tensor::from([[3.0, 1.0], [6.0, 4.0]]));
    /// ```
    #[track_caller]
    pub fn index_select(&self, axis: isize, index: &Tensor) -> Tensor {
        let (shape, axis) = shape::index_select(&self.shape, axis, &index.shape).or_panic();
        let extent = Extent::new(&self.shape, axis);
        let rows = index.checked_positions("index_select", Bound { axis, size: extent.size, signed: true });
        let x = self.contiguous();
        with_type!(x.dtype(), T => {
            let data = x.as_slice::<T>().expect("the type was asked for");
            let out = Buffer::build(shape.iter().product(), |out| select_rows(data, extent, &rows, out));
            Tensor::from_parts(out, shape)
        })
    }

    /// Zeros with an axis of size `size`, to whose positions that `index` (`I64`) holds the rows of this tensor are
    /// added, in their order: the adjoint of [`index_select`](Tensor::index_select). The axes of this tensor from `axis`
    /// on must be those of the index. Truth values count in `I64`.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 4.0]);
    /// assert_eq!(x.index_add(0, &Tensor::from([1, 1, 0]), 3).to_vec::<f64>(), [4.0, 3.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn index_add(&self, axis: isize, index: &Tensor, size: usize) -> Tensor {
        let (shape, axis) = shape::index_add(&self.shape, axis, &index.shape, size).or_panic();
        let rows = index.checked_positions("index_add", Bound { axis, size, signed: true });
        let dtype = self.dtype().to_number();
        summed("index_add", &Tensor::zeros(&shape, dtype), &self.cast(dtype), axis, Places::Rows(&rows))
    }
}
