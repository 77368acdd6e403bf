//! Fills with the draws that need no rejection.

use super::{
    for_chunks, math,
    philox::{LANES, blocks, unit},
};

/// Blocks a step; each gives two elements.
const STEP: usize = 8 * LANES;
const GRAIN: usize = 32 * 1024;

/// Uniforms of `STEP` consecutive blocks from `first`: the blocks' first words and their second ones.
fn units(key: u64, first: u64) -> [[f64; STEP]; 2] {
    let mut out = [[0.0; STEP]; 2];
    for group in 0..STEP / LANES {
        let at = group * LANES;
        let words = blocks(key, std::array::from_fn(|lane| first + (at + lane) as u64), [0; LANES]);
        for (half, words) in out.iter_mut().zip(&words) {
            for lane in 0..LANES {
                half[at + lane] = unit(words[lane]);
            }
        }
    }
    out
}

/// Fills `out` from pairs: `pairs` turns the uniforms of a block into the elements 2j and 2j + 1.
fn fill(key: u64, out: &mut [f64], pairs: impl Fn(&mut [f64; STEP], &mut [f64; STEP]) + Sync) {
    for_chunks(out, GRAIN, |start, chunk| {
        for (step, part) in chunk.chunks_mut(2 * STEP).enumerate() {
            let [mut even, mut odd] = units(key, (start / 2 + step * STEP) as u64);
            pairs(&mut even, &mut odd);
            for (index, value) in part.iter_mut().enumerate() {
                *value = if index % 2 == 0 { even[index / 2] } else { odd[index / 2] };
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
        math::scale(odd, std::f64::consts::TAU);
        let mut sine = *odd;
        math::sin(&mut sine);
        math::cos(odd);
        for index in 0..STEP {
            let radius = (-2.0 * even[index]).sqrt();
            even[index] = radius * odd[index];
            odd[index] = radius * sine[index];
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
