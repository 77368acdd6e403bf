//! Trajectories: doubling, multinomial choice of the next state, and the U-turn criterion.
//!
//! A doubling extends the trajectory by a balanced binary tree whose leaves are leapfrog steps. The tree is built from
//! left to right with a stack of finished subtrees, joined whenever the top two have the same height; so no recursion,
//! and what a join needs of its halves is their outermost states and the sum of their momenta.

use super::fault::{Fault, Planted};
use super::hamiltonian::{Hamiltonian, Pool, State};
use crate::infer::LogDensity;
use crate::infer::scalar::exp;
use pyroxene_kernels::integrator::{dots_with_sum, sum_with_dots};
use pyroxene_kernels::random::Stream;

/// Energy errors above this are divergences (Betancourt 2016, "Identifying the optimal integration time in Hamiltonian
/// Monte Carlo"; Stan's value).
const DIVERGENCE: f64 = 1000.0;

/// Gains of energy above this have an exponent of their own: sums of `exp(gain)` below it do not overflow.
const HUGE: f64 = 500.0;

/// A sum of `exp(gain)`, where a gain is what a state's energy is below that of the start, as `exp(exponent) * factor`, so that
/// it neither overflows nor needs a logarithm. The start has gain zero: what vanishes beside one is never chosen.
#[derive(Clone, Copy, Debug)]
struct Weight {
    exponent: f64,
    factor: f64,
}

impl Weight {
    fn of(gain: f64) -> Weight {
        if gain <= HUGE { Weight { exponent: 0.0, factor: exp(gain) } } else { Weight { exponent: gain, factor: 1.0 } }
    }

    /// `min(exp(gain), 1)`
    fn acceptance(self) -> f64 {
        if self.exponent == 0.0 { self.factor.min(1.0) } else { 1.0 }
    }

    /// Both factors for one common exponent.
    fn align(self, other: Weight) -> (f64, f64, f64) {
        let difference = other.exponent - self.exponent;
        if difference == 0.0 {
            (self.factor, other.factor, self.exponent)
        } else if difference < 0.0 {
            (self.factor, other.factor * exp(difference), self.exponent)
        } else {
            (self.factor * exp(-difference), other.factor, other.exponent)
        }
    }
}

/// A run of consecutive states, in the direction of the integration.
#[derive(Clone, Copy, Debug)]
struct Subtree {
    begin: usize,
    end: usize,
    proposal: usize,
    /// Where the sum of its momenta is kept; none for a single state, which is its own sum.
    sum: Option<usize>,
    weight: Weight,
}

/// How a join picks the proposal.
#[derive(Clone, Copy, PartialEq)]
enum Choice {
    /// The second half with its share of the weight.
    Multinomial,
    /// The second half as often as detailed balance allows: biased progressive sampling.
    Progressive,
}

/// What a transition did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transition {
    pub(super) depth: u32,
    pub(super) leapfrogs: u32,
    pub(super) acceptance: f64,
    /// The error of the energy where the trajectory diverged.
    pub(super) divergence: Option<f64>,
}

/// The memory of a chain's trajectories, and the state it is at.
#[derive(Debug)]
pub(super) struct Tree {
    pool: Pool,
    current: usize,
    sums: Vec<Box<[f64]>>,
    free_sums: Vec<usize>,
    stack: Vec<Subtree>,
    /// The last position before the latest divergence.
    divergence_start: Box<[f64]>,
    max_depth: u32,
    planted: Planted,
}

impl Tree {
    pub(super) fn new(dim: usize, max_depth: u32, planted: Planted) -> Tree {
        let mut pool = Pool::new(dim);
        let current = pool.take();
        Tree {
            pool,
            current,
            sums: Vec::new(),
            free_sums: Vec::new(),
            stack: Vec::with_capacity(max_depth as usize + 1),
            divergence_start: vec![0.0; dim].into_boxed_slice(),
            max_depth,
            planted,
        }
    }

    pub(super) fn current(&self) -> &State {
        self.pool.get(self.current)
    }

    pub(super) fn current_mut(&mut self) -> &mut State {
        self.pool.get_mut(self.current)
    }

    pub(super) fn divergence_start(&self) -> &[f64] {
        &self.divergence_start
    }

    /// The change of `-energy` over one step from the current position with a new momentum.
    pub(super) fn probe<D: LogDensity>(&mut self, hamiltonian: &mut Hamiltonian<D>, step: f64, key: u64) -> f64 {
        hamiltonian.refresh(self.pool.get_mut(self.current), key);
        let to = self.pool.take();
        let (from, state) = self.pool.pair(self.current, to);
        hamiltonian.leapfrog(from, state, step);
        let gain = from.energy - state.energy;
        self.pool.release(to);
        gain
    }

    /// One transition of the chain. `momentum` is the key of the new momentum.
    pub(super) fn transition<D: LogDensity>(
        &mut self,
        hamiltonian: &mut Hamiltonian<D>,
        step: f64,
        momentum: u64,
        choices: &mut Stream,
    ) -> Transition {
        hamiltonian.refresh(self.pool.get_mut(self.current), momentum);
        let start_energy = self.current().energy;
        let mut done = Transition { depth: 0, leapfrogs: 0, acceptance: 0.0, divergence: None };
        let mut trajectory = self.leaf(self.current, Weight { exponent: 0.0, factor: 1.0 });
        let mut facing = 1.0;
        while done.depth < self.max_depth {
            let direction = if choices.next_u64() >> 63 == 1 { 1.0 } else { -1.0 };
            if direction != facing {
                std::mem::swap(&mut trajectory.begin, &mut trajectory.end);
                facing = direction;
            }
            let extension =
                self.extend(hamiltonian, trajectory.end, direction * step, start_energy, choices, &mut done);
            let Some(extension) = extension else { break };
            done.depth += 1;
            let persists;
            (trajectory, persists) = self.join(trajectory, extension, Choice::Progressive, choices);
            if !persists {
                break;
            }
        }
        self.current = trajectory.proposal;
        self.pool.hold(self.current);
        self.drop_subtree(trajectory);
        done.acceptance /= f64::from(done.leapfrogs);
        done
    }

    /// Builds the subtree of `2^depth` states beyond `from`; none if it diverges or turns within itself.
    fn extend<D: LogDensity>(
        &mut self,
        hamiltonian: &mut Hamiltonian<D>,
        mut from: usize,
        step: f64,
        start_energy: f64,
        choices: &mut Stream,
        done: &mut Transition,
    ) -> Option<Subtree> {
        for count in 1..=1u32 << done.depth {
            let to = self.pool.take();
            let (before, state) = self.pool.pair(from, to);
            hamiltonian.leapfrog(before, state, step);
            let gain = start_energy - state.energy;
            let weight = Weight::of(gain);
            done.leapfrogs += 1;
            done.acceptance += weight.acceptance();
            if gain < -DIVERGENCE {
                done.divergence = Some(-gain);
                self.divergence_start.copy_from_slice(&before.position);
                self.pool.release(to);
                self.drop_stack();
                return None;
            }
            let mut subtree = self.leaf(to, weight);
            for _ in 0..count.trailing_zeros() {
                let first = self.stack.pop().expect("a finished subtree of the same height");
                let persists;
                (subtree, persists) = self.join(first, subtree, Choice::Multinomial, choices);
                if !persists {
                    self.drop_subtree(subtree);
                    self.drop_stack();
                    return None;
                }
            }
            self.stack.push(subtree);
            from = to;
        }
        self.stack.pop()
    }

    /// Joins two neighbouring runs of states, and tells whether the whole still moves away from itself.
    fn join(&mut self, first: Subtree, second: Subtree, choice: Choice, choices: &mut Stream) -> (Subtree, bool) {
        let (of_first, of_second, exponent) = first.weight.align(second.weight);
        let total = of_first + of_second;
        let uniform = choices.uniform();
        let take_second = match choice {
            Choice::Progressive => uniform * of_first < of_second,
            Choice::Multinomial if self.planted.has(Fault::EqualWeights) => uniform < 0.5,
            Choice::Multinomial => uniform * total < of_second,
        };
        let (sum, persists) = self.join_sums(&first, &second);
        let (proposal, other) =
            if take_second { (second.proposal, first.proposal) } else { (first.proposal, second.proposal) };
        self.pool.release(other);
        self.pool.release(first.end);
        self.pool.release(second.begin);
        let weight = Weight { exponent, factor: total };
        (Subtree { begin: first.begin, end: second.end, proposal, sum: Some(sum), weight }, persists)
    }

    /// The sum of the momenta of both, and whether the whole persists.
    ///
    /// That is the generalised criterion: the sum of the momenta still has a positive inner product with the velocity at
    /// both ends (Betancourt 2017, appendix A.4.2). It is also asked of each half together with the nearest state of the
    /// other one: a trajectory that turns within the seam, as a periodic orbit does at some step sizes, would go unseen
    /// and wind on.
    fn join_sums(&mut self, first: &Subtree, second: &Subtree) -> (usize, bool) {
        let sum = self.free_sums.pop().unwrap_or_else(|| {
            self.sums.push(vec![0.0; self.divergence_start.len()].into_boxed_slice());
            self.free_sums.reserve(self.sums.len());
            self.sums.len() - 1
        });
        let mut room = std::mem::take(&mut self.sums[sum]);
        let (first_sum, second_sum) = (self.sum(first), self.sum(second));
        let (velocity, momentum) = (|state| &self.pool.get(state).velocity, |state| &self.pool.get(state).momentum);
        let away = |(at_from, at_to): (f64, f64)| at_from > 0.0 && at_to > 0.0;
        let last = if self.planted.has(Fault::StaleEdge) { first.end } else { second.end };
        let whole = away(sum_with_dots(&mut room, first_sum, second_sum, velocity(first.begin), velocity(last)));
        // For two single states all three questions are the same one.
        let single = first.sum.is_none() && second.sum.is_none();
        let persists = whole
            && (single
                || self.planted.has(Fault::NoSeamChecks)
                || away(dots_with_sum(
                    velocity(first.begin),
                    velocity(second.begin),
                    first_sum,
                    momentum(second.begin),
                )) && away(dots_with_sum(velocity(first.end), velocity(last), momentum(first.end), second_sum)));
        self.sums[sum] = room;
        self.free_sums.extend(first.sum.into_iter().chain(second.sum));
        (sum, persists)
    }

    fn sum(&self, subtree: &Subtree) -> &[f64] {
        match subtree.sum {
            Some(sum) => &self.sums[sum],
            None => &self.pool.get(subtree.begin).momentum,
        }
    }

    /// The subtree of one state, which the caller holds once.
    fn leaf(&mut self, state: usize, weight: Weight) -> Subtree {
        self.pool.hold(state);
        self.pool.hold(state);
        Subtree { begin: state, end: state, proposal: state, sum: None, weight }
    }

    fn drop_subtree(&mut self, subtree: Subtree) {
        self.pool.release(subtree.begin);
        self.pool.release(subtree.end);
        self.pool.release(subtree.proposal);
        self.free_sums.extend(subtree.sum);
    }

    fn drop_stack(&mut self) {
        while let Some(subtree) = self.stack.pop() {
            self.drop_subtree(subtree);
        }
    }
}
