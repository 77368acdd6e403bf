//! Radon in houses (Gelman and Hill 2006): an intercept for each county, data of the original's shape.

use super::Posterior;
use super::data::{Recurrence, index};
use pyroxene::Tensor;
use pyroxene::dist::{HalfNormal, Normal};

const HOUSES: usize = 919;
const COUNTIES: usize = 85;

pub(crate) fn non_centred() -> Posterior {
    let mut recurrence = Recurrence::new();
    let effects: Vec<f64> = recurrence.normals(COUNTIES).iter().map(|z| 1.4 + 0.3 * z).collect();
    // Each county has a house; the others are in few counties, as people are.
    let place = |u: f64| (COUNTIES as f64 * u * u) as usize;
    let others = (COUNTIES..HOUSES).map(|_| place(recurrence.uniform()));
    let mut counties: Vec<usize> = (0..COUNTIES).chain(others.collect::<Vec<_>>()).collect();
    counties.sort_unstable();
    let ground: Vec<f64> = (0..HOUSES).map(|_| f64::from(u8::from(recurrence.uniform() < 0.17))).collect();
    let measured = counties.iter().zip(&ground).map(|(&county, floor)| effects[county] - 0.7 * floor);
    let radon = Tensor::from(measured.map(|mean| mean + 0.75 * recurrence.normal()).collect::<Vec<f64>>());
    let (counties, ground) = (index(counties), Tensor::from(ground));
    Box::new(move |cx| {
        let mean = cx.sample("mean", Normal::new(0.0, 10.0));
        let slope = cx.sample("slope", Normal::new(0.0, 10.0));
        let spread = cx.sample("spread", HalfNormal::new(1.0));
        let noise = cx.sample("noise", HalfNormal::new(1.0));
        let z = cx.plate("county", COUNTIES, |cx| cx.sample("z", Normal::new(0.0, 1.0)));
        let intercepts = mean + spread * z;
        cx.plate("house", HOUSES, |cx| {
            let level = intercepts.index_select(0, &counties) + slope * &ground;
            cx.observe("radon", Normal::new(level, noise), &radon);
        });
    })
}
