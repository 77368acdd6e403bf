//! What happens when a value is read that a Program's input decides.

use std::fmt;
use std::panic::{self, AssertUnwindSafe, Location};

/// The payload that carries a read of a traced value out of the closure being captured.
pub(crate) struct ValueRead {
    location: &'static Location<'static>,
}

impl ValueRead {
    /// Unwinds to the capture without the message of a panic.
    pub(crate) fn raise(location: &'static Location<'static>) -> ! {
        panic::resume_unwind(Box::new(ValueRead { location }))
    }
}

/// Why a Program could not be captured.
#[derive(Debug, Clone)]
pub struct CaptureError {
    location: &'static Location<'static>,
}

impl CaptureError {
    /// The line that read the value.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} reads a value that depends on an input of the Program being captured; a branch on it would be frozen: \
             write it with `Var::where_`, or evaluate without a Program",
            self.location
        )
    }
}

impl std::error::Error for CaptureError {}

/// Runs `body`; a read of a traced value inside becomes an error, any other panic goes on.
pub(crate) fn guard<R>(body: impl FnOnce() -> R) -> Result<R, CaptureError> {
    panic::catch_unwind(AssertUnwindSafe(body)).map_err(|payload| match payload.downcast::<ValueRead>() {
        Ok(read) => CaptureError { location: read.location },
        Err(other) => panic::resume_unwind(other),
    })
}
