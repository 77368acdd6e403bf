//! Bad input gives an error that names the site and the shapes, and nothing is computed from it.

use pyroxene::dist::{Bernoulli, Gamma, HalfNormal, Normal, Poisson};
use pyroxene::{
    AutoNormal, Compile, Cx, Error, Nuts, Plate, Seed, Svi, Var, condition, optim::Adam, prior_predictive, run,
};

fn sample(model: impl Fn(&mut Cx)) -> Error {
    Nuts::default().chains(1).warmup(10).draws(10).progress(false).run(&model, Seed(0)).expect_err("the input is bad")
}

fn says(error: &Error, site: &str, parts: &[&str]) {
    let text = error.to_string();
    assert_eq!(error.site(), Some(site), "{text}");
    for part in parts {
        assert!(text.contains(part), "expected {part:?} in {text:?}");
    }
}

fn line(cx: &mut Cx, n: usize, y: Vec<f64>) {
    let mean = cx.sample("mean", Normal::new(0.0, 1.0));
    cx.plate("data", n, |cx| cx.observe("y", Normal::new(mean, 1.0), y.clone()));
}

#[test]
fn nan_in_the_data() {
    let error = sample(|cx| line(cx, 3, vec![1.0, f64::NAN, 2.0]));
    says(&error, "y", &["NaN", "element 1", "[3]", "Normal"]);
}

#[test]
fn nan_in_the_data_under_svi() {
    let model = |cx: &mut Cx| line(cx, 3, vec![1.0, f64::NAN, 2.0]);
    let error = Svi::new(Adam::new(0.1)).steps(5).run(&model, &AutoNormal::new(model), Seed(0)).unwrap_err();
    says(&error, "y", &["NaN", "element 1", "[3]"]);
}

#[test]
fn data_that_does_not_fit_its_plate() {
    let error = sample(|cx| line(cx, 4, vec![1.0, 2.0, 3.0]));
    says(&error, "y", &["[3]", "[4]", "plate \"data\" of size 4"]);
}

#[test]
fn a_distribution_that_does_not_fit_its_plate() {
    let error =
        sample(|cx| cx.plate("school", 8, |cx| drop(cx.sample("theta", Normal::new([0.0, 1.0, 2.0], 1.0)).shape())));
    says(&error, "theta", &["Normal", "[3]", "plate \"school\" of size 8"]);
}

#[test]
fn shapes_that_do_not_broadcast_in_the_model_panic_with_site_and_plate() {
    let model = |cx: &mut Cx| {
        cx.plate("school", 8, |cx| {
            let theta = cx.sample("theta", Normal::new(0.0, 1.0));
            let _ = theta + Var::from([1.0, 2.0, 3.0]);
        });
    };
    let payload = std::panic::catch_unwind(|| run(model, Seed(0))).expect_err("a panic");
    let text = payload.downcast_ref::<String>().expect("a message");
    assert_eq!(text, "add: cannot broadcast [8] with [3] (site \"theta\", plate \"school\")");
}

#[test]
fn a_name_used_twice() {
    let error = sample(|cx| {
        cx.sample("x", Normal::new(0.0, 1.0));
        cx.sample("x", Normal::new(0.0, 1.0));
    });
    says(&error, "x", &["twice"]);
}

#[test]
fn values_outside_the_support() {
    let error = sample(|cx| {
        let rate = cx.sample("rate", HalfNormal::new(1.0));
        cx.observe("x", Gamma::new(2.0, rate), [1.0, -0.5]);
    });
    says(&error, "x", &["-0.5", "Gamma", "support", "negative"]);
    let error = sample(|cx| {
        let rate = cx.sample("rate", HalfNormal::new(1.0));
        cx.observe("count", Poisson::new(rate), [1.0, 2.5]);
    });
    says(&error, "count", &["2.5", "Poisson"]);
    let error = sample(|cx| {
        let logit = cx.sample("logit", Normal::new(0.0, 1.0));
        cx.observe("coin", Bernoulli::logits(logit), [1.0, 2.0]);
    });
    says(&error, "coin", &["Bernoulli"]);
}

#[test]
fn nothing_to_draw() {
    let model = |cx: &mut Cx| line(cx, 1, vec![1.0]);
    let zero = |nuts: Nuts| nuts.progress(false).run(&model, Seed(0)).unwrap_err().to_string();
    assert!(zero(Nuts::default().draws(0)).contains("draws is 0"));
    assert!(zero(Nuts::default().chains(0)).contains("chains is 0"));
    assert!(zero(Nuts::default().target_accept(1.5)).contains("target_accept is 1.5"));
    assert!(
        Svi::new(Adam::default())
            .steps(0)
            .run(&model, &AutoNormal::new(model), Seed(0))
            .unwrap_err()
            .to_string()
            .contains("steps is 0")
    );
    assert!(prior_predictive(&model, 0, Seed(0)).unwrap_err().to_string().contains("draws is 0"));
    let error = Nuts::default().progress(false).run(&|_: &mut Cx| {}, Seed(0)).unwrap_err();
    assert!(error.to_string().contains("no continuous latent variables"));
}

#[test]
fn an_empty_plate() {
    let error = sample(|cx| line(cx, 0, vec![]));
    says(&error, "data", &["plate \"data\"", "size 0"]);
    let error = run(|cx: &mut Cx| cx.plate_with(Plate::new("data", 3).subsample(4), |_, _| ()), Seed(0)).unwrap_err();
    says(&error, "data", &["subsample of 4 of 3"]);
}

#[test]
fn a_subsample_under_nuts() {
    let error = sample(|cx| {
        let mean = cx.sample("mean", Normal::new(0.0, 1.0));
        cx.plate_with(Plate::new("data", 3).subsample(2), |cx, _| cx.observe("y", Normal::new(mean, 1.0), [0.0, 1.0]));
    });
    says(&error, "data", &["subsample", "all 3"]);
}

#[test]
fn no_place_to_start_names_the_site() {
    let error = sample(|cx| {
        let x = cx.sample("x", Normal::new(0.0, 1.0));
        cx.observe("y", Normal::new(0.0, x - 100.0), 1.0);
    });
    says(&error, "y", &["chain 0", "100 attempts", "scale", "positive"]);
}

#[test]
fn a_branch_on_a_latent_value_is_reported_not_frozen() {
    let model = |cx: &mut Cx| {
        let x = cx.sample("x", Normal::new(0.0, 1.0));
        if x.item() > 0.0 {
            cx.factor("penalty", -x);
        }
    };
    let nuts = Nuts::default().chains(1).warmup(10).draws(10).progress(false).compile(Compile::Always);
    let error = nuts.run(&model, Seed(0)).expect_err("the branch would be frozen");
    assert!(error.to_string().contains("bad_input.rs"), "{error}");
}

#[test]
fn guide_and_model_that_do_not_match() {
    let model = |cx: &mut Cx| line(cx, 1, vec![1.0]);
    let svi = Svi::new(Adam::new(0.1)).steps(5);
    let empty = |_: &mut Cx| {};
    says(&svi.run(&model, &empty, Seed(0)).unwrap_err(), "mean", &["guide does not draw"]);
    let other = |cx: &mut Cx| {
        let loc = cx.param("loc", 0.0);
        cx.sample("mean", Normal::new(loc, 1.0));
        cx.sample("extra", Normal::new(loc, 1.0));
    };
    says(&svi.run(&model, &other, Seed(0)).unwrap_err(), "extra", &["model has no such site"]);
}

#[test]
fn data_at_a_site_that_the_model_lacks() {
    let model = condition(|cx: &mut Cx| line(cx, 1, vec![1.0]), [("z", 1.0)]);
    let error = Nuts::default().progress(false).run(&model, Seed(0)).unwrap_err();
    says(&error, "z", &["no such site"]);
}
