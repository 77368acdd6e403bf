//! Contractions against loops over all symbols, in three algebras; the planner; messages.

mod common;
use common::*;
use pyroxene_tensor::einsum::{Equation, Plan};
use pyroxene_tensor::{DType, Tensor, einsum_path};
use std::collections::BTreeMap;

/// Every equation once, without an ellipsis: for each index of the output, the fold of the operands' combinations.
fn loops(
    equation: &str,
    operands: &[Tensor],
    start: f64,
    add: fn(f64, f64) -> f64,
    times: fn(f64, f64) -> f64,
) -> Tensor {
    let (inputs, output) = equation.split_once("->").expect("an output");
    let mut sizes: BTreeMap<char, usize> = BTreeMap::new();
    for (term, x) in inputs.split(',').zip(operands) {
        for (letter, &size) in term.chars().zip(x.shape()) {
            let known = sizes.entry(letter).or_insert(1);
            *known = if size == 1 { *known } else { size };
        }
    }
    let letters: Vec<char> = sizes.keys().copied().collect();
    let all: Vec<usize> = sizes.values().copied().collect();
    let shape: Vec<usize> = output.chars().map(|letter| sizes[&letter]).collect();
    let mut data = vec![start; shape.iter().product()];
    for index in indices(&all) {
        let place = |letter: char| index[letters.iter().position(|&l| l == letter).unwrap()];
        let value = inputs.split(',').zip(operands).map(|(term, x)| {
            let at: Vec<usize> =
                term.chars().zip(x.shape()).map(|(letter, &size)| if size == 1 { 0 } else { place(letter) }).collect();
            x.at(&at)
        });
        let value = value.reduce(times).unwrap();
        let to = output.chars().fold(0, |to, letter| to * sizes[&letter] + place(letter));
        data[to] = add(data[to], value);
    }
    Tensor::from_f64(data, &shape)
}

fn log_add(a: f64, b: f64) -> f64 {
    let max = a.max(b);
    if max == f64::NEG_INFINITY { max } else { max + ((a - max).exp() + (b - max).exp()).ln() }
}

fn numbers(shape: &[usize], seed: usize) -> Tensor {
    let n = shape.iter().product();
    Tensor::from_f64((0..n).map(|i| ((i * 37 + seed * 101) as f64 * 0.7).sin() * 2.0).collect(), shape)
}

type Case = (&'static str, &'static [&'static [usize]]);
const CASES: &[Case] = &[
    ("->", &[&[]]),
    ("i->i", &[&[4]]),
    ("i->", &[&[4]]),
    ("ij->ji", &[&[2, 3]]),
    ("ij->j", &[&[2, 3]]),
    ("ii->i", &[&[3, 3]]),
    ("ii->", &[&[3, 3]]),
    ("iji->j", &[&[3, 2, 3]]),
    ("iiijj->ji", &[&[2, 2, 2, 3, 3]]),
    ("ijij->", &[&[2, 3, 2, 3]]),
    ("i,i->", &[&[5], &[5]]),
    ("i,i->i", &[&[5], &[5]]),
    ("i,j->ji", &[&[2], &[3]]),
    ("ij,jk->ik", &[&[2, 3], &[3, 4]]),
    ("ij,kj->ki", &[&[2, 3], &[4, 3]]),
    ("ij,ij->i", &[&[2, 3], &[2, 3]]),
    ("bij,bjk->bik", &[&[2, 3, 4], &[2, 4, 2]]),
    ("ibj,kjb->bki", &[&[3, 2, 4], &[5, 4, 2]]),
    ("abij,jbak->kiab", &[&[2, 3, 2, 4], &[4, 3, 2, 2]]),
    ("ijk,ikj->", &[&[2, 3, 4], &[2, 4, 3]]),
    ("ijk,lkj->il", &[&[2, 3, 4], &[5, 4, 3]]),
    ("ij,j,i->", &[&[2, 3], &[3], &[2]]),
    (",ij->ij", &[&[], &[2, 3]]),
    ("ij,k->", &[&[2, 3], &[4]]),
    ("ab,bc,cd,de->ae", &[&[2, 3], &[3, 4], &[4, 2], &[2, 3]]),
    ("ab,bc,ca->", &[&[2, 3], &[3, 4], &[4, 2]]),
    ("a,a,a,ab->b", &[&[3], &[3], &[3], &[3, 2]]),
    ("aab,bcc->ac", &[&[2, 2, 3], &[3, 4, 4]]),
    ("ab,ab->ab", &[&[1, 3], &[2, 1]]),
    ("ab,bc->ac", &[&[2, 1], &[3, 4]]),
    ("ab,ab->b", &[&[1, 3], &[1, 3]]),
    ("ij,jk->ik", &[&[1, 1], &[1, 1]]),
    ("ij,jk->ik", &[&[2, 0], &[0, 3]]),
    ("ij,jk->ik", &[&[0, 2], &[2, 3]]),
    ("ij->i", &[&[2, 0]]),
    ("a,b,c,d,e,f,g,h,ah->bcdefg", &[&[2], &[1], &[2], &[1], &[2], &[1], &[2], &[2], &[2, 2]]),
    ("ab,bc,cd,de,ef,fg,gh,hi,ij,ja->", &[[2usize, 2].as_slice(); 10]),
];

#[test]
fn contractions_equal_loops_in_every_algebra_and_layout() {
    for &(equation, shapes) in CASES {
        let operands: Vec<Tensor> = shapes.iter().enumerate().map(|(k, shape)| numbers(shape, k)).collect();
        let layouts: Vec<Vec<(String, Tensor)>> =
            operands.iter().map(|x| layouts(&x.to_vec::<f64>(), x.shape())).collect();
        let sum = loops(equation, &operands, 0.0, |a, b| a + b, |a, b| a * b);
        let log = loops(equation, &operands, f64::NEG_INFINITY, log_add, |a, b| a + b);
        let max = loops(equation, &operands, f64::NEG_INFINITY, f64::max, |a, b| a + b);
        for k in 0..5 {
            let views: Vec<&Tensor> = layouts.iter().enumerate().map(|(j, l)| &l[(k + j) % l.len()].1).collect();
            for (name, got, want) in [
                ("sum", Tensor::einsum(equation, &views), &sum),
                ("log", Tensor::log_einsum(equation, &views), &log),
                ("max", Tensor::max_einsum(equation, &views), &max),
            ] {
                assert_eq!(got.shape(), want.shape(), "{name} {equation}");
                assert!(got.allclose(want, 1e-12, 1e-12), "{name} {equation} {k}: {got} against {want}");
            }
        }
    }
}

#[test]
fn ellipses_and_implicit_outputs_follow_the_rules() {
    let (a, b) = (numbers(&[2, 3, 4], 1), numbers(&[3, 1, 4, 5], 2));
    let product = Tensor::einsum("...ij,...jk->...ik", &[&a.unsqueeze(0), &b.slice(1, ..)]);
    assert_eq!(product, a.unsqueeze(0).matmul(&b));
    assert_eq!(Tensor::einsum("...ij, ...jk", &[&a, &b]), a.matmul(&b));
    assert_eq!(Tensor::einsum("ba", &[&numbers(&[2, 3], 0)]), numbers(&[2, 3], 0).t());
    assert_eq!(Tensor::einsum("i...->...", &[&a]), a.sum_axes(&[0], false));
    assert_eq!(Tensor::einsum("...", &[&a]), a);
    assert_eq!(Tensor::einsum("i...i->...i", &[&numbers(&[2, 3, 2], 3)]).shape(), [3, 2]);
    assert_eq!(Tensor::einsum("i->...i", &[&numbers(&[3], 3)]), numbers(&[3], 3));
    assert_eq!(Tensor::einsum("αβ,β->α", &[&a.select(0, 0), &b.select(0, 0).select(0, 0).select(1, 0)]).shape(), [3]);
}

#[test]
fn element_types_are_kept() {
    let counts = Tensor::from([[1i64, 2], [3, 4]]);
    let product = Tensor::einsum("ij,jk->ki", &[&counts, &counts]);
    assert_eq!(product, Tensor::from([[7i64, 15], [10, 22]]));
    let truth = Tensor::from([true, false, true]);
    assert_eq!(Tensor::einsum("i,i->", &[&truth, &truth]), Tensor::from(2i64));
    let single = numbers(&[3, 3], 1).cast(DType::F32);
    assert_eq!(Tensor::einsum("ij,jk->ik", &[&single, &single]).dtype(), DType::F32);
    assert_eq!(Tensor::log_einsum("ij,jk->ik", &[&counts, &counts]).dtype(), DType::F64);
    let mixed = Tensor::einsum("ij,jk->ik", &[&single.slice(1, ..2), &counts]);
    assert_eq!(mixed, single.slice(1, ..2).matmul(&counts));
}

#[test]
fn tensordot_pairs_axes() {
    let (a, b) = (numbers(&[2, 3, 4], 1), numbers(&[4, 5, 2], 2));
    let expected = loops("iaj,jbi->ab", &[a.clone(), b.clone()], 0.0, |x, y| x + y, |x, y| x * y);
    assert!(a.tensordot(&b, &[0, 2], &[2, 0]).allclose(&expected, 1e-13, 1e-13));
    assert!(a.tensordot(&b, &[-1, 0], &[0, -1]).allclose(&expected, 1e-13, 1e-13));
    assert_eq!(a.tensordot(&b, &[], &[]).shape(), [2, 3, 4, 4, 5, 2]);
}

#[test]
fn logarithms_neither_overflow_nor_vanish() {
    let low = f64::NEG_INFINITY;
    let a = Tensor::from([[1000.0, -1000.0], [low, low]]);
    let b = Tensor::from([[-3000.0, 0.0, low], [0.0, 1000.0, low]]);
    let y = Tensor::log_einsum("ij,jk->ik", &[&a, &b]);
    // The largest terms: 1000 - 3000 against -1000 + 0; 1000 against 0.
    assert_eq!(y.to_vec::<f64>(), [-1000.0, 1000.0, low, low, low, low]);
    let best = Tensor::max_einsum("ij,jk->ik", &[&a, &b]);
    assert_eq!(best.to_vec::<f64>(), [-1000.0, 1000.0, low, low, low, low]);
    let nan = Tensor::log_einsum("ij,jk->ik", &[&Tensor::from([[f64::NAN, 0.0]]), &b]);
    assert!(nan.to_vec::<f64>().iter().all(|v| v.is_nan()));
}

/// The least flops of any order, by trying all of them.
fn cheapest(sets: &[Vec<char>], output: &str, sizes: &BTreeMap<char, usize>) -> f64 {
    if sets.len() == 1 {
        return 0.0;
    }
    let mut best = f64::INFINITY;
    for j in 1..sets.len() {
        for i in 0..j {
            let mut union = sets[i].clone();
            union.extend(sets[j].iter().filter(|letter| !sets[i].contains(letter)));
            let others: Vec<&Vec<char>> =
                sets.iter().enumerate().filter(|&(k, _)| k != i && k != j).map(|(_, set)| set).collect();
            let kept: Vec<char> = union
                .iter()
                .copied()
                .filter(|l| output.contains(*l) || others.iter().any(|set| set.contains(l)))
                .collect();
            let work: f64 = union.iter().map(|letter| sizes[letter] as f64).product();
            let flops = if kept.len() == union.len() { work } else { 2.0 * work };
            let mut rest: Vec<Vec<char>> = others.into_iter().cloned().collect();
            rest.push(kept);
            best = best.min(flops + cheapest(&rest, output, sizes));
        }
    }
    best
}

#[test]
fn the_order_is_the_cheapest() {
    let cases: &[Case] = &[
        ("ab,bc,cd->ad", &[&[2, 30], &[30, 4], &[4, 50]]),
        ("ab,bc,cd,d->a", &[&[7, 8], &[8, 9], &[9, 6], &[6]]),
        ("ab,cd,ac,bd,ef,f->e", &[&[3, 9], &[4, 5], &[3, 4], &[9, 5], &[8, 7], &[7]]),
        ("a,b,ab->", &[&[20], &[3], &[20, 3]]),
    ];
    for &(equation, shapes) in cases {
        let (inputs, output) = equation.split_once("->").unwrap();
        let sets: Vec<Vec<char>> = inputs.split(',').map(|term| term.chars().collect()).collect();
        let sizes = sets
            .iter()
            .flatten()
            .copied()
            .zip(shapes.iter().flat_map(|s| s.iter().copied()))
            .collect::<BTreeMap<_, _>>();
        let path = einsum_path(equation, shapes);
        assert_eq!(path.flops(), cheapest(&sets, output, &sizes), "{equation}\n{path}");
        assert!(path.flops() <= path.naive_flops());
    }
}

#[test]
fn long_chains_are_ordered_greedily() {
    let equation = "ab,bc,cd,de,ef,fg,gh,hi,ij,jk->ak";
    let shapes: Vec<&[usize]> = (0..10).map(|_| [10usize, 10].as_slice()).collect();
    let path = einsum_path(equation, &shapes);
    assert_eq!(path.order().len(), 9);
    assert_eq!(path.flops(), 9.0 * 2000.0, "{path}");
    assert_eq!(path.largest(), 100.0);
    let text = einsum_path("ab,bc,c->a", &[&[50, 50], &[50, 50], &[50]]).to_string();
    assert_eq!(
        text,
        "0: (1, 2) -> 3: bc,c->b (5.000e3 flops, 5.000e1 elements)\n\
         1: (0, 3) -> 4: ab,b->a (5.000e3 flops, 5.000e1 elements)\n\
         1.000e4 flops, 3.750e5 in one loop over all axes"
    );
    let parsed = Equation::parse("einsum", "ab,bc,c->a", &[&[50, 50], &[50, 50], &[50]]).unwrap();
    assert_eq!(Plan::new(&parsed).steps().len(), 2);
}

#[test]
fn malformed_equations_are_told_apart() {
    let (x, y) = (Tensor::zeros([2, 3], DType::F64), Tensor::zeros([4, 5], DType::F64));
    let says = |expected: &str, f: &dyn Fn() -> Tensor| assert_eq!(panic_message(f), expected);
    says("einsum: \"ij,jk->ik\" has 2 operands, but 1 are given", &|| Tensor::einsum("ij,jk->ik", &[&x]));
    says("einsum: \"ij\" has 1 operands, but 0 are given", &|| Tensor::einsum::<Tensor>("ij", &[]));
    says("einsum: 'j' of \"ij,jk->ik\" is both 3 and 4 in [2, 3], [4, 5]", &|| Tensor::einsum("ij,jk->ik", &[&x, &y]));
    says("einsum: 'i' of \"ii\" is both 2 and 3 in [2, 3]", &|| Tensor::einsum("ii", &[&x]));
    says("einsum: an axis of \"...\" of \"...,...->...\" is both 2 and 4 in [2, 3], [4, 5]", &|| {
        Tensor::einsum("...,...->...", &[&x, &y])
    });
    says("log_einsum: the output of \"ij->iz\" has 'z', which no operand has", &|| Tensor::log_einsum("ij->iz", &[&x]));
    says("max_einsum: the output of \"ij->ii\" has 'i' twice", &|| Tensor::max_einsum("ij->ii", &[&x]));
    says("einsum: operand 0 of \"ijk->i\" has 3 letters for the axes of [2, 3]", &|| Tensor::einsum("ijk->i", &[&x]));
    says("einsum: '2' in \"i2->i\" is not a letter, a comma, \"->\" or \"...\"", &|| Tensor::einsum("i2->i", &[&x]));
    says("einsum: \"...i...\" of \"...i...->i\" has more than one ellipsis", &|| Tensor::einsum("...i...->i", &[&x]));
    says("einsum: the output of \"...i->i\" lacks \"...\", which stands for 1 axes of the operands", &|| {
        Tensor::einsum("...i->i", &[&x])
    });
    says("tensordot: axis 1 of [2, 3] and axis 0 of [4, 5] differ in size", &|| x.tensordot(&y, &[1], &[0]));
    says("tensordot: axes [0, 1] of [2, 3] and [0] of [4, 5] are not as many", &|| x.tensordot(&y, &[0, 1], &[0]));
    says("tensordot: axis 0 is given twice in [0, 0] for [2, 3]", &|| x.tensordot(&y, &[0, 0], &[0, 1]));
}
