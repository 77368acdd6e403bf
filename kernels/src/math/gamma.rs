//! Lane functions by way of the standard library.
use crate::simd::{Simd, Vector};
#[inline(always)]
pub(crate) fn lgamma<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| {
        let mut x = x;
        let mut p = 0.0;
        while x < 20.0 {
            p -= x.abs().ln();
            x += 1.0;
        }
        p + (x - 0.5) * x.ln() - x + 0.9189385332046727 + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3))
            + 1.0 / (1260.0 * x.powi(5))
    })
}
#[inline(always)]
pub(crate) fn digamma<S: Simd>(x: Vector<S>) -> Vector<S> {
    x.map(|x: f64| {
        let mut x = x;
        let mut p = 0.0;
        while x < 20.0 {
            p -= 1.0 / x;
            x += 1.0;
        }
        p + x.ln() - 0.5 / x - 1.0 / (12.0 * x * x) + 1.0 / (120.0 * x.powi(4)) - 1.0 / (252.0 * x.powi(6))
    })
}
#[inline(always)]
pub(crate) fn polygamma<S: Simd>(n: Vector<S>, x: Vector<S>) -> Vector<S> {
    let (a, b) = (n.to_array(), x.to_array());
    Vector::new(
        x.simd,
        x.simd.from_array(std::array::from_fn(|i| {
            let (n, x) = (a[i], b[i]);
            let s: f64 = (0..1000).map(|k| (x + f64::from(k)).powf(-n - 1.0)).sum();
            let f: f64 = (1..=n as i64).map(|k| k as f64).product();
            let tail = (x + 1000.0).powf(-n) / n + 0.5 * (x + 1000.0).powf(-n - 1.0);
            f * (s + tail) * if n as i64 % 2 == 0 { -1.0 } else { 1.0 }
        })),
    )
}
