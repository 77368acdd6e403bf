//! Linear systems.

use super::{Failure, Float, Matrices, Triangle, each_matrix, with_float};
use crate::error::{OrPanic, TensorError};
use crate::shape::{self, Shape};
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::linalg as kernels;

/// The right sides `b` as matrices that broadcast to the shape of the solution, and that shape.
fn right_sides(b: &Tensor, shape: &[usize]) -> (Tensor, Shape) {
    let mut full = Shape::from_slice(shape);
    if b.ndim() > 1 {
        return (b.clone(), full);
    }
    full.push(1);
    (b.unsqueeze(1), full)
}

/// Solutions with small matrices, of the same batch as the right sides.
fn small<T: Float>(a: &Tensor, b: &Tensor, columns: usize) -> (Tensor, Failure) {
    let (a, b) = (a.cast(T::DTYPE).contiguous(), b.cast(T::DTYPE).contiguous());
    let [a_data, b_data] = [&a, &b].map(|x| x.as_slice::<T>().expect("the tensors were cast"));
    let mut failure = None;
    let x = Buffer::build(b_data.len(), |out| {
        out.copy_from_slice(b_data);
        failure = kernels::solve_small(a_data, a.shape[a.ndim() - 1], out, columns);
    });
    (Tensor::from_parts(x, b.shape.clone()), failure)
}

impl Tensor {
    /// Solves `T x = b`, or `T^T x = b` if `transpose`, where `T` are the triangles of this tensor's matrices; the other
    /// triangle is not read. A `b` with one axis is a vector; otherwise its last two axes are matrices of right sides
    /// and those before them broadcast with the batch. A zero on the diagonal gives infinities or NaN.
    ///
    /// ```
    /// use pyroxene_tensor::{Tensor, Triangle};
    /// let l = Tensor::from([[2.0, 0.0], [1.0, 2.0]]);
    /// let x = l.solve_triangular(&Tensor::from([2.0, 5.0]), Triangle::Lower, false);
    /// assert_eq!(x.to_vec::<f64>(), [1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn solve_triangular(&self, b: &Tensor, triangle: Triangle, transpose: bool) -> Tensor {
        fn solutions<T: Float>(l: &Tensor, b: &Tensor, triangle: Triangle, transpose: bool, shape: &Shape) -> Tensor {
            let [batch @ .., n, columns] = shape.as_slice() else { unreachable!("right sides have two axes here") };
            let (n, columns) = (*n, *columns);
            let (triangles, right) = (Matrices::<T>::new(l, batch), Matrices::<T>::new(b, batch));
            let solved = each_matrix::<T>(shape.clone(), n * columns, n * n * columns / 2, (0, 0), |k, out, _| {
                out.copy_from_slice(right.at(k));
                kernels::solve_triangular(triangles.at(k), n, triangle, transpose, out, columns);
                Ok(())
            });
            solved.0
        }
        let shape = shape::solve("solve_triangular", &self.shape, &b.shape).or_panic();
        let dtype = self.dtype().promote(b.dtype()).to_float();
        let (right, full) = right_sides(b, &shape);
        with_float!(dtype, T => solutions::<T>(self, &right, triangle, transpose, &full)).reshaped(shape)
    }

    /// Solves `A x = b` for this tensor's square matrices A, by LU factors with partial pivoting. A `b` with one axis is a
    /// vector; otherwise its last two axes are matrices of right sides and those before them broadcast with the batch. The
    /// solution with a singular matrix is NaN; the others of the batch are not affected.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([[0.0, 2.0], [1.0, 1.0]]).solve(&Tensor::from([4.0, 3.0]));
    /// assert_eq!(x.to_vec::<f64>(), [1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn solve(&self, b: &Tensor) -> Tensor {
        self.solutions(b).or_panic().0
    }

    /// As [`solve`](Tensor::solve), with an error that names the first matrix of the (broadcast) batch that is singular.
    pub fn try_solve(&self, b: &Tensor) -> Result<Tensor, TensorError> {
        match self.solutions(b)? {
            (x, None) => Ok(x),
            (_, Some(place)) => Err(TensorError::singular("solve", &self.shape, place)),
        }
    }

    fn solutions(&self, b: &Tensor) -> Result<(Tensor, Failure), TensorError> {
        fn solutions<T: Float>(a: &Tensor, b: &Tensor, shape: &Shape) -> (Tensor, Failure) {
            let [batch @ .., n, columns] = shape.as_slice() else { unreachable!("right sides have two axes here") };
            let (n, columns) = (*n, *columns);
            if (1..=kernels::SMALL).contains(&n) {
                let whole: Shape = batch.iter().copied().chain([n, n]).collect();
                return small::<T>(&a.expanded(whole), &b.expanded(shape.clone()), columns);
            }
            let (matrices, right) = (Matrices::<T>::new(a, batch), Matrices::<T>::new(b, batch));
            let work = n * n * (n / 3 + columns);
            each_matrix::<T>(shape.clone(), n * columns, work, (n * n, n), |k, out, room| {
                out.copy_from_slice(right.at(k));
                room.floats.copy_from_slice(matrices.at(k));
                kernels::lu(room.floats, n, room.indices).inspect_err(|_| out.fill(T::NAN))?;
                kernels::lu_solve(room.floats, room.indices, false, out, columns);
                Ok(())
            })
        }
        let shape = shape::solve("solve", &self.shape, &b.shape)?;
        let dtype = self.dtype().promote(b.dtype()).to_float();
        if self.ndim() == 2 && b.ndim() > 2 {
            // One matrix, so one factorisation and one wide right side.
            let front = b.ndim() - 2;
            let forth: Shape = [front].into_iter().chain(0..front).chain([front + 1]).collect();
            let back: Shape = (1..=front).chain([0, front + 1]).collect();
            let turned = b.permuted(&forth);
            let columns = turned.shape[1..].iter().product();
            let wide = turned.reshaped(Shape::from_slice(&[turned.shape[0], columns]));
            let (x, failure) = self.solutions(&wide)?;
            return Ok((x.reshaped(turned.shape).permuted(&back), failure));
        }
        let (right, full) = right_sides(b, &shape);
        let (x, failure) = with_float!(dtype, T => solutions::<T>(self, &right, &full));
        Ok((x.reshaped(shape), failure))
    }

    /// The inverses of square matrices; that of a singular one is NaN. To solve a system, [`solve`](Tensor::solve) takes a third
    /// of the time and is more accurate.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let inverse = Tensor::from([[0.0, 2.0], [1.0, 1.0]]).inverse();
    /// assert_eq!(inverse.to_vec::<f64>(), [-0.5, 1.0, 0.5, 0.0]);
    /// ```
    #[track_caller]
    pub fn inverse(&self) -> Tensor {
        self.inverses().or_panic().0
    }

    /// As [`inverse`](Tensor::inverse), with an error that names the first singular matrix.
    pub fn try_inverse(&self) -> Result<Tensor, TensorError> {
        match self.inverses()? {
            (x, None) => Ok(x),
            (_, Some(place)) => Err(TensorError::singular("inverse", &self.shape, place)),
        }
    }

    fn inverses(&self) -> Result<(Tensor, Failure), TensorError> {
        fn inverses<T: Float>(a: &Tensor, n: usize) -> (Tensor, Failure) {
            if (1..=kernels::SMALL).contains(&n) {
                return small::<T>(a, &Tensor::eye(n, T::DTYPE).expanded(a.shape.clone()), n);
            }
            let matrices = Matrices::<T>::new(a, a.batch());
            each_matrix::<T>(a.shape.clone(), n * n, n * n * n, (n * n, n), |k, out, room| {
                room.floats.copy_from_slice(matrices.at(k));
                kernels::lu(room.floats, n, room.indices).inspect_err(|_| out.fill(T::NAN))?;
                out.fill(T::ZERO);
                (0..n).for_each(|i| out[i * n + i] = T::ONE);
                kernels::lu_solve(room.floats, room.indices, false, out, n);
                Ok(())
            })
        }
        let n = shape::square("inverse", &self.shape)?;
        Ok(with_float!(self.dtype(), T => inverses::<T>(self, n)))
    }
}
