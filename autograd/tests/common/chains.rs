//! What tests of Markov chains share: numbers, derivatives of any order, comparisons.

use pyroxene_autograd::{Tensor, Var, grad};

/// Deterministic numbers around zero, of this spread.
pub(crate) fn numbers(shape: &[usize], seed: f64, spread: f64) -> Tensor {
    let n = shape.iter().product();
    Tensor::from_vec((0..n).map(|i| ((i as f64 + seed) * 1.7).sin() * spread).collect::<Vec<f64>>(), shape)
}

/// A weighted sum, so that every element matters differently.
pub(crate) fn weigh(y: Var, seed: f64) -> Var {
    (y * Var::from(numbers(&y.shape(), seed, 1.0))).sum()
}

/// A number, its gradient, and the first and second derivatives of a weighted sum of the gradient.
pub(crate) fn derivatives(f: &dyn Fn(&[Var]) -> Var, x: &[Var]) -> Vec<Var> {
    let y = weigh(f(x), 3.0);
    let first = grad(y, x);
    let sum = first.iter().enumerate().map(|(k, by)| weigh(*by, 5.0 + k as f64)).sum::<Var>();
    let second = grad(sum, x);
    let sum = second.iter().enumerate().map(|(k, by)| weigh(*by, 8.0 + k as f64)).sum::<Var>();
    let third = grad(sum, x);
    [y].into_iter().chain(first).chain(second).chain(third).collect()
}

#[track_caller]
pub(crate) fn assert_close(what: &str, got: &[Tensor], want: &[Tensor], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (k, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(got.allclose(want, tolerance, tolerance), "{what}, result {k}: {got}, not {want}");
    }
}
