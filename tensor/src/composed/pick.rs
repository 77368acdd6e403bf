//! Elements picked by index, and put.

use super::spec::axes_taken;
use super::{Basis, Bound, Index, IndexList};
use crate::dtype::DType;
use crate::error::{OrPanic, fail};
use crate::shape::{self, Shape, Slice};
use crate::tensor::Tensor;

/// An index along an axis, and which axis that is of the argument.
struct Along<A> {
    axis: usize,
    bound: Bound,
    index: A,
}

/// The argument after all parts that need no tensor, and what is left to do.
struct Cut<A> {
    x: A,
    along: Vec<Along<A>>,
}

#[track_caller]
pub fn index<A: Basis>(x: &A, list: impl IndexList<A>) -> A {
    let Cut { x, along } = cut("index", x, list.into_list(), &x.sizes());
    let (Some(first), Some(last)) = (along.first(), along.last()) else { return x };
    // Next to each other they are replaced where they are, otherwise their common axes come first, as in NumPy.
    let together = last.axis - first.axis + 1 == along.len();
    let to = if together { first.axis } else { 0 };
    let order: Shape = {
        let taken = |axis: &usize| along.iter().any(|a| a.axis == *axis);
        let rest = (0..x.sizes().len()).filter(|axis| !taken(axis));
        let before = rest.clone().filter(|&axis| axis < to);
        let after = rest.filter(|&axis| axis >= to);
        before.chain(along.iter().map(|a| a.axis)).chain(after).collect()
    };
    let sizes: Shape = order.iter().map(|&axis| x.sizes()[axis]).collect();
    let merged: usize = sizes[to..to + along.len()].iter().product();
    let flat: Shape = sizes[..to].iter().chain([&merged]).chain(&sizes[to + along.len()..]).copied().collect();
    let bounds: Vec<Bound> = along.iter().map(|a| a.bound).collect();
    let indices: Vec<A> = along.into_iter().map(|a| a.index).collect();
    x.ordered(&order).shaped(&flat).rows(to, &A::positions("index", &indices, &bounds))
}

/// Applies the parts that are no tensors, and finds the axes of those that are. `named` are the sizes that messages name.
#[track_caller]
fn cut<A: Basis>(op: &str, x: &A, list: Vec<Index<A>>, named: &[usize]) -> Cut<A> {
    let list = complete(op, list, named);
    let mut cut = Cut { x: x.clone(), along: Vec::new() };
    let (mut axis, mut own) = (0, 0);
    for index in list {
        let mut sizes = cut.x.sizes();
        match index {
            Index::At(i) => {
                let i = shape::index(op, i as i64, own, named[own], true).or_panic();
                cut.x = cut.x.part(axis, Slice::from(i..i + 1));
                sizes.remove(axis);
                cut.x = cut.x.shaped(&sizes);
                own += 1;
            }
            Index::Range(slice) => {
                cut.x = cut.x.part(axis, slice);
                axis += 1;
                own += 1;
            }
            Index::New => {
                sizes.insert(axis, 1);
                cut.x = cut.x.shaped(&sizes);
                axis += 1;
            }
            Index::Rest => unreachable!("it was replaced by whole axes"),
            Index::Tensor(index) if index.kind() == DType::Bool => {
                for index in true_positions(op, &index, &named[own..]) {
                    cut.along.push(Along { axis, bound: Bound { axis: own, size: sizes[axis], signed: true }, index });
                    axis += 1;
                    own += 1;
                }
            }
            Index::Tensor(index) => {
                cut.along.push(Along { axis, bound: Bound { axis: own, size: sizes[axis], signed: true }, index });
                axis += 1;
                own += 1;
            }
        }
    }
    cut
}

/// The list with a part for each axis.
#[track_caller]
fn complete<A: Basis>(op: &str, mut list: Vec<Index<A>>, sizes: &[usize]) -> Vec<Index<A>> {
    let taken = axes_taken(&list, |index| (index.kind() == DType::Bool).then(|| index.sizes().len()));
    if taken > sizes.len() {
        fail(format_args!("{op}: an index of {taken} axes for the {} of {sizes:?}", sizes.len()));
    }
    let is_rest = |index: &Index<A>| matches!(index, Index::Rest);
    let rest = list.iter().position(is_rest).unwrap_or(list.len());
    if list.iter().skip(rest + 1).any(is_rest) {
        fail(format_args!("{op}: the rest of the axes of {sizes:?} is asked for twice"));
    }
    let whole = std::iter::repeat_n(Index::Range(Slice::default()), sizes.len() - taken);
    list.splice(rest..list.len().min(rest + 1), whole);
    list
}

/// Where truth values over the first axes are true: one index an axis.
#[track_caller]
fn true_positions<A: Basis>(op: &str, mask: &A, sizes: &[usize]) -> Vec<A> {
    let shape = mask.sizes();
    if shape.is_empty() || !sizes.starts_with(&shape) {
        fail(format_args!("{op}: truth values {shape:?} do not fit the axes {sizes:?}"));
    }
    let places = constant(op, mask).nonzero();
    (0..shape.len()).map(|axis| A::from(places.select(1, axis as isize))).collect()
}

/// The value of truth values, on which the shape of a result depends.
#[track_caller]
fn constant<A: Basis>(op: &str, mask: &A) -> Tensor {
    let Some(mask) = mask.known() else {
        fail(format_args!(
            "{op}: the shape of the result depends on truth values {:?} that a Program computes; where_ and masked_fill \
             keep the shape",
            mask.sizes()
        ))
    };
    mask
}

#[track_caller]
pub fn vindex<A: Basis>(x: &A, list: impl IndexList<A>) -> A {
    let mut list = list.into_list();
    let sizes = x.sizes();
    let batch_axes = match list.first() {
        Some(Index::Rest) => {
            list.remove(0);
            sizes.len().saturating_sub(list.len())
        }
        _ => 0,
    };
    if let Some(wrong) = list.iter().find(|index| matches!(index, Index::Rest | Index::New)) {
        let wrong = if matches!(wrong, Index::New) { "a new axis" } else { "a rest that is not in front" };
        fail(format_args!("vindex: {wrong} in an index of {sizes:?}"));
    }
    if let Some(mask) = list.iter().find_map(|index| match index {
        Index::Tensor(index) if index.kind() == DType::Bool => Some(index.sizes()),
        _ => None,
    }) {
        fail(format_args!("vindex: truth values {mask:?} in an index of {sizes:?}"));
    }
    list.splice(0..0, std::iter::repeat_n(Index::Range(Slice::default()), batch_axes));
    let Cut { x, along } = cut("vindex", x, list, &sizes);
    if along.is_empty() {
        return x;
    }
    // The batch axes are picked from by their own positions, which broadcast with the indices.
    let own = x.sizes();
    let mut indices: Vec<A> = Vec::new();
    let mut bounds: Vec<Bound> = Vec::new();
    for axis in 0..batch_axes {
        let mut shape: Shape = std::iter::repeat_n(1, batch_axes - axis).collect();
        shape[0] = own[axis];
        indices.push(A::from(Tensor::arange(0, own[axis] as i64, 1)).shaped(&shape));
        bounds.push(Bound { axis, size: own[axis], signed: true });
    }
    let taken: Shape = (0..batch_axes).chain(along.iter().map(|a| a.axis)).collect();
    let order: Shape = taken.iter().copied().chain((0..own.len()).filter(|axis| !taken.contains(axis))).collect();
    for a in along {
        indices.push(a.index);
        bounds.push(a.bound);
    }
    let rest = order[taken.len()..].iter().map(|&axis| own[axis]);
    let merged: usize = taken.iter().map(|&axis| own[axis]).product();
    let flat: Shape = std::iter::once(merged).chain(rest).collect();
    x.ordered(&order).shaped(&flat).rows(0, &A::positions("vindex", &indices, &bounds))
}

/// The elements of a tensor of this shape that an index names, by their row-major positions.
#[track_caller]
fn places<A: Basis>(sizes: &[usize], list: impl IndexList<A>) -> A {
    let n: usize = sizes.iter().product();
    index(&A::from(Tensor::arange(0, n as i64, 1)).shaped(sizes), list)
}

#[track_caller]
fn put<A: Basis>(op: &str, x: &A, list: impl IndexList<A>, values: &A, add: bool) -> A {
    let sizes = x.sizes();
    let places = places(&sizes, list);
    let to = places.sizes();
    if shape::expand(&values.sizes(), &to).is_err() {
        fail(format_args!("{op}: values {:?} do not fill the {to:?} that the index picks", values.sizes()));
    }
    let (n, count) = (sizes.iter().product(), to.iter().product());
    let values = values.spread(&to).shaped(&[count]);
    x.shaped(&[n]).scattered(0, &places.shaped(&[count]), &values, add).shaped(&sizes)
}

#[track_caller]
pub fn index_put<A: Basis>(x: &A, list: impl IndexList<A>, values: &A) -> A {
    put("index_put", x, list, values, false)
}

#[track_caller]
pub fn index_put_add<A: Basis>(x: &A, list: impl IndexList<A>, values: &A) -> A {
    put("index_put_add", x, list, values, true)
}

#[track_caller]
pub fn take<A: Basis>(x: &A, index: &A) -> A {
    if x.sizes().is_empty() {
        fail("take: expected at least one axis to take from, got shape []");
    }
    x.rows(0, &index.to(DType::I64))
}

#[track_caller]
pub fn one_hot<A: Basis>(x: &A, classes: usize) -> A {
    let bound = Bound { axis: x.sizes().len(), size: classes, signed: false };
    let class = A::positions("one_hot", std::slice::from_ref(x), &[bound]);
    let mut shape = x.sizes();
    shape.push(1);
    class.shaped(&shape).equals(&A::from(Tensor::arange(0, classes as i64, 1))).to(DType::F64)
}

#[track_caller]
pub fn masked_select<A: Basis>(x: &A, mask: &A) -> A {
    truth("masked_select", mask);
    let common = shape::broadcast("masked_select", &[&x.sizes(), &mask.sizes()]).or_panic();
    let mask = constant("masked_select", mask).expand(&common);
    let places = mask.flatten().nonzero().select(1, 0);
    x.spread(&common).shaped(&[common.iter().product()]).rows(0, &A::from(places))
}

#[track_caller]
pub fn masked_fill<A: Basis>(x: &A, mask: &A, value: f64) -> A {
    truth("masked_fill", mask);
    shape::broadcast("masked_fill", &[&x.sizes(), &mask.sizes()]).or_panic();
    mask.choose(&A::from(Tensor::scalar(value).cast(x.kind())), x)
}

#[track_caller]
fn truth<A: Basis>(op: &str, mask: &A) {
    if mask.kind() != DType::Bool {
        fail(format_args!("{op}: the mask of shape {:?} is {}, not bool", mask.sizes(), mask.kind()));
    }
}
