//! CPU time of this thread: on a shared machine the time of others does not count.

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Instant;

/// Seconds that this thread has run since some moment; where the system does not tell, seconds that have passed.
pub(crate) fn seconds() -> f64 {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    // The count is brought up to date when the scheduler runs.
    std::thread::yield_now();
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = counted.and_then(|counts| counts.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| BEGIN.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

/// Seconds of one call, and what it gives.
pub(crate) fn timed<T>(call: impl FnOnce() -> T) -> (f64, T) {
    let begin = seconds();
    let result = call();
    (seconds() - begin, result)
}

/// Microseconds of one call: the least of nine batches of at least 20 ms, after one to warm up.
pub(crate) fn microseconds<T>(mut call: impl FnMut() -> T) -> f64 {
    let mut batch = |calls: u32| timed(|| (0..calls).for_each(|_| drop(black_box(call())))).0;
    let mut calls = 1;
    while batch(calls) < 0.02 {
        calls *= 2;
    }
    (0..9).map(|_| batch(calls)).fold(f64::INFINITY, f64::min) * 1e6 / f64::from(calls)
}
