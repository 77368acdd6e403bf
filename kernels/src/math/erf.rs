//! The error function: a polynomial near zero, and in the tail `exp(-x^2)` times a polynomial in `(x - 3.75) / (x + 3.75)`
//! over `1 + 2x` (Shepherd & Laframboise 1981).

use super::exp::exp_sum;
use super::poly::{divide, polynomial, two_sum};
use crate::simd::{Simd, Vector};

/// `erf(x) / x - 1` in x^2, interpolated at Chebyshev nodes of |x| <= 1; absolute error 1e-18.
const NEAR: [f64; 14] = [
    0.1283791670955126,
    -0.37612638903183754,
    0.1128379167095512,
    -0.026866170645129826,
    0.005223977625423116,
    -0.0008548327021921774,
    0.00012055332902288382,
    -1.4925647549075886e-05,
    1.6462045054724144e-06,
    -1.636463660480217e-07,
    1.4792347499413907e-08,
    -1.2164225654817864e-09,
    8.707834948949949e-11,
    -4.229011708989198e-12,
];
/// `(1 + 2x) exp(x^2) erfc(x)` in `(x - 3.75) / (x + 3.75)`, interpolated at Chebyshev nodes of 0.48 <= x <= 28; relative error 3e-18.
const TAIL: [f64; 22] = [
    1.2375126308378275,
    -0.140240598585547,
    0.003585415485466086,
    0.0822767384901478,
    -0.10880393014187012,
    0.0923043211603326,
    -0.058693398586232064,
    0.028362277418953134,
    -0.009746579606464608,
    0.0017556258593572236,
    0.00029371406418897265,
    -0.0002901541506925506,
    5.164706458546905e-05,
    2.2384605601934033e-05,
    -1.1437492138145119e-05,
    -9.746695113075524e-07,
    1.7376280465124412e-06,
    -5.518419428747625e-08,
    -2.4018745756195207e-07,
    2.1051688003932078e-08,
    2.4526183738075797e-08,
    -2.4454735932632134e-09,
];

/// `erf(x)` for |x| <= 1.
#[inline(always)]
fn near<S: Simd>(x: Vector<S>) -> Vector<S> {
    polynomial(x * x, &NEAR).fma(x, x)
}

/// `erfc(x)` for x >= 0.48, and NaN.
#[inline(always)]
fn tail<S: Simd>(x: Vector<S>) -> Vector<S> {
    // Zero in f64 long before the bound.
    let x = x.constant(28.0).min(x);
    let u = (x - 3.75) / (x + 3.75);
    // The polynomial with its largest term added last, in two parts.
    let p = polynomial(u, &REST);
    let p = two_sum(x.constant(TAIL[0]), p * u);
    let (quotient, rest) = divide(p, two_sum(x + x, x.constant(1.0)));
    let square = x * x;
    let e = exp_sum(-square, -x.fma(x, -square));
    e.fma(quotient, e * rest)
}

/// [`TAIL`] but for its first coefficient.
const REST: [f64; 21] = {
    let mut rest = [0.0; 21];
    let mut i = 0;
    while i < 21 {
        rest[i] = TAIL[i + 1];
        i += 1;
    }
    rest
};

/// `erf(x)`.
#[inline(always)]
pub(crate) fn erf<S: Simd>(x: Vector<S>) -> Vector<S> {
    let a = x.abs();
    let far = x.constant(1.0) - tail(x.constant(0.5).max(a));
    a.lt(1.0).select(near(x), far.or(x.sign_bit()))
}

/// `erfc(x) = 1 - erf(x)`.
#[inline(always)]
pub(crate) fn erfc<S: Simd>(x: Vector<S>) -> Vector<S> {
    let a = x.abs();
    let far = tail(x.constant(0.5).max(a));
    let y = x.lt(0.0).select(x.constant(2.0) - far, far);
    (x.lt(0.5) & x.gt(-1.0)).select(x.constant(1.0) - near(x), y)
}
