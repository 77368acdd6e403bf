//! Sums in one fixed order.
//!
//! Eight lanes are summed side by side and then folded by a fixed tree: the compiler can use any vector width, and every
//! machine gives the same bits.

const LANES: usize = 8;

fn fold(lanes: [f64; LANES]) -> f64 {
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Sum of `term(i)` for `i < n`, where lane `i % 8` receives term `i`.
pub(crate) fn sum_by(n: usize, term: impl Fn(usize) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let whole = n - n % LANES;
    for start in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            lanes[lane] += term(start + lane);
        }
    }
    for i in whole..n {
        lanes[i - whole] += term(i);
    }
    fold(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_equal_the_plain_ones_at_every_length() {
        for n in 0..40 {
            let term = |i: usize| ((i * 5 + 3) % 7) as f64 - 2.5;
            assert_eq!(sum_by(n, term), (0..n).map(term).sum::<f64>());
        }
    }
}
