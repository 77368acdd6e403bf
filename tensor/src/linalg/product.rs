//! Products.

use super::{Float, matrix_offsets};
use crate::dtype::{DType, Scalar};
use crate::error::{OrPanic, fail};
use crate::shape::{self, Shape};
use crate::storage::build;
use crate::tensor::Tensor;
use pyroxene_kernels::linalg as kernels;
use pyroxene_kernels::linalg::{Mat, MatMut};

impl Tensor {
    /// The tensor as matrices whose strides the kernels take: a copy only if a stride is negative.
    fn forward(&self) -> Tensor {
        if self.strides.iter().any(|&s| s < 0) { self.contiguous() } else { self.clone() }
    }

    /// The matrix product, by the rules of NumPy: the last two axes are the matrices, those before them broadcast, a
    /// vector on the left is a row and one on the right a column. Integers and truth values multiply in `I64`, which
    /// panics on overflow.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(a.matmul(&Tensor::from([1.0, 1.0])).to_vec::<f64>(), [3.0, 7.0]);
    /// assert_eq!(a.matmul(&a.t()).at(&[0, 1]), 11.0);
    /// ```
    #[track_caller]
    pub fn matmul(&self, other: &Tensor) -> Tensor {
        let shape = shape::matmul(&self.shape, &other.shape).or_panic();
        let dtype = self.dtype().promote(other.dtype()).to_number();
        let mut a = self.cast(dtype);
        let mut b = other.cast(dtype);
        if a.ndim() == 1 {
            a = a.unsqueeze(0);
        }
        if b.ndim() == 1 {
            b = b.unsqueeze(1);
        }
        if b.ndim() == 2 && a.ndim() > 2 && a.is_contiguous() {
            // One tall matrix instead of a batch that shares the right side.
            let inner = *a.shape.last().expect("a matrix has axes");
            let rows = a.shape[..a.ndim() - 1].iter().product();
            a = a.reshaped(Shape::from_slice(&[rows, inner]));
        }
        match dtype {
            DType::F64 => batched_product::<f64>(&a, &b, shape, float_product),
            DType::F32 => batched_product::<f32>(&a, &b, shape, float_product),
            DType::I64 | DType::Bool => {
                let mut overflow = false;
                let out = batched_product::<i64>(&a, &b, shape, |a, b, c| overflow |= integer_product(a, b, c));
                if overflow {
                    fail(format_args!(
                        "matmul: the result for {:?} and {:?} is not all i64",
                        self.shape(),
                        other.shape()
                    ));
                }
                out
            }
        }
    }
}

/// Products of the matrices of two batches that broadcast. `product` gets two matrices and the row-major place for their
/// product; `shape` is that of the result, possibly without the axes that were added to vectors.
fn batched_product<T: Scalar>(
    a: &Tensor,
    b: &Tensor,
    shape: Shape,
    mut product: impl FnMut(Mat<'_, T>, Mat<'_, T>, &mut [T]),
) -> Tensor {
    let (a, b) = (a.forward(), b.forward());
    let size = a.shape[a.ndim() - 2] * b.shape[b.ndim() - 1];
    let batch = shape::broadcast("matmul", &[&a.shape[..a.ndim() - 2], &b.shape[..b.ndim() - 2]])
        .expect("the shapes were checked");
    let out = build(shape.iter().product(), |out| {
        if out.is_empty() || a.is_empty() {
            return;
        }
        let offsets = matrix_offsets(&a, &batch).into_iter().zip(matrix_offsets(&b, &batch));
        for (c, (a_offset, b_offset)) in out.chunks_exact_mut(size).zip(offsets) {
            product(matrix(&a, a_offset), matrix(&b, b_offset), c);
        }
    });
    Tensor::from_parts(out, shape)
}

/// The matrix that starts at an offset.
fn matrix<T: Scalar>(x: &Tensor, offset: usize) -> Mat<'_, T> {
    let data = &x.data().expect("the arguments were cast")[offset..];
    let axis = x.ndim() - 2;
    // Nothing is ever stepped over along an axis of size 1, whatever its stride.
    let stride = |axis: usize| if x.shape[axis] == 1 { 0 } else { x.strides[axis] as usize };
    Mat::new(data, x.shape[axis], x.shape[axis + 1], stride(axis), stride(axis + 1))
}

fn float_product<T: Float>(a: Mat<'_, T>, b: Mat<'_, T>, c: &mut [T]) {
    let (rows, columns) = (a.rows(), b.cols());
    kernels::gemm(a, b, MatMut::row_major(c, rows, columns));
}

/// The product in `i64`, and whether an element is too large for it.
fn integer_product(a: Mat<'_, i64>, b: Mat<'_, i64>, c: &mut [i64]) -> bool {
    let mut overflow = false;
    for (i, row) in c.chunks_exact_mut(b.cols()).enumerate() {
        for (j, out) in row.iter_mut().enumerate() {
            let terms = (0..a.cols()).map(|k| i128::from(a.at(i, k)) * i128::from(b.at(k, j)));
            // A partial sum beyond i128 is beyond i64 by far more than the rest could bring back.
            match terms.fold(0i128, i128::saturating_add).try_into() {
                Ok(total) => *out = total,
                Err(_) => overflow = true,
            }
        }
    }
    overflow
}
