//! Strided n-dimensional tensors of Pyroxene.
//!
//! A [`Tensor`] is plain data: cheap to clone, `Send + Sync`, `f64` by default, `f32`, `i64` and `bool` on request.
//! Broadcasting, views and axes follow NumPy; Rust scalars are weakly typed, so `x * 2.0` keeps the type of `x`.
//!
//! ```
//! use pyroxene_tensor::{Tensor, Triangle};
//!
//! // The log density of a normal distribution on R^2 at two points.
//! let mean = Tensor::from([1.0, -1.0]);
//! let covariance = Tensor::from([[4.0, 2.0], [2.0, 5.0]]);
//! let points = Tensor::from([[1.0, -1.0], [3.0, 2.0]]);
//!
//! let factor = covariance.cholesky();
//! let whitened = factor.solve_triangular(&(points - mean).t(), Triangle::Lower, false);
//! let half_log_det = factor.diagonal().ln().sum();
//! let log_density = -0.5 * whitened.square().sum_axes(&[0], false) - half_log_det - std::f64::consts::TAU.ln();
//!
//! assert!(log_density.allclose([-3.2241714275, -4.2241714275], 1e-9, 0.0));
//! println!("{log_density}"); // [-3.22417143 -4.22417143]
//! ```
//!
//! A wrong shape, axis or element type panics at the caller's line, with a message that names the operation and the
//! shapes, and the [`context`](mod@context) of the thread. The rules are plain functions in [`shape`].

mod activation;
#[doc(hidden)]
pub mod composed;
mod construct;
pub mod context;
mod convert;
mod device;
mod display;
mod dtype;
pub mod einsum;
mod elementwise;
mod error;
pub mod html;
mod index;
mod integer;
pub mod io;
mod join;
mod linalg;
pub mod memory;
mod operators;
mod random;
mod reduce;
pub mod shape;
mod signal;
mod special;
mod storage;
mod strided;
mod tensor;
mod triangle;
pub mod warning;

pub use composed::{Index, IndexList, Padding};
pub use context::context;
pub use device::{Device, DeviceError};
pub use dtype::{DType, Scalar};
pub use einsum::{EinsumPath, einsum_path};
pub use elementwise::Operand;
pub use error::{OrPanic, ShapeError, TensorError, fail};
pub use index::Unique;
pub use linalg::{MatrixNorm, Triangle, rank_tolerance};
pub use pyroxene_kernels::buffer::Buffer;
pub use pyroxene_kernels::{Binary, Unary};
pub use random::Key;
pub use shape::{Conv, ConvTranspose, ConvolveMode, Pool, Shape, Slice, Strides};
pub use signal::{convolution, convolves_by_fft, good_size};
pub use tensor::Tensor;
