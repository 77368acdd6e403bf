//! Single precision in Programs: data in f32 are those numbers exactly, and matrix products of f32 expressions are those of
//! the tensor library.

use pyroxene_autograd::{Batch, DType, Program, Tensor, Var, grad};
use pyroxene_kernels::Unary;

/// Deterministic numbers that are exact in f32.
fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| f64::from(((i as f64 + 0.5) * 12.9898).sin() as f32)).collect()
}

/// The value and gradient of a logistic regression on data of a type.
fn regression(rows: usize, columns: usize, dtype: DType) -> Program {
    let x = Tensor::from_vec(numbers(rows * columns), [rows, columns]).cast(dtype);
    let y = Tensor::from_vec((0..rows).map(|i| f64::from(u8::from(i % 3 == 0))).collect(), [rows]).cast(dtype);
    Program::capture(&[&[columns][..], &[]], |inputs| {
        let logits = Var::from(&x).matmul(inputs[0]) + inputs[1];
        let density = (logits * &y - logits.softplus()).sum();
        let derivatives = grad(density, inputs);
        vec![density, derivatives[0], derivatives[1]]
    })
    .expect("no value is read")
}

fn outputs(mut program: Program) -> Vec<u64> {
    let inputs: Vec<Tensor> =
        program.input_shapes().map(|shape| Tensor::from_vec(numbers(shape.iter().product()), shape)).collect();
    program.call(&inputs).iter().flat_map(Tensor::to_vec::<f64>).map(f64::to_bits).collect()
}

#[test]
fn data_in_f32_are_the_same_numbers() {
    for (rows, columns) in [(2, 2), (64, 64), (67, 67), (569, 30), (1024, 54), (5000, 3), (3000, 67), (20_000, 5)] {
        let [double, single] = [DType::F64, DType::F32].map(|dtype| regression(rows, columns, dtype));
        // Kept in f32 in both: their numbers are exact.
        for program in [&double, &single] {
            assert!(program.explain().contains("some rows at a time"), "{}", program.explain());
            assert_eq!(program.explain().contains("f32 data"), rows * columns >= 1 << 12, "{}", program.explain());
        }
        assert_eq!(outputs(double), outputs(single), "{rows} x {columns}");
    }
}

#[test]
fn data_that_are_not_exact_stay_in_f64() {
    let mut values = numbers(80 * 80);
    let product = |values: &[f64], x: Var| Var::from(Tensor::from_vec(values.to_vec(), [80, 80])).matmul(x);
    let program =
        |values: &[f64]| Program::capture(&[[80]], |x| vec![product(values, x[0])]).expect("no value is read");
    assert!(program(&values).explain().contains("f32 data"));
    values[6399] = 0.1;
    assert!(!program(&values).explain().contains("f32 data"));
    // What is lost in f32 would be lost here.
    let mut ones = [0.0; 80];
    program(&values).run(&[&std::array::from_fn::<f64, 80, _>(|i| f64::from(u8::from(i == 79)))], &mut [&mut ones]);
    assert_eq!(ones[79], 0.1);
}

#[test]
fn hostile_data_pass_through_products() {
    let mut values = numbers(70 * 70);
    let tiny = f64::from(f32::from_bits(1));
    values[..5].copy_from_slice(&[f64::INFINITY, -0.0, tiny, f64::from(f32::MAX), f64::NAN]);
    let matrix = Tensor::from_vec(values.clone(), [70, 70]);
    for transposed in [false, true] {
        for dtype in [DType::F64, DType::F32] {
            let matrix = matrix.cast(dtype);
            let body = |x: &[Var]| {
                let matrix = Var::from(&matrix);
                vec![if transposed { x[0].matmul(matrix) } else { matrix.matmul(x[0]) }]
            };
            let mut program = Program::capture(&[[70]], body).expect("no value is read");
            assert!(program.explain().contains("f32 data"));
            for unit in 0..5 {
                let mut x = [0.0; 70];
                x[unit] = 1.0;
                let mut y = [0.0; 70];
                program.run(&[&x], &mut [&mut y]);
                let direct = if transposed { Tensor::from(x).matmul(&matrix) } else { matrix.matmul(&Tensor::from(x)) };
                let key = |x: f64| if x.is_nan() { None } else { Some(x.to_bits()) };
                assert!(y.iter().zip(direct.cast(DType::F64).to_vec::<f64>()).all(|(&a, b)| key(a) == key(b)));
            }
        }
    }
}

/// A value and its gradients, by a Program and by direct evaluation.
fn both(shapes: &[Vec<usize>], body: impl Fn(&[Var]) -> Var) -> (Program, Vec<Tensor>, Vec<Tensor>) {
    let function = |x: &[Var]| {
        let y = body(x);
        let mut all = vec![y];
        all.extend(grad(y.sum(), x));
        all
    };
    let inputs: Vec<Tensor> =
        shapes.iter().map(|shape| Tensor::from_vec(numbers(shape.iter().product()), shape)).collect();
    let mut program = Program::capture(shapes, function).expect("no value is read");
    let ours = program.call(&inputs);
    let vars: Vec<Var> = inputs.iter().map(Var::from).collect();
    (program, ours, function(&vars).into_iter().map(|y| y.to_tensor().cast(DType::F64)).collect())
}

#[test]
fn products_of_f32_expressions_are_those_of_the_tensor_library() {
    let product = |x: &[Var]| x[0].cast(DType::F32).matmul(x[1].cast(DType::F32));
    for (m, k, n) in
        [(1, 1, 1), (3, 4, 5), (33, 67, 21), (64, 64, 64), (40, 300, 17), (67, 1, 67), (1, 67, 64), (64, 67, 1)]
    {
        let (program, ours, direct) = both(&[vec![m, k], vec![k, n]], product);
        let in_single = m.min(n) > 1 && m * n * k >= 1 << 14;
        assert_eq!(program.explain().contains("in f32"), in_single, "{m} {k} {n}: {}", program.explain());
        for (ours, direct) in ours.iter().zip(&direct) {
            if in_single {
                assert_eq!(ours.to_vec::<f64>(), direct.to_vec::<f64>(), "{m} {k} {n}");
            } else {
                assert!(ours.allclose(direct, 1e-5, 1e-5), "{m} {k} {n}");
            }
        }
    }
    // In f64 if one factor is.
    let (program, ..) = both(&[vec![64, 64], vec![64, 64]], |x| x[0].cast(DType::F32).matmul(x[1]));
    assert!(!program.explain().contains("in f32"));
}

#[test]
fn batches_and_networks_are_those_of_f64_within_the_precision_of_f32() {
    let network = |dtype: DType| {
        move |x: &[Var]| {
            let hidden = (x[0].cast(dtype).matmul(x[1].cast(dtype).t()) + x[2].cast(dtype)).softplus();
            hidden.matmul(x[3].cast(dtype)).square()
        }
    };
    for shapes in
        [[vec![32, 40], vec![50, 40], vec![50], vec![50, 30]], [vec![3, 32, 40], vec![50, 40], vec![50], vec![50, 30]]]
    {
        let (program, single, direct) = both(&shapes, network(DType::F32));
        let (_, double, _) = both(&shapes, network(DType::F64));
        let products = program.explain().lines().filter(|line| line.contains(" x ") && line.ends_with(" in f32"));
        assert_eq!(products.count(), 6, "{}", program.explain());
        for ((single, double), direct) in single.iter().zip(&double).zip(&direct) {
            let size = double.abs().max().item();
            assert!(single.allclose(double, 1e-5, 1e-6 * size) && !single.allclose(double, 0.0, 0.0));
            assert!(single.allclose(direct, 1e-5, 1e-6 * size));
        }
    }
}

#[test]
fn predictors_in_f32_are_multiplied_in_f32_if_the_slopes_are_too() {
    let (rows, columns) = (5000, 7);
    let x = Tensor::from_vec(numbers(rows * columns), [rows, columns]).cast(DType::F32);
    let density = |dtype: DType| {
        let x = x.clone();
        move |b: &[Var]| Var::from(&x).matmul(b[0].cast(dtype)).cast(DType::F64).softplus().sum()
    };
    let (program, single, direct) = both(&[vec![columns]], density(DType::F32));
    let (_, double, _) = both(&[vec![columns]], density(DType::F64));
    assert!(program.explain().contains("f32 data[5000, 7] x in0[7, 1] in f32, a loop"), "{}", program.explain());
    for ((single, double), direct) in single.iter().zip(&double).zip(&direct) {
        assert!(single.allclose(double, 1e-5, 1e-4) && !single.allclose(double, 0.0, 0.0));
        assert!(single.allclose(direct, 1e-5, 1e-4));
    }
}

type Function = (Unary, fn(Var) -> Var);

const FUNCTIONS: [Function; 6] = [
    (Unary::Exp, Var::exp),
    (Unary::Log1p, Var::ln_1p),
    (Unary::Softplus, Var::softplus),
    (Unary::Sigmoid, Var::sigmoid),
    (Unary::Tanh, Var::tanh),
    (Unary::Erf, Var::erf),
];

fn bits(x: impl IntoIterator<Item = f64>) -> Vec<u64> {
    x.into_iter().map(f64::to_bits).collect()
}

#[test]
fn functions_of_f32_expressions_have_the_precision_of_f32() {
    let x = numbers(67);
    for (op, f) in FUNCTIONS {
        let [double, single] = [Unary::eval, Unary::eval_single].map(|eval| bits(x.iter().map(|&x| eval(op, x))));
        assert_ne!(double, single);
        // Neither is taken for the other, in either order, even where both are of the same number.
        let body =
            |x: &[Var]| vec![f(x[0]), f(x[0].cast(DType::F32)), f(x[0]), f(x[0].cast(DType::F32).cast(DType::F64))];
        let mut program = Program::capture(&[[67]], body).expect("no value is read");
        let outputs: Vec<_> =
            program.call(&[Tensor::from(x.clone())]).iter().map(|y| bits(y.to_vec::<f64>())).collect();
        assert_eq!(outputs, [double.clone(), single, double.clone(), double], "{}", op.name());
    }
}

#[test]
fn rules_and_batches_keep_the_precision() {
    let x = numbers(60);
    for (dtype, eval) in [(DType::F64, Unary::eval as fn(Unary, f64) -> f64), (DType::F32, Unary::eval_single)] {
        let want = bits(x.iter().map(|&x| eval(Unary::Softplus, x)));
        let body = |x: &[Var]| vec![(x[0].cast(dtype).exp() + 1.0).ln()];
        let mut program = Program::capture(&[[20]], body).expect("no value is read");
        assert!(program.explain().contains("Log1p(Exp(x)) => Softplus(x)"), "{}", program.explain());
        let first = program.call(&[Tensor::from(x[..20].to_vec())]);
        assert_eq!(bits(first[0].to_vec::<f64>()), want[..20]);
        let mut batch = program.batched(3, &[Batch::Each]);
        let all = batch.call(&[Tensor::from_vec(x.clone(), [3, 20])]);
        assert_eq!(bits(all[0].to_vec::<f64>()), want);
    }
}
