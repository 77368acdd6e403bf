//! The models that benchmarks time, as a user writes them, one file a family.
//!
//! `ppl/tests/workloads.rs` compares each with a reference. Data are small published tables, or come from a fixed recurrence.

mod data;
mod gaussian_process;
mod hidden_markov;
mod logistic;
mod radon;
mod schools;
mod sparse;
pub(crate) mod steps;

use pyroxene::{Cx, DType};

/// A model conditioned on its data.
pub(crate) type Posterior = Box<dyn Fn(&mut Cx)>;

/// A model with data, by the name of its row.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// Makes the data.
    pub(crate) posterior: fn() -> Posterior,
    /// The same with data in f32.
    pub(crate) single: Option<fn() -> Posterior>,
}

/// Models whose data are drawn anew.
pub(crate) const PRIORS: [Workload; 2] = [
    workload("eight schools, non-centred", || Box::new(schools::prior)),
    workload("logistic regression 569 x 30", logistic::breast_cancer_prior),
];

/// All models, in the order of the rows.
pub(crate) const WORKLOADS: [Workload; 10] = [
    workload("eight schools, non-centred", schools::non_centred),
    workload("logistic regression 569 x 30", || logistic::breast_cancer(DType::F64))
        .single(|| logistic::breast_cancer(DType::F32)),
    workload("radon, 919 houses in 85 counties", radon::non_centred),
    workload("HMM, 100 steps, 2 states", hidden_markov::example),
    workload("GP regression, 11 points", gaussian_process::eleven_points),
    workload("logistic regression 50,000 x 54", || logistic::forest_cover(50_000, DType::F64))
        .single(|| logistic::forest_cover(50_000, DType::F32)),
    workload("logistic regression 581,012 x 54", || logistic::forest_cover(581_012, DType::F64))
        .single(|| logistic::forest_cover(581_012, DType::F32)),
    workload("semi-supervised HMM, 500 steps", hidden_markov::semi_supervised),
    workload("sparse interactions, 200 x 100", || sparse::interactions(DType::F64))
        .single(|| sparse::interactions(DType::F32)),
    workload("GP regression, 500 points", gaussian_process::five_hundred_points),
];

const fn workload(name: &'static str, posterior: fn() -> Posterior) -> Workload {
    Workload { name, posterior, single: None }
}

impl Workload {
    const fn single(self, posterior: fn() -> Posterior) -> Workload {
        Workload { single: Some(posterior), ..self }
    }
}
