//! Logarithms of Poisson and binomial probabilities without cancellation: C. Loader, "Fast and accurate computation of
//! binomial probabilities", 2000.

use super::math;

/// ln(rate^k e^-rate / k!).
pub(super) fn log_poisson(k: f64, rate: f64) -> f64 {
    if k == 0.0 {
        return -rate;
    }
    -deviance(k, rate, k - rate) - stirling_error(k) - 0.5 * math::ln_of(std::f64::consts::TAU * k)
}

/// ln of the probability of `k` successes in `n` trials of probability `p`, of which `q` is the complement. Exact to rounding
/// also where `n - k` is rounded, if `p` is small.
pub(super) fn log_binomial(k: f64, n: f64, p: f64, q: f64) -> f64 {
    let failures = n - k;
    if k == 0.0 {
        n * if p < 0.5 { math::ln_1p_of(-p) } else { math::ln_of(q) }
    } else if failures == 0.0 {
        n * math::ln_of(p)
    } else {
        let difference = k - n * p;
        let deviances = deviance(k, n * p, difference) + deviance(failures, n * q, -difference);
        let errors = stirling_error(n) - stirling_error(k) - stirling_error(failures);
        errors - deviances - 0.5 * math::ln_of(std::f64::consts::TAU * k * (failures / n))
    }
}

/// k ln(k / rate) + rate - k, where `difference` is k - rate.
fn deviance(k: f64, rate: f64, difference: f64) -> f64 {
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
                let got = log_poisson(k, rate);
                assert!((got - expected).abs() <= 1e-12 * (1.0 + log_factorial), "{k} {rate}: {got} {expected}");
            }
        }
    }

    #[test]
    fn log_binomial_probabilities() {
        for (n, p) in [(1_u32, 0.3), (10, 0.5), (60, 0.01), (60, 0.97), (1000, 0.37)] {
            let q = 1.0 - p;
            let mut log_coefficient = 0.0_f64;
            for k in 0..=n {
                if k > 0 {
                    log_coefficient += (f64::from(n - k + 1) / f64::from(k)).ln();
                }
                let expected = log_coefficient + f64::from(k) * f64::ln(p) + f64::from(n - k) * f64::ln(q);
                let got = log_binomial(f64::from(k), f64::from(n), p, q);
                assert!((got - expected).abs() <= 1e-12 * expected.abs().max(100.0), "{k} {n} {p}: {got} {expected}");
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
