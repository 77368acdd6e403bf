//! The memory that dropped tensors leave to new ones.
//!
//! The elements of a big tensor (256 KiB and more) are not returned to the system when the last tensor that shares them is
//! dropped, but kept for the next result of about their size: it is written without being mapped or filled first. At most
//! 128 MiB in eight buffers are kept, whichever is less, in one list for all threads.
//!
//! ```
//! use pyroxene_tensor::{DType, Tensor, memory};
//! drop(Tensor::ones([1 << 16], DType::F64).exp());
//! assert!(memory::kept_bytes() >= 8 << 16);
//! memory::trim();
//! # // Nothing else runs in this doctest.
//! assert_eq!(memory::kept_bytes(), 0);
//! ```

pub use pyroxene_kernels::buffer::{kept_bytes, trim};
