//! Pooling: the maximum or mean of each window.

use crate::linalg::Real;
use std::ops::{AddAssign, Range};

/// The sizes of a pooling over the rows and columns of each plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pooling {
    /// Images times channels.
    pub planes: usize,
    /// Rows and columns of the input.
    pub input: [usize; 2],
    /// Rows and columns of the window.
    pub window: [usize; 2],
    /// Rows and columns of the output.
    pub output: [usize; 2],
    /// Input elements between neighbouring windows.
    pub stride: [usize; 2],
    /// Elements before and after the input that windows reach over.
    pub padding: [usize; 2],
}

/// Equal, or both NaN: the entries that a maximum was taken from.
fn wins<T: Real>(x: T, max: T) -> bool {
    x == max || is_nan(x) && is_nan(max)
}

#[expect(clippy::eq_op, reason = "NaN alone is not equal to itself")]
fn is_nan<T: Real>(x: T) -> bool {
    x != x
}

/// A window without its padding.
struct Window {
    rows: Range<usize>,
    columns: Range<usize>,
    /// Where the plane begins, and how far apart its rows are.
    start: usize,
    width: usize,
}

impl Window {
    /// The input elements, row by row.
    fn rows(&self) -> impl Iterator<Item = Range<usize>> {
        self.rows.clone().map(|row| {
            let base = self.start + row * self.width;
            base + self.columns.start..base + self.columns.end
        })
    }

    /// The input elements that are the maximum.
    fn winners(&self, x: &[f64], max: f64) -> impl Iterator<Item = usize> {
        self.rows().flatten().filter(move |&i| wins(x[i], max))
    }
}

impl Pooling {
    fn check(&self, lens: [(usize, [usize; 2]); 2]) {
        for (len, size) in lens {
            assert_eq!(len, self.planes * size[0] * size[1], "pool: the elements are not those of {self:?}");
        }
    }

    /// The windows in the order of the output.
    fn windows(&self) -> impl Iterator<Item = Window> {
        let Pooling { planes, input: [height, width], output: [rows, columns], .. } = *self;
        let span = |axis: usize, place: usize| {
            let start = place * self.stride[axis];
            let end = (start + self.window[axis]).saturating_sub(self.padding[axis]).min(self.input[axis]);
            start.saturating_sub(self.padding[axis]).min(end)..end
        };
        let places = (0..planes).flat_map(move |plane| (0..rows).map(move |i| (plane, i)));
        places.flat_map(move |(plane, i)| {
            (0..columns).map(move |j| Window {
                rows: span(0, i),
                columns: span(1, j),
                start: plane * height * width,
                width,
            })
        })
    }

    /// The largest element of each window, of what is not padding; NaN if there is one.
    ///
    /// # Panics
    /// If the slices are not of these sizes.
    pub fn max<T: Real>(&self, x: &[T], y: &mut [T]) {
        self.check([(x.len(), self.input), (y.len(), self.output)]);
        for (y, window) in y.iter_mut().zip(self.windows()) {
            let mut best: Option<T> = None;
            for &x in window.rows().flat_map(|row| &x[row]) {
                best = Some(best.map_or(x, |best| if x > best || is_nan(x) { x } else { best }));
            }
            *y = best.expect("no window is all padding");
        }
    }

    /// The adjoint of [`max`](Pooling::max) at `x`, whose maxima are `y`: each element of `g` is shared evenly by the
    /// entries of its window that are the maximum.
    ///
    /// # Panics
    /// If the slices are not of these sizes.
    pub fn max_spread(&self, x: &[f64], y: &[f64], g: &[f64], out: &mut [f64]) {
        self.check([(x.len(), self.input), (y.len(), self.output)]);
        self.check([(out.len(), self.input), (g.len(), self.output)]);
        out.fill(0.0);
        for ((g, &max), window) in g.iter().zip(y).zip(self.windows()) {
            let share = g / window.winners(x, max).count() as f64;
            window.winners(x, max).for_each(|i| out[i] += share);
        }
    }

    /// The derivative of [`max`](Pooling::max) at `x` along `h`: the mean of `h` over the entries of each window that are
    /// its maximum.
    ///
    /// # Panics
    /// If the slices are not of these sizes.
    pub fn max_collect(&self, x: &[f64], y: &[f64], h: &[f64], out: &mut [f64]) {
        self.check([(x.len(), self.input), (y.len(), self.output)]);
        self.check([(h.len(), self.input), (out.len(), self.output)]);
        for ((out, &max), window) in out.iter_mut().zip(y).zip(self.windows()) {
            let sum: f64 = window.winners(x, max).map(|i| h[i]).sum();
            *out = sum / window.winners(x, max).count() as f64;
        }
    }

    /// The mean of each window, in which padding counts as zeros.
    ///
    /// # Panics
    /// If the slices are not of these sizes.
    pub fn mean<T: Real + AddAssign + From<f32>>(&self, x: &[T], y: &mut [T]) {
        self.check([(x.len(), self.input), (y.len(), self.output)]);
        let count = self.count::<T>();
        for (y, window) in y.iter_mut().zip(self.windows()) {
            let mut sum = T::ZERO;
            window.rows().flat_map(|row| &x[row]).for_each(|&x| sum += x);
            *y = sum / count;
        }
    }

    /// The adjoint of [`mean`](Pooling::mean).
    ///
    /// # Panics
    /// If the slices are not of these sizes.
    pub fn mean_spread<T: Real + AddAssign + From<f32>>(&self, g: &[T], out: &mut [T]) {
        self.check([(out.len(), self.input), (g.len(), self.output)]);
        let count = self.count::<T>();
        out.fill(T::ZERO);
        for (&g, window) in g.iter().zip(self.windows()) {
            let share = g / count;
            window.rows().for_each(|row| out[row].iter_mut().for_each(|sum| *sum += share));
        }
    }

    fn count<T: From<f32>>(&self) -> T {
        T::from((self.window[0] * self.window[1]) as f32)
    }
}
