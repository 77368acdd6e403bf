// Functions that WGSL lacks, or leaves too inaccurate, in f32.
//
// WGSL lets a compiler assume that there are no NaN and no infinities, so both are told apart and made by their bits.
// Its log is good only to 2^-21 in absolute terms near 1, so logarithms are computed here.
//
// Largest error found against f64 on a software adapter, in units of the last place: log, log1p, xlogy, xlog1py, erf 3;
// tanh 5; polygamma of positive order 4; lgamma 4 and digamma 7 of the larger of the value and 1. In expm1, sigmoid,
// softplus, erfc and pow the error of the device's exp prevails: WGSL allows it 3 + 2|x|. With an exact exp and atan: the
// inverse and hyperbolic functions, ndtri, erfinv, i0e and i1e 4; in the tails of erfcx, ndtr and log_ndtr the rounding of
// x^2 prevails, x^2 units.

const PX_LN_2: f32 = 0.6931471805599453;
const PX_PI: f32 = 3.141592653589793;
const PX_INFINITY_BITS: u32 = 0x7f800000u;
const PX_NAN_BITS: u32 = 0x7fc00000u;

// Through a parameter: a constant expression may not be infinite or NaN.
fn px_from_bits(bits: u32) -> f32 {
    return bitcast<f32>(bits);
}

fn px_magnitude_bits(x: f32) -> u32 {
    return bitcast<u32>(x) & 0x7fffffffu;
}

fn px_nan(x: f32) -> bool {
    return px_magnitude_bits(x) > PX_INFINITY_BITS;
}

fn px_infinite(x: f32) -> bool {
    return px_magnitude_bits(x) == PX_INFINITY_BITS;
}

fn px_is_nan(x: f32) -> f32 {
    return f32(px_nan(x));
}

fn px_is_finite(x: f32) -> f32 {
    return f32(px_magnitude_bits(x) < PX_INFINITY_BITS);
}

fn px_copysign(magnitude: f32, sign: f32) -> f32 {
    return bitcast<f32>(px_magnitude_bits(magnitude) | (bitcast<u32>(sign) & 0x80000000u));
}

// WGSL's own sign, min and max may assume that there is no NaN.
fn px_sign(x: f32) -> f32 {
    if (px_nan(x) || x == 0.0) {
        return x;
    }
    return px_copysign(1.0, x);
}

fn px_min(x: f32, y: f32) -> f32 {
    if (px_nan(x)) {
        return x;
    }
    if (px_nan(y)) {
        return y;
    }
    if (x == y) {
        // -0 below +0
        return bitcast<f32>(bitcast<u32>(x) | bitcast<u32>(y));
    }
    return min(x, y);
}

fn px_max(x: f32, y: f32) -> f32 {
    if (px_nan(x)) {
        return x;
    }
    if (px_nan(y)) {
        return y;
    }
    if (x == y) {
        // +0 above -0
        return bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y));
    }
    return max(x, y);
}

// 2 atanh(s) = ln((1 + s) / (1 - s)) for |s| <= 1/3, by a polynomial in s^2.
fn px_log_ratio(s: f32) -> f32 {
    let w = s * s;
    var p = fma(0.12198786, w, 0.10698774);
    p = fma(p, w, 0.14310153);
    p = fma(p, w, 0.19999354);
    p = fma(p, w, 0.3333334);
    return 2.0 * fma(s * w, p, s);
}

// ln(x): the exponent is split off, the rest lies in [2/3, 4/3).
fn px_log(x: f32) -> f32 {
    if (px_nan(x) || x < 0.0) { return px_from_bits(PX_NAN_BITS); }
    if (x == 0.0) { return px_from_bits(PX_INFINITY_BITS | 0x80000000u); }
    if (px_infinite(x)) { return x; }
    var bits = bitcast<u32>(x);
    var exponent = 0;
    if (bits < 0x00800000u) { // subnormal: scaled by 2^24
        bits = bitcast<u32>(x * 16777216.0);
        exponent = -24;
    }
    let power = (i32(bits) - 0x3f2aaaab) >> 23u; // of two over 2/3
    exponent += power;
    let m = bitcast<f32>(bits - (bitcast<u32>(power) << 23u));
    return fma(f32(exponent), PX_LN_2, px_log_ratio((m - 1.0) / (m + 1.0)));
}

fn px_log1p(x: f32) -> f32 {
    if (px_magnitude_bits(x) < 0x33000000u) { return x; } // below 2^-25, zeros with their sign
    if (x >= -0.5 && x <= 1.0) { return px_log_ratio(x / (2.0 + x)); }
    return px_log(1.0 + x);
}

fn px_expm1(x: f32) -> f32 {
    if (px_magnitude_bits(x) < 0x33000000u) { return x; }
    if (abs(x) > 0.5) { return exp(x) - 1.0; }
    var p = fma(0.000024784282, x, 0.00019978869);
    p = fma(p, x, 0.0013889351);
    p = fma(p, x, 0.0083331196);
    p = fma(p, x, 0.04166666);
    p = fma(p, x, 0.16666667);
    p = fma(p, x, 0.5);
    return fma(x * x, p, x);
}

fn px_tanh(x: f32) -> f32 {
    let t = px_expm1(-2.0 * abs(x));
    return px_copysign(t / (t + 2.0), x);
}

fn px_sigmoid(x: f32) -> f32 {
    let e = exp(-abs(x));
    return select(1.0, e, x < 0.0) / (1.0 + e);
}

fn px_softplus(x: f32) -> f32 {
    return max(x, 0.0) + px_log1p(exp(-abs(x)));
}

// erf(x) for |x| <= 1.
fn px_erf_small(x: f32) -> f32 {
    let w = x * x;
    var p = fma(-9.634988e-6, w, 0.0001125464);
    p = fma(p, w, -0.00084825075);
    p = fma(p, w, 0.005220923);
    p = fma(p, w, -0.026865393);
    p = fma(p, w, 0.11283782);
    p = fma(p, w, -0.37612638);
    return x * fma(p, w, 1.1283792);
}

// exp(x^2) erfc(x) for 1 <= x <= 10.1: the product with x is a polynomial in 1/x.
fn px_erfcx_tail(x: f32) -> f32 {
    let v = 1.0 / x - 0.5;
    var p = fma(-0.028889427, v, 0.0937857);
    p = fma(p, v, -0.10897238);
    p = fma(p, v, 0.04604048);
    p = fma(p, v, 0.042327072);
    p = fma(p, v, -0.10911956);
    p = fma(p, v, 0.11898828);
    p = fma(p, v, -0.03662498);
    p = fma(p, v, -0.16721146);
    p = fma(p, v, 0.5107913);
    return p / x;
}

// erfc(x) for x >= 1. The square is taken in two parts, so that the rounding of x^2 does not grow in the exponential.
fn px_erfc_tail(x: f32) -> f32 {
    if (x > 10.1) { return 0.0; }
    let high = bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
    return exp(-high * high) * exp((high - x) * (high + x)) * px_erfcx_tail(x);
}

fn px_erf(x: f32) -> f32 {
    if (px_nan(x) || abs(x) <= 1.0) { return px_erf_small(x); }
    return px_copysign(1.0 - px_erfc_tail(abs(x)), x);
}

fn px_erfc(x: f32) -> f32 {
    if (px_nan(x) || abs(x) <= 1.0) { return 1.0 - px_erf_small(x); }
    let tail = px_erfc_tail(abs(x));
    return select(tail, 2.0 - tail, x < 0.0);
}

// ln(gamma(x)) for x > 0.
fn px_lgamma_positive(x: f32) -> f32 {
    if (px_infinite(x)) { return x; }
    if (x >= 8.0) { // Stirling's series
        let w = 1.0 / (x * x);
        let tail = fma(fma(0.0007936508, w, -0.0027777778), w, 0.083333336) / x;
        return fma(x - 0.5, px_log(x) - 1.0, 0.4189385332046727) + tail;
    }
    // Steps to z = x - 2 in [-1/2, 1/2], where ln(gamma(2 + z)) / z is a polynomial.
    var z = x - 2.0;
    var steps = 0.0;
    if (x < 0.5) {
        steps = -(px_log(x) + px_log1p(x));
        z = x;
    } else if (x < 1.5) {
        z = x - 1.0;
        steps = -px_log1p(z);
    } else {
        var product = 1.0;
        while (z > 0.5) {
            product *= z + 1.0;
            z -= 1.0;
        }
        steps = px_log(product);
    }
    var p = fma(-0.00026633762, z, 0.0005701856);
    p = fma(p, z, -0.0011795943);
    p = fma(p, z, 0.0028788974);
    p = fma(p, z, -0.0073871543);
    p = fma(p, z, 0.020581622);
    p = fma(p, z, -0.067352235);
    p = fma(p, z, 0.32246703);
    p = fma(p, z, 0.42278433);
    return fma(p, z, steps);
}

fn px_lgamma(x: f32) -> f32 {
    if (px_nan(x)) { return x; }
    if (px_infinite(x)) { return abs(x); }
    if (x > 0.0) { return px_lgamma_positive(x); }
    // Reflection: gamma(x) gamma(-x) = -pi / (x sin(pi x)); infinite at zero and the negative integers.
    let fraction = x - round(x);
    if (fraction == 0.0) { return px_from_bits(PX_INFINITY_BITS); }
    let sine = abs(sin(PX_PI * fraction));
    return px_log(PX_PI) - px_log(-x) - px_log(sine) - px_lgamma_positive(-x);
}

// NaN at zero and the negative integers.
fn px_digamma(x: f32) -> f32 {
    if (px_nan(x)) { return x; }
    if (px_infinite(x)) { return select(x, px_from_bits(PX_NAN_BITS), x < 0.0); }
    var t = x;
    var value = 0.0;
    if (x <= 0.0) {
        let fraction = x - round(x);
        if (fraction == 0.0) { return px_from_bits(PX_NAN_BITS); }
        value = -PX_PI / tan(PX_PI * fraction);
        t = 1.0 - x;
    }
    while (t < 6.0) {
        value -= 1.0 / t;
        t += 1.0;
    }
    let w = 1.0 / (t * t);
    let tail = fma(fma(fma(0.004166667, w, -0.003968254), w, 0.008333334), w, -0.083333336) * w;
    return value + (px_log(t) - 0.5 / t + tail);
}

// The derivative of order n of digamma, for x > 0; NaN elsewhere.
fn px_polygamma(n: f32, x: f32) -> f32 {
    if (n == 0.0) { return px_digamma(x); }
    if (px_nan(x) || px_nan(n) || n < 0.0 || n != floor(n) || x <= 0.0) { return px_from_bits(PX_NAN_BITS); }
    if (px_infinite(x)) { return 0.0; }
    // Hurwitz zeta times n!: terms n! / t^(n+1) up to t = n + 8, then the Euler-Maclaurin tail.
    var t = x;
    var total = 0.0;
    while (t < n + 8.0) {
        var term = 1.0 / t;
        for (var k = 1.0; k <= n; k += 1.0) { term *= k / t; }
        total += term;
        t += 1.0;
    }
    var lead = 1.0 / t; // (n-1)! / t^n
    for (var k = 1.0; k < n; k += 1.0) { lead *= k / t; }
    let w = 1.0 / (t * t);
    let first = n * (n + 1.0) * w;
    let second = first * (n + 2.0) * (n + 3.0) * w;
    let third = second * (n + 4.0) * (n + 5.0) * w;
    // Bernoulli numbers over factorials: B2/2!, B4/4!, B6/6!.
    total += lead * (1.0 + 0.5 * n / t + first / 12.0 - second / 720.0 + third / 30240.0);
    return select(total, -total, n % 2.0 == 0.0);
}

// By the rules of IEEE 754; the relative error grows as |y ln|x|| does.
fn px_pow(x: f32, y: f32) -> f32 {
    if (y == 0.0 || x == 1.0) { return 1.0; }
    if (px_nan(x) || px_nan(y)) { return px_from_bits(PX_NAN_BITS); }
    if (x == -1.0 && px_infinite(y)) { return 1.0; }
    let whole = y == floor(y);
    if (x < 0.0 && !whole && !px_infinite(x)) { return px_from_bits(PX_NAN_BITS); }
    var magnitude = 1.0;
    if (x == 0.0 || px_infinite(x) || px_infinite(y)) {
        magnitude = px_from_bits(select(PX_INFINITY_BITS, 0u, (abs(x) < 1.0) == (y > 0.0)));
    } else if (x != -1.0) {
        magnitude = exp(y * px_log(abs(x)));
    }
    let odd = whole && !px_infinite(y) && abs(y) < 16777216.0 && abs(y) % 2.0 == 1.0;
    return select(magnitude, px_copysign(magnitude, x), odd);
}

fn px_xlogy(x: f32, y: f32) -> f32 {
    if (x == 0.0 && !px_nan(y)) { return 0.0; }
    return x * px_log(y);
}

fn px_xlog1py(x: f32, y: f32) -> f32 {
    if (x == 0.0 && !px_nan(y)) { return 0.0; }
    return x * px_log1p(y);
}

// asin(x) - x for |x| <= 1/2.
fn px_asin_rest(x: f32) -> f32 {
    let w = x * x;
    var p = fma(0.038085025, w, 0.026554542);
    p = fma(p, w, 0.04500138);
    p = fma(p, w, 0.07498855);
    p = fma(p, w, 0.16666673);
    return x * w * p;
}

fn px_asin(x: f32) -> f32 {
    let a = abs(x);
    if (px_nan(x) || a > 1.0) { return px_from_bits(PX_NAN_BITS); }
    if (a <= 0.5) { return x + px_asin_rest(x); }
    let t = sqrt(0.5 * (1.0 - a));
    return px_copysign(0.5 * PX_PI - 2.0 * (t + px_asin_rest(t)), x);
}

fn px_acos(x: f32) -> f32 {
    let a = abs(x);
    if (px_nan(x) || a > 1.0) { return px_from_bits(PX_NAN_BITS); }
    if (a <= 0.5) { return 0.5 * PX_PI - (x + px_asin_rest(x)); }
    let t = sqrt(0.5 * (1.0 - a));
    let angle = 2.0 * (t + px_asin_rest(t));
    return select(angle, PX_PI - angle, x < 0.0);
}

// The angle of (x, y), by the rules of IEEE 754 for zeros and infinities.
fn px_atan2(y: f32, x: f32) -> f32 {
    if (px_nan(x) || px_nan(y)) { return px_from_bits(PX_NAN_BITS); }
    var n = abs(y);
    var d = abs(x);
    if (px_infinite(x) || px_infinite(y)) {
        n = select(0.0, 1.0, px_infinite(y));
        d = select(0.0, 1.0, px_infinite(x));
    }
    var angle = 0.0;
    if (n > d) {
        angle = 0.5 * PX_PI - atan(d / n);
    } else if (n > 0.0) {
        angle = atan(n / d);
    }
    return px_copysign(select(angle, PX_PI - angle, px_copysign(1.0, x) < 0.0), y);
}

fn px_hypot(x: f32, y: f32) -> f32 {
    if (px_infinite(x) || px_infinite(y)) { return px_from_bits(PX_INFINITY_BITS); }
    let high = px_max(abs(x), abs(y));
    if (px_nan(high) || high == 0.0) { return high; }
    let ratio = min(abs(x), abs(y)) / high;
    return high * sqrt(fma(ratio, ratio, 1.0));
}

// By long division in base two, which is exact.
fn px_fmod(x: f32, y: f32) -> f32 {
    if (px_nan(x) || px_nan(y) || px_infinite(x) || y == 0.0) { return px_from_bits(PX_NAN_BITS); }
    if (px_infinite(y)) { return x; }
    var rest = abs(x);
    var step = abs(y);
    while (step > 0.0 && step <= 0.5 * rest) { step *= 2.0; } // a device may flush a subnormal step to zero
    while (step > 0.0 && step >= abs(y)) {
        if (rest >= step) { rest -= step; }
        step *= 0.5;
    }
    return px_copysign(rest, x);
}

fn px_remainder(x: f32, y: f32) -> f32 {
    let rest = px_fmod(x, y);
    if (rest == 0.0) { return px_copysign(rest, y); }
    return select(rest, rest + y, (rest < 0.0) != (y < 0.0));
}

// exp(x) / 2 for x >= 0, also where exp(x) is out of range.
fn px_half_exp(x: f32) -> f32 {
    let root = exp(0.5 * x);
    return 0.5 * root * root;
}

fn px_sinh(x: f32) -> f32 {
    if (px_nan(x) || px_infinite(x)) { return x; }
    let a = abs(x);
    if (a > 80.0) { return px_copysign(px_half_exp(a), x); }
    let t = px_expm1(a);
    return px_copysign(0.5 * (t + t / (t + 1.0)), x);
}

fn px_cosh(x: f32) -> f32 {
    if (px_nan(x) || px_infinite(x)) { return abs(x); }
    let a = abs(x);
    if (a > 80.0) { return px_half_exp(a); }
    let e = exp(a);
    return 0.5 * (e + 1.0 / e);
}

fn px_asinh(x: f32) -> f32 {
    let a = abs(x);
    if (a > 1e9) { return px_copysign(px_log(a) + PX_LN_2, x); }
    return px_copysign(px_log1p(a + a * a / (1.0 + sqrt(fma(a, a, 1.0)))), x);
}

fn px_acosh(x: f32) -> f32 {
    if (x > 1e9) { return px_log(x) + PX_LN_2; }
    let t = x - 1.0;
    if (t < 0.0) { return px_from_bits(PX_NAN_BITS); }
    return px_log1p(t + sqrt(t * (t + 2.0)));
}

fn px_atanh(x: f32) -> f32 {
    let a = abs(x);
    if (px_nan(x) || a > 1.0) { return px_from_bits(PX_NAN_BITS); }
    if (a == 1.0) { return px_copysign(px_from_bits(PX_INFINITY_BITS), x); }
    return px_copysign(0.5 * px_log1p(2.0 * a / (1.0 - a)), x);
}

fn px_logit(x: f32) -> f32 {
    if (px_nan(x) || x < 0.0 || x > 1.0) { return px_from_bits(PX_NAN_BITS); }
    if (x == 1.0) { return px_from_bits(PX_INFINITY_BITS); }
    let t = 2.0 * x - 1.0;
    if (abs(t) <= 0.3) { return px_log_ratio(t); }
    return px_log(x / (1.0 - x));
}

fn px_logaddexp(x: f32, y: f32) -> f32 {
    let high = px_max(x, y);
    if (px_nan(high) || px_infinite(x) || px_infinite(y)) { return high; }
    return high + px_log1p(exp(-abs(x - y)));
}

// exp(x^2) erfc(x)
fn px_erfcx(x: f32) -> f32 {
    if (px_nan(x)) { return x; }
    if (px_infinite(x) && x > 0.0) { return 0.0; }
    if (x < -9.4) { return px_from_bits(PX_INFINITY_BITS); } // as it is in f32
    if (x > 10.0) { // 0.56 = 1 / sqrt(pi)
        let w = 1.0 / (x * x);
        return 0.5641895835 / x * fma(w, fma(w, 0.75, -0.5), 1.0);
    }
    if (x >= 1.0) { return px_erfcx_tail(x); }
    let grown = exp(x * x);
    if (x > -1.0) { return grown * (1.0 - px_erf_small(x)); }
    return 2.0 * grown - px_erfcx_tail(-x);
}

// The distribution function of the standard normal distribution.
fn px_ndtr(x: f32) -> f32 {
    return 0.5 * px_erfc(-0.70710678 * x);
}

fn px_log_ndtr(x: f32) -> f32 {
    if (x >= -1.0 || px_nan(x)) { return px_log1p(-0.5 * px_erfc(0.70710678 * x)); }
    if (px_infinite(x)) { return x; }
    return px_log(0.5 * px_erfcx(-0.70710678 * x)) - 0.5 * x * x;
}

// Phi^-1((1 + x) / 2) for x^2 <= 1/2.
fn px_quantile_centre(x: f32) -> f32 {
    let w = x * x;
    var p = fma(0.54054517, w, -0.61666995);
    p = fma(p, w, 0.4641565);
    p = fma(p, w, -0.058996335);
    p = fma(p, w, 0.11634285);
    p = fma(p, w, 0.11991602);
    p = fma(p, w, 0.1805162);
    p = fma(p, w, 0.3281145);
    p = fma(p, w, 1.2533141);
    return x * p;
}

// -Phi^-1(q) for q < 0.147.
fn px_quantile_tail(q: f32) -> f32 {
    if (q == 0.0) { return px_from_bits(PX_INFINITY_BITS); }
    let r = sqrt(-2.0 * px_log(q));
    let w = (r - 5.0) / (r + 5.0);
    var p = fma(-0.0807744, w, 0.11642977);
    p = fma(p, w, -0.08206628);
    p = fma(p, w, 0.08838715);
    p = fma(p, w, -0.110798016);
    p = fma(p, w, 0.14641565);
    p = fma(p, w, -0.17701325);
    p = fma(p, w, 0.25888094);
    p = fma(p, w, -0.33471164);
    p = fma(p, w, 0.67144483);
    p = fma(p, w, -0.5196853);
    return r + p;
}

fn px_ndtri(x: f32) -> f32 {
    if (px_nan(x) || x < 0.0 || x > 1.0) { return px_from_bits(PX_NAN_BITS); }
    let t = 2.0 * x - 1.0;
    if (t * t < 0.5) { return px_quantile_centre(t); }
    if (t < 0.0) { return -px_quantile_tail(x); }
    return px_quantile_tail(1.0 - x);
}

fn px_erfinv(x: f32) -> f32 {
    if (px_nan(x) || abs(x) > 1.0) { return px_from_bits(PX_NAN_BITS); }
    if (x * x < 0.5) { return 0.70710678 * px_quantile_centre(x); }
    return px_copysign(0.70710678 * px_quantile_tail(0.5 * (1.0 - abs(x))), x);
}

// exp(-|x|) I0(x), with the modified Bessel function.
fn px_i0e(x: f32) -> f32 {
    let a = abs(x);
    if (px_infinite(x)) { return 0.0; }
    if (a <= 8.0) {
        let w = x * x;
        var p = fma(1.4816679e-19, w, 1.6166195e-17);
        p = fma(p, w, 1.0543686e-14);
        p = fma(p, w, 2.3391768e-12);
        p = fma(p, w, 4.7317283e-10);
        p = fma(p, w, 6.7767296e-08);
        p = fma(p, w, 6.78237e-06);
        p = fma(p, w, 0.00043402225);
        p = fma(p, w, 0.015625022);
        p = fma(p, w, 0.24999997);
        p = fma(p, w, 1.0);
        return exp(-a) * p;
    }
    let w = 1.0 / a;
    var p = fma(0.3719996, w, -0.008833883);
    p = fma(p, w, 0.033233568);
    p = fma(p, w, 0.027923524);
    p = fma(p, w, 0.0498692);
    p = fma(p, w, 0.3989423);
    return p / sqrt(a);
}

// exp(-|x|) I1(x)
fn px_i1e(x: f32) -> f32 {
    let a = abs(x);
    if (px_infinite(x)) { return px_copysign(0.0, x); }
    if (a <= 8.0) {
        let w = x * x;
        var p = fma(2.9657808e-18, w, 2.9191604e-16);
        p = fma(p, w, 1.683679e-13);
        p = fma(p, w, 3.278648e-11);
        p = fma(p, w, 5.6758798e-09);
        p = fma(p, w, 6.7774346e-07);
        p = fma(p, w, 5.4257693e-05);
        p = fma(p, w, 0.0026041456);
        p = fma(p, w, 0.062500045);
        p = fma(p, w, 0.5);
        return exp(-a) * p * x;
    }
    let w = 1.0 / a;
    var p = fma(-0.4321144, w, 0.0033322952);
    p = fma(p, w, -0.045456152);
    p = fma(p, w, -0.04660718);
    p = fma(p, w, -0.14960496);
    p = fma(p, w, 0.3989423);
    return px_copysign(p / sqrt(a), x);
}
