//! Sums over the paths of a chain against the last row of the forward algorithm, on both engines: values and derivatives of any
//! order.

use pyroxene_autograd::{DType, Program, Tensor, Var, grad};

#[path = "common/chains.rs"]
mod chains;

use chains::{assert_close, derivatives, numbers, weigh};

fn ours(x: &[Var]) -> Var {
    Var::logsumexp_paths(x[0], x[1], x[2])
}

fn by_forward(x: &[Var]) -> Var {
    Var::log_forward(x[0], x[1], x[2]).select(-2, -1).logsumexp(&[-1], false)
}

#[test]
fn derivatives_of_any_order_are_those_of_the_table() {
    let cases = [(1, 12), (2, 1), (2, 30), (3, 20), (4, 11), (6, 12), (9, 3)];
    for (states, steps) in cases {
        for (matrices, spread) in [(1, 1.0), (1, 30.0), (steps - 1, 2.0)] {
            if matrices == 0 {
                continue;
            }
            let shapes: [&[usize]; 3] = [&[3, states], &[matrices, states, states], &[2, 1, steps, states]];
            let inputs: Vec<Tensor> =
                shapes.iter().enumerate().map(|(k, shape)| numbers(shape, 20.0 * k as f64, spread)).collect();
            let at = |f: fn(&[Var]) -> Var| -> Vec<Tensor> {
                let x: Vec<Var> = inputs.iter().map(Var::from).collect();
                assert_eq!(f(&x).shape().as_slice(), [2, 3]);
                derivatives(&f, &x).iter().map(|x| x.to_tensor()).collect()
            };
            let (got, want) = (at(ours), at(by_forward));
            assert_close(&format!("{states} states, {steps} steps"), &got, &want, 1e-13 * spread.max(10.0));
            let mut program = Program::capture(&shapes, |x| derivatives(&ours, x)).expect("no value is read");
            assert_close(&format!("{states} states, Program"), &program.call(&inputs), &got, 1e-12);
        }
    }
}

/// What is the same number for several arguments of the operation gets the derivatives of all of them.
#[test]
fn arguments_may_depend_on_each_other() {
    let x = Var::from(numbers(&[2, 2], 1.0, 1.0));
    let arguments = |x: Var| [x.select(0, 0), x, x.sin().expand(&[9, 2, 2]).reshape(&[18, 2]) * x.sum()];
    let at = |f: fn(&[Var]) -> Var| -> Vec<Tensor> {
        let first = grad(f(&arguments(x)), &[x])[0];
        let second = grad(weigh(first, 2.0), &[x])[0];
        vec![first.to_tensor(), second.to_tensor()]
    };
    assert_close("dependent arguments", &at(ours), &at(by_forward), 1e-11);
}

#[test]
fn impossible_chains_have_no_derivative_and_left_to_right_chains_have_one() {
    let none = f64::NEG_INFINITY;
    let matrix = Var::from([[-0.5, -1.0, none], [none, -0.3, -1.2], [none, none, 0.0]]);
    let x = [Var::from([0.0, none, none]), matrix, Var::from(numbers(&[20, 3], 0.0, 1.0))];
    let at = |f: fn(&[Var]) -> Var, x: &[Var]| -> Vec<Tensor> {
        let y = f(x);
        [y].iter().chain(&grad(y, x)).map(|x| x.to_tensor()).collect()
    };
    assert_close("left to right", &at(ours, &x), &at(by_forward, &x), 1e-13);
    let impossible = at(ours, &[Var::from([none; 3]), x[1], x[2]]);
    assert_eq!(impossible[0].item(), none);
    assert!(impossible[1..].iter().all(|by| by.to_vec::<f64>().iter().all(|by| *by == 0.0)));
}

#[test]
fn f32_is_computed_in_f64() {
    let x = [numbers(&[3], 1.0, 1.0), numbers(&[3, 3], 2.0, 1.0), numbers(&[40, 3], 3.0, 60.0)];
    let narrow = x.each_ref().map(|x| Var::from(x).cast(DType::F32));
    let (y, want) = (ours(&narrow), ours(&narrow.map(|x| x.cast(DType::F64))));
    assert_eq!((y.dtype(), y.to_tensor()), (DType::F32, want.cast(DType::F32).to_tensor()));
    let by = grad(y, &narrow);
    assert!(by.iter().all(|by| by.dtype() == DType::F32));
    let want = grad(want, &narrow);
    let [by, want] = [by, want].map(|by| by.iter().map(|by| by.to_tensor()).collect::<Vec<_>>());
    assert_close("derivatives", &by, &want, 1e-6);
}

/// Enough chains for several threads.
#[test]
fn many_chains_equal_each_alone() {
    for states in [3, 8] {
        let x =
            [numbers(&[states], 1.0, 1.0), numbers(&[states, states], 2.0, 1.0), numbers(&[64, 50, states], 3.0, 5.0)];
        let at = |emissions: &Tensor| -> [Tensor; 2] {
            let x = [Var::from(&x[0]), Var::from(&x[1]), Var::from(emissions)];
            let y = ours(&x);
            [y.to_tensor(), grad(y.sum(), &x[2..])[0].to_tensor()]
        };
        let all = at(&x[2]);
        for k in 0..64 {
            let alone = at(&x[2].select(0, k));
            assert_eq!(all.each_ref().map(|all| all.select(0, k)), alone, "{states} states, chain {k}");
        }
    }
}
