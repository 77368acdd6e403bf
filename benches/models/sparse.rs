//! Sparse regression with all pairwise interactions (Agrawal, Huggins, Trippe and Broderick 2019, "The kernel interaction
//! trick: fast Bayesian discovery of pairwise interactions in high dimensions").

use super::Posterior;
use super::data::{Recurrence, standardised};
use pyroxene::dist::{Gamma, HalfCauchy, HalfNormal, MultivariateNormal};
use pyroxene::{DType, Tensor, Var};

const ROWS: usize = 200;
const FEATURES: usize = 100;
/// How many features are expected to matter.
const RELEVANT: f64 = 5.0;

pub(crate) fn interactions(dtype: DType) -> Posterior {
    let mut recurrence = Recurrence::new();
    let x = recurrence.normals(ROWS * FEATURES);
    let slopes: Vec<f64> = (0..RELEVANT as usize).map(|_| 0.5 + 2.5 * recurrence.uniform()).collect();
    let response = x.chunks(FEATURES).map(|row| {
        let linear: f64 = row.iter().zip(&slopes).map(|(x, slope)| x * slope).sum();
        linear + row[0] * row[1] + 0.1 * recurrence.normal()
    });
    let y = Tensor::from(standardised(&response.collect::<Vec<f64>>()));
    let (x, identity) = (Tensor::from_vec(x, [ROWS, FEATURES]).cast(dtype), Tensor::eye(ROWS, DType::F64));
    Box::new(move |cx| {
        let sigma = cx.sample("sigma", HalfNormal::new(1.0));
        let shrinkage = sigma * (RELEVANT / (ROWS as f64).sqrt() / (FEATURES as f64 - RELEVANT));
        let eta = cx.sample("eta", HalfCauchy::new(shrinkage));
        // Inverse gamma variables, as the reciprocals of gamma variables.
        let slab = 1.0 / cx.sample("slab precision", Gamma::new(3.0, 1.0));
        let ratio = 1.0 / cx.sample("ratio precision", Gamma::new(3.0, 1.0));
        let local = cx.plate("feature", FEATURES, |cx| cx.sample("local", HalfCauchy::new(1.0)));
        let pairs = eta.square() * ratio.sqrt() / slab;
        let relevance = slab.sqrt() * local / (slab + (eta * local).square()).sqrt();
        let scaled = relevance.cast(dtype) * &x;
        let (linear, squared) = (scaled.matmul(scaled.t()), scaled.square());
        let (eta, pairs) = (eta.square(), pairs.square());
        let kernel = 0.5 * pairs * ((1.0 + linear).square() - squared.matmul(squared.t()))
            + (eta - pairs) * linear
            + (1.0 - 0.5 * pairs)
            + (sigma.square() + 1e-4) * &identity;
        cx.observe("y", MultivariateNormal::from_covariance(Var::zeros(&[ROWS]), kernel), &y);
    })
}
