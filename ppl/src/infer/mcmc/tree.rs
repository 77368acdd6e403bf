//! Trajectories: doubling, multinomial choice of the next state, and the U-turn criterion.
//!
//! A doubling extends the trajectory by a balanced binary tree whose leaves are leapfrog steps. The tree is built from
//! left to right with a stack of finished subtrees, joined whenever the top two have the same height; so no recursion,
//! and what a join needs of its halves is their outermost states and the sum of their momenta.

use super::fault::{Fault, Planted};
use super::hamiltonian::{Hamiltonian, Pool, State};
use crate::infer::LogDensity;
use crate::infer::scalar::exp;
use pyroxene_kernels::integrator::{add, add_scaled, dots_with_sum};
use pyroxene_kernels::random::Stream;

/// Energy errors above this are divergences (Betancourt 2016, "Identifying the optimal integration time in Hamiltonian
/// Monte Carlo"; Stan's value).
const DIVERGENCE: f64 = 1000.0;

/// A sum of `exp(-energy)` as `exp(exponent) * factor`, so that it neither overflows nor needs a logarithm.
#[derive(Clone, Copy, Debug)]
struct Weight {
    exponent: f64,
    factor: f64,
}

impl Weight {
    /// Both factors for one common exponent.
    fn align(self, other: Weight) -> (f64, f64, f64) {
        let difference = other.exponent - self.exponent;
        if difference <= 0.0 {
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
        let mut trajectory = self.leaf(self.current, 0.0);
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
            done.leapfrogs += 1;
            done.acceptance += exp(gain.min(0.0));
            if gain < -DIVERGENCE {
                done.divergence = Some(-gain);
                self.divergence_start.copy_from_slice(&before.position);
                self.pool.release(to);
                self.drop_stack();
                return None;
            }
            let mut subtree = self.leaf(to, gain);
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
        let persists = self.persists(&first, &second);
        let sum = self.join_sums(&first, &second);
        let (proposal, other) =
            if take_second { (second.proposal, first.proposal) } else { (first.proposal, second.proposal) };
        self.pool.release(other);
        self.pool.release(first.end);
        self.pool.release(second.begin);
        let weight = Weight { exponent, factor: total };
        (Subtree { begin: first.begin, end: second.end, proposal, sum: Some(sum), weight }, persists)
    }

    /// The generalised criterion: the sum of the momenta still has a positive inner product with the velocity at both
    /// ends (Betancourt 2017, appendix A.4.2). It is also asked of each half together with the nearest state of the
    /// other one: a trajectory that turns within the seam, as a periodic orbit does at some step sizes, would go unseen
    /// and wind on.
    fn persists(&self, first: &Subtree, second: &Subtree) -> bool {
        let away = |from: usize, to: usize, x: &[f64], y: &[f64]| {
            let (at_from, at_to) = dots_with_sum(&self.pool.get(from).velocity, &self.pool.get(to).velocity, x, y);
            at_from > 0.0 && at_to > 0.0
        };
        let (first_sum, second_sum) = (self.sum(first), self.sum(second));
        let last = if self.planted.has(Fault::StaleEdge) { first.end } else { second.end };
        if !away(first.begin, last, first_sum, second_sum) {
            return false;
        }
        // For two single states all three questions are the same one.
        let single = first.sum.is_none() && second.sum.is_none();
        if single || self.planted.has(Fault::NoSeamChecks) {
            return true;
        }
        away(first.begin, second.begin, first_sum, &self.pool.get(second.begin).momentum)
            && away(first.end, last, &self.pool.get(first.end).momentum, second_sum)
    }

    fn sum(&self, subtree: &Subtree) -> &[f64] {
        match subtree.sum {
            Some(sum) => &self.sums[sum],
            None => &self.pool.get(subtree.begin).momentum,
        }
    }

    /// The sum of the momenta of both, in the memory of one of them where there is one.
    fn join_sums(&mut self, first: &Subtree, second: &Subtree) -> usize {
        let pool = &self.pool;
        let momentum = |subtree: &Subtree| &pool.get(subtree.begin).momentum;
        match (first.sum, second.sum) {
            (Some(into), Some(from)) => {
                let [into_sum, from_sum] = self.sums.get_disjoint_mut([into, from]).expect("two different sums");
                add(into_sum, from_sum);
                self.free_sums.push(from);
                into
            }
            (Some(into), None) => {
                add(&mut self.sums[into], momentum(second));
                into
            }
            (None, Some(into)) => {
                add(&mut self.sums[into], momentum(first));
                into
            }
            (None, None) => {
                let dim = self.divergence_start.len();
                let into = self.free_sums.pop().unwrap_or_else(|| {
                    self.sums.push(vec![0.0; dim].into_boxed_slice());
                    self.free_sums.reserve(self.sums.len());
                    self.sums.len() - 1
                });
                add_scaled(&mut self.sums[into], momentum(first), 1.0, momentum(second));
                into
            }
        }
    }

    /// The subtree of one state, which the caller holds once.
    fn leaf(&mut self, state: usize, exponent: f64) -> Subtree {
        self.pool.hold(state);
        self.pool.hold(state);
        Subtree { begin: state, end: state, proposal: state, sum: None, weight: Weight { exponent, factor: 1.0 } }
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
