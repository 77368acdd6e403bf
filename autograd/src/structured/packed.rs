//! Several values as one vector, so that an operation with many has few inputs and one output.

use crate::arena::{Var, with_node};
use pyroxene_tensor::{DType, Shape};

/// The elements of all `values`, one after the other, as a vector of f64.
pub(super) fn pack(values: &[Var]) -> Var {
    let flat: Vec<Var> = values.iter().map(|value| value.cast(DType::F64).reshape(&[-1])).collect();
    if flat.is_empty() { Var::zeros(&[0]) } else { Var::concat(&flat, 0) }
}

/// The rows of all `values`, which have `rows` of them, side by side as a matrix of f64.
pub(super) fn pack_rows(values: &[Var], rows: usize) -> Var {
    let flat: Vec<Var> = values
        .iter()
        .map(|value| {
            let width: usize = value.shape()[1..].iter().product();
            value.cast(DType::F64).reshape_to([rows, width].as_slice().into())
        })
        .collect();
    if flat.is_empty() { Var::zeros(&[rows, 0]) } else { Var::concat(&flat, 1) }
}

/// The values that [`pack`] put together; of the last axis of `packed`, whose other axes stay in front.
pub(super) fn unpack(packed: Var, parts: &[(Shape, DType)]) -> Vec<Var> {
    let shape = packed.shape();
    let leading = &shape[..shape.len() - 1];
    let mut start = 0;
    let part = |(part, dtype): &(Shape, DType)| {
        let end = start + part.iter().product::<usize>() as isize;
        let to = leading.iter().chain(part).copied().collect();
        let value = packed.slice(-1, start..end).reshape_to(to).cast(*dtype);
        start = end;
        value
    };
    parts.iter().map(part).collect()
}

/// The shape and type of a value.
pub(super) fn kind(value: &Var) -> (Shape, DType) {
    with_node(*value, |node| (node.shape.clone(), node.dtype))
}

/// The kind of a vector of `len` numbers.
pub(super) fn vector(len: usize) -> (Shape, DType) {
    ([len].as_slice().into(), DType::F64)
}

/// Number of elements of all parts together.
pub(super) fn width(parts: &[(Shape, DType)]) -> usize {
    parts.iter().map(|(shape, _)| shape.iter().product::<usize>()).sum()
}
