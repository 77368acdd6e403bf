//! Copies that exchange the fast axis for another one.

/// The side of the squares that are turned within registers and the first cache.
const TILE: usize = 8;

/// The side of the squares whose pages the translation cache holds.
const BLOCK: usize = 64;

/// Where the rows or columns of a plane lie: element `(i, j)` at `offset + i * row + j * column`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane {
    /// The place of the first element.
    pub offset: usize,
    /// The distance between rows.
    pub row: isize,
    /// The distance between columns.
    pub column: isize,
}

impl Plane {
    fn at(self, i: usize, j: usize) -> usize {
        let steps = (i as isize).wrapping_mul(self.row).wrapping_add((j as isize).wrapping_mul(self.column));
        self.offset.wrapping_add_signed(steps)
    }
}

/// Copies `rows` by `columns` elements of `x` to rows of `out` that begin `apart` elements from each other, the first of
/// them at `start`. Meant for planes whose rows, not columns, lie close together: it walks in squares, so that every cache
/// line is read and written once.
///
/// ```
/// use pyroxene_kernels::transpose::{Plane, copy_plane};
/// let x = [1, 2, 3, 4, 5, 6];
/// let mut out = [0; 6];
/// copy_plane(&x, Plane { offset: 0, row: 1, column: 3 }, (3, 2), &mut out, 0, 2);
/// assert_eq!(out, [1, 4, 2, 5, 3, 6]);
/// ```
pub fn copy_plane<T: Copy>(
    x: &[T],
    plane: Plane,
    (rows, columns): (usize, usize),
    out: &mut [T],
    start: usize,
    apart: usize,
) {
    for i in (0..rows).step_by(BLOCK) {
        for j in (0..columns).step_by(BLOCK) {
            let (height, width) = (BLOCK.min(rows - i), BLOCK.min(columns - j));
            block(x, Plane { offset: plane.at(i, j), ..plane }, (height, width), out, start + i * apart + j, apart);
        }
    }
}

fn block<T: Copy>(x: &[T], plane: Plane, (rows, columns): (usize, usize), out: &mut [T], start: usize, apart: usize) {
    let whole = if plane.row == 1 { (rows / TILE * TILE, columns / TILE * TILE) } else { (0, 0) };
    for i in (0..whole.0).step_by(TILE) {
        for j in (0..whole.1).step_by(TILE) {
            tile(x, Plane { offset: plane.at(i, j), ..plane }, out, start + i * apart + j, apart);
        }
    }
    for i in 0..rows {
        let from = if i < whole.0 { whole.1 } else { 0 };
        let to = start + i * apart;
        for (j, place) in (from..columns).zip(&mut out[to + from..to + columns]) {
            *place = x[plane.at(i, j)];
        }
    }
}

/// A square of which each column is contiguous in `x`. It is read whole before it is written: lines a power of two apart
/// share few places in the cache, and would drive each other out.
fn tile<T: Copy>(x: &[T], plane: Plane, out: &mut [T], start: usize, apart: usize) {
    let mut square = [[x[plane.offset]; TILE]; TILE];
    for j in 0..TILE {
        let column: &[T; TILE] = x[plane.at(0, j)..].first_chunk().expect("the square is inside");
        for i in 0..TILE {
            square[i][j] = column[i];
        }
    }
    for (i, row) in square.iter().enumerate() {
        out[start + i * apart..][..TILE].copy_from_slice(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_arrives() {
        for (rows, columns) in [(0, 3), (1, 1), (8, 8), (7, 9), (64, 65), (130, 71), (3, 200), (200, 3)] {
            let x: Vec<usize> = (0..rows * columns * 2).collect();
            let planes = [
                Plane { offset: 0, row: 1, column: rows as isize },
                Plane { offset: 0, row: 2, column: 2 * rows as isize },
                Plane { offset: (rows * columns).max(1) - 1, row: -1, column: -(rows as isize) },
                Plane { offset: 0, row: 1, column: 0 },
            ];
            for plane in planes {
                let apart = columns + 1;
                let mut out = vec![usize::MAX; rows * apart + 2];
                copy_plane(&x, plane, (rows, columns), &mut out, 2, apart);
                for (i, row) in out[2..].chunks(apart).enumerate() {
                    for (j, &value) in row.iter().enumerate() {
                        let expected = if j < columns { x[plane.at(i, j)] } else { usize::MAX };
                        assert_eq!(value, expected, "{rows} x {columns}, {plane:?} at {i}, {j}");
                    }
                }
            }
        }
    }
}
