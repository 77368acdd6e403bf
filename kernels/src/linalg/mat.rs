//! Borrowed matrices with strides.

/// A read-only matrix: element (i, j) is `data[i * row_stride + j * col_stride]`. Strides may be 0 (a broadcast).
///
/// ```
/// use pyroxene_kernels::linalg::Mat;
/// let a = Mat::row_major(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3);
/// assert_eq!(a.at(1, 0), 4.0);
/// assert_eq!(a.t().at(0, 1), 4.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a, T> {
    pub(super) data: &'a [T],
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row_stride: usize,
    pub(super) col_stride: usize,
}

impl<'a, T> Mat<'a, T> {
    /// A matrix with any strides.
    ///
    /// # Panics
    /// If an element lies outside `data`.
    #[track_caller]
    pub fn new(data: &'a [T], rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> Self {
        check(data.len(), rows, cols, row_stride, col_stride);
        Mat { data, rows, cols, row_stride, col_stride }
    }

    /// A matrix whose rows follow one another.
    ///
    /// # Panics
    /// If `data` is too short.
    #[track_caller]
    pub fn row_major(data: &'a [T], rows: usize, cols: usize) -> Self {
        Mat::new(data, rows, cols, cols, 1)
    }

    /// The transpose, without moving anything.
    pub fn t(self) -> Self {
        let Mat { data, rows, cols, row_stride, col_stride } = self;
        Mat { data, rows: cols, cols: rows, row_stride: col_stride, col_stride: row_stride }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }
}

impl<T: Copy> Mat<'_, T> {
    /// Element (row, col).
    ///
    /// # Panics
    /// If it is outside the matrix.
    #[track_caller]
    pub fn at(&self, row: usize, col: usize) -> T {
        assert!(row < self.rows && col < self.cols, "({row}, {col}) is outside {} x {}", self.rows, self.cols);
        self.data[row * self.row_stride + col * self.col_stride]
    }
}

/// A writable matrix with contiguous rows: element (i, j) is `data[i * row_stride + j]`.
#[derive(Debug)]
pub struct MatMut<'a, T> {
    pub(super) data: &'a mut [T],
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row_stride: usize,
}

impl<'a, T> MatMut<'a, T> {
    /// A matrix whose rows start `row_stride` elements apart.
    ///
    /// # Panics
    /// If an element lies outside `data` or rows overlap.
    #[track_caller]
    pub fn new(data: &'a mut [T], rows: usize, cols: usize, row_stride: usize) -> Self {
        check(data.len(), rows, cols, row_stride, 1);
        assert!(rows <= 1 || row_stride >= cols, "rows of {cols} elements that start {row_stride} apart overlap");
        MatMut { data, rows, cols, row_stride }
    }

    /// A matrix whose rows follow one another.
    ///
    /// # Panics
    /// If `data` is too short.
    #[track_caller]
    pub fn row_major(data: &'a mut [T], rows: usize, cols: usize) -> Self {
        MatMut::new(data, rows, cols, cols)
    }
}

#[track_caller]
fn check(len: usize, rows: usize, cols: usize, row_stride: usize, col_stride: usize) {
    if rows == 0 || cols == 0 {
        return;
    }
    let last = (rows - 1)
        .checked_mul(row_stride)
        .and_then(|r| (cols - 1).checked_mul(col_stride).and_then(|c| r.checked_add(c)));
    assert!(
        last.is_some_and(|last| last < len),
        "a {rows} x {cols} matrix of strides ({row_stride}, {col_stride}) does not fit in {len} elements"
    );
}
