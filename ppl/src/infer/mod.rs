//! Inference: samplers, variational inference, prediction, and what tells whether they can be trusted. Pyro's counterpart is
//! `pyro.infer`.

mod compile;
pub mod density;
pub mod diagnostics;
mod elbo;
mod enumerate;
mod fit;
mod latent;
pub mod mcmc;
mod model_density;
mod predictive;
mod scalar;
mod sums;
mod svi;
#[cfg(test)]
mod test_data;

pub use compile::Compile;
pub use density::LogDensity;
pub use diagnostics::Summary;
pub use elbo::{ElboEstimate, TraceElbo};
pub(crate) use enumerate::is_enumerated;
pub use fit::{Fit, Row};
pub use mcmc::{ChainDraws, Divergence, DrawStats, Metric, Nuts, SampleError, Samples};
pub use model_density::{ManyDensities, ModelDensity, ModelHessian};
pub use predictive::{posterior_predictive, prior_predictive};
pub use svi::{Svi, SviFit, SviRun};
