//! Reverse-mode automatic differentiation and compiled Programs.
//!
//! A [`Var`] is an expression on the thread's tape; [`grad`] gives derivatives that differentiate again; a [`Program`] is
//! a captured, optimised computation that runs many times without allocating.
//!
//! | module | what lives there |
//! |---|---|
//! | `arena` | nodes, scopes, stale-`Var` detection |
//! | `op` | the list of primitives |
//! | `elementwise`, `activation`, `reduce`, `movement`, `linalg`, `einsum`, `random` | methods of `Var`, shape rules |
//! | `composed` | methods shared with tensors |
//! | `structured` | operations with kernels of their own, one file each |
//! | `eval` | direct evaluation |
//! | `dependence` | which expressions depend on which |
//! | `grad`, `custom` | one derivative a primitive; derivatives of the caller's own |
//! | `special` | derivatives of special functions that need more than one formula |
//! | `jacobian` | Jacobians, Hessians and products with them |
//! | `body` | traced functions as data, for `scan` and `checkpoint` |
//! | `sparse` | derivatives by rows of a table |
//! | `program` | capture, passes, memory plan, execution |
//!
//! # Where a function has no derivative
//!
//! | operation | what is taken |
//! |---|---|
//! | `abs`, `relu`, `hypot`, norms at zero | 0 |
//! | `maximum`, `minimum` of equal operands; `max`, `min` over equal elements | all share it equally |
//! | `clamp` outside its bounds | 0 |
//! | `where_` | 0 for the branch not taken; NaN if that branch has an infinite derivative there, so keep its argument away |
//! | `sign`, `floor`, `ceil`, `round`, `trunc`, comparisons, indices, counts | 0 |
//! | `sqrt` at zero, `ln` at zero | infinite, as the limit is |
//! | `pow(0, y)` by `y`, `xlogy(0, y)` by `y` | 0 |
//! | `logsumexp` where every term is `-inf` | 0 |
//!
//! ```
//! use pyroxene_autograd::{Var, grad};
//! let slope = |f: fn(Var) -> Var, at: f64| {
//!     let x = Var::from(at);
//!     grad(f(x), &[x])[0].item()
//! };
//! assert_eq!(slope(Var::abs, 0.0), 0.0);
//! assert_eq!(slope(|x| x.maximum(0.0), 0.0), 0.5);
//! assert_eq!(slope(|x| x.greater(0.0).where_(x, 0.0), 0.0), 0.0);
//! assert_eq!(slope(|x| x.clamp(0.0, 1.0), 2.0), 0.0);
//! assert_eq!(slope(Var::sqrt, 0.0), f64::INFINITY);
//! assert!(slope(|x| x.greater(0.0).where_(x.sqrt(), 0.0), 0.0).is_nan());
//! assert_eq!(slope(|x| x.greater(0.0).where_(x.greater(0.0).where_(x, 1.0).sqrt(), 0.0), 0.0), 0.0);
//! ```

mod activation;
mod arena;
mod body;
mod capture;
mod composed;
mod convolve;
mod custom;
mod dependence;
mod einsum;
mod elementwise;
mod eval;
mod grad;
mod jacobian;
mod linalg;
mod movement;
mod op;
mod program;
mod random;
mod reduce;
mod shape;
mod sparse;
mod special;
mod structured;
mod var;

pub use arena::{Var, live_expressions, reset, scope};
pub use capture::CaptureError;
pub use custom::custom_vjp;
pub use dependence::{Dependence, dependence};
pub use grad::{grad, vjp};
pub use jacobian::{hessian, hessian_vector_product, jacobian, jvp};
pub use program::{Batch, Compiled, Packed, Program};
pub use pyroxene_kernels::linalg::Triangle;
pub use pyroxene_tensor::{
    Conv, ConvTranspose, ConvolveMode, DType, Index, IndexList, MatrixNorm, Padding, Pool, Shape, Slice, Tensor,
    einsum_path, good_size,
};
pub use random::Key;
pub use sparse::{RowGradient, grad_rows};
pub use structured::{checkpoint, scan, scan_slices};
