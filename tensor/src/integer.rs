//! Operations on integers and truth values, which no SIMD kernel computes. `None` from a function means overflow.

use pyroxene_kernels::{Binary, Unary};

/// The operations that map integers to integers.
pub(crate) fn unary(op: Unary) -> fn(i64) -> Option<i64> {
    match op {
        Unary::Neg => i64::checked_neg,
        Unary::Abs => i64::checked_abs,
        Unary::Sign => |x| Some(x.signum()),
        Unary::Square => |x| x.checked_mul(x),
        Unary::Floor | Unary::Ceil | Unary::Round | Unary::Trunc => Some,
        _ => unreachable!("{} is computed in floating point", op.name()),
    }
}

/// The operations on truth values.
pub(crate) fn logic(op: Binary) -> Option<fn(bool, bool) -> bool> {
    match op {
        Binary::And => Some(|x, y| x && y),
        Binary::Or => Some(|x, y| x || y),
        _ => None,
    }
}

/// The comparisons.
pub(crate) fn comparison(op: Binary) -> Option<fn(i64, i64) -> bool> {
    match op {
        Binary::Equal => Some(|x, y| x == y),
        Binary::NotEqual => Some(|x, y| x != y),
        Binary::Less => Some(|x, y| x < y),
        Binary::LessEqual => Some(|x, y| x <= y),
        Binary::Greater => Some(|x, y| x > y),
        Binary::GreaterEqual => Some(|x, y| x >= y),
        _ => None,
    }
}

/// The operations that map pairs of integers to integers.
pub(crate) fn arithmetic(op: Binary) -> fn(i64, i64) -> Option<i64> {
    match op {
        Binary::Add => i64::checked_add,
        Binary::Sub => i64::checked_sub,
        Binary::Mul => i64::checked_mul,
        Binary::Pow => power,
        Binary::Min => |x, y| Some(x.min(y)),
        Binary::Max => |x, y| Some(x.max(y)),
        Binary::Fmod => rest,
        Binary::Remainder => remainder,
        _ => unreachable!("{} is computed in floating point", op.name()),
    }
}

/// An integer power; a negative exponent gives an integer only for the bases 1 and -1.
fn power(base: i64, exponent: i64) -> Option<i64> {
    match base {
        0 | 1 if exponent >= 0 => Some(if exponent == 0 { 1 } else { base }),
        1 => Some(1),
        -1 => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        _ => base.checked_pow(u32::try_from(exponent).ok()?),
    }
}

/// The remainder with the sign of the dividend; that of the least number by -1 is zero, though its quotient is too large.
fn rest(x: i64, y: i64) -> Option<i64> {
    (y != 0).then(|| x.wrapping_rem(y))
}

/// The remainder with the sign of the divisor.
fn remainder(x: i64, y: i64) -> Option<i64> {
    let rest = rest(x, y)?;
    Some(if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest })
}
