//! Poisson draws.

use super::{
    BATCH, GRAIN, for_chunks, math,
    philox::{block, unit},
    saddle::log_poisson,
};

/// Below this rate, inversion; from it on, transformed rejection.
const INVERSION: f64 = 10.0;
/// From this rate on not every count is a double any more, and a rounded normal draw is as good.
const NORMAL: f64 = 4_503_599_627_370_496.0;

/// Poisson draws: `out[i]` has rate `rate[i]`. A rate of 0 gives 0; a rate that is negative, NaN or infinite gives NaN.
///
/// Small rates are inverted by summing probabilities; from 10 on, the transformed rejection PTRS of W. Hörmann,
/// "The transformed rejection method for generating Poisson random variables", Insurance: Mathematics and Economics
/// 12, 1993, with probabilities in Loader's saddle-point form so that it stays exact for huge rates.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn poisson(key: u64, rate: &[f64], out: &mut [f64]) {
    assert_eq!(rate.len(), out.len(), "poisson: one rate for each draw");
    for_chunks(out, GRAIN, |start, chunk| {
        for (batch, part) in chunk.chunks_mut(BATCH).enumerate() {
            let first = start + batch * BATCH;
            let rate = &rate[first..first + part.len()];
            let mut zero = [0.0; BATCH];
            for (zero, rate) in zero.iter_mut().zip(rate) {
                *zero = -rate;
            }
            math::exp(&mut zero[..part.len()]);
            for (index, value) in part.iter_mut().enumerate() {
                let (rate, stream) = (rate[index], (first + index) as u64);
                *value = if !(rate >= 0.0 && rate.is_finite()) {
                    f64::NAN
                } else if rate < INVERSION {
                    invert(unit(block(key, 0, stream)[0]), rate, zero[index])
                } else if rate < NORMAL {
                    transformed_rejection(key, stream, rate)
                } else {
                    let [u, v] = block(key, 0, stream).map(unit);
                    rate.sqrt().mul_add(math::normal_of(u, v), rate).round_ties_even()
                };
            }
        }
    });
}

/// The smallest k whose distribution function reaches `u`; `zero` is the probability of 0.
fn invert(u: f64, rate: f64, zero: f64) -> f64 {
    let (mut k, mut probability, mut sum) = (0.0, zero, zero);
    while u > sum {
        k += 1.0;
        probability *= rate / k;
        let next = sum + probability;
        if next == sum && k > rate {
            break;
        }
        sum = next;
    }
    k
}

fn transformed_rejection(key: u64, stream: u64, rate: f64) -> f64 {
    let b = 0.931 + 2.53 * rate.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let quick = 0.9277 - 3.6224 / (b - 2.0);
    let mut attempt = 0;
    loop {
        let [u, v] = block(key, attempt, stream).map(unit);
        attempt += 1;
        let u = u - 0.5;
        let edge = 0.5 - u.abs();
        let k = ((2.0 * a / edge + b) * u + (rate + 0.43)).floor();
        if edge >= 0.07 && v <= quick {
            return k;
        }
        if k < 0.0 || (edge < 0.013 && v > edge) {
            continue;
        }
        if math::ln_of(v * inverse_alpha / (a / (edge * edge) + b)) <= log_poisson(k, rate) {
            return k;
        }
    }
}
