//! Binomial and multinomial draws.

use super::{
    GRAIN, for_chunks, math,
    philox::{block, unit},
    saddle::log_binomial,
};

/// Below this mean, inversion; from it on, transformed rejection.
const INVERSION: f64 = 10.0;
/// From this mean on not every count is a double any more, and a rounded normal draw is as good.
const NORMAL: f64 = 4_503_599_627_370_496.0;

/// Binomial draws: `out[i]` counts the successes in `trials[i]` trials of probability `probs[i]`. A number of trials that is
/// negative, infinite or not whole, and a probability outside `[0, 1]`, give NaN.
///
/// The cost does not grow with the parameters: small means (of the rarer outcome) are inverted by summing probabilities; from
/// 10 on, the transformed rejection BTRS of W. Hörmann, "The generation of binomial random variates", Journal of
/// Statistical Computation and Simulation 46, 1993, with probabilities in Loader's saddle-point form. From a mean of 2^52 on,
/// where not every count is a double, a draw is a rounded normal one.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn binomial(key: u64, trials: &[f64], probs: &[f64], out: &mut [f64]) {
    let equal = trials.len() == out.len() && probs.len() == out.len();
    assert!(equal, "binomial: one number of trials and one probability for each draw");
    for_chunks(out, GRAIN, |start, chunk| {
        for (index, value) in chunk.iter_mut().enumerate() {
            let index = start + index;
            *value = draw(key, index as u64, trials[index], probs[index]);
        }
    });
}

/// Multinomial draws: row i of the row-major `out`, of shape `[trials.len(), k]`, counts how often each category was drawn in
/// `trials[i]` trials with the weights of row i of `probs`, which need not sum to 1. A number of trials that is negative,
/// infinite or not whole, and weights of which one is negative, NaN or infinite or none is positive, give a row of NaN.
///
/// Each category takes a binomial draw of what the ones before it left.
///
/// # Panics
/// If `probs` and `out` do not have `trials.len() * k` elements.
#[track_caller]
pub fn multinomial(key: u64, trials: &[f64], probs: &[f64], k: usize, out: &mut [f64]) {
    let equal = probs.len() == trials.len() * k && out.len() == probs.len();
    assert!(equal, "multinomial: probs and draws have shape [draws, {k}]");
    if k == 0 {
        return;
    }
    for_chunks(out, (GRAIN / k).max(1) * k, |start, chunk| {
        for (row, counts) in chunk.chunks_mut(k).enumerate() {
            let first = start + row * k;
            let weights = &probs[first..first + k];
            // The weight from each category on.
            let mut rest = 0.0;
            for (count, weight) in counts.iter_mut().zip(weights).rev() {
                rest += weight;
                *count = rest;
            }
            let valid = weights.iter().all(|&w| w >= 0.0) && rest > 0.0 && rest.is_finite();
            let mut left = if valid { trials[first / k] } else { f64::NAN };
            for (index, (count, weight)) in counts.iter_mut().zip(weights).enumerate() {
                // The last weight that is not zero is all of the rest, so nothing is left over.
                let p = if *weight == 0.0 { 0.0 } else { (weight / *count).min(1.0) };
                *count = draw(key, (first + index) as u64, left, p);
                left -= *count;
            }
        }
    });
}

fn draw(key: u64, stream: u64, n: f64, p: f64) -> f64 {
    if !(n >= 0.0 && n.is_finite() && n.fract() == 0.0 && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    // 1 - p is exact for p > 1/2.
    if p <= 0.5 { rare(key, stream, n, p) } else { n - rare(key, stream, n, 1.0 - p) }
}

/// For `p <= 1/2`.
fn rare(key: u64, stream: u64, n: f64, p: f64) -> f64 {
    let mean = n * p;
    if mean == 0.0 {
        0.0
    } else if mean < INVERSION {
        invert(unit(block(key, 0, stream)[0]), n, p)
    } else if mean < NORMAL {
        transformed_rejection(key, stream, n, p)
    } else {
        let [u, v] = block(key, 0, stream).map(unit);
        let draw = (mean * (1.0 - p)).sqrt().mul_add(math::normal_of(u, v), mean);
        draw.round_ties_even().clamp(0.0, n)
    }
}

/// The smallest k whose distribution function reaches `u`.
fn invert(u: f64, n: f64, p: f64) -> f64 {
    let odds = p / (1.0 - p);
    let mut probability = math::exp_of(n * math::ln_1p_of(-p));
    let (mut k, mut sum) = (0.0, probability);
    while u > sum && k < n {
        probability *= (n - k) / (k + 1.0) * odds;
        k += 1.0;
        let next = sum + probability;
        if next == sum && k > INVERSION {
            break;
        }
        sum = next;
    }
    k
}

fn transformed_rejection(key: u64, stream: u64, n: f64, p: f64) -> f64 {
    let q = 1.0 - p;
    let deviation = (n * p * q).sqrt();
    let b = 1.15 + 2.53 * deviation;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let centre = n * p + 0.5;
    let quick = 0.92 - 4.2 / b;
    let alpha = (2.83 + 5.1 / b) * deviation;
    let mut at_mode = None;
    let mut attempt = 0;
    loop {
        let [u, v] = block(key, attempt, stream).map(unit);
        attempt += 1;
        let u = u - 0.5;
        let edge = 0.5 - u.abs();
        let k = ((2.0 * a / edge + b) * u + centre).floor();
        if edge >= 0.07 && v <= quick {
            return k;
        }
        if !(0.0..=n).contains(&k) {
            continue;
        }
        let mode = *at_mode.get_or_insert_with(|| log_binomial(((n + 1.0) * p).floor(), n, p, q));
        if math::ln_of(v * alpha / (a / (edge * edge) + b)) <= log_binomial(k, n, p, q) - mode {
            return k;
        }
    }
}
