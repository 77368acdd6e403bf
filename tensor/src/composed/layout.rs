//! Axes moved, cut, repeated and joined.

use super::pad::{Padding, pad};
use super::{Basis, between, known_rows};
use crate::error::{OrPanic, fail};
use crate::shape::{self, Shape};

#[track_caller]
pub fn movedim<A: Basis>(x: &A, from: isize, to: isize) -> A {
    let sizes = x.sizes();
    let from = shape::axis("movedim", &sizes, from).or_panic();
    let to = shape::axis("movedim", &sizes, to).or_panic();
    let mut axes: Shape = (0..sizes.len()).filter(|&axis| axis != from).collect();
    axes.insert(to, from);
    x.ordered(&axes)
}

#[track_caller]
pub fn broadcast_tensors<A: Basis>(tensors: &[A]) -> Vec<A> {
    let sizes: Vec<Shape> = tensors.iter().map(A::sizes).collect();
    let sizes: Vec<&[usize]> = sizes.iter().map(Shape::as_slice).collect();
    let common = shape::broadcast("broadcast_tensors", &sizes).or_panic();
    tensors.iter().map(|x| x.spread(&common)).collect()
}

#[track_caller]
pub fn split<A: Basis>(x: &A, size: usize, axis: isize) -> Vec<A> {
    let sizes = x.sizes();
    let axis = shape::axis("split", &sizes, axis).or_panic();
    if size == 0 {
        fail(format_args!("split: parts of size 0 do not make up axis {axis} of {sizes:?}"));
    }
    let n = sizes[axis];
    (0..n.div_ceil(size)).map(|k| x.part(axis, between(k * size, n.min((k + 1) * size)))).collect()
}

#[track_caller]
pub fn split_sizes<A: Basis>(x: &A, parts: &[usize], axis: isize) -> Vec<A> {
    let sizes = x.sizes();
    let axis = shape::axis("split_sizes", &sizes, axis).or_panic();
    if parts.iter().try_fold(0usize, |sum, &part| sum.checked_add(part)) != Some(sizes[axis]) {
        fail(format_args!("split_sizes: parts of sizes {parts:?} do not make up axis {axis} of {sizes:?}"));
    }
    let mut stop = 0;
    let next = |&part: &usize| {
        stop += part;
        x.part(axis, between(stop - part, stop))
    };
    parts.iter().map(next).collect()
}

#[track_caller]
pub fn chunk<A: Basis>(x: &A, count: usize, axis: isize) -> Vec<A> {
    let sizes = x.sizes();
    let axis = shape::axis("chunk", &sizes, axis).or_panic();
    if count == 0 {
        fail(format_args!("chunk: cannot cut axis {axis} of {sizes:?} into 0 parts"));
    }
    let (least, longer) = (sizes[axis] / count, sizes[axis] % count);
    let start = |k: usize| k * least + k.min(longer);
    (0..count).map(|k| x.part(axis, between(start(k), start(k + 1)))).collect()
}

#[track_caller]
pub fn unbind<A: Basis>(x: &A, axis: isize) -> Vec<A> {
    let sizes = x.sizes();
    let axis = shape::axis("unbind", &sizes, axis).or_panic();
    let mut rest = sizes.clone();
    rest.remove(axis);
    (0..sizes[axis]).map(|i| x.part(axis, between(i, i + 1)).shaped(&rest)).collect()
}

#[track_caller]
pub fn roll<A: Basis>(x: &A, shift: isize, axis: isize) -> A {
    let sizes = x.sizes();
    let axis = shape::axis("roll", &sizes, axis).or_panic();
    let n = sizes[axis];
    if n == 0 {
        return x.clone();
    }
    let cut = n - shift.rem_euclid(n as isize) as usize;
    if cut == n { x.clone() } else { A::joined(&[x.part(axis, between(cut, n)), x.part(axis, between(0, cut))], axis) }
}

#[track_caller]
pub fn tile<A: Basis>(x: &A, counts: &[usize]) -> A {
    let sizes = x.sizes();
    let ndim = sizes.len().max(counts.len());
    let padded = |values: &[usize]| -> Shape {
        std::iter::repeat_n(1, ndim - values.len()).chain(values.iter().copied()).collect()
    };
    let (sizes, counts) = (padded(&sizes), padded(counts));
    let pairs = || counts.iter().zip(&sizes);
    let apart: Shape = sizes.iter().flat_map(|&size| [1, size]).collect();
    let repeated: Shape = pairs().flat_map(|(&count, &size)| [count, size]).collect();
    shape::size("tile", &repeated).or_panic();
    let merged: Shape = pairs().map(|(&count, &size)| count * size).collect();
    x.shaped(&apart).spread(&repeated).shaped(&merged)
}

#[track_caller]
pub fn repeat_interleave<A: Basis>(x: &A, counts: &[usize], axis: isize) -> A {
    let sizes = x.sizes();
    let axis = shape::axis("repeat_interleave", &sizes, axis).or_panic();
    if let &[count] = counts {
        let mut repeated = sizes.clone();
        repeated.insert(axis + 1, 1);
        let apart = repeated.clone();
        repeated[axis + 1] = count;
        shape::size("repeat_interleave", &repeated).or_panic();
        let mut merged = sizes;
        merged[axis] *= count;
        return x.shaped(&apart).spread(&repeated).shaped(&merged);
    }
    if counts.len() != sizes[axis] {
        fail(format_args!("repeat_interleave: {} counts for axis {axis} of {sizes:?}", counts.len()));
    }
    known_rows(x, axis, counts.iter().zip(0..).flat_map(|(&count, i)| std::iter::repeat_n(i, count)).collect())
}

#[track_caller]
pub fn unfold<A: Basis>(x: &A, axis: isize, size: usize, step: usize) -> A {
    let sizes = x.sizes();
    let axis = shape::axis("unfold", &sizes, axis).or_panic();
    if size == 0 || step == 0 || size > sizes[axis] {
        fail(format_args!("unfold: no windows of size {size}, {step} apart, along axis {axis} of {sizes:?}"));
    }
    x.windows(axis, size, step)
}

#[track_caller]
pub fn flatten_axes<A: Basis>(x: &A, first: isize, last: isize) -> A {
    let sizes = x.sizes();
    let first = shape::axis("flatten_axes", &sizes, first).or_panic();
    let last = shape::axis("flatten_axes", &sizes, last).or_panic();
    if first > last {
        fail(format_args!("flatten_axes: axis {first} of {sizes:?} comes after axis {last}"));
    }
    let merged = sizes[first..=last].iter().product();
    let to: Shape = sizes[..first].iter().chain([&merged]).chain(&sizes[last + 1..]).copied().collect();
    x.shaped(&to)
}

#[track_caller]
pub fn unflatten<A: Basis>(x: &A, axis: isize, into: &[isize]) -> A {
    let sizes = x.sizes();
    let axis = shape::axis("unflatten", &sizes, axis).or_panic();
    let Ok(parts) = shape::reshape(&[sizes[axis]], into) else {
        fail(format_args!("unflatten: cannot turn axis {axis} of {sizes:?} into {into:?}"))
    };
    let to: Shape = sizes[..axis].iter().chain(&parts).chain(&sizes[axis + 1..]).copied().collect();
    x.shaped(&to)
}

#[track_caller]
pub fn meshgrid<A: Basis>(vectors: &[A]) -> Vec<A> {
    let sizes: Vec<Shape> = vectors.iter().map(A::sizes).collect();
    if let Some(other) = sizes.iter().find(|shape| shape.len() != 1) {
        fail(format_args!("meshgrid: {other:?} is not a vector"));
    }
    let full: Shape = sizes.iter().map(|shape| shape[0]).collect();
    shape::size("meshgrid", &full).or_panic();
    let along = |(axis, x): (usize, &A)| {
        let own: Shape = (0..full.len()).map(|i| if i == axis { full[i] } else { 1 }).collect();
        x.shaped(&own).spread(&full)
    };
    vectors.iter().enumerate().map(along).collect()
}

#[track_caller]
pub fn diagonal_at<A: Basis>(x: &A, offset: isize) -> A {
    let sizes = x.sizes();
    let (rows, columns) = shape::matrix("diagonal_at", &sizes).or_panic();
    let (down, right) = if offset < 0 { (offset.unsigned_abs(), 0) } else { (0, offset as usize) };
    let n = rows.saturating_sub(down).min(columns.saturating_sub(right));
    let (down, right) = if n == 0 { (0, 0) } else { (down, right) };
    let ndim = sizes.len();
    x.part(ndim - 2, between(down, down + n)).part(ndim - 1, between(right, right + n)).main_diagonal()
}

#[track_caller]
pub fn diag_embed_at<A: Basis>(x: &A, offset: isize) -> A {
    shape::diag_embed(&x.sizes()).or_panic();
    let by = offset.unsigned_abs();
    let (down, right) = if offset < 0 { ((by, 0), (0, by)) } else { ((0, by), (by, 0)) };
    pad(&x.as_main_diagonal(), &[down, right], Padding::Constant(0.0))
}
