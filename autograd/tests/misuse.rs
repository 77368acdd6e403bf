//! What a user can do wrong is told where it was done.

use pyroxene_autograd::{Conv, ConvolveMode, Key, Pool, Program, Var, grad, scope};
use std::panic::catch_unwind;

fn message(body: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = catch_unwind(body).expect_err("a panic");
    payload
        .downcast_ref::<String>()
        .cloned()
        .unwrap_or_else(|| payload.downcast_ref::<&str>().expect("a message").to_string())
}

#[test]
fn reading_a_traced_value_is_an_error_that_names_the_line() {
    let error = Program::capture(&[&[2]], |x| vec![if x[0].sum().item() > 0.0 { x[0] } else { -x[0] }]).unwrap_err();
    assert_eq!(error.location().file(), file!());
    assert!(error.to_string().contains("misuse.rs"), "{error}");
}

#[test]
fn reading_a_constant_during_capture_is_fine() {
    let scale = Var::from([1.0, 2.0]);
    let mut program = Program::capture(&[&[2]], |x| vec![x[0] * scale.sum().item()]).expect("a constant was read");
    assert_eq!(program.call(&[[1.0, 2.0].into()])[0].to_vec::<f64>(), [3.0, 6.0]);
}

#[test]
fn a_stale_var_says_which_scope_ended() {
    let stale = scope(|| Var::from(1.0) + 1.0);
    let text = message(move || {
        let _ = stale + 1.0;
    });
    assert!(text.contains("stale") && text.contains("misuse.rs"), "{text}");
}

#[test]
fn a_var_of_an_outer_scope_lives_in_inner_ones() {
    scope(|| {
        let x = Var::from(2.0);
        let y = scope(|| (x * x).item());
        assert_eq!((x + y).item(), 6.0);
    });
}

#[test]
fn shapes_are_checked_where_the_operation_is_written() {
    type Case = (&'static str, fn() -> Var);
    let cases: &[Case] = &[
        ("add: cannot broadcast [8] with [3]", || Var::zeros(&[8]) + Var::zeros(&[3])),
        ("atan2: cannot broadcast [2, 3] with [2]", || Var::zeros(&[2, 3]).atan2(Var::zeros(&[2]))),
        ("logaddexp: cannot broadcast [0] with [2]", || Var::zeros(&[0]).logaddexp(Var::zeros(&[2]))),
        ("maximum: cannot broadcast [2, 3] with [4]", || Var::zeros(&[2, 3]).clamp(Var::zeros(&[4]), 1.0)),
        ("mul: cannot broadcast [4] with [3]", || Var::zeros(&[3]).lerp(1.0, Var::zeros(&[4]))),
        ("where: cannot broadcast [2] with [3] with []", || Var::zeros(&[2]).where_(Var::zeros(&[3]), 0.0)),
        ("matmul", || Var::zeros(&[2, 3]).matmul(Var::zeros(&[4, 2]))),
        ("reshape", || Var::zeros(&[6]).reshape(&[4, -1])),
        ("cholesky: [2, 3] is not a square matrix", || Var::zeros(&[2, 3]).cholesky()),
        ("concat: cannot join [2, 3] and [3, 3] along axis 1", || {
            Var::concat(&[Var::zeros(&[2, 3]), Var::zeros(&[3, 3])], 1)
        }),
        ("grad: the output must be one number, got shape [3]", || grad(Var::zeros(&[3]), &[])[0]),
        ("sum", || Var::zeros(&[3]).sum_axes(&[1], false)),
        ("einsum: \"ij,jk\" has 2 operands, but 1 are given", || Var::einsum("ij,jk", &[Var::zeros(&[2, 3])])),
        ("log_einsum: 'j' of \"ij,jk\" is both 3 and 4 in [2, 3], [4, 2]", || {
            Var::log_einsum("ij,jk", &[Var::zeros(&[2, 3]), Var::zeros(&[4, 2])])
        }),
        ("log_forward: 3 transitions of [3, 2, 2] for 3 steps of [3, 2]", || {
            Var::log_forward(Var::zeros(&[2]), Var::zeros(&[3, 2, 2]), Var::zeros(&[3, 2]))
        }),
        ("log_forward: cannot broadcast the leading axes of [4, 2], [2, 2] and [5, 3, 2]", || {
            Var::log_forward(Var::zeros(&[4, 2]), Var::zeros(&[2, 2]), Var::zeros(&[5, 3, 2]))
        }),
        ("do not have the same states", || {
            Var::log_forward(Var::zeros(&[2]), Var::zeros(&[2, 3]), Var::zeros(&[3, 2]))
        }),
        ("logsumexp_paths: there are no paths through [5, 0, 2]", || {
            Var::logsumexp_paths(Var::zeros(&[2]), Var::zeros(&[2, 2]), Var::zeros(&[5, 0, 2]))
        }),
        ("logsumexp_paths: 3 transitions of [3, 2, 2] for 3 steps of [3, 2]", || {
            Var::logsumexp_paths(Var::zeros(&[2]), Var::zeros(&[3, 2, 2]), Var::zeros(&[3, 2]))
        }),
        ("max_einsum: the output of \"i->j\" has 'j', which no operand has", || {
            Var::max_einsum("i->j", &[Var::zeros(&[2])])
        }),
        ("tensordot: axis 0 of [2] and axis 0 of [3] differ in size", || {
            Var::zeros(&[2]).tensordot(Var::zeros(&[3]), &[0], &[0])
        }),
        ("fft: the last axis of [4, 3] must have size 2", || Var::zeros(&[4, 3]).fft(0)),
        ("irfft: axis 0 of [4, 2] must have 5 frequencies for 8 numbers", || Var::zeros(&[4, 2]).irfft(0, 8)),
        ("conv1d: the 2 channels of [1, 2, 5] are not those of weight [3, 4, 2] in 1 groups", || {
            Var::zeros(&[1, 2, 5]).conv1d(Var::zeros(&[3, 4, 2]), Conv::default())
        }),
        ("convolve: [2, 3] and [3] must be vectors", || {
            Var::zeros(&[2, 3]).convolve(Var::zeros(&[3]), ConvolveMode::Full)
        }),
        ("max_pool1d: [1] has no windows", || Var::zeros(&[1]).max_pool1d(Pool::new([2]))),
        ("max: [0] has no elements over axes [0]", || Var::zeros(&[0]).max()),
        ("min: [2, 0] has no elements over axes [-1]", || Var::zeros(&[2, 0]).min_axes(&[-1], true)),
        ("argmax: [0, 3] has no elements along axis 0", || Var::zeros(&[0, 3]).argmax(0)),
        ("argmin: axis 2 is out of bounds for [2, 3]", || Var::zeros(&[2, 3]).argmin(2)),
        ("prod: axis 1 is given twice in [1, -1] for [2, 3]", || Var::zeros(&[2, 3]).prod_axes(&[1, -1], false)),
        ("var: axis -3 is out of bounds for [2, 3]", || Var::zeros(&[2, 3]).var_axes(&[-3], 1.0, false)),
        ("norm: p is NaN, for [2]", || Var::zeros(&[2]).norm(f64::NAN)),
        ("norm: [0] has no elements over axes [0]", || Var::zeros(&[0]).norm(f64::INFINITY)),
        ("all: axis 0 is out of bounds for []", || Var::from(1.0).all_axes(&[0], false)),
        ("count_nonzero: axis 1 is out of bounds for [3]", || Var::zeros(&[3]).count_nonzero_axes(&[1], true)),
        ("logsumexp: axis 0 is given twice in [0, 0] for [3]", || Var::zeros(&[3]).logsumexp(&[0, 0], false)),
        ("softmax: axis 1 is out of bounds for [3]", || Var::zeros(&[3]).softmax(1)),
        ("cumprod: axis 1 is out of bounds for [3]", || Var::zeros(&[3]).cumprod(1)),
        ("cummax: axis 0 is out of bounds for []", || Var::from(1.0).cummax(0)),
        ("logcumsumexp: axis -2 is out of bounds for [3]", || Var::zeros(&[3]).logcumsumexp(-2)),
        ("gammaincc: cannot broadcast [2] with [3]", || Var::zeros(&[2]).gammaincc(Var::zeros(&[3]))),
        ("betainc: cannot broadcast [2] with [] with [3]", || Var::zeros(&[2]).betainc(1.0, Var::zeros(&[3]))),
        ("multigammaln: the dimension p must be at least 1, got 0", || Var::from(2.0).multigammaln(0)),
        ("dirichlet: the parameters are a number", || Key::from_seed(0).dirichlet(1.0, &[2])),
        ("multinomial: the parameters are a number", || Key::from_seed(0).multinomial(3, 1.0, &[2])),
        ("randint: there is no whole number from 5 up to 2", || Key::from_seed(0).randint(5, 2, &[2])),
        ("randint: 0..9223372036854775807 goes beyond 2^53", || Key::from_seed(0).randint(0, i64::MAX, &[2])),
        ("choice: 4 of 3 without replacement", || Key::from_seed(0).choice(3, 4)),
        ("weighted_choice: 4 of 2 without replacement", || Key::from_seed(0).weighted_choice([1.0, 2.0], 4)),
        ("weighted_choice: the weights [1, 2] are not a vector", || Key::from_seed(0).weighted_choice([[1.0, 2.0]], 1)),
    ];
    for &(expected, body) in cases {
        let text = message(move || {
            let _ = body();
        });
        assert!(text.contains(expected), "expected {expected:?} in {text:?}");
    }
}

#[test]
fn a_program_checks_what_it_is_given() {
    let mut program = Program::capture(&[&[2]], |x| vec![x[0].sum()]).expect("no value is read");
    let text = message(std::panic::AssertUnwindSafe(|| program.run(&[&[1.0]], &mut [&mut [0.0]])));
    assert!(text.contains("input 0 has shape [2]"), "{text}");
    let mut indexed = Program::capture(&[&[1]], |x| {
        vec![Var::from([1.0, 2.0]).index_select(0, x[0].cast(pyroxene_autograd::DType::I64))]
    })
    .expect("no value is read");
    assert_eq!(indexed.call(&[[1.0].into()])[0].item(), 2.0);
    let text = message(std::panic::AssertUnwindSafe(|| drop(indexed.call(&[[2.0].into()]))));
    assert!(text.contains("index 2 is out of bounds for axis 0 of size 2"), "{text}");
}

#[test]
fn draws_that_cannot_be_made_say_why() {
    let text = message(|| drop(Key::from_seed(0).weighted_choice([1.0, 0.0, 0.0], 2).to_tensor()));
    assert!(text.contains("weighted_choice: 2 without replacement, but 1 weights are positive"), "{text}");
    let text = message(|| drop(Key::from_seed(0).weighted_choice([1.0, f64::NAN], 1).to_tensor()));
    assert!(text.contains("weighted_choice: weights must be non-negative and finite, got NaN at 1"), "{text}");
}
