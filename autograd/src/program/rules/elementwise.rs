//! The table of elementwise rules. Variables: `x y z w` anything, `v` as large as the result, `p` never negative, `n` never
//! positive, `c d` known numbers. A row that matches first counts.

use super::Op;
use super::pattern::{Keeps, Pattern, Row, Variable, pattern, rewrite, table};
use crate::program::builder::Builder;
use crate::program::graph::{Id, Ids};
use pyroxene_kernels::table::{Binary, Unary};
use pyroxene_tensor::Shape;

/// The name of the row that matches, and the replacement.
pub(super) fn apply(builder: &mut Builder, op: &Op, inputs: &Ids, shape: &Shape) -> Option<(&'static str, Id)> {
    if !op.is_elementwise() {
        return None;
    }
    let len = shape.iter().product();
    let (name, id) = TABLE.iter().find_map(|row| Some((row.name, rewrite(row, builder, op, inputs, len)?)))?;
    Some((name, builder.expand(id, shape)))
}

/// Where what the row replaces goes wrong, if it does.
pub(super) fn improvement(name: &str) -> Option<&'static str> {
    match TABLE.iter().find(|row| row.name == name)?.keeps {
        Keeps::Improves(place) => Some(place),
        Keeps::Bits | Keeps::Rounding => None,
    }
}

/// Constants are combined where that is exact, so that one rounding goes away and none is added: numbers that a model
/// rounds or compares do not move (`floor(x / 49)` at 49 is 1, `floor(x * (1 / 49))` is 0).
fn exact_sum(c: f64, d: f64) -> bool {
    // The rounding error of a sum is itself a number (Knuth's two-sum).
    let sum = c + d;
    let shift = sum - c;
    sum.is_finite() && (c - (sum - shift)) + (d - shift) == 0.0
}

fn exact_difference(c: f64, d: f64) -> bool {
    exact_sum(c, -d)
}

fn exact_product(c: f64, d: f64) -> bool {
    let product = c * d;
    product.is_normal() && c.mul_add(d, -product) == 0.0
}

fn exact_quotient(c: f64, d: f64) -> bool {
    let quotient = c / d;
    quotient.is_normal() && d.is_normal() && quotient.mul_add(d, -c) == 0.0
}

fn exact_reciprocal(c: f64, _: f64) -> bool {
    exact_quotient(1.0, c)
}

/// Numbers that add to something never positive without cancelling.
fn both_positive(c: f64, d: f64) -> bool {
    c >= 0.0 && d >= 0.0
}

fn never_below(c: f64, _: f64) -> bool {
    c <= 0.0
}

fn finite_exponent(c: f64, _: f64) -> bool {
    c.is_finite() && c != 0.0
}

const TABLE: &[Row] = table! {
    // Negation goes away or outward, where sums take it in.
    Neg(Neg(x)) => x, Bits;
    Neg(Sub(x, y)) => Sub(y, x), Bits;
    Neg(Mul(c, x)) => Mul(Neg(c), x), Bits;
    Neg(Div(c, x)) => Div(Neg(c), x), Bits;
    Add(x, Neg(y)) => Sub(x, y), Bits;
    Sub(x, Neg(y)) => Add(x, y), Bits;
    Sub(0.0, x) => Neg(x), Bits;
    Sub(Neg(v), y) => Neg(Add(v, y)), Bits;
    Mul((-1.0), x) => Neg(x), Bits;
    Div(x, (-1.0)) => Neg(x), Bits;
    Mul(Neg(x), c) => Mul(x, Neg(c)), Bits;
    Div(Neg(x), c) => Div(x, Neg(c)), Bits;
    Mul(Neg(x), Neg(y)) => Mul(x, y), Bits;
    Div(Neg(x), Neg(y)) => Div(x, y), Bits;
    Mul(Neg(v), y) => Neg(Mul(v, y)), Bits;
    Div(Neg(v), y) => Neg(Div(v, y)), Bits;
    Div(x, Neg(v)) => Neg(Div(x, v)), Bits;
    Square(Neg(x)) => Square(x), Bits;
    Abs(Neg(x)) => Abs(x), Bits;
    Cosh(Neg(x)) => Cosh(x), Bits;
    Cos(Neg(x)) => Cos(x), Bits;

    // Neutral and repeated operands.
    Add(x, 0.0) => x, Bits;
    Sub(x, 0.0) => x, Bits;
    Mul(x, 1.0) => x, Bits;
    Div(x, 1.0) => x, Bits;
    Div(1.0, x) => Recip(x), Bits;
    Mul(x, x) => Square(x), Bits;
    Max(x, x) => x, Bits;
    Min(x, x) => x, Bits;
    Abs(p) => p, Bits;
    Max(p, 0.0) => p, Bits;
    Min(n, 0.0) => n, Bits;

    // Constants meet where that is exact, or where all terms have one sign and nothing cancels.
    Mul(c, Mul(d, x)) => Mul(Mul(c, d), x), Improves("an intermediate product overflows or underflows"), exact_product;
    Mul(c, Div(d, x)) => Div(Mul(c, d), x), Improves("an intermediate quotient overflows or underflows"), exact_product;
    Mul(c, Div(x, d)) => Mul(Div(c, d), x), Improves("an intermediate quotient overflows or underflows"), exact_quotient;
    Div(Mul(c, x), d) => Mul(Div(c, d), x), Improves("an intermediate product overflows or underflows"), exact_quotient;
    Div(Div(x, c), d) => Div(x, Mul(c, d)), Improves("an intermediate quotient overflows or underflows"), exact_product;
    Div(x, c) => Mul(x, Recip(c)), Bits, exact_reciprocal;
    Add(c, Add(d, x)) => Add(Add(c, d), x), Improves("c or d absorbs x"), exact_sum;
    Add(c, Sub(x, d)) => Add(x, Sub(c, d)), Improves("d absorbs x"), exact_difference;
    Sub(Add(c, x), d) => Add(x, Sub(c, d)), Improves("c absorbs x"), exact_difference;
    Sub(Sub(x, c), d) => Sub(x, Add(c, d)), Improves("c absorbs x"), exact_sum;
    Sub(Sub(n, c), d) => Sub(n, Add(c, d)), Rounding, both_positive;

    // Powers.
    Pow(x, 0.0) => 1.0, Bits;
    Pow(1.0, x) => 1.0, Bits;
    Pow(x, 1.0) => x, Bits;
    Pow(x, 2.0) => Square(x), Rounding;
    Pow(x, 3.0) => Mul(x, Square(x)), Rounding;
    Pow(x, 4.0) => Square(Square(x)), Rounding;
    Pow(x, (-1.0)) => Recip(x), Rounding;
    Pow(x, (-2.0)) => Square(Recip(x)), Rounding;
    Pow(p, 0.5) => Sqrt(p), Rounding;
    Pow(p, 1.5) => Mul(p, Sqrt(p)), Rounding;
    Pow(p, (-0.5)) => Recip(Sqrt(p)), Rounding;
    Pow(2.0, x) => Exp2(x), Rounding;
    Square(Sqrt(p)) => p, Rounding;
    Sqrt(Square(x)) => Abs(x), Improves("the square overflows or underflows");
    Square(Abs(x)) => Square(x), Bits;

    // Logarithms and exponentials.
    Ln(Exp(x)) => x, Improves("exp(x) overflows or underflows, or rounds near 1");
    Exp(Ln(p)) => p, Improves("ln(p) is rounded before it is an exponent");
    Ln(Sub(1.0, Sigmoid(x))) => Neg(Softplus(x)), Improves("sigmoid(x) rounds to 1");
    Ln(Sigmoid(x)) => Neg(Softplus(Neg(x))), Improves("sigmoid(x) underflows or rounds to 1");
    Ln(Ndtr(x)) => LogNdtr(x), Improves("ndtr(x) underflows or rounds to 1");
    Ln(Add(Exp(x), Exp(y))) => Logaddexp(x, y), Improves("exp(x) or exp(y) overflows or both underflow");
    Ln(Add(1.0, x)) => Log1p(x), Improves("1 + x loses digits of x");
    Ln(Sub(1.0, x)) => Log1p(Neg(x)), Improves("1 - x loses digits of x");
    Ln(Sqrt(x)) => Mul(0.5, Ln(x)), Improves("the root rounds near 1");
    Ln(Square(p)) => Mul(2.0, Ln(p)), Improves("the square overflows or underflows");
    Ln(Square(x)) => Mul(2.0, Ln(Abs(x))), Improves("the square overflows or underflows");
    Ln(Recip(p)) => Neg(Ln(p)), Improves("the reciprocal overflows");
    Ln(Pow(p, c)) => Mul(c, Ln(p)), Improves("the power overflows or underflows"), finite_exponent;
    Log1p(Neg(Sigmoid(x))) => Neg(Softplus(x)), Improves("sigmoid(x) rounds to 1");
    Log1p(Exp(x)) => Softplus(x), Improves("exp(x) overflows");
    Log1p(Expm1(x)) => x, Improves("exp(x) overflows or rounds to 0");
    Expm1(Log1p(p)) => p, Improves("the logarithm is rounded before it is an exponent");
    Sub(Exp(x), 1.0) => Expm1(x), Improves("exp(x) rounds near 1");
    Add(Exp(x), (-1.0)) => Expm1(x), Improves("exp(x) rounds near 1");
    Recip(Add(1.0, Exp(x))) => Sigmoid(Neg(x)), Improves("exp(x) overflows");
    Add(x, Softplus(Sub(y, x))) => Logaddexp(x, y), Improves("x and y are the same infinity, or x is -inf");
    Add(Max(x, y), Logaddexp(Sub(x, Max(x, y)), Sub(y, Max(x, y)))) => Logaddexp(x, y),
        Improves("x and y are infinite");

    // Choices and comparisons.
    Where(x, y, y) => y, Bits;
    Where(Not(x), y, z) => Where(x, z, y), Bits;
    Where(x, Where(x, y, z), w) => Where(x, y, w), Bits;
    Where(x, y, Where(x, z, w)) => Where(x, y, w), Bits;
    Add(Where(x, y, 0.0), Where(x, 0.0, z)) => Where(x, y, z), Bits;
    Less(p, c) => 0.0, Bits, never_below;
    Less(x, x) => 0.0, Bits;
    Greater(x, x) => 0.0, Bits;
};

#[cfg(test)]
mod tests;
