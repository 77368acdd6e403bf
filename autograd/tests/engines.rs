//! One suite of cases on both engines: direct evaluation and Programs agree, and gradients agree with finite differences.

use pyroxene_autograd::{DType, Key, Program, Tensor, Var, grad, scope};

#[path = "common/cases.rs"]
mod cases;

use cases::{Case, cases, close, outputs, weigh};

fn tensors(case: &Case) -> Vec<Tensor> {
    case.inputs.iter().map(|(data, shape)| Tensor::from_vec(data.clone(), shape)).collect()
}

#[test]
fn program_equals_direct_evaluation() {
    for case in cases() {
        let inputs = tensors(&case);
        let direct: Vec<Tensor> = scope(|| {
            let x: Vec<Var> = inputs.iter().map(Var::from).collect();
            outputs(&case, &x).into_iter().map(Var::to_tensor).collect()
        });
        let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
        let mut program = Program::capture(&shapes, |x| outputs(&case, x)).expect("no value is read");
        // Twice, so that nothing left over from a run changes the next.
        for _ in 0..2 {
            let compiled = program.call(&inputs);
            for (k, (a, b)) in direct.iter().zip(&compiled).enumerate() {
                assert_eq!(a.shape(), b.shape(), "{}: output {k}", case.name);
                for (i, (&a, &b)) in a.to_vec::<f64>().iter().zip(&b.to_vec::<f64>()).enumerate() {
                    assert!(
                        close(a, b, 1e-12),
                        "{}: output {k}[{i}]: direct {a}, Program {b}\n{}",
                        case.name,
                        program.explain()
                    );
                }
            }
        }
    }
}

#[test]
fn gradients_equal_finite_differences() {
    for case in cases().into_iter().filter(|case| case.smooth) {
        let loss = |inputs: &[Tensor]| {
            scope(|| {
                let x: Vec<Var> = inputs.iter().map(Var::from).collect();
                weigh((case.body)(&x)).item()
            })
        };
        let inputs = tensors(&case);
        let gradients: Vec<Vec<f64>> = scope(|| {
            let x: Vec<Var> = inputs.iter().map(Var::from).collect();
            grad(weigh((case.body)(&x)), &x).into_iter().map(|g| g.to_tensor().to_vec()).collect()
        });
        for (k, (data, shape)) in case.inputs.iter().enumerate() {
            for i in 0..data.len() {
                let shifted = |step: f64| {
                    let mut moved = inputs.clone();
                    let mut data = data.clone();
                    data[i] += step;
                    moved[k] = Tensor::from_vec(data, shape);
                    loss(&moved)
                };
                let h = 1e-3;
                // Five points: the error is of order h^4.
                let numeric = (8.0 * (shifted(h) - shifted(-h)) - (shifted(2.0 * h) - shifted(-2.0 * h))) / (12.0 * h);
                let exact = gradients[k][i];
                assert!(
                    close(exact, numeric, 1e-7),
                    "{}: input {k}[{i}]: gradient {exact}, differences {numeric}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn second_derivatives_equal_differences_of_the_first() {
    for case in cases().into_iter().filter(|case| case.smooth) {
        let inputs = tensors(&case);
        let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
        let n = inputs.len();
        let mut program = Program::capture(&shapes, |x| outputs(&case, x)).expect("no value is read");
        let all = program.call(&inputs);
        let (first, second) = (&all[2..2 + n], &all[2 + n..]);
        // The derivative of |g|² along g itself is 2 gᵀ H g.
        let h = 1e-4;
        let mut size = |step: f64| -> f64 {
            let moved: Vec<Tensor> = inputs.iter().zip(first).map(|(x, g)| x + &(g * step)).collect();
            program.call(&moved)[2..2 + n].iter().map(|g| g.square().sum().item()).sum()
        };
        let numeric = (8.0 * (size(h) - size(-h)) - (size(2.0 * h) - size(-2.0 * h))) / (12.0 * h);
        let exact: f64 = first.iter().zip(second).map(|(g, s)| (g * s).sum().item()).sum();
        assert!(close(exact, numeric, 1e-5), "{}: {exact} against {numeric}", case.name);
    }
}

#[test]
fn draws_are_the_same_in_a_program() {
    let draws = |key: Key| {
        let rate = Var::from([0.5, 4.0, 30.0]);
        vec![
            key.named("n").normal(&[3, 2]),
            key.named("u").uniform(&[4]),
            key.named("e").exponential(&[2]),
            key.named("g").gamma(rate, &[3]),
            key.named("b").beta(rate, Var::from(2.0), &[3]),
            key.named("p").poisson(rate, &[3]),
            key.named("c").choice(10, 4).cast(DType::F64),
            key.named("k").categorical(Var::from([0.2, 0.8]), &[5]),
            key.named("d").dirichlet(rate, &[2]),
            key.named("bi").binomial([3.0, 30.0, 300.0], 0.4, &[3]),
            key.named("m").multinomial([9.0, 90.0], rate, &[2]),
            key.named("i").randint(-5, 60, &[4]).cast(DType::F64),
            key.named("w").weighted_choice(rate, 2).cast(DType::F64),
            key.split(3)[1].permutation(5).cast(DType::F64),
        ]
    };
    let direct: Vec<Vec<f64>> = draws(Key::from_seed(9)).into_iter().map(|v| v.to_tensor().to_vec()).collect();
    let mut program = Program::capture(&[&[Key::WORDS]], |x| draws(Key::from_root(x[0]))).expect("no value is read");
    let compiled = program.call(&[Tensor::from(Key::words(9))]);
    for (a, b) in direct.iter().zip(&compiled) {
        assert_eq!(a, &b.to_vec::<f64>());
    }
    let other = program.call(&[Tensor::from(Key::words(10))]);
    assert_ne!(direct[0], other[0].to_vec::<f64>());
}
