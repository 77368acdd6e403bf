//! Order, ranks and counts, against plain loops.

mod common;
use common::*;
use pyroxene_tensor::{DType, Tensor};

/// NaN last, whatever the direction.
fn compare(a: f64, b: f64, descending: bool) -> std::cmp::Ordering {
    let ascending = a.partial_cmp(&b);
    ascending.map_or_else(|| a.is_nan().cmp(&b.is_nan()), |order| if descending { order.reverse() } else { order })
}

/// The positions along an axis in order, by a stable sort.
fn sorted(x: &Tensor, axis: usize, descending: bool, other: &[usize]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..x.shape()[axis]).collect();
    let value = |i: usize| x.at(&[&other[..axis], &[i], &other[axis + 1..]].concat());
    places.sort_by(|&i, &j| compare(value(i), value(j), descending));
    places
}

#[test]
fn order_is_stable_with_nan_last() {
    for shape in [&[5usize][..], &[2, 3, 4], &[70, 2], &[1, 1], &[0, 3], &[3, 0]] {
        let n = shape.iter().product();
        let many_ties: Vec<f64> = awkward(n).into_iter().map(|v| if v.abs() < 4.0 { v.round() } else { v }).collect();
        for (layout, x) in layouts(&many_ties, shape) {
            for axis in 0..shape.len() {
                for descending in [false, true] {
                    let order = x.argsort(axis as isize, descending);
                    assert_eq!(order.dtype(), DType::I64);
                    check(&layout, &order, shape, |i| sorted(&x, axis, descending, i)[i[axis]] as f64);
                    let source = |i: &[usize]| {
                        let from = sorted(&x, axis, descending, i)[i[axis]];
                        x.at(&[&i[..axis], &[from], &i[axis + 1..]].concat())
                    };
                    check(&layout, &x.sort(axis as isize - shape.len() as isize, descending), shape, source);
                    let keep = shape[axis].min(3);
                    let mut few = shape.to_vec();
                    few[axis] = keep;
                    let (values, places) = x.topk(keep, axis as isize, descending);
                    check(&layout, &values, &few, source);
                    check(&layout, &places, &few, |i| sorted(&x, axis, descending, i)[i[axis]] as f64);
                }
                if shape[axis] > 1 && n > 0 {
                    let second = |x: Tensor| x.select(axis as isize, 1);
                    let (ordered, places) =
                        (second(x.sort(axis as isize, false)), second(x.argsort(axis as isize, false)));
                    let (value, place) = x.kthvalue(2, axis as isize);
                    check(&layout, &value, ordered.shape(), |i| ordered.at(i));
                    check(&layout, &place, ordered.shape(), |i| places.at(i));
                }
            }
        }
    }
    let large = Tensor::from([i64::MAX, i64::MAX - 1, i64::MIN]);
    assert_eq!(large.argsort(0, false), Tensor::from([2, 1, 0]));
    assert_eq!(large.sort(0, true), large);
    assert_eq!(Tensor::from([true, false, true]).sort(0, false), Tensor::from([false, true, true]));
    assert_eq!(Tensor::from([2.0f32, -1.0]).sort(0, false), Tensor::from([-1.0f32, 2.0]));
}

#[test]
fn quantiles_interpolate() {
    let data = plain(60);
    for (layout, x) in layouts(&data, &[3, 4, 5]) {
        for axis in 0..3 {
            let n = x.shape()[axis];
            let q = [0.0, 0.1, 0.5, 0.77, 1.0];
            let mut shape = vec![3, 4, 5];
            shape.remove(axis);
            let got = x.quantile(&q, axis as isize);
            let ordered = x.sort(axis as isize, false);
            assert_eq!(got.shape(), [&[5], &shape[..]].concat());
            for i in indices(got.shape()) {
                let place = q[i[0]] * (n - 1) as f64;
                let value = |p: f64| ordered.at(&[&i[1..axis + 1], &[p as usize], &i[axis + 1..]].concat());
                let (low, high) = (value(place.floor()), value(place.ceil()));
                let want = low + (high - low) * place.fract();
                assert!((got.at(&i) - want).abs() <= 1e-14 * want.abs().max(1.0), "{layout} {i:?}");
            }
            check(&layout, &x.median(axis as isize), &shape, |i| got.select(0, 2).at(i));
        }
    }
    let inf = f64::INFINITY;
    assert_eq!(Tensor::from([inf, 1.0, inf, inf]).median(0).item(), inf);
    assert_eq!(Tensor::from([-inf, 1.0]).median(0).item(), -inf);
    assert!(Tensor::from([-inf, inf]).median(0).item().is_nan());
    assert!(Tensor::from([1.0, f64::NAN, 2.0]).quantile(&[0.0], 0).item().is_nan());
    assert_eq!(Tensor::from([3, 1]).median(0), Tensor::from(2.0));
    assert_eq!(Tensor::from([3.0f32, 1.0]).quantile(&[0.25], 0), Tensor::from([1.5f32]));
    assert_eq!(Tensor::from([0.1, 0.1]).quantile(&[0.3], 0).item(), 0.1);
}

#[test]
fn ranks_and_counts() {
    let values = [f64::NEG_INFINITY, -1.0, -0.0, 0.5, 2.0, 9.0, f64::NAN];
    for (layout, x) in layouts(&[-1.0, 0.0, 0.0, 2.0, f64::INFINITY, f64::NAN], &[6]) {
        for right in [false, true] {
            let before = |v: f64| {
                let is_before = |&s: &f64| compare(s, v, false).is_lt() || right && compare(s, v, false).is_eq();
                x.to_vec::<f64>().iter().filter(|s| is_before(s)).count() as f64
            };
            for (_, values) in layouts(&values, &[7]) {
                check(&layout, &x.searchsorted(&values, right), &[7], |i| before(values.at(i)));
            }
            check(&layout, &x.searchsorted(&Tensor::from([[0.0]]), right), &[1, 1], |_| before(0.0));
        }
    }
    let rows = Tensor::from([[1, 3], [5, 7]]);
    assert_eq!(rows.searchsorted(&Tensor::from([[0, 3, 9], [5, 6, 7]]), false), Tensor::from([[0, 1, 2], [0, 1, 1]]));
    assert_eq!(rows.searchsorted(&Tensor::zeros([2, 0], DType::I64), false).shape(), [2, 0]);
    assert_eq!(Tensor::zeros([0], DType::F64).searchsorted(&Tensor::from([1.0]), true), Tensor::from([0]));
    let large = Tensor::from([i64::MAX - 1, i64::MAX]);
    assert_eq!(large.searchsorted(&Tensor::from(i64::MAX), false).item(), 1.0);

    let x = Tensor::from([[1, 0], [1, 3]]);
    assert_eq!(x.bincount(5, None), Tensor::from([1, 2, 0, 1, 0]));
    let weights = Tensor::from([[0.5, 1.0], [0.25, 2.0]]);
    assert_eq!(x.bincount(4, Some(&weights)), Tensor::from([1.0, 0.75, 0.0, 2.0]));
    assert_eq!(Tensor::zeros([0], DType::I64).bincount(2, None), Tensor::from([0, 0]));

    let x = Tensor::from([-1.0, 0.0, 0.5, 1.0, 1.0, 2.5, 3.0, 3.5, f64::NAN]);
    assert_eq!(x.histogram(&Tensor::from([0.0, 1.0, 2.0, 3.0])), Tensor::from([2, 2, 2]));
    assert_eq!(Tensor::zeros([0], DType::F64).histogram(&Tensor::from([0.0, 1.0])), Tensor::from([0]));
}

#[test]
fn different_elements() {
    for (layout, x) in layouts(&[2.0, f64::NAN, -0.0, 0.0, 2.0, f64::NAN], &[3, 2]) {
        let unique = x.unique();
        assert_eq!(unique.values.slice(0, ..2).to_vec::<f64>(), [0.0, 2.0], "{layout}");
        assert!(unique.values.at(&[2]).is_nan());
        assert_eq!(unique.inverse, Tensor::from([[1, 2], [0, 0], [1, 2]]), "{layout}");
        assert_eq!(unique.counts, Tensor::from([2, 2, 2]), "{layout}");
    }
    let unique = Tensor::from([true, true]).unique();
    assert_eq!((unique.values, unique.counts), (Tensor::from([true]), Tensor::from([2])));
    assert!(Tensor::zeros([0], DType::F64).unique().values.is_empty());
}
