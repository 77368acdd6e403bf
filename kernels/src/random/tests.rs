#[path = "../../tests/common/mod.rs"]
mod common;

use super::*;
use common::ks;

const N: usize = 100_000;

/// z-score of the mean of `values` against a known mean and variance.
fn z_mean(values: &[f64], mean: f64, variance: f64) -> f64 {
    let n = values.len() as f64;
    let sample = values.iter().map(|v| v - mean).sum::<f64>() / n;
    sample / (variance / n).sqrt()
}

/// z-score of the sample variance, with the fourth central moment known.
fn z_variance(values: &[f64], mean: f64, variance: f64, fourth: f64) -> f64 {
    let squares: Vec<f64> = values.iter().map(|v| (v - mean) * (v - mean)).collect();
    z_mean(&squares, variance, fourth - variance * variance)
}

fn drawn(f: impl Fn(&mut [f64])) -> Vec<f64> {
    let mut out = vec![0.0; N];
    f(&mut out);
    out
}

#[test]
fn fills_are_prefix_stable() {
    let a = vec![0.7; N];
    let rate = vec![20.0; N];
    type Fill<'a> = &'a dyn Fn(&mut [f64]);
    let fills: [Fill; 8] = [
        &|out| uniform(3, out),
        &|out| normal(3, out),
        &|out| exponential(3, out),
        &|out| gamma(3, &a[..out.len()], out),
        &|out| log_gamma(3, &a[..out.len()], out),
        &|out| beta(3, &a[..out.len()], &a[..out.len()], out),
        &|out| poisson(3, &rate[..out.len()], out),
        &|out| bernoulli(3, &a[..out.len()], out),
    ];
    for (which, fill) in fills.iter().enumerate() {
        let long = drawn(fill);
        for n in [0, 1, 2, 63, 64, 65, 257, 4097, 40_001] {
            let mut short = vec![0.0; n];
            fill(&mut short);
            assert_eq!(short, long[..n], "fill {which} of {n}");
        }
    }
}

#[test]
fn threads_do_not_matter() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let many = rayon::ThreadPoolBuilder::new().num_threads(5).build().unwrap();
    let work = || (drawn(|out| normal(5, out)), drawn(|out| gamma(5, &vec![0.3; N], out)));
    assert_eq!(one.install(work), many.install(work));
}

#[test]
fn stream_reads_the_words_of_the_fills() {
    let mut stream = Stream::new(11);
    let mut out = [0.0; 9];
    uniform(11, &mut out);
    for expected in out {
        assert_eq!(stream.uniform(), expected);
    }
}

#[test]
fn keys() {
    assert_eq!(hash_name(""), 0xf52a_15e9_a9b5_e89b);
    let mut seen: Vec<u64> = (0..1000).flat_map(|i| [mix(i, 0), mix(0, i + 1), hash_name(&format!("x{i}"))]).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 3000);
}

#[test]
fn uniform_distribution() {
    let x = drawn(|out| uniform(1, out));
    assert!(ks(&x, |v| v) < 2.0);
    let lagged: Vec<f64> = x.windows(2).map(|w| (w[0] - 0.5) * (w[1] - 0.5) * 12.0).collect();
    assert!(z_mean(&lagged, 0.0, 1.0).abs() < 4.0);
}

#[test]
fn normal_distribution() {
    let x = drawn(|out| normal(1, out));
    assert!(z_mean(&x, 0.0, 1.0).abs() < 4.0);
    assert!(z_variance(&x, 0.0, 1.0, 3.0).abs() < 4.0);
    let pairs: Vec<f64> = x.chunks(2).map(|p| p[0] * p[1]).collect();
    assert!(z_mean(&pairs, 0.0, 1.0).abs() < 4.0);
    let radius: Vec<f64> = x.chunks(2).map(|p| 1.0 - (-0.5 * (p[0] * p[0] + p[1] * p[1])).exp()).collect();
    assert!(ks(&radius, |v| v) < 2.0);
    let mut stream = Stream::new(8);
    let y: Vec<f64> = (0..N).map(|_| stream.normal()).collect();
    assert!(z_mean(&y, 0.0, 1.0).abs() < 4.0 && z_variance(&y, 0.0, 1.0, 3.0).abs() < 4.0);
}

#[test]
fn exponential_distribution() {
    let x = drawn(|out| exponential(1, out));
    assert!(x.iter().all(|&v| v > 0.0));
    assert!(ks(&x, |v| 1.0 - (-v).exp()) < 2.0);
}

#[test]
fn gamma_moments() {
    for a in [1e-3, 0.1, 0.5, 0.999, 1.0, 2.5, 30.0, 1e4, 1e8, 1e15] {
        let x = drawn(|out| gamma(2, &vec![a; N], out));
        assert!(x.iter().all(|&v| v > 0.0));
        assert!(z_mean(&x, a, a).abs() < 4.0, "mean at {a}");
        let z = z_variance(&x, a, a, 3.0 * a * a + 6.0 * a);
        assert!(z.abs() < 4.0, "variance at {a}: {z}");
    }
}

#[test]
fn gamma_distribution_functions() {
    let x = drawn(|out| gamma(4, &vec![1.0; N], out));
    assert!(ks(&x, |v| 1.0 - (-v).exp()) < 2.0);
    let x = drawn(|out| gamma(4, &vec![3.0; N], out));
    assert!(ks(&x, |v| 1.0 - (-v).exp() * (1.0 + v + 0.5 * v * v)) < 2.0);
    // x^a / Gamma(1 + a) is nearly the distribution function for tiny a; in logs.
    let a = 1e-6;
    let x = drawn(|out| log_gamma(4, &vec![a; N], out));
    assert!(ks(&x, |v| (a * v).exp().min(1.0)) < 2.0);
}

#[test]
fn gamma_parameters() {
    let mut out = [0.0; 6];
    gamma(0, &[0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 1e300], &mut out);
    assert!(out[..4].iter().all(|v| v.is_nan()));
    assert_eq!(out[4], f64::MIN_POSITIVE);
    assert!((out[5] / 1e300 - 1.0).abs() < 1e-10);
    log_gamma(0, &[0.0, -1.0, f64::NAN, f64::INFINITY, 5e-324, 1e300], &mut out);
    assert!(out[..4].iter().all(|v| v.is_nan()));
    assert_eq!(out[4], f64::MIN);
    let x = Stream::new(1).gamma(2.0);
    assert!(x > 0.0 && x.is_finite());
}

#[test]
fn beta_moments() {
    for (a, b) in [(0.01, 0.02), (0.5, 0.5), (1.0, 1.0), (2.0, 5.0), (1e4, 3e4), (1e-3, 10.0), (1e10, 1e10)] {
        let x = drawn(|out| beta(6, &vec![a; N], &vec![b; N], out));
        assert!(x.iter().all(|&v| v > 0.0 && v < 1.0));
        let s = a + b;
        let z = z_mean(&x, a / s, a * b / (s * s * (s + 1.0)));
        assert!(z.abs() < 4.0, "beta({a}, {b}): {z}");
    }
    let x = drawn(|out| beta(6, &vec![0.5; N], &vec![0.5; N], out));
    assert!(ks(&x, |v| v.sqrt().asin() / std::f64::consts::FRAC_PI_2) < 2.0);
    let x = drawn(|out| beta(6, &vec![1e-310; N], &vec![3e-310; N], out));
    assert!(z_mean(&x, 0.25, 0.1875).abs() < 4.0);
    let mut out = [0.0; 4];
    beta(0, &[0.0, 1.0, f64::NAN, f64::INFINITY], &[1.0, -1.0, 1.0, 1.0], &mut out);
    assert!(out.iter().all(|v| v.is_nan()));
    assert!(Stream::new(1).beta(1.0, 2.0) < 1.0);
}

#[test]
fn poisson_moments() {
    for rate in [1e-3, 0.5, 3.0, 9.99, 10.0, 11.0, 50.0, 1e3, 1e6, 1e12, 1e15, 1e17, 1e30] {
        let x = drawn(|out| poisson(7, &vec![rate; N], out));
        assert!(x.iter().all(|&v| v >= 0.0 && v.fract() == 0.0));
        let z = z_mean(&x, rate, rate);
        assert!(z.abs() < 4.0, "mean at {rate}: {z}");
        let z = z_variance(&x, rate, rate, 3.0 * rate * rate + rate);
        assert!(z.abs() < 4.0, "variance at {rate}: {z}");
    }
}

#[test]
fn poisson_chi_square() {
    for rate in [0.3, 5.0, 10.0, 12.5, 100.0] {
        let x = drawn(|out| poisson(9, &vec![rate; N], out));
        let mut observed = vec![0.0; 400];
        x.iter().for_each(|&v| observed[v as usize] += 1.0);
        let (mut p, mut statistic, mut bins) = (f64::exp(-rate), 0.0, 0.0);
        let (mut rest_p, mut rest) = (1.0, N as f64);
        for (k, &count) in observed.iter().enumerate() {
            if k > 0 {
                p *= rate / k as f64;
            }
            let expected = p * N as f64;
            if expected >= 10.0 {
                statistic += (count - expected) * (count - expected) / expected;
                bins += 1.0;
                rest_p -= p;
                rest -= count;
            }
        }
        let expected: f64 = rest_p * N as f64;
        statistic += (rest - expected) * (rest - expected) / expected.max(1e-3);
        let z = (statistic - bins) / (2.0_f64 * bins).sqrt();
        assert!(z.abs() < 4.0, "rate {rate}: z {z} over {bins} bins");
    }
}

#[test]
fn poisson_parameters() {
    let mut out = [1.0; 5];
    poisson(0, &[0.0, -1.0, f64::NAN, f64::INFINITY, 1e300], &mut out);
    assert_eq!(out[0], 0.0);
    assert!(out[1..4].iter().all(|v| v.is_nan()));
    assert!((out[4] / 1e300 - 1.0).abs() < 1e-10);
    assert!(Stream::new(1).poisson(4.0) >= 0.0);
}

#[test]
fn categories() {
    let weights = [2.0, 0.0, 1.0, 5.0, 0.0];
    let x = drawn(|out| categorical(1, &weights.repeat(N), 5, out));
    for (k, w) in weights.iter().enumerate() {
        let hits: Vec<f64> = x.iter().map(|&v| f64::from(v == k as f64)).collect();
        let p = w / 8.0;
        if p == 0.0 {
            assert!(hits.iter().all(|&h| h == 0.0));
        } else {
            assert!(z_mean(&hits, p, p * (1.0 - p)).abs() < 4.0);
        }
    }
    let mut out = [0.0; 4];
    categorical(1, &[0.0, 0.0, -1.0, 2.0, f64::NAN, 1.0, f64::INFINITY, 1.0], 2, &mut out);
    assert!(out.iter().all(|v| v.is_nan()));
    categorical(1, &[], 0, &mut out);
    assert!(out.iter().all(|v| v.is_nan()));
}

#[test]
fn coins() {
    let x = drawn(|out| bernoulli(1, &vec![0.2; N], out));
    assert!(z_mean(&x, 0.2, 0.16).abs() < 4.0);
    let mut out = [0.0; 5];
    bernoulli(1, &[0.0, 1.0, -0.1, 1.1, f64::NAN], &mut out);
    assert_eq!(out[..2], [0.0, 1.0]);
    assert!(out[2..].iter().all(|v| v.is_nan()));
}

#[test]
fn choices() {
    let mut all = vec![0; 1000];
    choice(5, 1000, &mut all);
    let mut sorted = all.clone();
    sorted.sort_unstable();
    assert!(sorted.iter().copied().eq(0..1000));
    for n in [0, 1, 10, 124, 125, 126, 500] {
        let mut some = vec![0; n];
        choice(5, 1000, &mut some);
        assert_eq!(some, all[..n]);
    }
    let mut counts = [0.0; 5];
    for key in 0..20_000 {
        let mut pair = [0; 2];
        choice(key, 5, &mut pair);
        counts[pair[1]] += 1.0;
    }
    let statistic: f64 = counts.iter().map(|c| (c - 4000.0) * (c - 4000.0) / 4000.0_f64).sum();
    assert!(statistic < 20.0);
    let mut items = [1, 2, 3, 4, 5];
    Stream::new(3).shuffle(&mut items);
    items.sort_unstable();
    assert_eq!(items, [1, 2, 3, 4, 5]);
}

#[test]
#[should_panic(expected = "without replacement")]
fn too_many_choices() {
    choice(0, 2, &mut [0; 3]);
}
