//! Fills with the draws that need no rejection.

use super::{for_chunks, math, philox, turn::circle};

/// Blocks a step; each gives two elements.
const STEP: usize = 128;
const GRAIN: usize = 32 * 1024;

/// Fills `out` from pairs: `pairs` turns the uniforms of some blocks, two slices of the same length, into the elements 2j and
/// 2j + 1.
fn fill(key: u64, out: &mut [f64], pairs: impl Fn(&mut [f64], &mut [f64]) + Sync) {
    for_chunks(out, GRAIN, |start, chunk| {
        for (step, part) in chunk.chunks_mut(2 * STEP).enumerate() {
            let first = (start / 2 + step * STEP) as u64;
            let blocks: [u64; STEP] = std::array::from_fn(|lane| first + lane as u64);
            let count = part.len().div_ceil(2);
            let [mut even, mut odd] = [[0.0; STEP]; 2];
            let (even, odd) = (&mut even[..count], &mut odd[..count]);
            philox::units(key, &blocks[..count], &[0; STEP][..count], even, odd);
            pairs(even, odd);
            let mut both = part.chunks_exact_mut(2);
            for ((pair, even), odd) in (&mut both).zip(&*even).zip(&*odd) {
                pair.copy_from_slice(&[*even, *odd]);
            }
            if let [last] = both.into_remainder() {
                *last = even[count - 1];
            }
        }
    });
}

/// Uniform draws, strictly between 0 and 1, each a multiple of 2^-53.
pub fn uniform(key: u64, out: &mut [f64]) {
    fill(key, out, |_, _| ());
}

/// Standard normal draws by the transform of G. E. P. Box and M. E. Muller, "A note on the generation of random normal
/// deviates", 1958. The largest magnitude is sqrt(2 * 53 ln 2), about 8.57.
pub fn normal(key: u64, out: &mut [f64]) {
    fill(key, out, |even, odd| {
        math::ln(even);
        let sine = &mut [0.0; STEP][..odd.len()];
        circle(odd, sine);
        for ((even, odd), sine) in even.iter_mut().zip(odd).zip(sine) {
            let radius = (-2.0 * *even).sqrt();
            *even = radius * *odd;
            *odd = radius * *sine;
        }
    });
}

/// Exponential draws of rate 1: -ln u. Always positive.
pub fn exponential(key: u64, out: &mut [f64]) {
    fill(key, out, |even, odd| {
        for half in [even, odd] {
            math::ln(half);
            math::scale(half, -1.0);
        }
    });
}
