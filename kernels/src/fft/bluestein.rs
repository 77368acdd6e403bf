//! Transforms of lengths with large prime factors: jk = (j² + k² - (k - j)²) / 2 makes them convolutions with a chirp.

use super::mixed::Mixed;
use super::{good_size, roots};
use crate::isa::Isa;

#[derive(Clone, Debug)]
pub(super) struct Bluestein {
    padded: usize,
    inner: Mixed,
    /// exp(-pi i k² / n)
    chirp: Vec<[f64; 2]>,
    /// The transform of the conjugate chirp, wrapped around, over the padded length.
    spectrum: Vec<[f64; 2]>,
}

impl Bluestein {
    pub(super) fn new(n: usize) -> Bluestein {
        let padded = good_size(2 * n - 1);
        let inner = Mixed::new(padded).expect("a good size has small factors");
        let square = |k: usize| (k as u128 * k as u128 % (2 * n as u128)) as usize;
        let chirp: Vec<[f64; 2]> = roots((0..n).map(square), 2 * n);
        let (mut re, mut im) = (vec![0.0; padded], vec![0.0; padded]);
        for (k, &[cos, minus_sin]) in chirp.iter().enumerate() {
            for place in [k, (padded - k) % padded] {
                (re[place], im[place]) = (cos, -minus_sin);
            }
        }
        inner.run(Isa::detect(), &mut re, &mut im, &mut vec![0.0; 2 * padded]);
        let spectrum = re.iter().zip(&im).map(|(re, im)| [re / padded as f64, im / padded as f64]).collect();
        Bluestein { padded, inner, chirp, spectrum }
    }

    pub(super) fn scratch(&self) -> usize {
        4 * self.padded
    }

    pub(super) fn run(&self, isa: Isa, re: &mut [f64], im: &mut [f64], scratch: &mut [f64]) {
        let n = self.chirp.len();
        let (u_re, rest) = scratch.split_at_mut(self.padded);
        let (u_im, rest) = rest.split_at_mut(self.padded);
        let inner = &mut rest[..2 * self.padded];
        for (k, &w) in self.chirp.iter().enumerate() {
            [u_re[k], u_im[k]] = times([re[k], im[k]], w);
        }
        u_re[n..].fill(0.0);
        u_im[n..].fill(0.0);
        self.inner.run(isa, u_re, u_im, inner);
        for (k, &w) in self.spectrum.iter().enumerate() {
            [u_re[k], u_im[k]] = times([u_re[k], u_im[k]], w);
        }
        // The inverse, by exchanging the parts.
        self.inner.run(isa, u_im, u_re, inner);
        for (k, &w) in self.chirp.iter().enumerate() {
            [re[k], im[k]] = times([u_re[k], u_im[k]], w);
        }
    }
}

fn times([a, b]: [f64; 2], [c, d]: [f64; 2]) -> [f64; 2] {
    [a * c - b * d, a * d + b * c]
}
