//! Poisson draws.

use super::{
    BATCH, GRAIN, for_chunks, math,
    philox::{block, unit},
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
        if math::ln_of(v * inverse_alpha / (a / (edge * edge) + b)) <= log_probability(k, rate) {
            return k;
        }
    }
}

/// ln(rate^k e^-rate / k!) without cancellation: C. Loader, "Fast and accurate computation of binomial
/// probabilities", 2000.
fn log_probability(k: f64, rate: f64) -> f64 {
    if k == 0.0 {
        return -rate;
    }
    -deviance(k, rate) - stirling_error(k) - 0.5 * math::ln_of(std::f64::consts::TAU * k)
}

/// k ln(k / rate) + rate - k.
fn deviance(k: f64, rate: f64) -> f64 {
    let difference = k - rate;
    let v = difference / (k + rate);
    if v.abs() >= 0.1 {
        return k * math::ln_of(k / rate) - difference;
    }
    // ln(k / rate) = 2 artanh v, and 2 k v - (k - rate) = (k - rate) v.
    let (mut sum, mut power, mut odd) = (difference * v, 2.0 * k * v, 1.0);
    loop {
        power *= v * v;
        odd += 2.0;
        let next = sum + power / odd;
        if next == sum {
            return sum;
        }
        sum = next;
    }
}

/// ln k! - ln(sqrt(2 pi k) (k / e)^k), by recurrence from the first term where four terms of the series are enough.
fn stirling_error(k: f64) -> f64 {
    if k < 16.0 {
        // error(k) = error(k + 1) + (k + 1/2) ln(1 + 1/k) - 1, with ln(1 + 1/k) = 2 artanh(1 / (2k + 1)).
        let z = 1.0 / (2.0 * k + 1.0);
        let (mut sum, mut power, mut odd) = (0.0, 1.0, 1.0);
        loop {
            power *= z * z;
            odd += 2.0;
            let next = sum + power / odd;
            if next == sum {
                return sum + stirling_error(k + 1.0);
            }
            sum = next;
        }
    }
    let r = 1.0 / k;
    let s = r * r;
    r * (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s * (1.0 / 1680.0 - s / 1188.0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_probabilities() {
        for rate in [0.5, 10.0, 31.7, 400.0] {
            let mut log_factorial = 0.0_f64;
            for k in 0..1000 {
                let k = f64::from(k);
                if k > 0.0 {
                    log_factorial += k.ln();
                }
                let expected = k * f64::ln(rate) - rate - log_factorial;
                let got = log_probability(k, rate);
                assert!((got - expected).abs() <= 1e-12 * (1.0 + log_factorial), "{k} {rate}: {got} {expected}");
            }
        }
    }

    #[test]
    fn stirling_errors() {
        // ln 1! - ln(sqrt(2 pi) / e) = 1 - ln(2 pi) / 2.
        let expected = 1.0 - 0.5 * std::f64::consts::TAU.ln();
        assert!((stirling_error(1.0) - expected).abs() < 1e-15);
    }
}
