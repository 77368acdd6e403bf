//! NUTS against reference posteriors: eight schools from the data that the project ships, more where the collection of
//! references lies beside the checkout.

use pyroxene::dist::{Gamma, HalfCauchy, HalfNormal, ImproperUniform, MultivariateNormal, Normal, Uniform};
use pyroxene::infer::Row;
use pyroxene::{Constraint, Cx, Fit, NonCentered, Nuts, Seed, Tensor, Var, condition, reparam};
use serde_json::Value;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace")
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("the file is JSON")
}

/// A reference posterior of the collection, or none, said aloud, where it is not there.
fn reference(name: &str) -> Option<Value> {
    let path = root().join("../shared/posteriors").join(format!("{name}.json"));
    if !path.exists() {
        eprintln!("skipped: the reference posterior {name} is not beside this checkout");
        return None;
    }
    Some(read(&path))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// Each mean within four Monte-Carlo errors (both sides), each sd within 5 %. `own` names the row for a reference name.
fn check(fit: &Fit, reference: &Value, own: impl Fn(&str) -> String) {
    let rows = fit.summary();
    let row =
        |name: &str| -> &Row { rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row {name}")) };
    for (name, wanted) in reference.as_object().expect("parameters") {
        let row = row(&own(name));
        let number = |field: &str| wanted[field].as_f64().expect("a number");
        let s = &row.summary;
        let error = s.mcse_mean.hypot(number("mcse_mean"));
        let z = (s.mean - number("mean")) / error;
        let ratio = s.sd / number("sd");
        assert!(z.abs() < 4.0, "{name}: mean {} against {}, z {z}\n{fit}", s.mean, number("mean"));
        assert!((0.95..=1.05).contains(&ratio), "{name}: sd {} against {}\n{fit}", s.sd, number("sd"));
    }
}

/// `beta[2]` of the reference, which counts from 1, is `beta[1]` here.
fn from_one(name: &str) -> String {
    match name.split_once('[') {
        None => name.to_string(),
        Some((site, index)) => {
            let index: usize = index.trim_end_matches(']').parse().expect("an index");
            format!("{site}[{}]", index - 1)
        }
    }
}

fn nuts() -> Nuts {
    Nuts::default().chains(4).draws(5_000).progress(false)
}

#[test]
fn eight_schools() {
    let file = read(&root().join("testdata/eight_schools.json"));
    let (y, sigma) = (numbers(&file["data"]["y"]), Tensor::from(numbers(&file["data"]["sigma"])));
    let model = |cx: &mut Cx| {
        let mu = cx.sample("mu", Normal::new(0.0, 5.0));
        let tau = cx.sample("tau", HalfCauchy::new(5.0));
        cx.plate("school", sigma.len(), |cx| {
            let theta = cx.sample("theta", Normal::new(mu, tau));
            cx.sample("y", Normal::new(theta, &sigma));
        });
    };
    let posterior = condition(reparam(model, NonCentered::sites(["theta"])), [("y", y)]);
    let fit = Nuts::default().target_accept(0.9).progress(false).run(&posterior, Seed(0)).expect("the model is right");
    assert!(fit.divergences() <= 2, "{fit}");
    check(&fit, &file["reference"], from_one);
}

#[test]
fn kidscore_momiq() {
    let Some(file) = reference("kidiq-kidscore_momiq") else { return };
    let (score, iq) = (numbers(&file["data"]["kid_score"]), Tensor::from(numbers(&file["data"]["mom_iq"])));
    let model = |cx: &mut Cx| {
        let beta = cx.sample("beta", ImproperUniform::new(Constraint::RealVector, &[], &[2]));
        let sigma = cx.sample("sigma", HalfCauchy::new(2.5));
        let mean = beta.select(0, 0) + beta.select(0, 1) * &iq;
        cx.plate("kid", iq.len(), |cx| cx.sample("score", Normal::new(mean, sigma)));
    };
    let fit = nuts().run(&condition(model, [("score", score)]), Seed(0)).expect("the model is right");
    check(&fit, &file["reference"], from_one);
}

#[test]
fn logearn_interaction() {
    let Some(file) = reference("earnings-logearn_interaction") else { return };
    let column = |name: &str| Tensor::from(numbers(&file["data"][name]));
    let (earn, height, male) = (column("earn").ln(), column("height"), column("male"));
    let both = &height * &male;
    let model = |cx: &mut Cx| {
        let beta = cx.sample("beta", ImproperUniform::new(Constraint::RealVector, &[], &[4]));
        let sigma = cx.sample("sigma", ImproperUniform::new(Constraint::Positive, &[], &[]));
        let b = |k: isize| beta.select(0, k);
        let mean = b(0) + b(1) * &height + b(2) * &male + b(3) * &both;
        cx.plate("person", height.len(), |cx| cx.sample("log_earn", Normal::new(mean, sigma)));
    };
    let fit = nuts().run(&condition(model, [("log_earn", earn)]), Seed(0)).expect("the model is right");
    check(&fit, &file["reference"], from_one);
}

#[test]
fn autoregression() {
    let Some(file) = reference("arK-arK") else { return };
    let y = numbers(&file["data"]["y"]);
    let (k, t) = (file["data"]["K"].as_u64().expect("K") as usize, y.len());
    // Row i holds y[t-1], ..., y[t-K] for t = K + i.
    let lags: Vec<f64> = (k..t).flat_map(|t| (1..=k).map(move |lag| t - lag)).map(|i| y[i]).collect();
    let lags = Tensor::from_vec(lags, [t - k, k]);
    let model = |cx: &mut Cx| {
        let alpha = cx.sample("alpha", Normal::new(0.0, 10.0));
        let beta = cx.plate("lag", k, |cx| cx.sample("beta", Normal::new(0.0, 10.0)));
        let sigma = cx.sample("sigma", HalfCauchy::new(2.5));
        let mean = alpha + Var::from(&lags).matmul(beta);
        cx.plate("time", t - k, |cx| cx.sample("y", Normal::new(mean, sigma)));
    };
    let fit = nuts().run(&condition(model, [("y", y[k..].to_vec())]), Seed(0)).expect("the model is right");
    check(&fit, &file["reference"], from_one);
}

#[test]
fn linear_regression() {
    let Some(file) = reference("sblrc-blr") else { return };
    let rows: Vec<Vec<f64>> = file["data"]["X"].as_array().expect("rows").iter().map(numbers).collect();
    let (n, d) = (rows.len(), rows[0].len());
    let x = Tensor::from_vec(rows.concat(), [n, d]);
    let model = |cx: &mut Cx| {
        let beta = cx.plate("coefficient", d, |cx| cx.sample("beta", Normal::new(0.0, 10.0)));
        let sigma = cx.sample("sigma", HalfNormal::new(10.0));
        cx.plate("row", n, |cx| cx.sample("y", Normal::new(Var::from(&x).matmul(beta), sigma)));
    };
    let posterior = condition(model, [("y", numbers(&file["data"]["y"]))]);
    let fit = nuts().run(&posterior, Seed(0)).expect("the model is right");
    check(&fit, &file["reference"], from_one);
}

#[test]
fn garch() {
    let Some(file) = reference("garch-garch11") else { return };
    let y = numbers(&file["data"]["y"]);
    let first = file["data"]["sigma1"].as_f64().expect("sigma1");
    let model = |cx: &mut Cx| {
        let mu = cx.sample("mu", ImproperUniform::new(Constraint::Real, &[], &[]));
        let alpha0 = cx.sample("alpha0", ImproperUniform::new(Constraint::Positive, &[], &[]));
        let alpha1 = cx.sample("alpha1", Uniform::new(0.0, 1.0));
        // The bound depends on a latent variable, and the density is flat, not 1 / (1 - alpha1).
        let beta1 = cx.sample("beta1", ImproperUniform::new(Constraint::Interval(0.0.into(), 1.0 - alpha1), &[], &[]));
        let mut variance = Var::from(first * first);
        let mut scales = vec![variance.sqrt()];
        for y in &y[..y.len() - 1] {
            variance = alpha0 + alpha1 * (*y - mu).square() + beta1 * variance;
            scales.push(variance.sqrt());
        }
        cx.plate("time", y.len(), |cx| cx.sample("y", Normal::new(mu, Var::stack(&scales, 0))));
    };
    let fit = nuts().run(&condition(model, [("y", y.clone())]), Seed(0)).expect("the model is right");
    check(&fit, &file["reference"], from_one);
}

#[test]
fn gaussian_process_regression() {
    let Some(file) = reference("gp_pois_regr-gp_regr") else { return };
    let x = numbers(&file["data"]["x"]);
    let n = x.len();
    let distance: Vec<f64> = x.iter().flat_map(|a| x.iter().map(move |b| (a - b) * (a - b))).collect();
    let distance = Tensor::from_vec(distance, [n, n]);
    let model = |cx: &mut Cx| {
        let rho = cx.sample("rho", Gamma::new(25.0, 4.0));
        let alpha = cx.sample("alpha", HalfNormal::new(2.0));
        let sigma = cx.sample("sigma", HalfNormal::new(1.0));
        let kernel = alpha.square() * (-0.5 * &distance / rho.square()).exp();
        let covariance = kernel + Tensor::eye(n, pyroxene::DType::F64) * sigma;
        cx.sample("y", MultivariateNormal::from_covariance(Var::zeros(&[n]), covariance));
    };
    let posterior = condition(model, [("y", numbers(&file["data"]["y"]))]);
    let fit = nuts().run(&posterior, Seed(0)).expect("the model is right");
    check(&fit, &file["reference"], from_one);
}
