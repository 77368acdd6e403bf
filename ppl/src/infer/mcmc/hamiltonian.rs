//! The Hamiltonian, its leapfrog integrator, and the pool of states that a trajectory is made of.

use super::fault::{Fault, Planted};
use super::metric::InverseMass;
use crate::infer::LogDensity;
use pyroxene_kernels::integrator::{add_scaled, dot, drift, kick};
use pyroxene_kernels::random;

/// A point of phase space with all that is known there.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) position: Box<[f64]>,
    pub(super) momentum: Box<[f64]>,
    /// The inverse metric times the momentum.
    pub(super) velocity: Box<[f64]>,
    pub(super) gradient: Box<[f64]>,
    pub(super) log_density: f64,
    /// The Hamiltonian; infinite where it cannot be computed.
    pub(super) energy: f64,
}

impl State {
    fn new(dim: usize) -> State {
        let zeros = || vec![0.0; dim].into_boxed_slice();
        State {
            position: zeros(),
            momentum: zeros(),
            velocity: zeros(),
            gradient: zeros(),
            log_density: 0.0,
            energy: 0.0,
        }
    }
}

/// States by index, counted and reused: after the first few trajectories nothing is allocated.
#[derive(Debug)]
pub(super) struct Pool {
    dim: usize,
    states: Vec<State>,
    holders: Vec<u32>,
    free: Vec<usize>,
}

impl Pool {
    pub(super) fn new(dim: usize) -> Pool {
        Pool { dim, states: Vec::new(), holders: Vec::new(), free: Vec::new() }
    }

    /// A state with one holder; its contents are those of an earlier use.
    pub(super) fn take(&mut self) -> usize {
        let index = self.free.pop().unwrap_or_else(|| {
            self.states.push(State::new(self.dim));
            self.holders.push(0);
            // Room for all states, so that a release never allocates.
            self.free.reserve(self.states.len());
            self.states.len() - 1
        });
        self.holders[index] = 1;
        index
    }

    pub(super) fn hold(&mut self, index: usize) {
        self.holders[index] += 1;
    }

    pub(super) fn release(&mut self, index: usize) {
        self.holders[index] -= 1;
        if self.holders[index] == 0 {
            self.free.push(index);
        }
    }

    pub(super) fn get(&self, index: usize) -> &State {
        &self.states[index]
    }

    pub(super) fn get_mut(&mut self, index: usize) -> &mut State {
        &mut self.states[index]
    }

    /// Two different states, the second one to be written.
    pub(super) fn pair(&mut self, from: usize, to: usize) -> (&State, &mut State) {
        let [from, to] = self.states.get_disjoint_mut([from, to]).expect("two different states of the pool");
        (from, to)
    }

    /// States that someone holds.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.states.len() - self.free.len()
    }
}

/// `-log density + p . M^-1 p / 2`
#[derive(Debug)]
pub(super) struct Hamiltonian<D> {
    pub(super) density: D,
    pub(super) inverse_mass: InverseMass,
    pub(super) planted: Planted,
    /// Leapfrog steps so far.
    pub(super) steps: u64,
}

impl<D: LogDensity> Hamiltonian<D> {
    /// Evaluates the density at a position.
    pub(super) fn place(&mut self, position: &[f64], state: &mut State) {
        state.position.copy_from_slice(position);
        state.log_density = self.density.evaluate(position, &mut state.gradient);
    }

    /// Draws a new momentum; `key` names it.
    pub(super) fn refresh(&self, state: &mut State, key: u64) {
        random::normal(key, &mut state.momentum);
        self.inverse_mass.momentum(&mut state.momentum, self.planted);
        self.inverse_mass.velocity(&state.momentum, &mut state.velocity);
        set_energy(state, dot(&state.momentum, &state.velocity));
    }

    /// One leapfrog step (velocity Verlet) from one state to another; a negative step goes back in time.
    pub(super) fn leapfrog(&mut self, from: &State, to: &mut State, step: f64) {
        let half = 0.5 * step;
        let second_half = if self.planted.has(Fault::MomentumSign) { -half } else { half };
        self.steps += 1;
        let kinetic = match &self.inverse_mass {
            InverseMass::Diagonal { variance, .. } => {
                drift(
                    (&mut to.momentum, &mut to.position),
                    (&from.momentum, &from.position),
                    (half, &from.gradient),
                    (step, variance),
                );
                to.log_density = self.density.evaluate(&to.position, &mut to.gradient);
                kick(&mut to.momentum, second_half, &to.gradient, variance, &mut to.velocity)
            }
            dense @ InverseMass::Dense { .. } => {
                add_scaled(&mut to.momentum, &from.momentum, half, &from.gradient);
                dense.velocity(&to.momentum, &mut to.velocity);
                add_scaled(&mut to.position, &from.position, step, &to.velocity);
                to.log_density = self.density.evaluate(&to.position, &mut to.gradient);
                for (p, g) in to.momentum.iter_mut().zip(&to.gradient) {
                    *p += second_half * g;
                }
                dense.velocity(&to.momentum, &mut to.velocity);
                dot(&to.momentum, &to.velocity)
            }
        };
        set_energy(to, kinetic);
    }
}

fn set_energy(state: &mut State, twice_kinetic: f64) {
    let energy = 0.5 * twice_kinetic - state.log_density;
    state.energy = if energy.is_finite() { energy } else { f64::INFINITY };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::test_data::{cases, close, numbers};

    /// `-(z . A z / 2 + b . z)`
    struct Quadratic {
        a: Vec<f64>,
        b: Vec<f64>,
    }

    impl LogDensity for Quadratic {
        fn dim(&self) -> usize {
            self.b.len()
        }
        fn evaluate(&mut self, z: &[f64], gradient: &mut [f64]) -> f64 {
            let mut value = 0.0;
            for (i, row) in self.a.chunks(z.len()).enumerate() {
                let az = dot(row, z);
                gradient[i] = -az - self.b[i];
                value -= z[i] * (0.5 * az + self.b[i]);
            }
            value
        }
    }

    #[test]
    fn leapfrogs_agree_with_reference_values_and_go_back() {
        for case in cases(include_str!("../../../tests/data/stats.json")) {
            if case["fn"] != "velocity_verlet" {
                continue;
            }
            let input = |name: &str| numbers(&case["inputs"][name]["data"]);
            let dim = input("z").len();
            let values = input("inverse_mass_matrix");
            let inverse_mass = if values.len() == dim {
                InverseMass::Diagonal { variance: values, scale: vec![] }
            } else {
                InverseMass::Dense { covariance: values, factor: vec![] }
            };
            let density = Quadratic { a: input("A"), b: input("b") };
            let mut hamiltonian = Hamiltonian { density, inverse_mass, planted: Planted::default(), steps: 0 };
            let (mut old, mut new) = (State::new(dim), State::new(dim));
            hamiltonian.place(&input("z"), &mut old);
            old.momentum.copy_from_slice(&input("r"));
            let step = case["attrs"]["step_size"].as_f64().unwrap();
            let count = case["attrs"]["num_steps"].as_u64().unwrap();
            for _ in 0..count {
                hamiltonian.leapfrog(&old, &mut new, step);
                std::mem::swap(&mut old, &mut new);
            }
            let outputs: Vec<Vec<f64>> =
                case["outputs"].as_array().unwrap().iter().map(|o| numbers(&o["data"])).collect();
            for i in 0..dim {
                close(old.position[i], outputs[0][i], 1e-12, "position");
                close(old.momentum[i], outputs[1][i], 1e-12, "momentum");
                close(-old.gradient[i], outputs[2][i], 1e-12, "gradient");
            }
            close(-old.log_density, outputs[3][0], 1e-12, "potential");
            for _ in 0..count {
                hamiltonian.leapfrog(&old, &mut new, -step);
                std::mem::swap(&mut old, &mut new);
            }
            for (position, start) in old.position.iter().zip(input("z")) {
                close(*position, start, 1e-12, "back at the start");
            }
        }
    }

    #[test]
    fn the_pool_reuses_released_states() {
        let mut pool = Pool::new(1);
        let (a, b) = (pool.take(), pool.take());
        pool.hold(a);
        pool.release(a);
        pool.release(b);
        assert_eq!((pool.held(), pool.take()), (1, b));
        pool.release(a);
        assert_eq!((pool.take(), pool.held()), (a, 2));
    }
}
