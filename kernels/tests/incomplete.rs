//! Incomplete gamma and beta functions and their derivatives against values computed in 50 digits and more (series and
//! tanh-sinh quadrature of the integrals, differences of these for the derivatives), and against the golden values.

use pyroxene_kernels::special::*;
use serde_json::Value;

fn data() -> Value {
    serde_json::from_str(include_str!("../testdata/incomplete.json")).expect("JSON")
}

/// Numbers are written as texts, which Rust reads to the nearest f64.
fn numbers(row: &Value) -> Vec<f64> {
    let texts = row.as_array().expect("numbers").iter();
    texts.map(|x| x.as_str().expect("a text").parse().expect("a number")).collect()
}

/// The largest relative error of each column over the rows; `columns` gives what was got and what is wanted.
fn worst<const N: usize>(rows: &Value, columns: impl Fn(&[f64]) -> [(f64, f64); N]) -> [f64; N] {
    let mut worst = [0.0; N];
    for row in rows.as_array().expect("rows") {
        let row = numbers(row);
        for (worst, (got, want)) in worst.iter_mut().zip(columns(&row)) {
            let error = ((got - want) / want).abs();
            assert!(error < 1e-11, "{row:?}: {got:e}, not {want:e}");
            *worst = f64::max(*worst, error);
        }
    }
    worst
}

#[test]
fn gamma_family() {
    // a, x, P, Q, dP/da, d ln x / da at fixed P
    let errors = worst(&data()["gamma"], |row| {
        let [a, x, lower, upper, by_a, slope] = *row else { panic!("six columns") };
        [
            (gammainc(a, x), lower),
            (gammaincc(a, x), upper),
            (gammainc_by_a(a, x), by_a),
            (gamma_log_slope(a, x), slope),
            (x * gamma_density(a, x), -by_a / slope),
        ]
    });
    assert!(errors.iter().all(|&e| e < 5e-13), "{errors:?}");
}

#[test]
fn beta_family() {
    // a, b, x, I, 1 - I, dI/da, dI/db, d logit x / da and / db at fixed I
    let errors = worst(&data()["beta"], |row| {
        let [a, b, x, lower, _, by_a, by_b, slope_a, slope_b] = *row else { panic!("nine columns") };
        [
            (betainc(a, b, x), lower),
            (betainc_by_a(a, b, x), by_a),
            (betainc_by_b(a, b, x), by_b),
            (beta_logit_slope_a(a, b, x), slope_a),
            (beta_logit_slope_b(a, b, x), slope_b),
            (x * (1.0 - x) * beta_density(a, b, x), -by_a / slope_a),
        ]
    });
    assert!(errors.iter().all(|&e| e < 1e-12), "{errors:?}");
}

#[test]
fn upper_tails_of_beta_variables() {
    // A dyadic x, so that 1 - x is exact.
    let mut count = 0;
    for row in data()["beta"].as_array().expect("rows") {
        let [a, b, x, _, upper, ..] = *numbers(row) else { panic!("columns") };
        if x == 0.5 || x == 0.25 || x == 0.75 {
            let got = betainc(b, a, 1.0 - x);
            assert!((got - upper).abs() <= 1e-12 * upper, "{a} {b} {x}: {got:e}, not {upper:e}");
            count += 1;
        }
    }
    assert!(count > 10, "{count} values");
}

#[test]
fn golden_values() {
    let mut count = 0;
    for case in data()["golden"].as_array().expect("cases") {
        let arguments: Vec<Vec<f64>> = case["args"].as_array().expect("arguments").iter().map(numbers).collect();
        let function = match case["fn"].as_str().expect("a name") {
            "gammainc" => Special::Gammainc,
            "gammaincc" => Special::Gammaincc,
            "betainc" => Special::Betainc,
            "lbeta" => Special::Lbeta,
            other => panic!("{other}"),
        };
        let want = numbers(&case["y"]);
        let mut got = vec![0.0; want.len()];
        let slices: Vec<&[f64]> = arguments.iter().map(Vec::as_slice).collect();
        function.apply(&slices, &mut got);
        for (i, (got, want)) in got.iter().zip(&want).enumerate() {
            // ln B vanishes on a curve, near which only the absolute error can be small.
            let size = if function == Special::Lbeta { want.abs().max(1.0) } else { want.abs() };
            let at: Vec<f64> = arguments.iter().map(|x| x[i]).collect();
            assert!((got - want).abs() <= 1e-12 * size, "{}{at:?}: {got:e}, not {want:e}", function.name());
            count += 1;
        }
    }
    assert!(count > 300, "{count} values");
}

/// Derivatives of draws at which the distribution function is held, as multiples of a value's own scale.
#[test]
fn derivatives_of_draws() {
    let mut count = 0;
    for case in data()["draws"].as_array().expect("cases") {
        let (name, value) = (case["name"].as_str().expect("a name"), numbers(&case["value"]));
        let arg = |of: &str| numbers(&case["args"][of]);
        let got: Vec<(&str, Vec<f64>)> = match name {
            "Gamma" => {
                let (a, rate) = (arg("concentration"), arg("rate"));
                let slope = |i: usize| value[i] * gamma_log_slope(a[i], value[i] * rate[i]);
                vec![("concentration", (0..value.len()).map(slope).collect())]
            }
            "InverseGamma" => {
                let (a, rate) = (arg("concentration"), arg("rate"));
                let slope = |i: usize| -value[i] * gamma_log_slope(a[i], rate[i] / value[i]);
                vec![("concentration", (0..value.len()).map(slope).collect())]
            }
            "Chi2" => {
                let df = arg("df");
                let slope = |i: usize| 0.5 * value[i] * gamma_log_slope(0.5 * df[i], 0.5 * value[i]);
                vec![("df", (0..value.len()).map(slope).collect())]
            }
            "StudentT" => {
                // t = normal sqrt(half df / g), where g is a gamma variable of concentration df / 2.
                let (df, scale) = (arg("df"), arg("scale"));
                let (normal, chi2) = (numbers(&case["normal"]), numbers(&case["chi2"]));
                let slope = |i: usize| {
                    let t = scale[i] * normal[i] * (df[i] / chi2[i]).sqrt();
                    0.5 * t * (1.0 / df[i] - 0.5 * gamma_log_slope(0.5 * df[i], 0.5 * chi2[i]))
                };
                vec![("df", (0..value.len()).map(slope).collect())]
            }
            "Beta" => {
                let (a, b) = (arg("concentration1"), arg("concentration0"));
                let spread = |x: f64| x * (1.0 - x);
                let slope_a = |i: usize| spread(value[i]) * beta_logit_slope_a(a[i], b[i], value[i]);
                let slope_b = |i: usize| spread(value[i]) * beta_logit_slope_b(a[i], b[i], value[i]);
                let all = 0..value.len();
                vec![
                    ("concentration1", all.clone().map(slope_a).collect()),
                    ("concentration0", all.map(slope_b).collect()),
                ]
            }
            "Dirichlet" => {
                let (a, k) = (arg("concentration"), case["size"].as_u64().expect("a size") as usize);
                let mut all = Vec::new();
                for (x, a) in value.chunks(k).zip(a.chunks(k)) {
                    let total: f64 = a.iter().sum();
                    for j in 0..k {
                        for i in 0..k {
                            let logit = beta_logit_slope_a(a[i], total - a[i], x[i]);
                            all.push(x[i] * logit * if i == j { 1.0 - x[i] } else { -x[j] });
                        }
                    }
                }
                vec![("concentration", all)]
            }
            other => panic!("{other}"),
        };
        for (parameter, got) in got {
            for (got, want) in got.iter().zip(numbers(&case["dvalue"][parameter])) {
                // The value itself is rounded, near 1 to few digits of 1 - x.
                assert!((got - want).abs() <= 1e-10 * want.abs(), "{name} {parameter}: {got:e}, not {want:e}");
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count} values");
}

#[test]
fn ends_of_the_domain() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let same = |got: f64, want: f64| assert!(got == want || got.is_nan() && want.is_nan(), "{got:e}, not {want:e}");
    for (a, x, lower) in [(2.0, 0.0, 0.0), (0.0, 2.0, 1.0), (2.0, inf, 1.0), (inf, 2.0, 0.0), (1e-300, 1e300, 1.0)] {
        same(gammainc(a, x), lower);
        same(gammaincc(a, x), 1.0 - lower);
        same(gammainc_by_a(a, x), if a == 0.0 { gammainc_by_a(1e-300, x) } else { -0.0 });
    }
    for (a, x) in [(0.0, 0.0), (inf, inf), (-1.0, 1.0), (1.0, -1.0), (nan, 1.0), (1.0, nan)] {
        same(gammainc(a, x), nan);
        same(gammaincc(a, x), nan);
        same(gammainc_by_a(a, x), nan);
        same(gamma_log_slope(a, x), nan);
    }
    same(gamma_density(1.0, 0.0), 1.0);
    same(gamma_density(0.5, 0.0), inf);
    same(gamma_density(2.0, 0.0), 0.0);
    same(gamma_density(2.0, inf), 0.0);
    same(gamma_density(0.0, 1.0), nan);
    let cases = [(2.0, 3.0, 0.0, 0.0), (2.0, 3.0, 1.0, 1.0), (0.0, 3.0, 0.5, 1.0), (3.0, 0.0, 0.5, 0.0)];
    let limits = [(inf, 3.0, 0.5, 0.0), (3.0, inf, 0.5, 1.0), (0.0, 3.0, 0.0, nan), (3.0, 0.0, 1.0, nan)];
    let outside = [(0.0, 0.0, 0.5, nan), (-1.0, 1.0, 0.5, nan), (1.0, 1.0, 1.5, nan), (1.0, 1.0, nan, nan)];
    for (a, b, x, want) in cases.into_iter().chain(limits).chain(outside) {
        same(betainc(a, b, x), want);
    }
    same(betainc_by_a(2.0, 3.0, 0.0), 0.0);
    same(betainc_by_b(2.0, inf, 0.5), 0.0);
    same(betainc_by_b(1.0, 1.0, -0.5), nan);
    same(beta_density(1.0, 4.0, 0.0), 4.0);
    same(beta_density(4.0, 1.0, 1.0), 4.0);
    same(beta_density(0.5, 1.0, 0.0), inf);
    same(beta_density(2.0, 2.0, 1.0), 0.0);
    same(beta_logit_slope_a(0.0, 1.0, 0.5), nan);
    assert!(beta_logit_slope_a(1e-3, 1e-3, 1.0).is_finite() && beta_logit_slope_b(1e-3, 1e-3, 0.0).is_finite());
    for (a, b, want) in [(0.0, 1.0, inf), (inf, 1.0, -inf), (0.0, inf, nan), (-1.0, 2.0, nan)] {
        same(lbeta(a, b), want);
    }
}

/// At huge parameters the variables are normal to the digits that are compared, and nothing overflows.
#[test]
fn huge_parameters() {
    let normal_upper = |z: f64| 0.5 * pyroxene_kernels::Unary::Erfc.eval(z / std::f64::consts::SQRT_2);
    for z in [-3.0, -1.0, 0.0, 0.5, 2.0, 5.0] {
        let a = 1e20;
        let x = a + z * 1e10;
        let z = (x - a) / 1e10;
        let (got, want) = (gammaincc(a, x), normal_upper(z));
        assert!((got / want - 1.0).abs() < 1e-8, "{z}: {got} {want}");
        assert!((gamma_log_slope(a, x) * a - 1.0).abs() < 1e-8);
        // The logit has variance 1/a + 1/b, and this x a rounding error of much less.
        let x = 0.5 + z * 0.5e-7 / f64::sqrt(8.0);
        let (got, want) = (betainc(1e14, 1e14, x), normal_upper(-(x - 0.5) * 2.0 * f64::sqrt(2e14)));
        assert!((got / want - 1.0).abs() < 1e-8, "{x}: {got} {want}");
    }
    for a in [1e100, 1e300] {
        assert!((gammainc(a, a) - 0.5).abs() < 1e-12);
        assert!((betainc(a, a, 0.5) - 0.5).abs() < 1e-12);
        assert_eq!((gammainc(a, 0.5 * a), gammainc(a, 2.0 * a), gammainc(a, 1e-300)), (0.0, 1.0, 0.0));
        assert_eq!((betainc(a, a, 0.25), betainc(a, 1.0, 0.5), betainc(1.0, a, 0.5)), (0.0, 0.0, 1.0));
    }
}

#[test]
fn threads_do_not_matter() {
    let a: Vec<f64> = (0..1000).map(|i| 1e-3 * 1.02_f64.powi(i)).collect();
    let x: Vec<f64> = a.iter().rev().copied().collect();
    let run = || {
        let mut out = vec![0.0; a.len()];
        Special::Gammaincc.apply(&[&a, &x], &mut out);
        out
    };
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("threads");
    let many = rayon::ThreadPoolBuilder::new().num_threads(5).build().expect("threads");
    let alone: Vec<f64> = a.iter().zip(&x).map(|(&a, &x)| gammaincc(a, x)).collect();
    assert_eq!(one.install(run), alone);
    assert_eq!(many.install(run), alone);
}

#[test]
#[should_panic(expected = "gammainc: 3 arguments in place of 2")]
fn the_number_of_arguments_is_checked() {
    Special::Gammainc.apply(&[&[1.0], &[1.0], &[1.0]], &mut [0.0]);
}

#[test]
#[should_panic(expected = "betainc: the lengths differ")]
fn the_lengths_are_checked() {
    Special::Betainc.apply(&[&[1.0], &[1.0], &[1.0, 2.0]], &mut [0.0]);
}
