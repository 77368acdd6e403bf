//! The forward algorithm of hidden Markov models.

use super::batch::{Batch, nth};
use super::scan::scan;
use super::softmax::weights;
use super::{Array, Batching, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::Var;
use crate::shape;
use pyroxene_kernels::logspace::{Chain, forward, forward_adjoint, forward_adjoint_room, forward_room};
use pyroxene_tensor::{DType, Shape, Tensor};
use smallvec::smallvec;

/// The sizes of each chain, from transitions `[.., matrices, states, states]` and a table `[.., steps, states]`.
pub(super) fn chain(transitions: &[usize], table: &[usize]) -> Chain {
    let ([.., matrices, _, _], [.., steps, states]) = (transitions, table) else {
        unreachable!("matrices and a table")
    };
    Chain { steps: *steps, states: *states, matrices: *matrices }
}

/// The arguments of an operation on chains, all with the leading axes of all, the shape of a table, and the type of the result.
#[track_caller]
pub(super) fn arguments(op: &str, [initial, transitions, emissions]: [Var; 3]) -> ([Var; 3], Shape, DType) {
    let (shape, chain) = shape::chain(op, &initial.shape(), &transitions.shape(), &emissions.shape());
    let whole = |x: Var, own: &[usize]| -> Var {
        let full: Shape = shape[..shape.len() - 2].iter().chain(own).copied().collect();
        x.expand(&full)
    };
    let Chain { steps, states, matrices } = chain;
    let transitions = if transitions.ndim() == 2 { transitions.unsqueeze(0) } else { transitions };
    let dtype = initial.dtype().promote(transitions.dtype()).promote(emissions.dtype()).to_float();
    let inputs = [
        whole(initial, &[states]),
        whole(transitions, &[matrices, states, states]),
        whole(emissions, &[steps, states]),
    ];
    (inputs, shape, dtype)
}

/// The three arguments of an operation on chains as it runs.
pub(super) struct Arguments<'a> {
    pub(super) chain: Chain,
    inputs: [Array<'a>; 3],
}

impl<'a> Arguments<'a> {
    pub(super) fn of(inputs: &[Array<'a>]) -> Arguments<'a> {
        let [initial, transitions, emissions] = *inputs else { unreachable!("three arguments") };
        Arguments { chain: chain(transitions.shape, emissions.shape), inputs: [initial, transitions, emissions] }
    }

    /// The first row, the transitions and the emissions of a chain.
    pub(super) fn nth(&self, k: usize) -> [&'a [f64]; 3] {
        let Arguments { chain, inputs: [initial, transitions, emissions] } = self;
        [
            nth(initial.data, k, chain.states),
            nth(transitions.data, k, chain.transitions_len()),
            nth(emissions.data, k, chain.table_len()),
        ]
    }
}

/// Table `[.., steps, states]` from the first rows, the transitions and the emissions, which have the same leading axes.
#[derive(Debug, PartialEq)]
struct Forward;

impl Forward {
    fn batch(chain: Chain) -> Batch {
        Batch { each: chain.table_len(), work: chain.work(), floats: forward_room(chain), indices: 0 }
    }
}

impl Primitive for Forward {
    fn name(&self) -> &'static str {
        "log_forward"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        Forward::batch(chain(inputs[1], inputs[2])).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let arguments = Arguments::of(inputs);
        Forward::batch(arguments.chain).run(output, room, |k, s, scratch| {
            let [initial, transitions, emissions] = arguments.nth(k);
            forward(arguments.chain, initial, transitions, emissions, s, scratch.floats);
            Ok(())
        });
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        Tensor::log_forward(inputs[0], inputs[1], inputs[2])
    }

    fn vjp(&self, x: &[Var], y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let (transitions, shape) = (x[1], x[1].shape());
        let Chain { steps, states, matrices } = chain(&shape, &y.shape());
        let mut packed = y.shape();
        let axis = packed.len() - 2;
        packed[axis] += matrices * states;
        let packed = apply(Adjoint, &[y, transitions, gy], packed, gy.dtype());
        let (r, by_transitions) = unpack(packed, steps, shape);
        smallvec![
            (wanted[0] && steps > 0).then(|| r.select(-2, 0)),
            wanted[1].then_some(by_transitions),
            wanted[2].then_some(r),
        ]
    }
}

/// The derivative by the emissions, `[.., steps, states]`, and that by the transitions, of this shape.
pub(super) fn unpack(packed: Var, steps: usize, transitions: Shape) -> (Var, Var) {
    let steps = steps as isize;
    (packed.slice(-2, ..steps), packed.slice(-2, steps..).reshape_to(transitions))
}

/// From the table, the transitions and the derivative by the table: the derivative by the emissions, and in the rows below it
/// that by the transitions.
#[derive(Debug, PartialEq)]
struct Adjoint;

impl Adjoint {
    fn batch(chain: Chain) -> Batch {
        let each = chain.table_len() + chain.transitions_len();
        Batch { each, work: 2 * chain.work(), floats: forward_adjoint_room(chain), indices: 0 }
    }
}

impl Primitive for Adjoint {
    fn name(&self) -> &'static str {
        "log_forward adjoint"
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        Adjoint::batch(chain(inputs[1], inputs[0])).room(output)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [s, transitions, by_s] = *inputs else { unreachable!("three arguments") };
        let chain = chain(transitions.shape, s.shape);
        let (table, matrices) = (chain.table_len(), chain.transitions_len());
        Adjoint::batch(chain).run(output, room, |k, out, scratch| {
            let (r, by_transitions) = out.split_at_mut(table);
            let (s, by_s) = (nth(s.data, k, table), nth(by_s.data, k, table));
            forward_adjoint(chain, s, nth(transitions.data, k, matrices), by_s, r, by_transitions, scratch.floats);
            Ok(())
        });
    }

    /// With the parts w[t, i, j], which are a softmax over i of s[t - 1, i] + transitions[t, i, j], the result r is linear in
    /// by_s, and so are the derivatives w r by the transitions. Let c arrive at r and C at w r. What arrives at by_s runs the
    /// chain forwards, u[t, j] = c[t, j] + sum_i (u[t - 1, i] + C[t, i, j]) w[t, i, j]; and (u[t - 1, i] + C[t, i, j]) r[t, j]
    /// arrives at w.
    fn vjp(&self, x: &[Var], y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let [s, transitions, _] = *x else { unreachable!("three arguments") };
        let (shape, table) = (transitions.shape(), s.shape());
        let Chain { steps, states, .. } = chain(&shape, &table);
        let (r, _) = unpack(y, steps, shape.clone());
        let (c, by_transitions) = unpack(gy, steps, shape.clone());
        if steps < 2 {
            return smallvec![None, None, Some(c)];
        }
        let terms = s.slice(-2, ..-1).unsqueeze(-1) + transitions;
        let parts = weights(terms, terms.ndim() - 2);
        let arriving = c.slice(-2, 1..) + (by_transitions * parts).sum_axes(&[-2], false);
        let step = |x: Var| x.movedim(s.ndim() as isize - 2, 0);
        let first = c.select(-2, 0);
        let (_, [later]) = scan(steps - 1, [first], [step(arriving), step(parts)], |[u], [arriving, parts]| {
            let u = arriving + (u.unsqueeze(-1) * parts).sum_axes(&[-2], false);
            ([u], [u])
        });
        let u = Var::concat(&[first.unsqueeze(-2), later.movedim(0, s.ndim() as isize - 2)], -2);
        let by_parts = (u.slice(-2, ..-1).unsqueeze(-1) + by_transitions) * r.slice(-2, 1..).unsqueeze(-2);
        let weighted = by_parts * parts;
        let by_terms = weighted - parts * weighted.sum_axes(&[-2], true);
        let by_s = || {
            let mut last = table.clone();
            (last[table.len() - 2], last[table.len() - 1]) = (1, states);
            Var::concat(&[by_terms.sum_axes(&[-1], false), Var::zeros(&last).cast(s.dtype())], -2)
        };
        smallvec![wanted[0].then(by_s), wanted[1].then(|| by_terms.sum_to(&shape)), wanted[2].then_some(u)]
    }
}

impl Var {
    /// The forward algorithm of a hidden Markov model, on logarithms (L. Rabiner, "A tutorial on hidden Markov models and
    /// selected applications in speech recognition", 1989, III.A): row 0 of the result is `initial + emissions[0]`, and then
    /// `s[t, j] = ln sum_i exp(s[t - 1, i] + transitions[t - 1, i, j]) + emissions[t, j]`, the log probability of what was seen up
    /// to step `t` and of being in state `j` then. The [`logsumexp`](Var::logsumexp) of the last row is the log likelihood.
    ///
    /// `initial` is `[states]`, `emissions` `[steps, states]`, and `transitions` `[states, states]` for all steps or
    /// `[steps - 1, states, states]`. Axes before these are chains of their own and broadcast; a matrix for all steps of each
    /// chain is `[.., 1, states, states]`.
    ///
    /// Where only the likelihood is wanted, [`logsumexp_paths`](Var::logsumexp_paths) is several times as fast.
    ///
    /// It is one operation: nothing grows with the number of steps but the tables, and its derivative is a recurrence
    /// backwards over them. Where nothing leads to a state the result is -inf and what would lead there has derivative zero.
    ///
    /// ```
    /// use pyroxene_autograd::{Var, grad};
    /// // Two coins, one fair and one with heads only; the other one is taken with probability 0.1. Seen: heads, heads, tails.
    /// let initial = Var::from([0.5, 0.5]).ln();
    /// let transition = Var::from([[0.9, 0.1], [0.1, 0.9]]).ln();
    /// let emissions = Var::from([[0.5, 1.0], [0.5, 1.0], [0.5, 0.0]]).ln();
    /// let likelihood = Var::log_forward(initial, transition, emissions).select(0, -1).logsumexp(&[0], false);
    /// assert!((likelihood.item().exp() - 0.085625).abs() < 1e-15);
    /// // The derivative by the emissions: the probability of each state, given all that was seen.
    /// let fair = grad(likelihood, &[emissions])[0].select(1, 0).to_tensor();
    /// assert!(fair.allclose([0.60583942, 0.72262774, 1.0], 1e-8, 0.0), "{fair}");
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn log_forward(initial: impl Into<Var>, transitions: impl Into<Var>, emissions: impl Into<Var>) -> Var {
        let (inputs, shape, dtype) = arguments("log_forward", [initial.into(), transitions.into(), emissions.into()]);
        apply(Forward, &inputs, shape, dtype)
    }
}
