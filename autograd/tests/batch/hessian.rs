//! Matrices of second derivatives as Programs: against those of the tape, against differences of gradients and against
//! closed forms.

use crate::cases::{Case, cases, close, numbers, weigh};
use pyroxene_autograd::{Batch, DType, Program, Tensor, Triangle, Var, grad, hessian, scope};

/// Value, gradient and Hessian.
fn run(program: &mut Program, x: &[f64]) -> [Vec<f64>; 3] {
    let n = x.len();
    let mut found = [vec![f64::NAN], vec![f64::NAN; n], vec![f64::NAN; n * n]];
    let [value, gradient, hessian] = &mut found;
    program.run(&[x], &mut [value, gradient, hessian]);
    found
}

/// A case as a scalar function of one vector, which holds all its inputs.
fn scalar(case: &Case, x: Var) -> Var {
    let mut start = 0;
    let inputs: Vec<Var> = case
        .inputs
        .iter()
        .map(|(data, shape)| {
            let part = x.slice(0, start..start + data.len());
            start += data.len();
            part.reshape(&shape.iter().map(|&size| size as isize).collect::<Vec<_>>())
        })
        .collect();
    weigh((case.body)(&inputs))
}

fn close_all(name: &str, a: &[f64], b: &[f64], tolerance: f64) {
    let scale = a.iter().fold(1.0f64, |most, x| x.abs().max(most));
    for (i, (&a, &b)) in a.iter().zip(b).enumerate() {
        assert!(close(a / scale, b / scale, tolerance), "{name}, element {i}: {a} against {b}");
    }
}

#[test]
fn hessians_are_those_of_the_tape() {
    for case in cases().into_iter().filter(|case| case.smooth) {
        let x: Vec<f64> = case.inputs.iter().flat_map(|(data, _)| data.clone()).take(60).collect();
        let len: usize = case.inputs.iter().map(|(data, _)| data.len()).sum();
        if len > x.len() {
            continue;
        }
        let mut program = Program::hessian(&[[len]], |x| scalar(&case, x[0])).expect("no value is read");
        let expected: [Vec<f64>; 3] = scope(|| {
            let x = Var::from(&*x);
            let y = scalar(&case, x);
            [y, grad(y, &[x])[0], hessian(y, x)].map(|found| found.to_tensor().to_vec())
        });
        for (found, expected) in run(&mut program, &x).iter().zip(&expected) {
            close_all(case.name, found, expected, 1e-12);
        }
    }
}

/// Bayesian logistic regression: 50 rows of 4 predictors, standard normal slopes.
#[test]
fn the_hessian_of_a_logistic_regression_is_a_weighted_product() {
    let (rows, n) = (50, 4);
    let predictors: Vec<f64> = numbers(rows * n, 3).iter().map(|x| x - 1.0).collect();
    let labels: Vec<f64> = (0..rows).map(|i| f64::from(i % 3 == 0)).collect();
    let (x, y) = (Tensor::from_vec(predictors.clone(), [rows, n]), Tensor::from(&*labels));
    let log_density = |b: &[Var]| {
        let eta = Var::from(&x).matmul(b[0]);
        (Var::from(&y) * eta - eta.softplus()).sum() - b[0].square().sum() * 0.5
    };
    let mut program = Program::hessian(&[[n]], log_density).expect("no value is read");
    let b = [0.3, -0.8, 0.5, 1.1];
    let [_, gradient, found] = run(&mut program, &b);
    let eta: Vec<f64> = predictors.chunks(n).map(|row| row.iter().zip(&b).map(|(x, b)| x * b).sum()).collect();
    let p: Vec<f64> = eta.iter().map(|eta: &f64| 1.0 / (1.0 + (-eta).exp())).collect();
    let column = |j: usize| predictors.iter().skip(j).step_by(n);
    for i in 0..n {
        let slope: f64 = column(i).zip(labels.iter().zip(&p)).map(|(x, (y, p))| x * (y - p)).sum();
        assert!(close(gradient[i], slope - b[i], 1e-13));
        for j in 0..n {
            let curvature: f64 = column(i).zip(column(j)).zip(&p).map(|((x, z), p)| x * z * p * (1.0 - p)).sum();
            assert!(close(found[i * n + j], -curvature - f64::from(i == j), 1e-13));
        }
    }
    // The predictors are read by products of matrices, not once for each unit vector.
    assert!(program.explain().contains("[4, 4] = matmul %"), "{}", program.explain());
}

/// The log marginal likelihood of a Gaussian process at 11 points, by the logarithms of length, scale and noise.
fn gaussian_process(theta: &[Var]) -> Var {
    let points = Tensor::arange(-1.0, 1.05, 0.2);
    let y = Var::from((&points * 3.0).sin() + (&points * 17.0).cos() * 0.1);
    let x = Var::from(&points);
    let parameter = |k: isize| theta[0].select(0, k).exp();
    let distance = (x.unsqueeze(1) - x.unsqueeze(0)) / parameter(0);
    let noise = parameter(2).square() * Var::from(Tensor::eye(11, DType::F64));
    let factor = (parameter(1).square() * (distance.square() * -0.5).exp() + noise).cholesky();
    let white = factor.solve_triangular(y, Triangle::Lower, false);
    -0.5 * white.square().sum() - factor.diagonal().ln().sum()
}

#[test]
fn the_hessian_of_a_gaussian_process_is_the_difference_of_gradients() {
    let mut program = Program::hessian(&[[3]], gaussian_process).expect("no value is read");
    let theta = [-0.7, 0.2, -1.3];
    let [_, _, found] = run(&mut program, &theta);
    let h = 1e-3;
    for i in 0..3 {
        let mut gradient = |step: f64| {
            let mut moved = theta;
            moved[i] += step;
            let [_, gradient, _] = run(&mut program, &moved);
            gradient
        };
        let [a, b, c, d] = [h, -h, 2.0 * h, -2.0 * h].map(&mut gradient);
        for j in 0..3 {
            let numeric = (8.0 * (a[j] - b[j]) - (c[j] - d[j])) / (12.0 * h);
            assert!(close(found[3 * i + j], numeric, 1e-8), "[{i}, {j}]: {} against {numeric}", found[3 * i + j]);
            assert!(close(found[3 * i + j], found[3 * j + i], 1e-12), "symmetric");
        }
    }
}

#[test]
fn hessians_at_many_points_are_one_program() {
    let mut one = Program::hessian(&[[3]], gaussian_process).expect("no value is read");
    let mut many = one.batched(5, &[Batch::Each]);
    let x: Vec<f64> = numbers(15, 4).iter().map(|x| x - 1.2).collect();
    let (mut values, mut gradients, mut hessians) = ([0.0; 5], [0.0; 15], [0.0; 45]);
    many.run(&[&x], &mut [&mut values, &mut gradients, &mut hessians]);
    for (k, x) in x.chunks(3).enumerate() {
        let [value, gradient, hessian] = run(&mut one, x);
        close_all("value", &value, &values[k..k + 1], 1e-12);
        close_all("gradient", &gradient, &gradients[3 * k..3 * k + 3], 1e-12);
        close_all("hessian", &hessian, &hessians[9 * k..9 * k + 9], 1e-12);
    }
}

#[test]
fn functions_without_curvature_have_a_hessian_of_zero() {
    let mut program = Program::hessian(&[[2]], |x| (x[0] * Var::from([2.0, 3.0])).sum()).expect("no value is read");
    assert_eq!(run(&mut program, &[1.0, 1.0]), [vec![5.0], vec![2.0, 3.0], vec![0.0; 4]]);
    let mut constant = Program::hessian(&[[2]], |_| Var::from(7.0)).expect("no value is read");
    assert_eq!(run(&mut constant, &[1.0, 1.0]), [vec![7.0], vec![0.0; 2], vec![0.0; 4]]);
}

#[test]
#[should_panic(expected = "Program::hessian: input 0 must be a vector, got Some([2, 2])")]
fn the_input_is_a_vector() {
    let _ = Program::hessian(&[[2, 2]], |x| x[0].sum());
}
