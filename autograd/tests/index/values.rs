//! What has no derivative, on both engines, and against tensors.

use crate::check::{both_engines, eye, input};
use pyroxene_autograd::{DType, Index, Padding, Tensor, Var};

#[test]
fn values_are_those_of_tensors() {
    let x = input(&[3, 4], 5);
    let whole = Tensor::from([2.0, 0.0, 1.0]);
    let places = whole.cast(DType::I64);
    let values = both_engines("values", &[x.clone(), whole], |v| {
        let places = v[1].cast(DType::I64);
        vec![
            v[0].argsort(1, true),
            v[0].topk(2, 0, false).1,
            v[0].kthvalue(2, 1).1,
            v[0].sort(1, false).searchsorted(v[0].flip(1), true),
            places.bincount(4, None),
            v[0].histogram([0.0, 0.5, 1.0, 2.0]),
            places.one_hot(3),
            v[0].index((places, Index::New, 1..)),
            v[0].vindex((Index::Rest, places)),
            v[0].pad(&[(1, 2)], Padding::Reflect),
            v[0].unfold(1, 2, 2),
            v[0].less(1.0).scatter(1, [[0i64], [1], [1]], v[0].greater(2.0)),
            eye(3).diagonal_at(0),
        ]
    });
    let expected = [
        x.argsort(1, true),
        x.topk(2, 0, false).1,
        x.kthvalue(2, 1).1,
        x.sort(1, false).searchsorted(&x.flip(1), true),
        places.bincount(4, None),
        x.histogram(&Tensor::from([0.0, 0.5, 1.0, 2.0])),
        places.one_hot(3),
        x.index((&places, Index::New, 1..)),
        x.vindex((Index::Rest, &places)),
        x.pad(&[(1, 2)], Padding::Reflect),
        x.unfold(1, 2, 2),
        x.less(1.0).scatter(1, &Tensor::from([[0], [1], [1]]), &x.greater(2.0)),
        Tensor::ones([3], DType::F64),
    ];
    assert_eq!(values, expected);
}

#[test]
fn nan_and_ties_are_in_one_order_on_both_engines() {
    let x = Tensor::from([[1.0, f64::NAN, -0.0, 0.0, f64::NEG_INFINITY], [2.0, 2.0, f64::INFINITY, f64::NAN, 2.0]]);
    let values = both_engines("order", &[x], |v| vec![v[0].argsort(1, false), v[0].argsort(1, true), v[0].median(1)]);
    assert_eq!(values[0], Tensor::from([[4, 2, 3, 0, 1], [0, 1, 4, 2, 3]]));
    assert_eq!(values[1], Tensor::from([[0, 2, 3, 4, 1], [2, 0, 1, 4, 3]]));
    assert!(values[2].iter_f64().all(f64::is_nan));
}

#[test]
fn nothing_is_picked_from_nothing() {
    let values = both_engines("empty", &[Tensor::zeros([0, 3], DType::F64)], |v| {
        vec![
            v[0].sort(0, false),
            v[0].sort(1, false),
            v[0].index((.., [0i64, 2])),
            v[0].gather(1, Tensor::zeros([0, 2], DType::I64)),
            v[0].scatter_add(1, [[1i64]], 2.0),
            v[0].roll(1, 0),
            v[0].unfold(1, 2, 1),
            v[0].pad(&[(1, 0), (0, 0)], Padding::Constant(2.0)),
            v[0].histogram([0.0, 1.0]),
        ]
    });
    let shapes: Vec<&[usize]> = values.iter().map(Tensor::shape).collect();
    let expected: [&[usize]; 9] = [&[0, 3], &[0, 3], &[0, 2], &[0, 2], &[0, 3], &[0, 3], &[0, 2, 2], &[1, 3], &[1]];
    assert_eq!(shapes, expected);
}

#[test]
fn types_are_kept() {
    let single = Var::from(Tensor::from([2.5f32, 1.0]));
    let whole = Var::from([3i64, 1]);
    let types: [(Var, DType); 10] = [
        (single.sort(0, false), DType::F32),
        (single.median(0), DType::F32),
        (whole.median(0), DType::F64),
        (whole.sort(0, true), DType::I64),
        (single.masked_fill([true, false], 7.0), DType::F32),
        (single.scatter(0, [0i64], 1.5), DType::F32),
        (whole.scatter(0, [0i64], 1.5), DType::F64),
        (whole.one_hot(4), DType::F64),
        (whole.less(2.0).index([0i64]), DType::Bool),
        (single.pad(&[(1, 0)], Padding::Constant(1.0)), DType::F32),
    ];
    for (k, (x, dtype)) in types.into_iter().enumerate() {
        assert_eq!((x.dtype(), x.to_tensor().dtype()), (dtype, dtype), "case {k}");
    }
}
