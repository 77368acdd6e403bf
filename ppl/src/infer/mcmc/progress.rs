//! One bar a chain on standard error; nothing if that is not a terminal.

use super::nuts::Nuts;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::cell::Cell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// The least time between two updates of a bar.
const INTERVAL: Duration = Duration::from_millis(50);

/// What a bar shows.
pub(super) struct Status {
    /// Draws so far, warm-up included.
    pub(super) draw: usize,
    pub(super) warming_up: bool,
    pub(super) divergences: usize,
    pub(super) step_size: f64,
    /// Of the latest draw.
    pub(super) leapfrogs: u32,
}

/// The bars of a run.
pub(super) struct Bars {
    bars: Vec<Option<ProgressBar>>,
    _screen: Option<MultiProgress>,
}

impl Bars {
    pub(super) fn new(settings: &Nuts) -> Bars {
        if !settings.progress || !std::io::stderr().is_terminal() {
            return Bars { bars: vec![None; settings.chains], _screen: None };
        }
        let screen = MultiProgress::new();
        let style = ProgressStyle::with_template("{prefix} {bar:24} {pos:>5}/{len} {elapsed:>4} {msg}")
            .expect("the template is valid");
        let bars = (0..settings.chains)
            .map(|chain| {
                let bar = screen.add(ProgressBar::new((settings.warmup + settings.draws) as u64));
                bar.set_style(style.clone());
                bar.set_prefix(format!("chain {chain}"));
                Some(bar)
            })
            .collect();
        Bars { bars, _screen: Some(screen) }
    }

    /// The bar of one chain, to be used by the thread that runs it.
    pub(super) fn chain(&self, number: usize) -> Bar {
        Bar { bar: self.bars[number].clone(), updated: Cell::new(Instant::now()) }
    }
}

/// The bar of one chain.
pub(super) struct Bar {
    bar: Option<ProgressBar>,
    updated: Cell<Instant>,
}

impl Bar {
    /// Shows how far the chain is, if there is a bar and enough time has passed.
    pub(super) fn tick(&self, status: impl FnOnce() -> Status) {
        let Some(bar) = &self.bar else { return };
        if self.updated.get().elapsed() < INTERVAL {
            return;
        }
        self.updated.set(Instant::now());
        let status = status();
        bar.set_position(status.draw as u64);
        bar.set_message(message(&status));
    }

    /// Leaves the bar as the chain ended: full, or where it was interrupted.
    pub(super) fn finish(&self, status: Status) {
        if let Some(bar) = &self.bar {
            bar.set_position(status.draw as u64);
            bar.abandon_with_message(message(&status));
        }
    }
}

fn message(status: &Status) -> String {
    let phase = if status.warming_up { "warm-up " } else { "sampling" };
    format!(
        "{phase} | divergences {} | step size {:.3e} | leapfrogs {}",
        status.divergences, status.step_size, status.leapfrogs
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        let status = Status { draw: 7, warming_up: true, divergences: 2, step_size: 0.25, leapfrogs: 15 };
        assert_eq!(message(&status), "warm-up  | divergences 2 | step size 2.500e-1 | leapfrogs 15");
    }
}
