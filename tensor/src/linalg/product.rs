//! Products.

use super::{Float, matrix_offsets};
use crate::dtype::{DType, Scalar};
use crate::error::{OrPanic, fail};
use crate::shape::{self, Shape};
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::linalg as kernels;
use pyroxene_kernels::linalg::{Mat, MatMut};
use std::sync::atomic::{AtomicBool, Ordering};

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
                let overflow = AtomicBool::new(false);
                let out = batched_product::<i64>(&a, &b, shape, |a, b, c| {
                    if integer_product(a, b, c) {
                        overflow.store(true, Ordering::Relaxed);
                    }
                });
                if overflow.into_inner() {
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

    /// Powers of square matrices by repeated squaring; a negative exponent takes the inverse first, and the zeroth power is
    /// the identity.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// // Fibonacci numbers.
    /// let power = Tensor::from([[1, 1], [1, 0]]).matrix_power(10);
    /// assert_eq!(power.to_vec::<i64>(), [89, 55, 55, 34]);
    /// ```
    #[track_caller]
    pub fn matrix_power(&self, exponent: i64) -> Tensor {
        let n = shape::square("matrix_power", &self.shape).or_panic();
        let mut base = if exponent < 0 { self.inverse() } else { self.cast(self.dtype().to_number()) };
        let mut left = exponent.unsigned_abs();
        let mut power = None;
        while left > 0 {
            if left % 2 == 1 {
                power = Some(power.map_or_else(|| base.clone(), |power: Tensor| power.matmul(&base)));
            }
            left /= 2;
            if left > 0 {
                base = base.matmul(&base);
            }
        }
        power.unwrap_or_else(|| Tensor::eye(n, base.dtype()).expand(&self.shape))
    }

    /// The sum of the main diagonal of each matrix.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).trace().item(), 5.0);
    /// ```
    #[track_caller]
    pub fn trace(&self) -> Tensor {
        shape::matrix("trace", &self.shape).or_panic();
        self.diagonal().sum_axes(&[-1], false)
    }

    /// The inner product of two vectors.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0]).dot(&Tensor::from([3.0, 4.0])).item(), 11.0);
    /// ```
    #[track_caller]
    pub fn dot(&self, other: &Tensor) -> Tensor {
        if self.ndim() != 1 || self.shape != other.shape {
            fail(format_args!(
                "dot: expected two vectors of one length, got {:?} and {:?}",
                self.shape(),
                other.shape()
            ));
        }
        self.matmul(other)
    }

    /// The outer products of vectors, `[.., m]` and `[.., n]`: matrices `[.., m, n]`. The axes before the last broadcast.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let product = Tensor::from([1.0, 2.0]).outer(&Tensor::from([3.0, 4.0, 5.0]));
    /// assert_eq!(product, Tensor::from([[3.0, 4.0, 5.0], [6.0, 8.0, 10.0]]));
    /// ```
    #[track_caller]
    pub fn outer(&self, other: &Tensor) -> Tensor {
        shape::outer(&self.shape, &other.shape).or_panic();
        self.unsqueeze(-1) * other.unsqueeze(-2)
    }

    /// The Kronecker products of matrices, `[.., m, n]` and `[.., p, q]`: matrices `[.., m p, n q]` of the blocks `a[i, j] B`. The
    /// axes before the last two broadcast.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let product = Tensor::from([[1.0, 2.0]]).kron(&Tensor::from([[1.0], [10.0]]));
    /// assert_eq!(product, Tensor::from([[1.0, 2.0], [10.0, 20.0]]));
    /// ```
    #[track_caller]
    pub fn kron(&self, other: &Tensor) -> Tensor {
        let shape = shape::kron(&self.shape, &other.shape).or_panic();
        let (left, right) = (self.unsqueeze(-2).unsqueeze(-1), other.unsqueeze(-2).unsqueeze(-4));
        (left * right).reshaped(shape)
    }
}

/// Products of the matrices of two batches that broadcast. `product` gets two matrices and the row-major place for their
/// product; `shape` is that of the result, possibly without the axes that were added to vectors.
fn batched_product<T: Scalar>(
    a: &Tensor,
    b: &Tensor,
    shape: Shape,
    product: impl Fn(Mat<'_, T>, Mat<'_, T>, &mut [T]) + Sync,
) -> Tensor {
    let (a, b) = (a.forward(), b.forward());
    let size = a.shape[a.ndim() - 2] * b.shape[b.ndim() - 1];
    let batch = shape::broadcast("matmul", &[&a.shape[..a.ndim() - 2], &b.shape[..b.ndim() - 2]])
        .expect("the shapes were checked");
    let out = Buffer::build(shape.iter().product(), |out| {
        if out.is_empty() || a.is_empty() {
            return out.fill(T::default());
        }
        let (a_offsets, b_offsets) = (matrix_offsets(&a, &batch), matrix_offsets(&b, &batch));
        let none = kernels::Scratch::<f64> { floats: &mut [], indices: &mut [] };
        let parts = kernels::parts(a_offsets.len(), size * a.shape[a.ndim() - 1]);
        kernels::each_matrix(out, size, none, parts, |k, out, _| {
            product(matrix(&a, a_offsets[k]), matrix(&b, b_offsets[k]), out);
            Ok(())
        });
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
