//! Pyroxene: probabilistic programming on an engine of its own.
//!
//! A model is a function of a context that draws and observes random variables; handlers change what its statements mean;
//! inference algorithms are handlers with a loop around them.
//!
//! ```
//! use pyroxene::{Cx, Nuts, Seed, condition, dist::{HalfCauchy, Normal}};
//!
//! // Eight schools, non-centred (Rubin 1981).
//! let sigma = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];
//! let model = |cx: &mut Cx| {
//!     let mu = cx.sample("mu", Normal::new(0.0, 5.0));
//!     let tau = cx.sample("tau", HalfCauchy::new(5.0));
//!     cx.plate("school", 8, |cx| {
//!         let z = cx.sample("z", Normal::new(0.0, 1.0));
//!         let theta = cx.deterministic("theta", mu + tau * z);
//!         cx.sample("y", Normal::new(theta, sigma));
//!     });
//! };
//! let posterior = condition(model, [("y", [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])]);
//! let fit = Nuts::default().target_accept(0.9).progress(false).run(&posterior, Seed(0))?;
//! assert!((fit["mu"].mean().item() - 4.4).abs() < 0.5);
//! # Ok::<(), pyroxene::Error>(())
//! ```
//!
//! | module | what lives there | in Pyro |
//! |---|---|---|
//! | [`effects`] | contexts, handlers, traces | `pyro.poutine`, primitives |
//! | [`dist`], [`constraint`], [`transform`] | distributions, their domains, bijections | `pyro.distributions` |
//! | [`param`] | stores of learnable parameters | `pyro.params` |
//! | [`infer`] | NUTS, variational inference, enumeration, prediction, diagnostics | `pyro.infer` |
//! | [`guide`] | guides made from models | `pyro.infer.autoguide` |
//! | [`optim`] | optimisers | `pyro.optim` |
//! | [`nn`] | modules and layers of neural networks | `torch.nn`, `pyro.module` |

pub mod constraint;
pub mod dist;
mod document;
pub mod effects;
mod error;
pub mod guide;
pub mod infer;
pub mod nn;
pub mod optim;
pub mod param;
pub mod transform;
mod values;

pub use constraint::Constraint;
pub use effects::{
    Cx, Effects, Model, NonCentered, Plate, Seed, Trace, block, condition, mask, reparam, replay, run, scale, seed,
    substitute,
};
pub use error::Error;
pub use guide::{AutoNormal, Guide};
pub use infer::{Compile, Fit, Metric, Nuts, Svi, SviFit, TraceElbo, posterior_predictive, prior_predictive};
pub use param::ParamStore;
pub use pyroxene_autograd::{
    Batch, CaptureError, Compiled, Conv, ConvTranspose, ConvolveMode, DType, Index, IndexList, Key, MatrixNorm, Packed,
    Padding, Pool, Program, RowGradient, Shape, Slice, Tensor, Triangle, Var, checkpoint, custom_vjp, einsum_path,
    good_size, grad, grad_rows, hessian, hessian_vector_product, jacobian, jvp, reset, scan, scan_slices, scope, vjp,
};
pub use pyroxene_tensor::{Device, DeviceError, io, warning};
pub use values::Values;

/// The README's code runs as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
