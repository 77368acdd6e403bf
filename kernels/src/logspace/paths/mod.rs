//! The sum over all paths through a Markov chain, and the share of each move in it.
//!
//! A chain of few states is cut into eight stretches, which are worked off side by side: the product of the matrices of each
//! stretch first, and with these what arrives at both of its ends (S. Särkkä and Á. F. García-Fernández, "Temporal
//! parallelization of Bayesian smoothers", 2021). With more states, they fill the vectors, and the steps follow each other.
//! All is in linear space: each row of the emissions is scaled by its maximum, and what runs along the chain by a power of two
//! now and then.
//!
//! That is as exact as logarithms, though numbers may underflow. Write `d` for the smallest transition by the largest. What
//! follows a state, seen from any two states, differs by a factor of at most `1 / d`, whatever the emissions: so a state that
//! has less than `d 2^-200` of its row has less than `2^-200` of the paths. With `d` at least [`MIXING`] rescaling every
//! [`RUN`] moves leaves room for that. Other chains, and those with NaN or infinities, go by [`forward`](super::forward) and
//! its derivative.

mod adjoint;
mod lanes;
mod sum;
mod wide;

use super::adjoint::{forward_adjoint_on, forward_adjoint_room};
use super::chain::Chain;
use super::forward::{forward_on, forward_room};
use crate::isa::Isa;
use crate::simd::LANES;
use crate::softmax::{Softmax, logsumexp_on, softmax_on};

/// The smallest transition beside the largest with which a chain forgets fast enough.
const MIXING: f64 = 8.271806125530277e-25;

/// Moves between two scalings: `MIXING^RUN` is far from underflow.
const RUN: usize = 8;

/// The most states that are worked off in stretches.
const FEW: usize = 4;

/// What is kept begins with the sum and with whether it was made in linear space.
const HEADER: usize = LANES;

/// How the moves of a chain fall into eight stretches of equal length; the first few moves are left over.
#[derive(Clone, Copy)]
struct Cut {
    head: usize,
    len: usize,
}

impl Cut {
    fn of(chain: Chain) -> Cut {
        let moves = chain.steps - 1;
        Cut { head: moves % LANES, len: moves / LANES }
    }

    /// Numbers of the parts of what is kept: of the stretches the scaled emissions and transitions, the products of the matrices
    /// and what leads to their starts; of the first moves the scaled emissions, what leads to each state, and the scaled transitions,
    /// which are those of the stretches too if there is one matrix.
    fn sizes(self, chain: Chain) -> [usize; 7] {
        let (k, Cut { head, len }) = (chain.states, self);
        let (head_matrices, matrices) = if chain.matrices == 1 { (1, 0) } else { (head, len) };
        let stretches = [len * k, matrices * k * k, k * k, k].map(|count| count * LANES);
        let [emissions, transitions, products, starts] = stretches;
        [emissions, transitions, products, starts, (head + 1) * k, (head + 1) * k, head_matrices * k * k]
    }
}

/// Numbers that [`paths`] gives: the sum, and what [`paths_adjoint`] goes on from.
pub fn paths_len(chain: Chain) -> usize {
    let state: usize = match chain.states <= FEW {
        true => Cut::of(chain).sizes(chain).iter().sum(),
        false => wide::sizes(chain).iter().sum(),
    };
    HEADER + chain.table_len().max(state)
}

/// Numbers that [`paths`] scribbles on.
pub fn paths_room(chain: Chain) -> usize {
    forward_room(chain)
}

/// Numbers that [`paths_adjoint`] scribbles on.
pub fn paths_adjoint_room(chain: Chain) -> usize {
    let own = if chain.states <= FEW { adjoint::room(chain) } else { 2 * chain.states };
    own.max(chain.table_len() + forward_adjoint_room(chain))
}

/// The logarithm of the sum over all paths through a chain of `exp` of what lies on the path, `initial[x[0]] + sum_t
/// emissions[t, x[t]] + sum_t transitions[t, x[t - 1], x[t]]`: the likelihood of a hidden Markov model. It is the first number of
/// `kept`.
///
/// ```
/// use pyroxene_kernels::logspace::{Chain, paths, paths_len, paths_room};
/// let chain = Chain { steps: 2, states: 2, matrices: 1 };
/// let (mut kept, mut room) = (vec![0.0; paths_len(chain)], vec![0.0; paths_room(chain)]);
/// let transition = [0.25f64, 0.75, 0.5, 0.5].map(f64::ln);
/// let emissions = [0.5f64, 0.25, 0.5, 1.0].map(f64::ln);
/// paths(chain, &[0.0, 0.0], &transition, &emissions, &mut kept, &mut room);
/// let sum = 0.5 * (0.25 * 0.5 + 0.75 * 1.0) + 0.25 * (0.5 * 0.5 + 0.5 * 1.0);
/// assert!((kept[0] - f64::ln(sum)).abs() < 1e-15);
/// ```
///
/// # Panics
/// If the chain has no steps or no states, a slice does not fit it, or the room is too short.
#[track_caller]
pub fn paths(
    chain: Chain,
    initial: &[f64],
    transitions: &[f64],
    emissions: &[f64],
    kept: &mut [f64],
    room: &mut [f64],
) {
    paths_on(Isa::detect(), chain, initial, transitions, emissions, kept, room);
}

/// [`paths`] on a given instruction set.
///
/// # Panics
/// As [`paths`], and if the machine lacks the instruction set.
#[track_caller]
pub fn paths_on(
    isa: Isa,
    chain: Chain,
    initial: &[f64],
    transitions: &[f64],
    emissions: &[f64],
    kept: &mut [f64],
    room: &mut [f64],
) {
    chain.check("paths", &[emissions], &[transitions]);
    assert!(chain.table_len() > 0, "paths: {chain:?} has no paths");
    assert_eq!(initial.len(), chain.states, "paths: the first row is not of {chain:?}");
    assert_eq!(kept.len(), paths_len(chain), "paths: what is kept is not of {chain:?}");
    let (header, state) = kept.split_at_mut(HEADER);
    let given = Given { chain, initial, transitions, emissions };
    let sum = match chain.states {
        1 => isa.run(sum::Sum::<1> { given, state }),
        2 => isa.run(sum::Sum::<2> { given, state }),
        3 => isa.run(sum::Sum::<3> { given, state }),
        4 => isa.run(sum::Sum::<4> { given, state }),
        _ => isa.run(wide::Sum { given, state, room }),
    };
    header[1] = f64::from(u8::from(sum.is_some()));
    match sum {
        Some(sum) => header[0] = sum,
        None => {
            let s = &mut state[..chain.table_len()];
            forward_on(isa, chain, initial, transitions, emissions, s, room);
            let last = &s[chain.row(chain.steps - 1)];
            logsumexp_on(isa, last, [1, last.len(), 1], &mut header[..1]);
        }
    }
}

/// The numbers of a chain.
#[derive(Clone, Copy)]
struct Given<'a> {
    chain: Chain,
    initial: &'a [f64],
    transitions: &'a [f64],
    emissions: &'a [f64],
}

/// The derivatives of the result of [`paths`], from what it kept: by the emissions, which are the shares of the paths through
/// each state of each step (those of the first step are the derivatives by the first row, too), and by the transitions, which
/// are the shares of each move, summed over the steps if they share a matrix. Where there is no path at all they are zero.
///
/// Shares have a relative error of about 1e-15 times the number of steps times the largest argument, since exponentials lose as
/// many digits as their arguments have; those below 1e-30 may come out as zero.
///
/// # Panics
/// If a slice does not fit the chain, or the room is too short.
#[track_caller]
pub fn paths_adjoint(
    chain: Chain,
    kept: &[f64],
    transitions: &[f64],
    by_emissions: &mut [f64],
    by_transitions: &mut [f64],
    room: &mut [f64],
) {
    paths_adjoint_on(Isa::detect(), chain, kept, transitions, by_emissions, by_transitions, room);
}

/// [`paths_adjoint`] on a given instruction set.
///
/// # Panics
/// As [`paths_adjoint`], and if the machine lacks the instruction set.
#[track_caller]
pub fn paths_adjoint_on(
    isa: Isa,
    chain: Chain,
    kept: &[f64],
    transitions: &[f64],
    by_emissions: &mut [f64],
    by_transitions: &mut [f64],
    room: &mut [f64],
) {
    chain.check("paths_adjoint", &[by_emissions], &[transitions, by_transitions]);
    assert_eq!(kept.len(), paths_len(chain), "paths_adjoint: what is kept is not of {chain:?}");
    let (header, state) = kept.split_at(HEADER);
    if header[1] == 0.0 {
        let s = &state[..chain.table_len()];
        let (by_s, room) = room.split_at_mut(s.len());
        let last = chain.row(chain.steps - 1);
        by_s.fill(0.0);
        softmax_on(isa, Softmax::Weights, &s[last.clone()], [1, chain.states, 1], &mut by_s[last]);
        forward_adjoint_on(isa, chain, s, transitions, by_s, by_emissions, by_transitions, room);
        return;
    }
    match chain.states {
        1 => isa.run(adjoint::Adjoint::<1> { chain, state, by_emissions, by_transitions, room }),
        2 => isa.run(adjoint::Adjoint::<2> { chain, state, by_emissions, by_transitions, room }),
        3 => isa.run(adjoint::Adjoint::<3> { chain, state, by_emissions, by_transitions, room }),
        4 => isa.run(adjoint::Adjoint::<4> { chain, state, by_emissions, by_transitions, room }),
        _ => isa.run(wide::Adjoint { chain, state, by_emissions, by_transitions, room }),
    }
}

/// Slices of these lengths, one after the other.
fn split<const N: usize>(mut x: &[f64], sizes: [usize; N]) -> [&[f64]; N] {
    sizes.map(|size| x.split_off(..size).expect("what is kept is long enough"))
}

/// Slices of these lengths, one after the other.
fn split_mut<const N: usize>(mut x: &mut [f64], sizes: [usize; N]) -> [&mut [f64]; N] {
    sizes.map(|size| x.split_off_mut(..size).expect("what is kept is long enough"))
}
