//! Draws from finite sets.

use super::{
    GRAIN, Stream, for_chunks, math,
    philox::{block, unit},
};
use std::collections::HashMap;

fn word(key: u64, index: usize) -> f64 {
    unit(block(key, index as u64 / 2, 0)[index % 2])
}

/// Category indices: `out[i]` is drawn from row i of the row-major `probs` of shape `[out.len(), k]`. A row need not
/// sum to 1; one with a negative, NaN or infinite entry, or without a positive one, gives NaN. A category of probability 0
/// is never drawn.
///
/// # Panics
/// If `probs` does not have `out.len() * k` elements.
#[track_caller]
pub fn categorical(key: u64, probs: &[f64], k: usize, out: &mut [f64]) {
    assert_eq!(probs.len(), out.len() * k, "categorical: probs has shape [draws, {k}]");
    for_chunks(out, (GRAIN / k.max(1)).max(16), |start, chunk| {
        for (row, value) in chunk.iter_mut().enumerate() {
            let index = start + row;
            *value = category(word(key, index), &probs[index * k..(index + 1) * k]);
        }
    });
}

fn category(u: f64, probs: &[f64]) -> f64 {
    let valid = probs.iter().all(|&p| p >= 0.0);
    let total: f64 = probs.iter().sum();
    if !(valid && total > 0.0 && total.is_finite()) {
        return f64::NAN;
    }
    let target = u * total;
    let mut sum = 0.0;
    let mut last = 0;
    for (index, &p) in probs.iter().enumerate() {
        sum += p;
        if p > 0.0 {
            last = index;
            if sum > target {
                break;
            }
        }
    }
    last as f64
}

/// Draws of 1.0 with probability `probs[i]`, else 0.0. A probability outside `[0, 1]` gives NaN.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn bernoulli(key: u64, probs: &[f64], out: &mut [f64]) {
    assert_eq!(probs.len(), out.len(), "bernoulli: one probability for each draw");
    super::uniform(key, out);
    for (value, &p) in out.iter_mut().zip(probs) {
        *value = if (0.0..=1.0).contains(&p) { f64::from(*value < p) } else { f64::NAN };
    }
}

/// Uniform whole numbers from `low` up to but not including `high`, each turned into an element by `convert`. Without bias:
/// D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29, 2019.
///
/// # Panics
/// If `low` is not below `high`.
#[track_caller]
pub fn integers<T: Send>(key: u64, low: i64, high: i64, out: &mut [T], convert: impl Fn(i64) -> T + Sync) {
    assert!(low < high, "integers: there is none from {low} up to {high}");
    let width = high.wrapping_sub(low) as u64;
    let excess = width.wrapping_neg() % width;
    for_chunks(out, GRAIN, |start, chunk| {
        for (index, value) in chunk.iter_mut().enumerate() {
            let index = start + index;
            let mut word = block(key, index as u64 / 2, 0)[index % 2];
            let mut attempt = 0;
            let offset = loop {
                let product = u128::from(word) * u128::from(width);
                if product as u64 >= excess {
                    break (product >> 64) as u64;
                }
                word = block(key, attempt, index as u64 + 1)[0];
                attempt += 1;
            };
            *value = convert(low.wrapping_add(offset as i64));
        }
    });
}

/// A sample of the positions of `weights` without replacement, in the order in which they are drawn, each time with
/// probabilities in proportion to the weights that are left. Fills `out` and gives true, or gives false if a weight is negative,
/// NaN or infinite, or if fewer than `out.len()` are positive. `race` and `order` are scratch of the weights' length.
///
/// Position i finishes a race at an exponential time of rate `weights[i]`: P. S. Efraimidis and P. G. Spirakis, "Weighted
/// random sampling with a reservoir", Information Processing Letters 97, 2006.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn weighted_choice(key: u64, weights: &[f64], race: &mut [f64], order: &mut [usize], out: &mut [usize]) -> bool {
    let n = weights.len();
    assert!(race.len() == n && order.len() == n, "weighted_choice: scratch has the weights' length");
    let positive = weights.iter().filter(|&&w| w > 0.0).count();
    if !weights.iter().all(|w| (0.0..f64::INFINITY).contains(w)) || positive < out.len() {
        return false;
    }
    super::exponential(key, race);
    // In logarithms: tiny and huge weights neither overflow nor tie.
    math::ln(race);
    for (index, (time, &weight)) in race.iter_mut().zip(weights).enumerate() {
        order[index] = index;
        *time = if weight > 0.0 { *time - math::ln_of(weight) } else { f64::INFINITY };
    }
    let by_time = |a: &usize, b: &usize| race[*a].total_cmp(&race[*b]).then(a.cmp(b));
    if out.len() < n {
        order.select_nth_unstable_by(out.len(), by_time);
    }
    order[..out.len()].sort_unstable_by(by_time);
    out.copy_from_slice(&order[..out.len()]);
    true
}

/// A uniform ordered sample of `0..n` without replacement; with `out.len() == n`, a permutation. The first draws do
/// not depend on how many follow.
///
/// The shuffle of R. A. Fisher and F. Yates from the front; a small sample of a large range keeps only the moved
/// positions.
///
/// # Panics
/// If `out` is longer than `n`.
#[track_caller]
pub fn choice(key: u64, n: usize, out: &mut [usize]) {
    assert!(out.len() <= n, "choice: {} draws without replacement from {n}", out.len());
    let mut stream = Stream::new(key);
    let mut target = |index: usize| index + stream.below((n - index) as u64) as usize;
    if out.len() < n / 8 {
        let mut moved: HashMap<usize, usize> = HashMap::with_capacity(out.len());
        for (index, value) in out.iter_mut().enumerate() {
            let other = target(index);
            let here = moved.get(&index).copied().unwrap_or(index);
            *value = moved.insert(other, here).unwrap_or(other);
            if other == index {
                *value = here;
            }
        }
    } else {
        let mut all: Vec<usize> = (0..n).collect();
        for (index, value) in out.iter_mut().enumerate() {
            all.swap(index, target(index));
            *value = all[index];
        }
    }
}
