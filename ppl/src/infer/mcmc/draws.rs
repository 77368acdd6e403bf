//! What a run of the sampler returns.

use crate::infer::Summary;

/// Facts about one transition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawStats {
    /// Log density of the draw.
    pub log_density: f64,
    /// Hamiltonian of the draw with the momentum it was reached by.
    pub energy: f64,
    /// Completed doublings of the trajectory.
    pub depth: u32,
    /// Leapfrog steps, each one evaluation of the density.
    pub leapfrogs: u32,
    /// Whether the trajectory ended where the energy was off by more than 1000 or could not be computed.
    pub divergent: bool,
    /// Mean over the steps of `min(1, exp(-error of the energy))`.
    pub acceptance: f64,
    /// Step size.
    pub step_size: f64,
}

/// A trajectory that left the region where the step size resolves the density.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// The draw whose trajectory diverged.
    pub draw: usize,
    /// The last position before the step that failed.
    pub position: Vec<f64>,
    /// By how much that step changed the energy since the start of the trajectory; infinite if it could not be computed.
    pub energy_error: f64,
}

/// The draws of one chain after warm-up.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainDraws {
    /// The number of the chain, by which its random numbers were made.
    pub chain: usize,
    /// Coordinates of a position.
    pub dim: usize,
    /// All positions, one after the other.
    pub positions: Vec<f64>,
    /// One row a draw.
    pub stats: Vec<DrawStats>,
    /// The divergent transitions among the draws.
    pub divergences: Vec<Divergence>,
    /// The adapted inverse metric: `dim` variances, or a row-major covariance matrix.
    pub inverse_metric: Vec<f64>,
    /// Divergent transitions during warm-up.
    pub warmup_divergences: usize,
    /// Leapfrog steps during warm-up, with those that searched a step size.
    pub warmup_leapfrogs: u64,
}

impl ChainDraws {
    /// Number of draws.
    pub fn draws(&self) -> usize {
        self.stats.len()
    }

    /// The position of one draw.
    ///
    /// # Panics
    /// If there is no such draw.
    #[track_caller]
    pub fn position(&self, draw: usize) -> &[f64] {
        assert!(draw < self.draws(), "position: draw {draw} of {}", self.draws());
        &self.positions[draw * self.dim..(draw + 1) * self.dim]
    }

    /// One coordinate of all draws.
    ///
    /// # Panics
    /// If there is no such coordinate.
    #[track_caller]
    pub fn coordinate(&self, index: usize) -> Vec<f64> {
        assert!(index < self.dim, "coordinate: {index} of {}", self.dim);
        self.positions.iter().skip(index).step_by(self.dim).copied().collect()
    }

    /// The energies of all draws, for [`e_bfmi`](crate::infer::diagnostics::e_bfmi).
    pub fn energies(&self) -> Vec<f64> {
        self.stats.iter().map(|row| row.energy).collect()
    }

    pub(super) fn truncate(&mut self, draws: usize) {
        self.stats.truncate(draws);
        self.positions.truncate(draws * self.dim);
        self.divergences.retain(|divergence| divergence.draw < draws);
    }
}

/// The draws of all chains: as many in each, in the order of their numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// The chains.
    pub chains: Vec<ChainDraws>,
    /// Whether the run was interrupted. Then the chains are cut to equal length, and those that got less far than the
    /// rest may be missing: what stays is the choice with the most draws in all.
    pub interrupted: bool,
}

impl Samples {
    /// Describes one coordinate over all chains.
    ///
    /// # Panics
    /// If there is no such coordinate.
    #[track_caller]
    pub fn summary(&self, coordinate: usize) -> Summary {
        let columns: Vec<Vec<f64>> = self.chains.iter().map(|chain| chain.coordinate(coordinate)).collect();
        Summary::of(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// Number of divergent transitions after warm-up.
    pub fn divergences(&self) -> usize {
        self.chains.iter().map(|chain| chain.divergences.len()).sum()
    }

    /// Chains of equal length out of ragged ones: the `k` longest, cut to the shortest of them, for the `k` that keeps
    /// the most draws. None if there is no draw.
    pub(super) fn rectangle(mut chains: Vec<ChainDraws>, interrupted: bool) -> Option<Samples> {
        let mut lengths: Vec<usize> = chains.iter().map(ChainDraws::draws).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        let draws = (1..=lengths.len()).map(|k| (k * lengths[k - 1], k)).max().map(|(_, k)| lengths[k - 1])?;
        if draws == 0 {
            return None;
        }
        chains.retain(|chain| chain.draws() >= draws);
        chains.iter_mut().for_each(|chain| chain.truncate(draws));
        Some(Samples { chains, interrupted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(number: usize, draws: usize) -> ChainDraws {
        let row = DrawStats {
            log_density: 0.0,
            energy: 0.0,
            depth: 1,
            leapfrogs: 1,
            divergent: true,
            acceptance: 1.0,
            step_size: 1.0,
        };
        let divergence = |draw| Divergence { draw, position: vec![0.0; 2], energy_error: 2e3 };
        ChainDraws {
            chain: number,
            dim: 2,
            positions: (0..2 * draws).map(|i| i as f64).collect(),
            stats: vec![row; draws],
            divergences: (0..draws).map(divergence).collect(),
            inverse_metric: vec![1.0; 2],
            warmup_divergences: 0,
            warmup_leapfrogs: 0,
        }
    }

    #[test]
    fn ragged_chains_become_the_largest_rectangle() {
        let of = |lengths: &[usize]| {
            let chains = lengths.iter().enumerate().map(|(number, draws)| chain(number, *draws)).collect();
            Samples::rectangle(chains, true).map(|samples| {
                let numbers: Vec<usize> = samples.chains.iter().map(|chain| chain.chain).collect();
                assert!(samples.chains.iter().all(
                    |chain| chain.positions.len() == 2 * chain.draws() && chain.divergences.len() == chain.draws()
                ));
                (numbers, samples.chains[0].draws())
            })
        };
        assert_eq!(of(&[100, 90, 3, 0]), Some((vec![0, 1], 90)));
        assert_eq!(of(&[7, 7, 7]), Some((vec![0, 1, 2], 7)));
        assert_eq!(of(&[1, 50, 20]), Some((vec![1], 50)));
        assert_eq!(of(&[0, 0]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn positions_and_coordinates() {
        let chain = chain(0, 3);
        assert_eq!(chain.position(1), [2.0, 3.0]);
        assert_eq!(chain.coordinate(1), [1.0, 3.0, 5.0]);
    }
}
