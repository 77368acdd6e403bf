//! Elements by position.

use super::{Result, Shape, expand, resolve};
use crate::dtype::DType;
use crate::error::ShapeError;

/// The shape of rows picked along an axis, which the axes of `index` replace; and that axis counted from the start.
pub fn index_select(shape: &[usize], axis: isize, index: &[usize]) -> Result<(Shape, usize)> {
    let a = super::axis("index_select", shape, axis)?;
    let mut out = Shape::from_slice(&shape[..a]);
    out.extend_from_slice(index);
    out.extend_from_slice(&shape[a + 1..]);
    super::size("index_select", &out)?;
    Ok((out, a))
}

/// The shape of rows added into an axis of size `size`, which replaces the axes of `index`; and that axis counted from
/// the start. This is the adjoint of [`index_select`]: the axes of `shape` from `axis` on must be those of `index`.
pub fn index_add(shape: &[usize], axis: isize, index: &[usize], size: usize) -> Result<(Shape, usize)> {
    let Some(a) = resolve(axis, (shape.len() + 1).saturating_sub(index.len())) else {
        bail!("index_add: axis {axis} is out of bounds for {shape:?} with an index of shape {index:?}");
    };
    let rest = a + index.len();
    if shape[a..rest] != *index {
        bail!("index_add: the axes of {shape:?} from axis {a} on are not those of the index, {index:?}");
    }
    let mut out = Shape::from_slice(&shape[..a]);
    out.push(size);
    out.extend_from_slice(&shape[rest..]);
    super::size("index_add", &out)?;
    Ok((out, a))
}

/// The shape of elements picked along an axis by an index of as many axes, of which the others broadcast; and that axis
/// counted from the start.
pub fn gather(shape: &[usize], axis: isize, index: &[usize]) -> Result<(Shape, usize)> {
    let a = super::axis("gather", shape, axis)?;
    let mut own = Shape::from_slice(shape);
    own[a] = 1;
    let fits = index.len() == shape.len();
    match super::broadcast("gather", &[&own, index]) {
        Ok(mut out) if fits => {
            out[a] = index[a];
            Ok((out, a))
        }
        _ => bail!("gather: an index {index:?} does not fit {shape:?} along axis {axis}"),
    }
}

/// The common shape of an index and a source whose elements are put along an axis, and that axis counted from the start.
pub fn scatter(op: &str, shape: &[usize], axis: isize, index: &[usize], src: &[usize]) -> Result<(Shape, usize)> {
    let a = super::axis(op, shape, axis)?;
    let mut out = Shape::from_slice(shape);
    let fits = index.len() == shape.len() && {
        let along = src.len().checked_sub(shape.len() - a).map_or(1, |own| src[own]);
        out[a] = if index[a] == 1 { along } else { index[a] };
        expand(index, &out).is_ok() && expand(src, &out).is_ok()
    };
    if !fits {
        bail!("{op}: an index {index:?} and a source {src:?} do not fit {shape:?} along axis {axis}");
    }
    Ok((out, a))
}

/// The type of a tensor into which elements of another type are put.
pub fn put_dtype(into: DType, src: DType) -> DType {
    if into.is_float() { into } else { into.promote(src) }
}

/// The number of ascending numbers, and of values that are looked up in each row of them.
pub fn searchsorted(sorted: &[usize], values: &[usize]) -> Result<(usize, usize)> {
    match (sorted, values) {
        (&[n], _) => Ok((n, values.iter().product())),
        ([batch @ .., n], [own @ .., count]) if batch == own => Ok((*n, *count)),
        _ => bail!("searchsorted: values {values:?} cannot be looked up in the rows of {sorted:?}"),
    }
}

/// An index along an axis, counted from the start; `signed` ones may count from the end.
///
/// ```
/// use pyroxene_tensor::shape;
/// assert_eq!(shape::index("select", -1, 0, 3, true), Ok(2));
/// let error = shape::index("select", 3, 0, 3, true).unwrap_err();
/// assert_eq!(error.to_string(), "select: index 3 is out of bounds for axis 0 of size 3");
/// ```
pub fn index(op: &str, index: i64, axis: usize, size: usize, signed: bool) -> Result<usize> {
    match isize::try_from(index).ok().and_then(|i| resolve(i, size)) {
        Some(place) if signed || index >= 0 => Ok(place),
        _ => bail!("{op}: index {index} is out of bounds for axis {axis} of size {size}"),
    }
}
