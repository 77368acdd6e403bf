//! The schedule of warm-up: a fast interval at each end that adapts the step size alone, and between them windows, each
//! twice as long as the one before, after each of which the metric is estimated anew from that window's draws
//! (Stan's scheme; Stan Development Team, "Stan Reference Manual", section on automatic parameter tuning).

/// Length of the fast interval at the start.
const START: usize = 75;
/// Length of the fast interval at the end.
const END: usize = 50;
/// Length of the first window.
const WINDOW: usize = 25;
/// Below this nothing but the step size adapts.
const SHORTEST: usize = 20;

/// Where the windows lie in a warm-up.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Schedule {
    first: usize,
    /// One past the last draw of each window.
    ends: Vec<usize>,
}

impl Schedule {
    /// The windows for a number of draws. Short warm-ups spend 15 % at the start and 10 % at the end.
    pub(super) fn new(draws: usize) -> Schedule {
        let (first, end, window) = if draws < SHORTEST {
            (draws, 0, 0)
        } else if draws < START + WINDOW + END {
            let (start, end) = (draws * 15 / 100, draws / 10);
            (start, end, draws - start - end)
        } else {
            (START, END, WINDOW)
        };
        let last = draws - end;
        let mut ends = Vec::new();
        let (mut start, mut length) = (first, window);
        while start < last {
            // A window that leaves less than the whole next one after it takes the rest as well.
            let end = if start + 3 * length > last { last } else { start + length };
            ends.push(end);
            start = end;
            length *= 2;
        }
        Schedule { first, ends }
    }

    /// Whether a draw is one that the metric is estimated from.
    pub(super) fn in_window(&self, draw: usize) -> bool {
        draw >= self.first && self.ends.last().is_some_and(|last| draw < *last)
    }

    /// Whether a draw is the last one of a window.
    pub(super) fn ends_window(&self, draw: usize) -> bool {
        self.ends.binary_search(&(draw + 1)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows() {
        let of = |draws| {
            let schedule = Schedule::new(draws);
            (schedule.first, schedule.ends)
        };
        assert_eq!(of(1000), (75, vec![100, 150, 250, 450, 950]));
        assert_eq!(of(500), (75, vec![100, 150, 250, 450]));
        assert_eq!(of(2000), (75, vec![100, 150, 250, 450, 850, 1950]));
        assert_eq!(of(150), (75, vec![100]));
        assert_eq!(of(160), (75, vec![110]));
        assert_eq!(of(100), (15, vec![90]));
        assert_eq!(of(20), (3, vec![18]));
        assert_eq!(of(19), (19, vec![]));
        assert_eq!(of(0), (0, vec![]));
    }

    #[test]
    fn every_window_has_draws_and_an_end() {
        for draws in 0..1200 {
            let schedule = Schedule::new(draws);
            let inside = (0..draws).filter(|i| schedule.in_window(*i)).count();
            let ends = (0..draws).filter(|i| schedule.ends_window(*i)).count();
            assert_eq!(ends, schedule.ends.len());
            assert_eq!(inside, schedule.ends.last().map_or(0, |last| last - schedule.first));
            assert!(schedule.ends.is_sorted() && schedule.ends.last().is_none_or(|last| *last < draws));
        }
    }
}
