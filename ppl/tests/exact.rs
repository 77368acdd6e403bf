//! Inference against exact answers.

use pyroxene::dist::{
    Bernoulli, Beta, Distribution, Gamma, HalfNormal, Independent, LogNormal, MultivariateNormal, Normal, Poisson,
};
use pyroxene::infer::diagnostics::{ess_mean, mcse_mean};
use pyroxene::optim::Adam;
use pyroxene::{
    AutoNormal, Constraint, Cx, DType, Key, NonCentered, Nuts, ParamStore, Plate, Program, Seed, Svi, Tensor,
    TraceElbo, Values, Var, condition, grad, posterior_predictive, prior_predictive, reparam, run, scope, substitute,
};

fn columns(draws: &Tensor, f: impl Fn(&[f64]) -> f64) -> Vec<Vec<f64>> {
    let [chains, count] = [draws.shape()[0], draws.shape()[1]];
    let size = draws.len() / (chains * count);
    let data = draws.to_vec::<f64>();
    data.chunks_exact(count * size).map(|chain| chain.chunks_exact(size).map(&f).collect()).collect()
}

/// How many Monte-Carlo errors the mean of `f` over the draws is from `exact`.
fn z_score(draws: &Tensor, exact: f64, f: impl Fn(&[f64]) -> f64) -> f64 {
    let columns = columns(draws, f);
    let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let all: Vec<f64> = columns.concat();
    (all.iter().sum::<f64>() / all.len() as f64 - exact) / mcse_mean(&slices)
}

#[test]
fn a_correlated_gaussian_of_fifty_dimensions() {
    let n = 50;
    // Correlation 0.7^|i-j|, standard deviations from 0.1 to 10.
    let sd = |i: usize| 10f64.powf(-1.0 + 2.0 * i as f64 / (n - 1) as f64);
    let covariance = |i: usize, j: usize| sd(i) * sd(j) * 0.7f64.powi(i.abs_diff(j) as i32);
    let matrix: Vec<f64> = (0..n * n).map(|k| covariance(k / n, k % n)).collect();
    let matrix = Tensor::from_vec(matrix, [n, n]);
    let mean: Vec<f64> = (0..n).map(|i| i as f64).collect();
    let model = |cx: &mut Cx| {
        cx.sample("x", MultivariateNormal::from_covariance(mean.clone(), &matrix));
    };
    let fit = Nuts::default().draws(5_000).progress(false).run(&model, Seed(1)).expect("the model is right");
    let x = &fit["x"];
    for i in 0..n {
        let z = z_score(x, mean[i], |x| x[i]);
        assert!(z.abs() < 4.0, "mean of {i}: z {z}");
        for j in [i, (i + 1) % n, (i + 7) % n] {
            let z = z_score(x, covariance(i, j), |x| (x[i] - mean[i]) * (x[j] - mean[j]));
            assert!(z.abs() < 4.0, "covariance of {i} and {j}: z {z}");
        }
    }
}

#[test]
fn the_funnel_non_centred() {
    let model = |cx: &mut Cx| {
        let v = cx.sample("v", Normal::new(0.0, 3.0));
        cx.plate("i", 9, |cx| cx.sample("x", Normal::new(0.0, (v * 0.5).exp())));
    };
    let cured = reparam(model, NonCentered::sites(["x"]));
    let fit = Nuts::default().draws(5_000).progress(false).run(&cured, Seed(0)).expect("the model is right");
    assert_eq!(fit.divergences(), 0);
    let z = [z_score(&fit["v"], 0.0, |v| v[0]), z_score(&fit["v"], 9.0, |v| v[0] * v[0])];
    assert!(z.iter().all(|z| z.abs() < 4.0), "{z:?}");
    // ln |x| has mean E[v]/2 + E[ln |z|] = -(gamma + ln 2) / 2.
    let z = z_score(&fit["x"], -0.635_181_422_730_739_1, |x| x[0].abs().ln());
    assert!(z.abs() < 4.0, "{z}");
}

/// Constrained variables are sampled through bijections: their exact moments need the right Jacobians.
#[test]
fn constrained_variables_keep_their_moments() {
    let model = |cx: &mut Cx| {
        cx.sample("beta", Beta::new(2.0, 5.0));
        cx.sample("half", HalfNormal::new(2.0));
        cx.sample("log", LogNormal::new(0.0, 0.5));
        let a = cx.sample("a", pyroxene::dist::Uniform::new(0.0, 1.0));
        cx.sample("b", pyroxene::dist::Uniform::new(a, 2.0));
    };
    let fit = Nuts::default().draws(5_000).progress(false).run(&model, Seed(0)).expect("the model is right");
    for (name, mean, square) in [
        ("beta", 2.0 / 7.0, 2.0 * 3.0 / (7.0 * 8.0)),
        ("half", 2.0 * (2.0 / std::f64::consts::PI).sqrt(), 4.0),
        ("log", 0.125f64.exp(), 0.5f64.exp()),
        ("a", 0.5, 1.0 / 3.0),
        // E[b] = E[(a + 2) / 2], E[b²] = E[(a² + 2a + 4) / 3].
        ("b", 1.25, (1.0 / 3.0 + 1.0 + 4.0) / 3.0),
    ] {
        let z = [z_score(&fit[name], mean, |x| x[0]), z_score(&fit[name], square, |x| x[0] * x[0])];
        assert!(z.iter().all(|z| z.abs() < 4.0), "{name}: {z:?}");
    }
}

#[test]
fn threads_change_no_bit() {
    let model = |cx: &mut Cx| {
        let scale = cx.sample("scale", HalfNormal::new(1.0));
        cx.plate("i", 20, |cx| cx.sample("x", Normal::new(0.0, scale)));
    };
    let draws = |threads: usize| {
        let nuts = Nuts::default().warmup(200).draws(200).threads(threads).progress(false);
        nuts.run(&model, Seed(5)).expect("the model is right")["x"].to_vec::<f64>()
    };
    assert_eq!(draws(1), draws(4));
}

/// Ten observations of unit noise, prior N(0, 2²): the posterior is normal.
const DATA: [f64; 10] = [1.2, 0.3, 2.2, 1.9, 0.4, 1.1, 1.7, 0.9, 2.4, 1.3];

fn conjugate() -> (f64, f64) {
    let precision = 10.0 + 0.25;
    (DATA.iter().sum::<f64>() / precision, 1.0 / f64::sqrt(precision))
}

fn conjugate_model(cx: &mut Cx) {
    let mean = cx.sample("mean", Normal::new(0.0, 2.0));
    cx.plate("data", 10, |cx| cx.observe("x", Normal::new(mean, 1.0), DATA));
}

fn hand_written(cx: &mut Cx) {
    let loc = cx.param("loc", 0.0);
    let scale = cx.constrained_param("scale", 1.0, Constraint::Positive);
    cx.sample("mean", Normal::new(loc, scale));
}

/// Steps with a falling rate, so that the last parameters are close to the optimum.
fn settle(guide: &impl pyroxene::Guide) -> ParamStore {
    let mut store = ParamStore::new();
    for (round, rate) in [0.05, 0.01, 0.002, 0.0005].into_iter().enumerate() {
        let svi = Svi::new(Adam::new(rate)).particles(10);
        let mut run = svi.start(&conjugate_model, guide, store, Seed(round as u64)).expect("the model is right");
        for _ in 0..1_500 {
            assert!(run.step().is_finite());
        }
        store = run.params();
    }
    store
}

#[test]
fn svi_reaches_the_conjugate_posterior() {
    let (mean, sd) = conjugate();
    let store = settle(&hand_written);
    assert!((store["loc"].item() - mean).abs() < 0.02 * sd, "{} {mean}", store["loc"]);
    assert!((store["scale"].item() / sd - 1.0).abs() < 0.03, "{} {sd}", store["scale"]);
    let auto = AutoNormal::new(conjugate_model);
    let store = settle(&auto);
    assert!((store["auto.mean.loc"].item() - mean).abs() < 0.02 * sd);
    assert!((store["auto.mean.scale"].item() / sd - 1.0).abs() < 0.03);
}

/// A guide of a prior in f32 is in f32, site by site, and fits it.
#[test]
fn guides_have_the_types_of_their_sites() {
    let model = |cx: &mut Cx| {
        let single = |x: f64| Var::from(x).cast(DType::F32);
        cx.sample("a", Normal::new(single(1.0), single(2.0)));
        cx.sample("b", LogNormal::new(single(-1.0), single(0.5)));
        cx.sample("c", Normal::new(3.0, 0.5));
    };
    let svi = Svi::new(Adam::new(0.02)).particles(4).steps(3_000);
    let fit = svi.run(&model, &AutoNormal::new(model), Seed(0)).expect("the model is right");
    for (name, dtype, loc, scale) in
        [("a", DType::F32, 1.0, 2.0), ("b", DType::F32, -1.0, 0.5), ("c", DType::F64, 3.0, 0.5)]
    {
        let [found_loc, found_scale] = ["loc", "scale"].map(|part| &fit.params[&format!("auto.{name}.{part}")[..]]);
        assert_eq!([found_loc.dtype(), found_scale.dtype()], [dtype; 2], "{name}");
        let [found_loc, found_scale] = [found_loc, found_scale].map(|found| found.to_vec::<f64>()[0]);
        assert!((found_loc - loc).abs() < 0.1 * scale, "{name} {found_loc}");
        assert!((found_scale / scale - 1.0).abs() < 0.2, "{name} {found_scale}");
    }
}

/// At the exact posterior the ELBO is the evidence, whatever the draw.
#[test]
fn the_elbo_of_the_exact_posterior_is_the_evidence() {
    let (mean, sd) = conjugate();
    let mut store = ParamStore::new();
    store.set("loc", mean, Constraint::Real).expect("real");
    store.set("scale", sd, Constraint::Positive).expect("positive");
    let estimates: Vec<f64> = (0..5)
        .map(|seed| {
            let estimate = TraceElbo::default().estimate(&conjugate_model, &hand_written, &store, Key::from_seed(seed));
            estimate.expect("the model is right").value.item()
        })
        .collect();
    let n = DATA.len() as f64;
    let square: f64 = DATA.iter().map(|x| x * x).sum();
    let evidence = -0.5 * n * std::f64::consts::TAU.ln() - (2.0 / sd).ln() - 0.5 * (square - (mean / sd).powi(2));
    for estimate in estimates {
        assert!((estimate - evidence).abs() < 1e-10, "{estimate} {evidence}");
    }
}

/// Counts of a Poisson variable under a gamma prior have a gamma posterior, which a gamma guide can be. At the optimum each
/// path's gradient still varies, so the guide settles within its noise.
#[test]
fn svi_fits_a_gamma_guide_by_pathwise_derivatives() {
    let model = |cx: &mut Cx| {
        let rate = cx.sample("rate", Gamma::new(2.0, 1.0));
        cx.plate("i", 5, |cx| cx.sample("y", Poisson::new(rate)));
    };
    let model = condition(model, [("y", Tensor::from([3.0, 5.0, 2.0, 4.0, 6.0]))]);
    let guide = |cx: &mut Cx| {
        let a = cx.constrained_param("a", 5.0, Constraint::Positive);
        let b = cx.constrained_param("b", 1.0, Constraint::Positive);
        cx.sample("rate", Gamma::new(a, b));
    };
    let mut params = ParamStore::new();
    for (round, rate) in [0.05, 0.005].into_iter().enumerate() {
        let svi = Svi::new(Adam::new(rate)).particles(10);
        let mut run = svi.start(&model, &guide, params, Seed(round as u64)).expect("the model is right");
        for _ in 0..1_500 {
            assert!(run.step().is_finite());
        }
        params = run.params();
    }
    let (a, b) = (params["a"].item(), params["b"].item());
    assert!((a / b / (22.0 / 6.0) - 1.0).abs() < 0.02, "mean {}", a / b);
    assert!((b / 6.0 - 1.0).abs() < 0.1, "rate {b}");
}

/// Gradients of the ELBO by the score function (Bernoulli guide) and by reparameterisation are unbiased.
#[test]
fn elbo_gradients_are_unbiased() {
    // Two latent coins; the exact ELBO by summing over them.
    let model = |cx: &mut Cx| {
        let z = cx.sample("z", Bernoulli::probs(0.3));
        cx.observe("x", Normal::new(z * 2.0, 1.0), 1.3);
    };
    let guide = |cx: &mut Cx| {
        let logit = cx.param("logit", 0.4);
        cx.sample("z", Bernoulli::logits(logit));
    };
    let exact = scope(|| {
        let logit = Var::from(0.4);
        let elbo: Var = [0.0, 1.0]
            .into_iter()
            .map(|z| {
                let log_q = Bernoulli::logits(logit).log_prob(z.into());
                let log_p = Bernoulli::probs(0.3).log_prob(z.into()) + Normal::new(2.0 * z, 1.0).log_prob(1.3.into());
                log_q.exp() * (log_p - log_q)
            })
            .sum();
        grad(elbo, &[logit])[0].item()
    });
    let draws: Vec<f64> = (0..4_000).map(|seed| gradient(&model, &guide, "logit", 0.4, seed)).collect();
    let z = mean_z(&draws, exact);
    assert!(z.abs() < 4.0, "score function: z {z}");
}

/// The gradient of the ELBO by one unconstrained parameter.
fn gradient(model: &impl Fn(&mut Cx), guide: &impl Fn(&mut Cx), name: &str, value: f64, seed: u64) -> f64 {
    scope(|| {
        let parameter = Var::from(value);
        let store = ParamStore::new();
        let guide = |cx: &mut Cx| with_param(cx, guide, name, parameter);
        let estimate = TraceElbo::default().estimate(model, &guide, &store, Key::from_seed(seed));
        grad(estimate.expect("the model is right").surrogate, &[parameter])[0].item()
    })
}

/// Runs a body in which one parameter is an expression.
fn with_param(cx: &mut Cx, body: &impl Fn(&mut Cx), name: &str, value: Var) {
    struct Set<'a> {
        name: &'a str,
        value: Var,
        outer: &'a mut dyn pyroxene::Effects,
    }
    impl pyroxene::Effects for Set<'_> {
        fn outer(&mut self) -> Option<&mut dyn pyroxene::Effects> {
            Some(self.outer)
        }
        fn param(&mut self, site: &mut pyroxene::effects::Param) {
            if site.name == self.name {
                site.value = Some(self.value);
            }
            self.outer.param(site);
        }
    }
    body(&mut Cx::new(&mut Set { name, value, outer: cx.effects() }));
}

fn mean_z(draws: &[f64], exact: f64) -> f64 {
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean - exact) / (variance / n).sqrt()
}

#[test]
fn a_subsample_is_unbiased() {
    let model = |cx: &mut Cx| {
        let mean = cx.sample("mean", Normal::new(0.0, 2.0));
        cx.plate_with(Plate::new("data", 10).subsample(3), |cx, indices| {
            cx.observe("x", Normal::new(mean, 1.0), Var::from(DATA).index_select(0, indices));
        });
    };
    let guide = |cx: &mut Cx| {
        let loc = cx.param("loc", 0.5);
        cx.sample("mean", Normal::new(loc, 0.3));
    };
    // d/dloc E[ln p] at q = N(0.5, 0.3²): (sum x - 10 loc) - loc / 4.
    let exact = DATA.iter().sum::<f64>() - 10.0 * 0.5 - 0.5 / 4.0;
    let draws: Vec<f64> = (0..4_000).map(|seed| gradient(&model, &guide, "loc", 0.5, seed)).collect();
    let z = mean_z(&draws, exact);
    assert!(z.abs() < 4.0, "z {z}");
    // The same without the scaling is biased, and the test would see it.
    let z = mean_z(&draws, (DATA.iter().sum::<f64>() - 10.0 * 0.5) * 0.3 - 0.5 / 4.0);
    assert!(z.abs() > 10.0, "z {z}");
}

const POINTS: [f64; 8] = [-2.1, -1.9, 0.2, 1.8, 2.2, 2.0, -2.3, 2.5];

fn mixture(cx: &mut Cx) {
    let weight = cx.sample("weight", Beta::new(2.0, 2.0));
    let low = cx.sample("low", Normal::new(-2.0, 1.0));
    let high = cx.sample("high", Normal::new(2.0, 1.0));
    let sd = cx.sample("sd", HalfNormal::new(1.0));
    cx.plate("data", POINTS.len(), |cx| {
        let z = cx.sample("z", Bernoulli::probs(weight));
        let mean = z.equal(1.0).where_(high, low);
        cx.observe("x", Normal::new(mean, sd), POINTS);
    });
}

/// The same density with the sum written out.
fn mixture_by_hand(cx: &mut Cx) {
    let weight = cx.sample("weight", Beta::new(2.0, 2.0));
    let low = cx.sample("low", Normal::new(-2.0, 1.0));
    let high = cx.sample("high", Normal::new(2.0, 1.0));
    let sd = cx.sample("sd", HalfNormal::new(1.0));
    let x = Var::from(POINTS);
    let one = weight.ln() + Normal::new(high, sd).log_prob(x);
    let zero = (-weight).ln_1p() + Normal::new(low, sd).log_prob(x);
    cx.factor("x", one.logaddexp(zero));
}

/// The ELBO of a guide that is a point mass at the unconstrained point is the log joint density there.
fn log_joint(model: &impl Fn(&mut Cx), at: &Tensor) -> (f64, Vec<f64>) {
    let mut program = Program::capture(&[&[4]], |inputs| {
        let part = |k: isize| inputs[0].select(0, k);
        let guide = |cx: &mut Cx| {
            let mut fix = |name: &str, value: Var| drop(cx.sample(name, pyroxene::dist::Delta::new(value, 0)).shape());
            fix("weight", part(0).sigmoid());
            fix("low", part(1));
            fix("high", part(2));
            fix("sd", part(3).exp());
        };
        let estimate = TraceElbo::default().estimate(model, &guide, &ParamStore::new(), Key::from_seed(0));
        let value = estimate.expect("the model is right").surrogate;
        vec![value, grad(value, &[inputs[0]])[0]]
    })
    .expect("no value is read");
    let outputs = program.call(std::slice::from_ref(at));
    (outputs[0].item(), outputs[1].to_vec())
}

#[test]
fn an_enumerated_mixture_is_the_explicit_sum() {
    for point in [[0.3, -1.5, 2.5, -0.2], [-1.0, 0.5, 0.7, 0.8], [4.0, -2.0, 2.0, -2.0]] {
        let (a, da) = log_joint(&mixture, &point.into());
        let (b, db) = log_joint(&mixture_by_hand, &point.into());
        assert!((a - b).abs() <= 1e-12 * b.abs(), "{a} {b}");
        for (da, db) in da.iter().zip(&db) {
            assert!((da - db).abs() <= 1e-10 * db.abs().max(1.0), "{da} {db}");
        }
    }
}

#[test]
fn an_enumerated_mixture_under_nuts_and_svi() {
    let nuts = Nuts::default().draws(4_000).progress(false);
    let enumerated = nuts.run(&mixture, Seed(2)).expect("the model is right");
    let by_hand = nuts.run(&mixture_by_hand, Seed(3)).expect("the model is right");
    assert!(enumerated.get("z").is_none());
    for name in ["weight", "low", "high", "sd"] {
        let columns_of = |draws: &Tensor| columns(draws, |x| x[0]);
        let (a, b) = (columns_of(&enumerated[name]), columns_of(&by_hand[name]));
        let stats = |c: &[Vec<f64>]| {
            let slices: Vec<&[f64]> = c.iter().map(Vec::as_slice).collect();
            let all = c.concat();
            (all.iter().sum::<f64>() / all.len() as f64, mcse_mean(&slices), ess_mean(&slices))
        };
        let ((mean_a, error_a, ess), (mean_b, error_b, _)) = (stats(&a), stats(&b));
        let z = (mean_a - mean_b) / error_a.hypot(error_b);
        assert!(z.abs() < 4.0 && ess > 400.0, "{name}: z {z}, ess {ess}");
    }
    let guide = AutoNormal::new(mixture);
    let losses = |model: &dyn Fn(&mut Cx)| {
        let model = |cx: &mut Cx| model(cx);
        Svi::new(Adam::new(0.02))
            .particles(4)
            .steps(1_500)
            .run(&model, &guide, Seed(0))
            .expect("the model is right")
            .losses
    };
    // The same guide and draws: the two models are the same function.
    let (a, b) = (losses(&mixture), losses(&mixture_by_hand));
    assert!((a[0] - b[0]).abs() < 1e-10 * b[0].abs());
    let end = |losses: &[f64]| losses[losses.len() - 200..].iter().sum::<f64>() / 200.0;
    assert!((end(&a) - end(&b)).abs() < 0.05, "{} {}", end(&a), end(&b));
    assert!(end(&a) < a[..20].iter().sum::<f64>() / 20.0);
}

#[test]
fn prediction_follows_prior_and_posterior() {
    let prior = prior_predictive(&|cx: &mut Cx| drop(cx.sample("x", Normal::new(1.0, 2.0)).shape()), 20_000, Seed(0));
    let x = prior.expect("the model is right")["x"].to_vec::<f64>();
    assert!(mean_z(&x, 1.0).abs() < 4.0);
    assert!(mean_z(&x.iter().map(|x| (x - 1.0).powi(2)).collect::<Vec<_>>(), 4.0).abs() < 4.0);

    let model = |cx: &mut Cx| {
        let mean = cx.sample("mean", Normal::new(0.0, 2.0));
        cx.plate("data", 10, |cx| drop(cx.sample("x", Normal::new(mean, 1.0)).shape()));
    };
    let fit = Nuts::default().draws(2_000).progress(false).run(&condition(model, [("x", DATA)]), Seed(0));
    let fit = fit.expect("the model is right");
    let new = |cx: &mut Cx| {
        let mean = cx.sample("mean", Normal::new(0.0, 2.0));
        cx.sample("new", Normal::new(mean, 1.0));
    };
    let draws = posterior_predictive(&new, &fit, Seed(1)).expect("the model is right");
    assert_eq!(draws["new"].shape(), [8_000]);
    assert!(draws.get("mean").is_none());
    let (mean, sd) = conjugate();
    let drawn = draws["new"].to_vec::<f64>();
    let average = drawn.iter().sum::<f64>() / 8_000.0;
    let variance = drawn.iter().map(|x| (x - average).powi(2)).sum::<f64>() / 8_000.0;
    assert!((average - mean).abs() < 0.06, "{average} {mean}");
    assert!((variance / (1.0 + sd * sd) - 1.0).abs() < 0.08, "{variance}");
}

/// The events of `Independent` count as one draw, in the density and in the trace.
#[test]
fn independent_events_are_summed() {
    let at: Values = [("x", Tensor::from([0.5, -0.5, 2.0]))].into();
    let model = |cx: &mut Cx| cx.sample("x", Independent::new(Normal::new([0.0, 0.0, 0.0], 1.0), 1));
    let (shape, total) = run(
        |cx: &mut Cx| {
            let (_, trace) = cx.trace(substitute(model, &at));
            (trace.samples()[0].log_prob().shape(), trace.log_density().item())
        },
        Seed(0),
    )
    .expect("the model is right");
    assert!(shape.is_empty());
    let expected = -0.5 * (0.25 + 0.25 + 4.0) - 1.5 * std::f64::consts::TAU.ln();
    assert!((total - expected).abs() < 1e-14, "{total} {expected}");
}
