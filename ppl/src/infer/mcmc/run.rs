//! Chains on threads.

use super::chain::Chain;
use super::draws::{ChainDraws, Samples};
use super::error::{Kind, SampleError};
use super::interrupt::Interruption;
use super::nuts::Nuts;
use super::progress::Bars;
use crate::infer::LogDensity;
use pyroxene_tensor::warning::Channel;
use std::any::Any;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// [`sample_chains`] on this thread alone, for a density that belongs to it.
pub(crate) fn sample_chains_here<D: LogDensity>(
    settings: &Nuts,
    density: impl Fn(usize) -> D,
    initial: &[Vec<f64>],
    seed: u64,
) -> Result<Samples, SampleError> {
    let interruption = Interruption::begin(settings.interruptible);
    let work = Work::new(settings, density, initial, seed, &interruption)?;
    work.take();
    work.finish()
}

/// Runs all chains; see [`Nuts::sample_density`].
pub(crate) fn sample_chains<D: LogDensity>(
    settings: &Nuts,
    density: impl Fn(usize) -> D + Sync,
    initial: &[Vec<f64>],
    seed: u64,
) -> Result<Samples, SampleError> {
    let interruption = Interruption::begin(settings.interruptible);
    sample_until(settings, density, initial, seed, &interruption)
}

pub(super) fn sample_until<D: LogDensity>(
    settings: &Nuts,
    density: impl Fn(usize) -> D + Sync,
    initial: &[Vec<f64>],
    seed: u64,
    interruption: &Interruption,
) -> Result<Samples, SampleError> {
    let work = Work::new(settings, density, initial, seed, interruption)?;
    let threads = settings.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get));
    let warnings = Channel::current();
    std::thread::scope(|scope| {
        for _ in 1..threads.min(settings.chains) {
            scope.spawn(|| warnings.within(|| work.take()));
        }
        work.take();
    });
    work.finish()
}

/// The chains of a run, taken in order by whichever thread is free.
struct Work<'a, F> {
    settings: &'a Nuts,
    density: F,
    initial: &'a [Vec<f64>],
    seed: u64,
    interruption: &'a Interruption,
    bars: Bars,
    results: Mutex<Vec<Option<Result<ChainDraws, SampleError>>>>,
    panicked: Mutex<Option<Box<dyn Any + Send>>>,
    next: AtomicUsize,
}

impl<'a, D: LogDensity, F: Fn(usize) -> D> Work<'a, F> {
    fn new(
        settings: &'a Nuts,
        density: F,
        initial: &'a [Vec<f64>],
        seed: u64,
        interruption: &'a Interruption,
    ) -> Result<Work<'a, F>, SampleError> {
        settings.validate()?;
        if initial.len() != settings.chains {
            return Err(SampleError(Kind::InitialCount { chains: settings.chains, positions: initial.len() }));
        }
        let bars = Bars::new(settings);
        let results = Mutex::new(vec![None; settings.chains]);
        let (panicked, next) = (Mutex::new(None), AtomicUsize::new(0));
        Ok(Work { settings, density, initial, seed, interruption, bars, results, panicked, next })
    }

    /// Runs chains until none is left.
    fn take(&self) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.settings.chains || self.interruption.failed() {
                return;
            }
            let run = || {
                let density = (self.density)(number);
                let chain = Chain::new(self.settings, density, &self.initial[number], self.seed, number)?;
                Ok(chain.run(self.interruption.flag(), &self.bars.chain(number)))
            };
            match catch_unwind(AssertUnwindSafe(run)) {
                Ok(result) => {
                    if result.is_err() {
                        self.interruption.fail();
                    }
                    self.results.lock().expect("no thread panics with the lock")[number] = Some(result);
                }
                Err(payload) => {
                    self.interruption.fail();
                    self.panicked.lock().expect("no thread panics with the lock").get_or_insert(payload);
                }
            }
        }
    }

    fn finish(self) -> Result<Samples, SampleError> {
        if let Some(payload) = self.panicked.into_inner().expect("no thread panics with the lock") {
            resume_unwind(payload);
        }
        let results = self.results.into_inner().expect("no thread panics with the lock");
        let chains: Vec<ChainDraws> = results.into_iter().flatten().collect::<Result<_, _>>()?;
        Samples::rectangle(chains, self.interruption.is_set()).ok_or(SampleError(Kind::Interrupted))
    }
}
