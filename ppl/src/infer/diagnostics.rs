//! Convergence diagnostics of Markov chains.
//!
//! All functions take one slice a chain, each with the same number of draws, and follow Vehtari, Gelman, Simpson,
//! Carpenter and Bürkner (2021), "Rank-normalization, folding, and localization: an improved R-hat for assessing
//! convergence of MCMC", Bayesian Analysis 16(2). Where a diagnostic has no meaning, because a draw is not finite,
//! all draws are equal or a chain has fewer than four draws, it is NaN.

mod ess;
mod rank;

use super::sums::sum_by;
pub use ess::{ess_bulk, ess_mean, ess_tail};
use rank::rank_normalize;
use std::fmt;

/// One row of the table that describes a posterior: a scalar quantity over all chains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Mean of all draws.
    pub mean: f64,
    /// Standard deviation of all draws, with divisor `n - 1`.
    pub sd: f64,
    /// 5 % quantile.
    pub q5: f64,
    /// Median.
    pub q50: f64,
    /// 95 % quantile.
    pub q95: f64,
    /// Effective sample size of the centre of the distribution, see [`ess_bulk`].
    pub ess_bulk: f64,
    /// Effective sample size of the 5 % and 95 % quantiles, see [`ess_tail`].
    pub ess_tail: f64,
    /// Rank-normalised split R-hat, see [`r_hat`].
    pub r_hat: f64,
    /// Monte-Carlo standard error of the mean, see [`mcse_mean`].
    pub mcse_mean: f64,
}

impl Summary {
    /// Describes a quantity from its draws, one slice a chain.
    ///
    /// # Panics
    /// If the chains differ in length.
    #[track_caller]
    pub fn of(chains: &[&[f64]]) -> Summary {
        check(chains);
        let mut sorted = chains.concat();
        let (mean, variance) = moments(&sorted);
        sorted.sort_by(f64::total_cmp);
        Summary {
            mean,
            sd: variance.sqrt(),
            q5: quantile_sorted(&sorted, 0.05),
            q50: quantile_sorted(&sorted, 0.5),
            q95: quantile_sorted(&sorted, 0.95),
            ess_bulk: ess_bulk(chains),
            ess_tail: ess_tail(chains),
            r_hat: r_hat(chains),
            mcse_mean: mcse_mean(chains),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "mean {:.4} (mcse {:.2e}), sd {:.4}, 5% {:.4}, 50% {:.4}, 95% {:.4}, ESS bulk {:.0}, tail {:.0}, R-hat {:.4}",
            self.mean, self.mcse_mean, self.sd, self.q5, self.q50, self.q95, self.ess_bulk, self.ess_tail, self.r_hat
        )
    }
}

/// Rank-normalised split R-hat: the larger of that of the draws and that of their distances from the median
/// (Vehtari et al. 2021, section 4). One chain is enough, since each is split in two.
///
/// # Panics
/// If the chains differ in length.
#[track_caller]
pub fn r_hat(chains: &[&[f64]]) -> f64 {
    check(chains);
    if degenerate(chains) {
        return f64::NAN;
    }
    let split = split(chains);
    let mut sorted = split.concat();
    sorted.sort_by(f64::total_cmp);
    let median = quantile_sorted(&sorted, 0.5);
    let folded: Vec<Vec<f64>> = split.iter().map(|half| half.iter().map(|x| (x - median).abs()).collect()).collect();
    let folded: Vec<&[f64]> = folded.iter().map(Vec::as_slice).collect();
    let bulk = classic_r_hat(&as_slices(&rank_normalize(&split)));
    // Equal distances from the median (a coin, say) have nothing to compare.
    let tail = if degenerate(&folded) { bulk } else { classic_r_hat(&as_slices(&rank_normalize(&folded))) };
    bulk.max(tail)
}

/// R-hat of the draws as they are, each chain split in two (Gelman et al. 2013, Bayesian Data Analysis, section 11.4).
/// Prefer [`r_hat`], which also sees chains that differ in scale and distributions without a variance.
///
/// # Panics
/// If the chains differ in length.
#[track_caller]
pub fn split_r_hat(chains: &[&[f64]]) -> f64 {
    check(chains);
    if degenerate(chains) { f64::NAN } else { classic_r_hat(&split(chains)) }
}

/// Monte-Carlo standard error of the mean: the standard deviation over the square root of [`ess_mean`].
///
/// # Panics
/// If the chains differ in length.
#[track_caller]
pub fn mcse_mean(chains: &[&[f64]]) -> f64 {
    let ess = ess_mean(chains);
    if ess.is_nan() { f64::NAN } else { (moments(&chains.concat()).1 / ess).sqrt() }
}

/// Energy Bayesian fraction of missing information of one chain: the mean squared change of the energy from draw to
/// draw over its variance. Values below 0.3 say that momenta of these sizes explore the energies slowly, as in a funnel
/// (Betancourt 2016, "Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo").
pub fn e_bfmi(energy: &[f64]) -> f64 {
    if degenerate(&[energy]) {
        return f64::NAN;
    }
    let n = energy.len() - 1;
    let change = sum_by(n, |i| (energy[i + 1] - energy[i]) * (energy[i + 1] - energy[i])) / n as f64;
    change / moments(energy).1
}

/// The `p`-quantile by linear interpolation of the order statistics (type 7 of Hyndman and Fan 1996, "Sample quantiles
/// in statistical packages"): what NumPy and R do by default. NaN if `x` is empty or has a NaN.
///
/// # Panics
/// If `p` is outside of [0, 1].
#[track_caller]
pub fn quantile(x: &[f64], p: f64) -> f64 {
    assert!((0.0..=1.0).contains(&p), "quantile: the probability {p} is outside of [0, 1]");
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile_sorted(&sorted, p)
}

fn quantile_sorted(sorted: &[f64], p: f64) -> f64 {
    if sorted.is_empty() || sorted.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let place = p * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let fraction = place - below as f64;
    if fraction == 0.0 { sorted[below] } else { sorted[below] + fraction * (sorted[above] - sorted[below]) }
}

/// Mean and variance (divisor `n - 1`).
fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len();
    let mean = sum_by(n, |i| x[i]) / n as f64;
    (mean, sum_by(n, |i| (x[i] - mean) * (x[i] - mean)) / (n as f64 - 1.0))
}

/// Potential scale reduction of chains that are neither split nor rank-normalised.
fn classic_r_hat(chains: &[&[f64]]) -> f64 {
    let n = chains[0].len() as f64;
    let (means, variances): (Vec<f64>, Vec<f64>) = chains.iter().map(|chain| moments(chain)).unzip();
    let within = variances.iter().sum::<f64>() / variances.len() as f64;
    let between = n * moments(&means).1;
    ((between / within + n - 1.0) / n).sqrt()
}

/// First and last halves as chains of their own; an odd length loses its middle draw.
fn split<'a>(chains: &[&'a [f64]]) -> Vec<&'a [f64]> {
    let half = chains[0].len() / 2;
    chains.iter().map(|chain| &chain[..half]).chain(chains.iter().map(|chain| &chain[chain.len() - half..])).collect()
}

fn as_slices(chains: &[Vec<f64>]) -> Vec<&[f64]> {
    chains.iter().map(Vec::as_slice).collect()
}

#[track_caller]
fn check(chains: &[&[f64]]) {
    if let Some(other) = chains.iter().find(|chain| chain.len() != chains[0].len()) {
        panic!("diagnostics: chains of {} and {} draws; all must have the same number", chains[0].len(), other.len());
    }
}

fn degenerate(chains: &[&[f64]]) -> bool {
    let Some(first) = chains.first().and_then(|chain| chain.first()) else { return true };
    chains[0].len() < 4
        || chains.iter().any(|chain| chain.iter().any(|x| !x.is_finite()))
        || chains.iter().all(|chain| chain.iter().all(|x| x == first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::test_data::{cases, close, numbers, rows};
    use serde_json::Value;

    fn arviz() -> Vec<Value> {
        cases(include_str!("../../tests/data/diagnostics.json"))
    }

    #[test]
    fn summaries_agree_with_arviz() {
        for case in arviz() {
            let chains = rows(&case["chains"]);
            let chains = as_slices(&chains);
            let row = Summary::of(&chains);
            let computed = [
                ("mean", row.mean),
                ("sd", row.sd),
                ("q5", row.q5),
                ("q50", row.q50),
                ("q95", row.q95),
                ("ess_bulk", row.ess_bulk),
                ("ess_tail", row.ess_tail),
                ("ess_mean", ess_mean(&chains)),
                ("r_hat", row.r_hat),
                ("mcse_mean", row.mcse_mean),
            ];
            for (key, value) in computed {
                close(value, case[key].as_f64().unwrap(), 1e-10, &format!("{} {key}", case["name"]));
            }
            for (chain, expected) in chains.iter().zip(numbers(&case["e_bfmi"])) {
                close(e_bfmi(chain), expected, 1e-12, &format!("{} e_bfmi", case["name"]));
            }
        }
    }

    #[test]
    fn reference_values_of_quantiles_and_classic_r_hat() {
        for case in cases(include_str!("../../tests/data/stats.json")) {
            let (id, attrs) = (case["id"].to_string(), &case["attrs"]);
            let input = || numbers(&case["inputs"]["input"]["data"]);
            let expected = numbers(&case["outputs"][0]["data"]);
            match case["fn"].as_str().unwrap() {
                "quantile" => {
                    let probs = attrs["probs"].as_f64().map_or_else(|| numbers(&attrs["probs"]), |p| vec![p]);
                    for (p, expected) in probs.into_iter().zip(expected) {
                        close(quantile(&input(), p), expected, 1e-13, &id);
                    }
                }
                name @ ("gelman_rubin" | "split_gelman_rubin") => {
                    let draws = case["inputs"]["input"]["shape"][1].as_u64().unwrap() as usize;
                    let input = input();
                    let chains: Vec<&[f64]> = input.chunks(draws).collect();
                    let value = if name == "gelman_rubin" { classic_r_hat(&chains) } else { split_r_hat(&chains) };
                    close(value, expected[0], 1e-12, &id);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn degenerate_draws_give_nan() {
        let constant = [2.0; 20];
        let short = [1.0, 2.0, 3.0];
        let infinite = [1.0, 2.0, f64::INFINITY, 3.0, 5.0, 1.0];
        for chain in [&constant[..], &short, &infinite, &[f64::NAN; 9], &[]] {
            for diagnostic in [r_hat, split_r_hat, ess_bulk, ess_tail, ess_mean, mcse_mean] {
                assert!(diagnostic(&[chain, chain]).is_nan(), "{chain:?}");
            }
            assert!(e_bfmi(chain).is_nan());
        }
        assert!(r_hat(&[]).is_nan());
        assert!(Summary::of(&[]).mean.is_nan());
        assert_eq!(Summary::of(&[&constant]).mean, 2.0);
        assert_eq!(quantile(&infinite, 1.0), f64::INFINITY);
    }

    #[test]
    fn a_coin_has_diagnostics() {
        let coin: Vec<f64> = (0..200u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 31)).collect();
        let row = Summary::of(&[&coin[..100], &coin[100..]]);
        assert!(row.r_hat < 1.1 && row.ess_bulk > 20.0, "{row}");
    }

    #[test]
    #[should_panic(expected = "chains of 4 and 3 draws")]
    fn ragged_chains_are_a_mistake() {
        r_hat(&[&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 3.0]]);
    }
}
