//! Dirichlet draws.

use super::{BATCH, GRAIN, for_chunks, gamma::log_draws, math};

/// Dirichlet draws: row i of the row-major `out` has the concentrations of row i of `concentration`, both of shape `[draws, k]`;
/// the softmax of the logarithms of gamma draws, so that tiny concentrations do not underflow. A row with a concentration
/// that is not positive and finite is NaN. Entries are positive: those too small for a normal number are the smallest one.
///
/// # Panics
/// If the lengths differ or are not multiples of `k`.
#[track_caller]
pub fn dirichlet(key: u64, concentration: &[f64], k: usize, out: &mut [f64]) {
    let rows = concentration.len() == out.len() && out.len().is_multiple_of(k);
    assert!(rows, "dirichlet: concentrations and draws have shape [draws, {k}]");
    if k == 0 {
        return;
    }
    for_chunks(out, (GRAIN / k).max(1) * k, |start, chunk| {
        let mut row = usize::MAX;
        let mut factor = 1.0;
        for (batch, part) in chunk.chunks_mut(BATCH).enumerate() {
            let first = start + batch * BATCH;
            let mut shape = [f64::NAN; BATCH];
            for (index, shape) in shape[..part.len()].iter_mut().enumerate() {
                let index = first + index;
                if index / k != row {
                    row = index / k;
                    // Concentrations that are all tiny choose one category by their proportions, which a common factor
                    // leaves alone.
                    let tiny = concentration[row * k..(row + 1) * k].iter().all(|&a| a < 1e-200);
                    factor = if tiny { 1e100 } else { 1.0 };
                }
                *shape = concentration[index] * factor;
            }
            let log = log_draws(key, &shape[..part.len()], |index| (first + index) as u64);
            part.copy_from_slice(&log[..part.len()]);
        }
        chunk.chunks_mut(k).for_each(softmax);
    });
}

fn softmax(row: &mut [f64]) {
    let highest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    row.iter_mut().for_each(|v| *v -= highest);
    math::exp(row);
    let sum: f64 = row.iter().sum();
    for value in row {
        *value /= sum;
        if *value < f64::MIN_POSITIVE {
            *value = f64::MIN_POSITIVE;
        }
    }
}
