//! Images as matrices of columns, and back, a tile of the output at a time.

use super::Convolution;
use crate::linalg::{Mat, Real};
use std::ops::{AddAssign, Range};

/// Elements of the matrix of a tile: half a megabyte in f64, a share of the L2 cache.
const TILE: usize = 1 << 16;
/// The least places of a tile, for each one reads all weights.
const PLACES: usize = 256;

/// A rectangle of the output, which is either as wide as the output or one row high.
pub(super) struct Tile {
    rows: Range<usize>,
    columns: Range<usize>,
    /// Its places in the output, one after the other.
    pub(super) places: Range<usize>,
}

/// The places within `tile` along one axis at which the kernel's element `tap` meets an input, and the input that the
/// first of them meets.
fn reach(
    tile: &Range<usize>,
    input: usize,
    tap: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
) -> (Range<usize>, usize) {
    // Place o meets input o * stride + tap * dilation - padding.
    let shift = tap * dilation;
    let first = padding.saturating_sub(shift).div_ceil(stride).max(tile.start);
    let end = (input + padding).saturating_sub(shift).div_ceil(stride).min(tile.end);
    if first >= end { (tile.start..tile.start, 0) } else { (first..end, first * stride + shift - padding) }
}

impl Convolution {
    /// Rows and columns of a whole tile.
    fn tile(&self) -> [usize; 2] {
        let places = (TILE / self.rows().max(1)).max(PLACES);
        let [height, width] = self.output;
        if width <= places { [(places / width.max(1)).clamp(1, height.max(1)), width] } else { [1, places] }
    }

    /// Places of a whole tile.
    pub(super) fn tile_places(&self) -> usize {
        let [height, width] = self.tile();
        height * width
    }

    /// The tiles, in the order of the output.
    pub(super) fn tiles(&self) -> impl Iterator<Item = Tile> {
        let ([height, width], [rows, columns]) = (self.output, self.tile());
        (0..height).step_by(rows).flat_map(move |row| {
            (0..width).step_by(columns.max(1)).map(move |column| {
                let (rows, columns) = (row..(row + rows).min(height), column..(column + columns).min(width));
                let start = row * width + column;
                Tile { places: start..start + rows.len() * columns.len(), rows, columns }
            })
        })
    }

    /// Calls `f` for each row of a tile's matrix and each row of the tile: where that stretch of the matrix begins, and, if
    /// any part of it meets the image, which of its elements do and the image element that the first one meets.
    fn stretches(&self, tile: &Tile, mut f: impl FnMut(usize, Option<(Range<usize>, usize)>)) {
        let along = |axis: usize, within: &Range<usize>, tap: usize| {
            reach(within, self.input[axis], tap, self.stride[axis], self.padding[axis], self.dilation[axis])
        };
        let (width, left) = (tile.columns.len(), tile.columns.start);
        let mut at = 0;
        for channel in 0..self.channels {
            for i in 0..self.kernel[0] {
                let (rows, first_row) = along(0, &tile.rows, i);
                for j in 0..self.kernel[1] {
                    let (columns, first_column) = along(1, &tile.columns, j);
                    for row in tile.rows.clone() {
                        let met = rows.contains(&row) && !columns.is_empty();
                        let source = met.then(|| {
                            let y = first_row + (row - rows.start) * self.stride[0];
                            let from = (channel * self.input[0] + y) * self.input[1] + first_column;
                            (columns.start - left..columns.end - left, from)
                        });
                        f(at, source);
                        at += width;
                    }
                }
            }
        }
    }

    /// A tile's matrix of columns: one row a kernel element, one column a place of the output; zeros where the kernel hangs
    /// over.
    pub(super) fn columns<'a, T: Real>(&self, tile: &Tile, image: &'a [T], scratch: &'a mut [T]) -> Mat<'a, T> {
        let (rows, places) = (self.rows(), tile.places.len());
        if self.is_pointwise() {
            return Mat::new(&image[tile.places.start..], rows, places, self.places(), 1);
        }
        let matrix = &mut scratch[..rows * places];
        let (width, step) = (tile.columns.len(), self.stride[1]);
        self.stretches(tile, |at, source| {
            let stretch = &mut matrix[at..at + width];
            let Some((met, from)) = source else { return stretch.fill(T::ZERO) };
            stretch[..met.start].fill(T::ZERO);
            stretch[met.end..].fill(T::ZERO);
            let target = &mut stretch[met];
            if step == 1 {
                target.copy_from_slice(&image[from..from + target.len()]);
            } else {
                target.iter_mut().zip(image[from..].iter().step_by(step)).for_each(|(to, x)| *to = *x);
            }
        });
        Mat::row_major(matrix, rows, places)
    }

    /// Adds each element of a tile's matrix to the image element that it was read from.
    pub(super) fn add_columns<T: Real + AddAssign>(&self, tile: &Tile, matrix: &[T], image: &mut [T]) {
        let step = self.stride[1];
        self.stretches(tile, |at, source| {
            let Some((met, from)) = source else { return };
            let stretch = &matrix[at + met.start..at + met.end];
            image[from..].iter_mut().step_by(step).zip(stretch).for_each(|(sum, x)| *sum += *x);
        });
    }
}
