//! Hidden Markov models whose states are summed out by the forward algorithm.

use super::Posterior;
use super::data::{Recurrence, columns, index};
use pyroxene::constraint::Constraint;
use pyroxene::dist::{Categorical, Dirichlet, Distribution, ImproperUniform, Normal};
use pyroxene::{Tensor, Var};

/// The log probability of what was seen: `emissions[t, k]` is the log density of step `t` in state `k`, and the first state
/// has weight one for each `k`.
fn forward(transition: Var, emissions: Var) -> Var {
    let first = Var::zeros(&[emissions.size(1)]);
    Var::logsumexp_paths(first, transition.ln(), emissions)
}

/// Two states with normal emissions: 100 steps of a public example.
pub(crate) fn example() -> Posterior {
    let y = columns(include_str!("../../testdata/benchmarks/hmm.csv")).remove(0);
    let y = Tensor::from_vec(y, [100, 1]);
    Box::new(move |cx| {
        let transition = cx.plate("from", 2, |cx| cx.sample("transition", Dirichlet::new([1.0, 1.0])));
        let means = cx.sample("means", ImproperUniform::new(Constraint::PositiveOrdered, &[], &[2]));
        cx.factor("prior of the means", Normal::new([3.0, 10.0], 1.0).log_prob(means));
        let emissions = Normal::new(means, 1.0).log_prob(Var::from(&y));
        cx.factor("y", forward(transition, emissions));
    })
}

const STATES: usize = 3;
const WORDS: usize = 10;
const KNOWN: usize = 100;
const UNKNOWN: usize = 500;

/// States and words of a chain, from sparse distributions of words.
fn text(recurrence: &mut Recurrence, transition: &[Vec<f64>], emission: &[Vec<f64>], n: usize) -> [Vec<usize>; 2] {
    let mut state = recurrence.category(&[1.0 / STATES as f64; STATES]);
    let (mut states, mut words) = (Vec::new(), Vec::new());
    for step in 0..n {
        if step > 0 {
            state = recurrence.category(&transition[state]);
        }
        states.push(state);
        words.push(recurrence.category(&emission[state]));
    }
    [states, words]
}

/// Three states and ten words: 100 steps whose states are known, and 500 whose states are not.
pub(crate) fn semi_supervised() -> Posterior {
    let mut recurrence = Recurrence::new();
    let mut rows = |size: usize, weight: fn(f64) -> f64| -> Vec<Vec<f64>> {
        let mut row = || {
            let weights: Vec<f64> = (0..size).map(|_| weight(recurrence.uniform())).collect();
            let sum: f64 = weights.iter().sum();
            weights.iter().map(|weight| weight / sum).collect()
        };
        (0..STATES).map(|_| row()).collect()
    };
    let (transition, emission) = (rows(STATES, |u| 0.1 + u), rows(WORDS, |u| u.powi(8)));
    let [states, words] = text(&mut recurrence, &transition, &emission, KNOWN);
    let [_, unlabelled] = text(&mut recurrence, &transition, &emission, UNKNOWN);
    let numbers = |places: &[usize]| Tensor::from(places.iter().map(|&place| place as f64).collect::<Vec<f64>>());
    let (next_states, seen) = (numbers(&states[1..]), numbers(&words));
    let (before, states) = (index(states[..KNOWN - 1].iter().copied()), index(states));
    let unlabelled = index(unlabelled);
    Box::new(move |cx| {
        let (transition, emission) = cx.plate("state", STATES, |cx| {
            let transition = cx.sample("transition", Dirichlet::new(vec![1.0; STATES]));
            (transition, cx.sample("emission", Dirichlet::new(vec![0.1; WORDS])))
        });
        cx.plate("known transition", KNOWN - 1, |cx| {
            cx.observe("next state", Categorical::probs(transition.index_select(0, &before)), &next_states);
        });
        cx.plate("known word", KNOWN, |cx| {
            cx.observe("word", Categorical::probs(emission.index_select(0, &states)), &seen);
        });
        let emissions = emission.ln().t().index_select(0, &unlabelled);
        cx.factor("unlabelled", forward(transition, emissions));
    })
}
