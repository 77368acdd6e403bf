//! The derivative of the forward algorithm: a recurrence backwards over the same chain.

use super::ENOUGH;
use super::chain::{Chain, exp_rows, row_times_matrix, row_times_small};
use crate::isa::{Isa, Kernel};
use crate::reduce::{Reduce, fold};
use crate::simd::{LANES, Simd, Vector};
use crate::softmax::{Softmax, softmax};

/// A sum of scaled numbers above this is that of a chain with +inf in it.
const HIGH: f64 = 1e100;

/// Numbers that [`forward_adjoint`] scribbles on.
pub fn forward_adjoint_room(chain: Chain) -> usize {
    let k = chain.states;
    chain.table_len() + chain.steps + chain.transitions_len() + chain.matrices + 2 * k * k + k
}

/// The derivatives of a number by the arguments of [`forward`](super::forward), from its result `s` and the derivative `by_s`
/// of the number by each element of it.
///
/// `r[t, i] = by_s[t, i] + sum_j w[t + 1, i, j] r[t + 1, j]`, where `w[t, i, j]` is the part of state `i` in state `j` of step
/// `t`: `exp(s[t - 1, i] + transitions[t, i, j])` by its sum over `i`, or 0 where all of that is -inf. The derivative by the
/// emissions is `r`, that by the first row `r[0]`, and that by the transitions `w[t, i, j] r[t, j]`, summed over the steps if
/// they share a matrix.
///
/// # Panics
/// If a slice does not fit the chain, or the room is too short.
#[track_caller]
pub fn forward_adjoint(
    chain: Chain,
    s: &[f64],
    transitions: &[f64],
    by_s: &[f64],
    r: &mut [f64],
    by_transitions: &mut [f64],
    room: &mut [f64],
) {
    forward_adjoint_on(Isa::detect(), chain, s, transitions, by_s, r, by_transitions, room);
}

/// [`forward_adjoint`] on a given instruction set.
///
/// # Panics
/// As [`forward_adjoint`], and if the machine lacks the instruction set.
#[track_caller]
pub fn forward_adjoint_on(
    isa: Isa,
    chain: Chain,
    s: &[f64],
    transitions: &[f64],
    by_s: &[f64],
    r: &mut [f64],
    by_transitions: &mut [f64],
    room: &mut [f64],
) {
    chain.check("forward_adjoint", &[s, by_s, r], &[transitions, by_transitions]);
    by_transitions.fill(0.0);
    if s.is_empty() {
        return;
    }
    let k = chain.states;
    let (scaled, room) = room.split_at_mut(chain.table_len());
    let (scaled_transitions, room) = room.split_at_mut(chain.transitions_len());
    let (parts, room) = room.split_at_mut(k * k);
    let (terms, room) = room.split_at_mut(k * k);
    let (sums, shifts) = room.split_at_mut(k);
    let given = Given { chain, s, transitions };
    r[chain.row(chain.steps - 1)].copy_from_slice(&by_s[chain.row(chain.steps - 1)]);
    isa.run(Adjoint { given, by_s, r, by_transitions, scaled, scaled_transitions, parts, terms, sums, shifts });
}

/// The result of the forward algorithm, and the transitions.
#[derive(Clone, Copy)]
struct Given<'a> {
    chain: Chain,
    s: &'a [f64],
    transitions: &'a [f64],
}

struct Adjoint<'a> {
    given: Given<'a>,
    by_s: &'a [f64],
    r: &'a mut [f64],
    by_transitions: &'a mut [f64],
    /// `exp(s - shift)`
    scaled: &'a mut [f64],
    /// `exp(transitions - shift)`
    scaled_transitions: &'a mut [f64],
    /// Room for the parts of a step, for their logarithms, and for their sums.
    parts: &'a mut [f64],
    terms: &'a mut [f64],
    sums: &'a mut [f64],
    shifts: &'a mut [f64],
}

impl Kernel for Adjoint<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let Given { chain, s, transitions } = self.given;
        let k = chain.states;
        exp_rows(simd, s, k, &mut self.shifts[..chain.steps], self.scaled);
        exp_rows(simd, transitions, k * k, &mut self.shifts[..chain.matrices], self.scaled_transitions);
        match k {
            1 => self.small::<1>(),
            2 => self.small::<2>(),
            3 => self.small::<3>(),
            4 => self.small::<4>(),
            _ => self.wide(simd),
        }
    }
}

impl Given<'_> {
    /// The parts of each state in each of step `t`, from logarithms.
    #[cold]
    #[inline(never)]
    fn parts(self, t: usize, terms: &mut [f64], parts: &mut [f64]) {
        let k = self.chain.states;
        let (s, transition) = (&self.s[self.chain.row(t - 1)], &self.transitions[self.chain.transition(t)]);
        for ((terms, transition), s) in terms.chunks_exact_mut(k).zip(transition.chunks_exact(k)).zip(s) {
            terms.iter_mut().zip(transition).for_each(|(term, transition)| *term = s + transition);
        }
        softmax(Softmax::Weights, terms, [1, k, k], parts);
    }
}

/// Whether the terms of a scaled sum make its parts.
#[inline(always)]
fn is_whole(sum: f64) -> bool {
    (ENOUGH..=HIGH).contains(&sum)
}

impl Adjoint<'_> {
    #[inline(always)]
    fn small<const K: usize>(&mut self) {
        let Chain { steps, matrices, .. } = self.given.chain;
        let w = self.scaled_transitions.as_chunks::<K>().0;
        let scaled = &self.scaled.as_chunks::<K>().0[..steps];
        let by_s = &self.by_s.as_chunks::<K>().0[..steps];
        let results = &mut self.r.as_chunks_mut::<K>().0[..steps];
        let by_transitions = self.by_transitions.as_chunks_mut::<K>().0;
        let mut r = results[steps - 1];
        let mut by_transition = [[0.0; K]; K];
        for t in (1..steps).rev() {
            let start = if matrices == 1 { 0 } else { (t - 1) * K };
            let (x, w) = (&scaled[t - 1], &w[start..][..K]);
            let sums = row_times_small(x, w);
            let mut parts = [[0.0; K]; K];
            if sums.iter().fold(true, |whole, sum| whole & is_whole(*sum)) {
                let inverse = sums.map(|sum| 1.0 / sum);
                for i in 0..K {
                    for j in 0..K {
                        parts[i][j] = x[i] * w[i][j] * inverse[j];
                    }
                }
            } else {
                self.given.parts(t, self.terms, parts.as_flattened_mut());
            }
            let mut next = by_s[t - 1];
            for i in 0..K {
                for j in 0..K {
                    next[i] = parts[i][j].mul_add(r[j], next[i]);
                    by_transition[i][j] = parts[i][j].mul_add(r[j], by_transition[i][j]);
                }
            }
            (results[t - 1], r) = (next, next);
            if matrices != 1 {
                by_transitions[start..][..K].copy_from_slice(&by_transition);
                by_transition = [[0.0; K]; K];
            }
        }
        if matrices == 1 {
            by_transitions.copy_from_slice(&by_transition);
        }
    }

    #[inline(always)]
    fn wide<S: Simd>(&mut self, simd: S) {
        let Given { chain, .. } = self.given;
        let k = chain.states;
        for t in (1..chain.steps).rev() {
            let (x, w) = (&self.scaled[chain.row(t - 1)], &self.scaled_transitions[chain.transition(t)]);
            row_times_matrix(simd, x, w, self.sums);
            if self.sums.iter().all(|sum| is_whole(*sum)) {
                self.sums.iter_mut().for_each(|sum| *sum = 1.0 / *sum);
                for ((parts, w), x) in self.parts.chunks_exact_mut(k).zip(w.chunks_exact(k)).zip(x) {
                    for ((part, w), inverse) in parts.iter_mut().zip(w).zip(&*self.sums) {
                        *part = x * w * inverse;
                    }
                }
            } else {
                self.given.parts(t, self.terms, self.parts);
            }
            let (next, r) = self.r[chain.row(t - 1).start..].split_at_mut(k);
            let r = &r[..k];
            let by_transition = &mut self.by_transitions[chain.transition(t)];
            let rows = self.parts.chunks_exact(k).zip(by_transition.chunks_exact_mut(k));
            for ((next, by_s), (parts, by_transition)) in next.iter_mut().zip(&self.by_s[chain.row(t - 1)]).zip(rows) {
                *next = by_s + multiply_add(simd, parts, r, by_transition);
            }
        }
    }
}

/// `y += a b`; the sum of the products.
#[inline(always)]
fn multiply_add<S: Simd>(simd: S, a: &[f64], b: &[f64], y: &mut [f64]) -> f64 {
    let ((a, a_rest), (b, b_rest), (y, y_rest)) =
        (a.as_chunks::<LANES>(), b.as_chunks::<LANES>(), y.as_chunks_mut::<LANES>());
    let mut sums = [Vector::splat(simd, 0.0); 4];
    for (n, ((a, b), y)) in a.iter().zip(b).zip(y).enumerate() {
        // SAFETY: arrays of eight.
        unsafe {
            let (a, b) = (Vector::load(simd, a.as_ptr()), Vector::load(simd, b.as_ptr()));
            a.fma(b, Vector::load(simd, y.as_ptr())).store(y.as_mut_ptr());
            sums[n % 4] = a.fma(b, sums[n % 4]);
        }
    }
    let mut sum = 0.0;
    for ((a, b), y) in a_rest.iter().zip(b_rest).zip(y_rest) {
        *y = a.mul_add(*b, *y);
        sum = a.mul_add(*b, sum);
    }
    sum + fold(Reduce::Sum, sums)
}
