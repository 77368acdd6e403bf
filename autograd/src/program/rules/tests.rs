//! Each rule about shapes is applied in a small Program, which gives what direct evaluation gives, also for NaN and
//! infinities.

use super::STRUCTURE;
use crate::{Program, Tensor, Var, scope};

type Body = fn(&[Var]) -> Vec<Var>;

fn constant(n: usize) -> Var {
    Var::from(Tensor::from((0..n).map(|i| i as f64 + 0.5).collect::<Vec<f64>>()))
}

/// The start of the rule's name, the shapes of the inputs, and a computation in which it applies.
const CASES: &[(&str, &[&[usize]], Body)] = &[
    ("f(Expand(x))", &[&[3]], |x| vec![x[0].expand(&[2, 3]).exp()]),
    ("f(x) of one element", &[&[3, 1], &[3]], |x| vec![x[0].exp() * 2.0, x[1].reshape(&[1, 3, 1]).sin() + x[0]]),
    ("f(Reshape(g(x)))", &[&[2, 3]], |x| {
        vec![x[0].exp().reshape(&[6]).sin(), x[0].exp().t().cos() * 2.0, x[0].sin().reshape(&[6]) * x[0].reshape(&[6])]
    }),
    ("Where(known, x, y)", &[&[3]], |x| vec![Var::from([1.0, 2.0, 3.0]).greater(0.0).where_(x[0], 1.0 / x[0])]),
    ("f(Where(x, c, d))", &[&[3]], |x| {
        let choice = x[0].greater(1.0).where_(2.0, -1.0);
        vec![choice.exp() * 3.0, choice + x[0].greater(1.0).where_(0.5, 4.0)]
    }),
    ("Expand to the same", &[&[3]], |x| vec![x[0].expand(&[2, 3]).expand(&[4, 2, 3]), x[0].expand(&[1, 3])]),
    ("Reshape to the same", &[&[2, 3]], |x| {
        vec![x[0].reshape(&[6]).reshape(&[3, 2]), x[0].sum().expand(&[6]).reshape(&[2, 3])]
    }),
    ("Permute to the same", &[&[2, 3, 1]], |x| {
        let moved = x[0].permute(&[2, 0, 1]);
        vec![x[0].permute(&[1, 2, 0]).permute(&[2, 0, 1]), x[0].permute(&[1, 0, 2]).permute(&[1, 0, 2]), moved]
    }),
    ("Slice(Slice(x))", &[&[9]], |x| {
        let back = x[0].slice(0, 1..8).flip(0);
        vec![back.slice(0, 2..6), back.flip(0).slice(0, 0..7), back.slice(0, 3..3)]
    }),
    ("Slice(Concat", &[&[3], &[4]], |x| {
        let both = Var::concat(&[x[0], x[1]], 0);
        vec![both.slice(0, 0..3), both.slice(0, 4..6), both.slice(0, 2..5), both.flip(0).slice(0, 0..2)]
    }),
    ("Slice(Unslice", &[&[8]], |x| {
        let parts = x[0].slice(0, 1..3).square().sum() + x[0].slice(0, 4..6).exp().sum();
        let gradient = crate::grad(parts, &[x[0]])[0];
        vec![gradient.slice(0, 1..3), gradient.slice(0, 4..6), gradient.slice(0, 6..8), gradient.slice(0, 2..5)]
    }),
    ("Slice(Expand(x))", &[&[3]], |x| {
        let wide = x[0].expand(&[5, 3]);
        vec![wide.slice(0, 1..3), wide.slice(1, 1..3), wide.slice(0, 2..2)]
    }),
    ("Diagonal(DiagEmbed(x))", &[&[2, 3]], |x| vec![x[0].diag_embed().diagonal()]),
    ("IndexSelect(IndexAdd", &[&[3, 2]], |x| {
        let index = || Tensor::from(vec![4i64, -5, 2]);
        let twice = || Tensor::from(vec![1i64, 1, 2]);
        vec![
            x[0].index_add(0, index(), 5).index_select(0, index()),
            x[0].index_add(0, twice(), 5).index_select(0, twice()),
        ]
    }),
    ("IndexAdd(f(x, s), i)", &[&[5]], |x| {
        let index = || Tensor::from(vec![1i64, 1, 2, 0, 2]);
        vec![(-x[0].exp()).index_add(0, index(), 4), (x[0] * 3.0).index_add(0, index(), 4)]
    }),
    ("reduction over axes of size one", &[&[1, 3]], |x| vec![x[0].sum_axes(&[0], true), x[0].max_axes(&[0], false)]),
    ("reduction without axes", &[&[1, 3, 1, 2]], |x| vec![x[0].sum_axes(&[0, 1], true), x[0].max_axes(&[2, 3], true)]),
    ("Sum(Expand(x))", &[&[3], &[2, 1]], |x| {
        vec![
            x[0].expand(&[4, 3]).sum_axes(&[0], false),
            x[0].expand(&[4, 3]).sum(),
            x[1].expand(&[2, 3]).sum_axes(&[1], true),
        ]
    }),
    ("Sum(f(x, s))", &[&[4, 3], &[], &[4, 1]], |x| {
        let finite = x[1].sigmoid() + 0.5;
        vec![
            (-x[0]).sum(),
            (x[0] * finite).sum(),
            (x[0] / finite).sum_axes(&[0], false),
            (x[0] * (x[2].tanh() + 2.0)).sum_axes(&[1], true),
        ]
    }),
    ("Sum(n - p)", &[&[3]], |x| {
        let square = x[0].square() * -0.5;
        vec![(square - constant(3)).sum(), (square - 0.9).sum(), (x[0].exp() + constant(3)).sum()]
    }),
    ("Sum(Sum(x))", &[&[3, 4]], |x| vec![x[0].sum_axes(&[1], true).sum_axes(&[0], true)]),
    ("Sum(Reshape(x))", &[&[3, 4]], |x| vec![x[0].sum_axes(&[0], false).sum(), x[0].reshape(&[2, 6]).sum()]),
    ("Ln(Sum(Exp(x)))", &[&[3, 4]], |x| vec![x[0].exp().sum_axes(&[1], false).ln(), x[0].exp().sum().ln()]),
    ("Ln(Softmax(x))", &[&[3, 4]], |x| vec![x[0].softmax(1).ln(), x[0].log_softmax(0).exp()]),
];

/// Moderate numbers, then some with an infinity, a NaN, zeros.
fn data(len: usize) -> Vec<Vec<f64>> {
    let moderate: Vec<f64> = (0..len).map(|i| (1.7 * i as f64 + 0.4).sin() * 1.5).collect();
    let with = |value: f64, place: usize| {
        let mut data = moderate.clone();
        data[place % len] = value;
        data
    };
    vec![moderate.clone(), with(f64::INFINITY, 1), with(f64::NEG_INFINITY, 0), with(f64::NAN, 2), vec![0.0; len]]
}

#[test]
fn every_rule_is_applied_and_changes_nothing_else() {
    for (rule, _) in STRUCTURE {
        assert!(CASES.iter().any(|(name, ..)| rule.starts_with(name)), "{rule} is not tested");
    }
    for (name, shapes, body) in CASES {
        let mut program = Program::capture(shapes, body).expect("no value is read");
        assert!(program.explain().contains(&format!("times {name}")), "{name} is not applied\n{}", program.explain());
        for place in 0..5 {
            let inputs: Vec<Tensor> = shapes
                .iter()
                .map(|shape| Tensor::from_vec(data(shape.iter().product()).swap_remove(place), *shape))
                .collect();
            let direct: Vec<Tensor> = scope(|| {
                let x: Vec<Var> = inputs.iter().map(Var::from).collect();
                body(&x).into_iter().map(Var::to_tensor).collect()
            });
            for (k, (a, b)) in direct.iter().zip(program.call(&inputs)).enumerate() {
                assert_eq!(a.shape(), b.shape(), "{name}: output {k}");
                for (a, b) in a.iter_f64().zip(b.iter_f64()) {
                    let same = a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-14 * a.abs().max(1.0);
                    assert!(same, "{name}: output {k}: direct {a}, Program {b}\n{}", program.explain());
                }
            }
        }
    }
}

/// What `reduction::sum_of_linear` says of divisors that are zero.
#[test]
fn a_sum_divided_by_zero_is_its_limit() {
    let body = |x: &[Var]| vec![(x[0] / x[1]).sum()];
    let mut program = Program::capture(&[&[2][..], &[]], body).expect("no value is read");
    let inputs = [Tensor::from([0.0, 1.0]), Tensor::from(0.0)];
    assert_eq!(program.call(&inputs)[0].item(), f64::INFINITY);
    let direct = scope(|| body(&[Var::from(&inputs[0]), Var::from(&inputs[1])])[0].item());
    assert!(direct.is_nan());
}
