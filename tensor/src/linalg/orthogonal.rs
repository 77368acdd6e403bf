//! QR factors, eigenvalues of symmetric matrices, singular values. All are computed in `F64`; results for `F32` are rounded.

use super::{Failure, Matrices, each_matrix, kernels};
use crate::error::{OrPanic, TensorError};
use crate::shape::{self, Shape};
use crate::tensor::Tensor;

impl Tensor {
    /// A packed result of `rows x columns` elements for each matrix, which `f` computes from the matrix, and says whether it
    /// could.
    fn packed(
        &self,
        (rows, columns): (usize, usize),
        work: usize,
        room: (usize, usize),
        f: impl Fn(&[f64], &mut [f64], &mut [f64], &mut [usize]) -> bool + Sync,
    ) -> (Tensor, Failure) {
        let matrices = Matrices::<f64>::new(self, self.batch());
        let mut shape = Shape::from_slice(self.batch());
        shape.extend([rows, columns]);
        let (packed, failure) = each_matrix::<f64>(shape, rows * columns, work, room, |k, out, room| {
            if f(matrices.at(k), out, room.floats, room.indices) { Ok(()) } else { Err(0) }
        });
        (packed.cast(self.dtype().to_float()), failure)
    }

    /// The factors `A = Q R`: for matrices `[m, n]` and k = min(m, n), `Q` is `[m, k]` with orthonormal columns and `R` is
    /// `[k, n]`, upper triangular. The diagonal of `R` is not negative, so the factors of a matrix of full column rank are
    /// unique.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let (q, r) = Tensor::from([[3.0], [4.0]]).qr();
    /// assert!(q.allclose([[0.6], [0.8]], 1e-15, 0.0) && r.allclose([[5.0]], 1e-15, 0.0));
    /// ```
    #[track_caller]
    pub fn qr(&self) -> (Tensor, Tensor) {
        let (m, n) = shape::matrix("qr", &self.shape).or_panic();
        let k = m.min(n);
        let work = m * n * k * 2;
        let (packed, _) = self.packed((1, (m + n) * k), work, (kernels::qr_room(m, n, k), 0), |a, out, room, _| {
            let (q, r) = out.split_at_mut(m * k);
            kernels::qr(a, m, n, k, q, r, room);
            true
        });
        let part = |start: usize, rows: usize, columns: usize| {
            let mut shape = Shape::from_slice(self.batch());
            shape.extend([rows, columns]);
            packed.slice(-1, start..start + rows * columns).reshaped(shape)
        };
        (part(0, m, k), part(m * k, k, n))
    }

    /// The eigenvalues of symmetric matrices, ascending, `[.., n]`, and their orthonormal eigenvectors as columns, `[.., n, n]`:
    /// `A V = V diag(w)`. Only the lower triangle is read. Of each vector the element of the largest magnitude (the first of
    /// those) is positive. A matrix that is not finite gives NaN.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let (w, v) = Tensor::from([[2.0, 1.0], [1.0, 2.0]]).eigh();
    /// assert!(w.allclose([1.0, 3.0], 1e-15, 0.0));
    /// assert!(v.allclose([[0.5f64.sqrt(), 0.5f64.sqrt()], [-0.5f64.sqrt(), 0.5f64.sqrt()]], 1e-15, 0.0));
    /// ```
    #[track_caller]
    pub fn eigh(&self) -> (Tensor, Tensor) {
        self.eigenvectors().or_panic().0
    }

    /// As [`eigh`](Tensor::eigh), with an error that names the first matrix that is not finite.
    pub fn try_eigh(&self) -> Result<(Tensor, Tensor), TensorError> {
        match self.eigenvectors()? {
            (both, None) => Ok(both),
            (_, Some((batch, _))) => Err(TensorError::not_finite("eigh", &self.shape, batch)),
        }
    }

    fn eigenvectors(&self) -> Result<((Tensor, Tensor), Failure), TensorError> {
        let n = shape::square("eigh", &self.shape)?;
        let work = 10 * n * n * n;
        let (packed, failure) = self.packed((n + 1, n), work, (kernels::eigh_room(n), 0), |a, out, room, _| {
            let (values, vectors) = out.split_at_mut(n);
            kernels::eigh(a, n, values, Some(vectors), room)
        });
        Ok(((packed.select(-2, 0), packed.slice(-2, 1..)), failure))
    }

    /// The eigenvalues of symmetric matrices, ascending, without the vectors: in a third of the time. See
    /// [`eigh`](Tensor::eigh).
    #[track_caller]
    pub fn eigvalsh(&self) -> Tensor {
        let n = shape::square("eigvalsh", &self.shape).or_panic();
        let work = 2 * n * n * n;
        let (packed, _) = self
            .packed((1, n), work, (kernels::eigh_room(n), 0), |a, out, room, _| kernels::eigh(a, n, out, None, room));
        packed.squeeze(-2)
    }

    /// The singular values and vectors `A = U diag(s) V^T`, reduced: for matrices `[m, n]` and k = min(m, n), `U` is `[m, k]`,
    /// `s` is `[k]`, descending, and the last, `V^T`, is `[k, n]`. Of each right vector the element of the largest magnitude
    /// (the first of those) is positive. A matrix that is not finite gives NaN.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let a = Tensor::from([[0.0, 1.0], [-3.0, 0.0]]);
    /// let (u, s, vt) = a.svd();
    /// assert_eq!(s.to_vec::<f64>(), [3.0, 1.0]);
    /// assert_eq!((u * s).matmul(&vt), a);
    /// ```
    #[track_caller]
    pub fn svd(&self) -> (Tensor, Tensor, Tensor) {
        self.singular_vectors("svd").or_panic().0
    }

    /// As [`svd`](Tensor::svd), with an error that names the first matrix that is not finite.
    pub fn try_svd(&self) -> Result<(Tensor, Tensor, Tensor), TensorError> {
        match self.singular_vectors("svd")? {
            (all, None) => Ok(all),
            (_, Some((batch, _))) => Err(TensorError::not_finite("svd", &self.shape, batch)),
        }
    }

    pub(super) fn singular_vectors(&self, op: &str) -> Result<((Tensor, Tensor, Tensor), Failure), TensorError> {
        let (m, n) = shape::matrix(op, &self.shape)?;
        let k = m.min(n);
        let work = 20 * m * n * k;
        let (packed, failure) = self.packed((1 + m + n, k), work, (kernels::svd_room(m, n), 0), |a, out, room, _| {
            let (values, vectors) = out.split_at_mut(k);
            kernels::svd(a, m, n, values, Some(vectors.split_at_mut(m * k)), room)
        });
        let (u, v) = (packed.slice(-2, 1..m + 1), packed.slice(-2, m + 1..));
        Ok(((u, packed.select(-2, 0), v.t()), failure))
    }

    /// The singular values, descending, without the vectors. See [`svd`](Tensor::svd).
    #[track_caller]
    pub fn svdvals(&self) -> Tensor {
        self.singular_values("svdvals")
    }

    #[track_caller]
    pub(super) fn singular_values(&self, op: &str) -> Tensor {
        let (m, n) = shape::matrix(op, &self.shape).or_panic();
        let k = m.min(n);
        let (packed, _) = self.packed((1, k), 10 * m * n * k, (kernels::svd_room(m, n), 0), |a, out, room, _| {
            kernels::svd(a, m, n, out, None, room)
        });
        packed.squeeze(-2)
    }

    /// The matrix exponential of square matrices, `1 + A + A^2 / 2 + ...` (A. Al-Mohy and N. Higham, "A new scaling and squaring
    /// algorithm for the matrix exponential", 2009). A matrix that is not finite gives NaN.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let rotation = Tensor::from([[0.0, -1.0], [1.0, 0.0]]).matrix_exp();
    /// let (sin, cos) = 1f64.sin_cos();
    /// assert!(rotation.allclose([[cos, -sin], [sin, cos]], 1e-15, 0.0));
    /// ```
    #[track_caller]
    pub fn matrix_exp(&self) -> Tensor {
        let n = shape::square("matrix_exp", &self.shape).or_panic();
        let room = (kernels::matrix_exp_room(n), n);
        let (packed, _) = self
            .packed((n, n), 15 * n * n * n, room, |a, out, room, pivots| kernels::matrix_exp(a, n, out, room, pivots));
        packed
    }
}
