//! What files of this crate have in common: a safetensors archive with its kind, version and checksum among the texts.

use crate::error::Error;
use pyroxene_tensor::io::safetensors::{self, Archive};
use pyroxene_tensor::io::{IoError, npy};
use std::path::Path;

const VERSION: &str = "1";
const CHECKSUM: &str = "checksum";

impl From<IoError> for Error {
    fn from(error: IoError) -> Error {
        Error::new(error.to_string()).with_source(error)
    }
}

/// Writes an archive of a kind, such as `pyroxene.params`.
pub(crate) fn save(path: &Path, kind: &str, mut archive: Archive) -> Result<(), Error> {
    archive.metadata.insert("kind".to_string(), kind.to_string());
    archive.metadata.insert("version".to_string(), VERSION.to_string());
    let checksum = checksum(&archive);
    archive.metadata.insert(CHECKSUM.to_string(), checksum);
    Ok(safetensors::write(path, &archive)?)
}

/// Reads an archive of a kind.
pub(crate) fn load(path: &Path, kind: &str) -> Result<Archive, Error> {
    let mut archive = safetensors::read(path)?;
    let wrong = |message: String| Err(wrong_file(path, message));
    match archive.metadata.get("kind") {
        Some(found) if found == kind => {}
        Some(found) => return wrong(format!("this is a file of kind {found:?}, not {kind:?}")),
        None => return wrong(format!("this file does not say that it is of kind {kind:?}")),
    }
    match archive.metadata.get("version") {
        Some(version) if version == VERSION => {}
        version => return wrong(format!("version {} of {kind} is not {VERSION}", version.map_or("none", |v| v))),
    }
    let stated = archive.metadata.remove(CHECKSUM);
    if stated.as_ref() != Some(&checksum(&archive)) {
        return wrong("the content does not fit its checksum: the file is damaged".to_string());
    }
    Ok(archive)
}

/// An error about a file's content.
pub(crate) fn wrong_file(path: &Path, message: impl std::fmt::Display) -> Error {
    Error::new(format!("{}: {message}", path.display()))
}

/// The 64-bit FNV-1a hash of all names, types, shapes, elements and texts. Every change of a single byte changes it.
fn checksum(archive: &Archive) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        // The length first, so that neighbours cannot trade bytes.
        for &byte in (bytes.len() as u64).to_le_bytes().iter().chain(bytes) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for (key, text) in &archive.metadata {
        add(key.as_bytes());
        add(text.as_bytes());
    }
    for (name, x) in &archive.tensors {
        add(name.as_bytes());
        add(&npy::to_bytes(x));
    }
    format!("{hash:016x}")
}
