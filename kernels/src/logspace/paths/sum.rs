//! The sum over all paths: the product of the matrices of each stretch, and then from stretch to stretch.

use super::lanes::{Eight, Moves, Own, Shared, exp_groups, get, put, row_times_lanes, scale, scale_numbers, to_lanes};
use super::{Cut, Given, MIXING, RUN, split_mut};
use crate::isa::Kernel;
use crate::logspace::chain::{exp_rows, row_times_small};
use crate::math::log::ln;
use crate::simd::{LANES, Simd, Vector};
use std::f64::consts::LN_2;

/// The sum over all paths of a chain, unless some of it needs logarithms.
pub(super) struct Sum<'a, const K: usize> {
    pub(super) given: Given<'a>,
    pub(super) state: &'a mut [f64],
}

impl<const K: usize> Kernel for Sum<'_, K> {
    type Output = Option<f64>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Option<f64> {
        let Given { chain, initial, transitions, emissions } = self.given;
        let Cut { head, len } = Cut::of(chain);
        let [rest_emissions, rest_transitions, products, starts, head_emissions, rows, w] =
            split_mut(self.state, Cut { head, len }.sizes(chain));
        let (first, later) = emissions.split_at((head + 1) * K);

        let mut shifts = [0.0; LANES];
        let mut x = [[0.0; K]; LANES];
        let x = &mut x.as_flattened_mut()[..first.len()];
        x.copy_from_slice(first);
        x.iter_mut().zip(initial).for_each(|(x, initial)| *x += initial);
        exp_rows(simd, x, K, &mut shifts[..=head], head_emissions);
        let mut shift: f64 = shifts[..=head].iter().sum();
        let rest_emissions = rest_emissions.as_chunks_mut::<LANES>().0;
        to_lanes(simd, later, rest_emissions);
        let (mut rest_shifts, _) = exp_groups(simd, rest_emissions, K);

        let matrices = w.len() / (K * K);
        exp_rows(simd, &transitions[..w.len()], K * K, &mut shifts[..matrices], w);
        let mut least = w.iter().fold(1.0, |least, &w| if w < least { w } else { least });
        let rest_transitions = rest_transitions.as_chunks_mut::<LANES>().0;
        if chain.matrices == 1 {
            shift += shifts[0] * (chain.steps - 1) as f64;
        } else {
            shift += shifts[..matrices].iter().sum::<f64>();
            to_lanes(simd, &transitions[w.len()..], rest_transitions);
            let (shifts, smallest) = exp_groups(simd, rest_transitions, K * K);
            rest_shifts = rest_shifts + shifts;
            least = smallest.to_array().iter().fold(least, |least, &w| if w < least { w } else { least });
        }
        if least < MIXING {
            return None;
        }

        let (head_emissions, rows) = (head_emissions.as_chunks::<K>().0, rows.as_chunks_mut::<K>().0);
        let w = w.as_chunks::<K>().0;
        rows[0] = head_emissions[0];
        for t in 1..=head {
            rows[t] = row_times_small(&rows[t - 1], if chain.matrices == 1 { w } else { &w[(t - 1) * K..] });
            (0..K).for_each(|j| rows[t][j] *= head_emissions[t][j]);
        }
        let (factor, mut exponent) = scale_numbers(&rows[head]);
        let mut row = rows[head].map(|x| x * factor);
        if len > 0 {
            let rest_emissions = rest_emissions.as_chunks::<K>().0;
            let products = products.as_chunks_mut::<LANES>().0.as_chunks_mut::<K>().0;
            exponent += if chain.matrices == 1 {
                multiply(simd, &Shared::new(simd, w), rest_emissions, products)
            } else {
                let w = rest_transitions.as_chunks::<K>().0.as_chunks::<K>().0;
                multiply(simd, &Own { simd, w, shares: &mut [] }, rest_emissions, products)
            };
            let starts = starts.as_chunks_mut::<LANES>().0;
            for lane in 0..LANES {
                (0..K).for_each(|j| starts[j][lane] = row[j]);
                let mut next = [0.0; K];
                for i in 0..K {
                    (0..K).for_each(|j| next[j] = row[i].mul_add(products[i][j][lane], next[j]));
                }
                row = next;
            }
        }
        let sum = ln(Vector::splat(simd, row.iter().sum())).to_array()[0];
        let sum = sum + exponent * LN_2 + (shift + rest_shifts.to_array().iter().sum::<f64>());
        sum.is_finite().then_some(sum)
    }
}

/// The products of the transitions and emissions of all moves of each stretch, without powers of two; the sum of their exponents.
#[inline(always)]
fn multiply<S: Simd, const K: usize>(
    simd: S,
    moves: &impl Moves<S, K>,
    emissions: &[[Eight; K]],
    products: &mut [[Eight; K]],
) -> f64 {
    let mut product = moves.at(0);
    for i in 0..K {
        for j in 0..K {
            product[i][j] = product[i][j] * get(simd, &emissions[0][j]);
        }
    }
    let mut exponents = simd.splat_bits(0);
    let mut scalings = 0;
    for (s, x) in emissions.iter().enumerate().skip(1) {
        let w = moves.at(s);
        for i in 0..K {
            product[i] = row_times_lanes(simd, &product[i], &w, x);
        }
        if s % RUN == RUN - 1 || s == emissions.len() - 1 {
            let (factor, power) = scale(simd, product.as_flattened());
            for x in product.as_flattened_mut() {
                *x = *x * factor;
            }
            exponents = simd.add_bits(exponents, simd.shr_bits::<52>(power));
            scalings += 1;
        }
    }
    for (x, to) in product.as_flattened().iter().zip(products.as_flattened_mut()) {
        put(*x, to);
    }
    let exponents = Vector::from_bits(simd, exponents).to_array().map(f64::to_bits);
    exponents.iter().map(|&exponent| exponent as f64 - 1023.0 * f64::from(scalings)).sum()
}
