//! Accuracy of the functions against high-precision reference values.
//!
//! `testdata/functions.txt`: name, argument, the nearest f64 of the exact value, the exact value less that in its last
//! place, and the second argument if any; numbers as hexadecimal bits. The values were computed with mpmath.

use pyroxene_kernels::{Binary, Kind, Unary};
use std::collections::{BTreeMap, BTreeSet};

/// Greatest errors allowed, in units in the last place of the result; for functions that are not listed, 2.
fn bound(name: &str) -> f64 {
    match name {
        // 1e-14 and 1e-12 relative; digamma absolute around its zero.
        "lgamma" => 45.0,
        "digamma" => 45.0,
        "polygamma" => 4500.0,
        "erfcx" | "erfinv" | "ndtr" | "log_ndtr" | "ndtri" => 4.0,
        "i0e" | "i1e" => 8.0,
        _ => 2.0,
    }
}

fn number(bits: &str) -> f64 {
    f64::from_bits(u64::from_str_radix(bits, 16).expect("hexadecimal"))
}

/// Unit in the last place.
fn ulp(x: f64) -> f64 {
    let x = x.abs();
    if x == f64::MAX { x - x.next_down() } else { x.next_up() - x }
}

#[test]
fn errors_are_within_bounds() {
    let path = std::env::var("PYROXENE_REFERENCE")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/functions.txt").into());
    let text = std::fs::read_to_string(path).expect("reference values");
    let mut worst: BTreeMap<&str, (f64, f64, f64)> = BTreeMap::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let (name, x, want) = (fields[0], number(fields[1]), number(fields[2]));
        let rest: f64 = fields[3].parse().expect("a decimal number");
        let y = fields.get(4).map(|y| number(y));
        let got = match y {
            None => Unary::ALL.iter().find(|op| op.name() == name).expect(name).eval(x),
            Some(y) => Binary::ALL.iter().find(|op| op.name() == name).expect(name).eval(x, y),
        };
        let unit = match name {
            "digamma" => ulp(want).max(f64::EPSILON / 2.0),
            // The sum of the greater argument and a logarithm: near its zeros they cancel.
            "logaddexp" => ulp(want).max(ulp(x.max(y.expect("two arguments")))),
            _ => ulp(want),
        };
        let error = ((got - want) / unit - rest * ulp(want) / unit).abs();
        let entry = worst.entry(name).or_insert((0.0, x, 0.0));
        if error > entry.0 || error.is_nan() {
            *entry = (error, x, y.unwrap_or(0.0));
        }
    }
    for (name, (error, x, y)) in &worst {
        println!("{name}: {error:.3} ulp at ({x:e}, {y:e})");
    }
    // Every row that is more than one correctly rounded operation must be there.
    let rounded = |kind, name| kind == Kind::Real || ["pow", "fmod", "remainder"].contains(&name);
    let unary = Unary::ALL.iter().map(|op| (op.kind(), op.name()));
    let binary = Binary::ALL.iter().map(|op| (op.kind(), op.name()));
    let expected = unary.chain(binary).filter(|&(kind, name)| rounded(kind, name)).map(|(_, name)| name);
    assert_eq!(worst.keys().copied().collect::<BTreeSet<_>>(), expected.collect::<BTreeSet<_>>());
    for (name, (error, x, y)) in worst {
        assert!(error <= bound(name), "{name}: {error} ulp at ({x:e}, {y:e})");
    }
}
