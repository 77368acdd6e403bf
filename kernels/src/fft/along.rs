//! Transforms along an axis of a row-major array, whose rows need not be contiguous.

use super::{Direction, Fft, RealFft};

/// Where the axis lies: elements before it and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lanes {
    /// The product of the sizes before the axis.
    pub outer: usize,
    /// The product of the sizes after the axis, without the two parts of complex numbers.
    pub inner: usize,
}

/// Copies row `lane` of `n` elements of `WIDTH` numbers, which are `inner` elements apart.
fn gather<const WIDTH: usize>(x: &[f64], inner: usize, lane: usize, row: &mut [f64]) {
    for (j, to) in row.chunks_exact_mut(WIDTH).enumerate() {
        let from = WIDTH * (j * inner + lane);
        to.copy_from_slice(&x[from..from + WIDTH]);
    }
}

/// The reverse of [`gather`].
fn scatter<const WIDTH: usize>(row: &[f64], y: &mut [f64], inner: usize, lane: usize) {
    for (j, from) in row.chunks_exact(WIDTH).enumerate() {
        let to = WIDTH * (j * inner + lane);
        y[to..to + WIDTH].copy_from_slice(from);
    }
}

/// Applies `transform(row, result, scratch)` to every row: `from` numbers of elements of IN numbers, to `to` numbers of
/// elements of OUT.
fn each<const IN: usize, const OUT: usize>(
    lanes: Lanes,
    [from, to]: [usize; 2],
    x: &[f64],
    y: &mut [f64],
    scratch: &mut [f64],
    transform: impl Fn(&[f64], &mut [f64], &mut [f64]),
) {
    let Lanes { outer, inner } = lanes;
    assert!(
        x.len() == outer * inner * from && y.len() == outer * inner * to,
        "fft: the arrays do not have these lanes"
    );
    if x.is_empty() || y.is_empty() {
        return;
    }
    let (row, rest) = scratch.split_at_mut(from);
    let (result, rest) = rest.split_at_mut(to);
    for (x, y) in x.chunks_exact(inner * from).zip(y.chunks_exact_mut(inner * to)) {
        if inner == 1 {
            transform(x, y, rest);
            continue;
        }
        for lane in 0..inner {
            gather::<IN>(x, inner, lane, row);
            transform(row, result, rest);
            scatter::<OUT>(result, y, inner, lane);
        }
    }
}

impl Fft {
    /// Numbers that [`along`](Fft::along) scribbles on.
    pub fn scratch_along(&self) -> usize {
        4 * self.size() + self.scratch()
    }

    /// Transforms along an axis of complex numbers: x and y have `outer * n * inner` of them.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn along(&self, direction: Direction, lanes: Lanes, x: &[f64], y: &mut [f64], scratch: &mut [f64]) {
        let width = 2 * self.size();
        each::<2, 2>(lanes, [width, width], x, y, scratch, |x, y, scratch| self.run(direction, x, y, scratch));
    }
}

impl RealFft {
    /// Numbers that [`forward_along`](RealFft::forward_along) and [`inverse_along`](RealFft::inverse_along) scribble on.
    pub fn scratch_along(&self) -> usize {
        self.size() + 2 * self.frequencies() + self.scratch()
    }

    /// Transforms along an axis of real numbers: x has `outer * n * inner` of them, y as many complex ones for `n / 2 + 1`
    /// in place of n.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn forward_along(&self, lanes: Lanes, x: &[f64], y: &mut [f64], scratch: &mut [f64]) {
        let widths = [self.size(), 2 * self.frequencies()];
        each::<1, 2>(lanes, widths, x, y, scratch, |x, y, scratch| self.forward(x, y, scratch));
    }

    /// The inverse of [`forward_along`](RealFft::forward_along).
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn inverse_along(&self, lanes: Lanes, y: &[f64], x: &mut [f64], scratch: &mut [f64]) {
        let widths = [2 * self.frequencies(), self.size()];
        each::<2, 1>(lanes, widths, y, x, scratch, |y, x, scratch| self.inverse(y, x, scratch));
    }
}
