//! The order of products.
//!
//! Up to eight operands the order is the best of all: dynamic programming over subsets, each split into two in every way
//! (R. Pfeifer, J. Haegeman and F. Verstraete, "Faster identification of optimal contraction sequences for tensor networks",
//! Phys. Rev. E 90, 2014). Beyond, it is greedy: the next product is the one that shrinks memory most (D. Smith and J. Gray,
//! "opt_einsum", JOSS 3, 2018).

use super::parse::{Equation, Set};
use std::fmt;

/// Operands up to which the best order is searched for: 3^8 splits take some tens of microseconds.
const OPTIMAL: usize = 8;

/// One product of two terms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The left term: an operand, or the result of step `left - operands`.
    pub left: usize,
    /// The right term, likewise.
    pub right: usize,
    /// Multiplications and additions.
    pub flops: f64,
    /// Elements of the result.
    pub elements: f64,
    pub(super) kept: Set,
}

/// Products of two in their order; the last one has the output's symbols.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is left of each operand once the symbols that nothing else has are summed.
    pub(super) leaves: Vec<Set>,
    pub(super) steps: Vec<Step>,
}

impl Plan {
    /// The order for an equation.
    pub fn new(equation: &Equation) -> Plan {
        let search = Search::new(equation);
        let steps = match equation.operands.len() {
            1 => Vec::new(),
            n if n <= OPTIMAL => search.best(),
            _ => search.greedy(),
        };
        Plan { leaves: search.leaves, steps }
    }

    /// The products.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

struct Search<'a> {
    equation: &'a Equation,
    output: Set,
    leaves: Vec<Set>,
}

/// A subset's cheapest order: its cost, the elements of all its intermediate results, and the half that holds its first
/// member.
#[derive(Clone, Copy)]
struct Best {
    flops: f64,
    elements: f64,
    half: usize,
}

/// A product of the greedy search: the one with the least key is next.
#[derive(Clone, Copy)]
struct Candidate {
    key: (bool, f64, f64),
    pair: (usize, usize),
    step: Step,
}

impl<'a> Search<'a> {
    fn new(equation: &'a Equation) -> Search<'a> {
        let output = equation.output_set();
        let sets = &equation.sets;
        let others = |k: usize| {
            let apart = sets.iter().enumerate().filter(|&(j, _)| j != k);
            apart.fold(output, |all, (_, &set)| all.union(set))
        };
        let leaves = (0..sets.len()).map(|k| sets[k].common(others(k))).collect();
        Search { equation, output, leaves }
    }

    fn elements(&self, set: Set) -> f64 {
        set.iter().map(|symbol| self.equation.sizes[symbol as usize] as f64).product()
    }

    /// The product of two terms of which `kept` remains.
    fn step(&self, [left, right]: [usize; 2], sets: [Set; 2], kept: Set) -> Step {
        let union = sets[0].union(sets[1]);
        let work = if union == kept { 1.0 } else { 2.0 };
        Step { left, right, flops: work * self.elements(union), elements: self.elements(kept), kept }
    }

    fn best(&self) -> Vec<Step> {
        let n = self.leaves.len();
        let all = (1usize << n) - 1;
        let mut union = vec![Set::default(); all + 1];
        for subset in 1..=all {
            let first = subset.trailing_zeros() as usize;
            union[subset] = union[subset & (subset - 1)].union(self.leaves[first]);
        }
        let kept: Vec<Set> = (0..=all).map(|s| union[s].common(self.output.union(union[all & !s]))).collect();
        let mut best = vec![Best { flops: 0.0, elements: 0.0, half: 0 }; all + 1];
        for subset in (1..=all).filter(|subset| !subset.is_power_of_two()) {
            let first = subset & subset.wrapping_neg();
            let rest = subset & !first;
            let mut found: Option<Best> = None;
            // Every part of the rest joins the first member, except all of it.
            let mut part = rest;
            while part > 0 {
                part = (part - 1) & rest;
                let half = part | first;
                let other = subset & !half;
                let step = self.step([0, 0], [kept[half], kept[other]], kept[subset]);
                let flops = step.flops + best[half].flops + best[other].flops;
                let elements = step.elements + best[half].elements + best[other].elements;
                if found.is_none_or(|b| (flops, elements) < (b.flops, b.elements)) {
                    found = Some(Best { flops, elements, half });
                }
            }
            // Costs that are not finite cannot be told apart; any order will do.
            best[subset] = found.expect("a subset of two or more has two parts");
        }
        let mut steps = Vec::with_capacity(n - 1);
        self.emit(all, &best, &kept, &mut steps);
        steps
    }

    /// Appends the products of a subset and gives the term that they end in.
    fn emit(&self, subset: usize, best: &[Best], kept: &[Set], steps: &mut Vec<Step>) -> usize {
        if subset.is_power_of_two() {
            return subset.trailing_zeros() as usize;
        }
        let half = best[subset].half;
        let other = subset & !half;
        let left = self.emit(half, best, kept, steps);
        let right = self.emit(other, best, kept, steps);
        steps.push(self.step([left, right], [kept[half], kept[other]], kept[subset]));
        self.leaves.len() + steps.len() - 1
    }

    fn greedy(&self) -> Vec<Step> {
        let mut terms: Vec<(usize, Set)> = self.leaves.iter().copied().enumerate().collect();
        let mut steps = Vec::with_capacity(terms.len() - 1);
        while terms.len() > 1 {
            let mut chosen: Option<Candidate> = None;
            // A symbol stays while the output or a third term has it.
            let mut once = Set::default();
            let mut twice = Set::default();
            let mut thrice = Set::default();
            for &(_, set) in &terms {
                thrice = thrice.union(twice.common(set));
                twice = twice.union(once.common(set));
                once = once.union(set);
            }
            for j in 1..terms.len() {
                for i in 0..j {
                    let (a, b) = (terms[i].1, terms[j].1);
                    let (union, common) = (a.union(b), a.common(b));
                    let elsewhere = common.common(thrice).union(union.without(common).common(twice));
                    let kept = union.common(self.output.union(elsewhere));
                    let step = self.step([terms[i].0, terms[j].0], [a, b], kept);
                    let growth = step.elements - self.elements(a) - self.elements(b);
                    // Outer products wait until nothing else is left.
                    let key = (common.is_empty(), growth, step.flops);
                    if chosen.is_none_or(|best| key < best.key) {
                        chosen = Some(Candidate { key, pair: (i, j), step });
                    }
                }
            }
            let Candidate { pair: (i, j), step, .. } = chosen.expect("two terms are a pair");
            terms.remove(j);
            terms[i] = (self.leaves.len() + steps.len(), step.kept);
            steps.push(step);
        }
        steps
    }
}

/// The order in which an equation is carried out, and what it costs. `Display` shows it line by line.
#[derive(Clone, Debug, PartialEq)]
pub struct EinsumPath {
    equation: Equation,
    plan: Plan,
}

impl EinsumPath {
    pub(super) fn new(equation: Equation, plan: Plan) -> EinsumPath {
        EinsumPath { equation, plan }
    }

    /// The terms of each product: an operand by its place, the result of step `k` as `operands + k`.
    pub fn order(&self) -> Vec<(usize, usize)> {
        self.plan.steps.iter().map(|step| (step.left, step.right)).collect()
    }

    /// Multiplications and additions of all products.
    pub fn flops(&self) -> f64 {
        self.plan.steps.iter().map(|step| step.flops).sum()
    }

    /// Multiplications and additions of a single loop over all symbols.
    pub fn naive_flops(&self) -> f64 {
        let all: f64 = self.equation.sizes.iter().map(|&size| size as f64).product();
        all * self.equation.operands.len() as f64
    }

    /// Elements of the largest intermediate result or output.
    pub fn largest(&self) -> f64 {
        let output = self.equation.shape().iter().map(|&size| size as f64).product();
        self.plan.steps.iter().map(|step| step.elements).fold(output, f64::max)
    }
}

impl fmt::Display for EinsumPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |set: Set| -> String { set.iter().map(|symbol| self.equation.name(symbol)).collect() };
        let mut sets = self.plan.leaves.clone();
        for (k, step) in self.plan.steps.iter().enumerate() {
            let (left, right) = (names(sets[step.left]), names(sets[step.right]));
            let terms = (step.left, step.right);
            let term = sets.len();
            writeln!(
                f,
                "{k}: {terms:?} -> {term}: {left},{right}->{} ({:.3e} flops, {:.3e} elements)",
                names(step.kept),
                step.flops,
                step.elements
            )?;
            sets.push(step.kept);
        }
        write!(f, "{:.3e} flops, {:.3e} in one loop over all axes", self.flops(), self.naive_flops())
    }
}
