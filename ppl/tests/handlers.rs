//! Handlers keep their promises, alone and nested.

use pyroxene::dist::{Bernoulli, HalfNormal, MultivariateNormal, Normal};
use pyroxene::{
    Cx, NonCentered, ParamStore, Plate, Seed, Trace, Values, Var, block, condition, mask, reparam, replay, run, scale,
    seed, substitute,
};

fn hierarchy(cx: &mut Cx) -> Var {
    let mu = cx.sample("mu", Normal::new(0.0, 5.0));
    let tau = cx.sample("tau", HalfNormal::new(5.0));
    cx.plate("school", 3, |cx| {
        let theta = cx.sample("theta", Normal::new(mu, tau));
        cx.sample("y", Normal::new(theta, 1.0))
    })
}

fn values(model: impl Fn(&mut Cx) -> Var, seed: u64) -> Values {
    run(
        |cx: &mut Cx| {
            let (_, trace) = cx.trace(&model);
            let pairs = trace.samples().iter().map(|site| (site.name.clone(), site.value.unwrap().to_tensor()));
            pairs.collect::<Values>()
        },
        Seed(seed),
    )
    .expect("the model is right")
}

fn with_trace<R>(model: impl Fn(&mut Cx) -> Var, look: impl Fn(&Trace) -> R) -> R {
    run(|cx: &mut Cx| look(&cx.trace(&model).1), Seed(0)).expect("the model is right")
}

fn vec(values: &Values, name: &str) -> Vec<f64> {
    values[name].to_vec()
}

#[test]
fn draws_belong_to_names_not_to_order() {
    let reordered = |cx: &mut Cx| {
        cx.sample("new", Normal::new(0.0, 1.0));
        let tau = cx.sample("tau", HalfNormal::new(5.0));
        let mu = cx.sample("mu", Normal::new(0.0, 5.0));
        mu + tau
    };
    let (a, b) = (values(hierarchy, 3), values(reordered, 3));
    assert_eq!(vec(&a, "mu"), vec(&b, "mu"));
    assert_eq!(vec(&a, "tau"), vec(&b, "tau"));
    assert_ne!(vec(&a, "mu"), vec(&values(hierarchy, 4), "mu"));
}

#[test]
fn plates_stretch_and_nest() {
    let model = |cx: &mut Cx| {
        cx.plate("outer", 2, |cx| {
            let a = cx.sample("a", Normal::new(0.0, 1.0));
            cx.plate("inner", 3, |cx| cx.sample("b", Normal::new(a, [1.0, 2.0])))
        })
    };
    // The outer plate owns the last axis, the inner one the axis left of it.
    let drawn = values(model, 0);
    assert_eq!((drawn["a"].shape(), drawn["b"].shape()), (&[2][..], &[3, 2][..]));
    let plates = with_trace(model, |trace| {
        trace.sample("b").unwrap().plates.iter().map(|plate| (plate.name.to_string(), plate.dim)).collect::<Vec<_>>()
    });
    assert_eq!(plates, [("inner".to_string(), -2), ("outer".to_string(), -1)]);
}

#[test]
fn plates_may_choose_their_axes_and_be_entered_again() {
    let model = |cx: &mut Cx| {
        let rows = || Plate::new("rows", 2).dim(-2);
        let a = cx.plate_with(rows(), |cx, _| cx.sample("a", Normal::new(0.0, 1.0)));
        let b = cx.plate("columns", 3, |cx| cx.sample("b", Normal::new(0.0, 1.0)));
        cx.plate("columns", 3, |cx| cx.plate_with(rows(), |cx, _| cx.sample("c", Normal::new(a + b, 1.0))))
    };
    let drawn = values(model, 0);
    assert_eq!(drawn["a"].shape(), [2, 1]);
    assert_eq!(drawn["b"].shape(), [3]);
    assert_eq!(drawn["c"].shape(), [2, 3]);
}

#[test]
fn condition_observes_and_substitute_does_not() {
    let model = condition(hierarchy, [("y", vec![1.0, 2.0, 3.0])]);
    with_trace(model, |trace| {
        let y = trace.sample("y").unwrap();
        assert!(y.observed);
        assert_eq!(y.value.unwrap().to_tensor().to_vec::<f64>(), [1.0, 2.0, 3.0]);
        assert_eq!(trace.latents().map(|site| site.name.as_str()).collect::<Vec<_>>(), ["mu", "tau", "theta"]);
    });
    let model = substitute(hierarchy, [("mu", 1.5)]);
    with_trace(model, |trace| {
        let mu = trace.sample("mu").unwrap();
        assert!(!mu.observed && mu.value.unwrap().item() == 1.5);
    });
}

#[test]
fn the_log_density_is_the_sum_of_the_sites() {
    let fixed = [("mu", vec![0.5]), ("tau", vec![2.0]), ("theta", vec![0.1, 0.2, 0.3]), ("y", vec![1.0, 2.0, 3.0])];
    let fixed: Values = fixed
        .into_iter()
        .map(|(k, v)| (k, if v.len() == 1 { v[0].into() } else { pyroxene::Tensor::from(v) }))
        .collect();
    let density = with_trace(substitute(hierarchy, fixed), |trace| trace.log_density().item());
    let normal = |x: f64, m: f64, s: f64| -0.5 * ((x - m) / s).powi(2) - s.ln() - 0.5 * (std::f64::consts::TAU).ln();
    let expected = normal(0.5, 0.0, 5.0)
        + normal(2.0, 0.0, 5.0)
        + 2f64.ln()
        + [(0.1, 1.0), (0.2, 2.0), (0.3, 3.0)]
            .iter()
            .map(|&(t, y)| normal(t, 0.5, 2.0) + normal(y, t, 1.0))
            .sum::<f64>();
    assert!((density - expected).abs() < 1e-12, "{density} {expected}");
}

#[test]
fn scale_and_mask_act_on_log_probabilities_only() {
    let plain = with_trace(hierarchy, |trace| trace.log_density().item());
    let scaled = with_trace(scale(scale(hierarchy, 2.0), 3.0), |trace| trace.log_density().item());
    assert!((scaled - 6.0 * plain).abs() < 1e-12 * plain.abs());
    let part = |cx: &mut Cx| {
        let x = cx.plate("i", 2, |cx| cx.mask([true, false], |cx| cx.sample("x", Normal::new(0.0, 1.0))));
        cx.scale(0.5, |cx| cx.sample("half", Normal::new(0.0, 1.0)));
        x
    };
    with_trace(part, |trace| {
        let x = trace.sample("x").unwrap().log_prob().to_tensor().to_vec::<f64>();
        assert!(x[0] < -0.9 && x[1] == 0.0);
        let half = trace.sample("half").unwrap();
        assert_eq!(half.log_prob().item(), 0.5 * half.unscaled_log_prob().item());
    });
    // What is masked out may be infinite, and its derivative is zero.
    let infinite = mask(|cx: &mut Cx| cx.observe("x", HalfNormal::new(1.0), [1.0, -1.0]), [true, false]);
    assert!(with_trace(infinite, |trace| trace.log_density().item()).is_finite());
}

#[test]
fn block_hides_and_seed_decides() {
    let hidden = block(hierarchy, |site| site.name == "theta");
    with_trace(hidden, |trace| {
        assert!(trace.sample("theta").is_none() && trace.sample("y").is_some());
    });
    let seeded = seed(hierarchy, Seed(9));
    assert_eq!(vec(&values(&seeded, 0), "y"), vec(&values(&seeded, 1), "y"));
    // A seed decides only what nothing else does.
    let fixed = condition(seed(hierarchy, Seed(9)), [("mu", 0.25)]);
    assert_eq!(values(fixed, 0)["mu"].item(), 0.25);
}

#[test]
fn replay_takes_latent_values_and_subsamples() {
    let model = |cx: &mut Cx| {
        let mean = cx.sample("mean", Normal::new(0.0, 1.0));
        cx.plate_with(Plate::new("data", 100).subsample(5), |_, indices| indices) + mean
    };
    let recorded = run(
        |cx: &mut Cx| {
            let (first, trace) = cx.trace(model);
            let again = block(seed(replay(model, trace), Seed(77)), |_| true)(cx);
            (first.to_tensor().to_vec::<f64>(), again.to_tensor().to_vec::<f64>())
        },
        Seed(0),
    )
    .expect("the model is right");
    assert_eq!(recorded.0, recorded.1);
}

#[test]
fn non_centring_keeps_the_distribution() {
    let cured = reparam(hierarchy, NonCentered::sites(["theta"]));
    with_trace(&cured, |trace| {
        let theta = trace.value("theta").unwrap().to_tensor().to_vec::<f64>();
        let z = trace.value("theta_decentered").unwrap().to_tensor().to_vec::<f64>();
        let (mu, tau) = (trace.value("mu").unwrap().item(), trace.value("tau").unwrap().item());
        for (theta, z) in theta.iter().zip(&z) {
            assert!((theta - (mu + tau * z)).abs() < 1e-12 * theta.abs().max(1.0));
        }
        assert!(trace.sample("theta").is_none());
        // The density of theta given mu and tau is that of z over tau, for each of three.
        let centred = with_trace(substitute(hierarchy, known(trace)), |trace| trace.log_density().item());
        assert!((trace.log_density().item() - 3.0 * tau.ln() - centred).abs() < 1e-10);
    });
    // Everywhere: also mu, whose parameters are numbers; data keeps its form.
    let everywhere = reparam(condition(hierarchy, [("y", [1.0, 2.0, 3.0])]), NonCentered::everywhere());
    with_trace(everywhere, |trace| {
        let names: Vec<&str> = trace.samples().iter().map(|site| site.name.as_str()).collect();
        assert_eq!(names, ["mu_decentered", "tau", "theta_decentered", "y"]);
    });
}

fn known(trace: &Trace) -> Values {
    ["mu", "tau", "theta", "y"].iter().map(|&name| (name, trace.value(name).unwrap().to_tensor())).collect()
}

#[test]
fn parameters_start_where_they_are_told() {
    let model = |cx: &mut Cx| cx.param("w", 2.0) * cx.param("w", 3.0);
    assert_eq!(run(|cx: &mut Cx| model(cx).item(), Seed(0)).expect("the model is right"), 6.0);
    let mut store = ParamStore::new();
    store.set("w", 5.0, pyroxene::Constraint::Real).expect("any number is real");
    assert_eq!(store["w"].item(), 5.0);
}

#[test]
fn events_have_axes_of_their_own() {
    let model = |cx: &mut Cx| {
        let covariance = Var::from([[2.0, 0.5], [0.5, 1.0]]);
        cx.plate("i", 4, |cx| cx.sample("x", MultivariateNormal::from_covariance([0.0, 0.0], covariance)))
    };
    with_trace(model, |trace| {
        let x = trace.sample("x").unwrap();
        assert_eq!(x.value.unwrap().shape().as_slice(), [4, 2]);
        assert_eq!(x.log_prob().shape().as_slice(), [4]);
    });
    let coin = |cx: &mut Cx| cx.plate("i", 50, |cx| cx.sample("heads", Bernoulli::probs(0.3)));
    assert!(vec(&values(coin, 0), "heads").iter().all(|&x| x == 0.0 || x == 1.0));
}
