//! Programs whose inputs and outputs are f32.

use pyroxene_autograd::{Batch, DType, Packed, Program, Tensor, Triangle, Var, grad};

fn numbers(shape: &[usize], key: usize) -> Tensor {
    let len: usize = shape.iter().product();
    let data: Vec<f32> = (0..len).map(|i| ((i + 7919 * key) as f32 * 0.7371 + 0.1).sin()).collect();
    Tensor::from_vec(data, shape)
}

/// Captures a body on inputs in f32, and on the same numbers in f64 that are cast; the first gives what the second gives, rounded,
/// and in debug builds what direct evaluation gives. Returns the account of the first.
fn compare(shapes: &[&[usize]], body: impl Fn(&[Var]) -> Vec<Var>) -> String {
    let typed: Vec<(&[usize], DType)> = shapes.iter().map(|&shape| (shape, DType::F32)).collect();
    let mut narrow = Program::capture_typed(&typed, &body).expect("no value is read");
    let cast = |x: &[Var]| body(&x.iter().map(|x| x.cast(DType::F32)).collect::<Vec<_>>());
    let mut wide = Program::capture(shapes, cast).expect("no value is read");
    let inputs: Vec<Tensor> = shapes.iter().enumerate().map(|(k, shape)| numbers(shape, k)).collect();
    let (ours, theirs) = (narrow.call(&inputs), wide.call(&inputs));
    assert_eq!(ours.len(), theirs.len());
    for (k, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(ours.shape(), theirs.shape());
        let rounded = |x: &Tensor| x.cast(ours.dtype()).to_vec::<f64>();
        for (ours, theirs) in rounded(ours).into_iter().zip(rounded(theirs)) {
            let close = (ours - theirs).abs() <= 1e-6 * theirs.abs().max(1.0);
            assert!(close, "output {k}: {ours} for {theirs} in {}", narrow.explain());
        }
    }
    narrow.explain().to_string()
}

#[test]
fn loops_read_and_write_f32_in_place() {
    for n in [0, 1, 2, 7, 64, 77, 5_001, 8_192] {
        let text = compare(&[&[n], &[n]], |x| {
            let moved = x[0] - (x[1].square() + 0.1).sqrt() * 0.01;
            vec![moved, (moved * x[1]).exp()]
        });
        assert!(n < 2 || text.contains("= f32 in0"), "{text}");
    }
    // The state of an optimiser is read and written once.
    let text = compare(&[&[8_191], &[8_191]], |x| vec![x[0] * 0.9 + x[1] * 0.1, x[1].square()]);
    assert!(text.contains("steps: 1,") && text.contains("f32 out0 = ") && text.contains("f32 out1 = "), "{text}");
}

#[test]
fn products_read_f32_where_it_lies() {
    let shapes: [&[usize]; 3] = [&[70, 90], &[90, 60], &[60]];
    let text = compare(&shapes, |x| {
        let y = (x[0].matmul(x[1]) + x[2]).softplus().sum();
        [y].into_iter().chain(grad(y, x)).collect()
    });
    assert!(text.contains("= f32 in0[70, 90] x f32 in1[90, 60] in f32"), "{text}");
    // Parts of an input, on odd places too.
    compare(&[&[1 + 50 * 40 + 40 * 30]], |x| {
        let part = |start: usize, rows: isize, columns: isize| {
            x[0].slice(0, start..start + (rows * columns) as usize).reshape(&[rows, columns])
        };
        let y = part(1, 50, 40).matmul(part(2_001, 40, 30)).tanh().sum();
        vec![y, grad(y, x)[0]]
    });
}

#[test]
fn all_other_steps_read_widened_copies() {
    compare(&[&[4, 4], &[4]], |x| {
        let a = x[0].matmul(x[0].t()) + Var::from(Tensor::eye(4, DType::F32)) * 4.0;
        let z = a.cholesky().solve_triangular(x[1].reshape(&[4, 1]), Triangle::Lower, false);
        vec![z, x[0].logsumexp(&[-1], false), x[1].cumsum(0), x[0].t(), x[0].matmul(x[1].reshape(&[4, 1]))]
    });
    // A linear predictor, of which some rows are read at a time.
    let x = Var::from(numbers(&[700, 5], 9)).to_tensor();
    compare(&[&[5], &[700]], |b| {
        let y = (Var::from(&x).matmul(b[0].reshape(&[5, 1])).reshape(&[-1]) * b[1]).softplus().sum();
        vec![y, grad(y, &b[..1])[0]]
    });
}

#[test]
fn inputs_may_be_outputs_and_outputs_the_same() {
    let text = compare(&[&[9], &[9]], |x| vec![x[1], x[0], x[0], x[0].cast(DType::F64), x[0].sum(), x[0].sum()]);
    assert!(text.contains("f32 out0") && text.contains("    out3 = "), "{text}");
}

#[test]
fn outputs_have_the_types_of_the_tape() {
    let mut program = Program::capture_typed(&[(vec![3], DType::F32), (vec![3], DType::F64)], |x| {
        vec![x[0], x[1], x[0] + x[1], x[0].less(0.5), x[0] * 2.0]
    })
    .expect("no value is read");
    let given = [Tensor::from([0.25f32, 0.5, 1.0]), Tensor::from([1.0, 2.0, 3.0])];
    let types: Vec<DType> = program.call(&given).iter().map(Tensor::dtype).collect();
    assert_eq!(types, [DType::F32, DType::F64, DType::F64, DType::F64, DType::F32]);
    // By slices: two numbers in the place of one.
    let packed = given.each_ref().map(Packed::of);
    let mut outputs =
        [DType::F32, DType::F64, DType::F64, DType::F64, DType::F32].map(|dtype| Packed::zeros([3], dtype));
    let [a, b, c, d, e] = outputs.each_mut().map(Packed::as_mut_slice);
    program.run(&packed.each_ref().map(Packed::as_slice), &mut [a, b, c, d, e]);
    assert_eq!(outputs[4].to_tensor().to_vec::<f32>(), [0.5, 1.0, 2.0]);
    assert_eq!(outputs[2].as_slice(), [1.25, 2.5, 4.0]);
}

#[test]
fn many_examples_are_packed_one_after_the_other() {
    let one = Program::capture_typed(&[(vec![3], DType::F32), (vec![3], DType::F32)], |x| {
        let y = (x[0] * x[1]).exp();
        vec![y, y.sum()]
    })
    .expect("no value is read");
    let (x, shared) = (numbers(&[5, 3], 1), numbers(&[3], 2));
    let many = one.batched(5, &[Batch::Each, Batch::Shared]).call(&[x.clone(), shared.clone()]);
    for row in 0..5 {
        let alone = one.clone().call(&[x.select(0, row), shared.clone()]);
        for (many, alone) in many.iter().zip(alone) {
            assert_eq!((many.dtype(), many.select(0, row).to_vec::<f32>()), (DType::F32, alone.to_vec::<f32>()));
        }
    }
}

#[test]
#[should_panic(expected = "Program::capture_typed: input 1 is I64; inputs are F64 or F32")]
fn other_types_are_refused() {
    let _ = Program::capture_typed(&[(vec![3], DType::F32), (vec![3], DType::I64)], |x| vec![x[0]]);
}

#[test]
#[should_panic(expected = "Program::run: input 0 has shape [3]")]
fn lengths_are_those_of_packed_numbers() {
    let mut program = Program::capture_typed(&[(vec![3], DType::F32)], |x| vec![x[0]]).expect("no value is read");
    program.run(&[&[0.0; 3]], &mut [&mut [0.0; 2]]);
}
