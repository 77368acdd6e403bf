//! The forward algorithm and its derivative against logarithms term by term, sums over all paths, and hostile numbers.

use pyroxene_kernels::Isa;
use pyroxene_kernels::logspace::{
    Chain, forward, forward_adjoint, forward_adjoint_on, forward_adjoint_room, forward_on, forward_room,
};

const NONE: f64 = f64::NEG_INFINITY;

/// Deterministic numbers around zero, of this spread, a few of them -inf.
fn numbers(n: usize, seed: usize, spread: f64, holes: usize) -> Vec<f64> {
    let value = |i: usize| (((i * 37 + seed * 101) as f64) * 0.7).sin() * spread;
    (0..n).map(|i| if holes > 0 && (i + seed).is_multiple_of(holes) { NONE } else { value(i) }).collect()
}

fn log_sum_exp(terms: &[f64]) -> f64 {
    if terms.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let max = terms.iter().copied().fold(NONE, f64::max);
    if max.is_infinite() { max } else { max + terms.iter().map(|t| (t - max).exp()).sum::<f64>().ln() }
}

/// A chain with its numbers.
#[derive(Debug)]
struct Case {
    chain: Chain,
    initial: Vec<f64>,
    transitions: Vec<f64>,
    emissions: Vec<f64>,
    by_s: Vec<f64>,
}

impl Case {
    fn new(steps: usize, states: usize, matrices: usize, spread: f64, holes: usize) -> Case {
        let chain = Chain { steps, states, matrices };
        Case {
            chain,
            initial: numbers(states, 1, spread, 0),
            transitions: numbers(chain.transitions_len(), 2, spread, holes),
            emissions: numbers(chain.table_len(), 3, spread, if holes == 0 { 0 } else { holes + 4 }),
            by_s: numbers(chain.table_len(), 4, 1.0, 0),
        }
    }

    fn forward(&self, isa: Isa) -> Vec<f64> {
        let (mut s, mut room) = (vec![7.0; self.chain.table_len()], vec![f64::NAN; forward_room(self.chain)]);
        forward_on(isa, self.chain, &self.initial, &self.transitions, &self.emissions, &mut s, &mut room);
        s
    }

    /// The derivatives by the emissions and the transitions.
    fn adjoint(&self, isa: Isa, s: &[f64]) -> [Vec<f64>; 2] {
        let (mut r, mut by) = (vec![7.0; s.len()], vec![7.0; self.transitions.len()]);
        let mut room = vec![f64::NAN; forward_adjoint_room(self.chain)];
        forward_adjoint_on(isa, self.chain, s, &self.transitions, &self.by_s, &mut r, &mut by, &mut room);
        [r, by]
    }

    /// Where the term from `i` to `j` of step `t` stands in the transitions.
    fn at(&self, t: usize, i: usize, j: usize) -> usize {
        let k = self.chain.states;
        (if self.chain.matrices == 1 { 0 } else { (t - 1) * k * k }) + i * k + j
    }

    fn terms(&self, s: &[f64], t: usize, j: usize) -> Vec<f64> {
        let k = self.chain.states;
        (0..k).map(|i| s[(t - 1) * k + i] + self.transitions[self.at(t, i, j)]).collect()
    }

    /// The recurrence in logarithms.
    fn expected(&self) -> Vec<f64> {
        let k = self.chain.states;
        let mut s: Vec<f64> = self.initial.iter().zip(&self.emissions).map(|(a, b)| a + b).collect();
        for t in 1..self.chain.steps {
            let row: Vec<f64> =
                (0..k).map(|j| log_sum_exp(&self.terms(&s, t, j)) + self.emissions[t * k + j]).collect();
            s.extend(row);
        }
        s.truncate(self.chain.table_len());
        s
    }

    fn expected_adjoint(&self, s: &[f64]) -> [Vec<f64>; 2] {
        let k = self.chain.states;
        let (mut r, mut by) = (self.by_s.clone(), vec![0.0; self.transitions.len()]);
        for t in (1..self.chain.steps).rev() {
            for j in 0..k {
                let terms = self.terms(s, t, j);
                let sum = log_sum_exp(&terms);
                for i in 0..k {
                    let part = if sum == NONE { 0.0 } else { (terms[i] - sum).exp() };
                    r[(t - 1) * k + i] += part * r[t * k + j];
                    by[self.at(t, i, j)] += part * r[t * k + j];
                }
            }
        }
        [r, by]
    }
}

fn near(got: f64, want: f64, tolerance: f64) -> bool {
    got == want || (got - want).abs() <= tolerance || got.is_nan() && want.is_nan()
}

fn cases() -> impl Iterator<Item = (Case, f64)> {
    let sizes =
        [(0, 3), (1, 2), (2, 1), (2, 3), (30, 1), (40, 2), (40, 3), (25, 4), (20, 5), (12, 8), (9, 19), (5, 43)];
    sizes.into_iter().flat_map(|(steps, states)| {
        [1, steps.max(1) - 1].into_iter().flat_map(move |matrices| {
            [1.0, 50.0, 900.0, 1e5].into_iter().flat_map(move |spread| {
                [0, 2, 3].into_iter().map(move |holes| (Case::new(steps, states, matrices, spread, holes), spread))
            })
        })
    })
}

#[test]
fn rows_equal_the_recurrence_in_logarithms() {
    for (case, spread) in cases() {
        let (s, want) = (case.forward(Isa::detect()), case.expected());
        let tolerance = 1e-15 * (8.0 + spread) * (1 + case.chain.steps) as f64;
        for (at, (s, want)) in s.iter().zip(&want).enumerate() {
            assert!(near(*s, *want, tolerance), "{case:?}, element {at}: {s}, not {want}");
        }
    }
}

#[test]
fn derivatives_equal_sums_of_parts() {
    for (case, spread) in cases() {
        let s = case.expected();
        let (got, want) = (case.adjoint(Isa::detect(), &s), case.expected_adjoint(&s));
        // An exponential loses as many digits as its argument has.
        let tolerance = 1e-15 * (8.0 + 2.0 * spread) * (1 + case.chain.steps).pow(2) as f64;
        for (got, want) in got.iter().zip(&want) {
            for (at, (got, want)) in got.iter().zip(want).enumerate() {
                assert!(near(*got, *want, tolerance), "{case:?}, element {at}: {got}, not {want}");
            }
        }
    }
}

#[test]
fn the_last_row_is_the_sum_over_all_paths_and_its_derivative_their_share() {
    let case = Case::new(5, 3, 4, 2.0, 0);
    let (steps, k) = (5usize, 3usize);
    let paths: Vec<(Vec<usize>, f64)> = (0..k.pow(steps as u32))
        .map(|number: usize| {
            let path: Vec<usize> = (0..steps).map(|t| number / k.pow(t as u32) % k).collect();
            let weight = (1..steps).map(|t| case.transitions[case.at(t, path[t - 1], path[t])]).sum::<f64>()
                + (0..steps).map(|t| case.emissions[t * k + path[t]]).sum::<f64>()
                + case.initial[path[0]];
            (path, weight)
        })
        .collect();
    let total = log_sum_exp(&paths.iter().map(|(_, weight)| *weight).collect::<Vec<f64>>());
    let share = |of: &dyn Fn(&[usize]) -> bool| -> f64 {
        paths.iter().filter(|(path, _)| of(path)).map(|(_, weight)| (weight - total).exp()).sum()
    };
    let s = case.forward(Isa::detect());
    let last = &s[(steps - 1) * k..];
    assert!(near(log_sum_exp(last), total, 1e-13));
    let mut by_s = vec![0.0; steps * k];
    by_s[(steps - 1) * k..].iter_mut().zip(last).for_each(|(by, s)| *by = (s - total).exp());
    let [r, by] = Case { by_s, ..case }.adjoint(Isa::detect(), &s);
    for t in 0..steps {
        for j in 0..k {
            assert!(near(r[t * k + j], share(&|path| path[t] == j), 1e-14));
            for i in (0..k).filter(|_| t > 0) {
                let got = by[(t - 1) * k * k + i * k + j];
                assert!(near(got, share(&|path| path[t - 1] == i && path[t] == j), 1e-14));
            }
        }
    }
}

#[test]
fn a_state_far_below_the_others_comes_back() {
    for k in [2, 5] {
        // Each state stays what it is. All but the last are ruled out in the end; that lies further and further below them.
        let chain = Chain { steps: 60, states: k, matrices: 1 };
        let transitions = (0..k * k).map(|at| if at % (k + 1) == 0 { 0.0 } else { NONE }).collect();
        let emission = |at: usize| match (at / k, at % k == k - 1) {
            (59, false) => NONE,
            (_, false) => 0.0,
            (_, true) => -50.0,
        };
        let emissions = (0..60 * k).map(emission).collect();
        let by_s = (0..60 * k).map(|at| if at / k == 59 { 1.0 } else { 0.0 }).collect();
        let case = Case { chain, initial: vec![0.0; k], transitions, emissions, by_s };
        let s = case.forward(Isa::detect());
        assert!(near(s[60 * k - 1], -3000.0, 1e-9), "{}", s[60 * k - 1]);
        assert!(s[59 * k..60 * k - 1].iter().all(|s| *s == NONE));
        let [r, by] = case.adjoint(Isa::detect(), &s);
        // The derivative passes through sums, also those that the last emission rules out.
        assert!(r.iter().all(|r| near(*r, 1.0, 1e-14)), "{r:?}");
        assert!((0..k * k).all(|at| near(by[at], if at % (k + 1) == 0 { 59.0 } else { 0.0 }, 1e-12)), "{by:?}");
    }
}

#[test]
fn impossible_chains_have_no_derivative() {
    for k in [3, 6] {
        let mut case = Case::new(6, k, 1, 1.0, 0);
        case.emissions[2 * k..3 * k].fill(NONE);
        let s = case.forward(Isa::detect());
        assert!(s[..2 * k].iter().all(|s| s.is_finite()) && s[2 * k..].iter().all(|s| *s == NONE));
        case.by_s[..5 * k].fill(0.0);
        let [r, by] = case.adjoint(Isa::detect(), &s);
        assert!(r[..5 * k].iter().chain(&by).all(|x| *x == 0.0), "{r:?} {by:?}");
    }
}

#[test]
fn infinities_and_nan_are_those_of_the_terms() {
    for k in [1, 2, 3, 4, 7] {
        for bad in [f64::NAN, f64::INFINITY] {
            for place in 0..3 {
                for at in 0..k {
                    let mut case = Case::new(6, k, 1, 1.0, 3);
                    let into = [&mut case.initial, &mut case.transitions, &mut case.emissions];
                    into.into_iter().nth(place).expect("of three")[at] = bad;
                    let (s, want) = (case.forward(Isa::detect()), case.expected());
                    assert!(
                        s.iter().zip(&want).all(|(s, want)| near(*s, *want, 1e-13)),
                        "{case:?}: {s:?}, not {want:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn all_instruction_sets_give_the_same_bits() {
    let bits = |x: &[f64]| -> Vec<u64> { x.iter().map(|x| if x.is_nan() { 1 } else { x.to_bits() }).collect() };
    for (case, _) in cases() {
        let s = case.forward(Isa::detect());
        let adjoint = case.adjoint(Isa::detect(), &s);
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
            assert_eq!(bits(&s), bits(&case.forward(isa)), "{isa:?}, {case:?}");
            assert_eq!(
                adjoint.each_ref().map(|x| bits(x)),
                case.adjoint(isa, &s).map(|x| bits(&x)),
                "{isa:?}, {case:?}"
            );
        }
    }
}

#[test]
#[should_panic(expected = "forward: an argument is not of Chain { steps: 2, states: 2, matrices: 1 }")]
fn lengths_are_checked() {
    let chain = Chain { steps: 2, states: 2, matrices: 1 };
    forward(chain, &[0.0; 2], &[0.0; 4], &[0.0; 3], &mut [0.0; 4], &mut []);
}

#[test]
#[should_panic(expected = "lacks transitions")]
fn matrices_are_one_or_one_a_transition() {
    let chain = Chain { steps: 4, states: 1, matrices: 2 };
    forward_adjoint(chain, &[0.0; 4], &[0.0; 2], &[0.0; 4], &mut [0.0; 4], &mut [0.0; 2], &mut []);
}
