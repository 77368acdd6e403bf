//! Joining tensors.

use crate::dtype::Scalar;
use crate::error::OrPanic;
use crate::shape::{self, row_major};
use crate::storage::with_type;
use crate::strided::{Walk, gather, scatter};
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;
use std::borrow::Borrow;

/// Copies a tensor into part of a row-major buffer: its axes have the strides `strides` there, from `offset` on.
pub(crate) fn copy_into<T: Scalar>(x: &Tensor, out: &mut [T], strides: &[isize], offset: usize) {
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
            let data = Buffer::<T>::build(shape.iter().product(), |out| {
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
}
