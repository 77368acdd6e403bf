//! Randomness: a draw is a pure function of a key.

use crate::arena::Var;
use crate::shape;
use crate::structured::{self, Draw};
use pyroxene_kernels::random::{hash_name, mix};
use pyroxene_tensor::{DType, Shape, Tensor};

/// A key: a root of 64 bits, which may be an input of a Program, and the stream derived from it by name.
///
/// Streams are derived, never split in sequence: `key.named("theta")` gives the same draws whatever other streams exist.
///
/// ```
/// use pyroxene_autograd::Key;
/// let key = Key::from_seed(0);
/// let a = key.named("a").normal(&[3]).to_tensor();
/// assert_eq!(a.to_vec::<f64>(), key.named("a").normal(&[3]).to_tensor().to_vec::<f64>());
/// assert_ne!(a.to_vec::<f64>(), key.named("b").normal(&[3]).to_tensor().to_vec::<f64>());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Two whole numbers below 2^32, high and low, so that a Program may carry them as f64.
    root: Var,
    stream: u64,
}

impl Key {
    /// Number of values that a key's root takes as an input of a Program.
    pub const WORDS: usize = 2;

    /// A key whose root is known now.
    pub fn from_seed(seed: u64) -> Key {
        let words = Key::words(seed).map(|word| word as i64);
        Key { root: Var::from(Tensor::from(words)), stream: 0 }
    }

    /// A key whose root is a vector of two whole numbers, see [`Key::words`]: an input of a Program.
    ///
    /// # Panics
    /// If the shape is not `[2]`.
    #[track_caller]
    pub fn from_root(root: Var) -> Key {
        if root.shape().as_slice() != [Key::WORDS] {
            shape::fail(format_args!("Key::from_root: expected shape [2], got {:?}", root.shape()));
        }
        Key { root, stream: 0 }
    }

    /// A 64-bit seed as the two numbers that [`Key::from_root`] takes.
    pub fn words(seed: u64) -> [f64; 2] {
        [(seed >> 32) as f64, (seed & 0xffff_ffff) as f64]
    }

    /// The stream for `name`.
    #[must_use]
    pub fn named(self, name: &str) -> Key {
        self.indexed(hash_name(name))
    }

    /// The stream for a number (a visit, a step, a particle).
    #[must_use]
    pub fn indexed(self, index: u64) -> Key {
        Key { stream: mix(self.stream, index), ..self }
    }

    fn draw(self, draw: Draw, parameters: &[Var], shape: Shape, dtype: DType) -> Var {
        structured::draw(draw, self.stream, self.root, parameters, shape, dtype)
    }

    /// Uniform draws on the open interval (0, 1).
    pub fn uniform(self, shape: &[usize]) -> Var {
        self.draw(Draw::Uniform, &[], shape.into(), DType::F64)
    }

    /// Standard normal draws.
    pub fn normal(self, shape: &[usize]) -> Var {
        self.draw(Draw::Normal, &[], shape.into(), DType::F64)
    }

    /// Unit-rate exponential draws.
    pub fn exponential(self, shape: &[usize]) -> Var {
        self.draw(Draw::Exponential, &[], shape.into(), DType::F64)
    }

    /// Unit-rate gamma draws of the given shape; `concentration` broadcasts. NaN where it is not positive.
    #[track_caller]
    pub fn gamma(self, concentration: Var, shape: &[usize]) -> Var {
        self.draw(Draw::Gamma, &[concentration.expand(shape)], shape.into(), DType::F64)
    }

    /// Beta draws of the given shape.
    #[track_caller]
    pub fn beta(self, concentration1: Var, concentration0: Var, shape: &[usize]) -> Var {
        let parameters = [concentration1.expand(shape), concentration0.expand(shape)];
        self.draw(Draw::Beta, &parameters, shape.into(), DType::F64)
    }

    /// Poisson draws of the given shape (whole numbers as f64).
    #[track_caller]
    pub fn poisson(self, rate: Var, shape: &[usize]) -> Var {
        self.draw(Draw::Poisson, &[rate.expand(shape)], shape.into(), DType::F64)
    }

    /// Bernoulli draws of the given shape (0 or 1 as f64; NaN where the probability is not in `[0, 1]`).
    #[track_caller]
    pub fn bernoulli(self, probs: Var, shape: &[usize]) -> Var {
        self.draw(Draw::Bernoulli, &[probs.expand(shape)], shape.into(), DType::F64)
    }

    /// Draws of a category (an index as f64) of the given shape; the probabilities are `shape + [k]` or broadcast to it.
    #[track_caller]
    pub fn categorical(self, probs: Var, shape: &[usize]) -> Var {
        let Some(&k) = probs.shape().last() else { shape::fail("categorical: the probabilities have no axis") };
        let full: Shape = shape.iter().copied().chain([k]).collect();
        self.draw(Draw::Categorical, &[probs.expand(&full)], shape.into(), DType::F64)
    }

    /// `count` of the whole numbers `0..n`, without replacement, in random order (i64): a permutation if `count` is `n`.
    ///
    /// # Panics
    /// If `count` is larger than `n`.
    #[track_caller]
    pub fn choice(self, n: usize, count: usize) -> Var {
        if count > n {
            shape::fail(format_args!("choice: {count} of {n} without replacement"));
        }
        self.draw(Draw::Choice(n), &[], [count].as_slice().into(), DType::I64)
    }
}
