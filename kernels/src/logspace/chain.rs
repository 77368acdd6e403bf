//! What the recurrences over a Markov chain share.

use super::shift;
use crate::math::exp::exp;
use crate::simd::{LANES, Simd, Vector};

/// Multiply-adds that take as long as an exponential, a logarithm or what else is done once an element.
const EXPONENTIALS: usize = 8;

/// The sizes of a Markov chain.
///
/// ```
/// use pyroxene_kernels::logspace::Chain;
/// assert_eq!(Chain { steps: 10, states: 3, matrices: 1 }.transitions_len(), 9);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Number of steps.
    pub steps: usize,
    /// Number of states.
    pub states: usize,
    /// Number of transition matrices: one for all transitions, or one for each, which are one fewer than the steps.
    pub matrices: usize,
}

impl Chain {
    /// Elements of a table with a row a step and a column a state.
    pub fn table_len(self) -> usize {
        self.steps * self.states
    }

    /// Elements of all transition matrices together.
    pub fn transitions_len(self) -> usize {
        self.matrices * self.states * self.states
    }

    /// About as many multiply-adds as [`forward`](super::forward) takes as long as; its derivative takes about twice as long.
    pub fn work(self) -> usize {
        self.table_len() * (self.states + EXPONENTIALS) + self.transitions_len() * EXPONENTIALS
    }

    /// Panics unless the slices belong to this chain.
    #[track_caller]
    pub(super) fn check(self, op: &str, tables: &[&[f64]], transitions: &[&[f64]]) {
        let lengths = tables.iter().all(|x| x.len() == self.table_len())
            && transitions.iter().all(|x| x.len() == self.transitions_len());
        assert!(lengths, "{op}: an argument is not of {self:?}");
        assert!(self.matrices == 1 || self.matrices + 1 == self.steps.max(1), "{op}: {self:?} lacks transitions");
    }

    /// The elements of the matrix of the transition to step `t`, which is not the first.
    pub(super) fn transition(self, t: usize) -> std::ops::Range<usize> {
        let size = self.states * self.states;
        let at = if self.matrices == 1 { 0 } else { t - 1 };
        at * size..(at + 1) * size
    }

    /// The elements of row `t` of a table.
    pub(super) fn row(self, t: usize) -> std::ops::Range<usize> {
        t * self.states..(t + 1) * self.states
    }
}

/// `exp(x - shift of its row)`, and the shifts. A NaN stays one and leaves the others of its row alone.
#[inline(always)]
pub(super) fn exp_rows<S: Simd>(simd: S, x: &[f64], width: usize, shifts: &mut [f64], out: &mut [f64]) {
    match width {
        1 => subtract_shifts(x, 1, shifts, out),
        2 => subtract_shifts(x, 2, shifts, out),
        3 => subtract_shifts(x, 3, shifts, out),
        4 => subtract_shifts(x, 4, shifts, out),
        _ => subtract_shifts(x, width, shifts, out),
    }
    let (whole, rest) = out.as_chunks_mut::<LANES>();
    for x in whole {
        // SAFETY: an array of eight.
        unsafe { exp(Vector::load(simd, x.as_ptr())).store(x.as_mut_ptr()) }
    }
    // SAFETY: fewer than eight are left.
    unsafe {
        let x = Vector::new(simd, simd.load_partial(rest.as_ptr(), rest.len()));
        simd.store_partial(rest.as_mut_ptr(), rest.len(), exp(x).lanes);
    }
}

/// `x - shift of its row`, and the shifts.
#[inline(always)]
fn subtract_shifts(x: &[f64], width: usize, shifts: &mut [f64], out: &mut [f64]) {
    for ((x, out), at) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(shifts) {
        let mut max = f64::NEG_INFINITY;
        for &x in x {
            max = if x > max { x } else { max };
        }
        *at = shift(max);
        for (out, x) in out.iter_mut().zip(x) {
            *out = x - *at;
        }
    }
}

/// `out[j] = sum_i x[i] w[i, j]`
#[inline(always)]
pub(super) fn row_times_matrix<S: Simd>(simd: S, x: &[f64], w: &[f64], out: &mut [f64]) {
    let width = out.len();
    let mut start = 0;
    while start + 4 * LANES <= width {
        columns::<S, 4>(simd, x, w, width, start, out);
        start += 4 * LANES;
    }
    while start + LANES <= width {
        columns::<S, 1>(simd, x, w, width, start, out);
        start += LANES;
    }
    let rest = width - start;
    if rest > 0 {
        let mut sum = Vector::splat(simd, 0.0);
        for (x, w) in x.iter().zip(w.chunks_exact(width)) {
            // SAFETY: `rest` elements of the row are left.
            sum = Vector::new(simd, unsafe { simd.load_partial(w[start..].as_ptr(), rest) }).fma(*x, sum);
        }
        // SAFETY: as above.
        unsafe { simd.store_partial(out[start..].as_mut_ptr(), rest, sum.lanes) }
    }
}

/// `N` vectors of columns of [`row_times_matrix`].
#[inline(always)]
fn columns<S: Simd, const N: usize>(simd: S, x: &[f64], w: &[f64], width: usize, start: usize, out: &mut [f64]) {
    let mut sums = [Vector::splat(simd, 0.0); N];
    for (x, w) in x.iter().zip(w.chunks_exact(width)) {
        let w = &w[start..start + N * LANES];
        for (n, sum) in sums.iter_mut().enumerate() {
            // SAFETY: `N` vectors were sliced.
            *sum = unsafe { Vector::load(simd, w.as_ptr().add(n * LANES)) }.fma(*x, *sum);
        }
    }
    let out = &mut out[start..start + N * LANES];
    for (n, sum) in sums.iter().enumerate() {
        // SAFETY: as above.
        unsafe { sum.store(out.as_mut_ptr().add(n * LANES)) }
    }
}

/// [`row_times_matrix`] for a number of states that the compiler knows, in registers.
#[inline(always)]
pub(super) fn row_times_small<const K: usize>(x: &[f64; K], w: &[[f64; K]]) -> [f64; K] {
    let mut sum = [0.0; K];
    for i in 0..K {
        for j in 0..K {
            sum[j] = x[i].mul_add(w[i][j], sum[j]);
        }
    }
    sum
}
