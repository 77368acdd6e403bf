//! The tensor crate's shape rules, with a panic at the user's line where they fail.

use pyroxene_kernels::logspace::Chain;
use pyroxene_tensor::shape::{self as rules, Positions};
use pyroxene_tensor::{OrPanic, Shape, Slice};

/// Panics at the user's line; inside a model the message ends with the site and its plates.
#[track_caller]
pub(crate) fn fail(message: impl std::fmt::Display) -> ! {
    pyroxene_tensor::fail(message)
}

#[track_caller]
pub(crate) fn broadcast(op: &str, shapes: &[&[usize]]) -> Shape {
    rules::broadcast(op, shapes).or_panic()
}

#[track_caller]
pub(crate) fn axis(op: &str, shape: &[usize], axis: isize) -> usize {
    rules::axis(op, shape, axis).or_panic()
}

#[track_caller]
pub(crate) fn reduce(op: &str, shape: &[usize], axes: &[isize], keepdim: bool) -> Shape {
    rules::reduce(op, shape, axes, keepdim).or_panic()
}

#[track_caller]
pub(crate) fn reshape(shape: &[usize], to: &[isize]) -> Shape {
    rules::reshape(shape, to).or_panic()
}

#[track_caller]
pub(crate) fn expand(shape: &[usize], to: &[usize]) -> Shape {
    rules::expand(shape, to).or_panic()
}

#[track_caller]
pub(crate) fn matmul(a: &[usize], b: &[usize]) -> Shape {
    rules::matmul(a, b).or_panic()
}

/// Panics unless an output that is differentiated is one number.
#[track_caller]
pub(crate) fn one_number(op: &str, shape: &[usize]) {
    if shape.iter().product::<usize>() != 1 {
        fail(format_args!("{op}: the output must be one number, got shape {shape:?}"));
    }
}

/// The size of a square matrix, or of each of a batch.
#[track_caller]
pub(crate) fn square(op: &str, shape: &[usize]) -> usize {
    rules::square(op, shape).or_panic()
}

/// The shape of the solution of a linear system.
#[track_caller]
pub(crate) fn solve(op: &str, matrix: &[usize], b: &[usize]) -> Shape {
    rules::solve(op, matrix, b).or_panic()
}

#[track_caller]
pub(crate) fn lstsq(matrix: &[usize], b: &[usize]) -> Shape {
    rules::lstsq(matrix, b).or_panic()
}

#[track_caller]
pub(crate) fn outer(a: &[usize], b: &[usize]) -> Shape {
    rules::outer(a, b).or_panic()
}

#[track_caller]
pub(crate) fn kron(a: &[usize], b: &[usize]) -> Shape {
    rules::kron(a, b).or_panic()
}

#[track_caller]
pub(crate) fn chain(op: &str, initial: &[usize], transitions: &[usize], emissions: &[usize]) -> (Shape, Chain) {
    rules::chain(op, initial, transitions, emissions).or_panic()
}

/// The sizes of a matrix, or of each of a batch.
#[track_caller]
pub(crate) fn matrix(op: &str, shape: &[usize]) -> (usize, usize) {
    rules::matrix(op, shape).or_panic()
}

#[track_caller]
pub(crate) fn slice(shape: &[usize], axis: isize, slice: Slice) -> Positions {
    rules::slice(shape, axis, slice).or_panic()
}
