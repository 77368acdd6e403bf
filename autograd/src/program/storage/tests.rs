//! Programs that keep buffers in f32 against those that keep all in f64, and make all copies: the same bits, but where large
//! results of loops are rounded, and where loops over them are computed in f32 too.

use super::super::{Machine, Plan, Program};
use crate::{Var, grad};
use pyroxene_tensor::{DType, Shape};

/// Numbers most of which are not f32.
fn numbers(n: usize, key: usize) -> Vec<f64> {
    (0..n).map(|i| ((i + 7919 * key) as f64 * 0.7371 + 0.1).sin()).collect()
}

fn plans(shapes: &[&[usize]], body: impl Fn(&[Var]) -> Vec<Var>) -> [Plan; 2] {
    let trace = || {
        let shapes: Vec<Shape> = shapes.iter().map(|&shape| shape.into()).collect();
        Program::trace(shapes, |x| body(x)).expect("no value is read").0
    };
    [trace().compile(), trace().compile_by(|_| ())]
}

/// The bits of the outputs of a run, any NaN for all of them.
fn outputs(plan: &Plan, inputs: &[Vec<f64>]) -> Vec<Vec<u64>> {
    let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
    let mut outputs: Vec<Vec<f64>> = plan.outputs().map(|shape| vec![7.0; shape.iter().product()]).collect();
    let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    let mut machine = Machine::for_plan(plan);
    // What a run leaves in memory is nobody's business.
    machine.memory.fill(f64::NAN);
    plan.run(&mut machine, &inputs, &mut slices);
    let bits = |x: f64| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
    outputs.into_iter().map(|output| output.into_iter().map(bits).collect()).collect()
}

/// Whether the numbers are the same but for rounding to f32.
fn close(ours: &[u64], wide: &[u64], explanation: &str) {
    let numbers = |bits: &[u64]| bits.iter().map(|&bits| f64::from_bits(bits)).collect::<Vec<f64>>();
    let (ours, wide) = (numbers(ours), numbers(wide));
    let size = wide.iter().fold(0.0f64, |size, x| size.max(x.abs()));
    for (ours, wide) in ours.iter().zip(&wide) {
        assert!((ours - wide).abs() <= 1e-6 * size, "{ours} {wide}: {explanation}");
    }
}

/// Compares the two; gives the account of the one that keeps f32.
pub(in super::super) fn compare(shapes: &[&[usize]], body: impl Fn(&[Var]) -> Vec<Var>) -> String {
    let [ours, wide] = plans(shapes, body);
    let given = |key: usize| -> Vec<Vec<f64>> {
        shapes.iter().enumerate().map(|(k, shape)| numbers(shape.iter().product(), key + k)).collect()
    };
    let mut hostile = given(3);
    for input in &mut hostile {
        let special = [f64::NAN, f64::INFINITY, -0.0, 1e300, 1e-40, 1.0 + f64::powi(2.0, -24)];
        special.into_iter().enumerate().for_each(|(k, x)| {
            let place = k * 37 % input.len();
            input[place] = x;
        });
    }
    let mut loops = ours.explanation.lines().filter(|line| line.starts_with("  loop over"));
    let rounds = loops.any(|line| line.ends_with(" in f32"));
    for inputs in [given(0), hostile] {
        let ours_bits = outputs(&ours, &inputs);
        let wide_bits = outputs(&wide, &inputs);
        let is_finite = inputs.iter().flatten().all(|x| x.abs() < 2.0);
        for (ours_bits, wide_bits) in ours_bits.iter().zip(&wide_bits).filter(|_| !rounds || is_finite) {
            if rounds {
                close(ours_bits, wide_bits, &ours.explanation);
            } else {
                assert_eq!(ours_bits, wide_bits, "{}", ours.explanation);
            }
        }
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
        assert_eq!(ours_bits, alone.install(|| outputs(&ours, &inputs)), "{}", ours.explanation);
    }
    assert!(!wide.explanation.contains("f32 b"));
    ours.explanation
}

/// [`compare`] where some buffers are f32.
fn compare_narrow(shapes: &[&[usize]], body: impl Fn(&[Var]) -> Vec<Var>) -> String {
    let text = compare(shapes, body);
    assert!(text.contains("f32 b"), "{text}");
    text
}

pub(in super::super) fn single(x: Var) -> Var {
    x.cast(DType::F32)
}

/// A value and its gradients.
pub(in super::super) fn gradients(value: Var, x: &[Var]) -> Vec<Var> {
    [value].into_iter().chain(grad(value.sum(), x)).collect()
}

#[test]
fn networks_keep_what_lies_between_products_in_f32() {
    let shapes: [&[usize]; 5] = [&[56, 40], &[70, 40], &[70], &[35, 70], &[35]];
    let network = |x: &[Var]| {
        let x: Vec<Var> = x.iter().copied().map(single).collect();
        let hidden = (x[0].matmul(x[1].t()) + x[2]).softplus();
        hidden.matmul(x[3].t()) + x[4]
    };
    let body = |x: &[Var]| gradients(network(x).square().sum(), x);
    let text = compare_narrow(&shapes, body);
    // The first product is read by a loop, whose result is a factor of two products and in the loop of the gradient.
    assert!(text.contains("f32 b") && text.contains(" = f32 b") && text.contains(" x f32 b"), "{text}");
    let [ours, wide] = plans(&shapes, body).map(|plan| Machine::for_plan(&plan).len());
    assert!(4 * ours < 3 * wide, "{ours} of {wide}");
}

#[test]
fn inputs_that_several_products_read_are_rounded_once() {
    let shapes: [&[usize]; 3] = [&[4000], &[40, 40], &[40, 40]];
    let text = compare_narrow(&shapes, |x| {
        // Two matrices of one input, the first of which is read three times, once turned and once in part.
        let weights = single(x[0]);
        let [one, other] = [0, 2000].map(|start| weights.slice(0, start..start + 1600).reshape(&[40, 40]));
        let (a, b) = (single(x[1]), single(x[2]));
        vec![a.matmul(one), b.matmul(one.t()), a.matmul(one.slice(1, 3..40)), b.matmul(other)]
    });
    assert_eq!(text.matches("= in0[1600]").count(), 1, "{text}");
    assert!(text.contains(" x in0[40, 40] in f32"), "{text}");
}

#[test]
fn batches_share_a_factor_that_is_rounded_once() {
    let text = compare_narrow(&[&[5, 40, 30], &[30, 20]], |x| {
        let y = single(x[0]).matmul(single(x[1]));
        gradients(y.square().sin().sum(), x)
    });
    assert!(text.contains(" = in1[600]"), "{text}");
}

#[test]
fn what_others_read_stays_in_f64_too() {
    let shapes: [&[usize]; 2] = [&[48, 48], &[48, 48]];
    let text = compare_narrow(&shapes, |x| {
        let (a, b) = (single(x[0]).exp(), single(x[1]));
        let product = a.matmul(b);
        // The factor is an output, and a structured operation, a product in f64 and a reduction read the results.
        let cumulated = a.matmul(b.t()).cumsum(0);
        let wide = product.cast(DType::F64).matmul(x[0]);
        let column_sums = product.matmul(a).sum_axes(&[0], true) + b;
        vec![a, cumulated, wide, column_sums, column_sums.matmul(b)]
    });
    assert!(text.contains("out0 = r"), "{text}");
}

#[test]
fn parts_and_turns_of_results_are_read_in_f32() {
    let shapes: [&[usize]; 3] = [&[50, 36], &[36, 50], &[9]];
    compare_narrow(&shapes, |x| {
        let (a, b) = (single(x[0]), single(x[1]));
        let product = a.matmul(b);
        // Turned, backwards, a diagonal, one number for all, small parts, parts side by side that are a factor again.
        let turned = (product.t() * 2.0).matmul(a);
        let corner = product.slice(0, ..4).slice(1, 3..9).t().exp();
        let one = product.slice(0, 7..8).slice(1, 9..10).reshape(&[]);
        let joined = Var::concat(&[product.slice(1, ..20), product.slice(1, 20..50).sin()], 1);
        let few = product.slice(0, 7..8).slice(1, 1..10).reshape(&[9]) + x[2];
        vec![turned, corner, one * b, joined.matmul(a), product.diagonal(), few, one.exp()]
    });
}

#[test]
fn large_results_of_f32_are_rounded() {
    let body = |dtype: DType| {
        move |x: &[Var]| {
            let x = x[0].cast(dtype);
            let y = (x.sum_axes(&[0], true) + x).sin();
            // A second loop, as the sum has to be known.
            let z = y - y.sum_axes(&[0], true) * (1.0 / 128.0);
            vec![z.square().sum_axes(&[1], false), Var::concat(&[y, z.exp()], 0).square().sum_axes(&[0], false)]
        }
    };
    let given = [numbers(128 * 40, 0)];
    let [single, wide] = plans(&[&[128, 40]], body(DType::F32));
    let [double, _] = plans(&[&[128, 40]], body(DType::F64));
    assert!(single.explanation.contains("f32 b") && !double.explanation.contains("f32 b"), "{}", single.explanation);
    for (single, wide) in outputs(&single, &given).into_iter().zip(outputs(&wide, &given)) {
        for (single, wide) in single.into_iter().zip(wide).map(|(a, b)| (f64::from_bits(a), f64::from_bits(b))) {
            assert!((single - wide).abs() <= 1e-6 * wide.abs().max(1.0), "{single} {wide}");
        }
    }
}
