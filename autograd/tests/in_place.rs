//! Programs read inputs and write outputs where they lie.

use pyroxene_autograd::{Program, Tensor, Var, grad};

/// The outputs of a Program and of direct evaluation, on inputs of these shapes; with what the Program says of itself.
fn both(shapes: &[&[usize]], body: impl Fn(&[Var]) -> Vec<Var>) -> (Vec<Tensor>, Vec<Tensor>, Program) {
    let numbers = |shape: &&[usize]| {
        let values = (0..shape.iter().product()).map(|i| ((i as f64 + 1.0) * 0.37).sin()).collect();
        Tensor::from_vec(values, *shape)
    };
    let inputs: Vec<Tensor> = shapes.iter().map(numbers).collect();
    let vars: Vec<Var> = inputs.iter().map(Var::from).collect();
    let direct = body(&vars).into_iter().map(Var::to_tensor).collect();
    let mut program = Program::capture(shapes, body).expect("no value is read");
    program.call(&inputs.iter().map(|x| x * 3.0).collect::<Vec<_>>());
    (program.call(&inputs), direct, program)
}

fn check(shapes: &[&[usize]], body: impl Fn(&[Var]) -> Vec<Var>) -> Program {
    let (got, want, program) = both(shapes, body);
    for (k, (got, want)) in got.iter().zip(&want).enumerate() {
        assert_eq!(got.shape(), want.shape(), "output {k}");
        for (a, b) in got.to_vec::<f64>().iter().zip(&want.to_vec::<f64>()) {
            assert!((a - b).abs() <= 1e-13 * b.abs().max(1.0), "output {k}: {a} for {b}\n{}", program.explain());
        }
    }
    program
}

#[test]
fn an_elementwise_program_has_no_memory() {
    let program = check(&[&[1000]], |x| {
        let z = (x[0] - 0.3) / 1.7;
        let y = (-0.5 * z * z).exp();
        vec![y, grad(y.sum(), x)[0]]
    });
    let text = program.explain();
    assert_eq!(program.memory_len(), 0, "{text}");
    assert!(text.contains("= in0[1000]") && text.contains("out0 = ") && text.contains("out1 = "), "{text}");
}

#[test]
fn outputs_are_inputs_of_later_steps() {
    let program = check(&[&[4, 4], &[4]], |x| {
        let sum = x[1].exp().sum();
        let scaled = x[0] * sum;
        let product = scaled.matmul(x[0]);
        let running = product.cumsum(1);
        let joined = Var::concat(&[running, product], 0);
        let placed = grad((joined.slice(0, 2..6) * joined.slice(0, 1..5)).sum(), &[joined])[0];
        vec![placed, joined, running, product, scaled, sum, placed * sum]
    });
    let text = program.explain();
    assert!(text.contains("out2[4, 4] = cumsum out3[4, 4]"), "{text}");
    assert!(
        text.contains("r0 = out2[4, 4]\n    out1 = r0") && text.contains("r0 = out3[4, 4]\n    out1 from 16 = r0"),
        "{text}"
    );
}

#[test]
fn what_is_no_value_of_its_own_is_copied() {
    check(&[&[2, 3], &[0]], |x| {
        let y = x[0].exp();
        vec![
            y,
            y,
            x[0],
            x[0],
            x[1],
            y.t(),
            y.slice(0, 1..2),
            y.slice(1, 1..2),
            y.reshape(&[3, 2]),
            x[0].reshape(&[6]),
            Var::from([1.0, 2.0]),
            Var::from(7.0).expand(&[3]),
            y.sum().expand(&[2, 2]),
            Var::zeros(&[0]),
        ]
    });
}

/// The value and its derivative at one place of an empty space and of a single element, which have paths of their own.
#[test]
fn single_and_empty_loops_write_results() {
    check(&[&[1], &[0, 3], &[]], |x| {
        let y = x[0] * x[2];
        vec![y, y.sum(), x[1].exp(), x[1].sum_axes(&[0], false), x[1].sum(), x[2].sin(), grad(y.sum(), x)[2]]
    });
}

fn program() -> Program {
    Program::capture(&[&[2], &[2]], |x| vec![x[0] + x[1], x[0].take(x[1].cast(pyroxene_autograd::DType::I64))])
        .expect("no value is read")
}

#[test]
fn lengths_are_checked_before_anything_is_written() {
    let (mut a, mut b) = ([7.0; 2], [7.0; 3]);
    let mut program = program();
    let run = std::panic::AssertUnwindSafe(|| program.run(&[&[1.0, 2.0], &[0.0, 1.0]], &mut [&mut a, &mut b]));
    let message =
        *std::panic::catch_unwind(run).expect_err("an output is too long").downcast::<String>().expect("text");
    assert!(message.contains("Program::run: output 1 has shape [2]"), "{message}");
    assert_eq!((a, b), ([7.0; 2], [7.0; 3]));
}

#[test]
fn a_run_after_one_that_panicked_is_right() {
    let (mut a, mut b) = ([7.0; 2], [7.0; 2]);
    let mut program = program();
    let run = std::panic::AssertUnwindSafe(|| program.run(&[&[1.0, 2.0], &[0.0, 9.0]], &mut [&mut a, &mut b]));
    assert!(std::panic::catch_unwind(run).is_err());
    program.run(&[&[1.0, 2.0], &[1.0, 0.0]], &mut [&mut a, &mut b]);
    assert_eq!((a, b), ([2.0, 2.0], [2.0, 1.0]));
}
