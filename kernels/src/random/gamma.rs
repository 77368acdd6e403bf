//! Gamma and beta draws.

use super::{BATCH, GRAIN, for_chunks, math, philox, turn::circle};

/// Gamma draws of unit rate as `product * exp(boost)`, where `boost` is 0 for a concentration of at least 1.
struct Draws {
    product: [f64; BATCH],
    boost: [f64; BATCH],
}

/// Draws with concentration `concentration[l]` from stream `stream(l)`: G. Marsaglia and W. W. Tsang, "A simple method
/// for generating gamma variables", ACM TOMS 26, 2000. Attempt t reads blocks 2t and 2t + 1, and all elements that are
/// still open make it together. Below 1, a draw of concentration a + 1 is multiplied by u^(1/a), kept as a logarithm.
fn draw(key: u64, concentration: &[f64], stream: impl Fn(usize) -> u64) -> Draws {
    let mut draws = Draws { product: [f64::NAN; BATCH], boost: [0.0; BATCH] };
    let mut open = [0; BATCH];
    let mut count = 0;
    for (index, &a) in concentration.iter().enumerate() {
        if a > 0.0 && a.is_finite() {
            open[count] = index;
            count += 1;
        }
    }
    let mut attempt = 0;
    while count > 0 {
        let [mut radius, mut angle] = [[0.5; BATCH]; 2];
        let [mut accept, mut boost] = [[0.5; BATCH]; 2];
        let streams: [u64; BATCH] = std::array::from_fn(|at| stream(open[at]));
        let (block, streams) = ([2 * attempt; BATCH], &streams[..count]);
        philox::units(key, &block[..count], streams, &mut radius[..count], &mut angle[..count]);
        let block = [2 * attempt + 1; BATCH];
        philox::units(key, &block[..count], streams, &mut accept[..count], &mut boost[..count]);
        math::ln(&mut radius[..count]);
        circle(&mut angle[..count], &mut [0.0; BATCH][..count]);
        math::ln(&mut accept[..count]);
        math::ln(&mut boost[..count]);
        let mut d = [0.0; BATCH];
        let mut t = [0.0; BATCH];
        for at in 0..count {
            let a = concentration[open[at]];
            d[at] = if a < 1.0 { a + 2.0 / 3.0 } else { a - 1.0 / 3.0 };
            t[at] = (-2.0 * radius[at]).sqrt() * angle[at] / (3.0 * d[at].sqrt());
        }
        let mut log = t;
        math::ln_1p(&mut log[..count]);
        let mut rejected = 0;
        for at in 0..count {
            let index = open[at];
            if t[at] > -1.0 && accept[at] < log_acceptance(d[at], t[at], log[at]) {
                let s = 1.0 + t[at];
                draws.product[index] = d[at] * (s * s * s);
                let a = concentration[index];
                draws.boost[index] = if a < 1.0 { boost[at] / a } else { 0.0 };
            } else {
                open[rejected] = index;
                rejected += 1;
            }
        }
        count = rejected;
        attempt += 1;
    }
    draws
}

/// The logarithm of the acceptance probability x^2 / 2 + d - d v + d ln v with v = (1 + t)^3 and t = x / sqrt(9 d),
/// written as d (3 ln(1 + t) - 3 t + 3 t^2 / 2 - t^3); `log` is ln(1 + t). For small t the leading terms cancel and
/// the Taylor series takes over, so that a huge concentration loses nothing.
fn log_acceptance(d: f64, t: f64, log: f64) -> f64 {
    if t.abs() < 0.03 {
        let mut series = 0.0;
        for power in (4..=13).rev() {
            let sign = if power % 2 == 0 { -3.0 } else { 3.0 };
            series = sign / f64::from(power) + t * series;
        }
        d * (t * t) * (t * t) * series
    } else {
        d * (3.0 * log - t * (3.0 - t * (1.5 - t)))
    }
}

pub(super) fn log_draws(key: u64, concentration: &[f64], stream: impl Fn(usize) -> u64) -> [f64; BATCH] {
    let Draws { mut product, boost } = draw(key, concentration, stream);
    math::ln(&mut product[..concentration.len()]);
    std::array::from_fn(|index| {
        (product[index] + boost[index]).max(if product[index].is_nan() { f64::NAN } else { f64::MIN })
    })
}

/// Gamma draws of rate 1: `out[i]` has concentration `concentration[i]`. A concentration that is not positive and
/// finite gives NaN. A draw too small for a normal number is the smallest positive one, so that draws stay in the support.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn gamma(key: u64, concentration: &[f64], out: &mut [f64]) {
    assert_eq!(concentration.len(), out.len(), "gamma: one concentration for each draw");
    for_chunks(out, GRAIN, |start, chunk| {
        for (batch, part) in chunk.chunks_mut(BATCH).enumerate() {
            let first = start + batch * BATCH;
            let shape = &concentration[first..first + part.len()];
            let mut draws = draw(key, shape, |index| (first + index) as u64);
            if shape.iter().any(|&a| a < 1.0) {
                let mut log = draws.product;
                math::ln(&mut log[..part.len()]);
                for (log, boost) in log.iter_mut().zip(&draws.boost) {
                    *log += boost;
                }
                math::exp(&mut log[..part.len()]);
                for index in 0..part.len() {
                    if draws.boost[index] != 0.0 {
                        draws.product[index] = log[index].max(f64::MIN_POSITIVE);
                    }
                }
            }
            part.copy_from_slice(&draws.product[..part.len()]);
        }
    });
}

/// Logarithms of gamma draws of rate 1, which stay apart where the draws themselves underflow (a concentration of
/// 0.001 has most of its mass below 1e-308). Same parameters and the same underlying draws as [`gamma`].
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn log_gamma(key: u64, concentration: &[f64], out: &mut [f64]) {
    assert_eq!(concentration.len(), out.len(), "log_gamma: one concentration for each draw");
    for_chunks(out, GRAIN, |start, chunk| {
        for (batch, part) in chunk.chunks_mut(BATCH).enumerate() {
            let first = start + batch * BATCH;
            let shape = &concentration[first..first + part.len()];
            part.copy_from_slice(&log_draws(key, shape, |index| (first + index) as u64)[..part.len()]);
        }
    });
}

/// Beta draws: `out[i]` has concentrations `a[i]` and `b[i]`, as the ratio of gamma draws in logarithms.
/// Parameters that are not positive and finite give NaN. Draws stay strictly between 0 and 1.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn beta(key: u64, a: &[f64], b: &[f64], out: &mut [f64]) {
    assert!(a.len() == out.len() && b.len() == out.len(), "beta: one pair of concentrations for each draw");
    for_chunks(out, GRAIN, |start, chunk| {
        for (batch, part) in chunk.chunks_mut(BATCH).enumerate() {
            let first = start + batch * BATCH;
            let range = first..first + part.len();
            let [mut shape_a, mut shape_b] = [[f64::NAN; BATCH]; 2];
            for (index, (&a, &b)) in a[range.clone()].iter().zip(&b[range]).enumerate() {
                // Two tiny concentrations make a coin of odds a : b, which a common factor leaves alone.
                let factor = if a < 1e-200 && b < 1e-200 { 1e100 } else { 1.0 };
                (shape_a[index], shape_b[index]) = (a * factor, b * factor);
            }
            let log_a = log_draws(key, &shape_a[..part.len()], |index| 2 * (first + index) as u64);
            let log_b = log_draws(key, &shape_b[..part.len()], |index| 2 * (first + index) as u64 + 1);
            let mut odds = [0.0; BATCH];
            for index in 0..part.len() {
                odds[index] = log_b[index] - log_a[index];
            }
            math::exp(&mut odds[..part.len()]);
            for (value, odds) in part.iter_mut().zip(&odds) {
                *value = (1.0 / (1.0 + odds)).clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0);
            }
        }
    });
}
