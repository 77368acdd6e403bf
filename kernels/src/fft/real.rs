//! Transforms of real rows, whose frequencies k and n - k are conjugate: only the first n / 2 + 1 are given.

use super::{Direction, Fft, roots};
use crate::isa::Isa;

/// A transform of real rows of one length: the plan, to be made once.
///
/// An even length is transformed as half as many complex numbers, the even elements real and the odd ones imaginary
/// parts (Van Loan, section 4.2).
///
/// ```
/// use pyroxene_kernels::fft::RealFft;
/// let plan = RealFft::new(4);
/// let (mut scratch, mut y, mut x) = (vec![0.0; plan.scratch()], [0.0; 6], [0.0; 4]);
/// plan.forward(&[1.0, 2.0, 3.0, 4.0], &mut y, &mut scratch);
/// assert_eq!(y, [10.0, 0.0, -2.0, 2.0, -2.0, 0.0]);
/// plan.inverse(&y, &mut x, &mut scratch);
/// assert_eq!(x, [1.0, 2.0, 3.0, 4.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RealFft {
    n: usize,
    complex: Fft,
    /// exp(-2 pi i k / n) for an even n.
    turns: Vec<[f64; 2]>,
}

impl RealFft {
    /// The plan for rows of `n` real numbers.
    pub fn new(n: usize) -> RealFft {
        let halved = n.is_multiple_of(2) && n > 0;
        let complex = Fft::new(if halved { n / 2 } else { n });
        let turns = if halved { roots(0..=n / 2, n) } else { Vec::new() };
        RealFft { n, complex, turns }
    }

    /// Real numbers of a row.
    pub fn size(&self) -> usize {
        self.n
    }

    /// Complex numbers of the transform of a row.
    pub fn frequencies(&self) -> usize {
        self.n / 2 + 1
    }

    /// Numbers that [`forward`](RealFft::forward) and [`inverse`](RealFft::inverse) scribble on.
    pub fn scratch(&self) -> usize {
        4 * self.complex.size() + self.complex.scratch()
    }

    #[track_caller]
    fn check(&self, real: usize, complex: usize, scratch: usize) {
        assert!(
            self.n > 0 && real == self.n && complex == 2 * self.frequencies() && scratch >= self.scratch(),
            "rfft: {real} real and {complex} complex parts and room for {scratch} do not suit rows of {} numbers",
            self.n
        );
    }

    /// Transforms one row of real numbers to `n / 2 + 1` complex ones.
    ///
    /// # Panics
    /// If a slice is too short or n is 0.
    #[track_caller]
    pub fn forward(&self, x: &[f64], y: &mut [f64], scratch: &mut [f64]) {
        self.forward_on(Isa::detect(), x, y, scratch);
    }

    /// [`forward`](RealFft::forward) on a given instruction set.
    ///
    /// # Panics
    /// As [`forward`](RealFft::forward), and if the machine lacks the instruction set.
    #[track_caller]
    pub fn forward_on(&self, isa: Isa, x: &[f64], y: &mut [f64], scratch: &mut [f64]) {
        self.check(x.len(), y.len(), scratch.len());
        let m = self.complex.size();
        let (z, rest) = scratch.split_at_mut(2 * m);
        if self.turns.is_empty() {
            let (padded, rest) = rest.split_at_mut(2 * m);
            padded.chunks_exact_mut(2).zip(x).for_each(|(pair, &x)| pair.copy_from_slice(&[x, 0.0]));
            self.complex.run_on(isa, Direction::Forward, padded, z, rest);
            y.copy_from_slice(&z[..y.len()]);
            y[1] = 0.0;
            return;
        }
        self.complex.run_on(isa, Direction::Forward, x, z, rest);
        for (k, (y, &[cos, minus_sin])) in y.chunks_exact_mut(2).zip(&self.turns).enumerate() {
            let (a, b) = (2 * (k % m), 2 * ((m - k) % m));
            // The transforms of the even and of the odd elements.
            let (even_re, even_im) = (z[a] + z[b], z[a + 1] - z[b + 1]);
            let (odd_re, odd_im) = (z[a + 1] + z[b + 1], z[b] - z[a]);
            y[0] = 0.5 * (even_re + (odd_re * cos - odd_im * minus_sin));
            y[1] = 0.5 * (even_im + (odd_re * minus_sin + odd_im * cos));
        }
    }

    /// The real row whose transform is given by its first `n / 2 + 1` frequencies. The imaginary parts of those that are
    /// real for every real row (the first, and the last of an even length) are not read.
    ///
    /// # Panics
    /// If a slice is too short or n is 0.
    #[track_caller]
    pub fn inverse(&self, y: &[f64], x: &mut [f64], scratch: &mut [f64]) {
        self.inverse_on(Isa::detect(), y, x, scratch);
    }

    /// [`inverse`](RealFft::inverse) on a given instruction set.
    ///
    /// # Panics
    /// As [`inverse`](RealFft::inverse), and if the machine lacks the instruction set.
    #[track_caller]
    pub fn inverse_on(&self, isa: Isa, y: &[f64], x: &mut [f64], scratch: &mut [f64]) {
        self.check(x.len(), y.len(), scratch.len());
        let m = self.complex.size();
        let (z, rest) = scratch.split_at_mut(2 * m);
        if self.turns.is_empty() {
            z[..2].copy_from_slice(&[y[0], 0.0]);
            for k in 1..self.frequencies() {
                let (re, im) = (y[2 * k], y[2 * k + 1]);
                z[2 * k..2 * k + 2].copy_from_slice(&[re, im]);
                z[2 * (m - k)..2 * (m - k) + 2].copy_from_slice(&[re, -im]);
            }
            let (out, rest) = rest.split_at_mut(2 * m);
            self.complex.run_on(isa, Direction::Inverse, z, out, rest);
            x.iter_mut().zip(out.chunks_exact(2)).for_each(|(x, pair)| *x = pair[0]);
            return;
        }
        for (k, (z, &[cos, minus_sin])) in z.chunks_exact_mut(2).zip(&self.turns).enumerate() {
            let (a, b) = (2 * k, 2 * (m - k));
            // The ends are real.
            let im = |at: usize| if at == 0 || at == 2 * m { 0.0 } else { y[at + 1] };
            let (even_re, even_im) = (y[a] + y[b], im(a) - im(b));
            let (apart_re, apart_im) = (y[a] - y[b], im(a) + im(b));
            // The difference times exp(2 pi i k / n), then times i.
            let (odd_re, odd_im) = (apart_re * cos + apart_im * minus_sin, apart_im * cos - apart_re * minus_sin);
            z[0] = 0.5 * (even_re - odd_im);
            z[1] = 0.5 * (even_im + odd_re);
        }
        self.complex.run_on(isa, Direction::Inverse, z, x, rest);
    }
}
