//! The forward algorithm: what is known of the state of a Markov chain from what was seen so far.

use super::chain::{Chain, exp_rows, row_times_matrix, row_times_small};
use super::{ENOUGH, log_product, log_product_room};
use crate::isa::{Isa, Kernel};
use crate::math::log::ln;
use crate::simd::{LANES, Simd, Vector};

/// The largest scaled number of a row lies within these, powers of two.
const LOW: f64 = 5.421010862427522e-20;
const HIGH: f64 = 18446744073709551616.0;

/// Numbers that [`forward`] scribbles on.
pub fn forward_room(chain: Chain) -> usize {
    let k = chain.states;
    chain.table_len() + chain.steps + chain.transitions_len() + chain.matrices + k + log_product_room([1, k, k])
}

/// The forward algorithm on logarithms (L. Rabiner, "A tutorial on hidden Markov models and selected applications in speech
/// recognition", 1989, eqs. 19 and 20, scaled as in V.A): `s[0] = initial + emissions[0]`, and then
/// `s[t, j] = ln sum_i exp(s[t - 1, i] + transitions[t, i, j]) + emissions[t, j]`.
///
/// Numbers may be -inf, and lie as far apart as they like: a state far below the others keeps its digits.
///
/// ```
/// use pyroxene_kernels::logspace::{Chain, forward, forward_room};
/// let chain = Chain { steps: 2, states: 2, matrices: 1 };
/// let (mut s, mut room) = ([0.0; 4], vec![0.0; forward_room(chain)]);
/// let transition = [0.25f64, 0.75, 0.5, 0.5].map(f64::ln);
/// forward(chain, &[0.0, f64::NEG_INFINITY], &transition, &[0.0; 4], &mut s, &mut room);
/// assert!((s[3].exp() - 0.75).abs() < 1e-15);
/// ```
///
/// # Panics
/// If a slice does not fit the chain, or the room is too short.
#[track_caller]
pub fn forward(chain: Chain, initial: &[f64], transitions: &[f64], emissions: &[f64], s: &mut [f64], room: &mut [f64]) {
    forward_on(Isa::detect(), chain, initial, transitions, emissions, s, room);
}

/// [`forward`] on a given instruction set.
///
/// # Panics
/// As [`forward`], and if the machine lacks the instruction set.
#[track_caller]
pub fn forward_on(
    isa: Isa,
    chain: Chain,
    initial: &[f64],
    transitions: &[f64],
    emissions: &[f64],
    s: &mut [f64],
    room: &mut [f64],
) {
    chain.check("forward", &[emissions, s], &[transitions]);
    assert_eq!(initial.len(), chain.states, "forward: the first row is not of {chain:?}");
    if s.is_empty() {
        return;
    }
    let (scaled, room) = room.split_at_mut(chain.table_len());
    let (offsets, room) = room.split_at_mut(chain.steps);
    let (w, room) = room.split_at_mut(chain.transitions_len());
    let (shifts, room) = room.split_at_mut(chain.matrices);
    let (sums, room) = room.split_at_mut(chain.states);
    let given = Given { chain, transitions, emissions };
    isa.run(Forward { given, initial, s, shifts, scaled: Scaled { w, rows: scaled, offsets, sums }, room });
}

/// The transitions and emissions of a chain.
#[derive(Clone, Copy)]
struct Given<'a> {
    chain: Chain,
    transitions: &'a [f64],
    emissions: &'a [f64],
}

/// What a run of scaled steps works on.
struct Scaled<'a> {
    /// `exp(transitions - shift)`
    w: &'a mut [f64],
    /// A row is first that of the emissions, `exp(emissions - shift)`, and then that of the result, `exp(s - offset)`.
    rows: &'a mut [f64],
    /// What all steps up to this one were scaled by; ahead of them, what the step alone is.
    offsets: &'a mut [f64],
    /// Room for a row.
    sums: &'a mut [f64],
}

struct Forward<'a> {
    given: Given<'a>,
    initial: &'a [f64],
    s: &'a mut [f64],
    shifts: &'a mut [f64],
    scaled: Scaled<'a>,
    room: &'a mut [f64],
}

impl Kernel for Forward<'_> {
    type Output = ();

    /// Alternates between runs of scaled steps and single steps in logarithms, where scaled numbers cannot hold the result.
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let Given { chain, transitions, emissions } = self.given;
        let Chain { steps, states, matrices } = chain;
        exp_rows(simd, emissions, states, self.scaled.offsets, self.scaled.rows);
        exp_rows(simd, transitions, states * states, self.shifts, self.scaled.w);
        for (t, offset) in self.scaled.offsets.iter_mut().enumerate().skip(1) {
            *offset += self.shifts[if matrices == 1 { 0 } else { t - 1 }];
        }
        let first = self.s.iter_mut().zip(self.initial).zip(emissions);
        first.for_each(|((s, initial), emission)| *s = initial + emission);
        let mut last = 0;
        loop {
            if self.scale(simd, last) {
                let end = self.scaled.run(simd, self.given, last);
                self.take_logarithms(simd, last + 1, end);
                last = end - 1;
            }
            last += 1;
            if last == steps {
                return;
            }
            self.step_in_logarithms(last);
        }
    }
}

impl Forward<'_> {
    /// From row `t` of the result to its scaled row; whether that has all digits.
    #[inline(always)]
    fn scale<S: Simd>(&mut self, simd: S, t: usize) -> bool {
        let row = self.given.chain.row(t);
        let (s, scaled) = (&self.s[row.clone()], &mut self.scaled.rows[row]);
        exp_rows(simd, s, s.len(), &mut self.scaled.offsets[t..=t], scaled);
        s.iter().zip(scaled).all(|(s, p)| (ENOUGH..=HIGH).contains(p) || *s == f64::NEG_INFINITY)
    }

    /// From scaled rows to rows of the result.
    #[inline(always)]
    fn take_logarithms<S: Simd>(&mut self, simd: S, start: usize, end: usize) {
        let states = self.given.chain.states;
        let rows = start * states..end * states;
        let (from, to) = (&self.scaled.rows[rows.clone()], &mut self.s[rows]);
        let ((whole, rest), (to_whole, to_rest)) = (from.as_chunks::<LANES>(), to.as_chunks_mut::<LANES>());
        for (x, y) in whole.iter().zip(to_whole) {
            // SAFETY: arrays of eight.
            unsafe { ln(Vector::load(simd, x.as_ptr())).store(y.as_mut_ptr()) }
        }
        // SAFETY: fewer than eight are left.
        unsafe {
            let x = Vector::new(simd, simd.load_partial(rest.as_ptr(), rest.len()));
            simd.store_partial(to_rest.as_mut_ptr(), rest.len(), ln(x).lanes);
        }
        for (s, offset) in to.chunks_exact_mut(states).zip(&self.scaled.offsets[start..end]) {
            s.iter_mut().for_each(|s| *s += offset);
        }
    }

    /// Row `t` of the result from the row before.
    #[cold]
    #[inline(never)]
    fn step_in_logarithms(&mut self, t: usize) {
        let Given { chain, transitions, emissions } = self.given;
        let k = chain.states;
        let (before, s) = self.s[..(t + 1) * k].split_at_mut(t * k);
        log_product([1, k, k], &before[chain.row(t - 1)], &transitions[chain.transition(t)], s, self.room);
        s.iter_mut().zip(&emissions[chain.row(t)]).for_each(|(s, emission)| *s += emission);
    }
}

impl Given<'_> {
    /// Makes good a scaled row that is not within its bounds, if it has all its digits: zeros are those of impossible states,
    /// and the largest number comes back to one by a power of two. The logarithm of that power.
    #[cold]
    #[inline(never)]
    fn settle(self, t: usize, before: &[f64], next: &mut [f64]) -> Option<f64> {
        let k = next.len();
        let (transition, emission) = (&self.transitions[self.chain.transition(t)], &self.emissions[self.chain.row(t)]);
        let impossible = |j: usize| {
            let possible = |i: usize| before[i] != 0.0 && transition[i * k + j] != f64::NEG_INFINITY;
            emission[j] == f64::NEG_INFINITY || !(0..k).any(possible)
        };
        let mut max = 0.0;
        for (j, x) in next.iter_mut().enumerate() {
            if *x >= ENOUGH {
                max = if *x > max { *x } else { max };
            } else if x.is_nan() || !impossible(j) {
                return None;
            } else {
                *x = 0.0;
            }
        }
        if max > 1.0 / ENOUGH {
            return None;
        }
        if max == 0.0 || (LOW..=HIGH).contains(&max) {
            return Some(0.0);
        }
        let exponent = (max.to_bits() >> 52) as i64 - 1023;
        let power = f64::from_bits(((1023 - exponent) as u64) << 52);
        next.iter_mut().for_each(|x| *x *= power);
        Some(exponent as f64 * std::f64::consts::LN_2)
    }
}

impl Scaled<'_> {
    /// Steps on from a row, to the first step whose row scaled numbers cannot hold: that step.
    #[inline(always)]
    fn run<S: Simd>(&mut self, simd: S, given: Given<'_>, from: usize) -> usize {
        match given.chain.states {
            1 => small::<1>(given, self, from),
            2 => small::<2>(given, self, from),
            3 => small::<3>(given, self, from),
            4 => small::<4>(given, self, from),
            _ => wide(simd, given, self, from),
        }
    }
}

/// [`Scaled::run`] for a number of states that the compiler knows, in registers.
#[inline(always)]
fn small<const K: usize>(given: Given<'_>, scaled: &mut Scaled<'_>, from: usize) -> usize {
    let Chain { steps, matrices, .. } = given.chain;
    let w = scaled.w.as_chunks::<K>().0;
    let rows = &mut scaled.rows.as_chunks_mut::<K>().0[..steps];
    let offsets = &mut scaled.offsets[..steps];
    let (mut p, mut offset) = (rows[from], offsets[from]);
    for t in from + 1..steps {
        let w = &w[if matrices == 1 { 0 } else { (t - 1) * K }..][..K];
        let mut next = row_times_small(&p, w);
        for j in 0..K {
            next[j] *= rows[t][j];
        }
        let enough = next.iter().fold(true, |enough, x| enough & (*x >= ENOUGH));
        let max = next.iter().fold(0.0, |max, &x| if x > max { x } else { max });
        offset += offsets[t];
        if !(enough & (LOW..=HIGH).contains(&max)) {
            match given.settle(t, &p, &mut next) {
                Some(power) => offset += power,
                None => return t,
            }
        }
        (rows[t], offsets[t], p) = (next, offset, next);
    }
    steps
}

/// [`Scaled::run`] for any number of states.
#[inline(always)]
fn wide<S: Simd>(simd: S, given: Given<'_>, scaled: &mut Scaled<'_>, from: usize) -> usize {
    let Scaled { w, rows, offsets, sums } = scaled;
    let mut offset = offsets[from];
    for t in from + 1..given.chain.steps {
        let (before, next) = rows.split_at_mut(given.chain.row(t).start);
        let (before, next) = (&before[given.chain.row(t - 1)], &mut next[..given.chain.states]);
        row_times_matrix(simd, before, &w[given.chain.transition(t)], sums);
        let (enough, max) = multiply(simd, sums, next);
        offset += offsets[t];
        if !(enough & (LOW..=HIGH).contains(&max)) {
            match given.settle(t, before, next) {
                Some(power) => offset += power,
                None => return t,
            }
        }
        offsets[t] = offset;
    }
    given.chain.steps
}

/// `y *= x`; whether all products are [`ENOUGH`], and their maximum, which passes over NaN.
#[inline(always)]
fn multiply<S: Simd>(simd: S, x: &[f64], y: &mut [f64]) -> (bool, f64) {
    let ((whole, rest), (to_whole, to_rest)) = (x.as_chunks::<LANES>(), y.as_chunks_mut::<LANES>());
    let mut maxima = Vector::splat(simd, 0.0);
    let mut lacking = maxima.lt(0.0);
    for (x, y) in whole.iter().zip(to_whole) {
        // SAFETY: arrays of eight.
        unsafe {
            let product = Vector::load(simd, x.as_ptr()) * Vector::load(simd, y.as_ptr());
            product.store(y.as_mut_ptr());
            lacking = lacking | !product.ge(ENOUGH);
            maxima = product.max(maxima);
        }
    }
    let (mut enough, mut max) = (!lacking.any(), 0.0);
    for (x, y) in rest.iter().zip(to_rest) {
        *y *= x;
        enough &= *y >= ENOUGH;
        max = if *y > max { *y } else { max };
    }
    (enough, maxima.to_array().iter().fold(max, |max, &x| if x > max { x } else { max }))
}
