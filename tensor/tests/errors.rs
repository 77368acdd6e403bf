//! What the panics say and where they point.

mod common;
use common::*;
use pyroxene_tensor::{DType, Slice, Tensor, Triangle, context};
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, Location};

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, DType::F64)
}

#[test]
fn messages_name_the_operation_and_the_shapes() {
    let x = zeros(&[2, 3]);
    let says = |expected: &str, f: &dyn Fn() -> Tensor| assert_eq!(panic_message(f), expected);
    says("add: cannot broadcast [8] with [3]", &|| zeros(&[8]) + zeros(&[3]));
    says("less: cannot broadcast [2, 3] with [4]", &|| x.less(zeros(&[4])));
    says("where: cannot broadcast [2, 3] with [4] with []", &|| Tensor::where_(&x, zeros(&[4]), 0.0));
    says("sum: axis 2 is out of bounds for [2, 3]", &|| x.sum_axes(&[2], false));
    says("max: axis -3 is out of bounds for [2, 3]", &|| x.max_axes(&[-3], false));
    says("mean: axis 1 is given twice in [1, -1] for [2, 3]", &|| x.mean_axes(&[1, -1], false));
    says("logsumexp: axis 0 is out of bounds for []", &|| zeros(&[]).logsumexp(&[0], false));
    says("cumsum: axis 5 is out of bounds for [2, 3]", &|| x.cumsum(5));
    says("argmax: [0] has no elements along axis 0", &|| zeros(&[0]).argmax(0));
    says("reshape: cannot turn [2, 3] into [4, -1]", &|| x.reshape(&[4, -1]));
    says("reshape: cannot turn [0] into [0, -1]", &|| zeros(&[0]).reshape(&[0, -1]));
    says("reshape: [-1, -1] is not a shape with at most one -1 (from [2, 3])", &|| x.reshape(&[-1, -1]));
    says("permute: [0, 0] is not a permutation of the axes of [2, 3]", &|| x.permute(&[0, 0]));
    says("transpose: axis 2 is out of bounds for [2, 3]", &|| x.transpose(0, 2));
    says("t: [3] is not a matrix or a batch of matrices", &|| zeros(&[3]).t());
    says("expand: cannot expand [2, 3] to [2, 4]", &|| x.expand([2, 4]));
    says("slice: bound 4 is out of bounds for axis -1 of [2, 3]", &|| x.slice(-1, 1..4));
    says("slice: the step along axis 0 of [2, 3] is 0", &|| x.slice(0, Slice { step: 0, ..Slice::default() }));
    says("select: index 2 is out of bounds for axis 0 of [2, 3]", &|| x.select(0, 2));
    says("squeeze: axis 1 of [2, 3] has size 3, not 1", &|| x.squeeze(1));
    says("unsqueeze: axis 3 is out of bounds for a new axis of [2, 3]", &|| x.unsqueeze(3));
    says("flip: axis 2 is out of bounds for [2, 3]", &|| x.flip(2));
    says("matmul: inner sizes 3 and 2 of [2, 3] and [2, 3] differ", &|| x.matmul(&x));
    says("matmul: [] and [2, 3] must have at least one axis", &|| zeros(&[]).matmul(&x));
    says("matmul: cannot broadcast the batch axes of [2, 1, 1] and [3, 1, 1]", &|| {
        zeros(&[2, 1, 1]).matmul(&zeros(&[3, 1, 1]))
    });
    says("cholesky: [2, 3] is not a square matrix or a batch of square matrices", &|| x.cholesky());
    let square = zeros(&[2, 2]);
    says("solve_triangular: the right side [3] does not have the 2 rows of [2, 2]", &|| {
        square.solve_triangular(&zeros(&[3]), Triangle::Lower, false)
    });
    says("tril: [3] is not a matrix or a batch of matrices", &|| zeros(&[3]).tril(0));
    says("diagonal: [3] is not a matrix or a batch of matrices", &|| zeros(&[3]).diagonal());
    says("diag_embed: a scalar has no axis to put on a diagonal", &|| zeros(&[]).diag_embed());
    says("concat: cannot join [2, 3] and [2, 4] along axis 0", &|| Tensor::concat(&[&x, &zeros(&[2, 4])], 0));
    says("concat: there is nothing to join", &|| Tensor::concat::<Tensor>(&[], 0));
    says("stack: cannot stack [2, 3] and [3]", &|| Tensor::stack(&[&x, &zeros(&[3])], 0));
    says("stack: axis 4 is out of bounds for a new axis of [2, 3]", &|| Tensor::stack(&[&x], 4));
    says("index_select: index 3 is out of bounds for axis 1 of size 3", &|| x.index_select(1, &Tensor::from([3])));
    says("index_select: the index of shape [1] is f64, not i64", &|| x.index_select(1, &Tensor::from([0.0])));
    says("index_add: the axes of [2, 3] from axis 0 on are not those of the index, [3]", &|| {
        x.index_add(0, &Tensor::from([0, 1, 2]), 3)
    });
    says("from_vec: 3 elements do not fill [2, 2]", &|| Tensor::from_vec(vec![1.0; 3], [2, 2]));
    says("arange: from 0 to 1 in steps of 0 has no finite length", &|| Tensor::arange(0, 1, 0));
    says("arange: from 0 to inf in steps of 1 has no finite length", &|| Tensor::arange(0.0, f64::INFINITY, 1.0));
    assert_eq!(panic_message(|| x.item()), "item: [2, 3] has 6 elements, not one");
    assert_eq!(panic_message(|| x.at(&[0, 3])), "at: index [0, 3] is out of bounds for [2, 3]");
    assert_eq!(panic_message(|| x.size(2)), "size: axis 2 is out of bounds for [2, 3]");
    let huge = usize::MAX / 2;
    assert_eq!(panic_message(|| zeros(&[huge, huge])), format!("full: [{huge}, {huge}] has too many elements"));
}

#[test]
fn messages_end_with_the_context() {
    context::set_site("theta");
    let plate = context::push("plate \"school\"".into());
    let message = panic_message(|| zeros(&[8]) + zeros(&[3]));
    drop(plate);
    context::set_site("");
    assert_eq!(message, "add: cannot broadcast [8] with [3] (site \"theta\", plate \"school\")");
}

#[test]
fn panics_point_at_the_caller() {
    // Per thread: other tests panic at the same time.
    thread_local!(static PLACE: Cell<Option<(bool, u32)>> = const { Cell::new(None) });
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PLACE.set(info.location().map(|l| (l.file().ends_with("errors.rs"), l.line())));
        hook(info);
    }));
    #[track_caller]
    fn points_here(f: impl FnOnce() -> Tensor) {
        let line = Location::caller().line();
        assert!(panic::catch_unwind(AssertUnwindSafe(f)).is_err());
        assert_eq!(PLACE.take(), Some((true, line)));
    }
    let (x, y) = (zeros(&[2, 3]), zeros(&[4]));
    points_here(|| &x + &y);
    points_here(|| 1 - Tensor::from(i64::MIN));
    points_here(|| x.xlogy(&y));
    points_here(|| -Tensor::from(i64::MIN));
    points_here(|| Tensor::where_(&x, &y, 0.0));
    points_here(|| x.sum_axes(&[7], true));
    points_here(|| x.mean_axes(&[7], true));
    points_here(|| x.max_axes(&[7], true));
    points_here(|| x.any_axes(&[7], true));
    points_here(|| x.logsumexp(&[7], true));
    points_here(|| x.cumsum(7));
    points_here(|| x.argmax(7));
    points_here(|| x.reshape(&[7]));
    points_here(|| x.permute(&[7]));
    points_here(|| x.transpose(7, 0));
    points_here(|| y.t());
    points_here(|| x.expand([7]));
    points_here(|| x.slice(7, ..));
    points_here(|| x.select(7, 0));
    points_here(|| x.squeeze(7));
    points_here(|| x.unsqueeze(7));
    points_here(|| x.flip(7));
    points_here(|| x.matmul(&y));
    points_here(|| x.cholesky());
    points_here(|| x.solve_triangular(&y, Triangle::Lower, true));
    points_here(|| y.tril(0));
    points_here(|| y.triu(0));
    points_here(|| y.diagonal());
    points_here(|| zeros(&[]).diag_embed());
    points_here(|| Tensor::concat(&[&x, &y], 0));
    points_here(|| Tensor::stack(&[&x, &y], 0));
    points_here(|| x.index_select(0, &Tensor::from([7])));
    points_here(|| x.index_add(0, &Tensor::from([7, 7]), 3));
    points_here(|| Tensor::from_vec(vec![0.0], [7]));
    points_here(|| Tensor::zeros([usize::MAX], DType::F64));
    points_here(|| Tensor::arange(0, 1, 0));
    points_here(|| Tensor::from(x.item()));
    points_here(|| Tensor::from(x.at(&[7])));
}
