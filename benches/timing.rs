//! How the benchmarks measure.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Nanoseconds of one call: the least of nine batches of at least 20 ms, after one to warm up. Others who share the machine
/// only add time, so the least is nearest to the truth.
pub(crate) fn nanoseconds<T>(mut call: impl FnMut() -> T) -> f64 {
    let mut batch = |calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| drop(black_box(call())));
        start.elapsed()
    };
    let mut calls = 1;
    while batch(calls) < Duration::from_millis(20) {
        calls *= 2;
    }
    (0..9).map(|_| batch(calls).as_secs_f64()).fold(f64::INFINITY, f64::min) * 1e9 / f64::from(calls)
}
