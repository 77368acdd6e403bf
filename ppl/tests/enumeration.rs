//! Summed-out discrete sites: exact log evidence in every arrangement, and an error where there would be a wrong one.

use pyroxene::dist::{Bernoulli, Categorical, Delta, Distribution, Gamma, HalfNormal, Normal, Poisson};
use pyroxene::{Cx, Error, Key, NonCentered, Nuts, ParamStore, Seed, TraceElbo, Var, condition, reparam, run, scope};

/// The log evidence of a model whose latent sites are all enumerated.
fn evidence(model: impl Fn(&mut Cx)) -> Result<f64, Error> {
    scope(|| {
        let nothing = |_: &mut Cx| {};
        let estimate = TraceElbo::default().estimate(&model, &nothing, &ParamStore::new(), Key::from_seed(0));
        estimate.map(|estimate| estimate.value.item())
    })
}

fn normal(x: f64, mean: f64) -> f64 {
    -0.5 * (x - mean).powi(2) - 0.5 * std::f64::consts::TAU.ln()
}

fn logsumexp(terms: &[f64]) -> f64 {
    let max = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + terms.iter().map(|x| (x - max).exp()).sum::<f64>().ln()
}

/// `ln p(z)` of a coin.
fn coin(p: f64, z: usize) -> f64 {
    if z == 1 { p.ln() } else { (1.0 - p).ln() }
}

fn same(model: impl Fn(&mut Cx), exact: f64) {
    let found = evidence(model).expect("the model is right");
    assert!((found - exact).abs() < 1e-12 * exact.abs().max(1.0), "{found} {exact}");
}

fn refused(model: impl Fn(&mut Cx), site: &str, words: &[&str]) {
    let error = evidence(model).expect_err("the model is wrong");
    assert_eq!(error.site(), Some(site), "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{error}");
    }
}

const Y: [f64; 3] = [0.1, 2.0, -0.4];

#[test]
fn one_coin_for_all_data() {
    let exact = logsumexp(&[0, 1].map(|z| coin(0.7, z) + Y.iter().map(|&y| normal(y, 2.0 * z as f64)).sum::<f64>()));
    same(
        |cx| {
            let z = cx.sample("z", Bernoulli::probs(0.7));
            cx.plate("data", 3, |cx| cx.observe("y", Normal::new(2.0 * z, 1.0), Y));
        },
        exact,
    );
    // The same without a plate: the axis of the data must not be taken for that of the coin, whatever its length.
    same(
        |cx| {
            let z = cx.sample("z", Bernoulli::probs(0.7));
            cx.observe("y", Normal::new(2.0 * z, 1.0), Y);
        },
        exact,
    );
    let two = logsumexp(&[0, 1].map(|z| coin(0.7, z) + Y[..2].iter().map(|&y| normal(y, 2.0 * z as f64)).sum::<f64>()));
    same(
        |cx| {
            let z = cx.sample("z", Bernoulli::probs(0.7));
            cx.observe("y", Normal::new(2.0 * z, 1.0), [Y[0], Y[1]]);
        },
        two,
    );
}

#[test]
fn a_coin_for_each_element_and_one_above() {
    let exact = logsumexp(&[0, 1].map(|w| {
        let each = |&y: &f64| logsumexp(&[0, 1].map(|z| coin([0.3, 0.8][w], z) + normal(y, z as f64 - w as f64)));
        coin(0.6, w) + Y.iter().map(each).sum::<f64>()
    }));
    same(
        |cx| {
            let w = cx.sample("w", Bernoulli::probs(0.6));
            cx.plate("data", 3, |cx| {
                let z = cx.sample("z", Bernoulli::probs(Var::from([0.3, 0.8]).take(w)));
                cx.observe("y", Normal::new(z - w, 1.0), Y);
            });
        },
        exact,
    );
}

#[test]
fn categories_pick_parameters() {
    let (weights, locs): ([f64; 3], [f64; 3]) = ([0.2, 0.5, 0.3], [-1.0, 0.5, 3.0]);
    let each = |&y: &f64| logsumexp(&[0, 1, 2].map(|z| weights[z].ln() + normal(y, locs[z])));
    same(
        |cx| {
            cx.plate("data", 3, |cx| {
                let z = cx.sample("z", Categorical::probs(weights));
                cx.observe("y", Normal::new(Var::from(locs).take(z), 1.0), Y);
            });
        },
        Y.iter().map(each).sum(),
    );
    // A single category is no trouble.
    same(
        |cx| {
            let z = cx.sample("z", Categorical::probs([1.0]));
            cx.observe("y", Normal::new(z, 1.0), 0.5);
        },
        normal(0.5, 0.0),
    );
}

#[test]
fn masked_coins_add_nothing() {
    let each = |y: f64| logsumexp(&[0, 1].map(|z| coin(0.7, z) + normal(y, z as f64)));
    same(
        |cx| {
            cx.plate("data", 3, |cx| {
                cx.mask([true, false, true], |cx| {
                    let z = cx.sample("z", Bernoulli::probs(0.7));
                    cx.observe("y", Normal::new(z, 1.0), Y);
                });
            });
        },
        each(Y[0]) + each(Y[2]),
    );
}

#[test]
fn scales_stand_outside_the_sum() {
    let each = |y: f64| logsumexp(&[0, 1].map(|z| coin(0.7, z) + normal(y, z as f64)));
    let scales = [0.5, 1.0, 2.0];
    let exact: f64 = Y.iter().zip(scales).map(|(&y, scale)| scale * each(y)).sum();
    same(
        |cx| {
            cx.plate("data", 3, |cx| {
                cx.scale(scales, |cx| {
                    let z = cx.sample("z", Bernoulli::probs(0.7));
                    cx.observe("y", Normal::new(z, 1.0), Y);
                });
            });
            // Beside an enumerated site, a scale of a site that does not depend on it acts by element.
            cx.plate("other", 3, |cx| cx.scale(scales, |cx| cx.observe("x", Normal::new(0.0, 1.0), Y)));
        },
        exact + Y.iter().zip(scales).map(|(&y, scale)| scale * normal(y, 0.0)).sum::<f64>(),
    );
    refused(
        |cx| {
            let z = cx.sample("z", Bernoulli::probs(0.7));
            cx.plate("data", 3, |cx| cx.scale(scales, |cx| cx.observe("y", Normal::new(z, 1.0), Y)));
        },
        "y",
        &["scale differs"],
    );
}

#[test]
fn what_would_be_wrong_is_refused() {
    refused(
        |cx| {
            let z = cx.sample("z", Bernoulli::probs([0.7, 0.7, 0.7]));
            cx.observe("y", Normal::new(z, 1.0), Y);
        },
        "z",
        &["[3]", "plate"],
    );
    refused(
        |cx| {
            let z = cx.plate("data", 3, |cx| cx.sample("z", Bernoulli::probs(0.7)));
            cx.observe("total", Normal::new(z.sum(), 1.0), 1.0);
        },
        "total",
        &["\"z\"", "axis"],
    );
    refused(
        |cx| {
            let z = cx.sample("z", Bernoulli::probs(0.7));
            cx.observe("y", Normal::new(z * [1.0, 2.0], 1.0).to_event(1), [0.1, 2.0]);
        },
        "y",
        &["\"z\"", "unsqueeze"],
    );
    let right = logsumexp(&[0, 1].map(|z| coin(0.7, z) + normal(0.1, z as f64) + normal(2.0, 2.0 * z as f64)));
    same(
        |cx| {
            let z = cx.sample("z", Bernoulli::probs(0.7)).unsqueeze(-1);
            cx.observe("y", Normal::new(z * [1.0, 2.0], 1.0).to_event(1), [0.1, 2.0]);
        },
        right,
    );
}

#[test]
fn a_mask_or_scale_never_repeats_a_site() {
    let masked = |cx: &mut Cx| {
        cx.mask([true, true, false], |cx| cx.sample("x", Normal::new(0.0, 1.0)));
    };
    let scaled = |cx: &mut Cx| {
        cx.scale([1.0, 2.0], |cx| cx.sample("x", Normal::new(0.0, 1.0)));
    };
    let beside_a_coin = |cx: &mut Cx| {
        cx.sample("z", Bernoulli::probs(0.5));
        cx.mask([true, false], |cx| cx.sample("x", Normal::new(0.0, 1.0)));
    };
    for model in [masked as fn(&mut Cx), scaled, beside_a_coin] {
        let error = Nuts::default().progress(false).run(&model, Seed(0)).expect_err("the model is wrong");
        assert_eq!(error.site(), Some("x"));
        assert!(error.to_string().contains("repeat") || error.to_string().contains("without depending"), "{error}");
    }
    let negative = run(|cx: &mut Cx| cx.scale(-1.0, |cx| cx.sample("x", Normal::new(0.0, 1.0)).item()), Seed(0));
    assert!(negative.expect_err("the scale is negative").to_string().contains("positive"));
}

#[test]
fn values_that_an_enumerated_site_decides_are_not_reported() {
    let model = |cx: &mut Cx| {
        let a = cx.sample("a", Normal::new(0.0, 1.0));
        let z = cx.plate("data", 3, |cx| cx.sample("z", Bernoulli::probs(0.7)));
        cx.deterministic("count", z.sum());
        cx.deterministic("mixed", (z + a).mean());
        cx.deterministic("twice", 2.0 * a);
        let fixed = cx.sample("fixed", Delta::new(4.0, 0));
        cx.observe("b", Normal::new(a, fixed), 1.0);
    };
    let fit = Nuts::default().draws(50).warmup(50).progress(false).run(&model, Seed(0)).expect("the model is right");
    assert_eq!(fit.names().collect::<Vec<_>>(), ["a", "fixed", "twice"]);
    assert!(fit["fixed"].to_vec::<f64>().iter().all(|&x| x == 4.0));
}

#[test]
fn names_that_reparam_does_not_find_are_errors() {
    let model = |cx: &mut Cx| cx.sample("x", Normal::new(0.0, 1.0)).item();
    let error = run(reparam(model, NonCentered::sites(["typo"])), Seed(0)).expect_err("there is no such site");
    assert_eq!(error.site(), Some("typo"));
    let inside = condition(reparam(model, NonCentered::everywhere()), [("x", 1.0)]);
    let error = run(inside, Seed(0)).expect_err("the site is no more");
    assert!(error.to_string().contains("apply `reparam` to the conditioned model"), "{error}");
}

/// A guide whose draws have a derivative by one parameter and none by another.
#[test]
fn a_gamma_guide_has_an_unbiased_gradient() {
    let model = |cx: &mut Cx| {
        let s = cx.sample("s", Gamma::new(3.0, 2.0));
        cx.observe("y", Poisson::new(s), 4.0);
    };
    // The ELBO of Gamma(7, b) is 7 - 21 / b - 7 ln b up to a constant.
    let exact = 21.0 / 4.0 - 7.0 / 2.0;
    let draws: Vec<f64> = (0..20_000)
        .map(|seed| {
            scope(|| {
                let b = Var::from(2.0);
                let guide = |cx: &mut Cx| drop(cx.sample("s", Gamma::new(7.0, b)).shape());
                let estimate = TraceElbo::default().estimate(&model, &guide, &ParamStore::new(), Key::from_seed(seed));
                pyroxene::grad(estimate.expect("the model is right").surrogate, &[b])[0].item()
            })
        })
        .collect();
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let error = (draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n * (n - 1.0))).sqrt();
    assert!(((mean - exact) / error).abs() < 4.0 && error < 0.2, "{mean} +- {error}, exactly {exact}");
}

#[test]
fn supports_do_not_hide_from_enumeration() {
    // A latent scale beside an enumerated sign: the two-sided density of |x|.
    let model = |cx: &mut Cx| {
        let scale = cx.sample("scale", HalfNormal::new(1.0));
        let z = cx.sample("z", Bernoulli::probs(0.5));
        cx.observe("y", Normal::new((2.0 * z - 1.0) * 3.0, scale), 3.0);
    };
    let fit = Nuts::default().draws(200).warmup(200).progress(false).run(&model, Seed(0)).expect("the model is right");
    assert_eq!(fit.names().collect::<Vec<_>>(), ["scale"]);
}
