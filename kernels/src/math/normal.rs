//! The normal distribution function, its logarithm and its inverse, and the inverse of the error function.

use super::erf::{near, scaled_tail, tail_of};
use super::log::{ln, ln_1p, ln_sum};
use super::poly::polynomial;
use crate::simd::{Simd, Vector};
use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

/// `Phi^-1((1 + x) / 2) / x` in x^2, interpolated at Chebyshev nodes of x^2 <= 1/2; relative error 2e-17.
const CENTRE: [f64; 20] = [
    1.2533141373155003,
    0.32811687386923555,
    0.1803916730767154,
    0.12240319554040761,
    0.09186674390188639,
    0.07316004353719485,
    0.06055868875778714,
    0.051909992458978545,
    0.04092782171284615,
    0.07284556152643024,
    -0.18118549566747696,
    1.1149848820160695,
    -4.1506359916406605,
    12.45834274068986,
    -28.23475831593935,
    48.28577866406708,
    -60.03738389778872,
    51.590940815371404,
    -27.447815413953652,
    6.935955332513514,
];
/// `-Phi^-1(q) - r` with `q = exp(-r^2 / 2)`, in `(r - 8.75) / (r + 8.75)`, interpolated at Chebyshev nodes of
/// 1.95 <= r <= 38.65; absolute error 2e-17.
const OUTER: [f64; 35] = [
    -0.35700415277008696,
    0.49569855753973824,
    -0.28870459670663917,
    0.23392441007946602,
    -0.17721500532802487,
    0.1496588020670742,
    -0.12115476198332065,
    0.10510106505838666,
    -0.08855981724798775,
    0.078823296089397,
    -0.06859228214927121,
    0.0624332112920096,
    -0.055685937766340544,
    0.05156446745442921,
    -0.046818248296664026,
    0.04338379026856361,
    -0.03968561017663889,
    0.041420472053431495,
    -0.039798947811489994,
    0.010654522253900033,
    -0.0021801739467258094,
    0.14141030592254614,
    -0.16581885861535162,
    -0.379816508407819,
    0.46199050605840275,
    1.11546213723898,
    -1.2954573270869516,
    -2.0779278758806186,
    2.366113250082062,
    2.7855039647512725,
    -3.0869673030786147,
    -2.23767174278282,
    2.4261501598870825,
    0.907787639014967,
    -0.957244194379391,
];

/// Where the tail of the error function starts.
const MIDDLE: f64 = FRAC_1_SQRT_2;

/// `|x| / sqrt(2)` from 1/2 to 1e10, and `x^2 / 2` in two parts.
#[inline(always)]
fn halves<S: Simd>(x: Vector<S>) -> (Vector<S>, Vector<S>, Vector<S>) {
    let t = x.constant(0.5).max(x.constant(1e10).min(x.abs() * FRAC_1_SQRT_2));
    let half = x * 0.5;
    let square = half * x;
    // Where the square overflows, its error would be NaN.
    let low = square.abs().lt(1e300).select(half.fma(x, -square), 0.0);
    (t, square, low)
}

/// `Phi(x)`, the distribution function of the standard normal distribution.
#[inline(always)]
pub(crate) fn ndtr<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (t, square, low) = halves(x);
    let outer = tail_of(t, square, low) * 0.5;
    let outer = x.gt(0.0).select(x.constant(1.0) - outer, outer);
    let middle = near(x * FRAC_1_SQRT_2).fma(0.5, 0.5);
    x.abs().lt(MIDDLE).select(middle, outer)
}

/// `ln Phi(x)`.
#[inline(always)]
pub(crate) fn log_ndtr<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (t, square, low) = halves(x);
    // On the left ln(erfcx(t) / 2) - x^2 / 2, elsewhere ln(1 - q), where q is the mass above x.
    let (high, rest) = scaled_tail(t);
    let left = (ln_sum(high, rest / high, x.constant(-1.0)) - low) - square;
    let middle = near(x * FRAC_1_SQRT_2).fma(-0.5, 0.5);
    let above = x.lt(MIDDLE).select(middle, tail_of(t, square, low) * 0.5);
    x.lt(-MIDDLE).select(left, ln_1p(-above))
}

/// `Phi^-1((1 + x) / 2)` for x^2 <= 1/2.
#[inline(always)]
fn centre<S: Simd>(x: Vector<S>) -> Vector<S> {
    polynomial(x * x, &CENTRE) * x
}

/// `-Phi^-1(q)` for q below 0.147.
#[inline(always)]
fn outer<S: Simd>(q: Vector<S>) -> Vector<S> {
    let r = (ln(q) * -2.0).sqrt();
    let u = (r - 8.75) / (r + 8.75);
    // No positive q reaches so far.
    r.lt(39.0).select(polynomial(u, &OUTER) + r, r)
}

/// `Phi^-1(p)`, NaN outside of [0, 1].
#[inline(always)]
pub(crate) fn ndtri<S: Simd>(p: Vector<S>) -> Vector<S> {
    let x = p + p - 1.0;
    let far = outer(x.lt(0.0).select(p, x.constant(1.0) - p)).or(x.sign_bit());
    (x * x).lt(0.5).select(centre(x), far)
}

/// The inverse of the error function, NaN outside of [-1, 1].
#[inline(always)]
pub(crate) fn erfinv<S: Simd>(x: Vector<S>) -> Vector<S> {
    let far = outer((x.constant(1.0) - x.abs()) * 0.5).or(x.sign_bit());
    (x * x).lt(0.5).select(centre(x), far) / SQRT_2
}
