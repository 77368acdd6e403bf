//! Orders of numbers: ascending or descending, equal ones as they come, NaN last.

/// A number whose order as an unsigned integer is that of `x`: `-0` equals `0`, and NaN is greater than all.
///
/// ```
/// use pyroxene_kernels::sort::key;
/// assert!(key(f64::NEG_INFINITY) < key(-0.0) && key(-0.0) == key(0.0) && key(0.0) < key(5e-324));
/// assert!(key(f64::INFINITY) < key(f64::NAN) && key(f64::NAN) == key(-f64::NAN));
/// ```
pub fn key(x: f64) -> u64 {
    if x.is_nan() {
        return u64::MAX;
    }
    // Adding zero takes the sign off a negative zero. Below zero a larger magnitude comes first.
    let bits = (x + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// As [`key`], for the opposite order; NaN is greater than all here too.
pub fn descending_key(x: f64) -> u64 {
    // No number other than NaN has the key u64::MAX, so none is turned into it but by zero, which no number has either.
    if x.is_nan() { u64::MAX } else { !key(x) }
}

/// Puts pairs of a key and a position in order, by key and then by position; only the first `keep` pairs are sure to be
/// right. Pairs are any type that tells its key and position, so that callers choose where these live.
pub fn order<P>(pairs: &mut [P], keep: usize, pair: impl Fn(&P) -> (u64, u64)) {
    if keep == 0 {
        return;
    }
    let first = if keep < pairs.len() {
        pairs.select_nth_unstable_by_key(keep - 1, &pair);
        &mut pairs[..keep]
    } else {
        pairs
    };
    first.sort_unstable_by_key(pair);
}

/// How many numbers of the ascending `sorted` are less than `x`, or not greater with `or_equal`. NaN is greater than all.
///
/// ```
/// use pyroxene_kernels::sort::rank;
/// assert_eq!((rank(&[1.0, 2.0, 2.0], 2.0, false), rank(&[1.0, 2.0, 2.0], 2.0, true)), (1, 3));
/// ```
pub fn rank(sorted: &[f64], x: f64, or_equal: bool) -> usize {
    let x = key(x);
    sorted.partition_point(|&s| if or_equal { key(s) <= x } else { key(s) < x })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_the_numbers() {
        let ascending =
            [f64::NEG_INFINITY, f64::MIN, -1.0, -5e-324, 0.0, 5e-324, 1.0, f64::MAX, f64::INFINITY, f64::NAN];
        for (i, &a) in ascending.iter().enumerate() {
            for (j, &b) in ascending.iter().enumerate() {
                assert_eq!(key(a).cmp(&key(b)), i.cmp(&j), "{a} {b}");
                let expected = if a.is_nan() || b.is_nan() { i.cmp(&j) } else { j.cmp(&i) };
                assert_eq!(descending_key(a).cmp(&descending_key(b)), expected, "{a} {b}");
            }
        }
    }

    #[test]
    fn the_first_few_are_those_of_the_whole_order() {
        let keys: Vec<u64> = (0..50).map(|i| i * 37 % 17).collect();
        let mut whole: Vec<(u64, u64)> = keys.iter().copied().zip(0..).collect();
        whole.sort();
        for keep in [0, 1, 7, 49, 50, 60] {
            let mut pairs: Vec<(u64, u64)> = keys.iter().copied().zip(0..).collect();
            order(&mut pairs, keep, |&pair| pair);
            let keep = keep.min(50);
            assert_eq!(pairs[..keep], whole[..keep]);
        }
    }
}
