//! Triangles and diagonals of matrices.

use crate::error::OrPanic;
use crate::join::copy_into;
use crate::shape::{self, row_major};
use crate::storage::with_type;
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;

impl Tensor {
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
            let out = Buffer::build(data.len(), |out| {
                let rows_of_all = data.chunks_exact(columns.max(1)).zip(out.chunks_exact_mut(columns.max(1)));
                for (i, (from, to)) in rows_of_all.enumerate() {
                    for (j, (&v, o)) in from.iter().zip(to).enumerate() {
                        *o = if kept((i % rows) as i128, j as i128) { v } else { T::default() };
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
            let out = Buffer::<T>::build(shape.iter().product(), |out| {
                out.fill(T::default());
                copy_into(self, out, &strides, 0);
            });
            Tensor::from_parts(out, shape)
        })
    }

    /// The rows and the columns, as two vectors (`I64`), of the elements on and below diagonal `k` of a matrix, row by row.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let (rows, columns) = Tensor::tril_indices(2, 2, 0);
    /// let packed = Tensor::from([[1, 2], [3, 4]]).index((rows, columns));
    /// assert_eq!(packed, Tensor::from([1, 3, 4]));
    /// ```
    pub fn tril_indices(rows: usize, columns: usize, k: isize) -> (Tensor, Tensor) {
        indices(rows, columns, |i, j| j - i <= k as i128)
    }

    /// As [`tril_indices`](Tensor::tril_indices), on and above diagonal `k`.
    pub fn triu_indices(rows: usize, columns: usize, k: isize) -> (Tensor, Tensor) {
        indices(rows, columns, |i, j| j - i >= k as i128)
    }
}

fn indices(rows: usize, columns: usize, kept: impl Fn(i128, i128) -> bool) -> (Tensor, Tensor) {
    let all = (0..rows as i64).flat_map(|i| (0..columns as i64).map(move |j| (i, j)));
    let (i, j): (Vec<i64>, Vec<i64>) = all.filter(|&(i, j)| kept(i.into(), j.into())).unzip();
    (i.into(), j.into())
}
