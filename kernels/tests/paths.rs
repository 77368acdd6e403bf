//! Sums over paths and shares of moves against the recurrences in logarithms, over all sizes and hostile numbers.

use pyroxene_kernels::Isa;
use pyroxene_kernels::logspace::{
    Chain, paths, paths_adjoint, paths_adjoint_on, paths_adjoint_room, paths_len, paths_on, paths_room,
};

const NONE: f64 = f64::NEG_INFINITY;

/// Deterministic numbers around zero, of this spread, a few of them -inf.
fn numbers(n: usize, seed: usize, spread: f64, holes: usize) -> Vec<f64> {
    let value = |i: usize| (((i * 37 + seed * 101) as f64) * 0.7).sin() * spread;
    (0..n).map(|i| if holes > 0 && (i + seed).is_multiple_of(holes) { NONE } else { value(i) }).collect()
}

fn log_sum_exp(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    if terms.clone().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let max = terms.clone().fold(NONE, f64::max);
    if max.is_infinite() { max } else { max + terms.map(|t| (t - max).exp()).sum::<f64>().ln() }
}

struct Case {
    chain: Chain,
    initial: Vec<f64>,
    transitions: Vec<f64>,
    emissions: Vec<f64>,
}

impl Case {
    fn new(steps: usize, states: usize, matrices: usize, spreads: [f64; 2], holes: [usize; 2]) -> Case {
        let chain = Chain { steps, states, matrices };
        Case {
            chain,
            initial: numbers(states, 1, spreads[1], 0),
            transitions: numbers(chain.transitions_len(), 2, spreads[0], holes[0]),
            emissions: numbers(chain.table_len(), 3, spreads[1], holes[1]),
        }
    }

    /// The sum, and its derivatives by the emissions and the transitions.
    fn results(&self, isa: Isa) -> [Vec<f64>; 3] {
        let mut kept = vec![7.0; paths_len(self.chain)];
        let mut room = vec![f64::NAN; paths_room(self.chain)];
        paths_on(isa, self.chain, &self.initial, &self.transitions, &self.emissions, &mut kept, &mut room);
        let (mut r, mut by) = (vec![7.0; self.emissions.len()], vec![7.0; self.transitions.len()]);
        let mut room = vec![f64::NAN; paths_adjoint_room(self.chain)];
        paths_adjoint_on(isa, self.chain, &kept, &self.transitions, &mut r, &mut by, &mut room);
        [vec![kept[0]], r, by]
    }

    fn at(&self, t: usize, i: usize, j: usize) -> usize {
        let k = self.chain.states;
        (if self.chain.matrices == 1 { 0 } else { (t - 1) * k * k }) + i * k + j
    }

    /// The same by the forward and the backward recurrence, in logarithms.
    fn expected(&self) -> [Vec<f64>; 3] {
        let Chain { steps, states: k, .. } = self.chain;
        let mut before: Vec<Vec<f64>> = vec![(0..k).map(|j| self.initial[j] + self.emissions[j]).collect()];
        for t in 1..steps {
            let term = |i: usize, j: usize| before[t - 1][i] + self.transitions[self.at(t, i, j)];
            let row = (0..k).map(|j| log_sum_exp((0..k).map(|i| term(i, j))) + self.emissions[t * k + j]).collect();
            before.push(row);
        }
        let mut after = vec![vec![0.0; k]; steps];
        for t in (1..steps).rev() {
            let term =
                |i: usize, j: usize| self.transitions[self.at(t, i, j)] + self.emissions[t * k + j] + after[t][j];
            after[t - 1] = (0..k).map(|i| log_sum_exp((0..k).map(|j| term(i, j)))).collect();
        }
        let sum = log_sum_exp(before[steps - 1].iter().copied());
        let share = |x: f64| if sum == NONE { 0.0 } else { (x - sum).exp() };
        let mut by = vec![0.0; self.transitions.len()];
        for t in 1..steps {
            for i in 0..k {
                for j in 0..k {
                    let at = self.at(t, i, j);
                    by[at] += share(before[t - 1][i] + self.transitions[at] + self.emissions[t * k + j] + after[t][j]);
                }
            }
        }
        let r = (0..steps * k).map(|at| share(before[at / k][at % k] + after[at / k][at % k])).collect();
        [vec![sum], r, by]
    }

    #[track_caller]
    fn check(&self) {
        let (got, want) = (self.results(Isa::detect()), self.expected());
        let steps = self.chain.steps as f64;
        let largest = |x: &[f64]| x.iter().filter(|x| x.is_finite()).fold(0.0, |max: f64, x| max.max(x.abs()));
        // Sums of numbers of this size lose that much, and exponentials as many digits as their arguments have.
        let size = largest(&self.transitions) + largest(&self.emissions) + largest(&self.initial);
        let reach = if want[0][0].is_finite() { want[0][0].abs() } else { 0.0 };
        let relative = 2e-15 * (8.0 + size) * (1.0 + steps) + f64::EPSILON * steps * reach;
        for (what, (got, want)) in ["sum", "by emissions", "by transitions"].iter().zip(got.iter().zip(&want)) {
            for (at, (&got, &want)) in got.iter().zip(want).enumerate() {
                let tolerance = if *what == "sum" { relative } else { relative * want.abs() + 1e-30 };
                let near = got == want || (got - want).abs() <= tolerance || got.is_nan() && want.is_nan();
                assert!(near, "{what}, element {at}: {got:e}, not {want:e}, {:?}", self.chain);
            }
        }
    }
}

fn sizes() -> impl Iterator<Item = (usize, usize, usize)> {
    let steps = (1..=20).chain([33, 90, 137]);
    steps.flat_map(|steps| (1..=9).flat_map(move |states| [(steps, states, 1), (steps, states, steps - 1)]))
}

fn is_valid(&(steps, _, matrices): &(usize, usize, usize)) -> bool {
    matrices == 1 || matrices + 1 == steps
}

#[test]
fn sums_and_shares_equal_those_in_logarithms() {
    for (steps, states, matrices) in sizes().filter(is_valid) {
        for spreads in [[1.0, 1.0], [3.0, 30.0], [20.0, 400.0], [25.0, 1e4], [1e3, 1.0], [1e5, 1e5]] {
            Case::new(steps, states, matrices, spreads, [0, 0]).check();
        }
    }
}

#[test]
fn impossible_moves_and_observations_are_zero() {
    for (steps, states, matrices) in sizes().filter(is_valid) {
        for holes in [[3, 0], [0, 3], [2, 2], [5, 7], [0, 2]] {
            Case::new(steps, states, matrices, [1.0, 5.0], holes).check();
            Case::new(steps, states, matrices, [1.0, 1e3], holes).check();
        }
    }
}

#[test]
fn a_step_without_any_state_leaves_no_paths() {
    for (steps, states) in [(1, 2), (9, 1), (30, 2), (30, 3), (30, 7)] {
        for at in [0, steps / 2, steps - 1] {
            let mut case = Case::new(steps, states, 1, [1.0, 1.0], [0, 0]);
            case.emissions[at * states..(at + 1) * states].fill(NONE);
            let [sum, r, by] = case.results(Isa::detect());
            assert_eq!(sum, [NONE]);
            assert!(r.iter().chain(&by).all(|x| *x == 0.0), "{r:?} {by:?}");
        }
    }
}

#[test]
fn nan_and_infinities_are_those_of_the_terms() {
    for (steps, states) in [(1, 1), (5, 2), (30, 2), (30, 3), (30, 4), (12, 6)] {
        for bad in [f64::NAN, f64::INFINITY] {
            for place in 0..3 {
                for at in [0, 1, 17, 31, 57] {
                    let mut case = Case::new(steps, states, 1, [1.0, 1.0], [0, 0]);
                    let into = [&mut case.initial, &mut case.transitions, &mut case.emissions];
                    let into = into.into_iter().nth(place).expect("of three");
                    let len = into.len();
                    into[at % len] = bad;
                    let (got, want) = (case.results(Isa::detect())[0][0], case.expected()[0][0]);
                    let is_used = place != 1 || steps > 1;
                    assert!(
                        got == want || got.is_nan() && (want.is_nan() || !is_used),
                        "{:?}: {got}, not {want}",
                        case.chain
                    );
                }
            }
        }
    }
}

/// Two states far apart: all mass is in the one, and moves to the other as slowly as stretches bear, or slower.
#[test]
fn the_last_observations_turn_what_was_seen_before() {
    for states in [2, 3, 4, 6] {
        for stay in [-1.0, -20.0, -55.0, -56.0, -200.0, -700.0] {
            for against in [-1.0, -50.0, -400.0, -800.0, -1e4] {
                for steps in [8, 30, 64, 100] {
                    let transitions =
                        (0..states * states).map(|at| if at % (states + 1) == 0 { 0.0 } else { stay }).collect();
                    let observed =
                        |at: usize| if (at / states < steps / 2) == at.is_multiple_of(states) { 0.0 } else { against };
                    let emissions = (0..steps * states).map(observed).collect();
                    let chain = Chain { steps, states, matrices: 1 };
                    Case { chain, initial: vec![0.0; states], transitions, emissions }.check();
                }
            }
        }
    }
}

#[test]
fn all_instruction_sets_give_the_same_bits() {
    let bits = |x: &Vec<f64>| -> Vec<u64> { x.iter().map(|x| if x.is_nan() { 1 } else { x.to_bits() }).collect() };
    for (steps, states, matrices) in sizes().filter(is_valid).filter(|(_, states, _)| *states < 7) {
        for (spreads, holes) in [([1.0, 1.0], [0, 0]), ([20.0, 900.0], [0, 5]), ([1.0, 1.0], [3, 0])] {
            let case = Case::new(steps, states, matrices, spreads, holes);
            let want = case.results(Isa::detect());
            for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
                assert_eq!(
                    case.results(isa).each_ref().map(bits),
                    want.each_ref().map(bits),
                    "{isa:?}, {:?}",
                    case.chain
                );
            }
        }
    }
}

#[test]
#[should_panic(expected = "paths: Chain { steps: 0, states: 2, matrices: 1 } has no paths")]
fn a_chain_has_steps() {
    paths(Chain { steps: 0, states: 2, matrices: 1 }, &[0.0; 2], &[0.0; 4], &[], &mut [], &mut []);
}

#[test]
#[should_panic(expected = "paths_adjoint: an argument is not of Chain { steps: 2, states: 2, matrices: 1 }")]
fn lengths_are_checked() {
    let chain = Chain { steps: 2, states: 2, matrices: 1 };
    paths_adjoint(chain, &[0.0; 20], &[0.0; 4], &mut [0.0; 3], &mut [0.0; 4], &mut []);
}
