//! One chain: warm-up, then draws.

use super::draws::{ChainDraws, Divergence, DrawStats};
use super::error::{Kind, SampleError};
use super::hamiltonian::Hamiltonian;
use super::metric::InverseMass;
use super::moments::Moments;
use super::nuts::Nuts;
use super::progress::{Bar, Status};
use super::step_size::{DualAveraging, reasonable};
use super::tree::{Transition, Tree};
use super::warmup::Schedule;
use crate::infer::LogDensity;
use pyroxene_kernels::random::{Stream, hash_name, mix};
use std::sync::atomic::{AtomicBool, Ordering};

/// The state of a chain.
pub(super) struct Chain<'a, D> {
    settings: &'a Nuts,
    number: usize,
    hamiltonian: Hamiltonian<D>,
    tree: Tree,
    step: f64,
    choices: Stream,
    momentum_key: u64,
    /// Momenta drawn so far: each has a key of its own.
    momenta: u64,
}

impl<'a, D: LogDensity> Chain<'a, D> {
    /// A chain at its initial position.
    pub(super) fn new(
        settings: &'a Nuts,
        density: D,
        initial: &[f64],
        seed: u64,
        number: usize,
    ) -> Result<Chain<'a, D>, SampleError> {
        let dim = density.dim();
        if initial.len() != dim {
            return Err(SampleError(Kind::InitialLength { chain: number, length: initial.len(), dim }));
        }
        let inverse_mass = InverseMass::identity(settings.metric, dim);
        let planted = settings.planted();
        let mut hamiltonian = Hamiltonian { density, inverse_mass, planted, steps: 0 };
        let mut tree = Tree::new(dim, settings.max_depth, planted);
        let start = tree.current_mut();
        hamiltonian.place(initial, start);
        if !start.log_density.is_finite() {
            return Err(SampleError(Kind::InitialDensity { chain: number, log_density: start.log_density }));
        }
        if let Some((coordinate, value)) = start.gradient.iter().enumerate().find(|(_, g)| !g.is_finite()) {
            return Err(SampleError(Kind::InitialGradient { chain: number, coordinate, value: *value }));
        }
        let key = mix(mix(seed, hash_name("nuts")), number as u64);
        Ok(Chain {
            settings,
            number,
            hamiltonian,
            tree,
            step: settings.initial_step.unwrap_or(1.0),
            choices: Stream::new(mix(key, hash_name("choices"))),
            momentum_key: mix(key, hash_name("momenta")),
            momenta: 0,
        })
    }

    /// Runs the chain to its end, or until `stop` is set.
    pub(super) fn run(mut self, stop: &AtomicBool, bar: &Bar) -> ChainDraws {
        let stopped = || stop.load(Ordering::Relaxed);
        let warmup_divergences = self.warm_up(stopped, bar);
        let warmup_leapfrogs = self.hamiltonian.steps;
        let dim = self.hamiltonian.density.dim();
        let mut positions = Vec::with_capacity(dim * self.settings.draws);
        let mut stats = Vec::with_capacity(self.settings.draws);
        let mut divergences = Vec::new();
        for draw in 0..self.settings.draws {
            if stopped() {
                break;
            }
            let done = self.transition();
            if let Some(energy_error) = done.divergence {
                divergences.push(Divergence { draw, position: self.tree.divergence_start().to_vec(), energy_error });
            }
            let state = self.tree.current();
            positions.extend_from_slice(&state.position);
            stats.push(DrawStats {
                log_density: state.log_density,
                energy: state.energy,
                depth: done.depth,
                leapfrogs: done.leapfrogs,
                divergent: done.divergence.is_some(),
                acceptance: done.acceptance,
                step_size: self.step,
            });
            bar.tick(|| Status {
                draw: self.settings.warmup + draw + 1,
                warming_up: false,
                divergences: divergences.len(),
                step_size: self.step,
                leapfrogs: done.leapfrogs,
            });
        }
        bar.finish(Status {
            draw: self.settings.warmup + stats.len(),
            warming_up: stats.is_empty(),
            divergences: divergences.len(),
            step_size: self.step,
            leapfrogs: stats.last().map_or(0, |row: &DrawStats| row.leapfrogs),
        });
        ChainDraws {
            chain: self.number,
            dim,
            positions,
            stats,
            divergences,
            inverse_metric: self.hamiltonian.inverse_mass.values().to_vec(),
            warmup_divergences,
            warmup_leapfrogs,
        }
    }

    /// Adapts step size and metric; returns how many transitions diverged.
    fn warm_up(&mut self, stopped: impl Fn() -> bool, bar: &Bar) -> usize {
        if self.settings.initial_step.is_none() {
            self.search_step();
        }
        let schedule = Schedule::new(self.settings.warmup);
        let mut moments = Moments::new(self.settings.metric, self.tree.current().position.len());
        let mut averaging = DualAveraging::new(self.step);
        let mut divergences = 0;
        for draw in 0..self.settings.warmup {
            if stopped() {
                break;
            }
            let done = self.transition();
            divergences += usize::from(done.divergence.is_some());
            self.step = averaging.update(self.settings.target_accept - done.acceptance);
            if schedule.in_window(draw) {
                moments.add(&self.tree.current().position);
            }
            if schedule.ends_window(draw) {
                self.hamiltonian.inverse_mass.set(&moments.regularised());
                moments.clear();
                self.search_step();
                averaging = DualAveraging::new(self.step);
            }
            bar.tick(|| Status {
                draw: draw + 1,
                warming_up: true,
                divergences,
                step_size: self.step,
                leapfrogs: done.leapfrogs,
            });
        }
        self.step = averaging.averaged().unwrap_or(self.step);
        divergences
    }

    fn transition(&mut self) -> Transition {
        let momentum = self.next_momentum();
        self.tree.transition(&mut self.hamiltonian, self.step, momentum, &mut self.choices)
    }

    fn search_step(&mut self) {
        self.step = reasonable(self.step, |step| {
            let momentum = self.next_momentum();
            self.tree.probe(&mut self.hamiltonian, step, momentum)
        });
    }

    fn next_momentum(&mut self) -> u64 {
        self.momenta += 1;
        mix(self.momentum_key, self.momenta)
    }
}
