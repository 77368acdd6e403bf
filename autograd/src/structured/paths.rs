//! The sum over all paths through a Markov chain: the likelihood of a hidden Markov model.

use super::batch::{Batch, nth};
use super::forward::{Arguments, arguments, chain, unpack};
use super::{Array, Batching, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::Var;
use crate::grad::grad;
use crate::shape;
use pyroxene_kernels::logspace::{Chain, paths, paths_adjoint, paths_adjoint_room, paths_len, paths_room};
use pyroxene_tensor::DType;
use smallvec::smallvec;

/// The sum of each chain, and behind it what its derivative goes on from, from the first rows, the transitions and the
/// emissions, which have the same leading axes.
#[derive(Debug, PartialEq)]
struct Paths;

impl Paths {
    fn batch(chain: Chain) -> Batch {
        Batch { each: paths_len(chain), work: chain.work(), floats: paths_room(chain), indices: 0 }
    }
}

impl Primitive for Paths {
    fn name(&self) -> &'static str {
        "logsumexp_paths"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        Paths::batch(chain(inputs[1], inputs[2])).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let arguments = Arguments::of(inputs);
        Paths::batch(arguments.chain).run(output, room, |k, kept, scratch| {
            let [initial, transitions, emissions] = arguments.nth(k);
            paths(arguments.chain, initial, transitions, emissions, kept, scratch.floats);
            Ok(())
        });
    }

    fn vjp(&self, x: &[Var], kept: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let [initial, transitions, emissions] = *x else { unreachable!("three arguments") };
        let (shape, mut packed) = (transitions.shape(), emissions.shape());
        let Chain { steps, states, matrices } = chain(&shape, &packed);
        let axis = packed.len() - 2;
        packed[axis] += matrices * states;
        let shares = apply(Shares, &[kept, initial, transitions, emissions], packed, DType::F64).cast(gy.dtype());
        let (by_emissions, by_transitions) = unpack(shares, steps, shape);
        let gy = gy.select(-1, 0).unsqueeze(-1);
        smallvec![
            wanted[0].then(|| gy * by_emissions.select(-2, 0)),
            wanted[1].then(|| gy.unsqueeze(-1).unsqueeze(-1) * by_transitions),
            wanted[2].then(|| gy.unsqueeze(-1) * by_emissions),
        ]
    }
}

/// The derivatives of the sum by the emissions, and in the rows below by the transitions. They are functions of the arguments
/// of the sum; that it has been computed saves most of the work.
#[derive(Debug, PartialEq)]
struct Shares;

impl Shares {
    fn batch(chain: Chain) -> Batch {
        let each = chain.table_len() + chain.transitions_len();
        Batch { each, work: chain.work(), floats: paths_adjoint_room(chain), indices: 0 }
    }
}

impl Primitive for Shares {
    fn name(&self) -> &'static str {
        "logsumexp_paths shares"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        Shares::batch(chain(inputs[2], inputs[3])).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let arguments = Arguments::of(&inputs[1..]);
        let chain = arguments.chain;
        Shares::batch(chain).run(output, room, |k, out, scratch| {
            let (by_emissions, by_transitions) = out.split_at_mut(chain.table_len());
            let ([_, transitions, _], kept) = (arguments.nth(k), nth(inputs[0].data, k, paths_len(chain)));
            paths_adjoint(chain, kept, transitions, by_emissions, by_transitions, scratch.floats);
            Ok(())
        });
    }

    /// By way of the table of the forward algorithm, which has derivatives of all orders.
    fn vjp(&self, x: &[Var], _y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let [_, initial, transitions, emissions] = *x else { unreachable!("the sum and its arguments") };
        // The arguments are independent here, as the inputs need not be.
        let own = [initial, transitions, emissions].map(|x| x.unsqueeze(0));
        let sum = Var::log_forward(own[0], own[1], own[2]).select(-2, -1).logsumexp(&[-1], false).sum();
        let shares = grad(sum, &own[1..]);
        let steps = chain(&transitions.shape(), &emissions.shape()).steps;
        let (c, by_transitions) = unpack(gy, steps, transitions.shape());
        let weighted = (shares[0] * by_transitions).sum() + (shares[1] * c).sum();
        let second = grad(weighted, &own);
        let by = |k: usize| wanted[k + 1].then(|| second[k].reshape_to(x[k + 1].shape()));
        smallvec![None, by(0), by(1), by(2)]
    }
}

impl Var {
    /// The logarithm of the sum over all paths through a Markov chain of the exponential of what lies on a path,
    /// `initial[x[0]] + sum_t emissions[t, x[t]] + sum_t transitions[t - 1, x[t - 1], x[t]]`: the log likelihood of a hidden
    /// Markov model (L. Rabiner, "A tutorial on hidden Markov models and selected applications in speech recognition", 1989,
    /// problem 1), or the logarithm of the normalising constant of a conditional random field.
    ///
    /// `initial` is `[states]`, `emissions` `[steps, states]`, and `transitions` `[states, states]` for all steps or
    /// `[steps - 1, states, states]`. Axes before these are chains of their own and broadcast; they are those of the result. A
    /// matrix for all steps of each chain is `[.., 1, states, states]`.
    ///
    /// The derivatives are the shares of the paths: the derivative by the emissions holds the probability of each state of each
    /// step given all that was seen, that by the transitions those of each move.
    ///
    /// Chains whose transitions differ by factors of at most 1e24 are worked off in linear space, those of up to four states in
    /// eight stretches side by side; others as by [`log_forward`](Var::log_forward). Either way numbers may lie as far apart as
    /// they like: the sum and the shares have a relative error of about 1e-15 times the number of steps times the largest
    /// argument, and only shares below 1e-30 may come out as zero. Where there are no paths the sum is -inf and the derivatives
    /// are zero.
    ///
    /// ```
    /// use pyroxene_autograd::{Var, grad};
    /// // Two coins, one fair and one with heads only; the other one is taken with probability 0.1. Seen: heads, heads, tails.
    /// let initial = Var::from([0.5, 0.5]).ln();
    /// let transition = Var::from([[0.9, 0.1], [0.1, 0.9]]).ln();
    /// let emissions = Var::from([[0.5, 1.0], [0.5, 1.0], [0.5, 0.0]]).ln();
    /// let likelihood = Var::logsumexp_paths(initial, transition, emissions);
    /// assert!((likelihood.item().exp() - 0.085625).abs() < 1e-15);
    /// // The probability that the coin was the fair one, given all that was seen.
    /// let fair = grad(likelihood, &[emissions])[0].select(1, 0).to_tensor();
    /// assert!(fair.allclose([0.60583942, 0.72262774, 1.0], 1e-8, 0.0), "{fair}");
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, or there are no steps or no states.
    #[track_caller]
    #[must_use]
    pub fn logsumexp_paths(initial: impl Into<Var>, transitions: impl Into<Var>, emissions: impl Into<Var>) -> Var {
        let given = [initial.into(), transitions.into(), emissions.into()];
        let (inputs, mut shape, dtype) = arguments("logsumexp_paths", given);
        let chain = chain(&inputs[1].shape(), &shape);
        if chain.table_len() == 0 {
            shape::fail(format_args!("logsumexp_paths: there are no paths through {:?}", shape.as_slice()));
        }
        shape.truncate(shape.len() - 2);
        shape.push(paths_len(chain));
        apply(Paths, &inputs, shape, DType::F64).select(-1, 0).cast(dtype)
    }
}
