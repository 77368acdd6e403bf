//! Derivation of keys.

use super::philox;

/// The stream that [`mix`] reads; fills count their streams from 0.
const DERIVATION: u64 = u64::MAX;

/// A new key from a key and any integer. Chain it to derive keys by path:
/// `mix(mix(seed, chain), hash_name("theta"))`.
///
/// It is a block of Philox4x32-10 under `key`, so keys of different `data` behave as independent.
///
/// ```
/// use pyroxene_kernels::random::mix;
/// assert_eq!(mix(1, 2), mix(1, 2));
/// assert_ne!(mix(1, 2), mix(2, 1));
/// ```
pub fn mix(key: u64, data: u64) -> u64 {
    philox::block(key, data, DERIVATION)[0]
}

/// A 64-bit hash of a name that never changes between versions, machines or runs: FNV-1a (Fowler, Noll and Vo)
/// with the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) to spread short names over all bits.
///
/// ```
/// use pyroxene_kernels::random::hash_name;
/// assert_ne!(hash_name("mu"), hash_name("tau"));
/// ```
pub fn hash_name(name: &str) -> u64 {
    let mut h = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    h = (h ^ h >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ h >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ h >> 31
}
