//! Reductions and scans against loops over single elements.

mod common;
use common::*;
use pyroxene_tensor::{DType, Tensor};

const CASES: &[(&[usize], &[isize])] = &[
    (&[], &[]),
    (&[5], &[0]),
    (&[5], &[]),
    (&[0], &[0]),
    (&[1], &[-1]),
    (&[2, 3], &[0]),
    (&[2, 3], &[1]),
    (&[2, 3], &[-1, 0]),
    (&[2, 0, 3], &[1]),
    (&[2, 0, 3], &[0]),
    (&[2, 0, 3], &[0, 1, 2]),
    (&[3, 1, 4], &[1]),
    (&[4, 3, 5], &[0, 2]),
    (&[4, 3, 5], &[1]),
    (&[3, 700], &[1]),
    (&[700, 3], &[0]),
];

/// An index of the result and the elements that are reduced to it.
type Group = (Vec<usize>, Vec<f64>);

/// The shape of the result, with size 1 on reduced axes, and its groups.
fn groups(x: &Tensor, axes: &[isize]) -> (Vec<usize>, Vec<Group>) {
    let reduced = |a: usize| axes.iter().any(|&r| r.rem_euclid(x.ndim() as isize) as usize == a);
    let kept: Vec<usize> = x.shape().iter().enumerate().map(|(a, &d)| if reduced(a) { 1 } else { d }).collect();
    let rows = indices(&kept).into_iter().map(|out| {
        let member = |i: &Vec<usize>| (0..x.ndim()).all(|a| reduced(a) || i[a] == out[a]);
        let row = indices(x.shape()).iter().filter(|i| member(i)).map(|i| x.at(i)).collect();
        (out, row)
    });
    (kept.clone(), rows.collect())
}

/// Checks a reduction in all layouts, with and without the reduced axes.
fn check_reduction(
    name: &str,
    data: fn(usize) -> Vec<f64>,
    f: fn(&Tensor, &[isize], bool) -> Tensor,
    expected: impl Fn(&[f64]) -> f64,
) {
    for &(shape, axes) in CASES {
        let nothing = axes.iter().any(|&a| shape[a.rem_euclid(shape.len() as isize) as usize] == 0);
        if nothing && ["max", "min"].contains(&name) && !groups(&Tensor::zeros(shape, DType::F64), axes).1.is_empty() {
            continue;
        }
        for (layout, x) in layouts(&data(shape.iter().product()), shape) {
            let what = format!("{name} of {layout} {shape:?} over {axes:?}");
            let (kept_shape, rows) = groups(&x, axes);
            let kept = f(&x, axes, true);
            assert_eq!(kept.shape(), kept_shape, "{what}");
            for (index, row) in &rows {
                let (got, want) = (kept.at(index), expected(row));
                let close = same(got, want) || got == want || (got - want).abs() <= 1e-12 * want.abs().max(1.0);
                assert!(close, "{what} at {index:?}: {got}, not {want}");
            }
            let removed = f(&x, axes, false);
            assert_eq!(removed.ndim() + axes.len(), x.ndim(), "{what}");
            assert!(removed.iter_f64().zip(kept.iter_f64()).all(|(a, b)| same(a, b)), "{what}");
        }
    }
}

#[test]
fn sums_means_and_extremes() {
    check_reduction("sum", plain, Tensor::sum_axes, |row| row.iter().sum());
    check_reduction("mean", plain, Tensor::mean_axes, |row| row.iter().sum::<f64>() / row.len() as f64);
    check_reduction("max", plain, Tensor::max_axes, |row| row.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    check_reduction("min", plain, Tensor::min_axes, |row| row.iter().copied().fold(f64::INFINITY, f64::min));
    let nan_wins = |row: &[f64]| {
        if row.iter().any(|v| v.is_nan()) { f64::NAN } else { row.iter().copied().fold(f64::NEG_INFINITY, f64::max) }
    };
    check_reduction("max", awkward, Tensor::max_axes, nan_wins);
    check_reduction("prod", plain, Tensor::prod_axes, |row| row.iter().product());
    check_reduction("count_nonzero", awkward, Tensor::count_nonzero_axes, |row| {
        row.iter().filter(|&&v| v != 0.0).count() as f64
    });
    let moments = |row: &[f64]| {
        let mean = row.iter().sum::<f64>() / row.len() as f64;
        row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / row.len() as f64
    };
    check_reduction("var", plain, |x, axes, keep| x.var_axes(axes, 0.0, keep), moments);
    check_reduction("std", plain, |x, axes, keep| x.std_axes(axes, 0.0, keep), move |row| moments(row).sqrt());
    check_reduction(
        "norm",
        plain,
        |x, axes, keep| x.norm_axes(axes, 2.0, keep),
        |row| row.iter().map(|v| v * v).sum::<f64>().sqrt(),
    );
    check_reduction(
        "norm",
        plain,
        |x, axes, keep| x.norm_axes(axes, 3.0, keep),
        |row| row.iter().map(|v| v.abs().powi(3)).sum::<f64>().cbrt(),
    );
    check_reduction("any", plain, Tensor::any_axes, |row| f64::from(row.iter().any(|&v| v != 0.0)));
    check_reduction("all", awkward, Tensor::all_axes, |row| f64::from(row.iter().all(|&v| v != 0.0)));
    check_reduction("logsumexp", plain, Tensor::logsumexp, |row| {
        let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if row.is_empty() { max } else { max + row.iter().map(|v| (v - max).exp()).sum::<f64>().ln() }
    });
}

#[test]
fn single_precision_keeps_its_type_and_accumulates_in_double() {
    let x = Tensor::full([100_000], 0.1f32);
    let sum = x.sum();
    assert_eq!(sum.dtype(), DType::F32);
    assert_eq!(sum.item(), f64::from((0.1f32 as f64 * 1e5) as f32));
    assert_eq!(x.cumsum(0).select(0, -1).item(), f64::from((0.1f32 as f64 * 1e5) as f32));
    assert_eq!(x.mean().dtype(), DType::F32);
    assert_eq!(x.max().item(), f64::from(0.1f32));
}

#[test]
fn integers_and_truth_values() {
    let x = Tensor::from([[1, i64::MAX, -2], [3, 4, 5]]);
    assert_eq!(x.sum_axes(&[1], false).to_vec::<i64>(), [i64::MAX - 1, 12]);
    assert_eq!(Tensor::from([i64::MAX, 1, -1]).sum().to_vec::<i64>(), [i64::MAX]);
    assert_eq!(x.max_axes(&[1], false).to_vec::<i64>(), [i64::MAX, 5]);
    assert_eq!(x.min_axes(&[1], false).to_vec::<i64>(), [-2, 3]);
    assert_eq!(Tensor::from([1, 2]).mean().item(), 1.5);
    let mask = Tensor::from([true, false, true]);
    assert_eq!(mask.sum().to_vec::<i64>(), [2]);
    assert_eq!(mask.max().dtype(), DType::Bool);
    assert!(mask.any_true() && !mask.all_true());
    assert!(Tensor::zeros([0], DType::Bool).all_true());
    assert_eq!(mask.cumsum(0).to_vec::<i64>(), [1, 1, 2]);
    assert_eq!(mask.argmax(0).item(), 0.0);
    let message = panic_message(|| Tensor::from([i64::MAX, 1]).sum());
    assert_eq!(message, "sum: the result for [2] over axes [0] is not an i64");
    let message = panic_message(|| Tensor::from([i64::MAX, 1]).cumsum(0));
    assert_eq!(message, "cumsum: a running sum of [2] along axis 0 is not an i64");
    assert_eq!(Tensor::from([[2, 3], [4, 5]]).prod_axes(&[0], false).to_vec::<i64>(), [8, 15]);
    assert_eq!(Tensor::from([i64::MAX, 2, 0]).prod().to_vec::<i64>(), [0]);
    assert_eq!(mask.prod().to_vec::<i64>(), [0]);
    assert_eq!(mask.count_nonzero().to_vec::<i64>(), [2]);
    assert_eq!(mask.max_axes(&[0], true).to_vec::<bool>(), [true]);
    assert_eq!(Tensor::from([3, 5, -1]).cumprod(0).to_vec::<i64>(), [3, 15, -15]);
    assert_eq!(mask.cummin(0).to_vec::<bool>(), [true, false, false]);
    let message = panic_message(|| Tensor::from([i64::MAX, 2]).prod());
    assert_eq!(message, "prod: the result for [2] over axes [0] is not an i64");
    let message = panic_message(|| Tensor::from([i64::MAX, 2]).cumprod(0));
    assert_eq!(message, "cumprod: a running product of [2] along axis 0 is not an i64");
    for dtype in DType::ALL {
        let message = panic_message(|| Tensor::zeros([2, 0], dtype).max_axes(&[1], false));
        assert_eq!(message, "max: [2, 0] has no elements over axes [1]");
        let message = panic_message(|| Tensor::zeros([0], dtype).min());
        assert_eq!(message, "min: [0] has no elements over axes [0]");
        let message = panic_message(|| Tensor::zeros([3, 0], dtype).argmin(1));
        assert_eq!(message, "argmin: [3, 0] has no elements along axis 1");
        assert_eq!(Tensor::zeros([0, 2], dtype).max_axes(&[1], true).shape(), [0, 1]);
        assert_eq!(Tensor::zeros([2, 0], dtype).prod_axes(&[1], false).to_vec::<f64>(), [1.0, 1.0]);
        assert_eq!(Tensor::zeros([2, 0], dtype).sum_axes(&[1], false).to_vec::<f64>(), [0.0, 0.0]);
        assert_eq!(Tensor::zeros([2, 0], dtype).all_axes(&[1], false).to_vec::<f64>(), [1.0, 1.0]);
        assert_eq!(Tensor::zeros([2, 0], dtype).any_axes(&[1], false).to_vec::<f64>(), [0.0, 0.0]);
    }
}

#[test]
fn infinite_logsumexp() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for (row, expected) in
        [([inf, 0.0], inf), ([-inf, -inf], -inf), ([-inf, 2.0], 2.0), ([inf, -inf], inf), ([nan, inf], nan)]
    {
        assert!(same(Tensor::from(row).logsumexp(&[0], false).item(), expected), "{row:?}");
    }
    assert_eq!(Tensor::from([-1e4, -1e4]).logsumexp(&[0], false).item(), -1e4 + 2f64.ln());
}

#[test]
fn scans_and_positions_along_each_axis() {
    for shape in SHAPES.iter().filter(|s| !s.is_empty()) {
        for axis in 0..shape.len() {
            for (layout, x) in layouts(&plain(shape.iter().product()), shape) {
                let what = format!("{layout} {shape:?} along {axis}");
                let along = |i: &[usize], k: usize| {
                    let mut at = i.to_vec();
                    at[axis] = k;
                    x.at(&at)
                };
                check(&what, &x.cumsum(axis as isize), shape, |i| {
                    (0..=i[axis]).map(|k| along(i, k)).fold(0.0, |a, b| a + b)
                });
                let so_far = |i: &[usize]| -> Vec<f64> { (0..=i[axis]).map(|k| along(i, k)).collect() };
                check(&what, &x.cumprod(axis as isize), shape, |i| so_far(i).iter().product());
                check(&what, &x.cummax(axis as isize), shape, |i| {
                    so_far(i).into_iter().fold(f64::NEG_INFINITY, f64::max)
                });
                check(&what, &x.cummin(axis as isize), shape, |i| so_far(i).into_iter().fold(f64::INFINITY, f64::min));
                let logs = x.logcumsumexp(axis as isize);
                for i in indices(shape) {
                    let want = Tensor::from_vec(so_far(&i), [i[axis] + 1]).logsumexp(&[0], false).item();
                    assert!((logs.at(&i) - want).abs() <= 1e-13 * want.abs().max(1.0), "{what} at {i:?}");
                }
                if shape[axis] == 0 {
                    continue;
                }
                let position = x.argmax(axis as isize).unsqueeze(axis as isize);
                assert_eq!(position.dtype(), DType::I64);
                let mut kept = shape.to_vec();
                kept[axis] = 1;
                check(&what, &position, &kept, |i| {
                    let max = (0..shape[axis]).map(|k| along(i, k)).fold(f64::NEG_INFINITY, f64::max);
                    (0..shape[axis]).position(|k| along(i, k) == max).unwrap() as f64
                });
            }
        }
    }
    assert_eq!(Tensor::from([2.0, 1.0, f64::NAN, 0.0]).argmin(0).item(), 2.0);
    assert_eq!(Tensor::zeros([0, 3], DType::F64).argmax(1).shape(), [0]);
}

#[test]
fn a_sum_has_the_same_bits_however_the_elements_lie() {
    let data: Vec<f64> = plain(5000).iter().map(|v| v.exp()).collect();
    let sums: Vec<f64> = layouts(&data, &[50, 100]).iter().map(|(_, x)| x.sum().item()).collect();
    assert!(sums.iter().all(|&s| same(s, sums[0])), "{sums:?}");
}

#[test]
fn running_extremes_and_sums_of_exponentials_meet_no_numbers() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let is = |x: Tensor, want: &[f64]| {
        let got = x.to_vec::<f64>();
        assert!(got.len() == want.len() && got.iter().zip(want).all(|(a, b)| same(*a, *b)), "{got:?}, not {want:?}");
    };
    is(Tensor::from([1.0, 0.0, nan, 5.0, nan]).cummax(0), &[1.0, 1.0, nan, nan, nan]);
    is(Tensor::from([1.0, 0.0, nan, -5.0]).cummin(0), &[1.0, 0.0, nan, nan]);
    is(Tensor::from([-inf, -inf, -1000.0, -inf]).logcumsumexp(0), &[-inf, -inf, -1000.0, -1000.0]);
    is(Tensor::from([3.0, inf, 3.0, nan]).logcumsumexp(0), &[3.0, inf, inf, nan]);
}

#[test]
fn softmax_along_each_axis() {
    for shape in SHAPES.iter().filter(|s| !s.is_empty()) {
        for axis in 0..shape.len() as isize {
            for (layout, x) in layouts(&plain(shape.iter().product()), shape) {
                let what = format!("{layout} {shape:?} along {axis}");
                let log = &x - x.logsumexp(&[axis], true);
                assert!(x.log_softmax(axis).allclose(&log, 1e-13, 1e-13), "{what}");
                assert!(x.softmax(axis).allclose(log.exp(), 1e-13, 1e-300), "{what}");
            }
        }
    }
    let inf = f64::INFINITY;
    for row in [[inf, 0.0], [-inf, -inf], [f64::NAN, 0.0]] {
        let x = Tensor::from(row);
        assert!(x.softmax(0).is_nan().all_true() && x.log_softmax(0).is_nan().all_true(), "{row:?}");
    }
    assert_eq!(Tensor::from([-inf, 0.0]).log_softmax(0).to_vec::<f64>(), [-inf, 0.0]);
    assert_eq!(Tensor::from([0.5f32, 0.5]).softmax(0).dtype(), DType::F32);
}
