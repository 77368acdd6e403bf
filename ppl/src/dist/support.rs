//! Densities on a part of the line.

use pyroxene_autograd::Var;

/// -inf where `outside` is true (it is false for NaN), else the density of `value`. The density sees `interior` in place of
/// values outside, so that no derivative is NaN there.
pub(super) fn within(value: Var, outside: Var, interior: impl Into<Var>, density: impl FnOnce(Var) -> Var) -> Var {
    outside.where_(f64::NEG_INFINITY, density(outside.where_(interior, value)))
}
