//! The share of each state and of each move: forwards and backwards in each stretch, from what arrives at its ends.

use super::lanes::{Eight, Moves, Own, Shared, from_lanes, get, put, row_times_lanes, scale, scale_numbers};
use super::{Cut, RUN, split};
use crate::isa::Kernel;
use crate::logspace::chain::Chain;
use crate::simd::{LANES, Simd, Vector};

/// Numbers that the kernel scribbles on.
pub(super) fn room(chain: Chain) -> usize {
    let (Cut { len, .. }, k) = (Cut::of(chain), chain.states);
    let shares = if chain.matrices == 1 { 0 } else { len * k * k };
    LANES * ((len + 1) * k + len / RUN + shares)
}

/// See [`paths_adjoint`](super::paths_adjoint).
pub(super) struct Adjoint<'a, const K: usize> {
    pub(super) chain: Chain,
    pub(super) state: &'a [f64],
    pub(super) by_emissions: &'a mut [f64],
    pub(super) by_transitions: &'a mut [f64],
    pub(super) room: &'a mut [f64],
}

impl<const K: usize> Kernel for Adjoint<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Adjoint { chain, state, by_emissions, by_transitions, room } = self;
        let cut @ Cut { head, len } = Cut::of(chain);
        let [emissions, transitions, products, starts, head_emissions, head_rows, w] = split(state, cut.sizes(chain));
        let is_shared = chain.matrices == 1;
        let w = w.as_chunks::<K>().0;
        let (by_head, by_rest) = by_emissions.split_at_mut((head + 1) * K);
        let (by_head_transitions, by_rest_transitions) =
            by_transitions.split_at_mut(if is_shared { K * K } else { head * K * K });

        let mut shares = [[0.0; K]; K];
        let mut after = [1.0; K];
        if len > 0 {
            let products = products.as_chunks::<LANES>().0.as_chunks::<K>().0;
            let mut ends = [[0.0; LANES]; K];
            for lane in (0..LANES).rev() {
                (0..K).for_each(|j| ends[j][lane] = after[j]);
                after = std::array::from_fn(|i| dot(&std::array::from_fn(|j| products[i][j][lane]), &after));
            }
            let (factor, _) = scale_numbers(&after);
            after = after.map(|x| x * factor);

            let starts: [Eight; K] = std::array::from_fn(|j| starts.as_chunks::<LANES>().0[j]);
            let emissions = emissions.as_chunks::<LANES>().0.as_chunks::<K>().0;
            let (rows, room) = room.split_at_mut((len + 1) * K * LANES);
            let (scales, room) = room.split_at_mut(len / RUN * LANES);
            let (rows, scales) = (rows.as_chunks_mut::<LANES>().0, scales.as_chunks_mut::<LANES>().0);
            let stretches = Stretches { simd, emissions, rows: rows.as_chunks_mut::<K>().0, scales };
            if is_shared {
                let mut moves = Shared::new(simd, w);
                stretches.run(&starts, &ends, &mut moves);
                for (share, sum) in shares.as_flattened_mut().iter_mut().zip(moves.sums.as_flattened()) {
                    *share = sum.to_array().iter().sum();
                }
            } else {
                let w = transitions.as_chunks::<LANES>().0.as_chunks::<K>().0.as_chunks::<K>().0;
                let room = room[..len * K * K * LANES].as_chunks_mut::<LANES>().0;
                let shares = room.as_chunks_mut::<K>().0.as_chunks_mut::<K>().0;
                stretches.run(&starts, &ends, &mut Own { simd, w, shares });
                from_lanes(simd, room, by_rest_transitions);
            }
            from_lanes(simd, &rows[K..], by_rest);
        }

        let (head_emissions, head_rows) = (head_emissions.as_chunks::<K>().0, head_rows.as_chunks::<K>().0);
        let by_head = by_head.as_chunks_mut::<K>().0;
        let by_matrices = by_head_transitions.as_chunks_mut::<K>().0;
        let inverse = 1.0 / dot(&head_rows[head], &after);
        after = after.map(|x| x * inverse);
        for t in (1..=head).rev() {
            let w = if is_shared { w } else { &w[(t - 1) * K..] };
            by_head[t] = std::array::from_fn(|j| head_rows[t][j] * after[j]);
            let arriving: [f64; K] = std::array::from_fn(|j| head_emissions[t][j] * after[j]);
            let before = &head_rows[t - 1];
            for i in 0..K {
                if is_shared {
                    (0..K).for_each(|j| shares[i][j] = before[i].mul_add(arriving[j], shares[i][j]));
                } else {
                    by_matrices[(t - 1) * K + i] = std::array::from_fn(|j| before[i] * w[i][j] * arriving[j]);
                }
            }
            after = std::array::from_fn(|i| dot(&w[i], &arriving));
        }
        by_head[0] = std::array::from_fn(|j| head_rows[0][j] * after[j]);
        if is_shared {
            for (i, by) in by_matrices.iter_mut().enumerate() {
                *by = std::array::from_fn(|j| w[i][j] * shares[i][j]);
            }
        }
    }
}

/// What the walks along the stretches work on.
struct Stretches<'a, S: Simd, const K: usize> {
    simd: S,
    emissions: &'a [[Eight; K]],
    /// What leads to each state, before each move and after the last one; in the end the shares of the states.
    rows: &'a mut [[Eight; K]],
    /// By what a row was scaled after [`RUN`] moves.
    scales: &'a mut [Eight],
}

impl<S: Simd, const K: usize> Stretches<'_, S, K> {
    /// Forwards from the starts, then backwards from the ends. What leads to the states is scaled on the way forwards, and what follows on the way backwards by the same numbers, so
    /// the sum of their products is one at every step.
    #[inline(always)]
    fn run(self, starts: &[Eight; K], ends: &[Eight; K], moves: &mut impl Moves<S, K>) {
        let Stretches { simd, emissions, rows, scales } = self;
        let mut row = scaled(simd, starts);
        store(&row, &mut rows[0]);
        for (s, x) in emissions.iter().enumerate() {
            row = row_times_lanes(simd, &row, &moves.at(s), x);
            if s % RUN == RUN - 1 {
                let (factor, _) = scale(simd, &row);
                multiply(&mut row, factor);
                put(factor, &mut scales[s / RUN]);
            }
            store(&row, &mut rows[s + 1]);
        }
        let mut after = scaled(simd, ends);
        let mut total = row[0] * after[0];
        for j in 1..K {
            total = row[j].fma(after[j], total);
        }
        multiply(&mut after, Vector::splat(simd, 1.0) / total);
        for (s, x) in emissions.iter().enumerate().rev() {
            let w = moves.at(s);
            for j in 0..K {
                put(get(simd, &rows[s + 1][j]) * after[j], &mut rows[s + 1][j]);
            }
            if s % RUN == RUN - 1 {
                multiply(&mut after, get(simd, &scales[s / RUN]));
            }
            for j in 0..K {
                after[j] = after[j] * get(simd, &x[j]);
            }
            let arriving = after;
            for i in 0..K {
                let before = get(simd, &rows[s][i]);
                let mut sum = w[i][0] * arriving[0];
                moves.share(s, i, 0, before, arriving[0]);
                for j in 1..K {
                    sum = w[i][j].fma(arriving[j], sum);
                    moves.share(s, i, j, before, arriving[j]);
                }
                after[i] = sum;
            }
        }
    }
}

#[inline(always)]
fn multiply<S: Simd, const K: usize>(row: &mut [Vector<S>; K], factor: Vector<S>) {
    for x in row {
        *x = *x * factor;
    }
}

#[inline(always)]
fn store<S: Simd, const K: usize>(row: &[Vector<S>; K], to: &mut [Eight; K]) {
    for (x, to) in row.iter().zip(to) {
        put(*x, to);
    }
}

/// Brought near one.
#[inline(always)]
fn scaled<S: Simd, const K: usize>(simd: S, x: &[Eight; K]) -> [Vector<S>; K] {
    let mut row = [Vector::splat(simd, 0.0); K];
    for (row, x) in row.iter_mut().zip(x) {
        *row = get(simd, x);
    }
    let (factor, _) = scale(simd, &row);
    multiply(&mut row, factor);
    row
}

/// `sum_i a[i] b[i]`
#[inline(always)]
fn dot<const K: usize>(a: &[f64; K], b: &[f64; K]) -> f64 {
    (1..K).fold(a[0] * b[0], |sum, i| a[i].mul_add(b[i], sum))
}
