//! Lines side by side.

use super::{LEVELS, Line, Softmax, TOGETHER, padded, share, shift};
use crate::elementwise::unary_on;
use crate::isa::{Isa, Kernel};
use crate::math::exp::exp;
use crate::reduce::{ROWS, Reduce, Rows, close_block, combine_rows, levels};
use crate::simd::{LANES, Simd, Vector};
use crate::table::Unary;

/// Up to [`TOGETHER`] neighbouring lines along an axis that is not the last.
pub(super) struct Columns<'a> {
    isa: Isa,
    x: &'a [f64],
    size: usize,
    inner: usize,
    /// The first line.
    start: usize,
    pub(super) width: usize,
    greatest: [f64; TOGETHER],
    pub(super) shift: [f64; TOGETHER],
    sum: [f64; TOGETHER],
}

impl<'a> Columns<'a> {
    pub(super) fn new(isa: Isa, x: &'a [f64], size: usize, inner: usize, start: usize) -> Columns<'a> {
        let width = TOGETHER.min(inner - start);
        let mut greatest = [0.0; TOGETHER];
        let rows = Rows { x: x[start..].as_ptr(), stride: inner as isize, count: size, width };
        // SAFETY: all rows are parts of `x`, and `greatest` is as wide.
        unsafe { combine_rows(isa, Reduce::Max, rows, greatest.as_mut_ptr(), true) };
        Columns { isa, x, size, inner, start, width, greatest, shift: greatest.map(shift), sum: [0.0; TOGETHER] }
    }

    /// The logarithm of each sum.
    pub(super) fn log_sums(&self) -> [f64; TOGETHER] {
        let mut logs = [0.0; TOGETHER];
        unary_on(self.isa, Unary::Ln, &self.sum, &mut logs);
        logs
    }

    /// The place of row `row` of these lines.
    fn row(&self, row: usize) -> std::ops::Range<usize> {
        let start = row * self.inner + self.start;
        start..start + self.width
    }

    /// Sums the exponentials, and leaves them in `out` if given.
    pub(super) fn sum(&mut self, mut out: Option<&mut [f64]>) {
        let mut tree = [[0.0; TOGETHER]; LEVELS];
        assert!(levels(self.size) <= LEVELS, "softmax: the axis is too long");
        for (block, first) in (0..self.size).step_by(ROWS).enumerate() {
            let last = self.size.min(first + ROWS);
            let place = self.row(first).start..self.row(last - 1).end;
            let (x, stride, width) = (&self.x[place.clone()], self.inner, self.width);
            let (shift, sum) = (&self.shift, &mut self.sum);
            match out.as_deref_mut() {
                Some(out) => {
                    let out = &mut out[place];
                    self.isa.run(ColumnSums::<true> { x, stride, width, shift, sum, out });
                }
                None => self.isa.run(ColumnSums::<false> { x, stride, width, shift, sum, out: &mut [] }),
            }
            if self.size > ROWS {
                let (sum, tree) = (self.sum.as_mut_ptr(), tree.as_mut_ptr().cast());
                let is_last = last == self.size;
                // SAFETY: the tree has the levels of an axis of this size, each as wide as the sums.
                unsafe { close_block(self.isa, Reduce::Sum, block, is_last, sum, width, tree, TOGETHER) };
            }
        }
    }

    /// From exponentials to parts of their sum, or from elements to logarithms.
    pub(super) fn finish(&self, kind: Softmax, out: &mut [f64]) {
        let lines: [Line; TOGETHER] = std::array::from_fn(|k| Line::new(self.greatest[k], self.sum[k]));
        let place = self.row(0).start..self.row(self.size - 1).end;
        let (x, stride, width) = (&self.x[place.clone()], self.inner, self.width);
        if kind == Softmax::Log {
            let mut logs = self.log_sums();
            logs.iter_mut()
                .zip(&lines)
                .filter(|(_, line)| line.greatest.is_infinite())
                .for_each(|(log, _)| *log = f64::NAN);
            self.isa.run(SubtractColumns { x, stride, width, shift: &self.shift, log: &logs, out: &mut out[place] });
            return;
        }
        let scale = lines.map(|line| line.scale(kind));
        self.isa.run(ScaleColumns { x: &mut out[place], stride, width, scale: &scale });
        for k in (0..self.width).filter(|&k| lines[k].is_limit(kind)) {
            let at = self.start + k;
            share(self.x[at..].iter().step_by(self.inner), out[at..].iter_mut().step_by(self.inner));
        }
    }
}

/// Sums of `exp(x - shift)` over the rows of a block.
struct ColumnSums<'a, const STORE: bool> {
    /// From the first row's first element to the last row's last.
    x: &'a [f64],
    stride: usize,
    width: usize,
    shift: &'a [f64; TOGETHER],
    sum: &'a mut [f64; TOGETHER],
    out: &'a mut [f64],
}

impl<const STORE: bool> Kernel for ColumnSums<'_, STORE> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        const VECTORS: usize = TOGETHER / LANES;
        let ColumnSums { x, stride, width, shift, sum, out } = self;
        assert!(!STORE || out.len() == x.len(), "softmax: length of the output");
        // SAFETY: arrays of eight vectors.
        let load = |from: &[f64; TOGETHER], v: usize| unsafe { Vector::load(simd, from.as_ptr().add(v * LANES)) };
        let mut sums = [Vector::splat(simd, 0.0); VECTORS];
        for start in (0..x.len()).step_by(stride) {
            let row = &x[start..start + width];
            for v in 0..VECTORS {
                let at = v * LANES;
                if at + LANES <= width {
                    // SAFETY: a whole vector of the row, and of the output's.
                    unsafe {
                        let e = exp(Vector::load(simd, row.as_ptr().add(at)) - load(shift, v));
                        if STORE {
                            e.store(out.as_mut_ptr().add(start + at));
                        }
                        sums[v] = sums[v] + e;
                    }
                } else if at < width {
                    let e = exp(padded(simd, &row[at..]) - load(shift, v));
                    if STORE {
                        out[start + at..start + width].copy_from_slice(&e.to_array()[..width - at]);
                    }
                    sums[v] = sums[v] + e;
                }
            }
        }
        for v in 0..VECTORS {
            // SAFETY: an array of eight vectors.
            unsafe { sums[v].store(sum.as_mut_ptr().add(v * LANES)) };
        }
    }
}

/// `x *= scale` in each row.
struct ScaleColumns<'a> {
    x: &'a mut [f64],
    stride: usize,
    width: usize,
    scale: &'a [f64; TOGETHER],
}

impl Kernel for ScaleColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for row in self.x.chunks_mut(self.stride) {
            row[..self.width].iter_mut().zip(self.scale).for_each(|(x, scale)| *x *= scale);
        }
    }
}

/// `out = (x - shift) - log` in each row.
struct SubtractColumns<'a> {
    x: &'a [f64],
    stride: usize,
    width: usize,
    shift: &'a [f64; TOGETHER],
    log: &'a [f64; TOGETHER],
    out: &'a mut [f64],
}

impl Kernel for SubtractColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for (x, out) in self.x.chunks(self.stride).zip(self.out.chunks_mut(self.stride)) {
            let each = out[..self.width].iter_mut().zip(x).zip(self.shift).zip(self.log);
            each.for_each(|(((out, x), shift), log)| *out = (x - shift) - log);
        }
    }
}
