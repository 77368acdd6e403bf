//! What the machine can do, for benchmarks to compare with: its rate of fused multiply-adds and of reading memory.

use crate::isa::{Isa, Kernel};
use crate::simd::{LANES, Lanes, Simd, Vector};

/// Independent chains: enough to hide the latency of an addition or a fused multiply-add on two ports.
const CHAINS: usize = 12;

/// Runs `rounds` rounds of independent f64 fused multiply-adds. The result only keeps them from being left out.
///
/// See [`multiply_add_flops`] for the operations that it counts.
pub fn multiply_add(rounds: usize) -> f64 {
    Isa::detect().run(MultiplyAdd { rounds })
}

/// Floating-point operations of [`multiply_add`]: two a fused multiply-add.
pub fn multiply_add_flops(rounds: usize) -> usize {
    2 * rounds * CHAINS * LANES
}

/// [`multiply_add`] in f32, with twice the operations a round.
pub fn multiply_add_f32(rounds: usize) -> f32 {
    Isa::detect().run(MultiplyAddF32 { rounds })
}

/// Reads every element once, as fast as vectors can be loaded and added, in no particular order of additions.
pub fn read(x: &[f64]) -> f64 {
    Isa::detect().run(Read { x })
}

struct MultiplyAdd {
    rounds: usize,
}

impl Kernel for MultiplyAdd {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let mut chains = [Vector::splat(simd, 1.0); CHAINS];
        let (factor, term) = (Vector::splat(simd, 0.999_999), Vector::splat(simd, 1e-7));
        for _ in 0..self.rounds {
            for chain in &mut chains {
                *chain = chain.fma(factor, term);
            }
        }
        chains.iter().flat_map(|chain| chain.to_array()).sum()
    }
}

struct MultiplyAddF32 {
    rounds: usize,
}

impl Kernel for MultiplyAddF32 {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let mut chains = [simd.narrow().splat(1.0); CHAINS];
        let (factor, term) = (simd.narrow().splat(0.999), simd.narrow().splat(1e-5));
        for _ in 0..self.rounds {
            for chain in &mut chains {
                *chain = simd.narrow().fma(*chain, factor, term);
            }
        }
        let mut lanes = [0f32; 2 * LANES];
        let mut total = 0.0;
        for chain in chains {
            // SAFETY: `lanes` has room for one vector of f32.
            unsafe { simd.store_f32(lanes.as_mut_ptr(), chain) };
            total += lanes.iter().sum::<f32>();
        }
        total
    }
}

struct Read<'a> {
    x: &'a [f64],
}

impl Kernel for Read<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let mut sums = [Vector::splat(simd, 0.0); 8];
        let mut blocks = self.x.chunks_exact(8 * LANES);
        for block in &mut blocks {
            for (k, sum) in sums.iter_mut().enumerate() {
                // SAFETY: the block holds eight vectors.
                *sum = *sum + unsafe { Vector::load(simd, block.as_ptr().add(k * LANES)) };
            }
        }
        let all = (sums[0] + sums[1] + sums[2] + sums[3]) + (sums[4] + sums[5] + sums[6] + sums[7]);
        all.to_array().iter().sum::<f64>() + blocks.remainder().iter().sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_read_once() {
        for n in 0..200 {
            let x: Vec<f64> = (0..n).map(f64::from).collect();
            assert_eq!(read(&x), x.iter().sum::<f64>(), "{n} elements");
        }
    }

    #[test]
    fn the_chains_run_all_rounds() {
        // c ↦ 0.999999 c + 1e-7 from 1, in 96 lanes.
        let expected = (0..1000).fold(1.0f64, |c, _| c.mul_add(0.999_999, 1e-7)) * 96.0;
        assert!((multiply_add(1000) - expected).abs() < 1e-9 * expected);
        assert_eq!(multiply_add_flops(1000), 192_000);
        let expected = (0..100).fold(1.0f32, |c, _| c.mul_add(0.999, 1e-5)) * 192.0;
        assert!((multiply_add_f32(100) - expected).abs() < 1e-3 * expected);
    }
}
