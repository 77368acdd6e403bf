//! Joining tensors, picking and adding rows by index, and triangles of matrices.

use crate::dtype::{DType, Scalar};
use crate::error::{OrPanic, fail};
use crate::shape::{self, Shape, row_major};
use crate::storage::{build, with_type};
use crate::strided::{Walk, gather, scatter};
use crate::tensor::Tensor;
use std::borrow::Borrow;

/// Copies a tensor into part of a row-major buffer: its axes have the strides `strides` there, from `offset` on.
fn copy_into<T: Scalar>(x: &Tensor, out: &mut [T], strides: &[isize], offset: usize) {
    let data = x.data::<T>().expect("the argument was cast");
    let walk = Walk::new(&x.shape, [(&x.strides, x.offset), (strides, offset)]);
    let mut row = vec![T::default(); walk.len];
    walk.for_each(|[from, to]| match walk.steps {
        [step, 1] => gather(data, from, step, &mut out[to..to + walk.len]),
        [step, apart] => {
            gather(data, from, step, &mut row);
            scatter(&row, out, to, apart as usize);
        }
    });
}

impl Tensor {
    /// Joins tensors along an existing axis. Types meet as in arithmetic.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let a = Tensor::from([[1.0, 2.0]]);
    /// assert_eq!(Tensor::concat(&[&a, &a], 0).shape(), [2, 2]);
    /// assert_eq!(Tensor::concat(&[&a, &a], 1).to_vec::<f64>(), [1.0, 2.0, 1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn concat<B: Borrow<Tensor>>(tensors: &[B], axis: isize) -> Tensor {
        let shapes: Vec<&[usize]> = tensors.iter().map(|x| x.borrow().shape()).collect();
        let (shape, axis) = shape::concat(&shapes, axis).or_panic();
        let dtype = tensors.iter().map(|x| x.borrow().dtype()).max().expect("there is a first tensor");
        let strides = row_major(&shape);
        with_type!(dtype, T => {
            let data = build::<T>(shape.iter().product(), |out| {
                let mut offset = 0;
                for x in tensors {
                    let x = x.borrow();
                    copy_into(&x.cast(dtype), out, &strides, offset);
                    offset += x.shape[axis] * strides[axis] as usize;
                }
            });
            Tensor::from_parts(data, shape)
        })
    }

    /// Joins tensors of one shape along a new axis, before axis `axis` of theirs; `-1` puts it last.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let (a, b) = (Tensor::from([1, 2]), Tensor::from([3, 4]));
    /// assert_eq!(Tensor::stack(&[a, b], -1), Tensor::from([[1, 3], [2, 4]]));
    /// ```
    #[track_caller]
    pub fn stack<B: Borrow<Tensor>>(tensors: &[B], axis: isize) -> Tensor {
        let shapes: Vec<&[usize]> = tensors.iter().map(|x| x.borrow().shape()).collect();
        let (_, axis) = shape::stack(&shapes, axis).or_panic();
        let layers: Vec<Tensor> = tensors.iter().map(|x| x.borrow().unsqueeze(axis as isize)).collect();
        Tensor::concat(&layers, axis as isize)
    }

    /// The positions that an `I64` index holds, checked against an axis of size `size` and counted from the start.
    #[track_caller]
    fn positions(&self, op: &str, size: usize) -> Vec<usize> {
        if self.dtype() != DType::I64 {
            fail(format_args!("{op}: the index of shape {:?} is {}, not i64", self.shape(), self.dtype()));
        }
        let index = self.contiguous();
        let index = index.as_slice::<i64>().expect("the type was checked");
        let mut out = Vec::with_capacity(index.len());
        for &i in index {
            out.push(shape::index(op, i, size).or_panic());
        }
        out
    }

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
        let size = self.shape[axis];
        let positions = index.positions("index_select", size);
        let inner: usize = self.shape[axis + 1..].iter().product();
        let x = self.contiguous();
        with_type!(x.dtype(), T => {
            let data = x.as_slice::<T>().expect("the type was asked for");
            let out = build(shape.iter().product(), |out| {
                if out.is_empty() {
                    return;
                }
                let blocks = data.chunks_exact(size * inner).zip(out.chunks_exact_mut(positions.len() * inner));
                for (from, to) in blocks {
                    for (&p, row) in positions.iter().zip(to.chunks_exact_mut(inner)) {
                        row.copy_from_slice(&from[p * inner..(p + 1) * inner]);
                    }
                }
            });
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
        /// Adds in a wide type, and narrows at the end.
        fn added<T: Scalar, W: Copy + std::ops::AddAssign>(
            x: &Tensor,
            (shape, axis, size): (Shape, usize, usize),
            positions: &[usize],
            zero: W,
            widen: fn(T) -> W,
            mut narrow: impl FnMut(W) -> T,
        ) -> Tensor {
            let inner: usize = shape[axis + 1..].iter().product();
            let x = x.contiguous();
            let data = x.as_slice::<T>().expect("the argument was cast");
            let mut out = vec![zero; shape.iter().product()];
            if !data.is_empty() {
                let blocks = data.chunks_exact(positions.len() * inner).zip(out.chunks_exact_mut(size * inner));
                for (from, to) in blocks {
                    for (&p, row) in positions.iter().zip(from.chunks_exact(inner)) {
                        to[p * inner..(p + 1) * inner].iter_mut().zip(row).for_each(|(o, &v)| *o += widen(v));
                    }
                }
            }
            Tensor::from_parts(out.into_iter().map(&mut narrow).collect(), shape)
        }
        let (shape, axis) = shape::index_add(&self.shape, axis, &index.shape, size).or_panic();
        let positions = index.positions("index_add", size);
        let place = (shape, axis, size);
        match self.dtype() {
            DType::F64 => added::<f64, f64>(self, place, &positions, 0.0, |v| v, |v| v),
            DType::F32 => added::<f32, f64>(self, place, &positions, 0.0, f64::from, |v| v as f32),
            DType::I64 | DType::Bool => {
                let mut overflow = false;
                let narrow = |v| {
                    i64::try_from(v).unwrap_or_else(|_| {
                        overflow = true;
                        0
                    })
                };
                let out = added::<i64, i128>(&self.cast(DType::I64), place, &positions, 0, i128::from, narrow);
                if overflow {
                    fail(format_args!("index_add: a sum of rows of {:?} is not an i64", self.shape()));
                }
                out
            }
        }
    }

    /// The lower triangles of the matrices in the last two axes: elements above diagonal `k` become zero. Diagonal 0 is
    /// the main one, positive ones lie above it.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.tril(0), Tensor::from([[1, 0], [3, 4]]));
    /// assert_eq!(x.triu(1), Tensor::from([[0, 2], [0, 0]]));
    /// ```
    #[track_caller]
    pub fn tril(&self, k: isize) -> Tensor {
        self.triangle("tril", |row, column| column - row <= k as i128)
    }

    /// The upper triangles of the matrices in the last two axes: elements below diagonal `k` become zero.
    #[track_caller]
    pub fn triu(&self, k: isize) -> Tensor {
        self.triangle("triu", |row, column| column - row >= k as i128)
    }

    #[track_caller]
    fn triangle(&self, op: &str, kept: impl Fn(i128, i128) -> bool) -> Tensor {
        let (_, columns) = shape::matrix(op, &self.shape).or_panic();
        let rows = self.shape[self.ndim() - 2];
        let x = self.contiguous();
        with_type!(x.dtype(), T => {
            let data = x.as_slice::<T>().expect("the type was asked for");
            let out = build(data.len(), |out| {
                let rows_of_all = data.chunks_exact(columns.max(1)).zip(out.chunks_exact_mut(columns.max(1)));
                for (i, (from, to)) in rows_of_all.enumerate() {
                    for (j, (&v, o)) in from.iter().zip(to).enumerate() {
                        if kept((i % rows) as i128, j as i128) {
                            *o = v;
                        }
                    }
                }
            });
            Tensor::from_parts(out, x.shape.clone())
        })
    }

    /// Square matrices with the last axis on their diagonals and zeros elsewhere.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([1, 2]).diag_embed(), Tensor::from([[1, 0], [0, 2]]));
    /// ```
    #[track_caller]
    pub fn diag_embed(&self) -> Tensor {
        let shape = shape::diag_embed(&self.shape).or_panic();
        let mut strides = row_major(&shape);
        let column = strides.pop().expect("there are two axes at least");
        *strides.last_mut().expect("there are two axes at least") += column;
        with_type!(self.dtype(), T => {
            let out = build::<T>(shape.iter().product(), |out| copy_into(self, out, &strides, 0));
            Tensor::from_parts(out, shape)
        })
    }
}
