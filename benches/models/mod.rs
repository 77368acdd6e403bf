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

use pyroxene::Cx;

/// A model conditioned on its data.
pub(crate) type Posterior = Box<dyn Fn(&mut Cx)>;

/// A model with data, by the name of its row.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// Makes the data.
    pub(crate) posterior: fn() -> Posterior,
}

/// Models whose data are drawn anew.
pub(crate) const PRIORS: [Workload; 2] = [
    Workload { name: "eight schools, non-centred", posterior: || Box::new(schools::prior) },
    Workload { name: "logistic regression 569 x 30", posterior: logistic::breast_cancer_prior },
];

/// All models, in the order of the rows.
pub(crate) const WORKLOADS: [Workload; 10] = [
    Workload { name: "eight schools, non-centred", posterior: schools::non_centred },
    Workload { name: "logistic regression 569 x 30", posterior: logistic::breast_cancer },
    Workload { name: "radon, 919 houses in 85 counties", posterior: radon::non_centred },
    Workload { name: "HMM, 100 steps, 2 states", posterior: hidden_markov::example },
    Workload { name: "GP regression, 11 points", posterior: gaussian_process::eleven_points },
    Workload { name: "logistic regression 50,000 x 54", posterior: logistic::forest_cover_50_000 },
    Workload { name: "logistic regression 581,012 x 54", posterior: logistic::forest_cover_581_012 },
    Workload { name: "semi-supervised HMM, 500 steps", posterior: hidden_markov::semi_supervised },
    Workload { name: "sparse interactions, 200 x 100", posterior: sparse::interactions },
    Workload { name: "GP regression, 500 points", posterior: gaussian_process::five_hundred_points },
];
