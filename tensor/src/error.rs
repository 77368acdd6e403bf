//! Errors, and the panics made of them.

use crate::context::context;
use crate::shape::Shape;
use std::fmt;

/// A violated shape rule. Its `Display` is the message, which starts with the name of the operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    message: String,
}

impl ShapeError {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> ShapeError {
        ShapeError { message: message.into() }
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ShapeError {}

/// Why a `try_` method failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorError {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Shape(ShapeError),
    Matrix { op: &'static str, shape: Shape, batch: usize, pivot: Option<usize>, fault: &'static str },
}

impl TensorError {
    /// Matrix `place.0` of the batch of matrices of this shape, at pivot `place.1`.
    pub(crate) fn not_positive_definite(op: &'static str, shape: &[usize], place: (usize, usize)) -> TensorError {
        TensorError::matrix(op, shape, (place.0, Some(place.1)), "not positive definite")
    }

    /// As [`not_positive_definite`](TensorError::not_positive_definite).
    pub(crate) fn singular(op: &'static str, shape: &[usize], place: (usize, usize)) -> TensorError {
        TensorError::matrix(op, shape, (place.0, Some(place.1)), "singular or not finite")
    }

    /// As [`not_positive_definite`](TensorError::not_positive_definite); there is no pivot to name.
    pub(crate) fn not_finite(op: &'static str, shape: &[usize], batch: usize) -> TensorError {
        TensorError::matrix(op, shape, (batch, None), "not finite")
    }

    fn matrix(
        op: &'static str,
        shape: &[usize],
        (batch, pivot): (usize, Option<usize>),
        fault: &'static str,
    ) -> TensorError {
        TensorError { kind: Kind::Matrix { op, shape: Shape::from_slice(shape), batch, pivot, fault } }
    }

    /// For a factorisation that failed: the pivot that was zero, not positive, or not finite, counted from 0.
    pub fn pivot(&self) -> Option<usize> {
        match self.kind {
            Kind::Matrix { pivot, .. } => pivot,
            Kind::Shape(_) => None,
        }
    }

    /// For a factorisation that failed: the matrix, counted from 0 in row-major order over the batch axes.
    pub fn batch(&self) -> Option<usize> {
        match self.kind {
            Kind::Matrix { batch, .. } => Some(batch),
            Kind::Shape(_) => None,
        }
    }
}

impl From<ShapeError> for TensorError {
    fn from(error: ShapeError) -> TensorError {
        TensorError { kind: Kind::Shape(error) }
    }
}

impl fmt::Display for TensorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Shape(error) => error.fmt(f),
            Kind::Matrix { op, shape, batch, pivot, fault } => {
                write!(f, "{op}: matrix {batch} of {shape:?} is {fault}")?;
                pivot.map_or(Ok(()), |pivot| write!(f, " (pivot {pivot})"))
            }
        }
    }
}

impl std::error::Error for TensorError {}

/// Panics with a message and the [`context`](mod@crate::context) of the thread.
#[track_caller]
#[cold]
pub fn fail(message: impl fmt::Display) -> ! {
    panic!("{message}{}", context())
}

/// Turns the error of a shape rule into a panic at the caller's line.
pub trait OrPanic {
    /// The success value.
    type Value;
    /// The value, or a panic with the error's message and the [`context`](mod@crate::context) of the thread.
    #[track_caller]
    fn or_panic(self) -> Self::Value;
}

impl<T, E: fmt::Display> OrPanic for Result<T, E> {
    type Value = T;
    #[track_caller]
    fn or_panic(self) -> T {
        match self {
            Ok(value) => value,
            Err(error) => fail(error),
        }
    }
}
