//! The settings of the No-U-Turn sampler.

use super::error::{Kind, SampleError};
use super::fault::Planted;
use super::{Samples, run};
use crate::infer::{Compile, LogDensity};

/// The shape of the Euclidean metric that warm-up adapts to the posterior's covariance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metric {
    /// One variance a coordinate; right unless coordinates are strongly correlated.
    #[default]
    Diagonal,
    /// The whole covariance matrix: a step costs O(dim^2), and warm-up must see more draws than coordinates.
    Dense,
}

/// The No-U-Turn sampler: plain settings with defaults, and methods that change one at a time.
///
/// ```
/// use pyroxene::infer::{Metric, Nuts};
///
/// let nuts = Nuts::default().draws(500).metric(Metric::Dense);
/// assert_eq!(nuts, Nuts { draws: 500, metric: Metric::Dense, ..Nuts::default() });
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Nuts {
    /// Chains, each from its own initial position. 4 by default.
    pub chains: usize,
    /// Draws of each chain that adapt step size and metric and are not kept. 1000 by default; below 20 only the step
    /// size adapts, at 0 nothing does.
    pub warmup: usize,
    /// Draws of each chain that are kept. 1000 by default.
    pub draws: usize,
    /// The mean acceptance statistic that the step size aims at, in (0, 1). 0.8 by default; higher values take smaller
    /// steps, which cures divergences in mildly curved posteriors.
    pub target_accept: f64,
    /// The largest number of doublings of a trajectory, 1 to 30. 10 by default, that is at most 1023 leapfrog steps.
    pub max_depth: u32,
    /// The shape of the metric; [`Metric::Diagonal`] by default.
    pub metric: Metric,
    /// The step size to begin with. By default one is searched at the initial position. Without warm-up it stays.
    pub initial_step: Option<f64>,
    /// Threads that run chains; by default as many as there are chains and processors. No draw depends on it.
    pub threads: Option<usize>,
    /// Whether to show a bar for each chain on standard error, if that is a terminal. True by default.
    pub progress: bool,
    /// Whether Ctrl-C ends the run and returns the draws so far; a second one ends the process as usual. True by
    /// default. A handler for this signal that the process already has is left alone.
    pub interruptible: bool,
    /// Whether the model is compiled; [`Compile::Auto`] by default. Densities that are given directly have no use for it.
    pub compile: Compile,
    #[cfg(test)]
    pub(crate) planted: Planted,
}

impl Default for Nuts {
    fn default() -> Nuts {
        Nuts {
            chains: 4,
            warmup: 1000,
            draws: 1000,
            target_accept: 0.8,
            max_depth: 10,
            metric: Metric::Diagonal,
            initial_step: None,
            threads: None,
            progress: true,
            interruptible: true,
            compile: Compile::Auto,
            #[cfg(test)]
            planted: Planted::default(),
        }
    }
}

impl Nuts {
    /// Sets [`chains`](Self::chains).
    pub fn chains(self, chains: usize) -> Nuts {
        Nuts { chains, ..self }
    }

    /// Sets [`warmup`](Self::warmup).
    pub fn warmup(self, warmup: usize) -> Nuts {
        Nuts { warmup, ..self }
    }

    /// Sets [`draws`](Self::draws).
    pub fn draws(self, draws: usize) -> Nuts {
        Nuts { draws, ..self }
    }

    /// Sets [`target_accept`](Self::target_accept).
    pub fn target_accept(self, target_accept: f64) -> Nuts {
        Nuts { target_accept, ..self }
    }

    /// Sets [`max_depth`](Self::max_depth).
    pub fn max_depth(self, max_depth: u32) -> Nuts {
        Nuts { max_depth, ..self }
    }

    /// Sets [`metric`](Self::metric).
    pub fn metric(self, metric: Metric) -> Nuts {
        Nuts { metric, ..self }
    }

    /// Sets [`initial_step`](Self::initial_step).
    pub fn initial_step(self, step: f64) -> Nuts {
        Nuts { initial_step: Some(step), ..self }
    }

    /// Sets [`threads`](Self::threads).
    pub fn threads(self, threads: usize) -> Nuts {
        Nuts { threads: Some(threads), ..self }
    }

    /// Sets [`progress`](Self::progress).
    pub fn progress(self, progress: bool) -> Nuts {
        Nuts { progress, ..self }
    }

    /// Sets [`interruptible`](Self::interruptible).
    pub fn interruptible(self, interruptible: bool) -> Nuts {
        Nuts { interruptible, ..self }
    }

    /// Sets [`compile`](Self::compile).
    pub fn compile(self, compile: Compile) -> Nuts {
        Nuts { compile, ..self }
    }

    /// Samples a density that is given directly. `density(chain)` makes the density for one chain, on the thread that
    /// runs it; `initial` holds one position a chain.
    ///
    /// The draws are a function of the settings, the densities, the initial positions and `seed`, bit for bit.
    ///
    /// ```
    /// use pyroxene::infer::{LogDensity, Nuts};
    ///
    /// struct StandardNormal;
    /// impl LogDensity for StandardNormal {
    ///     fn dim(&self) -> usize {
    ///         1
    ///     }
    ///     fn evaluate(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
    ///         gradient[0] = -x[0];
    ///         -0.5 * x[0] * x[0]
    ///     }
    /// }
    ///
    /// let initial = vec![vec![0.5]; 4];
    /// let samples = Nuts::default().sample_density(|_chain| StandardNormal, &initial, 0)?;
    /// let row = samples.summary(0);
    /// assert!(row.mean.abs() < 5.0 * row.mcse_mean && row.r_hat < 1.01);
    /// # Ok::<(), pyroxene::infer::SampleError>(())
    /// ```
    ///
    /// # Errors
    /// If a setting is out of its range, an initial position has the wrong length or no finite log density and
    /// gradient, or the run is interrupted before the first draw.
    ///
    /// # Panics
    /// If the density panics; the other chains stop.
    pub fn sample_density<D: LogDensity>(
        &self,
        density: impl Fn(usize) -> D + Sync,
        initial: &[Vec<f64>],
        seed: u64,
    ) -> Result<Samples, SampleError> {
        run::sample_chains(self, density, initial, seed)
    }

    /// Rejects settings that mean nothing.
    pub(crate) fn validate(&self) -> Result<(), SampleError> {
        let rule = |holds: bool, name, value: &dyn std::fmt::Debug, rule| {
            if holds { Ok(()) } else { Err(SampleError(Kind::Setting { name, value: format!("{value:?}"), rule })) }
        };
        rule(self.chains > 0, "chains", &self.chains, "at least 1")?;
        rule(self.draws > 0, "draws", &self.draws, "at least 1")?;
        rule(
            self.target_accept > 0.0 && self.target_accept < 1.0,
            "target_accept",
            &self.target_accept,
            "strictly between 0 and 1",
        )?;
        rule((1..=30).contains(&self.max_depth), "max_depth", &self.max_depth, "between 1 and 30")?;
        let step = self.initial_step.unwrap_or(1.0);
        rule(step > 0.0 && step.is_finite(), "initial_step", &step, "positive and finite")?;
        rule(self.threads != Some(0), "threads", &0, "at least 1")
    }

    pub(super) fn planted(&self) -> Planted {
        #[cfg(test)]
        return self.planted;
        #[cfg(not(test))]
        return Planted::default();
    }
}
