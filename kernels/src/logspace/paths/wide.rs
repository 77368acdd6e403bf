//! Chains of many states, step after step, with the states in vectors.

use super::lanes::scale_numbers;
use super::{Given, MIXING, RUN, split, split_mut};
use crate::isa::Kernel;
use crate::logspace::chain::{Chain, exp_rows, row_times_matrix};
use crate::math::log::ln;
use crate::reduce::{Reduce, fold};
use crate::simd::{LANES, Simd, Vector};
use std::f64::consts::LN_2;

/// Numbers of the parts of what is kept: `exp(emissions - shift)`, what leads to each state, `exp(transitions - shift)`, and by
/// what a row was scaled after each [`RUN`] moves.
pub(super) fn sizes(chain: Chain) -> [usize; 4] {
    [chain.table_len(), chain.table_len(), chain.transitions_len(), (chain.steps - 1) / RUN]
}

/// The sum over all paths of a chain, unless some of it needs logarithms.
pub(super) struct Sum<'a> {
    pub(super) given: Given<'a>,
    pub(super) state: &'a mut [f64],
    pub(super) room: &'a mut [f64],
}

impl Kernel for Sum<'_> {
    type Output = Option<f64>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Option<f64> {
        let Given { chain, initial, transitions, emissions } = self.given;
        let k = chain.states;
        let [scaled, rows, w, scales] = split_mut(self.state, sizes(chain));
        let (shifts, room) = self.room.split_at_mut(chain.steps);
        let (matrix_shifts, room) = room.split_at_mut(chain.matrices);
        exp_rows(simd, transitions, k * k, matrix_shifts, w);
        if least(simd, w) < MIXING {
            return None;
        }
        let first = &mut room[..k];
        first.iter_mut().zip(initial).zip(emissions).for_each(|((x, initial), emission)| *x = initial + emission);
        exp_rows(simd, first, k, &mut shifts[..1], &mut scaled[..k]);
        exp_rows(simd, &emissions[k..], k, &mut shifts[1..], &mut scaled[k..]);
        let moved = if chain.matrices == 1 {
            matrix_shifts[0] * (chain.steps - 1) as f64
        } else {
            matrix_shifts.iter().sum::<f64>()
        };

        rows[..k].copy_from_slice(&scaled[..k]);
        let mut exponent = 0.0;
        for t in 1..chain.steps {
            let (before, row) = rows.split_at_mut(t * k);
            let (before, row) = (&before[(t - 1) * k..], &mut row[..k]);
            row_times_matrix(simd, before, &w[chain.transition(t)], row);
            row.iter_mut().zip(&scaled[chain.row(t)]).for_each(|(x, emission)| *x *= emission);
            if t % RUN == 0 {
                let (factor, power) = scale_numbers(row);
                row.iter_mut().for_each(|x| *x *= factor);
                scales[t / RUN - 1] = factor;
                exponent += power;
            }
        }
        let sum = ln(Vector::splat(simd, rows[chain.row(chain.steps - 1)].iter().sum())).to_array()[0];
        let sum = sum + exponent * LN_2 + (moved + shifts.iter().sum::<f64>());
        sum.is_finite().then_some(sum)
    }
}

/// The smallest number, which passes over NaN.
#[inline(always)]
fn least<S: Simd>(simd: S, x: &[f64]) -> f64 {
    let (whole, rest) = x.as_chunks::<LANES>();
    let mut least = Vector::splat(simd, 1.0);
    for x in whole {
        // SAFETY: an array of eight.
        least = unsafe { Vector::load(simd, x.as_ptr()) }.min(least);
    }
    let smaller = |least: f64, &x: &f64| if x < least { x } else { least };
    rest.iter().fold(least.to_array().iter().fold(1.0, smaller), smaller)
}

/// See [`paths_adjoint`](super::paths_adjoint).
pub(super) struct Adjoint<'a> {
    pub(super) chain: Chain,
    pub(super) state: &'a [f64],
    pub(super) by_emissions: &'a mut [f64],
    pub(super) by_transitions: &'a mut [f64],
    pub(super) room: &'a mut [f64],
}

impl Kernel for Adjoint<'_> {
    type Output = ();

    /// What follows a state is scaled by the same numbers as what leads to it, so the sum of their products is one at every
    /// step.
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Adjoint { chain, state, by_emissions, by_transitions, room } = self;
        let k = chain.states;
        let [scaled, rows, w, scales] = split(state, sizes(chain));
        let (after, room) = room.split_at_mut(k);
        let arriving = &mut room[..k];
        after.fill(1.0 / rows[chain.row(chain.steps - 1)].iter().sum::<f64>());
        by_transitions.fill(0.0);
        for t in (1..chain.steps).rev() {
            let shares = by_emissions[chain.row(t)].iter_mut().zip(&rows[chain.row(t)]).zip(&*after);
            shares.for_each(|((share, before), after)| *share = before * after);
            let scale = if t % RUN == 0 { scales[t / RUN - 1] } else { 1.0 };
            let arrive = arriving.iter_mut().zip(&scaled[chain.row(t)]).zip(&*after);
            arrive.for_each(|((arriving, emission), after)| *arriving = emission * (after * scale));
            let (w, by) = (&w[chain.transition(t)], &mut by_transitions[chain.transition(t)]);
            let before = &rows[chain.row(t - 1)];
            for (((after, before), w), by) in
                after.iter_mut().zip(before).zip(w.chunks_exact(k)).zip(by.chunks_exact_mut(k))
            {
                *after = dot_and_add(simd, w, arriving, *before, by);
            }
        }
        let shares = by_emissions[..k].iter_mut().zip(&rows[..k]).zip(&*after);
        shares.for_each(|((share, before), after)| *share = before * after);
        by_transitions.iter_mut().zip(w).for_each(|(share, w)| *share *= w);
    }
}

/// The sum of `a b`; `y += c b`.
#[inline(always)]
fn dot_and_add<S: Simd>(simd: S, a: &[f64], b: &[f64], c: f64, y: &mut [f64]) -> f64 {
    let ((a, a_rest), (b, b_rest), (y, y_rest)) =
        (a.as_chunks::<LANES>(), b.as_chunks::<LANES>(), y.as_chunks_mut::<LANES>());
    let mut sums = [Vector::splat(simd, 0.0); 4];
    for (n, ((a, b), y)) in a.iter().zip(b).zip(y).enumerate() {
        // SAFETY: arrays of eight.
        unsafe {
            let (a, b) = (Vector::load(simd, a.as_ptr()), Vector::load(simd, b.as_ptr()));
            b.fma(c, Vector::load(simd, y.as_ptr())).store(y.as_mut_ptr());
            sums[n % 4] = a.fma(b, sums[n % 4]);
        }
    }
    let mut sum = 0.0;
    for ((a, b), y) in a_rest.iter().zip(b_rest).zip(y_rest) {
        *y = b.mul_add(c, *y);
        sum = a.mul_add(*b, sum);
    }
    sum + fold(Reduce::Sum, sums)
}
