//! Single precision: every operation against itself in double precision, for numbers of f32 of all exponents.

use pyroxene_kernels::{Binary, Unary};

#[expect(dead_code, reason = "no pairs of f32 in the place of an f64")]
#[path = "common/plans.rs"]
mod plans;
use plans::{Rng, same};

/// Greatest relative errors of single precision, as powers of two. A rounded result within 2^-25 is within one unit in the
/// last place of f32.
fn bound(name: &str) -> f64 {
    f64::exp2(match name {
        // A sum of terms of either sign, each within 2^-28.
        "lgamma" => -26.0,
        "softplus" => -26.5,
        "erf" | "erfc" | "ndtr" => -27.0,
        "tanh" | "sigmoid" | "exp" | "exp2" | "exp_m1" | "ln" | "log2" | "log10" | "ln_1p" | "logit" | "xlogy"
        | "xlog1py" | "pow" => -27.5,
        "sin" | "cos" => -32.0,
        // As in double precision.
        _ => 0.0,
    })
}

/// Every exponent and sign with the mantissas where cases meet and some at random, any bits, and numbers of usual size.
fn arguments(rng: &mut Rng) -> Vec<f32> {
    let mut all = vec![];
    for top in 0..=0x1ff_u32 {
        let mantissas = [0, 1, 0x3504f3, 0x3504f4, 0x7ffffe, 0x7fffff].into_iter();
        let random = (0..40).map(|_| rng.below(1 << 23) as u32);
        all.extend(mantissas.chain(random).map(|mantissa| f32::from_bits(top << 23 | mantissa)));
    }
    all.extend((0..30_000).map(|_| f32::from_bits(rng.below(1 << 32) as u32)));
    all.extend((0..30_000).map(|i| 40.0 * (i as f32 / 15_000.0 - 1.0)));
    all.extend((0..30_000).map(|i| 2.0 * (i as f32 / 15_000.0 - 1.0)));
    // Around the zeros of the logarithms, that of the gamma function among them.
    all.extend([0.5f32, 1.0, 2.0].iter().flat_map(|x| (0..400).map(|i| f32::from_bits(x.to_bits() + i - 200))));
    all
}

/// The error of a result that has to be `want`, relative to that; 0 or infinite where there is none to speak of.
fn error(got: f64, want: f64) -> f64 {
    if same(got, want) {
        return 0.0;
    }
    // What f32 cannot tell from zero or infinity.
    let rounded = |x: f64| f64::from(x as f32);
    if rounded(want) == 0.0 || rounded(want).is_infinite() {
        return if same(rounded(got), rounded(want)) { 0.0 } else { f64::INFINITY };
    }
    let error = ((got - want) / want).abs();
    if error.is_nan() { f64::INFINITY } else { error }
}

/// What a function has to be, of which double precision says that it is `x`: quotients and roots are exactly those of f32.
fn wanted(name: &str, x: f64) -> f64 {
    if ["sqrt", "recip", "div"].contains(&name) { f64::from(x as f32) } else { x }
}

/// The greatest error of an operation, with where it is; fails if it is out of bounds.
fn check(name: &str, errors: impl Iterator<Item = (f64, String)>) {
    let (worst, at) = errors.fold((0.0, String::new()), |a, b| if b.0 > a.0 { b } else { a });
    println!("{name}: 2^{:.1} at {at}", worst.log2());
    assert!(worst == 0.0 || worst <= bound(name) && bound(name) < 1.0, "{name}: error {worst:e} at {at}");
}

#[test]
fn errors_of_functions_are_within_bounds() {
    let arguments = arguments(&mut Rng(1));
    for &op in Unary::ALL {
        let errors = arguments.iter().map(|&x| {
            let x = f64::from(x);
            (error(op.eval_single(x), wanted(op.name(), op.eval(x))), format!("{x:e}"))
        });
        check(op.name(), errors);
    }
}

#[test]
fn errors_of_functions_of_two_arguments_are_within_bounds() {
    let mut rng = Rng(2);
    let arguments = arguments(&mut rng);
    for &op in Binary::ALL {
        let errors = (0..60_000).map(|_| {
            let [x, y] = [0; 2].map(|_: u8| f64::from(arguments[rng.below(arguments.len())]));
            (error(op.eval_single(x, y), wanted(op.name(), op.eval(x, y))), format!("({x:e}, {y:e})"))
        });
        check(op.name(), errors.collect::<Vec<_>>().into_iter());
    }
}

/// Greatest errors in lanes of f32, in units in the last place of the result.
fn units(name: &str) -> f64 {
    match name {
        "exp" | "ln" => 1.0,
        "exp_m1" | "ln_1p" => 2.0,
        "sigmoid" | "tanh" => 2.5,
        "softplus" => 3.0,
        // Rounded to nearest, or exact.
        _ => 0.5,
    }
}

/// The error of a result of f32 in units in the last place of `want`.
fn error_in_units(got: f32, want: f64) -> f64 {
    let rounded = want as f32;
    if same(got.into(), rounded.into()) {
        // Zero, infinity and NaN, and also what is rounded rightly.
        return if got == 0.0 || !got.is_finite() { 0.0 } else { ((f64::from(got) - want) / unit(want)).abs() };
    }
    let error = ((f64::from(got) - want) / unit(want)).abs();
    if error.is_nan() { f64::INFINITY } else { error }
}

/// The distance of numbers of f32 around `x`.
fn unit(x: f64) -> f64 {
    f64::exp2(x.abs().log2().floor().clamp(-126.0, 127.0) - 23.0)
}

fn check_units(name: &str, errors: impl Iterator<Item = (f64, String)>) {
    let (worst, at) = errors.fold((0.0, String::new()), |a, b| if b.0 > a.0 { b } else { a });
    println!("{name}: {worst:.2} units at {at}");
    assert!(worst <= units(name), "{name}: {worst} units at {at}");
}

#[test]
fn errors_in_lanes_of_f32_are_within_units() {
    let mut rng = Rng(3);
    let arguments = arguments(&mut rng);
    for &op in Unary::ALL.iter().filter(|op| op.has_narrow()) {
        let errors =
            arguments.iter().map(|&x| (error_in_units(op.eval_narrow(x), op.eval(x.into())), format!("{x:e}")));
        check_units(op.name(), errors);
    }
    for &op in Binary::ALL.iter().filter(|op| op.has_narrow()) {
        let errors = (0..60_000).map(|_| {
            let [x, y] = [0; 2].map(|_: u8| arguments[rng.below(arguments.len())]);
            (error_in_units(op.eval_narrow(x, y), op.eval(x.into(), y.into())), format!("({x:e}, {y:e})"))
        });
        check_units(op.name(), errors.collect::<Vec<_>>().into_iter());
    }
}

/// Infinities, zeros and whole results are exact, as rules of Programs and masks of models rely on.
#[test]
fn what_is_exact_stays_exact() {
    assert_eq!(Unary::Exp.eval_single(f64::NEG_INFINITY), 0.0);
    assert_eq!(Unary::Exp.eval_single(0.0), 1.0);
    assert_eq!(Unary::Ln.eval_single(1.0), 0.0);
    assert_eq!(Unary::Ln.eval_single(0.0), f64::NEG_INFINITY);
    assert_eq!(Unary::Sigmoid.eval_single(f64::NEG_INFINITY), 0.0);
    assert_eq!(Unary::Sigmoid.eval_single(f64::INFINITY) as f32, 1.0);
    assert_eq!(Unary::Softplus.eval_single(f64::NEG_INFINITY), 0.0);
    assert_eq!(Unary::Exp.eval_narrow(f32::NEG_INFINITY), 0.0);
    assert_eq!(Unary::Exp.eval_narrow(0.0), 1.0);
    assert_eq!(Unary::Ln.eval_narrow(1.0), 0.0);
    assert_eq!(Unary::Ln.eval_narrow(0.0), f32::NEG_INFINITY);
    assert_eq!(Unary::Sigmoid.eval_narrow(f32::NEG_INFINITY), 0.0);
    assert_eq!(Unary::Sigmoid.eval_narrow(f32::INFINITY), 1.0);
    assert_eq!(Unary::Softplus.eval_narrow(f32::NEG_INFINITY), 0.0);
    for k in -149..=127 {
        let power = f64::from(k).exp2();
        assert_eq!(Unary::Exp2.eval_single(k.into()), power);
        assert_eq!(Unary::Log2.eval_single(power), f64::from(k));
    }
}
