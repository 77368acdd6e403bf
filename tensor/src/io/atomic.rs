//! Writing a file whole or not at all.

use super::error::IoError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes a file so that it holds either its former content or all of `bytes`, whenever the write is interrupted: the
/// bytes go to a temporary file beside it, reach the disk, and take its name at the end. A link is followed, and the
/// permissions of the former file are kept.
///
/// # Errors
/// What the operating system says, with the path.
pub fn write_atomic(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), IoError> {
    let path = path.as_ref();
    replace(path, bytes).map_err(|source| IoError::system("cannot write", source).in_file(path))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // The file that a link points to, if it exists.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let permissions = fs::metadata(&target).ok().map(|facts| facts.permissions());
    let (temporary, mut file) = create_beside(&target)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions)))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, &target));
    if written.is_err() {
        // The error to report is that of the write.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A new file in the directory of `target`, where renaming is atomic.
fn create_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name =
        target.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file"))?;
    loop {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{}.tmp", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        let temporary = target.with_file_name(hidden);
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            // Left by an earlier process of the same number: take the next name.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (temporary, file)),
        }
    }
}
