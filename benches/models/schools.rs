//! Eight schools (Rubin 1981).

use super::Posterior;
use pyroxene::dist::{HalfCauchy, Normal};
use pyroxene::{Cx, Tensor, condition};

const EFFECTS: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
const ERRORS: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];

/// The model before it is conditioned.
pub(crate) fn prior(cx: &mut Cx) {
    let mu = cx.sample("mu", Normal::new(0.0, 5.0));
    let tau = cx.sample("tau", HalfCauchy::new(5.0));
    cx.plate("school", EFFECTS.len(), |cx| {
        let z = cx.sample("z", Normal::new(0.0, 1.0));
        cx.sample("effect", Normal::new(mu + tau * z, ERRORS));
    });
}

pub(crate) fn non_centred() -> Posterior {
    Box::new(condition(prior, [("effect", Tensor::from(EFFECTS))]))
}
