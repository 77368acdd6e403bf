//! Chains on threads.

use super::chain::Chain;
use super::draws::{ChainDraws, Samples};
use super::error::{Kind, SampleError};
use super::interrupt::Interruption;
use super::nuts::Nuts;
use super::progress::Bars;
use crate::infer::LogDensity;
use pyroxene_tensor::warning::Channel;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    settings.validate()?;
    if initial.len() != settings.chains {
        return Err(SampleError(Kind::InitialCount { chains: settings.chains, positions: initial.len() }));
    }
    let bars = Bars::new(settings);
    let results: Mutex<Vec<Option<Result<ChainDraws, SampleError>>>> = Mutex::new(vec![None; settings.chains]);
    let panicked = Mutex::new(None);
    let next = AtomicUsize::new(0);
    // Chains are taken in order by whichever thread is free.
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= settings.chains || interruption.failed() {
                return;
            }
            let run = || {
                let chain = Chain::new(settings, density(number), &initial[number], seed, number)?;
                Ok(chain.run(interruption.flag(), &bars.chain(number)))
            };
            match catch_unwind(AssertUnwindSafe(run)) {
                Ok(result) => {
                    if result.is_err() {
                        interruption.fail();
                    }
                    results.lock().expect("no thread panics with the lock")[number] = Some(result);
                }
                Err(payload) => {
                    interruption.fail();
                    panicked.lock().expect("no thread panics with the lock").get_or_insert(payload);
                }
            }
        }
    };
    let threads = settings.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get));
    let warnings = Channel::current();
    std::thread::scope(|scope| {
        for _ in 1..threads.min(settings.chains) {
            scope.spawn(|| warnings.within(work));
        }
        work();
    });
    if let Some(payload) = panicked.into_inner().expect("no thread panics with the lock") {
        resume_unwind(payload);
    }
    let results = results.into_inner().expect("no thread panics with the lock");
    let chains: Vec<ChainDraws> = results.into_iter().flatten().collect::<Result<_, _>>()?;
    Samples::rectangle(chains, interruption.is_set()).ok_or(SampleError(Kind::Interrupted))
}
