//! The forward algorithm against a loop of products of logarithms, on both engines: values and derivatives of any order.

use pyroxene_autograd::{DType, Program, Tensor, Var, grad, scan};

#[path = "common/chains.rs"]
mod chains;

use chains::{assert_close, derivatives, numbers, weigh};

/// A function of the inputs of a chain.
type Chain<'a> = &'a dyn Fn(&[Var]) -> Var;

/// The same, as a loop. The chains are the first axis of all but the transitions, of which there is one a step.
fn by_loop(initial: Var, transitions: Var, emissions: Var) -> Var {
    let steps = emissions.size(1);
    let first = initial + emissions.select(1, 0);
    let later = emissions.slice(1, 1..).movedim(1, 0);
    let (_, [rows]) = scan(steps - 1, [first], [transitions, later], |[s], [transition, emission]| {
        let s = Var::log_einsum("bi,ij->bj", &[s, transition]) + emission;
        ([s], [s])
    });
    Var::concat(&[first.unsqueeze(1), rows.movedim(0, 1)], 1)
}

#[test]
fn derivatives_of_any_order_are_those_of_the_loop() {
    for (states, spread) in [(1, 1.0), (2, 1.0), (3, 3.0), (4, 1.0), (6, 2.0), (3, 400.0)] {
        let (chains, steps) = (2, 7);
        let shapes: [&[usize]; 3] = [&[chains, states], &[steps - 1, states, states], &[chains, steps, states]];
        let inputs: Vec<Tensor> =
            shapes.iter().enumerate().map(|(k, shape)| numbers(shape, 20.0 * k as f64, spread)).collect();
        let (ours, theirs): (Chain, Chain) = (&|x| Var::log_forward(x[0], x[1], x[2]), &|x| by_loop(x[0], x[1], x[2]));
        let at = |f: &dyn Fn(&[Var]) -> Var| -> Vec<Tensor> {
            let x: Vec<Var> = inputs.iter().map(Var::from).collect();
            derivatives(f, &x).iter().map(|x| x.to_tensor()).collect()
        };
        let (got, want) = (at(ours), at(theirs));
        let tolerance = 1e-13 * spread.max(10.0);
        assert_close(&format!("{states} states, spread {spread}"), &got, &want, tolerance);
        let mut program = Program::capture(&shapes, |x| derivatives(ours, x)).expect("no value is read");
        assert_close(&format!("{states} states, Program"), &program.call(&inputs), &got, 1e-12);
    }
}

#[test]
fn a_shared_matrix_is_one_a_step() {
    let (initial, matrix, emissions) =
        (numbers(&[3], 1.0, 1.0), numbers(&[3, 3], 2.0, 1.0), numbers(&[4, 9, 3], 3.0, 1.0));
    let shared = |x: &[Var]| Var::log_forward(x[0], x[1], x[2]);
    let repeated = |x: &[Var]| Var::log_forward(x[0], x[1].expand(&[8, 3, 3]), x[2]);
    let own = |x: &[Var]| Var::log_forward(x[0].expand(&[4, 3]), x[1].expand(&[4, 1, 3, 3]), x[2]);
    let at = |f: &dyn Fn(&[Var]) -> Var| -> Vec<Tensor> {
        derivatives(f, &[&initial, &matrix, &emissions].map(Var::from)).iter().map(|x| x.to_tensor()).collect()
    };
    let want = at(&shared);
    assert_close("one a step", &at(&repeated), &want, 1e-12);
    assert_close("one a chain", &at(&own), &want, 1e-12);
}

#[test]
fn left_to_right_chains_have_finite_derivatives() {
    let none = f64::NEG_INFINITY;
    let matrix = Tensor::from([[-0.5, -1.0, none], [none, -0.3, -1.2], [none, none, 0.0]]);
    let initial = Tensor::from([0.0, none, none]);
    let x = [&initial, &matrix, &numbers(&[6, 3], 0.0, 1.0)].map(Var::from);
    let likelihood = |x: &[Var]| Var::log_forward(x[0], x[1], x[2]).select(0, -1).logsumexp(&[0], false);
    let paths = Var::log_einsum("a,ab,bc,cd,de,ef,a,b,c,d,e,f->", &{
        let row = |t| x[2].select(0, t);
        [x[0], x[1], x[1], x[1], x[1], x[1], row(0), row(1), row(2), row(3), row(4), row(5)]
    });
    let results = |y: Var| -> Vec<Tensor> {
        let first = grad(y, &x);
        let second = grad(weigh(first[2], 1.0), &x);
        [y].iter().chain(&first).chain(&second[2..]).map(|x| x.to_tensor()).collect()
    };
    assert_close("left to right", &results(likelihood(&x)), &results(paths), 1e-13);
    // From a state that no chain starts in nothing follows.
    let impossible = [Var::from([none; 3]), x[1], x[2]];
    let y = likelihood(&impossible);
    assert_eq!(y.item(), none);
    for by in grad(y, &impossible) {
        assert!(by.to_tensor().to_vec::<f64>().iter().all(|by| *by == 0.0));
    }
}

#[test]
fn short_chains_and_other_types() {
    let (initial, matrix) = (Var::from([1.0, 2.0]), Var::from([[0.0, 1.0], [2.0, 3.0]]));
    let one = Var::from([[0.5, 0.25]]);
    let s = Var::log_forward(initial, matrix, one);
    assert_eq!(s.to_tensor().to_vec::<f64>(), [1.5, 2.25]);
    let inputs = [initial, matrix, one];
    let first = grad(weigh(s, 1.0).square(), &inputs);
    assert!(first[1].to_tensor().to_vec::<f64>().iter().all(|by| *by == 0.0));
    assert!(grad(first[2].sum(), &inputs)[0].to_tensor().to_vec::<f64>().iter().all(|by| by.is_finite()));
    let none = Var::log_forward(initial, matrix, Var::zeros(&[5, 0, 2]));
    assert_eq!(none.shape().as_slice(), [5, 0, 2]);
    assert_eq!(grad(none.sum(), &inputs)[0].to_tensor().to_vec::<f64>(), [0.0, 0.0]);
    let narrow = Var::log_forward(initial.cast(DType::F32), matrix.cast(DType::F32), one.cast(DType::F32));
    assert_eq!(narrow.to_tensor().dtype(), DType::F32);
}

#[test]
fn strided_arguments_are_read_in_their_order() {
    let (initial, matrix, emissions) =
        (numbers(&[2, 3], 1.0, 1.0), numbers(&[3, 3], 2.0, 1.0), numbers(&[3, 5, 2], 3.0, 1.0));
    let turned = [initial.select(0, 1), matrix.t(), emissions.permute(&[2, 1, 0]).flip(1)];
    let copies = turned.each_ref().map(|x| Tensor::from_vec(x.to_vec::<f64>(), x.shape()));
    let want = Tensor::log_forward(&copies[0], &copies[1], &copies[2]);
    assert_eq!(Tensor::log_forward(&turned[0], &turned[1], &turned[2]), want);
    let x = [&initial, &matrix, &emissions].map(Var::from);
    let got = Var::log_forward(x[0].select(0, 1), x[1].t(), x[2].permute(&[2, 1, 0]).flip(1));
    assert_eq!(got.to_tensor(), want);
}

/// Enough chains for several threads.
#[test]
fn many_chains_equal_each_alone() {
    let (initial, matrix, emissions) =
        (numbers(&[8], 1.0, 1.0), numbers(&[8, 8], 2.0, 1.0), numbers(&[64, 50, 8], 3.0, 5.0));
    let all = Tensor::log_forward(&initial, &matrix, &emissions);
    for k in 0..64 {
        let alone = Tensor::log_forward(&initial, &matrix, &emissions.select(0, k));
        assert_eq!(all.select(0, k), alone);
    }
}
