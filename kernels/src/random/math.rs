//! Elementary functions of short slices in place, and of single numbers, by the crate's own kernels.

use super::turn::circle;
use crate::{elementwise::unary, table::Unary};

/// Values that are copied at once.
const BUFFER: usize = 256;

fn apply(op: Unary, x: &mut [f64]) {
    let mut buffer = [0.0; BUFFER];
    for part in x.chunks_mut(BUFFER) {
        let copy = &mut buffer[..part.len()];
        copy.copy_from_slice(part);
        unary(op, copy, part);
    }
}

/// x <- ln x.
pub(super) fn ln(x: &mut [f64]) {
    apply(Unary::Ln, x);
}

/// x <- ln(1 + x).
pub(super) fn ln_1p(x: &mut [f64]) {
    apply(Unary::Log1p, x);
}

/// x <- e^x.
pub(super) fn exp(x: &mut [f64]) {
    apply(Unary::Exp, x);
}

/// x <- factor x.
pub(super) fn scale(x: &mut [f64], factor: f64) {
    x.iter_mut().for_each(|v| *v *= factor);
}

/// ln of one number.
pub(super) fn ln_of(x: f64) -> f64 {
    Unary::Ln.eval(x)
}

/// ln(1 + x) of one number.
pub(super) fn ln_1p_of(x: f64) -> f64 {
    Unary::Log1p.eval(x)
}

/// e^x of one number.
pub(super) fn exp_of(x: f64) -> f64 {
    Unary::Exp.eval(x)
}

/// A standard normal draw from two uniforms: G. E. P. Box and M. E. Muller 1958.
pub(super) fn normal_of(u: f64, v: f64) -> f64 {
    let (mut cosine, mut sine) = ([v], [0.0]);
    circle(&mut cosine, &mut sine);
    (-2.0 * ln_of(u)).sqrt() * cosine[0]
}
