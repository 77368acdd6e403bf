//! Every elementwise operation of the table, on both engines: values against the scalar twins, first and second
//! derivatives against finite differences, broadcasts, views, element types, and the edges of the domains.

use pyroxene_autograd::{DType, Program, Tensor, Var, grad, scope};
use pyroxene_kernels::table::{Binary, Unary};

macro_rules! unary_rows {
    ($(($variant:ident, $method:ident, $doc:literal))*) => {
        &[$((Unary::$variant, |x| x.$method())),*]
    };
}
macro_rules! binary_rows {
    ($(($variant:ident, $method:ident, $doc:literal))*) => {
        &[$((Binary::$variant, |x, y| x.$method(y))),*]
    };
}

type UnaryRow = (Unary, fn(Var) -> Var);
type BinaryRow = (Binary, fn(Var, Var) -> Var);
const UNARY: &[UnaryRow] = pyroxene_kernels::unary_table!(unary_rows);
const BINARY: &[BinaryRow] = pyroxene_kernels::binary_table!(binary_rows);

/// `n` points of an interval, evenly spread but in no order.
fn points((low, high): (f64, f64), n: usize, phase: f64) -> Vec<f64> {
    (0..n).map(|i| low + (high - low) * (phase + i as f64 * 0.618_033_988_75).fract()).collect()
}

/// The outputs of direct evaluation, having compared those of a Program with them.
fn both(what: &str, inputs: &[Tensor], body: impl Fn(&[Var]) -> Vec<Var>) -> Vec<Tensor> {
    let direct: Vec<Tensor> = scope(|| {
        let x: Vec<Var> = inputs.iter().map(Var::from).collect();
        body(&x).into_iter().map(Var::to_tensor).collect()
    });
    let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
    let mut program = Program::capture(&shapes, &body).expect("no value is read");
    for (k, (a, b)) in direct.iter().zip(program.call(inputs)).enumerate() {
        assert_eq!(a.shape(), b.shape(), "{what}: output {k}");
        for (a, b) in a.to_vec::<f64>().into_iter().zip(b.to_vec::<f64>()) {
            assert!(close(a, b, 1e-12), "{what}: output {k}: direct {a:e}, Program {b:e}");
        }
    }
    direct
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

/// The derivative of `f` at `x` by five points.
fn slope(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    let h = 1e-3;
    (8.0 * (f(x + h) - f(x - h)) - (f(x + 2.0 * h) - f(x - 2.0 * h))) / (12.0 * h)
}

/// `y`, `dy/dx` for each input, and the derivatives of each of those; for elementwise functions of inputs of one shape.
fn derivatives(y: Var, x: &[Var]) -> Vec<Var> {
    let first = grad(y.cast(DType::F64).sum(), x);
    let second: Vec<Var> = first.iter().flat_map(|g| grad(g.sum(), x)).collect();
    [vec![y], first, second].concat()
}

#[test]
fn values_and_derivatives_of_one_argument() {
    for &(op, f) in UNARY {
        let x = points(op.domain(), 21, 0.1);
        let name = op.name();
        let all = both(name, &[Tensor::from(x.clone())], |x| derivatives(f(x[0]), x));
        let [value, first, second] = [0, 1, 2].map(|k| all[k].to_vec::<f64>());
        assert_eq!(all[0].dtype() == DType::Bool, op.returns_bool(), "{name}");
        for i in 0..x.len() {
            assert_eq!(value[i].to_bits(), op.eval(x[i]).to_bits(), "{name} at {}", x[i]);
            let numeric = slope(|x| op.eval(x), x[i]);
            assert!(close(first[i], numeric, 1e-8), "{name}' at {}: {}, not {numeric}", x[i], first[i]);
            let gradient = |x: f64| {
                scope(|| {
                    let x = Var::from(x);
                    grad(f(x).cast(DType::F64), &[x])[0].item()
                })
            };
            let numeric = slope(gradient, x[i]);
            assert!(close(second[i], numeric, 1e-7), "{name}'' at {}: {}, not {numeric}", x[i], second[i]);
        }
    }
    assert_eq!(UNARY.len(), Unary::ALL.len());
}

/// Points at which the operation is smooth: no jump between neighbours.
fn pairs(op: Binary) -> (Vec<f64>, Vec<f64>) {
    let x = match op {
        // An order.
        Binary::Polygamma => (0..24).map(|i| f64::from(i % 4)).collect(),
        _ => points(op.domain(), 24, 0.1),
    };
    let y = points(op.domain(), 24, 0.45);
    x.into_iter().zip(y).filter(|(x, y)| op == Binary::Polygamma || (x - y).abs() > 0.01).unzip()
}

#[test]
fn values_and_derivatives_of_two_arguments() {
    for &(op, f) in BINARY {
        let (x, y) = pairs(op);
        assert!(x.len() >= 20);
        let name = op.name();
        // By the arguments that are numbers, not an order.
        let from = usize::from(op == Binary::Polygamma);
        let inputs = [Tensor::from(x.clone()), Tensor::from(y.clone())];
        let all = both(name, &inputs, |x| derivatives(f(x[0], x[1]), &x[from..]));
        let all: Vec<Vec<f64>> = all.iter().map(|y| y.to_vec()).collect();
        let n = 2 - from;
        for i in 0..x.len() {
            let at = [x[i], y[i]];
            assert_eq!(all[0][i].to_bits(), op.eval(x[i], y[i]).to_bits(), "{name} at {at:?}");
            let moved = |k: usize, value: f64| {
                let mut at = at;
                at[from + k] = value;
                at
            };
            for k in 0..n {
                let value = |v: f64| {
                    let [x, y] = moved(k, v);
                    op.eval(x, y)
                };
                let numeric = slope(value, at[from + k]);
                let exact = all[1 + k][i];
                assert!(close(exact, numeric, 1e-8), "{name} by {k} at {at:?}: {exact}, not {numeric}");
                for j in 0..n {
                    let gradient = |v: f64| {
                        scope(|| {
                            let x = moved(j, v).map(Var::from);
                            grad(f(x[0], x[1]).cast(DType::F64), &[x[from + k]])[0].item()
                        })
                    };
                    let numeric = slope(gradient, at[from + j]);
                    let exact = all[1 + n + n * k + j][i];
                    assert!(close(exact, numeric, 1e-7), "{name} by {k}, {j} at {at:?}: {exact}, not {numeric}");
                }
            }
        }
    }
    assert_eq!(BINARY.len(), Binary::ALL.len());
}

/// The elements of `x`, broadcast to `shape`, row-major.
fn spread(x: &Tensor, shape: &[usize]) -> Vec<f64> {
    x.cast(DType::F64).expand(shape).to_vec()
}

#[test]
fn broadcasts_and_their_gradients() {
    let shapes: &[(&[usize], &[usize], &[usize])] = &[
        (&[], &[], &[]),
        (&[3], &[], &[3]),
        (&[], &[2, 3], &[2, 3]),
        (&[2, 1, 3], &[4, 1], &[2, 4, 3]),
        (&[1], &[5], &[5]),
        (&[1, 1], &[1], &[1, 1]),
        (&[0], &[1], &[0]),
        (&[2, 0], &[1, 1], &[2, 0]),
        (&[70, 1], &[1, 70], &[70, 70]),
    ];
    for &(op, f) in BINARY {
        for &(a, b, shape) in shapes {
            let what = format!("{} of {a:?} and {b:?}", op.name());
            let count = |shape: &[usize]| shape.iter().product::<usize>();
            let first = match op {
                Binary::Polygamma => (0..count(a)).map(|i| (i % 3) as f64).collect(),
                _ => points(op.domain(), count(a), 0.1),
            };
            let inputs = [Tensor::from_vec(first, a), Tensor::from_vec(points(op.domain(), count(b), 0.45), b)];
            let all = both(&what, &inputs, |x| {
                let y = f(x[0], x[1]);
                // The same at full size, where nothing is broadcast.
                let full = [x[0].expand(shape), x[1].expand(shape)];
                let of_full = grad(f(full[0], full[1]).cast(DType::F64).sum(), &full);
                [vec![y], grad(y.cast(DType::F64).sum(), x), of_full].concat()
            });
            assert_eq!(all[0].shape(), shape, "{what}");
            let (x, y) = (spread(&inputs[0], shape), spread(&inputs[1], shape));
            for (i, value) in all[0].to_vec::<f64>().into_iter().enumerate() {
                assert_eq!(value.to_bits(), op.eval(x[i], y[i]).to_bits(), "{what}");
            }
            for k in 0..2 {
                assert_eq!(all[1 + k].shape(), inputs[k].shape(), "{what}");
                let (of_part, of_full) = (all[1 + k].sum().item(), all[3 + k].sum().item());
                assert!(close(of_part, of_full, 1e-11), "{what}: {of_part}, not {of_full}");
            }
        }
    }
}

#[test]
fn views_are_arguments() {
    type View = (&'static str, fn(Var) -> Var);
    let views: &[View] = &[
        ("permuted", |x| x.permute(&[2, 0, 1])),
        ("flipped", |x| x.flip(0).flip(2)),
        ("expanded", |x| x.slice(1, 1..2).expand(&[2, 3, 4])),
        ("spaced", |x| x.slice(2, ..3).slice(0, 1..)),
        ("empty", |x| x.slice(1, 2..2)),
        ("single", |x| x.select(0, 1).select(0, 2).select(0, 3)),
    ];
    for &(name, view) in views {
        for &(op, f) in UNARY {
            let what = format!("{} of {name}", op.name());
            let x = Tensor::from_vec(points(op.domain(), 24, 0.1), [2, 3, 4]);
            let all = both(&what, &[x], |x| {
                let y = f(view(x[0]));
                [vec![view(x[0]), y], grad(y.cast(DType::F64).sum(), x)].concat()
            });
            assert_eq!(all[0].shape(), all[1].shape(), "{what}");
            for (x, y) in all[0].to_vec::<f64>().into_iter().zip(all[1].to_vec::<f64>()) {
                assert_eq!(y.to_bits(), op.eval(x).to_bits(), "{what}");
            }
        }
        for &(op, f) in BINARY.iter().filter(|(op, _)| *op != Binary::Polygamma) {
            let what = format!("{} of {name}", op.name());
            let x = Tensor::from_vec(points(op.domain(), 24, 0.1), [2, 3, 4]);
            let y = Tensor::from_vec(points(op.domain(), 24, 0.45), [2, 3, 4]);
            let all = both(&what, &[x, y], |x| {
                let y = f(view(x[0]), view(x[1]));
                [vec![view(x[0]), view(x[1]), y], grad(y.cast(DType::F64).sum(), x)].concat()
            });
            let [x, y, z] = [0, 1, 2].map(|k| all[k].to_vec::<f64>());
            for i in 0..z.len() {
                assert_eq!(z[i].to_bits(), op.eval(x[i], y[i]).to_bits(), "{what}");
            }
        }
    }
}

const AWKWARD: [f64; 14] =
    [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 5e-324, -1e-310, 1e300, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

#[test]
fn awkward_numbers_pass_through_both_engines() {
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    for &(op, f) in UNARY {
        let y = &both(op.name(), &[Tensor::from(AWKWARD)], |x| vec![f(x[0])])[0];
        for (x, y) in AWKWARD.into_iter().zip(y.to_vec::<f64>()) {
            assert!(same(y, op.eval(x)), "{} at {x:e}: {y:e}", op.name());
            // NaN in, NaN out; but for questions.
            assert!(!x.is_nan() || y.is_nan() || op.returns_bool(), "{} of NaN: {y}", op.name());
        }
    }
    let x = Tensor::from(AWKWARD).reshape(&[-1, 1]);
    for &(op, f) in BINARY {
        let z = &both(op.name(), &[x.clone(), Tensor::from(AWKWARD)], |x| vec![f(x[0], x[1])])[0];
        for (place, z) in z.to_vec::<f64>().into_iter().enumerate() {
            let (x, y) = (AWKWARD[place / AWKWARD.len()], AWKWARD[place % AWKWARD.len()]);
            assert!(same(z, op.eval(x, y)), "{} at {x:e}, {y:e}: {z:e}", op.name());
        }
    }
}

#[test]
fn element_types_are_those_of_tensors() {
    let of = |dtype: DType| Tensor::ones([2], dtype);
    for a in DType::ALL {
        for &(op, f) in UNARY {
            let y = scope(|| {
                let y = f(Var::from(of(a)));
                (y.dtype(), y.to_tensor())
            });
            assert_eq!((y.0, y.1.dtype()), (a.of_unary(op), y.0), "{} of {a}", op.name());
            let want = of(a).unary(op).to_vec::<f64>();
            assert!(want.iter().zip(y.1.to_vec::<f64>()).all(|(&a, b)| close(a, b, 0.0)), "{} of {a}", op.name());
        }
        for b in DType::ALL {
            for &(op, f) in BINARY {
                let dtype = scope(|| f(Var::from(of(a)), Var::from(of(b))).dtype());
                // A tape has no look at exponents, and a power of whole numbers need not be whole.
                let expected = match a.of_binary(op, b) {
                    DType::I64 if op == Binary::Pow => DType::F64,
                    dtype => dtype,
                };
                assert_eq!(dtype, expected, "{} of {a} and {b}", op.name());
            }
        }
    }
}

#[test]
fn single_precision_is_rounded_once() {
    for &(op, f) in UNARY {
        let x: Vec<f32> = points(op.domain(), 19, 0.1).iter().map(|&x| x as f32).collect();
        let (y, slopes) = scope(|| {
            let x = Var::from(Tensor::from(x.clone()));
            let y = f(x);
            (y.to_tensor(), grad(y.cast(DType::F64).sum(), &[x])[0].to_tensor())
        });
        for (x, y) in x.iter().zip(y.to_vec::<f64>()) {
            assert_eq!(y, f64::from(op.eval_single(f64::from(*x)) as f32), "{} at {x}", op.name());
        }
        assert_eq!(slopes.dtype(), DType::F32, "{}", op.name());
        for (x, got) in x.iter().zip(slopes.to_vec::<f64>()) {
            let numeric = slope(|x| op.eval(x), f64::from(*x));
            assert!(close(got, numeric, 2e-5), "{}' at {x}: {got}, not {numeric}", op.name());
        }
    }
}

/// Where values or their parts leave the range, or a formula would be 0/0, and the derivative has a limit.
#[test]
fn derivatives_at_the_edges() {
    let inf = f64::INFINITY;
    let cases: &[(Unary, f64, f64)] = &[
        (Unary::Exp, -inf, 0.0),
        (Unary::Exp2, -inf, 0.0),
        (Unary::Expm1, -inf, 0.0),
        (Unary::Ln, inf, 0.0),
        (Unary::Ln, 0.0, inf),
        (Unary::Log2, inf, 0.0),
        (Unary::Log10, inf, 0.0),
        (Unary::Log1p, -1.0, inf),
        (Unary::Sqrt, 0.0, inf),
        (Unary::Sqrt, inf, 0.0),
        (Unary::Asin, 1.0, inf),
        (Unary::Asin, -1.0, inf),
        (Unary::Acos, 1.0, -inf),
        (Unary::Atan, -inf, 0.0),
        (Unary::Atan, 1e200, 0.0),
        (Unary::Sinh, 0.0, 1.0),
        (Unary::Tanh, inf, 0.0),
        (Unary::Asinh, inf, 0.0),
        (Unary::Asinh, 1e200, 1e-200),
        (Unary::Acosh, 1.0, inf),
        (Unary::Acosh, 1e200, 1e-200),
        (Unary::Atanh, 1.0, inf),
        (Unary::Sigmoid, inf, 0.0),
        (Unary::Sigmoid, -inf, 0.0),
        (Unary::Sigmoid, -740.0, (-740f64).exp()),
        (Unary::Sigmoid, 740.0, (-740f64).exp()),
        (Unary::Logit, 0.0, inf),
        (Unary::Logit, 1e-300, 1e300),
        (Unary::Softplus, inf, 1.0),
        (Unary::Softplus, -inf, 0.0),
        (Unary::Erf, inf, 0.0),
        (Unary::Erfc, inf, 0.0),
        (Unary::Abs, -inf, -1.0),
        (Unary::Digamma, inf, 0.0),
        (Unary::Lgamma, inf, inf),
    ];
    for &(op, x, want) in cases {
        let f = UNARY.iter().find(|(row, _)| *row == op).expect("a row").1;
        let got = both(op.name(), &[Tensor::from(x)], |x| grad(f(x[0]), x))[0].item();
        assert!(got == want || (got / want - 1.0).abs() < 1e-13, "{}' at {x:e}: {got:e}, not {want:e}", op.name());
    }
    let cases: &[(Binary, [f64; 2], [f64; 2])] = &[
        (Binary::Pow, [0.0, 2.0], [0.0, 0.0]),
        (Binary::Pow, [0.0, 1.0], [1.0, 0.0]),
        (Binary::Pow, [0.0, 0.0], [0.0, 0.0]),
        (Binary::Atan2, [1e200, 1e200], [5e-201, -5e-201]),
        (Binary::Atan2, [0.0, 2.0], [0.5, 0.0]),
        (Binary::Hypot, [3e200, 4e200], [0.6, 0.8]),
        (Binary::Hypot, [0.0, 0.0], [0.0, 0.0]),
        (Binary::Fmod, [-7.5, 2.0], [1.0, 3.0]),
        (Binary::Remainder, [-7.5, 2.0], [1.0, 4.0]),
        (Binary::Min, [1.5, 1.5], [0.5, 0.5]),
        (Binary::Max, [1.5, 2.5], [0.0, 1.0]),
        (Binary::Xlogy, [0.0, 0.0], [0.0, 0.0]),
        (Binary::Xlogy, [0.0, 2.0], [2f64.ln(), 0.0]),
        (Binary::Xlog1py, [0.0, -1.0], [0.0, 0.0]),
        (Binary::Logaddexp, [f64::NEG_INFINITY, 1.0], [0.0, 1.0]),
        (Binary::Logaddexp, [f64::NEG_INFINITY, f64::NEG_INFINITY], [0.0, 0.0]),
        (Binary::Logaddexp, [800.0, -800.0], [1.0, 0.0]),
    ];
    for &(op, at, want) in cases {
        let f = BINARY.iter().find(|(row, _)| *row == op).expect("a row").1;
        let got = both(op.name(), &at.map(Tensor::from), |x| grad(f(x[0], x[1]), x));
        for k in 0..2 {
            let got = got[k].item();
            let near = got == want[k] || (got / want[k] - 1.0).abs() < 1e-13;
            assert!(near, "{} by {k} at {at:?}: {got:e}, not {:e}", op.name(), want[k]);
        }
    }
}

/// A composed function: its name, the methods of expressions and tensors, a scalar reference, and where it is smooth.
struct Composed {
    name: &'static str,
    var: fn(Var) -> Var,
    tensor: fn(&Tensor) -> Tensor,
    reference: fn(f64) -> f64,
    domain: (f64, f64),
}

macro_rules! composed {
    ($($method:ident($($argument:expr),*), $low:literal .. $high:literal, $reference:expr;)*) => {
        &[$(Composed {
            name: stringify!($method),
            var: |x| x.$method($($argument),*),
            tensor: |x| x.$method($($argument),*),
            reference: $reference,
            domain: ($low, $high),
        }),*]
    };
}

const COMPOSED: &[Composed] = composed! {
    relu(), -3.0 .. 3.0, |x| x.max(0.0);
    leaky_relu(0.1), -3.0 .. 3.0, |x| if x > 0.0 { x } else { 0.1 * x };
    elu(1.5), -3.0 .. 3.0, |x| if x > 0.0 { x } else { 1.5 * x.exp_m1() };
    gelu(), -3.0 .. 3.0, |x| x * Unary::Ndtr.eval(x);
    gelu_tanh(), -3.0 .. 3.0, |x| x / 2.0 * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh());
    silu(), -5.0 .. 5.0, |x| x / (1.0 + (-x).exp());
    softsign(), -5.0 .. 5.0, |x| x / (1.0 + x.abs());
    log_sigmoid(), -5.0 .. 5.0, |x| -(-x).exp().ln_1p();
    rsqrt(), 0.2 .. 5.0, |x| 1.0 / x.sqrt();
    clamp(-0.7, 1.3), -3.0 .. 3.0, |x| x.clamp(-0.7, 1.3);
    lerp(2.0, 0.3), -3.0 .. 3.0, |x| 0.7 * x + 0.6;
    lerp(2.0, 0.8), -3.0 .. 3.0, |x| 0.2 * x + 1.6;
    trigamma(), 0.5 .. 9.0, |x| Binary::Polygamma.eval(1.0, x);
    i0(), -9.0 .. 9.0, |x| Unary::I0e.eval(x) * x.abs().exp();
    i1(), -9.0 .. 9.0, |x| Unary::I1e.eval(x) * x.abs().exp();
    log_i0(), -9.0 .. 9.0, |x| Unary::I0e.eval(x).ln() + x.abs();
};

#[test]
fn composed_functions() {
    for Composed { name, var, tensor, reference, domain } in COMPOSED {
        // None of the points is near a kink.
        let x = points(*domain, 24, 0.13);
        let all = both(name, &[Tensor::from(x.clone())], |x| derivatives(var(x[0]), x));
        assert_eq!(all[0], tensor(&Tensor::from(x.clone())), "{name}");
        let [value, first, second] = [0, 1, 2].map(|k| all[k].to_vec::<f64>());
        for (i, &x) in x.iter().enumerate() {
            let want = reference(x);
            assert!((value[i] - want).abs() <= 1e-13 * want.abs(), "{name} at {x}: {}, not {want}", value[i]);
            let numeric = slope(reference, x);
            let scale = value[i].abs().max(1.0);
            assert!((first[i] - numeric).abs() < 1e-8 * scale, "{name}' at {x}: {}, not {numeric}", first[i]);
            let gradient = |x: f64| {
                scope(|| {
                    let x = Var::from(x);
                    grad(var(x), &[x])[0].item()
                })
            };
            let numeric = slope(gradient, x);
            assert!((second[i] - numeric).abs() < 1e-7 * scale, "{name}'' at {x}: {}, not {numeric}", second[i]);
        }
        let narrow = Tensor::from(x.clone()).cast(DType::F32);
        assert_eq!(tensor(&narrow).dtype(), DType::F32, "{name}");
        assert_eq!(scope(|| var(Var::from(&narrow)).to_tensor()), tensor(&narrow), "{name}");
        for awkward in AWKWARD {
            let y = tensor(&Tensor::from(awkward)).item();
            let undefined = match *name {
                "rsqrt" => awkward < 0.0,
                // The way from an infinity to a number has no points.
                "lerp" => awkward.is_infinite(),
                "trigamma" => awkward == f64::NEG_INFINITY,
                _ => false,
            };
            assert!(!awkward.is_nan() || y.is_nan(), "{name} of {awkward}: {y}");
            assert!(!y.is_nan() || awkward.is_nan() || undefined, "{name} of {awkward}: {y}");
        }
    }
}

#[test]
fn composed_functions_at_the_edges() {
    let inf = f64::INFINITY;
    type Case = (&'static str, fn(Var) -> Var, f64, f64, f64);
    // Value and derivative.
    let cases: &[Case] = &[
        ("relu", |x| x.relu(), 0.0, 0.0, 0.0),
        ("relu", |x| x.relu(), inf, inf, 1.0),
        ("elu", |x| x.elu(2.0), 0.0, 0.0, 2.0),
        ("elu", |x| x.elu(2.0), inf, inf, 1.0),
        ("elu", |x| x.elu(2.0), -inf, -2.0, 0.0),
        ("gelu", |x| x.gelu(), -inf, 0.0, 0.0),
        ("gelu", |x| x.gelu(), 1e300, 1e300, 1.0),
        ("gelu_tanh", |x| x.gelu_tanh(), -inf, 0.0, 0.0),
        ("gelu_tanh", |x| x.gelu_tanh(), 1e300, 1e300, 1.0),
        ("silu", |x| x.silu(), -inf, 0.0, 0.0),
        ("silu", |x| x.silu(), 1e300, 1e300, 1.0),
        ("softsign", |x| x.softsign(), -inf, -1.0, 0.0),
        ("softsign", |x| x.softsign(), 1e-200, 1e-200, 1.0),
        ("softsign", |x| x.softsign(), 1e9, 1.0 / (1.0 + 1e-9), (1e9 + 1.0f64).powi(-2)),
        ("log_sigmoid", |x| x.log_sigmoid(), -inf, -inf, 1.0),
        ("log_sigmoid", |x| x.log_sigmoid(), 800.0, 0.0, 0.0),
        ("lerp", |x| x.lerp(1e20, 0.0), 0.1, 0.1, 1.0),
        ("lerp", |x| x.lerp(0.1, 1.0), 1e20, 0.1, 0.0),
        ("i0", |x| x.i0(), 0.0, 1.0, 0.0),
        ("i1", |x| x.i1(), 0.0, 0.0, 0.5),
        ("log_i0", |x| x.log_i0(), 0.0, 0.0, 0.0),
        ("log_i0", |x| x.log_i0(), 1e5, 1e5 - 0.5 * (1e5 * std::f64::consts::TAU).ln() + 1.25e-6, 1.0 - 5e-6),
        // Where the value itself has no digits left, the derivative still has all.
        ("log_ndtr", |x| x.log_ndtr(), -1e8, -5e15, 1e8),
        ("i0e", |x| x.i0e(), 1e8, 3.989422804014327e-5, -1.9947114020071634e-13),
        ("erfcx", |x| x.erfcx(), 1e8, 5.641895835477563e-9, -5.641895835477563e-17),
    ];
    for &(name, f, x, value, slope) in cases {
        let got = both(name, &[Tensor::from(x)], |x| vec![f(x[0]), grad(f(x[0]), x)[0]]);
        for (got, want) in [(got[0].item(), value), (got[1].item(), slope)] {
            let near = got == want || (got / want - 1.0).abs() < 1e-8;
            assert!(near, "{name} at {x:e}: {got:e}, not {want:e}");
        }
    }
}
