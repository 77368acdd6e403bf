//! A sequential stream.

use super::{
    beta, gamma, math,
    philox::{block, unit},
    poisson,
};

/// A sequence of draws under one key, for code whose number of draws is not known beforehand. The words are those that
/// the fills read: `Stream::new(key).uniform()` is element 0 of [`uniform`](super::uniform).
///
/// ```
/// use pyroxene_kernels::random::Stream;
/// let mut stream = Stream::new(7);
/// assert!(stream.below(6) < 6);
/// ```
#[derive(Clone, Debug)]
pub struct Stream {
    key: u64,
    next: u64,
    block: [u64; 2],
}

impl Stream {
    /// The stream of a key, from its start.
    pub fn new(key: u64) -> Stream {
        Stream { key, next: 0, block: [0; 2] }
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        if self.next.is_multiple_of(2) {
            self.block = block(self.key, self.next / 2, 0);
        }
        let word = self.block[(self.next % 2) as usize];
        self.next += 1;
        word
    }

    /// A uniform draw strictly between 0 and 1.
    pub fn uniform(&mut self) -> f64 {
        unit(self.next_u64())
    }

    /// A standard normal draw (Box and Muller 1958); uses two words.
    pub fn normal(&mut self) -> f64 {
        let u = self.uniform();
        math::normal_of(u, self.uniform())
    }

    /// An exponential draw of rate 1.
    pub fn exponential(&mut self) -> f64 {
        -math::ln_of(self.uniform())
    }

    /// A uniform integer in `0..n`, without bias: D. Lemire, "Fast random integer generation in an interval",
    /// ACM TOMACS 29, 2019.
    ///
    /// # Panics
    /// If `n` is 0.
    #[track_caller]
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "below: no integer is below 0");
        let mut product = u128::from(self.next_u64()) * u128::from(n);
        if (product as u64) < n {
            let excess = n.wrapping_neg() % n;
            while (product as u64) < excess {
                product = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (product >> 64) as u64
    }

    /// A gamma draw of rate 1; see [`gamma`](super::gamma).
    pub fn gamma(&mut self, concentration: f64) -> f64 {
        let mut out = [0.0];
        gamma(self.next_u64(), &[concentration], &mut out);
        out[0]
    }

    /// A beta draw; see [`beta`](super::beta).
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        let mut out = [0.0];
        beta(self.next_u64(), &[a], &[b], &mut out);
        out[0]
    }

    /// A Poisson draw; see [`poisson`](super::poisson).
    pub fn poisson(&mut self, rate: f64) -> f64 {
        let mut out = [0.0];
        poisson(self.next_u64(), &[rate], &mut out);
        out[0]
    }

    /// Puts the items into a uniformly random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}
