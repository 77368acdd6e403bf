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

    /// `count` keys whose draws are independent of one another and of those of all other keys.
    ///
    /// ```
    /// use pyroxene_autograd::Key;
    /// let [a, b] = Key::from_seed(0).split(2)[..] else { unreachable!() };
    /// assert_ne!(a.uniform(&[]).item(), b.uniform(&[]).item());
    /// ```
    pub fn split(self, count: usize) -> Vec<Key> {
        let parent = self.named("split");
        (0..count as u64).map(|index| parent.indexed(index)).collect()
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

    /// Unit-rate gamma draws of the given shape; `concentration` broadcasts. NaN where it is not positive and finite.
    ///
    /// Differentiable by the concentration: the derivative at which the distribution function of the draw is held, Figurnov,
    /// Mohamed and Mnih, "Implicit reparameterization gradients" (2018). It has no further derivative by the
    /// concentration.
    ///
    /// ```
    /// use pyroxene_autograd::{Key, Var, grad};
    /// let a = Var::from(2.0);
    /// let mean = Key::from_seed(0).gamma(a, &[20_000]).mean();
    /// assert!((grad(mean, &[a])[0].item() - 1.0).abs() < 0.02); // the mean is a
    /// ```
    #[track_caller]
    pub fn gamma(self, concentration: impl Into<Var>, shape: &[usize]) -> Var {
        self.draw(Draw::Gamma, &[concentration.into().expand(shape)], shape.into(), DType::F64)
    }

    /// Beta draws of the given shape; the concentrations broadcast. NaN where one is not positive and finite. Differentiable
    /// like [`gamma`](Key::gamma).
    #[track_caller]
    pub fn beta(self, concentration1: impl Into<Var>, concentration0: impl Into<Var>, shape: &[usize]) -> Var {
        let parameters = [concentration1.into().expand(shape), concentration0.into().expand(shape)];
        self.draw(Draw::Beta, &parameters, shape.into(), DType::F64)
    }

    /// Dirichlet draws of shape `shape + [k]`; the concentrations have that shape or broadcast to it. NaN where one of a draw's
    /// is not positive and finite. Entries are positive, also where they are too small for a double.
    ///
    /// Differentiable like [`gamma`](Key::gamma): with one concentration moves the entry, a beta variable, and the others
    /// keep their proportions.
    ///
    /// # Panics
    /// If the concentrations have no axis.
    #[track_caller]
    pub fn dirichlet(self, concentration: impl Into<Var>, shape: &[usize]) -> Var {
        let (concentration, full) = with_categories("dirichlet", concentration.into(), shape);
        self.draw(Draw::Dirichlet, &[concentration], full, DType::F64)
    }

    /// Poisson draws of the given shape (whole numbers as f64). NaN where the rate is negative or infinite.
    #[track_caller]
    pub fn poisson(self, rate: impl Into<Var>, shape: &[usize]) -> Var {
        self.draw(Draw::Poisson, &[rate.into().expand(shape)], shape.into(), DType::F64)
    }

    /// Binomial draws of the given shape: the successes in `trials` trials of probability `probs` (whole numbers as f64), for
    /// any number of trials. NaN where that is not whole and non-negative, and where the probability is not in `[0, 1]`.
    #[track_caller]
    pub fn binomial(self, trials: impl Into<Var>, probs: impl Into<Var>, shape: &[usize]) -> Var {
        let parameters = [trials.into().expand(shape), probs.into().expand(shape)];
        self.draw(Draw::Binomial, &parameters, shape.into(), DType::F64)
    }

    /// Multinomial draws of shape `shape + [k]`: how often each category comes in `trials` trials (whole numbers as f64);
    /// `trials` broadcasts to `shape`, the weights to `shape + [k]`; they need not sum to 1. NaN where the trials are not a
    /// whole non-negative number, and where a weight of the draw is negative or infinite or none is positive.
    ///
    /// # Panics
    /// If the weights have no axis.
    #[track_caller]
    pub fn multinomial(self, trials: impl Into<Var>, weights: impl Into<Var>, shape: &[usize]) -> Var {
        let (weights, full) = with_categories("multinomial", weights.into(), shape);
        self.draw(Draw::Multinomial, &[trials.into().expand(shape), weights], full, DType::F64)
    }

    /// Bernoulli draws of the given shape (0 or 1 as f64; NaN where the probability is not in `[0, 1]`).
    #[track_caller]
    pub fn bernoulli(self, probs: impl Into<Var>, shape: &[usize]) -> Var {
        self.draw(Draw::Bernoulli, &[probs.into().expand(shape)], shape.into(), DType::F64)
    }

    /// Draws of a category (an index as f64) of the given shape; the probabilities are `shape + [k]` or broadcast to it.
    ///
    /// # Panics
    /// If the probabilities have no axis.
    #[track_caller]
    pub fn categorical(self, probs: impl Into<Var>, shape: &[usize]) -> Var {
        let (probs, _) = with_categories("categorical", probs.into(), shape);
        self.draw(Draw::Categorical, &[probs], shape.into(), DType::F64)
    }

    /// Uniform whole numbers from `low` up to but not including `high` (i64), without bias.
    ///
    /// # Panics
    /// If `low` is not below `high`, or one is beyond 2^53, which a Program could not represent.
    #[track_caller]
    pub fn randint(self, low: i64, high: i64, shape: &[usize]) -> Var {
        const LIMIT: u64 = 1 << 53;
        if low >= high {
            shape::fail(format_args!("randint: there is no whole number from {low} up to {high}"));
        }
        if low.unsigned_abs().max(high.unsigned_abs()) > LIMIT {
            shape::fail(format_args!("randint: {low}..{high} goes beyond 2^53"));
        }
        self.draw(Draw::Integers(low, high), &[], shape.into(), DType::I64)
    }

    /// The whole numbers `0..n` in random order (i64).
    pub fn permutation(self, n: usize) -> Var {
        self.choice(n, n)
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

    /// `count` positions of a vector of weights (i64), without replacement, each time in proportion to the weights that
    /// are left. Positions of weight zero are never drawn.
    ///
    /// # Panics
    /// If the weights are not a vector of at least `count` elements. When the draw is evaluated: if a weight is negative, NaN or
    /// infinite, or fewer than `count` are positive.
    #[track_caller]
    pub fn weighted_choice(self, weights: impl Into<Var>, count: usize) -> Var {
        let weights = weights.into();
        match weights.shape()[..] {
            [n] if count <= n => {}
            [n] => shape::fail(format_args!("weighted_choice: {count} of {n} without replacement")),
            _ => shape::fail(format_args!("weighted_choice: the weights {:?} are not a vector", weights.shape())),
        }
        self.draw(Draw::WeightedChoice, &[weights], [count].as_slice().into(), DType::I64)
    }
}

/// Parameters along a last axis, expanded to the shape of the draws with that axis.
#[track_caller]
fn with_categories(op: &str, parameters: Var, shape: &[usize]) -> (Var, Shape) {
    let Some(&k) = parameters.shape().last() else {
        shape::fail(format_args!("{op}: the parameters are a number and have no axis of categories"))
    };
    let full: Shape = shape.iter().copied().chain([k]).collect();
    (parameters.expand(&full), full)
}
