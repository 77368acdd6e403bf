//! Philox4x32-10: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
//! SC 2011.

use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

const MULTIPLIERS: (u32, u32) = (0xD251_1F53, 0xCD9E_8D57);
const WEYL: (u32, u32) = (0x9E37_79B9, 0xBB67_AE85);

/// Blocks that are computed side by side.
const LANES: usize = 16;

/// The generator on `N` counters at once: `counter[w][lane]`.
#[inline(always)]
fn rounds<const N: usize>(mut counter: [[u32; N]; 4], key: u64) -> [[u32; N]; 4] {
    let mut key = (key as u32, (key >> 32) as u32);
    for _ in 0..10 {
        for lane in 0..N {
            let [c0, c1, c2, c3] = [counter[0][lane], counter[1][lane], counter[2][lane], counter[3][lane]];
            let p = u64::from(c0) * u64::from(MULTIPLIERS.0);
            let q = u64::from(c2) * u64::from(MULTIPLIERS.1);
            counter[0][lane] = (q >> 32) as u32 ^ c1 ^ key.0;
            counter[1][lane] = q as u32;
            counter[2][lane] = (p >> 32) as u32 ^ c3 ^ key.1;
            counter[3][lane] = p as u32;
        }
        key = (key.0.wrapping_add(WEYL.0), key.1.wrapping_add(WEYL.1));
    }
    counter
}

#[inline(always)]
fn words<const N: usize>(key: u64, block: [u64; N], stream: [u64; N]) -> [[u64; N]; 2] {
    let mut counter = [[0; N]; 4];
    for lane in 0..N {
        counter[0][lane] = block[lane] as u32;
        counter[1][lane] = (block[lane] >> 32) as u32;
        counter[2][lane] = stream[lane] as u32;
        counter[3][lane] = (stream[lane] >> 32) as u32;
    }
    let r = rounds(counter, key);
    let mut out = [[0; N]; 2];
    for lane in 0..N {
        out[0][lane] = u64::from(r[0][lane]) | u64::from(r[1][lane]) << 32;
        out[1][lane] = u64::from(r[2][lane]) | u64::from(r[3][lane]) << 32;
    }
    out
}

/// The two words of one block of one stream under a key.
pub(super) fn block(key: u64, block: u64, stream: u64) -> [u64; 2] {
    let [[a], [b]] = words(key, [block], [stream]);
    [a, b]
}

/// Uniforms of the blocks `(block[i], stream[i])`: the blocks' first words into `first`, their second ones into `second`.
/// The work is integer arithmetic that the compiler vectorises for each instruction set.
pub(super) fn units(key: u64, block: &[u64], stream: &[u64], first: &mut [f64], second: &mut [f64]) {
    Isa::detect().run(Units { key, block, stream, first, second });
}

struct Units<'a> {
    key: u64,
    block: &'a [u64],
    stream: &'a [u64],
    first: &'a mut [f64],
    second: &'a mut [f64],
}

impl Kernel for Units<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let groups = self.block.chunks(LANES).zip(self.stream.chunks(LANES));
        let outputs = self.first.chunks_mut(LANES).zip(self.second.chunks_mut(LANES));
        for ((block, stream), (first, second)) in groups.zip(outputs) {
            let [mut b, mut s] = [[0; LANES]; 2];
            b[..block.len()].copy_from_slice(block);
            s[..stream.len()].copy_from_slice(stream);
            let [x, y] = words(self.key, b, s);
            let [mut p, mut q] = [[0.0; LANES]; 2];
            for lane in 0..LANES {
                p[lane] = unit(x[lane]);
                q[lane] = unit(y[lane]);
            }
            first.copy_from_slice(&p[..first.len()]);
            second.copy_from_slice(&q[..second.len()]);
        }
    }
}

/// A number strictly between 0 and 1: the midpoint of one of 2^52 equal cells, so that 1 - u has the same values.
#[inline(always)]
pub(super) fn unit(word: u64) -> f64 {
    // 2^52 + m as bits, less 2^52: an integer conversion that every instruction set vectorises.
    let m = f64::from_bits(0x4330_0000_0000_0000 | word >> 12) - 4_503_599_627_370_496.0;
    (m + 0.5) * (1.0 / 4_503_599_627_370_496.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that the authors publish with their reference implementation.
    #[test]
    fn known_answers() {
        let cases = [
            ([0; 4], 0, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], u64::MAX, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                0x299f_31d0_a409_3822,
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in cases {
            assert_eq!(rounds(counter.map(|word: u32| [word]), key).map(|[word]| word), expected);
        }
    }

    #[test]
    fn units_are_those_of_blocks() {
        for n in [0, 1, 15, 16, 17, 50] {
            let counters: Vec<u64> = (0..n).map(|i| i * 0x1_0000_0001).collect();
            let streams: Vec<u64> = (0..n).map(|i| !i).collect();
            for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
                let (mut first, mut second) = (vec![0.0; n as usize], vec![0.0; n as usize]);
                isa.run(Units { key: 7, block: &counters, stream: &streams, first: &mut first, second: &mut second });
                for i in 0..n as usize {
                    assert_eq!(block(7, counters[i], streams[i]).map(unit), [first[i], second[i]]);
                }
            }
        }
    }

    #[test]
    fn unit_is_open_and_symmetric() {
        assert_eq!(unit(0), f64::EPSILON / 2.0);
        assert_eq!(unit(u64::MAX), 1.0 - f64::EPSILON / 2.0);
        assert_eq!(unit(1 << 63), 0.5 + f64::EPSILON / 2.0);
    }
}
