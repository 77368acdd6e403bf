//! Reading and writing: npy, npz, safetensors, CSV; ndarray and serde.
//!
//! | format | module | feature | crates |
//! |---|---|---|---|
//! | `.npy` of NumPy, one array | [`npy`] | | |
//! | `.safetensors`, named tensors and text | [`safetensors`] | | |
//! | `.npz` of NumPy, named arrays | `npz` | `npz` | zip |
//! | `.csv`, named columns | `csv` | `csv` | csv |
//! | arrays of the crate ndarray | `From`, `TryFrom` | `ndarray` | ndarray |
//! | whatever serde writes | `Serialize`, `Deserialize` | `serde` | serde_core |
//!
//! Files keep every bit of every element (signed zeros, infinities, NaN and its payload), the shape and the element type.
//! Narrower types of other programs are widened without loss: whole numbers to `i64`, half precision to `f32`.
//!
//! A file is written beside the old one and put in its place at the end, so an interrupted write loses nothing. A file
//! that is damaged, cut short, missing or of the wrong type is an [`IoError`] that names it and the place in it.

mod atomic;
#[cfg(feature = "csv")]
pub mod csv;
mod cursor;
mod elements;
mod error;
mod json;
#[cfg(feature = "ndarray")]
mod ndarray;
pub mod npy;
#[cfg(feature = "npz")]
pub mod npz;
pub mod safetensors;
#[cfg(feature = "serde")]
mod serde;

pub use atomic::write_atomic;
pub use error::IoError;

use std::path::Path;

/// The bytes of a file.
fn read_file(path: &Path) -> Result<Vec<u8>, IoError> {
    std::fs::read(path).map_err(|source| IoError::system("cannot read", source).in_file(path))
}
