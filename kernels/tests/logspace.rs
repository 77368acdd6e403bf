//! Products of logarithms and tilted sums against sums term by term, over hostile ranges.

use pyroxene_kernels::logspace::{Tilted, log_product, log_product_room, tilted_sum, tilted_sum_room};

/// Deterministic numbers around zero, of this spread, a few of them -inf.
fn numbers(n: usize, seed: usize, spread: f64, holes: usize) -> Vec<f64> {
    let value = |i: usize| (((i * 37 + seed * 101) as f64) * 0.7).sin() * spread;
    (0..n).map(|i| if holes > 0 && (i + seed).is_multiple_of(holes) { f64::NEG_INFINITY } else { value(i) }).collect()
}

fn log_sum_exp(terms: &[f64]) -> f64 {
    let max = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if max == f64::NEG_INFINITY { max } else { max + terms.iter().map(|t| (t - max).exp()).sum::<f64>().ln() }
}

const SIZES: [[usize; 3]; 7] = [[1, 1, 1], [2, 3, 4], [5, 1, 2], [1, 9, 1], [8, 17, 5], [3, 0, 2], [0, 2, 3]];

#[test]
fn products_of_logarithms_equal_sums_of_terms() {
    for [m, k, n] in SIZES {
        for spread in [1.0, 50.0, 900.0, 1e5] {
            for holes in [0, 1, 3] {
                let (a, b) = (numbers(m * k, 1, spread, holes), numbers(k * n, 2, spread, holes));
                let (mut y, mut room) = (vec![f64::NAN; m * n], vec![f64::NAN; log_product_room([m, k, n])]);
                log_product([m, k, n], &a, &b, &mut y, &mut room);
                for i in 0..m {
                    for j in 0..n {
                        let terms: Vec<f64> = (0..k).map(|t| a[i * k + t] + b[t * n + j]).collect();
                        let (got, want) = (y[i * n + j], log_sum_exp(&terms));
                        let near = got == want || (got - want).abs() <= 1e-15 * (8.0 + spread + want.abs());
                        assert!(near, "{m} {k} {n}, spread {spread}, holes {holes}: {got}, not {want}");
                    }
                }
            }
        }
    }
}

#[test]
fn infinities_and_nan_are_those_of_the_terms() {
    let (a, b) = ([f64::INFINITY, 0.0, f64::NAN, 0.0], [0.0, 1.0, f64::NEG_INFINITY, f64::NEG_INFINITY]);
    let (mut y, mut room) = ([0.0; 4], vec![0.0; log_product_room([2, 2, 2])]);
    log_product([2, 2, 2], &a, &b, &mut y, &mut room);
    assert_eq!(y[..2], [f64::INFINITY; 2]);
    assert!(y[2..].iter().all(|v| v.is_nan()));
}

#[test]
fn tilted_sums_equal_sums_of_terms() {
    for [m, k, n] in SIZES {
        for spread in [1.0, 50.0, 900.0, 1e5] {
            for holes in [0, 3] {
                let (a, b) = (numbers(m * k, 1, spread, holes), numbers(k * n, 2, spread, holes));
                let (g, h) = (numbers(m * n, 4, 1.0, 0), numbers(k * n, 5, 1.0, 0));
                // As in a derivative: minus the logarithm of the sums.
                let c: Vec<f64> = (0..m * n)
                    .map(|at| {
                        let terms: Vec<f64> = (0..k).map(|t| a[at / n * k + t] + b[t * n + at % n]).collect();
                        let y = log_sum_exp(&terms);
                        if y == f64::NEG_INFINITY { y } else { -y }
                    })
                    .collect();
                let (mut y, mut room) = (vec![f64::NAN; m * k], vec![f64::NAN; tilted_sum_room([m, k, n])]);
                tilted_sum([m, k, n], Tilted { a: &a, b: &b, c: &c, g: &g, h: &h }, &mut y, &mut room);
                for i in 0..m {
                    for t in 0..k {
                        let share = |j: usize| (a[i * k + t] + b[t * n + j] + c[i * n + j]).exp();
                        let want: f64 = (0..n).map(|j| share(j) * g[i * n + j] * h[t * n + j]).sum();
                        let got = y[i * k + t];
                        let near = (got - want).abs() <= 1e-15 * (8.0 + 4.0 * spread);
                        assert!(near, "{m} {k} {n}, spread {spread}, holes {holes}: {got}, not {want}");
                    }
                }
            }
        }
    }
}
