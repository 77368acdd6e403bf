//! Cholesky factors and what follows from them.

use super::{Failure, Float, Matrices, Triangle, each_matrix, with_float};
use crate::error::{OrPanic, TensorError};
use crate::shape;
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::linalg as kernels;

impl Tensor {
    /// The lower Cholesky factor `L` of symmetric positive definite matrices `A = L L^T`. Only the lower triangle is
    /// read. A matrix that is not positive definite gives a factor of NaN; the others of the batch are not affected.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let l = Tensor::from([[4.0, 2.0], [2.0, 5.0]]).cholesky();
    /// assert_eq!(l.to_vec::<f64>(), [2.0, 0.0, 1.0, 2.0]);
    /// assert!(Tensor::from([[-1.0]]).cholesky().item().is_nan());
    /// ```
    #[track_caller]
    pub fn cholesky(&self) -> Tensor {
        self.cholesky_factors().or_panic().0
    }

    /// As [`cholesky`](Tensor::cholesky), with an error that names the first matrix that is not positive definite.
    pub fn try_cholesky(&self) -> Result<Tensor, TensorError> {
        match self.cholesky_factors()? {
            (factors, None) => Ok(factors),
            (_, Some(place)) => Err(TensorError::not_positive_definite("cholesky", &self.shape, place)),
        }
    }

    fn cholesky_factors(&self) -> Result<(Tensor, Failure), TensorError> {
        fn factors<T: Float>(x: &Tensor, n: usize) -> (Tensor, Failure) {
            if (1..=kernels::SMALL).contains(&n) {
                let matrices = x.cast(T::DTYPE).contiguous();
                let data = matrices.as_slice::<T>().expect("the matrices were cast");
                let mut failure = None;
                let factors = Buffer::build(data.len(), |out| {
                    out.copy_from_slice(data);
                    failure = kernels::cholesky_small(out, n);
                });
                return (Tensor::from_parts(factors, x.shape.clone()), failure);
            }
            let matrices = Matrices::<T>::new(x, x.batch());
            each_matrix::<T>(x.shape.clone(), n * n, n * n * n / 6, (0, 0), |k, out, _| {
                out.copy_from_slice(matrices.at(k));
                kernels::cholesky(out, n).inspect_err(|_| out.fill(T::NAN))
            })
        }
        let n = shape::square("cholesky", &self.shape)?;
        Ok(with_float!(self.dtype(), T => factors::<T>(self, n)))
    }

    /// Solves `A x = b` for `A = L L^T`, whose lower Cholesky factors are this tensor's matrices. The shapes are those of
    /// [`solve`](Tensor::solve).
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let l = Tensor::from([[4.0, 2.0], [2.0, 5.0]]).cholesky();
    /// assert!(l.cholesky_solve(&Tensor::from([8.0, 12.0])).allclose([1.0, 2.0], 1e-15, 0.0));
    /// ```
    #[track_caller]
    pub fn cholesky_solve(&self, b: &Tensor) -> Tensor {
        shape::solve("cholesky_solve", &self.shape, &b.shape).or_panic();
        let half = self.solve_triangular(b, Triangle::Lower, false);
        self.solve_triangular(&half, Triangle::Lower, true)
    }

    /// The inverse of `A = L L^T`, whose lower Cholesky factors are this tensor's matrices; it is symmetric.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let l = Tensor::from([[4.0, 2.0], [2.0, 5.0]]).cholesky();
    /// assert!(l.cholesky_inverse().allclose([[0.3125, -0.125], [-0.125, 0.25]], 1e-15, 0.0));
    /// ```
    #[track_caller]
    pub fn cholesky_inverse(&self) -> Tensor {
        let n = shape::square("cholesky_inverse", &self.shape).or_panic();
        let whitened = self.solve_triangular(&Tensor::eye(n, self.dtype()), Triangle::Lower, false);
        whitened.t().matmul(&whitened)
    }

    /// The logarithm of the determinant of `A = L L^T`, whose lower Cholesky factors are this tensor's matrices.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let l = Tensor::from([[4.0, 2.0], [2.0, 5.0]]).cholesky();
    /// assert!((l.cholesky_logdet().item() - 16f64.ln()).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn cholesky_logdet(&self) -> Tensor {
        shape::square("cholesky_logdet", &self.shape).or_panic();
        let logs = self.cast(self.dtype().to_float()).diagonal().ln();
        logs.sum_axes(&[-1], false) * 2.0
    }
}
