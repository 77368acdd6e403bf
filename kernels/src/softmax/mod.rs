//! Sums of exponentials along one axis without overflow, and the exponentials as parts of their sum.
//!
//! The greatest element of each line is taken out, `sum exp(x) = exp(m) sum exp(x - m)`, unless it is infinite. A line
//! along the last axis is read once from memory: while its exponentials are summed, the greatest element of the next line
//! is looked for, and its sum is made as that of a run in [`reduce`](crate::reduce). Lines along other axes, and short
//! ones along the last, are done side by side, and their sums made as those of rows. So the bits depend neither on the
//! instruction set nor on the number of threads.

mod columns;
mod rows;

use crate::isa::Isa;
use crate::simd::{LANES, Simd, Vector};
use crate::table::Unary;
use columns::Columns;
use rayon::prelude::*;
use rows::{RowSums, finish};

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

/// The last elements of a row, with -inf behind them: its exponential is zero.
#[inline(always)]
fn padded<S: Simd>(simd: S, rest: &[f64]) -> Vector<S> {
    let mut last = [f64::NEG_INFINITY; LANES];
    last[..rest.len()].copy_from_slice(rest);
    Vector::new(simd, simd.from_array(last))
}
