//! The forward algorithm of hidden Markov models.

use super::{Matrices, each_matrix};
use crate::dtype::DType;
use crate::error::OrPanic;
use crate::shape::{self, Shape};
use crate::tensor::Tensor;
use pyroxene_kernels::logspace::{forward, forward_room};

impl Tensor {
    /// The forward algorithm of a hidden Markov model, on logarithms (L. Rabiner, "A tutorial on hidden Markov models and
    /// selected applications in speech recognition", 1989, III.A): row 0 of the result is `initial + emissions[0]`, and then
    /// `s[t, j] = ln sum_i exp(s[t - 1, i] + transitions[t - 1, i, j]) + emissions[t, j]`, the log probability of what was seen up
    /// to step `t` and of being in state `j` then. The [`logsumexp`](Tensor::logsumexp) of the last row is the log likelihood.
    ///
    /// `initial` is `[states]`, `emissions` `[steps, states]`, and `transitions` `[states, states]` for all steps or
    /// `[steps - 1, states, states]`. Axes before these are chains of their own and broadcast; a matrix for all steps of each
    /// chain is `[.., 1, states, states]`.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// // Two coins, one fair and one with heads only; the other one is taken with probability 0.1. Seen: heads, heads, tails.
    /// let initial = Tensor::from([0.5, 0.5]).ln();
    /// let transition = Tensor::from([[0.9, 0.1], [0.1, 0.9]]).ln();
    /// let emissions = Tensor::from([[0.5, 1.0], [0.5, 1.0], [0.5, 0.0]]).ln();
    /// let s = Tensor::log_forward(&initial, &transition, &emissions);
    /// let likelihood = s.slice(0, -1..).logsumexp(&[-1], false).exp();
    /// assert!((likelihood.item() - 0.085625).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn log_forward(initial: &Tensor, transitions: &Tensor, emissions: &Tensor) -> Tensor {
        let (shape, chain) =
            shape::chain("log_forward", &initial.shape, &transitions.shape, &emissions.shape).or_panic();
        let dtype = initial.dtype().promote(transitions.dtype()).promote(emissions.dtype()).to_float();
        let batch = Shape::from_slice(&shape[..shape.len() - 2]);
        let initial = Matrices::<f64>::new(&initial.unsqueeze(-2), &batch);
        let mut rows: Shape = Shape::from_slice(&transitions.shape[..transitions.ndim().saturating_sub(3)]);
        rows.extend([chain.matrices * chain.states, chain.states]);
        let transitions = Matrices::<f64>::new(&transitions.reshaped(rows), &batch);
        let emissions = Matrices::<f64>::new(emissions, &batch);
        let room = (forward_room(chain), 0);
        let (s, _) = each_matrix::<f64>(shape, chain.table_len(), chain.work(), room, |k, s, scratch| {
            forward(chain, initial.at(k), transitions.at(k), emissions.at(k), s, scratch.floats);
            Ok(())
        });
        if dtype == DType::F64 { s } else { s.cast(dtype) }
    }
}
