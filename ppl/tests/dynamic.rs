//! Models that read values, and data that change: compiled where that can be, traced anew where it cannot.

use pyroxene::dist::{Bernoulli, HalfNormal, Normal};
use pyroxene::infer::{LogDensity, ModelDensity};
use pyroxene::optim::Adam;
use pyroxene::warning::{self, Category, Warning};
use pyroxene::{
    AutoNormal, Compile, Cx, Error, Fit, Model, Nuts, ParamStore, Plate, Seed, Svi, SviFit, Tensor, Var, condition,
    posterior_predictive,
};

/// The line of the branch below.
const BRANCH: u32 = line!() + 3;
fn branching(cx: &mut Cx) {
    let scale = cx.sample("scale", HalfNormal::new(2.0));
    let noise = if scale.item() > 1.0 { scale.ln() + 1.0 } else { scale };
    cx.observe("y", Normal::new(0.0, noise), [1.0, -2.0, 0.5]);
}

/// The same density without a branch.
fn selecting(cx: &mut Cx) {
    let scale = cx.sample("scale", HalfNormal::new(2.0));
    let noise = scale.greater(1.0).where_(scale.ln() + 1.0, scale);
    cx.observe("y", Normal::new(0.0, noise), [1.0, -2.0, 0.5]);
}

/// A loop whose length depends on a latent variable.
fn looping(cx: &mut Cx) {
    let x = cx.sample("x", Normal::new(0.0, 2.0));
    let (mut mean, mut left) = (x, x.item());
    while left > 0.0 {
        mean *= 0.5;
        left -= 1.0;
    }
    cx.observe("y", Normal::new(mean, 1.0), [0.3, 0.8]);
}

/// Few and fixed steps, so that rounding has no time to grow.
fn nuts() -> Nuts {
    Nuts::default().chains(2).warmup(0).draws(20).initial_step(0.4).progress(false).interruptible(false)
}

fn draws(fit: &Fit, name: &str) -> Vec<f64> {
    fit[name].to_vec::<f64>()
}

#[track_caller]
fn assert_close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-8 * b.abs().max(1.0), "{a} against {b}");
    }
}

#[test]
fn a_branch_on_a_latent_variable_is_traced_with_one_warning() {
    let (fit, warnings) = warning::capture(|| nuts().run(&branching, Seed(1)));
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    assert_eq!((warning.category(), warning.location().line()), (Category::Program, BRANCH));
    assert!(warning.location().file().ends_with("dynamic.rs"));
    assert!(warning.to_string().contains("cannot be compiled"), "{warning}");
    let (same, warnings) = warning::capture(|| nuts().compile(Compile::Always).run(&selecting, Seed(1)));
    assert!(warnings.is_empty());
    assert_close(&draws(&fit.unwrap(), "scale"), &draws(&same.unwrap(), "scale"));
}

#[test]
fn tracing_gives_the_draws_of_the_program() {
    let model = |cx: &mut Cx| {
        let mean = cx.sample("mean", Normal::new(0.0, 10.0));
        let spread = cx.sample("spread", HalfNormal::new(5.0));
        cx.deterministic("ratio", mean / spread);
        cx.plate("row", 4, |cx| cx.observe("y", Normal::new(mean, spread), [4.1, 5.2, 4.8, 5.7]));
    };
    let [compiled, traced] = [Compile::Auto, Compile::Never].map(|compile| {
        let (fit, warnings) = warning::capture(|| nuts().compile(compile).run(&model, Seed(3)).unwrap());
        assert!(warnings.is_empty());
        fit
    });
    for name in ["mean", "spread", "ratio"] {
        assert_close(&draws(&traced, name), &draws(&compiled, name));
    }
}

#[test]
fn a_loop_as_long_as_a_latent_variable_says_has_the_right_posterior() {
    let fit =
        warning::silence(|| Nuts::default().progress(false).draws(2000).warmup(500).run(&looping, Seed(0)).unwrap());
    // The posterior mean by the sum over a fine grid.
    let log_density = |x: f64| {
        let mean = x * 0.5f64.powf(x.ceil().max(0.0));
        -x * x / 8.0 - [0.3, 0.8].iter().map(|y| (y - mean).powi(2) / 2.0).sum::<f64>()
    };
    let grid: Vec<f64> = (0..200_000).map(|i| -10.0 + i as f64 * 1e-4).collect();
    let mass: f64 = grid.iter().map(|&x| log_density(x).exp()).sum();
    let mean = grid.iter().map(|&x| x * log_density(x).exp()).sum::<f64>() / mass;
    let row = &fit.summary()[0].summary;
    assert!((row.mean - mean).abs() < 4.0 * row.mcse_mean + 0.01, "{} +- {} against {mean}", row.mean, row.mcse_mean);
}

#[test]
fn always_names_the_line() {
    let error = nuts().compile(Compile::Always).run(&branching, Seed(0)).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("the model cannot be compiled: "), "{text}");
    assert!(text.contains(&format!("dynamic.rs:{BRANCH}:")), "{text}");
    assert!(text.contains("reads a value that depends on an input of the Program being captured"), "{text}");
    assert!(ModelDensity::new(&branching, Seed(0)).is_err());
}

#[test]
fn a_site_that_only_some_runs_have_is_an_error() {
    let appearing = |cx: &mut Cx| {
        let x = cx.sample("x", Normal::new(0.0, 1.0));
        if x.item() > 0.0 {
            cx.sample("extra", Normal::new(x, 1.0));
        }
    };
    let error = warning::silence(|| Nuts::default().progress(false).run(&appearing, Seed(0)).unwrap_err());
    assert_eq!(
        (error.site(), error.to_string().as_str()),
        (Some("extra"), "site \"extra\": the site is not in every run of the model")
    );
}

fn svi(model: &impl Model<()>, compile: Compile) -> Result<SviFit, Error> {
    let guide = AutoNormal::new(model);
    Svi::new(Adam::new(0.05)).steps(50).compile(compile).run(model, &guide, Seed(2))
}

#[test]
fn steps_of_svi_are_traced_where_they_cannot_be_compiled() {
    let (fit, warnings) = warning::capture(|| svi(&branching, Compile::Auto).unwrap());
    assert_eq!(warnings.iter().map(|warning| warning.location().line()).collect::<Vec<_>>(), [BRANCH]);
    let same = svi(&selecting, Compile::Always).unwrap();
    let traced = svi(&selecting, Compile::Never).unwrap();
    assert_close(&fit.losses, &same.losses);
    assert_close(&traced.losses, &same.losses);
    assert!(svi(&branching, Compile::Always).unwrap_err().to_string().contains(&format!("dynamic.rs:{BRANCH}:")));
}

#[test]
fn predictions_of_a_branching_model_are_traced() {
    let model = |cx: &mut Cx| {
        let x = cx.sample("x", Normal::new(0.0, 1.0));
        cx.deterministic("sign", if x.item() > 0.0 { Var::from(1.0) } else { Var::from(-1.0) });
    };
    let (draws, warnings) =
        warning::capture(|| posterior_predictive(&model, [("x", [0.5, -0.5, 2.0])], Seed(0)).unwrap());
    assert_eq!(draws["sign"].to_vec::<f64>(), [1.0, -1.0, 1.0]);
    assert_eq!(warnings.iter().map(Warning::category).collect::<Vec<_>>(), [Category::Program]);
}

/// Rows of a logistic regression: `rows` from `first` on.
fn batch(first: usize, rows: usize) -> (Tensor, Tensor) {
    let x = |i: usize, j: usize| (((i * 3 + j * 7) % 11) as f64 - 5.0) / 5.0;
    let predictors = (first..first + rows).flat_map(|i| [x(i, 0), x(i, 1)]).collect();
    let outcomes = (first..first + rows).map(|i| f64::from(u8::from(x(i, 0) - x(i, 1) > 0.0))).collect();
    (Tensor::from_vec(predictors, [rows, 2]), Tensor::from_vec(outcomes, [rows]))
}

#[test]
fn a_step_takes_data_of_the_same_shape_without_a_new_capture() {
    let (first_x, first_y) = batch(0, 8);
    let model = |cx: &mut Cx| {
        let (x, y) = (cx.data("x", &first_x), cx.data("y", &first_y));
        let slopes = cx.plate("feature", 2, |cx| cx.sample("slope", Normal::new(0.0, 1.0)));
        let rows = x.size(0);
        cx.plate_with(Plate::new("row", 24).subsample(rows), |cx, _| {
            cx.observe("obs", Bernoulli::logits(x.matmul(slopes)), y);
        });
    };
    // An automatic guide repeats the plates that it has seen, with their sizes.
    let guide = |cx: &mut Cx| {
        let (loc, log_scale) = (cx.param("loc", [0.0, 0.0]), cx.param("log_scale", [0.0, 0.0]));
        cx.plate("feature", 2, |cx| drop(cx.sample("slope", Normal::new(loc, log_scale.exp())).shape()));
    };
    let svi = Svi::new(Adam::new(0.05));
    let mut run = svi.start(&model, &guide, ParamStore::new(), Seed(4)).unwrap();
    let mut direct = svi.compile(Compile::Never).start(&model, &guide, ParamStore::new(), Seed(4)).unwrap();
    // The last batch of a pass may be shorter.
    for (first, rows) in [(0, 8), (8, 8), (16, 4), (0, 8), (20, 4), (8, 8)] {
        let (x, y) = batch(first, rows);
        let data = || [("x", x.clone()), ("y", y.clone())];
        let (loss, wanted) = (run.step_on(data()).unwrap(), direct.step_on(data()).unwrap());
        assert_close(&[loss], &[wanted]);
        // A run that was made for this batch, from where that one stood, agrees.
        let frozen = |cx: &mut Cx| {
            let slopes = cx.plate("feature", 2, |cx| cx.sample("slope", Normal::new(0.0, 1.0)));
            cx.plate_with(Plate::new("row", 24).subsample(rows), |cx, _| {
                cx.observe("obs", Bernoulli::logits(Var::from(&x).matmul(slopes)), &y);
            });
        };
        let path = std::env::temp_dir().join(format!("pyroxene-dynamic-{}.safetensors", std::process::id()));
        run.save(&path).unwrap();
        let mut other = svi.start(&frozen, &guide, ParamStore::new(), Seed(4)).unwrap();
        other.restore(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_close(&[run.clone().step()], &[other.step()]);
    }
    assert_eq!((run.captures(), direct.captures()), (2, 0));
    let unknown = run.step_on([("z", 1.0)]).unwrap_err();
    assert_eq!(unknown.to_string(), "site \"z\": no data are declared under this name, see `Cx::data`");
    let (x, _) = batch(0, 5);
    let before = run.clone().step();
    assert!(run.step_on([("x", x)]).is_err(), "five rows of predictors, eight of outcomes");
    assert_eq!(run.step(), before);
}

#[test]
fn a_potential_keeps_the_declared_data() {
    let model = condition(
        |cx: &mut Cx| {
            let x = cx.data("x", [1.0, 2.0]);
            let slope = cx.sample("slope", Normal::new(0.0, 1.0));
            cx.plate("row", 2, |cx| cx.sample("y", Normal::new(slope * x, 1.0)));
        },
        [("y", [2.0, 3.0])],
    );
    let mut density = ModelDensity::new(&model, Seed(0)).unwrap();
    let mut gradient = [0.0];
    density.evaluate(&[0.5], &mut gradient);
    assert!((gradient[0] - (-0.5 + 1.5 + 2.0 * 2.0)).abs() < 1e-12);
}
