//! Eight schools: a first hierarchical model, its trouble, and the cure.
//!
//! Eight schools coached their pupils for a test. For each school there is an estimate of the effect and its standard error
//! (Rubin 1981). How much does coaching help, and how much do schools differ?
//!
//!     cargo run --release --example eight_schools

use pyroxene::dist::{HalfCauchy, Normal};
use pyroxene::{Cx, Error, NonCentered, Nuts, Seed, Tensor, condition, posterior_predictive, reparam};

const EFFECTS: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
const ERRORS: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];

/// Each school has an effect of its own, drawn around a common mean.
fn schools(cx: &mut Cx, errors: &Tensor) {
    let mu = cx.sample("mu", Normal::new(0.0, 5.0));
    let tau = cx.sample("tau", HalfCauchy::new(5.0));
    cx.plate("school", errors.len(), |cx| {
        let theta = cx.sample("theta", Normal::new(mu, tau));
        cx.sample("y", Normal::new(theta, errors));
    });
}

fn main() -> Result<(), Error> {
    let errors = Tensor::from(ERRORS);
    let model = |cx: &mut Cx| schools(cx, &errors);
    let nuts = Nuts::default().target_accept(0.9);

    // As written, the model is centred: where tau is small, theta is squeezed into a funnel whose neck no step size fits.
    // The sampler says so.
    let centred = nuts.run(&condition(model, [("y", EFFECTS)]), Seed(0))?;
    println!("Centred:\n\n{centred}\n");
    assert!(centred.divergences() > 10, "the centred model is known to diverge");

    // The cure changes no line of the model: theta = mu + tau * theta_decentered, with a standard normal theta_decentered.
    let non_centred = reparam(model, NonCentered::sites(["theta"]));
    let posterior = condition(&non_centred, [("y", EFFECTS)]);
    let fit = nuts.run(&posterior, Seed(0))?;
    println!("Non-centred:\n\n{fit}\n");
    assert!(fit.divergences() <= 2);
    // The reference posterior has means 4.41 and 3.60.
    assert!((fit["mu"].mean().item() - 4.41).abs() < 0.3);
    assert!((fit["tau"].mean().item() - 3.60).abs() < 0.3);

    // What would coaching do in a ninth school? The same sites, without the eight: its effect is drawn anew for each draw of
    // mu and tau.
    let ninth = |cx: &mut Cx| {
        let mu = cx.sample("mu", Normal::new(0.0, 5.0));
        let tau = cx.sample("tau", HalfCauchy::new(5.0));
        cx.sample("effect", Normal::new(mu, tau));
    };
    let effect = posterior_predictive(&ninth, &fit, Seed(1))?["effect"].to_vec::<f64>();
    let helped = effect.iter().filter(|&&effect| effect > 0.0).count() as f64 / effect.len() as f64;
    println!("A ninth school: coaching helps with probability {helped:.2}");
    assert!((0.75..0.95).contains(&helped));
    Ok(())
}
