//! Reductions over every subset of the axes against loops, on both engines, with their first and second derivatives.

use pyroxene_autograd::{DType, Program, Tensor, Var, grad, scope};
use std::panic::catch_unwind;

type Reduction = fn(Var, &[isize], bool) -> Var;

struct Case {
    name: &'static str,
    reduce: Reduction,
    /// The meaning, of the elements of one result.
    naive: fn(&[f64]) -> f64,
    /// Whether derivatives exist, at elements that differ and are not zero.
    smooth: bool,
    /// Whether no elements are an error.
    needs_one: bool,
}

fn sum(x: &[f64]) -> f64 {
    x.iter().sum()
}

fn variance(x: &[f64], correction: f64) -> f64 {
    let mean = sum(x) / x.len() as f64;
    x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (x.len() as f64 - correction).max(0.0)
}

fn norm(x: &[f64], p: f64) -> f64 {
    x.iter().map(|v| v.abs().powf(p)).sum::<f64>().powf(1.0 / p)
}

fn logsumexp(x: &[f64]) -> f64 {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if max.is_infinite() { max } else { max + x.iter().map(|v| (v - max).exp()).sum::<f64>().ln() }
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn cases() -> Vec<Case> {
    let case = |name, reduce: Reduction, naive| Case { name, reduce, naive, smooth: true, needs_one: false };
    let flat = |name, reduce: Reduction, naive| Case { smooth: false, ..case(name, reduce, naive) };
    let extreme = |name, reduce: Reduction, naive| Case { needs_one: true, ..case(name, reduce, naive) };
    vec![
        case("sum", |x, axes, keep| x.sum_axes(axes, keep), sum),
        case("mean", |x, axes, keep| x.mean_axes(axes, keep), |x| sum(x) / x.len() as f64),
        case("prod", |x, axes, keep| x.prod_axes(axes, keep), |x| x.iter().product()),
        case("var", |x, axes, keep| x.var_axes(axes, 0.0, keep), |x| variance(x, 0.0)),
        case("corrected var", |x, axes, keep| x.var_axes(axes, 0.5, keep), |x| variance(x, 0.5)),
        case("std", |x, axes, keep| x.std_axes(axes, 0.0, keep), |x| variance(x, 0.0).sqrt()),
        case("logsumexp", |x, axes, keep| x.logsumexp(axes, keep), logsumexp),
        case("1-norm", |x, axes, keep| x.norm_axes(axes, 1.0, keep), |x| norm(x, 1.0)),
        case("2-norm", |x, axes, keep| x.norm_axes(axes, 2.0, keep), |x| norm(x, 2.0)),
        case("3-norm", |x, axes, keep| x.norm_axes(axes, 3.0, keep), |x| norm(x, 3.0)),
        case("half norm", |x, axes, keep| x.norm_axes(axes, 0.5, keep), |x| norm(x, 0.5)),
        extreme("max", |x, axes, keep| x.max_axes(axes, keep), |x| x.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        extreme("min", |x, axes, keep| x.min_axes(axes, keep), |x| x.iter().copied().fold(f64::INFINITY, f64::min)),
        extreme(
            "inf-norm",
            |x, axes, keep| x.norm_axes(axes, f64::INFINITY, keep),
            |x| x.iter().fold(0.0, |a, b| a.max(b.abs())),
        ),
        extreme(
            "-inf-norm",
            |x, axes, keep| x.norm_axes(axes, f64::NEG_INFINITY, keep),
            |x| x.iter().fold(f64::INFINITY, |a, b| a.min(b.abs())),
        ),
        flat(
            "0-norm",
            |x, axes, keep| (x.greater(0.3) * x).norm_axes(axes, 0.0, keep),
            |x| x.iter().filter(|&&v| v > 0.3).count() as f64,
        ),
        flat("any", |x, axes, keep| x.greater(1.4).any_axes(axes, keep), |x| truth(x.iter().any(|&v| v > 1.4))),
        flat("all", |x, axes, keep| x.less(1.4).all_axes(axes, keep), |x| truth(x.iter().all(|&v| v < 1.4))),
        flat(
            "count_nonzero",
            |x, axes, keep| (x.greater(0.3) * x).count_nonzero_axes(axes, keep),
            |x| x.iter().filter(|&&v| v > 0.3).count() as f64,
        ),
    ]
}

/// Deterministic numbers in (-2, 2), all different, none near zero.
fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| 1.9 * ((i as f64 + 1.3) * 2.1).sin() + if i % 2 == 0 { 0.07 } else { -0.05 }).collect()
}

const SHAPES: [[usize; 3]; 4] = [[3, 2, 4], [1, 5, 2], [4, 1, 1], [2, 0, 3]];

fn subsets() -> impl Iterator<Item = Vec<isize>> {
    (0..8u8).map(|mask| (0..3).filter(|axis| mask >> axis & 1 == 1).collect())
}

/// The elements of each result, in row-major order of the results.
fn groups(data: &[f64], shape: &[usize; 3], axes: &[isize]) -> Vec<Vec<f64>> {
    let kept = |axis: usize| if axes.contains(&(axis as isize)) { 1 } else { shape[axis] };
    let sizes = [kept(0), kept(1), kept(2)];
    let mut groups = vec![vec![]; sizes.iter().product()];
    for (i, &v) in data.iter().enumerate() {
        let index = [i / (shape[1] * shape[2]), i / shape[2] % shape[1], i % shape[2]];
        let place = (0..3).fold(0, |place, axis| place * sizes[axis] + index[axis].min(sizes[axis] - 1));
        groups[place].push(v);
    }
    groups
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// The values on both engines, which give the same bits where no elementwise rule of the compiler changes the work.
fn values(what: &str, x: &Tensor, body: impl Fn(Var) -> Var) -> Tensor {
    let is_composed = what.contains("norm") || what.contains("var") || what.contains("std");
    let direct = scope(|| body(Var::from(x)).to_tensor());
    let mut program = Program::capture(&[x.shape()], |x| vec![body(x[0])]).expect("no value is read");
    let compiled = &program.call(std::slice::from_ref(x))[0];
    assert_eq!(direct.shape(), compiled.shape(), "{what}");
    for (a, b) in direct.iter_f64().zip(compiled.iter_f64()) {
        let agree = same(a, b) || is_composed && close(a, b, 1e-14);
        assert!(agree, "{what}: direct {a:e}, Program {b:e}\n{}", program.explain());
    }
    direct
}

/// A sum in which every element matters differently, and not linearly.
fn weigh(y: Var) -> Var {
    let weights: Vec<f64> = (0..y.len()).map(|i| 1.0 + 0.3 * (i as f64 * 0.7).sin()).collect();
    let weights = Var::from(Tensor::from_vec(weights, y.shape()));
    (y * weights).sum() + (y * y * weights).sum() * 0.25
}

/// First and second derivatives of the weighed result against differences, on both engines.
fn check_derivatives(what: &str, x: &Tensor, body: impl Fn(Var) -> Var) {
    let shape = x.shape();
    let (data, n) = (x.to_vec::<f64>(), x.len());
    // Along a direction, so that one number stands for the Hessian.
    let direction: Vec<f64> = (0..n).map(|i| (i as f64 * 1.7 + 0.4).cos()).collect();
    let outputs = |x: Var| {
        let gradient = grad(weigh(body(x)), &[x])[0];
        let slope = (gradient * Var::from(Tensor::from_vec(direction.clone(), shape))).sum();
        vec![weigh(body(x)), gradient, slope, grad(slope, &[x])[0]]
    };
    let direct: Vec<Tensor> = scope(|| outputs(Var::from(x)).into_iter().map(Var::to_tensor).collect());
    let mut program = Program::capture(&[shape], |x| outputs(x[0])).expect("no value is read");
    let compiled = program.call(std::slice::from_ref(x));
    for (k, (a, b)) in direct.iter().zip(&compiled).enumerate() {
        for (a, b) in a.iter_f64().zip(b.iter_f64()) {
            assert!(close(a, b, 1e-12), "{what}: output {k}: direct {a}, Program {b}\n{}", program.explain());
        }
    }
    let (gradient, second) = (direct[1].to_vec::<f64>(), direct[3].to_vec::<f64>());
    for i in 0..n {
        let mut at = |step: f64| {
            let mut moved = data.clone();
            moved[i] += step;
            let all = program.call(&[Tensor::from_vec(moved, shape)]);
            [all[0].item(), all[2].item()]
        };
        let h = 1e-3;
        let (near, far) = ([at(h), at(-h)], [at(2.0 * h), at(-2.0 * h)]);
        // Five points: the error is of order h^4.
        let slope = |k: usize| (8.0 * (near[0][k] - near[1][k]) - (far[0][k] - far[1][k])) / (12.0 * h);
        assert!(close(gradient[i], slope(0), 1e-7), "{what}: by {i}: {}, not {}", gradient[i], slope(0));
        assert!(close(second[i], slope(1), 1e-6), "{what}: second by {i}: {}, not {}", second[i], slope(1));
    }
}

#[test]
fn every_reduction_over_every_axes() {
    for Case { name, reduce, naive, smooth, needs_one } in cases() {
        for shape in SHAPES {
            let data = numbers(shape.iter().product());
            let x = Tensor::from_vec(data.clone(), shape);
            for axes in subsets() {
                let count: usize = axes.iter().map(|&axis| shape[axis as usize]).product();
                let groups = groups(&data, &shape, &axes);
                for keepdim in [false, true] {
                    let what = format!("{name} of {shape:?} over {axes:?}, keepdim {keepdim}");
                    if needs_one && count == 0 && !groups.is_empty() {
                        let axes = axes.clone();
                        let refused = catch_unwind(move || scope(|| reduce(Var::zeros(&shape), &axes, keepdim).len()));
                        let message = *refused.expect_err(&what).downcast::<String>().expect("a message");
                        assert!(message.contains("[2, 0, 3] has no elements over axes"), "{what}: {message}");
                        continue;
                    }
                    let got = values(&what, &x, |x| reduce(x, &axes, keepdim));
                    let left: Vec<usize> = (0..3)
                        .filter(|axis| keepdim || !axes.contains(&(*axis as isize)))
                        .map(|axis| if axes.contains(&(axis as isize)) { 1 } else { shape[axis] })
                        .collect();
                    assert_eq!(got.shape(), left, "{what}");
                    for (got, group) in got.iter_f64().zip(&groups) {
                        assert!(close(got, naive(group), 1e-13), "{what}: {got}, not {}", naive(group));
                    }
                }
                let what = format!("{name} of {shape:?} over {axes:?}");
                // A deviation of one number is constant, with a kink.
                let flat = ["std", "var", "corrected var"].contains(&name) && count < 2;
                if smooth && !flat && !x.is_empty() {
                    check_derivatives(&what, &x, |x| reduce(x, &axes, false));
                }
            }
        }
    }
}

#[test]
fn scans_and_softmax_along_every_axis() {
    type Case = (&'static str, fn(Var, isize) -> Var, fn(&[f64]) -> Vec<f64>);
    let cases: &[Case] = &[
        ("cumsum", |x, axis| x.cumsum(axis), |x| running(x, sum)),
        ("cumprod", |x, axis| x.cumprod(axis), |x| running(x, |x| x.iter().product())),
        ("cummax", |x, axis| x.cummax(axis), |x| running(x, |x| x.iter().copied().fold(f64::NEG_INFINITY, f64::max))),
        ("cummin", |x, axis| x.cummin(axis), |x| running(x, |x| x.iter().copied().fold(f64::INFINITY, f64::min))),
        ("logcumsumexp", |x, axis| x.logcumsumexp(axis), |x| running(x, logsumexp)),
        ("softmax", |x, axis| x.softmax(axis), |x| x.iter().map(|v| (v - logsumexp(x)).exp()).collect()),
        ("log_softmax", |x, axis| x.log_softmax(axis), |x| x.iter().map(|v| v - logsumexp(x)).collect()),
    ];
    for shape in [[3, 2, 4], [1, 5, 2], [2, 0, 3], [2, 67, 3]] {
        let x = Tensor::from_vec(numbers(shape.iter().product()), shape);
        for &(name, along, naive) in cases {
            for axis in 0..3 {
                let what = format!("{name} of {shape:?} along {axis}");
                let got = values(&what, &x, |x| along(x, axis));
                assert_eq!(got.shape(), shape, "{what}");
                let lines = |x: &Tensor| -> Vec<Vec<f64>> {
                    let moved = x.transpose(axis, -1).to_vec::<f64>();
                    moved.chunks(shape[axis as usize].max(1)).map(<[f64]>::to_vec).collect()
                };
                for (got, line) in lines(&got).iter().zip(lines(&x)) {
                    for (a, b) in got.iter().zip(naive(&line)) {
                        assert!(close(*a, b, 1e-12), "{what}: {a}, not {b}");
                    }
                }
                if (1..50).contains(&x.len()) {
                    check_derivatives(&what, &x, |x| along(x, axis));
                }
            }
        }
    }
}

fn running(x: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    (1..=x.len()).map(|n| f(&x[..n])).collect()
}

#[test]
fn products_with_zeros_have_derivatives() {
    for zeros in [&[][..], &[1], &[1, 4], &[0, 2, 5], &[0, 1, 2, 3, 4, 5]] {
        let mut data = numbers(6);
        zeros.iter().for_each(|&i| data[i] = 0.0);
        let x = Tensor::from_vec(data, [2, 3]);
        for axes in [&[0][..], &[1], &[0, 1]] {
            check_derivatives(&format!("prod over {axes:?}, zeros at {zeros:?}"), &x, |x| x.prod_axes(axes, false));
        }
        for axis in [0, 1] {
            check_derivatives(&format!("cumprod along {axis}, zeros at {zeros:?}"), &x, |x| x.cumprod(axis));
        }
    }
}

#[test]
fn derivatives_where_there_is_no_slope() {
    let (inf, half) = (f64::INFINITY, 0.5);
    type Case = (&'static str, [f64; 2], fn(Var) -> Var, f64, [f64; 2]);
    let table: &[Case] = &[
        ("logsumexp of nothing", [-inf, -inf], |x| x.logsumexp(&[0], false), -inf, [0.0, 0.0]),
        ("logsumexp of one", [-inf, 3.0], |x| x.logsumexp(&[0], false), 3.0, [0.0, 1.0]),
        ("logsumexp of +inf", [inf, 3.0], |x| x.logsumexp(&[0], false), inf, [1.0, 0.0]),
        ("logsumexp of two +inf", [inf, inf], |x| x.logsumexp(&[0], false), inf, [half, half]),
        ("logcumsumexp of nothing", [-inf, -inf], |x| x.logcumsumexp(0).select(0, 1), -inf, [0.0, 0.0]),
        ("logcumsumexp of one", [-inf, -9.0], |x| x.logcumsumexp(0).select(0, 1), -9.0, [0.0, 1.0]),
        ("max of equals", [2.0, 2.0], |x| x.max(), 2.0, [half, half]),
        ("min of equals", [2.0, 2.0], |x| x.min(), 2.0, [half, half]),
        ("cummax of equals", [2.0, 2.0], |x| x.cummax(0).select(0, 1), 2.0, [1.0, 0.0]),
        ("norm of zero", [0.0, 0.0], |x| x.norm(2.0), 0.0, [0.0, 0.0]),
        ("1-norm of zero", [0.0, 0.0], |x| x.norm(1.0), 0.0, [0.0, 0.0]),
        ("3-norm of zero", [0.0, 0.0], |x| x.norm(3.0), 0.0, [0.0, 0.0]),
        ("half norm of zero", [0.0, 0.0], |x| x.norm(0.5), 0.0, [0.0, 0.0]),
        ("inf-norm of zero", [0.0, 0.0], |x| x.norm(f64::INFINITY), 0.0, [0.0, 0.0]),
        ("norm at an axis", [0.0, -3.0], |x| x.norm(2.0), 3.0, [0.0, -1.0]),
        ("huge norm", [3e200, 4e200], |x| x.norm(2.0), 5e200, [0.6, 0.8]),
        ("tiny norm", [3e-200, 4e-200], |x| x.norm(2.0), 5e-200, [0.6, 0.8]),
        ("deviation of equals", [7.0, 7.0], |x| x.std(1.0), 0.0, [0.0, 0.0]),
        ("softmax of far", [0.0, 1e4], |x| x.softmax(0).select(0, 1), 1.0, [0.0, 0.0]),
        ("log_softmax of far", [0.0, 1e4], |x| x.log_softmax(0).select(0, 0), -1e4, [1.0, -1.0]),
        ("log_softmax of masked", [-inf, 0.0], |x| x.log_softmax(0).select(0, 1), 0.0, [0.0, 0.0]),
    ];
    for &(what, at, body, value, slope) in table {
        let outputs = |x: Var| vec![body(x), grad(body(x), &[x])[0]];
        let direct: Vec<Tensor> = scope(|| outputs(Var::from(at)).into_iter().map(Var::to_tensor).collect());
        let compiled = Program::capture(&[&[2]], |x| outputs(x[0])).expect("no value is read").call(&[at.into()]);
        for outputs in [direct, compiled] {
            let (got, gradient) = (outputs[0].item(), outputs[1].to_vec::<f64>());
            assert!(
                close(got, value, 1e-15) && (value == 0.0 || (got / value - 1.0).abs() < 1e-14 || got == value),
                "{what}: {got}"
            );
            assert!(gradient.iter().zip(slope).all(|(a, b)| (a - b).abs() < 1e-15), "{what}: {gradient:?}");
        }
    }
    let second = scope(|| {
        let x = Var::from([-inf, 0.5, 0.25]);
        let slope = grad(x.logsumexp(&[0], false), &[x])[0].select(0, 1);
        grad(slope, &[x])[0].to_tensor().to_vec::<f64>()
    });
    assert!(second[0] == 0.0 && second[1] > 0.2 && (second[1] + second[2]).abs() < 1e-15, "{second:?}");
}

#[test]
fn positions_are_the_first_and_nan_wins() {
    let nan = f64::NAN;
    let x = Tensor::from([[1.0, 3.0, 3.0, 2.0], [nan, 1.0, nan, 0.0], [4.0, -1.0, -1.0, 5.0]]);
    let is = |what: &str, body: fn(Var) -> Var, want: &[f64]| {
        assert_eq!(values(what, &x, body).to_vec::<f64>(), want, "{what}");
    };
    is("argmax of rows", |x| x.argmax(1), &[1.0, 0.0, 3.0]);
    is("argmin of rows", |x| x.argmin(-1), &[0.0, 0.0, 1.0]);
    is("argmax of columns", |x| x.argmax(0), &[1.0, 0.0, 1.0, 2.0]);
    is("argmin of columns", |x| x.argmin(0), &[1.0, 2.0, 1.0, 1.0]);
    scope(|| {
        let x = Var::from(&x);
        assert_eq!(x.argmax(0).dtype(), DType::I64);
        assert!(x.max_axes(&[1], false).select(0, 1).item().is_nan());
        assert!(x.min().item().is_nan());
        assert_eq!(x.slice(0, 2..).argmax(1).shape().as_slice(), [1]);
    });
}

#[test]
fn types_follow_the_argument() {
    scope(|| {
        let (whole, mask) = (Var::from([3i64, -4, 0]), Var::from(Tensor::from([true, false, true])));
        let single = Var::from(Tensor::from([0.25f32, 0.5]));
        let table: &[(&str, Var, DType, f64)] = &[
            ("sum of whole", whole.sum(), DType::I64, -1.0),
            ("sum of mask", mask.sum(), DType::I64, 2.0),
            ("prod of whole", whole.slice(0, ..2).prod(), DType::I64, -12.0),
            ("prod of mask", mask.prod(), DType::I64, 0.0),
            ("mean of whole", whole.mean(), DType::F64, -1.0 / 3.0),
            ("mean of mask", mask.mean(), DType::F64, 2.0 / 3.0),
            ("max of whole", whole.max(), DType::I64, 3.0),
            ("min of mask", mask.min(), DType::Bool, 0.0),
            ("var of whole", whole.var(0.0), DType::F64, 74.0 / 9.0),
            ("norm of whole", whole.norm(2.0), DType::F64, 5.0),
            ("any of whole", whole.any(), DType::Bool, 1.0),
            ("count of whole", whole.count_nonzero(), DType::I64, 2.0),
            ("logsumexp of mask", mask.slice(0, 1..2).logsumexp(&[0], false), DType::F64, 0.0),
            ("sum of single", single.sum(), DType::F32, 0.75),
            ("prod of single", single.prod(), DType::F32, 0.125),
            ("norm of huge single", Var::from(Tensor::from([3e30f32, 4e30])).norm(2.0), DType::F32, f64::from(5e30f32)),
            ("softmax of single", single.slice(0, ..1).softmax(0).sum(), DType::F32, 1.0),
            ("cumprod of whole", whole.cumprod(0).select(0, 1), DType::I64, -12.0),
            ("cummax of whole", whole.cummax(0).select(0, 2), DType::I64, 3.0),
        ];
        for &(what, y, dtype, value) in table {
            assert_eq!(y.dtype(), dtype, "{what}");
            let got = y.to_tensor();
            assert_eq!(got.dtype(), dtype, "{what}");
            assert!((got.item() - value).abs() <= 1e-15 * value.abs().max(1.0), "{what}: {}", got.item());
        }
    });
}

/// Long axes, whose sums go through blocks and trees.
#[test]
fn long_reductions_have_the_same_bits_on_both_engines() {
    for shape in [[1300, 3, 2], [3, 700, 2], [2, 3, 1500], [70, 40, 9]] {
        let data: Vec<f64> = (0..shape.iter().product()).map(|i| ((i * 7919 % 10_007) as f64 / 997.0).sin()).collect();
        let x = Tensor::from_vec(data, shape);
        for axes in subsets() {
            let what = format!("{shape:?} over {axes:?}");
            values(&format!("sum of {what}"), &x, |x| x.sum_axes(&axes, false));
            values(&format!("max of {what}"), &x, |x| x.max_axes(&axes, true));
            values(&format!("logsumexp of {what}"), &x, |x| x.logsumexp(&axes, false));
            values(&format!("sum of columns of {what}"), &x, |x| x.permute(&[2, 0, 1]).sum_axes(&axes, false));
        }
    }
}
