//! Vectors as the lower triangles of matrices, row by row.

use pyroxene_autograd::{Shape, Tensor, Var};
use pyroxene_tensor::fail;

/// A triangle of `n × n` matrices: with the diagonal, or strictly below it.
#[derive(Clone, Copy)]
pub(super) struct Lower {
    /// The name of the map, for messages.
    pub(super) name: &'static str,
    /// Whether the diagonal belongs to the triangle.
    pub(super) diagonal: bool,
}

impl Lower {
    fn entries(self, n: usize) -> usize {
        if self.diagonal { n * (n + 1) / 2 } else { n * n.saturating_sub(1) / 2 }
    }

    /// The number of rows of a matrix whose triangle has so many entries.
    fn rows(self, entries: usize) -> usize {
        // Without the diagonal, no entries are the triangle of a 1 × 1 matrix.
        let first = usize::from(!self.diagonal);
        match (first..).find(|&n| self.entries(n) >= entries) {
            Some(n) if self.entries(n) == entries => n,
            _ => fail(format_args!("{}: no matrix has a lower triangle of {entries} entries", self.name)),
        }
    }

    /// Row and column of each entry.
    fn places(self, n: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..n).flat_map(move |row| (0..row + usize::from(self.diagonal)).map(move |column| (row, column)))
    }

    /// Matrices with the entries of the last axis in their triangle and zeros elsewhere.
    pub(super) fn fill(self, x: Var) -> Var {
        let n = self.rows(x.size(-1));
        let mut zero = x.shape();
        *zero.last_mut().expect("a vector") = 1;
        let mut sources = vec![self.entries(n) as i64; n * n];
        for (entry, (row, column)) in self.places(n).enumerate() {
            sources[row * n + column] = entry as i64;
        }
        let padded = Var::concat(&[x, Var::zeros(&zero)], -1);
        let rows: Vec<isize> = self.forward_shape(&x.shape()).iter().map(|&size| size as isize).collect();
        padded.index_select(-1, Tensor::from(sources)).reshape(&rows)
    }

    /// The entries of the triangle of matrices, as a vector.
    pub(super) fn extract(self, y: Var) -> Var {
        let shape = y.shape();
        let [batch @ .., n, _] = shape.as_slice() else {
            fail(format_args!("{}: expected square matrices, got shape {:?}", self.name, shape.as_slice()));
        };
        let n = *n;
        let flat: Vec<isize> = batch.iter().copied().chain([n * n]).map(|size| size as isize).collect();
        let sources: Vec<i64> = self.places(n).map(|(row, column)| (row * n + column) as i64).collect();
        y.reshape(&flat).index_select(-1, Tensor::from(sources))
    }

    pub(super) fn forward_shape(self, shape: &[usize]) -> Shape {
        let [batch @ .., entries] = shape else {
            fail(format_args!("{}: expected vectors, got shape []", self.name));
        };
        let n = self.rows(*entries);
        batch.iter().copied().chain([n, n]).collect()
    }

    pub(super) fn inverse_shape(self, shape: &[usize]) -> Shape {
        match shape {
            [batch @ .., rows, columns] if rows == columns => {
                batch.iter().copied().chain([self.entries(*rows)]).collect()
            }
            _ => fail(format_args!("{}: expected square matrices, got shape {shape:?}", self.name)),
        }
    }
}
