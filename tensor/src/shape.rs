//! The shape rule of every operation, as plain functions.
//!
//! Each takes the name of the operation where several share a rule, and gives the shape of the result or a
//! [`ShapeError`] whose text names the operation and all the shapes. Tensors and the expressions of the tape use the
//! same functions, so they accept the same arguments and complain in the same words.
//!
//! An axis is counted from the end if it is negative.

use crate::error::ShapeError;
use smallvec::{SmallVec, smallvec};

/// The sizes of the axes.
pub type Shape = SmallVec<[usize; 4]>;

/// How far apart in memory neighbours along each axis are, in elements.
pub type Strides = SmallVec<[isize; 4]>;

/// The result of a shape rule.
pub type Result<T, E = ShapeError> = std::result::Result<T, E>;

macro_rules! bail {
    ($($arg:tt)*) => { return Err(ShapeError::new(format!($($arg)*))) };
}

mod chain;
mod convolution;
mod pick;
mod signal;
mod slice;

pub use chain::chain;
pub use convolution::{Conv, ConvTranspose, ConvolveMode, Pool, conv, conv_transpose, convolve, pool};
pub use pick::{gather, index, index_add, index_select, put_dtype, scatter, searchsorted};
pub use signal::{fft, irfft, rfft};
pub use slice::{Positions, Slice, slice};

/// The number of elements. It is an error if it does not fit the address space.
pub fn size(op: &str, shape: &[usize]) -> Result<usize> {
    // Strides are products of sizes, so these must fit even when another axis is empty.
    let span = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d.max(1)));
    match span {
        Some(n) if n <= isize::MAX as usize => Ok(shape.iter().product()),
        _ => bail!("{op}: {shape:?} has too many elements"),
    }
}

/// The strides of a contiguous row-major tensor.
pub fn row_major(shape: &[usize]) -> Strides {
    let mut strides: Strides = smallvec![0; shape.len()];
    let mut step = 1;
    for (stride, &d) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step *= d.max(1) as isize;
    }
    strides
}

/// An axis counted from the start.
///
/// ```
/// use pyroxene_tensor::shape;
/// assert_eq!(shape::axis("sum", &[2, 3], -1), Ok(1));
/// assert_eq!(shape::axis("sum", &[2, 3], 2).unwrap_err().to_string(), "sum: axis 2 is out of bounds for [2, 3]");
/// ```
pub fn axis(op: &str, shape: &[usize], axis: isize) -> Result<usize> {
    match resolve(axis, shape.len()) {
        Some(axis) => Ok(axis),
        None => bail!("{op}: axis {axis} is out of bounds for {shape:?}"),
    }
}

/// An index or axis counted from the start, if it is within `0..n`.
fn resolve(index: isize, n: usize) -> Option<usize> {
    let n = n as isize;
    let from_start = if index < 0 { index.checked_add(n)? } else { index };
    (0..n).contains(&from_start).then_some(from_start as usize)
}

/// Several different axes, counted from the start, in ascending order.
pub fn axes(op: &str, shape: &[usize], axes: &[isize]) -> Result<Shape> {
    let mut sorted: Shape = axes.iter().map(|&a| axis(op, shape, a)).collect::<Result<_>>()?;
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        bail!("{op}: axis {} is given twice in {axes:?} for {shape:?}", pair[0]);
    }
    Ok(sorted)
}

/// The common shape to which all shapes broadcast: they are aligned at the last axis, and an axis that is missing or of
/// size 1 is repeated.
///
/// ```
/// use pyroxene_tensor::shape;
/// assert_eq!(shape::broadcast("add", &[&[4, 1], &[3]]).unwrap().as_slice(), [4, 3]);
/// let error = shape::broadcast("add", &[&[8], &[3]]).unwrap_err();
/// assert_eq!(error.to_string(), "add: cannot broadcast [8] with [3]");
/// ```
pub fn broadcast(op: &str, shapes: &[&[usize]]) -> Result<Shape> {
    let ndim = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let mut out: Shape = smallvec![1; ndim];
    for shape in shapes {
        for (o, &d) in out[ndim - shape.len()..].iter_mut().zip(*shape) {
            match (*o, d) {
                (o, d) if o == d => {}
                (_, 1) => {}
                (1, _) => *o = d,
                _ => {
                    let list: Vec<String> = shapes.iter().map(|s| format!("{s:?}")).collect();
                    bail!("{op}: cannot broadcast {}", list.join(" with "));
                }
            }
        }
    }
    size(op, &out)?;
    Ok(out)
}

/// The shape after a reduction over `axes`, which are removed, or kept with size 1.
pub fn reduce(op: &str, shape: &[usize], axes: &[isize], keepdim: bool) -> Result<Shape> {
    let axes = self::axes(op, shape, axes)?;
    let mut out = Shape::from_slice(shape);
    for &a in axes.iter().rev() {
        if keepdim {
            out[a] = 1;
        } else {
            out.remove(a);
        }
    }
    Ok(out)
}

/// The shape for a reshape: the same number of elements; one size may be `-1`, which means the rest.
///
/// ```
/// use pyroxene_tensor::shape;
/// assert_eq!(shape::reshape(&[3, 4], &[2, -1]).unwrap().as_slice(), [2, 6]);
/// let error = shape::reshape(&[3, 4], &[5, -1]).unwrap_err();
/// assert_eq!(error.to_string(), "reshape: cannot turn [3, 4] into [5, -1]");
/// ```
pub fn reshape(shape: &[usize], target: &[isize]) -> Result<Shape> {
    let n = size("reshape", shape)?;
    if target.iter().any(|&d| d < -1) || target.iter().filter(|&&d| d == -1).count() > 1 {
        bail!("reshape: {target:?} is not a shape with at most one -1 (from {shape:?})");
    }
    let known = target.iter().filter(|&&d| d >= 0).try_fold(1usize, |p, &d| p.checked_mul(d as usize));
    let has_rest = target.contains(&-1);
    let rest = match known {
        Some(0) if !has_rest && n == 0 => 0,
        Some(known) if known > 0 && n.is_multiple_of(known) && (has_rest || n == known) => n / known,
        _ => bail!("reshape: cannot turn {shape:?} into {target:?}"),
    };
    let out: Shape = target.iter().map(|&d| if d < 0 { rest } else { d as usize }).collect();
    size("reshape", &out)?;
    Ok(out)
}

/// The axes of a permutation, counted from the start: axis `i` of the result is axis `axes[i]` of the argument.
pub fn permute(shape: &[usize], axes: &[isize]) -> Result<Shape> {
    let from_start: Shape = axes.iter().map(|&a| axis("permute", shape, a)).collect::<Result<_>>()?;
    let is_permutation = axes.len() == shape.len() && (0..shape.len()).all(|a| from_start.contains(&a));
    if !is_permutation {
        bail!("permute: {axes:?} is not a permutation of the axes of {shape:?}");
    }
    Ok(from_start)
}

/// Checks that `shape` broadcasts to `target`, and gives `target`.
pub fn expand(shape: &[usize], target: &[usize]) -> Result<Shape> {
    let fits = shape.len() <= target.len()
        && shape.iter().zip(&target[target.len() - shape.len()..]).all(|(&d, &t)| d == t || d == 1);
    if !fits {
        bail!("expand: cannot expand {shape:?} to {target:?}");
    }
    size("expand", target)?;
    Ok(Shape::from_slice(target))
}

/// The axis that a squeeze removes; its size must be 1.
pub fn squeeze(shape: &[usize], axis: isize) -> Result<usize> {
    let a = self::axis("squeeze", shape, axis)?;
    if shape[a] != 1 {
        bail!("squeeze: axis {axis} of {shape:?} has size {}, not 1", shape[a]);
    }
    Ok(a)
}

/// Where a new axis of size 1 goes: before axis `axis` of `shape`; `-1` puts it last.
pub fn unsqueeze(shape: &[usize], axis: isize) -> Result<usize> {
    match resolve(axis, shape.len() + 1) {
        Some(a) => Ok(a),
        None => bail!("unsqueeze: axis {axis} is out of bounds for a new axis of {shape:?}"),
    }
}

/// The axis and the index along it, both counted from the start.
pub fn select(shape: &[usize], axis: isize, index: isize) -> Result<(usize, usize)> {
    let a = self::axis("select", shape, axis)?;
    match resolve(index, shape[a]) {
        Some(index) => Ok((a, index)),
        None => bail!("select: index {index} is out of bounds for axis {axis} of {shape:?}"),
    }
}

/// The shape of a matrix product, by the rules of NumPy: the last two axes are the matrices, those before them
/// broadcast; a vector on the left is a row, one on the right a column, and the axis added for it is removed again.
///
/// ```
/// use pyroxene_tensor::shape;
/// assert_eq!(shape::matmul(&[5, 2, 3], &[3, 4]).unwrap().as_slice(), [5, 2, 4]);
/// assert_eq!(shape::matmul(&[2, 3], &[3]).unwrap().as_slice(), [2]);
/// assert_eq!(
///     shape::matmul(&[2, 3], &[2, 3]).unwrap_err().to_string(),
///     "matmul: inner sizes 3 and 2 of [2, 3] and [2, 3] differ"
/// );
/// ```
pub fn matmul(a: &[usize], b: &[usize]) -> Result<Shape> {
    let (Some((&a_inner, a_rest)), Some(&b_last)) = (a.split_last(), b.last()) else {
        bail!("matmul: {a:?} and {b:?} must have at least one axis");
    };
    let (b_inner, b_batch) = match b {
        [batch @ .., inner, _] => (*inner, batch),
        _ => (b_last, &b[..0]),
    };
    if a_inner != b_inner {
        bail!("matmul: inner sizes {a_inner} and {b_inner} of {a:?} and {b:?} differ");
    }
    let (rows, a_batch) = match a_rest.split_last() {
        Some((&rows, batch)) => (Some(rows), batch),
        None => (None, a_rest),
    };
    let mut out = match broadcast("matmul", &[a_batch, b_batch]) {
        Ok(batch) => batch,
        Err(_) => bail!("matmul: cannot broadcast the batch axes of {a:?} and {b:?}"),
    };
    out.extend(rows);
    if b.len() > 1 {
        out.push(b_last);
    }
    size("matmul", &out)?;
    Ok(out)
}

/// The shape of tensors joined along an existing axis, and that axis counted from the start.
pub fn concat(shapes: &[&[usize]], axis: isize) -> Result<(Shape, usize)> {
    let Some(first) = shapes.first() else { bail!("concat: there is nothing to join") };
    let a = self::axis("concat", first, axis)?;
    let mut out = Shape::from_slice(first);
    out[a] = 0;
    for shape in shapes {
        let fits = shape.len() == first.len() && (0..shape.len()).all(|i| i == a || shape[i] == first[i]);
        if !fits {
            bail!("concat: cannot join {first:?} and {shape:?} along axis {axis}");
        }
        out[a] = match out[a].checked_add(shape[a]) {
            Some(n) => n,
            None => bail!("concat: the joined axis {axis} of {first:?} and the others is too long"),
        };
    }
    size("concat", &out)?;
    Ok((out, a))
}

/// The shape of tensors of one shape joined along a new axis, and that axis counted from the start.
pub fn stack(shapes: &[&[usize]], axis: isize) -> Result<(Shape, usize)> {
    let Some(first) = shapes.first() else { bail!("stack: there is nothing to join") };
    if let Some(other) = shapes.iter().find(|s| s != &first) {
        bail!("stack: cannot stack {first:?} and {other:?}");
    }
    let Some(a) = resolve(axis, first.len() + 1) else {
        bail!("stack: axis {axis} is out of bounds for a new axis of {first:?}");
    };
    let mut out = Shape::from_slice(first);
    out.insert(a, shapes.len());
    size("stack", &out)?;
    Ok((out, a))
}

/// Checks that the last two axes are those of a matrix, and gives their sizes.
pub fn matrix(op: &str, shape: &[usize]) -> Result<(usize, usize)> {
    match shape {
        [.., rows, columns] => Ok((*rows, *columns)),
        _ => bail!("{op}: {shape:?} is not a matrix or a batch of matrices"),
    }
}

/// Checks that the last two axes are those of a square matrix, and gives its size.
pub fn square(op: &str, shape: &[usize]) -> Result<usize> {
    match shape {
        [.., rows, columns] if rows == columns => Ok(*rows),
        _ => bail!("{op}: {shape:?} is not a square matrix or a batch of square matrices"),
    }
}

/// The shape of the solution of a linear system with square matrices. A right side with one axis is a vector; otherwise
/// its last two axes are matrices and those before them broadcast with the batch of the square ones.
///
/// ```
/// use pyroxene_tensor::shape;
/// assert_eq!(shape::solve("solve", &[5, 3, 3], &[3]).unwrap().as_slice(), [5, 3]);
/// assert_eq!(shape::solve("solve", &[3, 3], &[5, 3, 2]).unwrap().as_slice(), [5, 3, 2]);
/// ```
pub fn solve(op: &str, matrix: &[usize], b: &[usize]) -> Result<Shape> {
    square(op, matrix)?;
    system(op, matrix, b)
}

/// The shape of the least squares solution for matrices `[.., m, n]`, by the rules of [`solve`]: right sides have m rows,
/// solutions n.
pub fn lstsq(matrix: &[usize], b: &[usize]) -> Result<Shape> {
    self::matrix("lstsq", matrix)?;
    system("lstsq", matrix, b)
}

fn system(op: &str, matrix: &[usize], b: &[usize]) -> Result<Shape> {
    let (m, n) = self::matrix(op, matrix)?;
    let batch = &matrix[..matrix.len() - 2];
    let (rows, b_batch, columns) = match b {
        [] => bail!("{op}: the right side of {matrix:?} is a scalar"),
        [rows] => (*rows, &b[..0], None),
        [batch @ .., rows, columns] => (*rows, batch, Some(*columns)),
    };
    if rows != m {
        bail!("{op}: the right side {b:?} does not have the {m} rows of {matrix:?}");
    }
    let mut out = match broadcast(op, &[batch, b_batch]) {
        Ok(batch) => batch,
        Err(_) => bail!("{op}: cannot broadcast the batch axes of {matrix:?} and {b:?}"),
    };
    out.push(n);
    out.extend(columns);
    size(op, &out)?;
    Ok(out)
}

/// The shape of outer products of vectors.
pub fn outer(a: &[usize], b: &[usize]) -> Result<Shape> {
    let ([a_batch @ .., m], [b_batch @ .., n]) = (a, b) else {
        bail!("outer: {a:?} and {b:?} must have at least one axis");
    };
    let Ok(mut out) = broadcast("outer", &[a_batch, b_batch]) else {
        bail!("outer: cannot broadcast the batch axes of {a:?} and {b:?}");
    };
    out.extend([*m, *n]);
    size("outer", &out)?;
    Ok(out)
}

/// The shape of Kronecker products of matrices.
pub fn kron(a: &[usize], b: &[usize]) -> Result<Shape> {
    let ((m, n), (p, q)) = (matrix("kron", a)?, matrix("kron", b)?);
    let Ok(mut out) = broadcast("kron", &[&a[..a.len() - 2], &b[..b.len() - 2]]) else {
        bail!("kron: cannot broadcast the batch axes of {a:?} and {b:?}");
    };
    match (m.checked_mul(p), n.checked_mul(q)) {
        (Some(rows), Some(columns)) => out.extend([rows, columns]),
        _ => bail!("kron: the product of {a:?} and {b:?} has too many elements"),
    }
    size("kron", &out)?;
    Ok(out)
}

/// The shape of the diagonals of matrices.
pub fn diagonal(shape: &[usize]) -> Result<Shape> {
    let (rows, columns) = matrix("diagonal", shape)?;
    let mut out = Shape::from_slice(&shape[..shape.len() - 2]);
    out.push(rows.min(columns));
    Ok(out)
}

/// The shape of the matrices whose diagonals are the last axis.
pub fn diag_embed(shape: &[usize]) -> Result<Shape> {
    let Some(&n) = shape.last() else { bail!("diag_embed: a scalar has no axis to put on a diagonal") };
    let mut out = Shape::from_slice(shape);
    out.push(n);
    size("diag_embed", &out)?;
    Ok(out)
}
