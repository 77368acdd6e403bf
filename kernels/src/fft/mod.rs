//! Fast Fourier transforms of any length, in f64.
//!
//! Complex numbers are pairs: a row of n of them is a slice of 2 n numbers, real and imaginary parts in turn. The transform
//! is X_k = sum_j x_j exp(-2 pi i j k / n); the inverse has the other sign and divides by n.
//!
//! Lengths whose prime factors are at most 13 go by Stockham's self-sorting passes of radix 2 to 13 (C. Van Loan,
//! "Computational frameworks for the fast Fourier transform", SIAM 1992, section 1.7); others become a convolution of a
//! convenient length (L. Bluestein, "A linear filtering approach to the computation of discrete Fourier transform", IEEE
//! Trans. Audio Electroacoust. 18, 1970). Each element is a fixed sequence of roundings, the same on every instruction set.

mod along;
mod bluestein;
mod butterfly;
mod cache;
mod mixed;
mod real;

pub use along::Lanes;
pub use cache::{plan, real_plan};
pub use real::RealFft;

use crate::elementwise::unary;
use crate::isa::Isa;
use crate::table::Unary;
use bluestein::Bluestein;
use mixed::Mixed;

/// Which way a transform goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From values to frequencies: exponents with a minus sign.
    Forward,
    /// From frequencies to values: a plus sign, and division by the length.
    Inverse,
}

/// A complex transform of one length: the plan, to be made once.
///
/// ```
/// use pyroxene_kernels::fft::{Direction, Fft};
/// let plan = Fft::new(3);
/// let mut scratch = vec![0.0; plan.scratch()];
/// let mut y = [0.0; 6];
/// plan.run(Direction::Forward, &[1.0, 0.0, 2.0, 0.0, 3.0, 0.0], &mut y, &mut scratch);
/// assert_eq!(y[0], 6.0);
/// assert!((y[3] - 0.75f64.sqrt()).abs() < 1e-15); // Im X_1 = (3 - 2) sin(2 pi / 3)
/// ```
#[derive(Clone, Debug)]
pub struct Fft {
    n: usize,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Mixed(Mixed),
    Bluestein(Box<Bluestein>),
}

impl Fft {
    /// The plan for rows of `n` complex numbers.
    pub fn new(n: usize) -> Fft {
        let kind = match Mixed::new(n) {
            Some(mixed) => Kind::Mixed(mixed),
            None => Kind::Bluestein(Box::new(Bluestein::new(n))),
        };
        Fft { n, kind }
    }

    /// Complex numbers of a row.
    pub fn size(&self) -> usize {
        self.n
    }

    /// Numbers that [`run`](Fft::run) scribbles on.
    pub fn scratch(&self) -> usize {
        2 * self.n + self.split_scratch()
    }

    /// Transforms one row of complex numbers.
    ///
    /// # Panics
    /// If a slice is too short.
    #[track_caller]
    pub fn run(&self, direction: Direction, x: &[f64], y: &mut [f64], scratch: &mut [f64]) {
        self.run_on(Isa::detect(), direction, x, y, scratch);
    }

    /// [`run`](Fft::run) on a given instruction set.
    ///
    /// # Panics
    /// If a slice is too short or the machine lacks the instruction set.
    #[track_caller]
    pub fn run_on(&self, isa: Isa, direction: Direction, x: &[f64], y: &mut [f64], scratch: &mut [f64]) {
        let n = self.n;
        assert!(
            x.len() == 2 * n && y.len() == 2 * n && scratch.len() >= self.scratch(),
            "fft: {} and {} numbers and room for {} do not suit rows of {n} complex numbers",
            x.len(),
            y.len(),
            scratch.len()
        );
        let (parts, scratch) = scratch.split_at_mut(2 * n);
        // The inverse is the forward transform with the real and imaginary parts exchanged before and after.
        let (re, im) = parts.split_at_mut(n);
        let (first, second) = match direction {
            Direction::Forward => (&mut *re, &mut *im),
            Direction::Inverse => (&mut *im, &mut *re),
        };
        for (pair, (a, b)) in x.chunks_exact(2).zip(first.iter_mut().zip(second)) {
            (*a, *b) = (pair[0], pair[1]);
        }
        self.split(isa, re, im, scratch);
        let (first, second, scale) = match direction {
            Direction::Forward => (re, im, 1.0),
            Direction::Inverse => (im, re, 1.0 / n as f64),
        };
        for (pair, (a, b)) in y.chunks_exact_mut(2).zip(first.iter().zip(&*second)) {
            (pair[0], pair[1]) = (a * scale, b * scale);
        }
    }

    /// Numbers that [`split`](Fft::split) scribbles on.
    fn split_scratch(&self) -> usize {
        match &self.kind {
            Kind::Mixed(_) => 2 * self.n,
            Kind::Bluestein(plan) => plan.scratch(),
        }
    }

    /// The forward transform in place, with real and imaginary parts apart.
    fn split(&self, isa: Isa, re: &mut [f64], im: &mut [f64], scratch: &mut [f64]) {
        match &self.kind {
            Kind::Mixed(plan) => plan.run(isa, re, im, &mut scratch[..2 * self.n]),
            Kind::Bluestein(plan) => plan.run(isa, re, im, scratch),
        }
    }
}

impl PartialEq for Fft {
    /// Plans of the same length are the same.
    fn eq(&self, other: &Fft) -> bool {
        self.n == other.n
    }
}

/// The least length of at least `n` whose prime factors are 2, 3 and 5: a good one to pad to.
///
/// ```
/// use pyroxene_kernels::fft::good_size;
/// assert_eq!([0, 7, 997, 1025].map(good_size), [1, 8, 1000, 1080]);
/// ```
pub fn good_size(n: usize) -> usize {
    let n = n.max(1);
    let mut best = n.checked_next_power_of_two().unwrap_or(n);
    let mut fives = 1usize;
    while fives < best {
        let mut odd = fives;
        while odd < best {
            let twos = n.div_ceil(odd).next_power_of_two();
            best = best.min(odd.saturating_mul(twos));
            odd = odd.saturating_mul(3);
        }
        fives = fives.saturating_mul(5);
    }
    best
}

/// exp(-2 pi i k / n) for each k, accurate to about an ulp: the angle is reduced to an octant in whole numbers.
fn roots(places: impl Iterator<Item = usize>, n: usize) -> Vec<[f64; 2]> {
    let n = n as u64;
    let (octants, angles): (Vec<u64>, Vec<f64>) = places
        .map(|k| {
            let eighths = 8 * (k as u64 % n);
            let (octant, rest) = (eighths / n, eighths % n);
            // Odd octants are measured from their end, so that the angle is at most pi / 4.
            let part = if octant % 2 == 0 { rest } else { n - rest };
            (octant, std::f64::consts::FRAC_PI_4 * (part as f64 / n as f64))
        })
        .unzip();
    let (mut cos, mut sin) = (vec![0.0; angles.len()], vec![0.0; angles.len()]);
    unary(Unary::Cos, &angles, &mut cos);
    unary(Unary::Sin, &angles, &mut sin);
    let turned = octants.iter().zip(cos.iter().zip(&sin)).map(|(octant, (&cos, &sin))| match octant {
        0 => [cos, -sin],
        1 => [sin, -cos],
        2 => [-sin, -cos],
        3 => [-cos, -sin],
        4 => [-cos, sin],
        5 => [-sin, cos],
        6 => [sin, cos],
        _ => [cos, sin],
    });
    turned.collect()
}
