//! Eight schools (Rubin 1981).

use super::Posterior;
use pyroxene::Tensor;
use pyroxene::dist::{HalfCauchy, Normal};

const EFFECTS: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
const ERRORS: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];

pub(crate) fn non_centred() -> Posterior {
    let (effects, errors) = (Tensor::from(EFFECTS), Tensor::from(ERRORS));
    Box::new(move |cx| {
        let mu = cx.sample("mu", Normal::new(0.0, 5.0));
        let tau = cx.sample("tau", HalfCauchy::new(5.0));
        cx.plate("school", effects.len(), |cx| {
            let z = cx.sample("z", Normal::new(0.0, 1.0));
            cx.observe("effect", Normal::new(mu + tau * z, &errors), &effects);
        });
    })
}
