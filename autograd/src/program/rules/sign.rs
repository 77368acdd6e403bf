//! What is known of the sign of a value, whatever the inputs.

use crate::op::Op;
use crate::program::builder::Builder;
use crate::program::graph::Id;
use pyroxene_kernels::table::{Binary, Unary};

/// How many operations deep signs are followed.
const DEPTH: usize = 6;

/// Whether a value is zero, positive or NaN whatever its inputs.
pub(super) fn is_never_negative(builder: &Builder, id: Id) -> bool {
    keeps_sign(builder, id, false, DEPTH)
}

/// Whether a value is zero, negative or NaN whatever its inputs.
pub(super) fn is_never_positive(builder: &Builder, id: Id) -> bool {
    keeps_sign(builder, id, true, DEPTH)
}

/// Whether the value times -1 (`negative`) or 1 is never negative.
fn keeps_sign(builder: &Builder, id: Id, negative: bool, depth: usize) -> bool {
    use Unary::{Abs, Cosh, Erfc, Erfcx, Exp, Exp2, I0e, LogNdtr, Ndtr, Neg, Sigmoid, Softplus, Sqrt, Square};
    let Some(depth) = depth.checked_sub(1) else { return false };
    let node = builder.graph.node(id);
    if let Some(value) = &node.constant {
        return value.iter_f64().all(|value| if negative { value <= 0.0 } else { value >= 0.0 });
    }
    let is = |k: usize, negative: bool| keeps_sign(builder, node.inputs[k], negative, depth);
    let same = |k: usize| is(k, negative);
    match &node.op {
        Op::Unary(Neg) => is(0, !negative),
        Op::Unary(LogNdtr) => negative,
        Op::Unary(Exp | Exp2 | Square | Abs | Sqrt | Sigmoid | Softplus | Cosh | Ndtr | Erfc | Erfcx | I0e) => {
            !negative
        }
        Op::Unary(op) if op.returns_bool() => !negative,
        Op::Binary(op) if op.returns_bool() => !negative,
        Op::Binary(Binary::Hypot) => !negative,
        Op::Binary(Binary::Add | Binary::Min | Binary::Max) => same(0) && same(1),
        Op::Binary(Binary::Sub) => same(0) && is(1, !negative),
        Op::Binary(Binary::Mul | Binary::Div) => {
            [false, true].iter().any(|&first| is(0, first) && is(1, first != negative))
        }
        Op::Select => same(1) && same(2),
        Op::Sum(_) | Op::Max(_) | Op::Min(_) | Op::Expand | Op::Reshape | Op::Permute(_) | Op::Slice(_) => same(0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smallvec::smallvec;

    #[test]
    fn signs_follow_through_arithmetic() {
        let mut b = Builder::default();
        let x = b.graph.append(Op::Input(0), smallvec![], smallvec![], None);
        let square = b.unary(Unary::Square, x);
        let half = b.scalar(-0.5);
        let term = b.binary(Binary::Mul, half, square);
        let one = b.scalar(1.0);
        let less = b.binary(Binary::Sub, term, one);
        let shifted = b.binary(Binary::Sub, square, one);
        assert!(is_never_negative(&b, square) && !is_never_positive(&b, square));
        assert!(is_never_positive(&b, less) && !is_never_negative(&b, less));
        assert!(!is_never_positive(&b, shifted) && !is_never_negative(&b, shifted));
    }
}
