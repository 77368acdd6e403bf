//! Elements by position: rows of an axis, elements along an axis, order and ranks.

mod along;
mod order;
mod rows;
mod unique;

pub use unique::Unique;

use crate::composed::Bound;
use crate::dtype::{DType, Scalar};
use crate::error::{OrPanic, fail};
use crate::shape::{self, Shape};
use crate::tensor::Tensor;
use pyroxene_kernels::index::{Extent, add_rows, scatter_add};
use std::ops::AddAssign;

impl Tensor {
    /// Panics unless this is an index, of `I64`.
    #[track_caller]
    fn check_index(&self, op: &str) {
        if self.dtype() != DType::I64 {
            fail(format_args!("{op}: the index of shape {:?} is {}, not i64", self.shape(), self.dtype()));
        }
    }

    /// The positions that an `I64` index holds, checked and counted from the start.
    #[track_caller]
    fn checked_positions(&self, op: &str, bound: Bound) -> Vec<usize> {
        self.check_index(op);
        let index = self.contiguous();
        let index = index.as_slice::<i64>().expect("the type was checked");
        let mut out = Vec::with_capacity(index.len());
        for &i in index {
            out.push(shape::index(op, i, bound.axis, bound.size, bound.signed).or_panic());
        }
        out
    }

    /// Row-major positions in an array with the axes of `bounds`, for indices along each that broadcast.
    #[track_caller]
    pub(crate) fn joint_positions(op: &str, indices: &[Tensor], bounds: &[Bound]) -> Tensor {
        let mut shapes: Vec<&[usize]> = Vec::with_capacity(indices.len());
        for index in indices {
            index.check_index(op);
            shapes.push(index.shape());
        }
        let common = shape::broadcast(op, &shapes).or_panic();
        let mut joint = vec![0i64; common.iter().product()];
        for (index, &bound) in indices.iter().zip(bounds) {
            let positions = index.expand(&common).checked_positions(op, bound);
            joint.iter_mut().zip(positions).for_each(|(joint, i)| *joint = *joint * bound.size as i64 + i as i64);
        }
        Tensor::from_parts(joint.into(), common)
    }

    /// Where the elements are not zero (or true): a row of positions (`I64`) for each, `[count, ndim]`, in row-major order.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([[0.0, 2.0], [3.0, 0.0]]);
    /// assert_eq!(x.nonzero(), Tensor::from([[0, 1], [1, 0]]));
    /// ```
    pub fn nonzero(&self) -> Tensor {
        let ndim = self.ndim();
        let mut out = Vec::new();
        let mut count = 0;
        let mut index: Shape = self.shape().iter().map(|_| 0).collect();
        for yes in self.to_vec::<bool>() {
            if yes {
                count += 1;
                out.extend(index.iter().map(|&i| i as i64));
            }
            for axis in (0..ndim).rev() {
                index[axis] += 1;
                if index[axis] < self.shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        Tensor::from_parts(out.into(), Shape::from_slice(&[count, ndim]))
    }
}

/// Where summands go: to rows of an axis, or to elements along it.
#[derive(Clone, Copy)]
enum Places<'a> {
    Rows(&'a [usize]),
    Along(&'a [usize]),
}

impl Places<'_> {
    fn add<W: Copy + AddAssign>(self, x: &[W], extent: Extent, out: &mut [W]) {
        match self {
            Places::Rows(rows) => add_rows(x, extent, rows, out),
            Places::Along(at) => scatter_add(x, extent, at, out),
        }
    }
}

/// `base` plus the elements of `src` at their places, which have one type and are summed in a wider one.
#[track_caller]
fn summed(op: &str, base: &Tensor, src: &Tensor, axis: usize, places: Places<'_>) -> Tensor {
    fn wide<T: Scalar, W: Copy + AddAssign>(
        base: &Tensor,
        src: &Tensor,
        axis: usize,
        places: Places<'_>,
        widen: fn(T) -> W,
    ) -> Vec<W> {
        let wide = |x: &Tensor| x.to_vec::<T>().into_iter().map(widen).collect::<Vec<W>>();
        let mut out = wide(base);
        places.add(&wide(src), Extent::new(base.shape(), axis), &mut out);
        out
    }
    let shape = base.shape.clone();
    match base.dtype() {
        DType::F64 => Tensor::from_parts(wide::<f64, f64>(base, src, axis, places, |v| v).into(), shape),
        DType::F32 => {
            let out = wide::<f32, f64>(base, src, axis, places, f64::from);
            Tensor::from_parts(out.into_iter().map(|v| v as f32).collect(), shape)
        }
        DType::I64 | DType::Bool => {
            let out = wide::<i64, i128>(base, src, axis, places, i128::from);
            let Ok(out) = out.into_iter().map(i64::try_from).collect::<Result<Vec<i64>, _>>() else {
                fail(format_args!("{op}: a sum of elements of {:?} is not an i64", src.shape()));
            };
            Tensor::from_parts(out.into(), shape)
        }
    }
}
