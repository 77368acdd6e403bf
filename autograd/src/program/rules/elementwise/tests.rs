//! Each row of the table is evaluated before and after at hostile points, and applied once.

use super::super::Fired;
use super::*;
use smallvec::{SmallVec, smallvec};

const HOSTILE: [f64; 26] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    -4.0,
    3.7,
    -3.7,
    0.3,
    1e-5,
    -1e-20,
    1e-310,
    40.0,
    -40.0,
    710.0,
    -745.5,
    49.0,
    1e160,
    -1e160,
    1e-160,
    f64::MAX,
    f64::MIN,
];

type Values = [f64; Variable::COUNT];

fn evaluate(pattern: &Pattern, values: &Values) -> f64 {
    match pattern {
        Pattern::Variable(variable) => values[*variable as usize],
        Pattern::Number(number) => *number,
        Pattern::Unary(op, a) => op.eval(evaluate(a, values)),
        Pattern::Binary(op, a, b) => op.eval(evaluate(a, values), evaluate(b, values)),
        Pattern::Where([condition, a, b]) => {
            if evaluate(condition, values) != 0.0 {
                evaluate(a, values)
            } else {
                evaluate(b, values)
            }
        }
    }
}

const VARIABLES: [Variable; Variable::COUNT] = {
    use Variable::{c, d, n, p, v, w, x, y, z};
    [x, y, z, w, v, p, n, c, d]
};

fn occurs(pattern: &Pattern, variable: Variable) -> bool {
    match pattern {
        Pattern::Variable(own) => *own == variable,
        Pattern::Number(_) => false,
        Pattern::Unary(_, a) => occurs(a, variable),
        Pattern::Binary(_, a, b) => occurs(a, variable) || occurs(b, variable),
        Pattern::Where(parts) => parts.iter().any(|part| occurs(part, variable)),
    }
}

fn may_be(variable: Variable, value: f64) -> bool {
    match variable {
        Variable::p => value.is_nan() || value >= 0.0,
        Variable::n => value.is_nan() || value <= 0.0,
        _ => true,
    }
}

/// Every way to give hostile values to the variables of the row.
fn points(row: &Row) -> Vec<Values> {
    let mut points = vec![[f64::NAN; Variable::COUNT]];
    for variable in VARIABLES.into_iter().filter(|&variable| occurs(&row.from, variable)) {
        let with = |point: &Values, value: f64| {
            let mut point = *point;
            point[variable as usize] = value;
            point
        };
        let values = || HOSTILE.into_iter().filter(|&value| may_be(variable, value));
        points = points.iter().flat_map(|point| values().map(move |value| with(point, value))).collect();
    }
    points.retain(|point| (row.when)(point[Variable::c as usize], point[Variable::d as usize]));
    assert!(!points.is_empty(), "{}: no constants fit", row.name);
    points
}

fn same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    same(a, b) || (a - b).abs() <= tolerance * a.abs().max(b.abs())
}

/// Close as numbers near 1 are.
fn near(a: f64, b: f64) -> bool {
    same(a, b) || (a - b).abs() <= 1e-13 * a.abs().max(1.0)
}

/// Fails with all that is wrong, not the first.
fn none_wrong(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rows_keep_what_they_say() {
    let mut wrong = Vec::new();
    for row in TABLE {
        for point in points(row) {
            let (before, after) = (evaluate(&row.from, &point), evaluate(&row.to, &point));
            let used = || VARIABLES.into_iter().filter(|&own| occurs(&row.from, own)).map(|own| point[own as usize]);
            let keeps = match row.keeps {
                Keeps::Bits => same(before, after),
                Keeps::Rounding => close(before, after, 4e-15),
                // NaN stays, and nothing but NaN changes where an argument is infinite. Where all is of moderate size,
                // so is the change.
                Keeps::Improves(_) if used().any(f64::is_nan) => same(before, after),
                Keeps::Improves(_) if used().any(f64::is_infinite) => near(before, after) || before.is_nan(),
                Keeps::Improves(_) if used().all(|value| (0.1..5.0).contains(&value.abs())) => near(before, after),
                Keeps::Improves(_) => true,
            };
            if !keeps {
                let at: Vec<f64> = used().collect();
                wrong.push(format!("{}: {before:e} became {after:e} at {at:?}", row.name));
                break;
            }
        }
    }
    none_wrong(&wrong);
}

/// Where a row improves: the values of the variables in their order (x y z w v p n c d), the right value, and the row.
const IMPROVEMENTS: &[(&str, &[f64], f64)] = &[
    ("Mul(c, Mul(d, x)) => Mul(Mul(c, d), x)", &[1e308, 0.25, 4.0], 1e308),
    ("Mul(c, Div(d, x)) => Div(Mul(c, d), x)", &[1e-308, 0.03125, 16.0], 0.5e308),
    ("Mul(c, Div(x, d)) => Mul(Div(c, d), x)", &[1e308, 0.125, 0.25], 0.5e308),
    ("Div(Mul(c, x), d) => Mul(Div(c, d), x)", &[1e308, 4.0, 8.0], 0.5e308),
    ("Div(Div(x, c), d) => Div(x, Mul(c, d))", &[1e308, 0.25, 8.0], 0.5e308),
    ("Add(c, Add(d, x)) => Add(Add(c, d), x)", &[1e-20, 1.0, -1.0], 1e-20),
    ("Add(c, Sub(x, d)) => Add(x, Sub(c, d))", &[1e-20, 1.0, 1.0], 1e-20),
    ("Sub(Add(c, x), d) => Add(x, Sub(c, d))", &[1e-20, 1.0, 1.0], 1e-20),
    ("Sub(Sub(x, c), d) => Sub(x, Add(c, d))", &[1e-20, 1.0, -1.0], 1e-20),
    ("Sqrt(Square(x)) => Abs(x)", &[-1e200], 1e200),
    ("Ln(Exp(x)) => x", &[1000.0], 1000.0),
    ("Exp(Ln(p)) => p", &[1e300], 1e300),
    ("Ln(Sub(1.0, Sigmoid(x))) => Neg(Softplus(x))", &[800.0], -800.0),
    ("Ln(Sigmoid(x)) => Neg(Softplus(Neg(x)))", &[-800.0], -800.0),
    // ln Phi(-40) = -804.608442013754 (Abramowitz & Stegun 26.2.12 to ten terms).
    ("Ln(Ndtr(x)) => LogNdtr(x)", &[-40.0], -804.608_442_013_754),
    ("Ln(Add(Exp(x), Exp(y))) => Logaddexp(x, y)", &[-1000.0, -1000.0], -1000.0 + std::f64::consts::LN_2),
    ("Ln(Add(1.0, x)) => Log1p(x)", &[1e-20], 1e-20),
    ("Ln(Sub(1.0, x)) => Log1p(Neg(x))", &[1e-20], -1e-20),
    ("Ln(Sqrt(x)) => Mul(0.5, Ln(x))", &[1.0 + f64::EPSILON], 0.5 * f64::EPSILON),
    ("Ln(Square(p)) => Mul(2.0, Ln(p))", &[1e200], 921.034_037_197_618_4),
    ("Ln(Square(x)) => Mul(2.0, Ln(Abs(x)))", &[-1e200], 921.034_037_197_618_4),
    ("Ln(Recip(p)) => Neg(Ln(p))", &[1e-310], 713.801_378_828_154_2),
    ("Ln(Pow(p, c)) => Mul(c, Ln(p))", &[1e200, 3.0], 1_381.551_055_796_427_4),
    ("Log1p(Neg(Sigmoid(x))) => Neg(Softplus(x))", &[800.0], -800.0),
    ("Log1p(Exp(x)) => Softplus(x)", &[800.0], 800.0),
    ("Log1p(Expm1(x)) => x", &[800.0], 800.0),
    ("Expm1(Log1p(p)) => p", &[1e300], 1e300),
    ("Sub(Exp(x), 1.0) => Expm1(x)", &[1e-20], 1e-20),
    ("Add(Exp(x), (-1.0)) => Expm1(x)", &[1e-20], 1e-20),
    ("Recip(Add(1.0, Exp(x))) => Sigmoid(Neg(x))", &[720.0], 2.032_230_802_424_293e-313),
    ("Add(x, Softplus(Sub(y, x))) => Logaddexp(x, y)", &[f64::NEG_INFINITY, 3.0], 3.0),
    (
        "Add(Max(x, y), Logaddexp(Sub(x, Max(x, y)), Sub(y, Max(x, y)))) => Logaddexp(x, y)",
        &[f64::NEG_INFINITY, f64::NEG_INFINITY],
        f64::NEG_INFINITY,
    ),
];

#[test]
fn rows_improve_where_they_say() {
    let mut wrong = Vec::new();
    let spaceless = |name: &str| name.replace(' ', "");
    for row in TABLE.iter().filter(|row| matches!(row.keeps, Keeps::Improves(_))) {
        let (_, given, right) = IMPROVEMENTS
            .iter()
            .find(|(name, ..)| spaceless(name) == spaceless(row.name))
            .unwrap_or_else(|| panic!("no improvement is shown for {}", row.name));
        let mut values = [f64::NAN; Variable::COUNT];
        let used = VARIABLES.into_iter().filter(|&own| occurs(&row.from, own));
        used.zip(*given).for_each(|(own, &value)| values[own as usize] = value);
        let (before, after) = (evaluate(&row.from, &values), evaluate(&row.to, &values));
        if !close(after, *right, 1e-14) || same(before, *right) {
            wrong.push(format!("{}: {before:e} became {after:e}, right is {right:e}", row.name));
        }
    }
    none_wrong(&wrong);
}

/// The pattern as nodes that no rule has seen, below the root.
fn raw(builder: &mut Builder, pattern: &Pattern, values: &Values) -> Id {
    let shape: Shape = smallvec![];
    match pattern {
        Pattern::Variable(variable @ (Variable::c | Variable::d)) => builder.scalar(values[*variable as usize]),
        Pattern::Variable(variable) => {
            // Inputs are shared, so that a variable is the same node each time.
            let input = builder.push(Op::Input(*variable as usize), smallvec![], shape);
            match variable {
                Variable::p => builder.unary(Unary::Sigmoid, input),
                Variable::n => builder.unary(Unary::LogNdtr, input),
                _ => input,
            }
        }
        Pattern::Number(number) => builder.scalar(*number),
        _ => {
            let (op, inputs) = parts(builder, pattern, values);
            let same = |node: &crate::program::graph::GraphNode| node.op == op && node.inputs == inputs;
            let place = builder.graph.nodes.iter().position(same);
            place.map_or_else(|| builder.graph.append(op, inputs, shape, None), |place| place as Id)
        }
    }
}

fn parts(builder: &mut Builder, pattern: &Pattern, values: &Values) -> (Op, Ids) {
    let (op, inputs): (Op, SmallVec<[&Pattern; 3]>) = match pattern {
        Pattern::Unary(op, a) => (Op::Unary(*op), smallvec![*a]),
        Pattern::Binary(op, a, b) => (Op::Binary(*op), smallvec![*a, *b]),
        Pattern::Where([a, b, c]) => (Op::Select, smallvec![a, b, c]),
        _ => unreachable!("a row starts with an operation"),
    };
    (op, inputs.into_iter().map(|input| raw(builder, input, values)).collect())
}

#[test]
fn every_row_is_applied() {
    let mut wrong = Vec::new();
    for row in TABLE {
        let is_normal = |point: &Values| {
            VARIABLES.into_iter().all(|own| !occurs(&row.from, own) || point[own as usize].is_normal())
        };
        let mut instead = Fired::new();
        let applied = points(row).into_iter().filter(is_normal).take(500).any(|values| {
            let mut builder = Builder::default();
            let (op, inputs) = parts(&mut builder, &row.from, &values);
            builder.push(op, inputs, smallvec![]);
            instead = builder.fired;
            instead.contains_key(row.name)
        });
        if !applied {
            wrong.push(format!("{}: only {instead:?}", row.name));
        }
    }
    none_wrong(&wrong);
}
