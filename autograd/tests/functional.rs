//! Loops, checkpoints, derivatives of the caller's own, Jacobians: against plain expressions, on both engines.

use pyroxene_autograd::{
    DType, Program, Tensor, Var, checkpoint, custom_vjp, grad, hessian, hessian_vector_product, jacobian, jvp, scan,
    scan_slices, scope, vjp,
};

type Body = fn(&[Var]) -> Var;

fn numbers(n: usize, seed: f64) -> Vec<f64> {
    (0..n).map(|i| 1.0 + 0.6 * ((i as f64 + 1.7) * (seed + 1.9)).sin()).collect()
}

fn inputs(shapes: &[&[usize]]) -> Vec<Tensor> {
    let data = |(k, shape): (usize, &&[usize])| Tensor::from_vec(numbers(shape.iter().product(), k as f64), shape);
    shapes.iter().enumerate().map(data).collect()
}

/// The value, its gradients, and a gradient of the gradients, one after the other.
fn derivatives(body: Body, x: &[Var]) -> Vec<Var> {
    let y = body(x);
    let weights = Var::from(Tensor::from_vec(numbers(y.len(), 7.0), y.shape()));
    let first = grad((y * weights).sum(), x);
    let slopes: Var = first.iter().map(|g| (g.sin() * 1.3 + g.square()).sum()).sum();
    let second = grad(slopes, x);
    std::iter::once(y).chain(first).chain(second).collect()
}

fn direct(body: Body, inputs: &[Tensor]) -> Vec<Vec<f64>> {
    scope(|| {
        let x: Vec<Var> = inputs.iter().map(Var::from).collect();
        derivatives(body, &x).into_iter().map(|y| y.to_tensor().to_vec::<f64>()).collect()
    })
}

fn compiled(body: Body, inputs: &[Tensor]) -> Vec<Vec<f64>> {
    let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
    let mut program = Program::capture(&shapes, |x| derivatives(body, x)).expect("no value is read");
    let first = program.call(inputs);
    let again = program.call(inputs);
    assert_eq!(first, again, "a second run gives the same");
    first.into_iter().map(|y| y.to_vec::<f64>()).collect()
}

#[track_caller]
fn assert_close(a: &[Vec<f64>], b: &[Vec<f64>], what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (k, (a, b)) in a.iter().zip(b).enumerate() {
        assert_eq!(a.len(), b.len(), "{what}: result {k}");
        let scale = b.iter().fold(1e-300f64, |scale, b| scale.max(b.abs()));
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= 1e-11 * scale, "{what}: result {k}: {a} and {b}");
        }
    }
}

/// `body` says the same as `plain`, in value and in first and second derivatives, on both engines.
#[track_caller]
fn check(shapes: &[&[usize]], body: Body, plain: Body) {
    let inputs = inputs(shapes);
    let expected = direct(plain, &inputs);
    assert_close(&direct(body, &inputs), &expected, "direct");
    assert_close(&compiled(body, &inputs), &expected, "Program");
}

#[test]
fn a_scan_is_the_loop_written_out() {
    check(
        &[&[], &[6], &[3], &[3]],
        |x| {
            let ([s, v], [made]) = scan(6, [x[0], x[2]], [x[1]], |[s, v], [x1]| {
                let next = (s * 0.5 + x1).sin() + v.mean();
                ([next, v * x[3] + next], [next * v])
            });
            s + v.sum() + made.select(0, 2).sum() * made.sum()
        },
        |x| {
            let (mut s, mut v, mut made) = (x[0], x[2], Vec::new());
            for t in 0..6 {
                let next = (s * 0.5 + x[1].select(0, t)).sin() + v.mean();
                made.push(next * v);
                (s, v) = (next, v * x[3] + next);
            }
            let made = Var::stack(&made, 0);
            s + v.sum() + made.select(0, 2).sum() * made.sum()
        },
    );
}

#[test]
fn a_scan_of_matrices_with_nothing_made_and_nothing_given() {
    check(
        &[&[2, 2], &[2, 2]],
        |x| {
            let ([a], []) = scan(4, [x[0]], [], |[a], []| ([a.matmul(x[1]).tanh()], []));
            a
        },
        |x| (0..4).fold(x[0], |a, _| a.matmul(x[1]).tanh()),
    );
}

#[test]
fn scans_nest() {
    check(
        &[&[], &[3, 4]],
        |x| {
            let ([total], []) = scan(3, [x[0]], [x[1]], |[total], [row]| {
                let ([inner], []) = scan(4, [total], [row], |[s], [x]| ([(s * x).sin() + total], []));
                ([inner * 0.5], [])
            });
            total
        },
        |x| {
            (0..3).fold(x[0], |total, i| {
                (0..4).fold(total, |s, j| (s * x[1].select(0, i).select(0, j)).sin() + total) * 0.5
            })
        },
    );
}

#[test]
fn a_scan_of_no_steps_carries_on_what_came() {
    check(
        &[&[2], &[3]],
        |x| {
            let ([s], [made]) = scan(0, [x[0]], [x[1].slice(0, ..0)], |[s], [x]| ([s * x], [s]));
            assert_eq!(made.shape().as_slice(), [0, 2]);
            s * 2.0
        },
        |x| x[0] * 2.0 + x[1].sum() * 0.0,
    );
}

#[test]
fn scans_carry_whole_numbers_and_truth_values() {
    let counted = scope(|| {
        let x = Var::from([1.0, -2.0, 3.0, -4.0]);
        let start = [Var::from(Tensor::from(0i64)), Var::from(Tensor::from(false))];
        let ([count, any], [signs]) = scan(4, start, [x], |[count, any], [x]| {
            let negative = x.less(0.0);
            ([count + negative.cast(DType::I64), any.or(negative)], [negative])
        });
        assert_eq!((count.dtype(), any.dtype(), signs.dtype()), (DType::I64, DType::Bool, DType::Bool));
        [count, any, signs.sum()].map(|v| v.item())
    });
    assert_eq!(counted, [2.0, 1.0, 2.0]);
}

#[test]
fn a_long_scan_is_a_short_program() {
    let program = |steps: usize| {
        Program::capture(&[&[steps][..], &[]], |x| {
            let ([last], []) = scan(steps, [Var::from(0.0)], [x[0]], |[s], [e]| ([s * x[1] + e.sin()], []));
            let gradient = grad(last, x);
            vec![last, gradient[0], gradient[1]]
        })
        .expect("no value is read")
    };
    let nodes = |program: &Program| {
        program.explain().lines().find(|line| line.starts_with("simplified")).expect("a heading").to_string()
    };
    assert_eq!(nodes(&program(10)), nodes(&program(10_000)));
    let x = Tensor::from(numbers(10_000, 1.0));
    let results = program(10_000).call(&[x.clone(), Tensor::from(0.9)]);
    let (mut s, mut ds) = (0.0f64, 0.0f64);
    for e in x.iter_f64() {
        (s, ds) = (s * 0.9 + e.sin(), ds * 0.9 + s);
    }
    assert!((results[0].item() - s).abs() < 1e-12 * s.abs());
    assert!((results[2].item() - ds).abs() < 1e-12 * ds.abs());
    let e = x.at(&[9_990]);
    assert!((results[1].at(&[9_990]) - 0.9f64.powi(9) * e.cos()).abs() < 1e-14);
}

#[test]
fn checkpoints_change_nothing_but_memory() {
    check(
        &[&[3], &[3]],
        |x| {
            let y = checkpoint(|| (x[0] * x[1]).sin() + x[0]);
            checkpoint(|| (y * x[1]).exp().cumsum(0)) * y
        },
        |x| {
            let y = (x[0] * x[1]).sin() + x[0];
            (y * x[1]).exp().cumsum(0) * y
        },
    );
}

#[test]
fn a_checkpoint_takes_many_inputs() {
    let many: Vec<f64> = numbers(20, 3.0);
    let (kept, plain) = scope(|| {
        let x: Vec<Var> = many.iter().map(|&v| Var::from(v)).collect();
        let product = || x.iter().fold(Var::from(1.0), |p, &x| p * x);
        let derivative = |y: Var| grad(y, &x).into_iter().map(|g| g.item()).collect::<Vec<_>>();
        (derivative(checkpoint(product)), derivative(product()))
    });
    assert_close(&[kept], &[plain], "twenty inputs");
}

/// Sixteen layers of eight products that the derivative needs: checkpoints keep one layer's at a time.
#[test]
fn checkpoints_save_memory() {
    fn layer(x: Var) -> Var {
        (0..8).fold(x, |x, k| (x.cumsum(0) * 0.01).sin() * (1.0 + 0.1 * f64::from(k)))
    }
    let memory = |kept: bool| {
        let program = Program::capture(&[&[1000]], |x| {
            let y = (0..16).fold(x[0], |x, _| if kept { checkpoint(|| layer(x)) } else { layer(x) });
            vec![grad(y.sum(), x)[0]]
        });
        program.expect("no value is read").memory_len()
    };
    let (with, without) = (memory(true), memory(false));
    assert!(with * 3 < without, "{with} numbers with checkpoints, {without} without");
}

#[test]
fn a_custom_derivative_replaces_that_of_the_value() {
    check(
        &[&[4], &[4]],
        |x| {
            // d(a b) with the rule of a b + b: the value stays a b.
            custom_vjp(&[x[0], x[1]], x[0] * x[1], |x, _, gy| vec![gy * x[1], gy * x[0]])
        },
        |x| x[0] * x[1],
    );
    scope(|| {
        let x = Var::from(3.0);
        let y = custom_vjp(&[x], x * x, |x, y, gy| vec![gy * 10.0 * x[0] + y * 0.0]);
        let first = grad(y, &[x])[0];
        assert_eq!((y.item(), first.item()), (9.0, 30.0));
        // The rule is differentiated in its turn, the value's own derivative is not used.
        assert_eq!(grad(first, &[x])[0].item(), 10.0);
    });
}

#[test]
fn products_with_jacobians_agree_with_the_jacobian() {
    scope(|| {
        let x = Var::from([0.3, -0.7, 1.1]);
        for y in [(x * x.sum()).sin(), Var::concat(&[x.exp(), x * x], 0), x.slice(0, ..2).tanh()] {
            let matrix = jacobian(y, x).to_tensor();
            assert_eq!(matrix.shape(), [y.len(), 3]);
            let tangent = Var::from([0.2, 0.5, -1.0]);
            let forward = jvp(y, &[x], &[tangent]).to_tensor();
            assert!(forward.allclose(matrix.matmul(&tangent.to_tensor()), 1e-14, 1e-14));
            let cotangent = Var::from(numbers(y.len(), 2.0));
            let backward = vjp(y, cotangent, &[x])[0].to_tensor();
            assert!(backward.allclose(cotangent.to_tensor().matmul(&matrix), 1e-14, 1e-14));
        }
        let y = (x.exp() * x.sum()).sum();
        let matrix = hessian(y, x).to_tensor();
        let v = Var::from([1.0, 2.0, -0.5]);
        let product = hessian_vector_product(y, &[x], &[v])[0].to_tensor();
        assert!(product.allclose(matrix.matmul(&v.to_tensor()), 1e-14, 1e-14));
        assert!(matrix.allclose(jacobian(grad(y, &[x])[0], x).to_tensor(), 1e-14, 1e-14));
        assert_eq!(jacobian(Var::zeros(&[2, 0]), x).shape().as_slice(), [2, 0, 3]);
    });
}

#[test]
fn mistakes_are_named() {
    type Case = (&'static str, fn());
    let cases: &[Case] = &[
        ("scan: value 0 of the steps has shape [3], not 4 entries", || {
            let _ = scan(4, [Var::from(0.0)], [Var::zeros(&[3])], |[s], [x]| ([s + x], []));
        }),
        ("scan: carried value 0 is F64 [], the step gives F64 [2]", || {
            let _ = scan(4, [Var::from(0.0)], [], |[s], []| ([s + Var::zeros(&[2])], []));
        }),
        ("scan: carried value 0 is I64 [], the step gives F64 []", || {
            let _ = scan(4, [Var::from(0)], [], |[s], []| ([s.exp()], []));
        }),
        ("scan: 1 values are carried, the step gives 2", || {
            let _ = scan_slices(4, &[Var::from(0.0)], &[], |s, _| (vec![s[0], s[0]], vec![]));
        }),
        ("functional.rs:", || {
            let _ = scan(4, [Var::from(0.0)], [], |[s], []| (if s.item() > 0.0 { [s] } else { [-s] }, []));
        }),
        ("custom_vjp: the rule gave 0 derivatives for 1 inputs", || {
            let x = Var::from(1.0);
            let _ = grad(custom_vjp(&[x], x, |_, _, _| vec![]), &[x]);
        }),
        ("custom_vjp: the derivative by input 0 has shape [2], the input []", || {
            let x = Var::from(1.0);
            let _ = grad(custom_vjp(&[x], x, |_, _, _| vec![Var::zeros(&[2])]), &[x]);
        }),
        ("straight_through: the value has shape [2], the surrogate []", || {
            let _ = Var::zeros(&[2]).straight_through(1.0);
        }),
        ("jvp: input 0 has shape [2], its tangent [3]", || {
            let x = Var::zeros(&[2]);
            let _ = jvp(x, &[x], &[Var::zeros(&[3])]);
        }),
        ("jvp: 1 inputs and 0 tangents", || {
            let x = Var::zeros(&[2]);
            let _ = jvp(x, &[x], &[]);
        }),
        ("hessian: expected a vector, got [2, 2]", || {
            let x = Var::zeros(&[2, 2]);
            let _ = hessian(x.sum(), x);
        }),
        ("hessian_vector_product: input 0 has shape [2], its vector []", || {
            let x = Var::zeros(&[2]);
            let _ = hessian_vector_product(x.sum(), &[x], &[Var::from(1.0)]);
        }),
    ];
    for &(expected, body) in cases {
        let panic = std::panic::catch_unwind(|| scope(body)).expect_err(expected);
        let text = panic.downcast_ref::<String>().expect("a message");
        assert!(text.contains(expected), "expected {expected:?} in {text:?}");
    }
}
