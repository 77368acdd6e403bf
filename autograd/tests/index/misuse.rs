//! What is wrong is told with the operation, the shapes and the place.

use pyroxene_autograd::{DType, Index, Padding, Program, Tensor, Var};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn message<R>(body: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(|| drop(body()))) {
        Ok(()) => panic!("it did not panic"),
        Err(payload) => *payload.downcast::<String>().expect("a message"),
    }
}

#[test]
fn mistakes_are_told_by_message() {
    type Case = (&'static str, fn() -> Var);
    fn x() -> Var {
        Var::zeros(&[2, 3])
    }
    let cases: &[Case] = &[
        ("permute: [0, 0] is not a permutation of the axes of [2, 3]", || x().permute(&[0, 0])),
        ("t: [3] is not a matrix or a batch of matrices", || Var::zeros(&[3]).t()),
        ("squeeze: axis -1 of [2, 3] has size 3, not 1", || x().squeeze(-1)),
        ("unsqueeze: axis 3 is out of bounds for a new axis of [2, 3]", || x().unsqueeze(3)),
        ("select: index 2 is out of bounds for axis 0 of [2, 3]", || x().select(0, 2)),
        ("concat: there is nothing to join", || Var::concat(&[], 0)),
        ("stack: cannot stack [2, 3] and [3]", || Var::stack(&[x(), Var::zeros(&[3])], 0)),
        ("movedim: axis 2 is out of bounds for [2, 3]", || x().movedim(2, 0)),
        ("broadcast_tensors: cannot broadcast [2, 3] with [2]", || Var::broadcast_tensors(&[x(), Var::zeros(&[2])])[0]),
        ("split: parts of size 0 do not make up axis 1 of [2, 3]", || x().split(0, 1)[0]),
        ("split_sizes: parts of sizes [1, 1] do not make up axis 1 of [2, 3]", || x().split_sizes(&[1, 1], 1)[0]),
        ("chunk: cannot cut axis 0 of [2, 3] into 0 parts", || x().chunk(0, 0)[0]),
        ("pad: 3 widths for the 2 axes of [2, 3]", || x().pad(&[(0, 0); 3], Padding::Replicate)),
        ("pad: widths 3 and 0 are too much for Reflect along axis 1 of [2, 3]", || {
            x().pad(&[(3, 0)], Padding::Reflect)
        }),
        ("pad: widths 1 and 0 are too much for Circular along axis 0 of [0]", || {
            Var::zeros(&[0]).pad(&[(1, 0)], Padding::Circular)
        }),
        ("repeat_interleave: 2 counts for axis 1 of [2, 3]", || x().repeat_interleave(&[1, 2], 1)),
        ("unfold: no windows of size 4, 1 apart, along axis 1 of [2, 3]", || x().unfold(1, 4, 1)),
        ("flatten_axes: axis 1 of [2, 3] comes after axis 0", || x().flatten_axes(1, 0)),
        ("unflatten: cannot turn axis 1 of [2, 3] into [2, -1]", || x().unflatten(1, &[2, -1])),
        ("meshgrid: [2, 3] is not a vector", || Var::meshgrid(&[x()])[0]),
        ("diagonal_at: [3] is not a matrix or a batch of matrices", || Var::zeros(&[3]).diagonal_at(1)),
        ("gather: an index [2] does not fit [2, 3] along axis 1", || x().gather(1, [0i64, 1])),
        ("gather: index 3 is out of bounds for axis 1 of size 3", || x().gather(1, [[3i64], [0]])),
        ("gather: the index of shape [1, 1] is f64, not i64", || x().gather(1, [[0.0]])),
        ("scatter: an index [3, 1] and a source [] do not fit [2, 3] along axis 1", || {
            x().scatter(1, [[0i64], [0], [0]], 1.0)
        }),
        ("scatter_add: index -4 is out of bounds for axis 1 of size 3", || x().scatter_add(1, [[-4i64]], 1.0)),
        ("index: an index of 3 axes for the 2 of [2, 3]", || x().index((0, 0, 0))),
        ("index: the rest of the axes of [2, 3] is asked for twice", || x().index((Index::Rest, Index::Rest))),
        ("index: index 3 is out of bounds for axis 1 of size 3", || x().index((.., 3))),
        ("index: index -3 is out of bounds for axis 0 of size 2", || x().index([0i64, -3])),
        ("index: index 5 is out of bounds for axis 1 of size 3", || x().index(([0i64, 1], [0i64, 5]))),
        ("index: cannot broadcast [2] with [3]", || x().index(([0i64, 1], [0i64, 1, 2]))),
        ("index: truth values [3] do not fit the axes [2, 3]", || x().index([true, false, true])),
        ("vindex: a rest that is not in front in an index of [2, 3]", || x().vindex((0, Index::Rest))),
        ("vindex: truth values [2] in an index of [2, 3]", || x().vindex([true, false])),
        ("index_put: values [4] do not fill the [2] that the index picks", || x().index_put((.., 1), Var::zeros(&[4]))),
        ("masked_select: the mask of shape [3] is f64, not bool", || x().masked_select([1.0, 0.0, 1.0])),
        ("one_hot: index -1 is out of bounds for axis 1 of size 3", || Var::from([-1i64]).one_hot(3)),
        ("bincount: index 2 is out of bounds for axis 0 of size 2", || Var::from([2i64]).bincount(2, None)),
        ("bincount: weights [2] do not match [1]", || Var::from([0i64]).bincount(2, Some(Var::zeros(&[2])))),
        ("topk: there are no 4 elements along axis 1 of [2, 3]", || x().topk(4, 1, true).0),
        ("kthvalue: there is no element 0 in order, from 1, along axis 0 of [2, 3]", || x().kthvalue(0, 0).0),
        ("quantile: 1.5 is not within 0 and 1", || x().quantile(&[1.5], 0)),
        ("median: [0] has no elements along axis 0", || Var::zeros(&[0]).median(0)),
        ("searchsorted: values [2] cannot be looked up in the rows of [2, 3]", || x().searchsorted([0.0, 1.0], true)),
        ("histogram: edges [1] are not a vector of two at least", || x().histogram([1.0])),
    ];
    for &(expected, body) in cases {
        let text = message(|| body().to_tensor());
        assert!(text.contains(expected), "expected {expected:?} in {text:?}");
    }
}

#[test]
fn tensors_complain_in_the_same_words_at_the_callers_line() {
    let x = Tensor::zeros([2, 3], DType::F64);
    let text = message(|| x.index((0, 3)));
    assert_eq!(text, "index: index 3 is out of bounds for axis 1 of size 3");
    let text = message(|| x.scatter(0, &Tensor::from([[2]]), &Tensor::from(1.0)));
    assert_eq!(text, "scatter: index 2 is out of bounds for axis 0 of size 2");
    let text = message(|| x.vindex((Index::Rest, &Tensor::from([0.5]))));
    assert_eq!(text, "vindex: the index of shape [1] is f64, not i64");
}

#[test]
fn shapes_that_depend_on_inputs_of_a_program_are_refused() {
    let text = message(|| Program::capture(&[&[3]], |x| vec![x[0].masked_select(x[0].greater(0.0))]));
    assert!(text.starts_with("masked_select: the shape of the result depends on truth values [3]"), "{text}");
    let text = message(|| Program::capture(&[&[3]], |x| vec![x[0].index(x[0].greater(0.0))]));
    assert!(text.starts_with("index: the shape of the result depends on truth values [3]"), "{text}");
    let mut program = Program::capture(&[&[2]], |x| {
        let mask = Var::from([1.0, -1.0]).greater(0.0);
        vec![x[0].masked_select(mask)]
    })
    .expect("the mask is constant");
    assert_eq!(program.call(&[Tensor::from([5.0, 6.0])])[0], Tensor::from([5.0]));
}

#[test]
fn a_program_says_which_index_is_wrong() {
    let mut program = Program::capture(&[&[1]], |x| {
        let place = x[0].cast(DType::I64);
        vec![Var::zeros(&[2, 4]).index((.., place)), Var::zeros(&[5]).gather(0, place)]
    })
    .expect("no value is read");
    assert!(program.call(&[Tensor::from([-4.0])])[0].iter_f64().all(|v| v == 0.0));
    let text = message(|| program.call(&[Tensor::from([4.0])]));
    assert_eq!(text, "index: index 4 is out of bounds for axis 1 of size 4");
}
