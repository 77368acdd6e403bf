//! The error of the entry points.

use pyroxene_autograd::CaptureError;
use std::error::Error as StdError;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};

/// What went wrong with a model, its data, or a run's settings.
///
/// Entry points (inference drivers, [`run`](crate::run), saving and loading) return it; model code never sees it.
#[derive(Debug)]
pub struct Error {
    message: String,
    site: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error that concerns no single site.
    pub(crate) fn new(message: impl Into<String>) -> Error {
        Error { message: message.into(), site: None, source: None }
    }

    /// An error at a site, whose name stands before the message.
    pub(crate) fn at(site: &str, message: impl fmt::Display) -> Error {
        Error { message: format!("site {site:?}: {message}"), site: Some(site.to_string()), source: None }
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Error {
        self.source = Some(Box::new(source));
        self
    }

    /// The name of the site or plate concerned, if it is one.
    pub fn site(&self) -> Option<&str> {
        self.site.as_deref()
    }

    /// Leaves the model at once, up to the entry point that runs it, which returns the error. So model code is free of `?`,
    /// and nothing goes on with a value that does not exist.
    pub(crate) fn raise(self) -> ! {
        panic::resume_unwind(Box::new(Raised(self)))
    }
}

/// The payload by which an error leaves a model.
struct Raised(Error);

/// Runs model code; an error raised inside is returned, a panic goes on.
pub(crate) fn catch<R>(body: impl FnOnce() -> R) -> Result<R, Error> {
    panic::catch_unwind(AssertUnwindSafe(body)).map_err(|payload| match payload.downcast::<Raised>() {
        Ok(raised) => raised.0,
        Err(other) => panic::resume_unwind(other),
    })
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<CaptureError> for Error {
    fn from(error: CaptureError) -> Error {
        Error::new(format!("the model cannot be compiled: {error}")).with_source(error)
    }
}
