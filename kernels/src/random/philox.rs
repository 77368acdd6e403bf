//! Philox4x32-10: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
//! SC 2011.

const MULTIPLIERS: (u32, u32) = (0xD251_1F53, 0xCD9E_8D57);
const WEYL: (u32, u32) = (0x9E37_79B9, 0xBB67_AE85);

/// Blocks that are computed side by side.
pub(super) const LANES: usize = 16;

/// The generator on `N` counters at once: `counter[w][lane]`.
#[inline(always)]
fn rounds<const N: usize>(mut counter: [[u32; N]; 4], key: u64) -> [[u32; N]; 4] {
    let mut key = (key as u32, (key >> 32) as u32);
    for _ in 0..10 {
        for lane in 0..N {
            let [c0, c1, c2, c3] = counter.map(|word| word[lane]);
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
    let low = |x: [u64; N]| x.map(|v| v as u32);
    let high = |x: [u64; N]| x.map(|v| (v >> 32) as u32);
    let r = rounds([low(block), high(block), low(stream), high(stream)], key);
    let join = |a: &[u32; N], b: &[u32; N]| std::array::from_fn(|i| u64::from(a[i]) | u64::from(b[i]) << 32);
    [join(&r[0], &r[1]), join(&r[2], &r[3])]
}

/// The two words of one block of one stream under a key.
pub(super) fn block(key: u64, block: u64, stream: u64) -> [u64; 2] {
    let [[a], [b]] = words(key, [block], [stream]);
    [a, b]
}

/// The words of [`LANES`] blocks: `result[word][lane]`.
#[inline(always)]
pub(super) fn blocks(key: u64, block: [u64; LANES], stream: [u64; LANES]) -> [[u64; LANES]; 2] {
    words(key, block, stream)
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
    fn lanes_are_blocks() {
        let counters = std::array::from_fn(|lane| lane as u64 * 0x1_0000_0001);
        let streams = std::array::from_fn(|lane| !(lane as u64));
        let lanes = blocks(7, counters, streams);
        for lane in 0..LANES {
            assert_eq!(block(7, counters[lane], streams[lane]), [lanes[0][lane], lanes[1][lane]]);
        }
    }

    #[test]
    fn unit_is_open_and_symmetric() {
        assert_eq!(unit(0), f64::EPSILON / 2.0);
        assert_eq!(unit(u64::MAX), 1.0 - f64::EPSILON / 2.0);
        assert_eq!(unit(1 << 63), 0.5 + f64::EPSILON / 2.0);
    }
}
