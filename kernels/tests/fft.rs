//! Transforms against sums in extended precision, on every instruction set.

use pyroxene_kernels::Isa;
use pyroxene_kernels::fft::{Direction, Fft, RealFft, good_size};

fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * i + 3 * i) as f64 * 0.7).sin() + 0.1).collect()
}

/// cos and sin of 2 pi k / n as sums of two f64: exact to about 1e-30.
fn turn(k: usize, n: usize) -> [(f64, f64); 2] {
    // The angle in (-pi, pi] as two parts, then a series after halving it eight times.
    let k = if 2 * k > n { k as i64 - n as i64 } else { k as i64 };
    let pi = (std::f64::consts::PI, 1.2246467991473532e-16);
    let angle = divide(multiply(pi, (2.0 * k as f64, 0.0)), (n as f64 * 256.0, 0.0));
    let square = multiply(angle, angle);
    let (mut cos, mut sin) = ((1.0, 0.0), (1.0, 0.0));
    for j in (1..=8).rev() {
        let j = f64::from(j);
        cos = add((1.0, 0.0), divide(multiply(cos, negate(square)), ((2.0 * j - 1.0) * 2.0 * j, 0.0)));
        sin = add((1.0, 0.0), divide(multiply(sin, negate(square)), (2.0 * j * (2.0 * j + 1.0), 0.0)));
    }
    sin = multiply(sin, angle);
    for _ in 0..8 {
        let both = multiply(sin, cos);
        (cos, sin) = (add(multiply(cos, cos), negate(multiply(sin, sin))), add(both, both));
    }
    [cos, sin]
}

fn negate((a, b): (f64, f64)) -> (f64, f64) {
    (-a, -b)
}

fn quick(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, b - (s - a))
}

fn add((a, b): (f64, f64), (c, d): (f64, f64)) -> (f64, f64) {
    let s = a + c;
    let v = s - a;
    let error = (a - (s - v)) + (c - v);
    quick(s, error + b + d)
}

fn multiply((a, b): (f64, f64), (c, d): (f64, f64)) -> (f64, f64) {
    let p = a * c;
    quick(p, a.mul_add(c, -p) + (a * d + b * c))
}

fn divide(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let first = a.0 / b.0;
    let rest = add(a, negate(multiply(b, (first, 0.0))));
    let second = rest.0 / b.0;
    quick(first, second)
}

/// The transform by its definition.
fn slow(x: &[f64], sign: f64) -> Vec<f64> {
    let n = x.len() / 2;
    let turns: Vec<[(f64, f64); 2]> = (0..n).map(|k| turn(k, n)).collect();
    let mut y = Vec::with_capacity(2 * n);
    for k in 0..n {
        let (mut re, mut im) = ((0.0, 0.0), (0.0, 0.0));
        for j in 0..n {
            let [cos, sin] = turns[j * k % n];
            let sin = multiply(sin, (sign, 0.0));
            let (a, b) = ((x[2 * j], 0.0), (x[2 * j + 1], 0.0));
            re = add(re, add(multiply(a, cos), negate(multiply(b, sin))));
            im = add(im, add(multiply(a, sin), multiply(b, cos)));
        }
        y.extend([re.0, im.0]);
    }
    y
}

/// The difference in the Euclidean norm, relative to that of `want`.
fn error(got: &[f64], want: &[f64]) -> f64 {
    let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|v| v * v).sum::<f64>().sqrt();
    let size = norm(&mut want.iter().copied());
    norm(&mut got.iter().zip(want).map(|(a, b)| a - b)) / if size == 0.0 { 1.0 } else { size }
}

const LENGTHS: &[usize] = &[
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 24, 25, 26, 27, 30, 31, 32, 34, 36, 37, 48,
    49, 60, 61, 64, 67, 72, 77, 81, 91, 96, 97, 100, 120, 121, 125, 127, 128, 143, 169, 192, 210, 243, 256, 257, 343,
    360, 384, 499, 512, 600, 1001,
];

#[test]
fn any_length_is_exact_to_rounding() {
    let mut worst: f64 = 0.0;
    for &n in LENGTHS {
        let plan = Fft::new(n);
        assert_eq!(plan.size(), n);
        let x = numbers(2 * n);
        let (mut y, mut back) = (vec![0.0; 2 * n], vec![0.0; 2 * n]);
        let mut scratch = vec![f64::NAN; plan.scratch()];
        plan.run(Direction::Forward, &x, &mut y, &mut scratch);
        let forward = error(&y, &slow(&x, -1.0));
        plan.run(Direction::Inverse, &x, &mut back, &mut scratch);
        let want: Vec<f64> = slow(&x, 1.0).iter().map(|v| v / n as f64).collect();
        let inverse = error(&back, &want);
        plan.run(Direction::Inverse, &y, &mut back, &mut scratch);
        let round = error(&back, &x);
        assert!(forward.max(inverse) < 6e-16 && round < 9e-16, "{n}: {forward:e}, {inverse:e}, back {round:e}");
        worst = worst.max(forward).max(inverse);
    }
    println!("largest relative error {worst:e}");
}

#[test]
fn real_rows_are_complex_rows_without_imaginary_parts() {
    for &n in LENGTHS {
        let plan = RealFft::new(n);
        let x = numbers(n);
        let full: Vec<f64> = x.iter().flat_map(|&x| [x, 0.0]).collect();
        let want = &slow(&full, -1.0)[..2 * plan.frequencies()];
        let mut y = vec![0.0; 2 * plan.frequencies()];
        let mut scratch = vec![f64::NAN; plan.scratch()];
        plan.forward(&x, &mut y, &mut scratch);
        assert!(error(&y, want) < 6e-16, "{n}: {:e}", error(&y, want));
        assert!(y[1] == 0.0 && (n % 2 == 1 || y[n + 1] == 0.0), "{n}: the ends are real");
        let mut back = vec![0.0; n];
        plan.inverse(&y, &mut back, &mut scratch);
        assert!(error(&back, &x) < 9e-16, "{n}: {:e}", error(&back, &x));
        // What is not read at the ends.
        y[1] = f64::NAN;
        if n % 2 == 0 {
            y[n + 1] = f64::NAN;
        }
        let mut again = vec![0.0; n];
        plan.inverse(&y, &mut again, &mut scratch);
        assert_eq!(back, again, "{n}");
    }
}

#[test]
fn long_rows_are_accurate() {
    // A single frequency has one line.
    for n in [4096, 65536, 44100, 10007] {
        let plan = Fft::new(n);
        let x: Vec<f64> = (0..n).flat_map(|j| turn(j * 5 % n, n).map(|(v, _)| v)).collect();
        let (mut y, mut scratch) = (vec![0.0; 2 * n], vec![0.0; plan.scratch()]);
        plan.run(Direction::Forward, &x, &mut y, &mut scratch);
        let mut want = vec![0.0; 2 * n];
        want[10] = n as f64;
        assert!(error(&y, &want) < 1e-15, "{n}: {:e}", error(&y, &want));
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    for &n in LENGTHS {
        let (plan, real) = (Fft::new(n), RealFft::new(n));
        let x = numbers(2 * n);
        let mut scratch = vec![0.0; plan.scratch().max(real.scratch())];
        let mut results = Isa::ALL.into_iter().filter(|isa| isa.is_available()).map(|isa| {
            let (mut y, mut z) = (vec![0.0; 2 * n], vec![0.0; 2 * real.frequencies()]);
            plan.run_on(isa, Direction::Inverse, &x, &mut y, &mut scratch);
            real.forward_on(isa, &x[..n], &mut z, &mut scratch);
            y.iter().chain(&z).map(|v| v.to_bits()).collect::<Vec<u64>>()
        });
        let first = results.next().expect("portable code runs everywhere");
        results.for_each(|other| assert_eq!(first, other, "{n}"));
    }
}

#[test]
fn nan_and_infinity_spread() {
    let plan = Fft::new(12);
    let (mut y, mut scratch) = (vec![0.0; 24], vec![0.0; plan.scratch()]);
    let mut x = numbers(24);
    x[4] = f64::NAN;
    plan.run(Direction::Forward, &x, &mut y, &mut scratch);
    assert!(y.chunks(2).all(|pair| pair[0].is_nan() || pair[1].is_nan()));
    x[4] = f64::INFINITY;
    plan.run(Direction::Forward, &x, &mut y, &mut scratch);
    assert!(y.chunks(2).all(|pair| !(pair[0].is_finite() && pair[1].is_finite())));
}

#[test]
fn good_sizes_have_small_factors_and_are_the_least() {
    let smooth = |mut n: usize| {
        for p in [2, 3, 5] {
            while n.is_multiple_of(p) {
                n /= p;
            }
        }
        n == 1
    };
    for n in 1..3000 {
        assert_eq!(good_size(n), (n..).find(|&m| smooth(m)).unwrap(), "{n}");
    }
}
