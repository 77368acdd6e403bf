//! A Program of many examples gives each what the Program of one gives it.

use crate::cases::{Case, cases, close, numbers, outputs};
use pyroxene_autograd::{Batch, DType, Key, Program, Tensor, Var};

const COUNTS: [usize; 5] = [0, 1, 3, 8, 65];

/// The ways in which `inputs` inputs are tried: all of each example's own, none, one alone, and all but one.
fn mixes(inputs: usize) -> Vec<Vec<Batch>> {
    let by = |f: &dyn Fn(usize) -> bool| (0..inputs).map(|k| if f(k) { Batch::Each } else { Batch::Shared }).collect();
    let mut mixes: Vec<Vec<Batch>> = vec![by(&|_| true), by(&|_| false)];
    if inputs > 1 {
        mixes.extend((0..inputs).flat_map(|k| [by(&|j| j == k), by(&|j| j != k)]));
    }
    mixes.dedup();
    mixes
}

/// The outputs of `count` examples by one run, and by one run each.
fn both_ways(one: &mut Program, count: usize, mix: &[Batch], inputs: &[Vec<f64>]) -> [Vec<Vec<f64>>; 2] {
    let lens: Vec<usize> = one.output_shapes().map(|shape| shape.iter().product()).collect();
    let empty = || -> Vec<Vec<f64>> { lens.iter().map(|len| vec![f64::NAN; len * count]).collect() };
    let (mut together, mut apart) = (empty(), empty());
    let mut many = one.batched(count, mix);
    let given: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
    // Twice, so that nothing left over from a run changes the next.
    for _ in 0..2 {
        many.run(&given, &mut together.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>());
    }
    for example in 0..count {
        let part = |all: &[f64]| {
            let len = all.len() / count;
            example * len..(example + 1) * len
        };
        let given: Vec<&[f64]> =
            given.iter().zip(mix).map(|(x, mix)| if *mix == Batch::Each { &x[part(x)] } else { x }).collect();
        let mut parts: Vec<&mut [f64]> = apart
            .iter_mut()
            .map(|all| {
                let part = part(all);
                &mut all[part]
            })
            .collect();
        one.run(&given, &mut parts);
    }
    [together, apart]
}

/// The inputs of `count` examples: those of the case where all share them.
fn inputs(case: &Case, mix: &[Batch], count: usize) -> Vec<Vec<f64>> {
    let own = |k: usize, len: usize| (0..count).flat_map(|i| numbers(len, (7 * i + k + 1) as u64)).collect();
    let data = case.inputs.iter().map(|(data, _)| data);
    let inputs = data.zip(mix).enumerate();
    inputs.map(|(k, (data, mix))| if *mix == Batch::Shared { data.clone() } else { own(k, data.len()) }).collect()
}

/// Cases with products of a vector and a matrix: those of many vectors with a matrix that all share are one product, which
/// adds in another order.
const VECTORS: [&str; 2] = ["matmul vectors", "einsum diagonals"];

#[test]
fn examples_together_are_examples_one_by_one() {
    for case in cases() {
        let shapes: Vec<&[usize]> = case.inputs.iter().map(|(_, shape)| shape.as_slice()).collect();
        let mut one = Program::capture(&shapes, |x| outputs(&case, x)).expect("no value is read");
        for mix in mixes(shapes.len()) {
            for count in COUNTS {
                let given = inputs(&case, &mix, count);
                let [together, apart] = both_ways(&mut one, count, &mix, &given);
                for (k, (a, b)) in together.iter().zip(&apart).enumerate() {
                    for (i, (&a, &b)) in a.iter().zip(b).enumerate() {
                        let same = a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
                        assert!(
                            same || VECTORS.contains(&case.name) && close(a, b, 1e-12),
                            "{}, {count} examples, {mix:?}: output {k}[{i}]: {a} together, {b} alone\n{}",
                            case.name,
                            one.batched(count, &mix).explain()
                        );
                    }
                }
            }
        }
    }
}

/// Draws of each kind, with parameters that are given or not.
fn draws(key: Key, rate: Var) -> Vec<Var> {
    let known = Var::from([0.5, 4.0, 30.0]);
    vec![
        key.named("n").normal(&[3, 2]),
        key.named("u").uniform(&[4]),
        key.named("e").exponential(&[]),
        key.named("g").gamma(rate, &[3]),
        key.named("b").beta(known, rate, &[3]),
        key.named("p").poisson(rate, &[3]),
        key.named("c").choice(10, 4).cast(DType::F64),
        key.named("k").categorical(rate, &[5]),
        key.named("d").dirichlet(rate, &[2]),
        key.named("bi").binomial([3.0, 30.0, 300.0], rate / 40.0, &[3]),
        key.named("m").multinomial([9.0, 90.0], rate, &[2]),
        key.named("i").randint(-5, 60, &[4]).cast(DType::F64),
        key.named("w").weighted_choice(rate, 2).cast(DType::F64),
        key.split(3)[1].permutation(5).cast(DType::F64),
        key.named("bernoulli").bernoulli(rate / 40.0, &[3]),
    ]
}

#[test]
fn draws_are_those_of_each_key() {
    let shapes: [&[usize]; 2] = [&[Key::WORDS], &[3]];
    let mut one = Program::capture(&shapes, |x| draws(Key::from_root(x[0]), x[1])).expect("no value is read");
    for mix in mixes(2) {
        for count in COUNTS {
            let examples = |mix: Batch| if mix == Batch::Each { count } else { 1 };
            let keys = (0..examples(mix[0])).flat_map(|i| Key::words((u64::MAX / 3).wrapping_mul(i as u64))).collect();
            let rates = numbers(3 * examples(mix[1]), 5).iter().map(|x| x * 15.0).collect();
            let [together, apart] = both_ways(&mut one, count, &mix, &[keys, rates]);
            assert_eq!(together, apart, "{count} examples, {mix:?}");
        }
    }
    let [normals, ..] = &both_ways(
        &mut one,
        2,
        &[Batch::Each, Batch::Shared],
        &[[Key::words(1), Key::words(2)].concat(), vec![1.0; 3]],
    )[0][..] else {
        unreachable!("as many outputs as draws")
    };
    assert_ne!(normals[..6], normals[6..]);
}

#[test]
fn batches_of_batches() {
    // The product of each of two with each of three.
    let one = Program::capture(&[[2], [2]], |x| vec![(x[0] * x[1]).sum()]).expect("no value is read");
    let three = one.batched(3, &[Batch::Shared, Batch::Each]);
    let mut all = three.batched(2, &[Batch::Each, Batch::Shared]);
    assert_eq!(all.output_shapes().collect::<Vec<_>>(), [[2, 3]]);
    let mut products = [0.0; 6];
    all.run(&[&[1.0, 2.0, 3.0, 4.0], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]], &mut [&mut products]);
    assert_eq!(products, [1.0, 2.0, 3.0, 3.0, 4.0, 7.0]);
}

#[test]
fn what_all_share_is_computed_once() {
    let one = Program::capture(&[[3], [3]], |x| vec![x[0].exp().sum() * x[1]]).expect("no value is read");
    let many = one.batched(100, &[Batch::Shared, Batch::Each]);
    assert!(many.explain().contains("100 examples: input 0 shared, input 1 each\n"), "{}", many.explain());
    assert!(many.explain().contains("[3] = exp %"), "{}", many.explain());
    // A product with a matrix that all share is one product.
    let x = Var::from(Tensor::from_vec(numbers(700 * 4, 1), [700, 4]));
    let one = Program::capture(&[[4]], |b| vec![x.matmul(b[0]).softplus().sum()]).expect("no value is read");
    let many = one.batched(64, &[Batch::Each]);
    assert!(many.explain().contains("[64, 700] = matmul %"), "{}", many.explain());
}

#[test]
fn results_of_no_example_are_repeated() {
    let one = Program::capture(&[[2]], |x| vec![Var::from([1.0, 2.0]), x[0], x[0]]).expect("no value is read");
    let mut many = one.batched(2, &[Batch::Each]);
    let (mut constant, mut same, mut again) = ([0.0; 4], [0.0; 4], [0.0; 4]);
    many.run(&[&[1.0, 2.0, 3.0, 4.0]], &mut [&mut constant, &mut same, &mut again]);
    assert_eq!(constant, [1.0, 2.0, 1.0, 2.0]);
    assert_eq!([same, again], [[1.0, 2.0, 3.0, 4.0]; 2]);
}

#[test]
#[should_panic(expected = "Program::batched: number of inputs")]
fn each_input_is_declared() {
    let one = Program::capture(&[[2], [2]], |x| vec![x[0] + x[1]]).expect("no value is read");
    drop(one.batched(2, &[Batch::Each]));
}
