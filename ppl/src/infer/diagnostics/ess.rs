//! Effective sample sizes from autocovariances of several chains.

use super::super::sums::sum_by;
use super::rank::rank_normalize;
use super::{as_slices, check, degenerate, moments, quantile_sorted, split};

/// Effective sample size of the bulk: that of the rank-normalised split chains. It tells how well the centre of the
/// distribution is known and exists for distributions without a variance (Vehtari et al. 2021, section 4).
///
/// # Panics
/// If the chains differ in length.
#[track_caller]
pub fn ess_bulk(chains: &[&[f64]]) -> f64 {
    check(chains);
    if degenerate(chains) { f64::NAN } else { ess(&as_slices(&rank_normalize(&split(chains)))) }
}

/// Effective sample size of the tails: the smaller of those of the indicators of lying below the 5 % and the 95 %
/// quantile (Vehtari et al. 2021, section 4). NaN if one of the indicators is constant.
///
/// # Panics
/// If the chains differ in length.
#[track_caller]
pub fn ess_tail(chains: &[&[f64]]) -> f64 {
    check(chains);
    if degenerate(chains) {
        return f64::NAN;
    }
    let mut sorted = chains.concat();
    sorted.sort_by(f64::total_cmp);
    let of_quantile = |p| {
        let bound = quantile_sorted(&sorted, p);
        let below = |x: &f64| if *x <= bound { 1.0 } else { 0.0 };
        let indicators: Vec<Vec<f64>> = split(chains).iter().map(|half| half.iter().map(below).collect()).collect();
        let indicators = as_slices(&indicators);
        let first = indicators[0][0];
        let constant = indicators.iter().all(|half| half.iter().all(|x| *x == first));
        if constant { f64::NAN } else { ess(&indicators) }
    };
    let (low, high) = (of_quantile(0.05), of_quantile(0.95));
    if low.is_nan() || high.is_nan() { f64::NAN } else { low.min(high) }
}

/// Effective sample size of the mean: that of the split chains as they are.
///
/// # Panics
/// If the chains differ in length.
#[track_caller]
pub fn ess_mean(chains: &[&[f64]]) -> f64 {
    check(chains);
    if degenerate(chains) { f64::NAN } else { ess(&split(chains)) }
}

/// Number of independent draws whose mean is as precise as that of these chains.
///
/// Autocorrelations combine the chains (Vehtari et al. 2021, eq. 10). They are summed in pairs of an even and the
/// next odd lag, up to the first pair that is not positive, each pair capped by the one before (Geyer 1992,
/// "Practical Markov chain Monte Carlo": the initial monotone sequence). Lags are computed as they are needed, since a
/// chain that mixes needs few. Antithetic chains are capped at `S log10(S)` for `S` draws.
fn ess(chains: &[&[f64]]) -> f64 {
    let draws = chains[0].len();
    let (means, variances): (Vec<f64>, Vec<f64>) = chains.iter().map(|chain| moments(chain)).unzip();
    let count = chains.len() as f64;
    let within = variances.iter().sum::<f64>() / count;
    let n = draws as f64;
    let between = if chains.len() > 1 { moments(&means).1 } else { 0.0 };
    let total = within * (n - 1.0) / n + between;
    let autocorrelation = |lag: usize| {
        let covariance = |(chain, mean): (&&[f64], &f64)| {
            let (now, later) = (&chain[..draws - lag], &chain[lag..]);
            sum_by(draws - lag, |i| (now[i] - mean) * (later[i] - mean)) / n
        };
        let mean_covariance = chains.iter().zip(&means).map(covariance).sum::<f64>() / count;
        1.0 - (within - mean_covariance) / total
    };

    let (mut even, mut odd) = (1.0, autocorrelation(1));
    let mut lag = 2;
    let mut cap = f64::INFINITY;
    let mut sum_of_pairs = 0.0;
    while even + odd > 0.0 && lag + 2 < draws {
        cap = cap.min(even + odd);
        sum_of_pairs += cap;
        (even, odd) = (autocorrelation(lag), autocorrelation(lag + 1));
        lag += 2;
    }
    let time = -1.0 + 2.0 * sum_of_pairs + even.max(0.0);
    let size = count * n;
    size / time.max(1.0 / size.log10())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn autoregression_has_its_known_size() {
        // x' = r x + sqrt(1 - r^2) e has n (1 - r) / (1 + r) effective draws.
        let mut state = 12345u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        for r in [0.0, 0.6, 0.9] {
            let chains: Vec<Vec<f64>> = (0..4)
                .map(|_| {
                    let mut x = 0.0;
                    let mut noise = || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
                    (0..20_000)
                        .map(|_| {
                            x = r * x + f64::sqrt(1.0 - r * r) * noise();
                            x
                        })
                        .collect()
                })
                .collect();
            let expected = 80_000.0 * (1.0 - r) / (1.0 + r);
            for estimate in [ess_mean(&as_slices(&chains)), ess_bulk(&as_slices(&chains))] {
                assert!((estimate / expected - 1.0).abs() < 0.12, "r {r}: {estimate} against {expected}");
            }
        }
    }

    #[test]
    fn tail_of_an_indicator_that_never_changes_is_unknown() {
        let mut rare = vec![0.0; 400];
        rare[17] = 1.0;
        // Both quantiles are 0: every draw but one lies below them, so the indicators do change.
        assert!(ess_tail(&[&rare]).is_finite());
        // The 95 % quantile is the maximum: all draws lie below it.
        let coin: Vec<f64> = (0..400).map(|i| f64::from(i % 3 == 0)).collect();
        assert!(ess_tail(&[&coin]).is_nan());
    }
}
