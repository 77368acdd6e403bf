//! Ctrl-C ends a run early.
//!
//! A process has one handler for the signal, installed by the first run that wants it. It stops all runs that are under
//! way and have not been stopped yet; if there is none, the process ends with status 130, as shells report it. So a
//! second Ctrl-C does what users expect, and so does one after the runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

/// Flags of the runs under way.
static RUNS: Mutex<Vec<Arc<AtomicBool>>> = Mutex::new(Vec::new());

/// One run, for as long as it lives.
pub(super) struct Interruption {
    /// Chains stop when it is set.
    stop: Arc<AtomicBool>,
    /// Whether a chain failed, so that the others stop too.
    failed: AtomicBool,
}

impl Interruption {
    /// Registers a run; the first one installs the handler, unless the process already has one of its own.
    pub(super) fn begin(on_ctrl_c: bool) -> Interruption {
        static INSTALL: Once = Once::new();
        let stop = Arc::new(AtomicBool::new(false));
        if on_ctrl_c {
            runs().push(stop.clone());
            // An error says that there is a handler: it stays, and the run cannot be interrupted.
            INSTALL.call_once(|| drop(ctrlc::try_set_handler(on_signal)));
        }
        Interruption { stop, failed: AtomicBool::new(false) }
    }

    pub(super) fn flag(&self) -> &AtomicBool {
        &self.stop
    }

    /// Stops the chains because one failed.
    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    pub(super) fn is_set(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Drop for Interruption {
    fn drop(&mut self) {
        runs().retain(|run| !Arc::ptr_eq(run, &self.stop));
    }
}

fn on_signal() {
    if !stop_runs(&runs()) {
        std::process::exit(130);
    }
}

/// Stops all runs; false if none was left to stop.
fn stop_runs(runs: &[Arc<AtomicBool>]) -> bool {
    // Every flag must be set, so the count must not stop at the first.
    runs.iter().filter(|run| !run.swap(true, Ordering::Relaxed)).count() > 0
}

fn runs() -> std::sync::MutexGuard<'static, Vec<Arc<AtomicBool>>> {
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_stops_all_runs_and_the_second_finds_none() {
        let runs: Vec<Arc<AtomicBool>> = (0..3).map(|_| Arc::new(AtomicBool::new(false))).collect();
        assert!(stop_runs(&runs));
        assert!(runs.iter().all(|run| run.load(Ordering::Relaxed)));
        assert!(!stop_runs(&runs));
        assert!(!stop_runs(&[]));
    }

    #[test]
    fn runs_are_registered_while_they_last() {
        let registered = |run: &Interruption| runs().iter().any(|other| Arc::ptr_eq(other, &run.stop));
        let run = Interruption::begin(true);
        let unregistered = Interruption::begin(false);
        assert!(registered(&run) && !registered(&unregistered));
        let stop = run.stop.clone();
        drop(run);
        assert!(!runs().iter().any(|other| Arc::ptr_eq(other, &stop)));
    }
}
