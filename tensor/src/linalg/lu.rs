//! LU factors and determinants.

use super::{Float, Matrices, each_matrix, with_float};
use crate::dtype::DType;
use crate::error::OrPanic;
use crate::shape::{self, Shape};
use crate::tensor::Tensor;
use pyroxene_kernels::linalg as kernels;

impl Tensor {
    /// The factors `A = P L U` of square matrices, with partial pivoting: a permutation matrix, a lower triangle with ones on its
    /// diagonal and elements of at most one, and an upper triangle. A singular matrix has factors too: U then has a zero on its
    /// diagonal.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let a = Tensor::from([[1.0, 2.0], [2.0, 3.0]]);
    /// let (p, l, u) = a.lu();
    /// assert_eq!(u.to_vec::<f64>(), [2.0, 3.0, 0.0, 0.5]);
    /// assert_eq!(p.matmul(&l).matmul(&u), a);
    /// ```
    #[track_caller]
    pub fn lu(&self) -> (Tensor, Tensor, Tensor) {
        let n = shape::square("lu", &self.shape).or_panic();
        let (packed, permutation) = self.lu_factor();
        let places = Tensor::arange(0, n as i64, 1).unsqueeze(1);
        let p = permutation.unsqueeze(-2).equal(&places).cast(packed.dtype());
        let l = packed.tril(-1) + Tensor::eye(n, packed.dtype());
        (p, l, packed.triu(0))
    }

    /// The factors of [`lu`](Tensor::lu) in one matrix, U in and above its diagonal and L below, and the permutation as `I64`
    /// indices: row i of `L U` is row `permutation[i]` of the matrix.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let (packed, permutation) = Tensor::from([[1.0, 2.0], [2.0, 3.0]]).lu_factor();
    /// assert_eq!(packed.to_vec::<f64>(), [2.0, 3.0, 0.5, 0.5]);
    /// assert_eq!(permutation.to_vec::<i64>(), [1, 0]);
    /// ```
    #[track_caller]
    pub fn lu_factor(&self) -> (Tensor, Tensor) {
        /// The factors, and a last row with the permutation.
        fn factors<T: Float>(x: &Tensor, n: usize) -> Tensor {
            let matrices = Matrices::<T>::new(x, x.batch());
            let mut shape = Shape::from_slice(x.batch());
            shape.extend([n + 1, n]);
            let room = (0, 2 * n);
            let packed = each_matrix::<T>(shape, (n + 1) * n, n * n * n / 3, room, |k, out, room| {
                let (matrix, last) = out.split_at_mut(n * n);
                let (pivots, rows) = room.indices.split_at_mut(n);
                matrix.copy_from_slice(matrices.at(k));
                // A singular matrix has factors too.
                let _ = kernels::lu(matrix, n, pivots);
                kernels::lu_permutation(pivots, rows);
                last.iter_mut().zip(rows).for_each(|(x, row)| *x = T::from_scalar(*row as i64));
                Ok(())
            });
            packed.0
        }
        let n = shape::square("lu_factor", &self.shape).or_panic();
        let packed = with_float!(self.dtype(), T => factors::<T>(self, n));
        (packed.slice(-2, ..n), packed.select(-2, n as isize).cast(DType::I64))
    }

    /// The determinants of square matrices, by LU factors. That of 0 x 0 is 1.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([[0.0, 2.0], [1.0, 1.0]]).det().item(), -2.0);
    /// ```
    #[track_caller]
    pub fn det(&self) -> Tensor {
        let shape = Shape::from_slice(&self.shape[..self.ndim().saturating_sub(2)]);
        self.by_lu("det", 1, shape, |lu, pivots, out| out[0] = kernels::lu_determinant(lu, pivots))
    }

    /// The signs of the determinants of square matrices (1, -1, or 0 for a singular one), and the logarithms of their magnitudes
    /// (-inf for a singular one).
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let (sign, log) = Tensor::from([[0.0, 2.0], [1.0, 1.0]]).slogdet();
    /// assert_eq!((sign.item(), log.item()), (-1.0, 2f64.ln()));
    /// ```
    #[track_caller]
    pub fn slogdet(&self) -> (Tensor, Tensor) {
        let mut shape = Shape::from_slice(&self.shape[..self.ndim().saturating_sub(2)]);
        shape.push(2);
        let both = self.by_lu("slogdet", 2, shape, |lu, pivots, out| {
            (out[0], out[1]) = kernels::lu_log_determinant(lu, pivots);
        });
        (both.select(-1, 0), both.select(-1, 1))
    }

    /// The logarithms of the determinants of square matrices: -inf for a singular one, NaN for a negative determinant. For
    /// a positive definite matrix, [`cholesky_logdet`](Tensor::cholesky_logdet) of its factor takes half the time.
    #[track_caller]
    pub fn logdet(&self) -> Tensor {
        shape::square("logdet", &self.shape).or_panic();
        let (sign, log) = self.slogdet();
        Tensor::where_(sign.less(0.0), f64::NAN, log)
    }

    /// Numbers that follow from the LU factors, of which `f` gets the packed matrix and the pivots.
    #[track_caller]
    fn by_lu(&self, op: &str, each: usize, shape: Shape, f: impl Fn(&[f64], &[usize], &mut [f64]) + Sync) -> Tensor {
        let n = shape::square(op, &self.shape).or_panic();
        let matrices = Matrices::<f64>::new(self, self.batch());
        let results = each_matrix::<f64>(shape, each, n * n * n / 3, (n * n, n), |k, out, room| {
            room.floats.copy_from_slice(matrices.at(k));
            // The determinant of a singular matrix is zero.
            let _ = kernels::lu(room.floats, n, room.indices);
            f(room.floats, room.indices, out);
            Ok(())
        });
        results.0.cast(self.dtype().to_float())
    }
}
