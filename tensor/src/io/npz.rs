//! The `.npz` format of NumPy: named arrays, a zip archive of [`npy`] files. Wants the feature `npz`.

use super::error::IoError;
use super::{npy, read_file, write_atomic};
use crate::tensor::Tensor;
use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Reads all arrays of a file, compressed or not, by name (without `.npy`).
///
/// # Errors
/// If the file cannot be read, is damaged or cut short (every entry has a checksum), or an entry is not an array that
/// [`npy::read`] reads.
pub fn read(path: impl AsRef<Path>) -> Result<BTreeMap<String, Tensor>, IoError> {
    let path = path.as_ref();
    from_bytes(&read_file(path)?).map_err(|error| error.in_file(path))
}

/// Writes tensors to a file, which is replaced whole or not at all. Uncompressed, as `numpy.savez` does.
///
/// # Errors
/// What the operating system says.
///
/// ```
/// use pyroxene_tensor::{Tensor, io::npz};
/// use std::collections::BTreeMap;
/// let arrays = BTreeMap::from([("x".to_string(), Tensor::from([1.0, 2.0])), ("n".to_string(), Tensor::from(3))]);
/// let path = std::env::temp_dir().join(format!("pyroxene-{}.npz", std::process::id()));
/// npz::write(&path, &arrays)?;
/// assert_eq!(npz::read(&path)?, arrays);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), pyroxene_tensor::io::IoError>(())
/// ```
pub fn write(path: impl AsRef<Path>, arrays: &BTreeMap<String, Tensor>) -> Result<(), IoError> {
    save(path.as_ref(), arrays, CompressionMethod::Stored)
}

/// As [`write()`], compressed by deflate as `numpy.savez_compressed` does.
///
/// # Errors
/// As [`write()`].
pub fn write_compressed(path: impl AsRef<Path>, arrays: &BTreeMap<String, Tensor>) -> Result<(), IoError> {
    save(path.as_ref(), arrays, CompressionMethod::Deflated)
}

fn save(path: &Path, arrays: &BTreeMap<String, Tensor>, method: CompressionMethod) -> Result<(), IoError> {
    write_atomic(path, &to_bytes(arrays, method).map_err(|error| error.in_file(path))?)
}

fn to_bytes(arrays: &BTreeMap<String, Tensor>, method: CompressionMethod) -> Result<Vec<u8>, IoError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, x) in arrays {
        let bytes = npy::to_bytes(x);
        // Beyond 4 GiB the format has other records.
        let options =
            SimpleFileOptions::default().compression_method(method).large_file(bytes.len() >= u32::MAX as usize);
        let wrong = |source| IoError::new("cannot be written").with_source(source).in_entry(name);
        archive.start_file(format!("{name}.npy"), options).map_err(wrong)?;
        archive.write_all(&bytes).map_err(|source| IoError::system("cannot be written", source).in_entry(name))?;
    }
    let whole = archive.finish().map_err(|source| IoError::new("the archive cannot be written").with_source(source))?;
    Ok(whole.into_inner())
}

/// The arrays that these bytes hold as a file.
///
/// # Errors
/// As [`read()`].
pub fn from_bytes(bytes: &[u8]) -> Result<BTreeMap<String, Tensor>, IoError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|source| {
        IoError::new(format!("this is not a whole zip archive, as npz files are: {source}")).with_source(source)
    })?;
    let mut arrays = BTreeMap::new();
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i).map_err(|source| {
            IoError::new(format!("entry {i} of the archive cannot be read: {source}")).with_source(source)
        })?;
        let full = match entry.name() {
            Ok(name) => name.into_owned(),
            Err(source) => return Err(IoError::new(format!("the name of entry {i} is damaged")).with_source(source)),
        };
        let Some(name) = full.strip_suffix(".npy") else {
            return Err(IoError::new("the name does not end in .npy: this is not an array").in_entry(&full));
        };
        let mut content = Vec::new();
        entry
            .read_to_end(&mut content)
            .map_err(|source| IoError::system("the entry is damaged", source).in_entry(name))?;
        let x = npy::from_bytes(&content).map_err(|error| error.in_entry(name))?;
        arrays.insert(name.to_string(), x);
    }
    Ok(arrays)
}
