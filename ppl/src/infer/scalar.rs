//! Elementary functions of one number that give the same bits on every machine.

use pyroxene_kernels::Unary;

/// e^x
pub(crate) fn exp(x: f64) -> f64 {
    Unary::Exp.eval(x)
}

/// The natural logarithm.
pub(crate) fn ln(x: f64) -> f64 {
    Unary::Ln.eval(x)
}
