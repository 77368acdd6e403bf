//! The `.npy` format of NumPy: one array, versions 1.0 to 3.0 ("NEP 1: a simple file format for NumPy arrays").
//!
//! | in the file | here |
//! |---|---|
//! | `f8` | `F64` |
//! | `f4`, `f2` | `F32` |
//! | `i8`, `i4`, `i2`, `i1`, `u4`, `u2`, `u1`; `u8` up to 2^63 - 1 | `I64` |
//! | `b1` | `Bool` |
//!
//! Both byte orders and both orders of axes are read. Files are written little-endian, row-major, and byte for byte as
//! NumPy 2 writes them.

mod header;

use super::elements::encode;
use super::error::IoError;
use super::{read_file, write_atomic};
use crate::tensor::Tensor;
use header::Header;
use std::path::Path;

/// Reads an array from a file.
///
/// # Errors
/// If the file cannot be read, is damaged or cut short, or holds elements of another type (text, complex numbers, records).
///
/// ```
/// use pyroxene_tensor::{Tensor, io::npy};
/// let path = std::env::temp_dir().join(format!("pyroxene-{}.npy", std::process::id()));
/// npy::write(&path, &Tensor::from([[1.5, -0.0], [f64::INFINITY, 2.0]]))?;
/// assert_eq!(npy::read(&path)?.shape(), [2, 2]);
/// # std::fs::remove_file(&path).unwrap();
/// let error = npy::read(&path).unwrap_err();
/// assert_eq!(error.path(), Some(path.as_path()));
/// # Ok::<(), pyroxene_tensor::io::IoError>(())
/// ```
pub fn read(path: impl AsRef<Path>) -> Result<Tensor, IoError> {
    let path = path.as_ref();
    from_bytes(&read_file(path)?).map_err(|error| error.in_file(path))
}

/// Writes a tensor to a file, which is replaced whole or not at all.
///
/// # Errors
/// What the operating system says.
pub fn write(path: impl AsRef<Path>, x: &Tensor) -> Result<(), IoError> {
    write_atomic(path, &to_bytes(x))
}

/// The array that these bytes are as a file.
///
/// # Errors
/// As [`read()`].
pub fn from_bytes(bytes: &[u8]) -> Result<Tensor, IoError> {
    let (Header { stored, big_endian, fortran_order, mut shape }, start) = Header::parse(bytes)?;
    let Some(size) = stored.bytes_of(&shape) else {
        return Err(IoError::at(start, format!("an array of shape {shape:?} has too many elements")));
    };
    let data = &bytes[start..];
    if data.len() != size {
        let what = if data.len() < size { "is cut short" } else { "goes on after the array" };
        let message = format!("the file {what}: {size} bytes of elements are due, there are {}", data.len());
        return Err(IoError::at(start + size.min(data.len()), message));
    }
    if !fortran_order {
        return stored.decode(data, big_endian, shape, start);
    }
    shape.reverse();
    let axes: Vec<usize> = (0..shape.len()).rev().collect();
    Ok(stored.decode(data, big_endian, shape, start)?.permuted(&axes))
}

/// The bytes of the file that [`write()`] writes.
pub fn to_bytes(x: &Tensor) -> Vec<u8> {
    let mut bytes = header::write(x.dtype(), x.shape());
    bytes.extend(encode(x));
    bytes
}
