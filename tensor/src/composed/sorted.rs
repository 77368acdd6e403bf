//! Sorted elements, and what is read off them.

use super::{Basis, Bound, between};
use crate::error::{OrPanic, fail};
use crate::shape;
use crate::tensor::Tensor;

#[track_caller]
pub fn sort<A: Basis>(x: &A, axis: isize, descending: bool) -> A {
    let sizes = x.sizes();
    let axis = shape::axis("sort", &sizes, axis).or_panic();
    x.gathered(axis as isize, &x.order(axis, descending, sizes[axis]))
}

#[track_caller]
pub fn topk<A: Basis>(x: &A, count: usize, axis: isize, largest: bool) -> (A, A) {
    let sizes = x.sizes();
    let axis = shape::axis("topk", &sizes, axis).or_panic();
    if count > sizes[axis] {
        fail(format_args!("topk: there are no {count} elements along axis {axis} of {sizes:?}"));
    }
    let order = x.order(axis, largest, count);
    (x.gathered(axis as isize, &order), order)
}

#[track_caller]
pub fn kthvalue<A: Basis>(x: &A, k: usize, axis: isize) -> (A, A) {
    let mut sizes = x.sizes();
    let axis = shape::axis("kthvalue", &sizes, axis).or_panic();
    if k == 0 || k > sizes[axis] {
        fail(format_args!("kthvalue: there is no element {k} in order, from 1, along axis {axis} of {sizes:?}"));
    }
    let place = x.order(axis, false, k).part(axis, between(k - 1, k));
    sizes.remove(axis);
    (x.gathered(axis as isize, &place).shaped(&sizes), place.shaped(&sizes))
}

#[track_caller]
pub fn quantile<A: Basis>(x: &A, q: &[f64], axis: isize) -> A {
    quantiles("quantile", x, q, axis)
}

#[track_caller]
pub fn median<A: Basis>(x: &A, axis: isize) -> A {
    let row = quantiles("median", x, &[0.5], axis);
    row.shaped(&row.sizes()[1..])
}

#[track_caller]
fn quantiles<A: Basis>(op: &str, x: &A, q: &[f64], axis: isize) -> A {
    let mut sizes = x.sizes();
    let axis = shape::axis(op, &sizes, axis).or_panic();
    let n = sizes[axis];
    if n == 0 {
        fail(format_args!("{op}: {sizes:?} has no elements along axis {axis}"));
    }
    if q.is_empty() {
        fail(format_args!("{op}: no quantiles of {sizes:?} are asked for"));
    }
    if let Some(wrong) = q.iter().find(|q| !(0.0..=1.0).contains(*q)) {
        fail(format_args!("{op}: {wrong} is not within 0 and 1"));
    }
    let sorted = sort(&x.to(x.kind().to_float()), axis as isize, false);
    sizes.remove(axis);
    let mut row = sizes.clone();
    row.insert(0, 1);
    let at = |i: usize| sorted.part(axis, between(i, i + 1)).shaped(&row);
    let part = |&q: &f64| {
        let place = q * (n - 1) as f64;
        let (below, t) = (place.floor() as usize, place.fract());
        if t == 0.0 {
            return at(below);
        }
        let (low, high) = (at(below), at(below + 1));
        // Equal neighbours stand for themselves: their sum could round, and infinities would cancel.
        low.equals(&high).choose(&low, &low.times(1.0 - t).plus(&high.times(t)))
    };
    let parts: Vec<A> = q.iter().map(part).collect();
    // Undefined elements are sorted to the end.
    let last = at(n - 1);
    last.undefined().choose(&last, &A::joined(&parts, 0))
}

#[track_caller]
pub fn bincount<A: Basis>(x: &A, length: usize, weights: Option<&A>) -> A {
    let sizes = x.sizes();
    if let Some(weights) = weights
        && weights.sizes() != sizes
    {
        fail(format_args!("bincount: weights {:?} do not match {sizes:?}", weights.sizes()));
    }
    let bins = A::positions("bincount", std::slice::from_ref(x), &[Bound { axis: 0, size: length, signed: false }]);
    let n = [sizes.iter().product()];
    let ones = || A::from(Tensor::scalar(1)).spread(&n);
    weights.map_or_else(ones, |weights| weights.shaped(&n)).rows_added(0, &bins.shaped(&n), length)
}

#[track_caller]
pub fn histogram<A: Basis>(x: &A, edges: &A) -> A {
    let shape = edges.sizes();
    let bins = match *shape.as_slice() {
        [n] if n > 1 => n - 1,
        _ => fail(format_args!("histogram: edges {shape:?} are not a vector of two at least")),
    };
    let n = [x.sizes().iter().product()];
    let x = x.shaped(&n);
    let edge = |i: usize| edges.part(0, between(i, i + 1)).shaped(&[]);
    // The last bin has both of its edges; what is in none goes to a bin more, which is dropped.
    let last = A::from(Tensor::scalar(bins as i64 - 1));
    let inner = A::choose(&x.equals(&edge(bins)), &last, &edges.ranks(&x, true).plus(&A::from(Tensor::scalar(-1))));
    let below = x.below(&edge(0));
    let bin = below.choose(&A::from(Tensor::scalar(bins as i64)), &inner);
    bincount(&bin, bins + 1, None).part(0, between(0, bins))
}
