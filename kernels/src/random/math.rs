//! Elementary functions of short slices in place, by the crate's own kernels.

/// x <- ln x.
pub(super) fn ln(x: &mut [f64]) {
    x.iter_mut().for_each(|v| *v = v.ln());
}

/// x <- ln(1 + x).
pub(super) fn ln_1p(x: &mut [f64]) {
    x.iter_mut().for_each(|v| *v = v.ln_1p());
}

/// x <- e^x.
pub(super) fn exp(x: &mut [f64]) {
    x.iter_mut().for_each(|v| *v = v.exp());
}

/// x <- sin x.
pub(super) fn sin(x: &mut [f64]) {
    x.iter_mut().for_each(|v| *v = v.sin());
}

/// x <- cos x.
pub(super) fn cos(x: &mut [f64]) {
    x.iter_mut().for_each(|v| *v = v.cos());
}

/// x <- factor x.
pub(super) fn scale(x: &mut [f64], factor: f64) {
    x.iter_mut().for_each(|v| *v *= factor);
}

/// ln of one number.
pub(super) fn ln_of(x: f64) -> f64 {
    x.ln()
}

/// cos of one number.
pub(super) fn cos_of(x: f64) -> f64 {
    x.cos()
}
