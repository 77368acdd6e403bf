//! Order along an axis, and ranks in what is in order.

use crate::dtype::{DType, Scalar};
use crate::error::OrPanic;
use crate::shape::{self, Shape};
use crate::storage::with_type;
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::index::Extent;
use pyroxene_kernels::sort::{descending_key, key, order};

/// A number whose order as an unsigned integer is that of the element, or the opposite one; NaN is last in both.
pub(super) fn key_of<T: Scalar>(x: T, descending: bool) -> u64 {
    match T::DTYPE {
        DType::F64 | DType::F32 if descending => descending_key(x.to_f64()),
        DType::F64 | DType::F32 => key(x.to_f64()),
        DType::I64 | DType::Bool => {
            let key = x.to_i64() as u64 ^ 1 << 63;
            if descending { !key } else { key }
        }
    }
}

impl Tensor {
    /// The positions (`I64`) along an axis in the order of the elements there: `x.gather(axis, &x.argsort(axis, false))` is
    /// sorted. Equal elements keep their order, NaN comes last in either direction.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([2.0, f64::NAN, 1.0, 2.0]);
    /// assert_eq!(x.argsort(0, false), Tensor::from([2, 0, 3, 1]));
    /// assert_eq!(x.argsort(0, true), Tensor::from([0, 3, 2, 1]));
    /// ```
    #[track_caller]
    pub fn argsort(&self, axis: isize, descending: bool) -> Tensor {
        let axis = shape::axis("argsort", &self.shape, axis).or_panic();
        self.first_in_order(axis, descending, self.shape[axis])
    }

    /// The positions of the first `keep` elements in order along an axis.
    pub(crate) fn first_in_order(&self, axis: usize, descending: bool, keep: usize) -> Tensor {
        let Extent { outer, size, inner } = Extent::new(&self.shape, axis);
        let mut shape = self.shape.clone();
        shape[axis] = keep;
        let x = self.contiguous();
        let out = with_type!(x.dtype(), T => {
            let data = x.as_slice::<T>().expect("the type was asked for");
            Buffer::build(shape.iter().product(), |out: &mut [i64]| {
                let mut pairs = vec![(0, 0); size];
                for (o, i) in (0..outer).flat_map(|o| (0..inner).map(move |i| (o, i))) {
                    for (j, pair) in (0..).zip(&mut pairs) {
                        *pair = (key_of(data[(o * size + j) * inner + i], descending), j as u64);
                    }
                    order(&mut pairs, keep, |&pair| pair);
                    for (j, &(_, place)) in pairs[..keep].iter().enumerate() {
                        out[(o * keep + j) * inner + i] = place as i64;
                    }
                }
            })
        });
        Tensor::from_parts(out, shape)
    }

    /// How many numbers of this tensor, ascending along the last axis, are less than each of `values` (`I64`); with `right`,
    /// how many are not greater. So the values could be inserted there. A vector serves values of any shape; otherwise the
    /// axes but the last must be those of `values`. NaN is greater than all.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let (x, values) = (Tensor::from([1.0, 2.0, 2.0]), Tensor::from([2.0, 0.0]));
    /// assert_eq!(x.searchsorted(&values, false), Tensor::from([1, 0]));
    /// assert_eq!(x.searchsorted(&values, true), Tensor::from([3, 0]));
    /// ```
    #[track_caller]
    pub fn searchsorted(&self, values: &Tensor, right: bool) -> Tensor {
        let (n, count) = shape::searchsorted(&self.shape, &values.shape).or_panic();
        let dtype = self.dtype().promote(values.dtype());
        let (sorted, values) = (self.cast(dtype).contiguous(), values.cast(dtype).contiguous());
        let out = with_type!(dtype, T => {
            let sorted = sorted.as_slice::<T>().expect("it was cast");
            let values = values.as_slice::<T>().expect("it was cast");
            Buffer::build(values.len(), |out: &mut [i64]| {
                for (k, (out, values)) in out.chunks_mut(count.max(1)).zip(values.chunks(count.max(1))).enumerate() {
                    let row = &sorted[k * n..(k + 1) * n];
                    for (out, &value) in out.iter_mut().zip(values) {
                        let value = key_of(value, false);
                        let before = |&x: &T| if right { key_of(x, false) <= value } else { key_of(x, false) < value };
                        *out = row.partition_point(before) as i64;
                    }
                }
            })
        });
        Tensor::from_parts(out, Shape::from_slice(values.shape()))
    }
}
