//! Lane functions by way of the standard library.
use crate::simd::{Simd, Vector};
#[inline(always)]
pub(crate) fn erf<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| {
        let mut s = x;
        let mut t = x;
        for i in 1..200 {
            t *= -x * x / i as f64;
            s += t / (2 * i + 1) as f64;
        }
        if x.abs() > 5.0 { x.signum() } else { s * std::f64::consts::FRAC_2_SQRT_PI }
    })
}
#[inline(always)]
pub(crate) fn erfc<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| {
        1.0 - {
            let mut s = x;
            let mut t = x;
            for i in 1..200 {
                t *= -x * x / i as f64;
                s += t / (2 * i + 1) as f64;
            }
            if x.abs() > 5.0 { x.signum() } else { s * std::f64::consts::FRAC_2_SQRT_PI }
        }
    })
}
