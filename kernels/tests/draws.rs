//! The samplers against the distribution functions and probabilities of their distributions, at fixed keys.

mod common;

use common::ks;
use pyroxene_kernels::Unary;
use pyroxene_kernels::random::*;
use pyroxene_kernels::special::{betainc, gammainc};

const N: usize = 100_000;

fn lgamma(x: f64) -> f64 {
    Unary::Lgamma.eval(x)
}

/// z-score of the mean of `values` against a known mean and variance.
fn z_mean(values: impl IntoIterator<Item = f64>, mean: f64, variance: f64) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for value in values {
        sum += value - mean;
        n += 1.0;
    }
    sum / n / (variance / n).sqrt()
}

/// z-score of Pearson's statistic of the counts against the probabilities; cells of fewer than ten expected are pooled.
fn chi_square(counts: &[f64], probabilities: &[f64]) -> f64 {
    let n: f64 = counts.iter().sum();
    let (mut statistic, mut cells) = (0.0, -1.0);
    let (mut pooled, mut pooled_expected) = (0.0, 0.0);
    let mut add = |count: f64, expected: f64| {
        statistic += (count - expected) * (count - expected) / expected;
        cells += 1.0;
    };
    for (count, p) in counts.iter().zip(probabilities) {
        if n * p >= 10.0 {
            add(*count, n * p);
        } else {
            pooled += count;
            pooled_expected += n * p;
        }
    }
    if pooled_expected >= 10.0 {
        add(pooled, pooled_expected);
    } else {
        assert!(pooled < 60.0, "{pooled} where {pooled_expected} are expected");
    }
    (statistic - cells) / f64::sqrt(2.0 * cells.max(1.0))
}

fn binomial_probabilities(n: usize, p: f64) -> Vec<f64> {
    let log = |k: usize| {
        let (n, k) = (n as f64, k as f64);
        let coefficient = lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
        coefficient + k * p.ln() + (n - k) * (-p).ln_1p()
    };
    (0..=n).map(|k| log(k).exp()).collect()
}

fn draws(f: impl Fn(&mut [f64])) -> Vec<f64> {
    let mut out = vec![f64::NAN; N];
    f(&mut out);
    out
}

#[test]
fn gamma_draws_follow_the_incomplete_gamma_function() {
    for (key, a) in [(1, 0.05), (2, 0.4), (3, 0.99), (4, 1.3), (5, 7.0), (6, 250.0), (7, 1e6)] {
        let x = draws(|out| gamma(key, &vec![a; N], out));
        let statistic = ks(&x, |x| gammainc(a, x));
        assert!(statistic < 2.0, "{a}: {statistic}");
    }
}

#[test]
fn beta_draws_follow_the_incomplete_beta_function() {
    for (key, (a, b)) in [(0.1, 0.2), (0.5, 3.0), (2.0, 1.5), (40.0, 9.0), (1e5, 3e4)].into_iter().enumerate() {
        let x = draws(|out| beta(key as u64, &vec![a; N], &vec![b; N], out));
        let statistic = ks(&x, |x| betainc(a, b, x));
        assert!(statistic < 2.0, "{a} {b}: {statistic}");
    }
}

#[test]
fn binomial_draws_follow_their_probabilities() {
    // Inversion, rejection just above its limit and far above, and both sides of one half.
    let cases = [
        (1, 0.3),
        (7, 0.5),
        (30, 0.3),
        (20, 0.5),
        (21, 0.5),
        (40, 0.26),
        (40, 0.74),
        (100, 0.08),
        (1000, 0.011),
        (1000, 0.37),
        (1000, 0.995),
        (20_000, 0.5),
    ];
    for (key, (n, p)) in cases.into_iter().enumerate() {
        let x = draws(|out| binomial(key as u64, &vec![n as f64; N], &vec![p; N], out));
        let mut counts = vec![0.0; n + 1];
        x.iter().for_each(|&k| counts[k as usize] += 1.0);
        let z = chi_square(&counts, &binomial_probabilities(n, p));
        assert!(z.abs() < 4.0, "{n} {p}: {z}");
    }
}

#[test]
fn binomial_moments_of_many_trials() {
    let cases =
        [(1e6, 1e-6), (1e6, 0.3), (1e9, 1e-8), (1e12, 0.999), (1e15, 0.5), (1e18, 1e-17), (1e18, 1e-10), (1e30, 0.2)];
    for (n, p) in cases {
        let x = draws(|out| binomial(11, &vec![n; N], &vec![p; N], out));
        assert!(x.iter().all(|&k| (0.0..=n).contains(&k) && k.fract() == 0.0));
        let (mean, variance) = (n * p, n * p * (1.0 - p));
        let z = z_mean(x.iter().copied(), mean, variance);
        assert!(z.abs() < 4.0, "mean of {n} {p}: {z}");
        let fourth = 3.0 * variance * variance + variance * (1.0 - 6.0 * p * (1.0 - p));
        let z = z_mean(x.iter().map(|k| (k - mean) * (k - mean)), variance, fourth - variance * variance);
        assert!(z.abs() < 4.0, "variance of {n} {p}: {z}");
    }
}

#[test]
fn binomial_parameters() {
    let inf = f64::INFINITY;
    let trials = [0.0, 5.0, 5.0, 0.0, 1e300, -1.0, 2.5, inf, f64::NAN, 5.0, 5.0, 5.0];
    let probs = [0.5, 0.0, 1.0, 1.0, 0.0, 0.5, 0.5, 0.5, 0.5, -0.1, 1.1, f64::NAN];
    let mut out = [7.0; 12];
    binomial(1, &trials, &probs, &mut out);
    assert_eq!(out[..5], [0.0, 0.0, 5.0, 0.0, 0.0]);
    assert!(out[5..].iter().all(|x| x.is_nan()), "{out:?}");
}

#[test]
fn multinomial_draws() {
    let weights = [2.0, 0.0, 1.0, 5.0, 0.0];
    let mut out = vec![0.0; 5 * N];
    multinomial(3, &vec![30.0; N], &weights.repeat(N), 5, &mut out);
    for row in out.chunks(5) {
        assert_eq!(row.iter().sum::<f64>(), 30.0);
        assert_eq!((row[1], row[4]), (0.0, 0.0));
    }
    for (category, weight) in weights.iter().enumerate() {
        let mut counts = vec![0.0; 31];
        out.chunks(5).for_each(|row| counts[row[category] as usize] += 1.0);
        if *weight > 0.0 {
            let z = chi_square(&counts, &binomial_probabilities(30, weight / 8.0));
            assert!(z.abs() < 4.0, "category {category}: {z}");
        }
    }
    // Cov(x0, x3) = -n p0 p3; the variance of the product is bounded by the product of the fourth moments' roots.
    let products = out.chunks(5).map(|row| (row[0] - 7.5) * (row[3] - 18.75));
    assert!(z_mean(products, -30.0 * 0.25 * 0.625, 120.0).abs() < 4.0);
    let mut out = [0.0; 10];
    let bad = [1.0, -1.0, 0.0, 0.0, f64::NAN, 1.0, 1.0, f64::INFINITY, 1.0, 1.0];
    multinomial(3, &[3.0, 3.0, 3.0, 3.0, -3.0], &bad, 2, &mut out);
    assert!(out.iter().all(|x| x.is_nan()), "{out:?}");
    multinomial(3, &[0.0, 4.0, 1e20, 1.0, 2.0], &[1.0, 1.0, 0.0, 1e-300, 1.0, 1.0, 0.0, 3.0, 1e300, 0.0], 2, &mut out);
    assert_eq!(out[..4], [0.0, 0.0, 0.0, 4.0]);
    assert_eq!(out[4] + out[5], 1e20);
    assert_eq!(out[6..], [0.0, 1.0, 2.0, 0.0]);
}

#[test]
fn dirichlet_draws() {
    let a = [0.3, 1.0, 4.5];
    let mut out = vec![0.0; 3 * N];
    dirichlet(5, &a.repeat(N), 3, &mut out);
    assert!(out.chunks(3).all(|x| (x.iter().sum::<f64>() - 1.0).abs() < 1e-15 && x.iter().all(|&v| v > 0.0)));
    for (entry, &alpha) in a.iter().enumerate() {
        let x: Vec<f64> = out.chunks(3).map(|row| row[entry]).collect();
        let statistic = ks(&x, |x| betainc(alpha, 5.8 - alpha, x));
        assert!(statistic < 2.0, "entry {entry}: {statistic}");
    }
    // x0 / (x0 + x1) is beta(0.3, 1) and independent of x2.
    let share: Vec<f64> = out.chunks(3).map(|row| row[0] / (row[0] + row[1])).collect();
    assert!(ks(&share, |x| betainc(0.3, 1.0, x)) < 2.0);
    let products = out.chunks(3).zip(&share).map(|(row, share)| (row[2] - 4.5 / 5.8) * (share - 0.3 / 1.3));
    let variances = (4.5 * 1.3 / (5.8 * 5.8 * 6.8)) * (0.3 / (1.3 * 1.3 * 2.3));
    assert!(z_mean(products, 0.0, variances).abs() < 4.0);
}

#[test]
fn dirichlet_parameters() {
    // So tiny that one category has all: chosen in proportion to the concentrations.
    for size in [1e-3, 1e-100, 1e-310] {
        let a = [size, 3.0 * size, 4.0 * size];
        let mut out = vec![0.0; 3 * N];
        dirichlet(6, &a.repeat(N), 3, &mut out);
        assert!(out.iter().all(|&x| x > 0.0 && x <= 1.0));
        for (entry, p) in [0.125, 0.375, 0.5].into_iter().enumerate() {
            let variance = p * (1.0 - p) / (1.0 + 8.0 * size);
            let z = z_mean(out.chunks(3).map(|row| row[entry]), p, variance);
            assert!(z.abs() < 4.0, "{size} {entry}: {z}");
        }
    }
    let mut out = [0.0; 8];
    dirichlet(7, &[1.0, 0.0, -1.0, 1.0, f64::NAN, 1.0, 1e300, 1e300], 2, &mut out);
    assert!(out[..6].iter().all(|x| x.is_nan()), "{out:?}");
    assert!((out[6] - 0.5).abs() < 1e-10);
    let mut one = [0.0];
    dirichlet(7, &[2.0], 1, &mut one);
    assert_eq!(one, [1.0]);
    dirichlet(7, &[], 3, &mut []);
}

#[test]
fn integers_are_uniform() {
    for (key, (low, high)) in [(0, 2), (-3, 4), (0, 1000)].into_iter().enumerate() {
        let width = (high - low) as usize;
        let mut out = vec![0_i64; N];
        integers(key as u64, low, high, &mut out, |x| x);
        let mut counts = vec![0.0; width];
        out.iter().for_each(|&x| counts[(x - low) as usize] += 1.0);
        assert!(chi_square(&counts, &vec![1.0 / width as f64; width]).abs() < 4.0, "{low}..{high}");
    }
    // Three quarters of all words: taking words modulo the width would hit the first third twice as often.
    let (low, high) = (i64::MIN, i64::MIN / 2 + i64::MAX);
    let mut out = vec![0_i64; N];
    integers(9, low, high, &mut out, |x| x);
    let x: Vec<f64> = out.iter().map(|&x| (x as f64 - low as f64) / (high as f64 - low as f64)).collect();
    assert!(out.iter().all(|&x| x < high) && ks(&x, |x| x) < 2.0);
    let mut one = [0_i64; 3];
    integers(1, 5, 6, &mut one, |x| x);
    assert_eq!(one, [5; 3]);
}

#[test]
#[should_panic(expected = "there is none from 3 up to 3")]
fn an_empty_range_is_refused() {
    integers(0, 3, 3, &mut [0], |x| x);
}

fn weighted(key: u64, weights: &[f64], count: usize) -> Option<Vec<usize>> {
    let (mut race, mut order, mut out) = (vec![0.0; weights.len()], vec![0; weights.len()], vec![0; count]);
    weighted_choice(key, weights, &mut race, &mut order, &mut out).then_some(out)
}

#[test]
fn weighted_choices() {
    let weights = [1.0, 0.0, 3.0, 4.0];
    let mut first = [0.0; 4];
    let mut second_after_3 = [0.0; 4];
    for key in 0..40_000 {
        let pair = weighted(key, &weights, 2).expect("three positive weights");
        first[pair[0]] += 1.0;
        if pair[0] == 3 {
            second_after_3[pair[1]] += 1.0;
        }
    }
    assert!(chi_square(&first, &[0.125, 0.0, 0.375, 0.5]).abs() < 4.0);
    assert!(chi_square(&second_after_3, &[0.25, 0.0, 0.75, 0.0]).abs() < 4.0);
    let all = weighted(5, &[1e-300, 2.0, 1e300], 3).expect("three positive weights");
    assert_eq!(all, [2, 1, 0]);
    assert_eq!(weighted(5, &weights, 3).expect("three positive weights")[..2], weighted(5, &weights, 2).expect("two"));
    assert_eq!(weighted(5, &[], 0), Some(vec![]));
    for bad in [&[1.0, 0.0][..], &[1.0, -1.0, 1.0], &[1.0, f64::NAN, 1.0], &[1.0, f64::INFINITY, 1.0]] {
        assert_eq!(weighted(5, bad, 2), None);
    }
}

#[test]
fn fills_are_prefix_stable_on_any_number_of_threads() {
    let [trials, probs, a] = [vec![50.0; N], vec![0.4; N], vec![0.6; N]];
    type Fill<'a> = &'a (dyn Fn(&mut [f64]) + Sync);
    let fills: [Fill; 4] = [
        &|out| binomial(3, &trials[..out.len()], &probs[..out.len()], out),
        &|out| multinomial(3, &trials[..out.len() / 5], &probs[..out.len()], 5, out),
        &|out| dirichlet(3, &a[..out.len()], 5, out),
        &|out| integers(3, -10, 1000, out, |x| x as f64),
    ];
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("threads");
    let many = rayon::ThreadPoolBuilder::new().num_threads(5).build().expect("threads");
    for (which, fill) in fills.iter().enumerate() {
        let long = one.install(|| draws(fill));
        assert_eq!(long, many.install(|| draws(fill)), "fill {which}");
        for n in [0, 5, 65, 320, 4095, 4100] {
            let mut short = vec![0.0; n];
            fill(&mut short);
            assert_eq!(short, long[..n], "fill {which} of {n}");
        }
    }
}

#[test]
fn keys_of_one_root_are_independent() {
    for other in [mix(4, 1), mix(5, 0), mix(mix(4, 0), 0), hash_name("x")] {
        let (x, y) = (draws(|out| normal(mix(4, 0), out)), draws(|out| normal(other, out)));
        assert!(z_mean(x.iter().zip(&y).map(|(x, y)| x * y), 0.0, 1.0).abs() < 4.0);
        assert!(z_mean(x[1..].iter().zip(&y).map(|(x, y)| x * y), 0.0, 1.0).abs() < 4.0);
        assert!(z_mean(x.iter().zip(&y).map(|(x, y)| (x * x - 1.0) * (y * y - 1.0)), 0.0, 4.0).abs() < 4.0);
    }
}
