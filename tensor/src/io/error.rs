//! The error of reading and writing files.

use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a file could not be read or written. The message names the file, then the entry, line, column or offset within it.
///
/// ```
/// use pyroxene_tensor::io::npy;
/// let error = npy::from_bytes(b"\x93NUMPY\x09\x00").unwrap_err();
/// assert_eq!(error.to_string(), "byte 6: version 9.0 of npy is not one of 1.0, 2.0 and 3.0");
/// assert_eq!(error.offset(), Some(6));
/// ```
#[derive(Clone, Debug)]
pub struct IoError(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    message: String,
    path: Option<PathBuf>,
    entry: Option<String>,
    line: Option<u64>,
    column: Option<String>,
    offset: Option<u64>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl IoError {
    pub(crate) fn new(message: impl Into<String>) -> IoError {
        let message = message.into();
        IoError(Box::new(Inner {
            message,
            path: None,
            entry: None,
            line: None,
            column: None,
            offset: None,
            source: None,
        }))
    }

    /// An error at a byte of the file, or of the entry if one is named.
    pub(crate) fn at(offset: usize, message: impl Into<String>) -> IoError {
        let mut error = IoError::new(message);
        error.0.offset = Some(offset as u64);
        error
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> IoError {
        self.0.source = Some(Arc::new(source));
        self
    }

    pub(crate) fn in_file(mut self, path: &Path) -> IoError {
        self.0.path = Some(path.to_path_buf());
        self
    }

    pub(crate) fn in_entry(mut self, entry: &str) -> IoError {
        self.0.entry = Some(entry.to_string());
        self
    }

    #[cfg(feature = "csv")]
    pub(crate) fn in_line(mut self, line: u64) -> IoError {
        self.0.line = Some(line);
        self
    }

    #[cfg(feature = "csv")]
    pub(crate) fn in_column(mut self, column: &str) -> IoError {
        self.0.column = Some(column.to_string());
        self
    }

    /// An error of the operating system while it did `what`, such as `cannot read`.
    pub(crate) fn system(what: &str, source: std::io::Error) -> IoError {
        IoError::new(format!("{what}: {source}")).with_source(source)
    }

    /// The file.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// The name of the tensor within an archive.
    pub fn entry(&self) -> Option<&str> {
        self.0.entry.as_deref()
    }

    /// The line of a text file, counted from 1.
    pub fn line(&self) -> Option<u64> {
        self.0.line
    }

    /// The name of the column of a table.
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// The byte, counted from 0, in the file; in the entry itself where [`entry`](IoError::entry) names one of an npz archive.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, path, entry, line, column, offset, .. } = &*self.0;
        if let Some(path) = path {
            write!(f, "{}: ", path.display())?;
        }
        let mut places = Vec::new();
        places.extend(entry.as_ref().map(|entry| format!("entry {entry:?}")));
        places.extend(line.map(|line| format!("line {line}")));
        places.extend(column.as_ref().map(|column| format!("column {column:?}")));
        places.extend(offset.map(|offset| format!("byte {offset}")));
        if !places.is_empty() {
            write!(f, "{}: ", places.join(", "))?;
        }
        f.write_str(message)
    }
}

impl StdError for IoError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
