//! Sums of exponentials along one axis without overflow, and the exponentials as parts of their sum.
//!
//! The greatest element of each line is taken out, `sum exp(x) = exp(m) sum exp(x - m)`, unless it is infinite. A line
//! along the last axis is read once from memory: while its exponentials are summed, the greatest element of the next line
//! is looked for, and its sum is made as that of a run in [`reduce`](crate::reduce). Lines along other axes, and short
//! ones along the last, are done side by side, and their sums made as those of rows. So the bits depend neither on the
//! instruction set nor on the number of threads.

use crate::elementwise::unary_on;
use crate::isa::{Isa, Kernel};
use crate::math::exp::exp;
use crate::reduce::{CHUNK, ROWS, Reduce, Rows, Tree, close_block, combine_rows, fold, levels};
use crate::simd::{LANES, Simd, Vector};
use crate::table::Unary;
use rayon::prelude::*;

/// What [`softmax`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Softmax {
    /// `exp(x) / sum exp(x)`; NaN for a line whose greatest element is infinite.
    Plain,
    /// `x - ln sum exp(x)`; NaN for a line whose greatest element is infinite.
    Log,
    /// As `Plain`, with the limits where the greatest element is infinite: elements of +inf share 1 equally, and a line
    /// of -inf alone has zeros. The derivative of [`logsumexp`].
    Weights,
}

/// Tensors of at least this many elements are shared between threads, in pieces of this size: an exponential takes about
/// as long as those of the elementwise kernels.
const PARALLEL: usize = 1 << 17;

/// Lines that are done side by side.
const TOGETHER: usize = 64;

/// Lines along the last axis of up to this many elements are done side by side.
const SHORT: usize = 16;

/// Levels of the tree over the blocks of a line: more than there is memory for.
const LEVELS: usize = 44;

/// `ln sum exp(x)` over the middle axis of `x`, whose sizes are `[outer, size, inner]`; -inf where `size` is 0 or all
/// elements are -inf.
///
/// # Panics
/// If the lengths do not fit the sizes.
#[track_caller]
pub fn logsumexp(x: &[f64], sizes: [usize; 3], out: &mut [f64]) {
    logsumexp_on(Isa::detect(), x, sizes, out);
}

/// [`logsumexp`] on a given instruction set.
///
/// # Panics
/// As `logsumexp`, and if the machine lacks the instruction set.
#[track_caller]
pub fn logsumexp_on(isa: Isa, x: &[f64], [outer, size, inner]: [usize; 3], out: &mut [f64]) {
    assert_eq!(x.len(), outer * size * inner, "logsumexp: length of the argument");
    assert_eq!(out.len(), outer * inner, "logsumexp: length of the output");
    if x.is_empty() {
        return out.fill(f64::NEG_INFINITY);
    }
    pieces(x, out, size * inner, inner, |x, out| {
        if inner == 1 && size <= SHORT {
            let mut turned = [0.0; SHORT * TOGETHER];
            for (x, out) in x.chunks(size * TOGETHER).zip(out.chunks_mut(TOGETHER)) {
                let turned = &mut turned[..x.len()];
                turn(x, size, turned);
                log_columns(isa, turned, size, out.len(), out);
            }
        } else if inner == 1 {
            let mut rows = RowSums::new(isa, x, size);
            out.iter_mut().for_each(|out| *out = rows.next(None).log());
        } else {
            for (x, out) in x.chunks_exact(size * inner).zip(out.chunks_exact_mut(inner)) {
                log_columns(isa, x, size, inner, out);
            }
        }
    });
}

/// [`logsumexp`] of the columns of a matrix.
fn log_columns(isa: Isa, x: &[f64], size: usize, inner: usize, out: &mut [f64]) {
    for start in (0..inner).step_by(TOGETHER) {
        let mut columns = Columns::new(isa, x, size, inner, start);
        columns.sum(None);
        let logs = columns.log_sums();
        let logs = logs.iter().zip(&columns.shift).map(|(log, shift)| log + shift).take(columns.width);
        out[start..].iter_mut().zip(logs).for_each(|(out, log)| *out = log);
    }
}

/// The [softmax](Softmax) along the middle axis of `x`, whose sizes are `[outer, size, inner]`.
///
/// # Panics
/// If the lengths do not fit the sizes.
#[track_caller]
pub fn softmax(kind: Softmax, x: &[f64], sizes: [usize; 3], out: &mut [f64]) {
    softmax_on(Isa::detect(), kind, x, sizes, out);
}

/// [`softmax`] on a given instruction set.
///
/// # Panics
/// As `softmax`, and if the machine lacks the instruction set.
#[track_caller]
pub fn softmax_on(isa: Isa, kind: Softmax, x: &[f64], [outer, size, inner]: [usize; 3], out: &mut [f64]) {
    assert_eq!(x.len(), outer * size * inner, "softmax: length of the argument");
    assert_eq!(out.len(), x.len(), "softmax: length of the output");
    if x.is_empty() {
        return;
    }
    pieces(x, out, size * inner, size * inner, |x, out| {
        if inner == 1 && size <= SHORT {
            let (mut turned, mut parts) = ([0.0; SHORT * TOGETHER], [0.0; SHORT * TOGETHER]);
            for (x, out) in x.chunks(size * TOGETHER).zip(out.chunks_mut(size * TOGETHER)) {
                let (turned, parts) = (&mut turned[..x.len()], &mut parts[..x.len()]);
                turn(x, size, turned);
                part_columns(isa, kind, turned, size, x.len() / size, parts);
                turn(parts, x.len() / size, out);
            }
        } else if inner == 1 {
            let mut rows = RowSums::new(isa, x, size);
            for (x, out) in x.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
                let line = rows.next((kind != Softmax::Log).then_some(&mut *out));
                finish(isa, kind, line, x, out);
            }
        } else {
            for (x, out) in x.chunks_exact(size * inner).zip(out.chunks_exact_mut(size * inner)) {
                part_columns(isa, kind, x, size, inner, out);
            }
        }
    });
}

/// The [softmax](Softmax) of the columns of a matrix.
fn part_columns(isa: Isa, kind: Softmax, x: &[f64], size: usize, inner: usize, out: &mut [f64]) {
    for start in (0..inner).step_by(TOGETHER) {
        let mut columns = Columns::new(isa, x, size, inner, start);
        columns.sum((kind != Softmax::Log).then_some(&mut *out));
        columns.finish(kind, out);
    }
}

/// The transpose of a matrix with rows of `size` elements.
fn turn(x: &[f64], size: usize, out: &mut [f64]) {
    let rows = x.len() / size;
    for (i, row) in x.chunks_exact(size).enumerate() {
        row.iter().zip(out[i..].iter_mut().step_by(rows)).for_each(|(x, out)| *out = *x);
    }
}

/// Calls `f` for pieces of the argument and the output that hold whole lines, on several threads if there is much to do.
fn pieces(x: &[f64], out: &mut [f64], from: usize, to: usize, f: impl Fn(&[f64], &mut [f64]) + Sync) {
    if x.len() < 2 * PARALLEL {
        return f(x, out);
    }
    let lines = PARALLEL.div_ceil(from);
    x.par_chunks(lines * from).zip(out.par_chunks_mut(lines * to)).for_each(|(x, out)| f(x, out));
}

/// A line's greatest element (a NaN may be passed over, for it is in the sum), what was taken out, and the sum of
/// `exp(x - shift)`.
#[derive(Clone, Copy)]
struct Line {
    greatest: f64,
    shift: f64,
    sum: f64,
}

impl Line {
    fn new(greatest: f64, sum: f64) -> Line {
        Line { greatest, shift: shift(greatest), sum }
    }

    fn log(self) -> f64 {
        Unary::Ln.eval(self.sum) + self.shift
    }

    /// What makes parts of the exponentials.
    fn scale(self, kind: Softmax) -> f64 {
        match kind {
            Softmax::Weights if self.greatest == f64::NEG_INFINITY => 0.0,
            Softmax::Plain if self.greatest.is_infinite() => f64::NAN,
            _ => 1.0 / self.sum,
        }
    }

    /// Whether the weights are the limit where elements of +inf share 1.
    fn is_limit(self, kind: Softmax) -> bool {
        kind == Softmax::Weights && self.sum == f64::INFINITY
    }
}

/// What is taken out of a line with this greatest element.
fn shift(greatest: f64) -> f64 {
    if greatest.is_finite() { greatest } else { 0.0 }
}

/// The limit of the weights where some elements are +inf.
fn share<'a>(x: impl Iterator<Item = &'a f64> + Clone, out: impl Iterator<Item = &'a mut f64>) {
    let count = x.clone().filter(|x| **x == f64::INFINITY).count() as f64;
    x.zip(out).for_each(|(x, out)| *out = if *x == f64::INFINITY { 1.0 / count } else { 0.0 });
}

/// From exponentials to parts of their sum, or from elements to logarithms.
fn finish(isa: Isa, kind: Softmax, line: Line, x: &[f64], out: &mut [f64]) {
    match kind {
        Softmax::Log => {
            let log = if line.greatest.is_infinite() { f64::NAN } else { Unary::Ln.eval(line.sum) };
            isa.run(SubtractBoth { x, shift: line.shift, log, out });
        }
        _ if line.is_limit(kind) => share(x.iter(), out.iter_mut()),
        _ => isa.run(Scale { scale: line.scale(kind), x: out }),
    }
}

/// The sums of rows, one after the other.
struct RowSums<'a> {
    isa: Isa,
    rows: std::slice::ChunksExact<'a, f64>,
    row: &'a [f64],
    greatest: f64,
    tree: Tree,
}

impl<'a> RowSums<'a> {
    fn new(isa: Isa, x: &'a [f64], size: usize) -> RowSums<'a> {
        let row = &x[..size];
        let mut rows = x.chunks_exact(size);
        rows.next();
        RowSums { isa, rows, row, greatest: isa.run(Greatest { x: row }), tree: Tree::new(Reduce::Sum) }
    }

    /// The next row's sum; its exponentials go to `out`, if given.
    fn next(&mut self, out: Option<&mut [f64]>) -> Line {
        let (row, next) = (self.row, self.rows.next().unwrap_or(self.row));
        let greatest = self.greatest;
        self.tree.clear();
        let tree = &mut self.tree;
        self.greatest = match out {
            Some(out) => self.isa.run(RowSum::<true> { row, next, shift: shift(greatest), out, tree }),
            None => self.isa.run(RowSum::<false> { row, next, shift: shift(greatest), out: &mut [], tree }),
        };
        self.row = next;
        Line::new(greatest, self.tree.finish())
    }
}

struct Greatest<'a> {
    x: &'a [f64],
}

impl Kernel for Greatest<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let mut best = [Vector::splat(simd, f64::NEG_INFINITY); 4];
        let (ones, rest) = self.x.as_chunks::<LANES>();
        for (i, one) in ones.iter().enumerate() {
            // SAFETY: an array of eight.
            best[i % 4] = unsafe { Vector::load(simd, one.as_ptr()) }.max(best[i % 4]);
        }
        best[0] = padded(simd, rest).max(best[0]);
        fold(Reduce::Max, best)
    }
}

/// The last elements of a row, with -inf behind them: its exponential is zero.
#[inline(always)]
fn padded<S: Simd>(simd: S, rest: &[f64]) -> Vector<S> {
    let mut last = [f64::NEG_INFINITY; LANES];
    last[..rest.len()].copy_from_slice(rest);
    Vector::new(simd, simd.from_array(last))
}

/// The sum of `exp(x - shift)` over a row, and the greatest element of the next row.
struct RowSum<'a, const STORE: bool> {
    row: &'a [f64],
    next: &'a [f64],
    shift: f64,
    out: &'a mut [f64],
    tree: &'a mut Tree,
}

impl<const STORE: bool> Kernel for RowSum<'_, STORE> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let RowSum { row, next, shift, out, tree } = self;
        assert!(next.len() == row.len() && (!STORE || out.len() == row.len()), "softmax: rows of one length");
        let shift = Vector::splat(simd, shift);
        let mut best = [Vector::splat(simd, f64::NEG_INFINITY); 4];
        for start in (0..row.len()).step_by(CHUNK) {
            let len = CHUNK.min(row.len() - start);
            let mut sums = [Vector::splat(simd, 0.0); 4];
            let whole = len / LANES;
            for i in 0..whole {
                let at = start + i * LANES;
                // SAFETY: a whole vector of the chunk.
                unsafe {
                    let e = exp(Vector::load(simd, row.as_ptr().add(at)) - shift);
                    if STORE {
                        e.store(out.as_mut_ptr().add(at));
                    }
                    sums[i % 4] = sums[i % 4] + e;
                    best[i % 4] = Vector::load(simd, next.as_ptr().add(at)).max(best[i % 4]);
                }
            }
            let at = start + whole * LANES;
            if at < start + len {
                let e = exp(padded(simd, &row[at..]) - shift);
                if STORE {
                    out[at..].copy_from_slice(&e.to_array()[..row.len() - at]);
                }
                sums[whole % 4] = sums[whole % 4] + e;
                best[0] = padded(simd, &next[at..]).max(best[0]);
            }
            tree.push(fold(Reduce::Sum, sums));
        }
        fold(Reduce::Max, best)
    }
}

struct Scale<'a> {
    scale: f64,
    x: &'a mut [f64],
}

impl Kernel for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        self.x.iter_mut().for_each(|x| *x *= self.scale);
    }
}

struct SubtractBoth<'a> {
    x: &'a [f64],
    shift: f64,
    log: f64,
    out: &'a mut [f64],
}

impl Kernel for SubtractBoth<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        self.x.iter().zip(self.out).for_each(|(x, out)| *out = (x - self.shift) - self.log);
    }
}

/// Up to [`TOGETHER`] neighbouring lines along an axis that is not the last.
struct Columns<'a> {
    isa: Isa,
    x: &'a [f64],
    size: usize,
    inner: usize,
    /// The first line.
    start: usize,
    width: usize,
    greatest: [f64; TOGETHER],
    shift: [f64; TOGETHER],
    sum: [f64; TOGETHER],
}

impl<'a> Columns<'a> {
    fn new(isa: Isa, x: &'a [f64], size: usize, inner: usize, start: usize) -> Columns<'a> {
        let width = TOGETHER.min(inner - start);
        let mut greatest = [0.0; TOGETHER];
        let rows = Rows { x: x[start..].as_ptr(), stride: inner as isize, count: size, width };
        // SAFETY: all rows are parts of `x`, and `greatest` is as wide.
        unsafe { combine_rows(isa, Reduce::Max, rows, greatest.as_mut_ptr(), true) };
        Columns { isa, x, size, inner, start, width, greatest, shift: greatest.map(shift), sum: [0.0; TOGETHER] }
    }

    /// The logarithm of each sum.
    fn log_sums(&self) -> [f64; TOGETHER] {
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
    fn sum(&mut self, mut out: Option<&mut [f64]>) {
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
    fn finish(&self, kind: Softmax, out: &mut [f64]) {
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
