//! What the special functions are made of: elementary functions of single numbers, and differences of elementary and gamma
//! functions that do not cancel.

use crate::table::Unary;

/// `ln(2 pi) / 2`
pub(super) const HALF_LN_TAU: f64 = 0.918_938_533_204_672_741_780_329_736_405_617_64;
/// From here on [`stirling_remainder`] and [`digamma_remainder`] are their asymptotic series.
pub(super) const LARGE: f64 = 10.0;

pub(super) fn ln(x: f64) -> f64 {
    Unary::Ln.eval(x)
}

pub(super) fn ln_1p(x: f64) -> f64 {
    Unary::Log1p.eval(x)
}

pub(super) fn exp(x: f64) -> f64 {
    Unary::Exp.eval(x)
}

pub(super) fn exp_m1(x: f64) -> f64 {
    Unary::Expm1.eval(x)
}

pub(super) fn digamma(x: f64) -> f64 {
    Unary::Digamma.eval(x)
}

fn polynomial(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// `e^x - 1 - x`, of full relative accuracy, given `e^x - 1`.
pub(super) fn exp_m1_minus(x: f64, exp_m1: f64) -> f64 {
    /// `1 / k!` from k = 2 on.
    const SERIES: [f64; 17] = [
        0.5,
        0.16666666666666666,
        0.041666666666666664,
        0.008333333333333333,
        0.001388888888888889,
        0.0001984126984126984,
        2.48015873015873e-05,
        2.7557319223985893e-06,
        2.755731922398589e-07,
        2.505210838544172e-08,
        2.08767569878681e-09,
        1.6059043836821613e-10,
        1.1470745597729725e-11,
        7.647163731819816e-13,
        4.779477332387385e-14,
        2.8114572543455206e-15,
        1.5619206968586225e-16,
    ];
    if x.abs() <= 1.0 { x * x * polynomial(x, &SERIES) } else { exp_m1 - x }
}

/// `x - ln(1 + x)`, of full relative accuracy.
pub(super) fn minus_ln_1p(x: f64) -> f64 {
    /// `1 / (2k + 3)`
    const SERIES: [f64; 17] = [
        1.0 / 3.0,
        1.0 / 5.0,
        1.0 / 7.0,
        1.0 / 9.0,
        1.0 / 11.0,
        1.0 / 13.0,
        1.0 / 15.0,
        1.0 / 17.0,
        1.0 / 19.0,
        1.0 / 21.0,
        1.0 / 23.0,
        1.0 / 25.0,
        1.0 / 27.0,
        1.0 / 29.0,
        1.0 / 31.0,
        1.0 / 33.0,
        1.0 / 35.0,
    ];
    if x.abs() > 0.5 {
        return x - ln_1p(x);
    }
    // ln(1 + x) = 2 artanh r with r = x / (2 + x), and x - 2 r = r x.
    let r = x / (2.0 + x);
    r * (x - 2.0 * (r * r) * polynomial(r * r, &SERIES))
}

/// `ln Gamma(1 + a)` for `a >= 0`, of full relative accuracy also near zero.
pub(super) fn ln_gamma_1p(a: f64) -> f64 {
    /// 1 less Euler's constant.
    const ONE_LESS_GAMMA: f64 = 0.422_784_335_098_467_139_393_5;
    /// `(-1)^k (zeta(k) - 1) / k` from k = 2 on.
    const SERIES: [f64; 25] = [
        0.3224670334241132,
        -0.0673523010531981,
        0.020580808427784546,
        -0.007385551028673986,
        0.0028905103307415234,
        -0.001192753911703261,
        0.0005096695247430425,
        -0.00022315475845357939,
        9.945751278180853e-05,
        -4.492623673813314e-05,
        2.050721277567069e-05,
        -9.439488275268397e-06,
        4.374866789907488e-06,
        -2.039215753801366e-06,
        9.55141213040742e-07,
        -4.492469198764566e-07,
        2.1207184805554665e-07,
        -1.0043224823968099e-07,
        4.7698101693639804e-08,
        -2.2711094608943164e-08,
        1.0838659214896955e-08,
        -5.183475041970047e-09,
        2.4836745438024785e-09,
        -1.1921401405860912e-09,
        5.731367241678862e-10,
    ];
    if a <= 0.5 { a * (ONE_LESS_GAMMA + a * polynomial(a, &SERIES)) - ln_1p(a) } else { Unary::Lgamma.eval(1.0 + a) }
}

/// `B_2k / (2k (2k - 1))` for k from 1: the coefficients of Stirling's remainder
/// `lgamma(x) - ((x - 1/2) ln x - x + ln(2 pi) / 2)` in odd powers of 1 / x. At 10 the next term is 2e-17 of the first.
pub const STIRLING: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360_360.0,
    1.0 / 156.0,
    -3617.0 / 122_400.0,
];

/// `-B_2k / 2k`
const DIGAMMA: [f64; 8] =
    [-1.0 / 12.0, 1.0 / 120.0, -1.0 / 252.0, 1.0 / 240.0, -1.0 / 132.0, 691.0 / 32_760.0, -1.0 / 12.0, 3617.0 / 8160.0];

/// `ln Gamma(x) - ((x - 1/2) ln x - x + ln(2 pi) / 2)` for x >= 10.
pub(super) fn stirling_remainder(x: f64) -> f64 {
    let inverse = 1.0 / x;
    inverse * polynomial(inverse * inverse, &STIRLING)
}

/// `psi(x) - ln x` for x >= 10.
pub(super) fn digamma_remainder(x: f64) -> f64 {
    let inverse = 1.0 / x;
    inverse * (inverse * polynomial(inverse * inverse, &DIGAMMA) - 0.5)
}

/// The sum of `c_k (p^m - q^m) / (p - q)` with m = first, first + 2, ...; first is 1 or 2.
fn divided_difference(coefficients: &[f64], first: usize, p: f64, q: f64) -> f64 {
    let (mut quotient, mut power) = if first == 1 { (1.0, p) } else { (p + q, p * p) };
    let mut sum = 0.0;
    for c in coefficients {
        sum += c * quotient;
        quotient = power * (p + q) + q * q * quotient;
        power *= p * p;
    }
    sum
}

/// `psi(b + a) - psi(b)` for positive `b` and `a >= 0`, of full relative accuracy also where `a` is tiny; NaN elsewhere.
pub fn digamma_gap(mut b: f64, a: f64) -> f64 {
    if !(b > 0.0 && a >= 0.0) {
        return f64::NAN;
    }
    let mut sum = 0.0;
    while b < LARGE {
        sum += a / b / (b + a);
        b += 1.0;
    }
    let n = b + a;
    // 1/n - 1/b
    let step = -a / b / n;
    sum + ln_1p(a / b) + step * (divided_difference(&DIGAMMA, 2, 1.0 / n, 1.0 / b) - 0.5)
}

/// `ln Gamma(b + a) - ln Gamma(b)` for `b` and `a` positive, of full relative accuracy also where `a` is tiny; `a` of at most
/// the order of `b` or below 12.
pub(super) fn ln_gamma_gap(mut b: f64, a: f64) -> f64 {
    // product = (1 + a/b) (1 + a/(b + 1)) ... - 1
    let (mut product, mut large) = (0.0, 0.0);
    while b < LARGE {
        let factor = a / b;
        if factor > 1e100 {
            large += ln_1p(factor);
        } else {
            product += factor + product * factor;
        }
        b += 1.0;
    }
    let n = b + a;
    let step = -a / b / n;
    let remainders = step * divided_difference(&STIRLING, 1, 1.0 / n, 1.0 / b);
    a * ln(n) + ((b - 0.5) * ln_1p(a / b) - a) + remainders - ln_1p(product) - large
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64) {
        assert!((got - want).abs() <= 1e-14 * want.abs(), "{got:e} is not {want:e}");
    }

    #[test]
    fn differences_keep_their_digits() {
        close(exp_m1_minus(1e-9, exp_m1(1e-9)), 5.000000001666667e-19);
        close(exp_m1_minus(-0.75, exp_m1(-0.75)), 0.22236655274101472);
        close(minus_ln_1p(1e-9), 4.999999996666667e-19);
        close(minus_ln_1p(-0.45), 0.14783700075562045);
        close(ln_gamma_1p(1e-12), -5.772156649007104e-13);
        close(ln_gamma_1p(1.5), 0.2846828704729192);
        close(digamma_gap(1e10, 1e-3), 1.00000000004995e-13);
        close(digamma_gap(0.5, 1e-9), 4.934802192130281e-9);
        close(digamma_gap(12.0, 3.0), 1.0 / 12.0 + 1.0 / 13.0 + 1.0 / 14.0);
        close(ln_gamma_gap(3.0, 2.0), 12.0_f64.ln());
        close(ln_gamma_gap(1e-300, 1e-300), -std::f64::consts::LN_2);
    }
}
