//! Random tensors: a draw is a pure function of a key.

use crate::dtype::DType;
use crate::elementwise::Operand;
use crate::error::{OrPanic, fail};
use crate::shape::{self, Shape};
use crate::tensor::Tensor;
use pyroxene_kernels::random;

/// A key of random draws: the same key, method and parameters give the same draws, on any number of threads and any
/// processor. Two draws under one key are not independent: derive a key for each use, by name, by number or by
/// [`split`](Key::split).
///
/// The draws are those of the key of the same seed and names in the crate of expressions. All are `f64` but the whole numbers of
/// [`randint`](Key::randint), [`permutation`](Key::permutation), [`choice`](Key::choice) and
/// [`weighted_choice`](Key::weighted_choice), which are `i64`.
///
/// ```
/// use pyroxene_tensor::Key;
/// let key = Key::from_seed(0);
/// let x = key.named("x").normal(&[2, 3]);
/// assert!(x.allclose(key.named("x").normal(&[2, 3]), 0.0, 0.0));
/// assert!(!x.allclose(key.named("y").normal(&[2, 3]), 0.0, 0.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    root: u64,
    stream: u64,
}

impl Key {
    /// The key of a seed.
    pub fn from_seed(seed: u64) -> Key {
        Key { root: seed, stream: 0 }
    }

    /// The key for `name`.
    #[must_use]
    pub fn named(self, name: &str) -> Key {
        self.indexed(random::hash_name(name))
    }

    /// The key for a number (a visit, a step, a particle).
    #[must_use]
    pub fn indexed(self, index: u64) -> Key {
        Key { stream: random::mix(self.stream, index), ..self }
    }

    /// `count` keys whose draws are independent of one another and of those of all other keys.
    pub fn split(self, count: usize) -> Vec<Key> {
        let parent = self.named("split");
        (0..count as u64).map(|index| parent.indexed(index)).collect()
    }

    fn key(self) -> u64 {
        random::mix(self.root, self.stream)
    }

    #[track_caller]
    fn fill(self, shape: &[usize], draw: impl FnOnce(u64, &mut [f64])) -> Tensor {
        let mut out = vec![0.0; shape::size("random", shape).or_panic()];
        draw(self.key(), &mut out);
        Tensor::from_f64(out, shape)
    }

    /// Uniform draws on the open interval (0, 1).
    #[track_caller]
    pub fn uniform(self, shape: &[usize]) -> Tensor {
        self.fill(shape, random::uniform)
    }

    /// Standard normal draws.
    #[track_caller]
    pub fn normal(self, shape: &[usize]) -> Tensor {
        self.fill(shape, random::normal)
    }

    /// Exponential draws of rate 1.
    #[track_caller]
    pub fn exponential(self, shape: &[usize]) -> Tensor {
        self.fill(shape, random::exponential)
    }

    /// Gamma draws of rate 1; the concentration broadcasts to `shape`.
    ///
    /// # Panics
    /// If a concentration is not positive and finite.
    #[track_caller]
    pub fn gamma<'a>(self, concentration: impl Into<Operand<'a>>, shape: &[usize]) -> Tensor {
        let a = Parameter::new("gamma", "the concentration", concentration.into(), shape).positive();
        self.fill(shape, |key, out| random::gamma(key, &a.values, out))
    }

    /// Beta draws; the concentrations broadcast to `shape`.
    ///
    /// # Panics
    /// If a concentration is not positive and finite.
    #[track_caller]
    pub fn beta<'a, 'b>(
        self,
        concentration1: impl Into<Operand<'a>>,
        concentration0: impl Into<Operand<'b>>,
        shape: &[usize],
    ) -> Tensor {
        let a = Parameter::new("beta", "concentration1", concentration1.into(), shape).positive();
        let b = Parameter::new("beta", "concentration0", concentration0.into(), shape).positive();
        self.fill(shape, |key, out| random::beta(key, &a.values, &b.values, out))
    }

    /// Dirichlet draws of shape `shape + [k]`, to which the concentrations broadcast. Entries are positive, also where they are
    /// too small for a double.
    ///
    /// ```
    /// use pyroxene_tensor::{Key, Tensor};
    /// let x = Key::from_seed(1).dirichlet([1.0, 2.0, 3.0], &[4]);
    /// assert_eq!(x.shape(), [4, 3]);
    /// assert!(x.sum_axes(&[-1], false).allclose(1.0, 1e-15, 0.0));
    /// ```
    ///
    /// # Panics
    /// If the concentrations have no axis, or one is not positive and finite.
    #[track_caller]
    pub fn dirichlet<'a>(self, concentration: impl Into<Operand<'a>>, shape: &[usize]) -> Tensor {
        let (a, full) = Parameter::of_categories("dirichlet", "the concentration", concentration.into(), shape);
        let (a, k) = (a.positive(), full[shape.len()]);
        self.fill(&full, |key, out| random::dirichlet(key, &a.values, k, out))
    }

    /// Poisson draws; the rate broadcasts to `shape`.
    ///
    /// # Panics
    /// If a rate is negative, NaN or infinite.
    #[track_caller]
    pub fn poisson<'a>(self, rate: impl Into<Operand<'a>>, shape: &[usize]) -> Tensor {
        let rate = Parameter::new("poisson", "the rate", rate.into(), shape).non_negative();
        self.fill(shape, |key, out| random::poisson(key, &rate.values, out))
    }

    /// Binomial draws: the successes in `trials` trials of probability `probs`, for any number of trials; both broadcast to
    /// `shape`.
    ///
    /// ```
    /// use pyroxene_tensor::Key;
    /// let k = Key::from_seed(1).binomial(1e12, [0.0, 1.0, 0.5], &[3]).to_vec::<f64>();
    /// assert_eq!(k[..2], [0.0, 1e12]);
    /// assert!((k[2] - 5e11).abs() < 1e7);
    /// ```
    ///
    /// # Panics
    /// If a number of trials is not whole and non-negative, or a probability is not in `[0, 1]`.
    #[track_caller]
    pub fn binomial<'a, 'b>(
        self,
        trials: impl Into<Operand<'a>>,
        probs: impl Into<Operand<'b>>,
        shape: &[usize],
    ) -> Tensor {
        let n = Parameter::new("binomial", "the number of trials", trials.into(), shape).count();
        let p = Parameter::new("binomial", "the probability", probs.into(), shape).probability();
        self.fill(shape, |key, out| random::binomial(key, &n.values, &p.values, out))
    }

    /// Multinomial draws of shape `shape + [k]`: how often each category comes in `trials` trials. `trials` broadcasts to
    /// `shape`, the weights of the categories to `shape + [k]`; they need not sum to 1.
    ///
    /// # Panics
    /// If the weights have no axis, one is negative, NaN or infinite, or none of a draw is positive; or if a number of trials is not
    /// whole and non-negative.
    #[track_caller]
    pub fn multinomial<'a, 'b>(
        self,
        trials: impl Into<Operand<'a>>,
        weights: impl Into<Operand<'b>>,
        shape: &[usize],
    ) -> Tensor {
        let n = Parameter::new("multinomial", "the number of trials", trials.into(), shape).count();
        let (weights, full) = Parameter::of_categories("multinomial", "the weights", weights.into(), shape);
        let (weights, k) = (weights.weights(), full[shape.len()]);
        self.fill(&full, |key, out| random::multinomial(key, &n.values, &weights.values, k, out))
    }

    /// Bernoulli draws, 0 or 1; the probability broadcasts to `shape`.
    ///
    /// # Panics
    /// If a probability is not in `[0, 1]`.
    #[track_caller]
    pub fn bernoulli<'a>(self, probs: impl Into<Operand<'a>>, shape: &[usize]) -> Tensor {
        let p = Parameter::new("bernoulli", "the probability", probs.into(), shape).probability();
        self.fill(shape, |key, out| random::bernoulli(key, &p.values, out))
    }

    /// Indices of categories; the weights broadcast to `shape + [k]` and need not sum to 1.
    ///
    /// # Panics
    /// If the weights have no axis, one is negative, NaN or infinite, or none of a draw is positive.
    #[track_caller]
    pub fn categorical<'a>(self, weights: impl Into<Operand<'a>>, shape: &[usize]) -> Tensor {
        let (weights, full) = Parameter::of_categories("categorical", "the weights", weights.into(), shape);
        let (weights, k) = (weights.weights(), full[shape.len()]);
        self.fill(shape, |key, out| random::categorical(key, &weights.values, k, out))
    }

    /// Uniform whole numbers from `low` up to but not including `high`, without bias.
    ///
    /// # Panics
    /// If `low` is not below `high`.
    #[track_caller]
    pub fn randint(self, low: i64, high: i64, shape: &[usize]) -> Tensor {
        if low >= high {
            fail(format_args!("randint: there is no whole number from {low} up to {high}"));
        }
        let mut out = vec![0_i64; shape::size("randint", shape).or_panic()];
        random::integers(self.key(), low, high, &mut out, |x| x);
        Tensor::from_vec(out, shape)
    }

    /// The whole numbers `0..n` in random order.
    pub fn permutation(self, n: usize) -> Tensor {
        self.choice(n, n)
    }

    /// `count` of the whole numbers `0..n`, without replacement, in random order.
    ///
    /// # Panics
    /// If `count` is larger than `n`.
    #[track_caller]
    pub fn choice(self, n: usize, count: usize) -> Tensor {
        if count > n {
            fail(format_args!("choice: {count} of {n} without replacement"));
        }
        let mut out = vec![0; count];
        random::choice(self.key(), n, &mut out);
        indices(&out)
    }

    /// `count` positions of a vector of weights, without replacement, each time in proportion to the weights that are left.
    /// Positions of weight zero are never drawn.
    ///
    /// # Panics
    /// If the weights are not a vector, one is negative, NaN or infinite, or fewer than `count` are positive.
    #[track_caller]
    pub fn weighted_choice<'a>(self, weights: impl Into<Operand<'a>>, count: usize) -> Tensor {
        let weights = weights.into();
        let &[n] = weights.shape() else {
            fail(format_args!("weighted_choice: the weights {:?} are not a vector", weights.shape()));
        };
        let weights = Parameter::new("weighted_choice", "the weights", weights, &[n]).non_negative();
        let positive = weights.values.iter().filter(|&&w| w > 0.0).count();
        if count > positive {
            fail(format_args!("weighted_choice: {count} without replacement, but {positive} weights are positive"));
        }
        let mut out = vec![0; count];
        random::weighted_choice(self.key(), &weights.values, &mut vec![0.0; n], &mut vec![0; n], &mut out);
        indices(&out)
    }
}

fn indices(positions: &[usize]) -> Tensor {
    Tensor::from(positions.iter().map(|&i| i as i64).collect::<Vec<_>>())
}

/// A parameter of a draw, broadcast to the shape of the draws.
struct Parameter {
    op: &'static str,
    name: &'static str,
    values: Vec<f64>,
    shape: Shape,
}

impl Parameter {
    #[track_caller]
    fn new(op: &'static str, name: &'static str, value: Operand<'_>, shape: &[usize]) -> Parameter {
        let fits = shape::broadcast(op, &[value.shape(), shape]).is_ok_and(|joint| joint[..] == *shape);
        if !fits {
            fail(format_args!("{op}: {name} of shape {:?} does not broadcast to {shape:?}", value.shape()));
        }
        let values = value.to_tensor().cast(DType::F64).expand(shape).to_vec();
        Parameter { op, name, values, shape: Shape::from_slice(shape) }
    }

    /// A parameter with an axis of categories, and the shape of the draws with that axis.
    #[track_caller]
    fn of_categories(op: &'static str, name: &'static str, value: Operand<'_>, shape: &[usize]) -> (Parameter, Shape) {
        let Some(&k) = value.shape().last() else {
            fail(format_args!("{op}: {name} is a number and has no axis of categories"));
        };
        let full: Shape = shape.iter().copied().chain([k]).collect();
        (Parameter::new(op, name, value, &full), full)
    }

    #[track_caller]
    fn positive(self) -> Parameter {
        self.must("be positive and finite", |v| v > 0.0 && v.is_finite())
    }

    #[track_caller]
    fn non_negative(self) -> Parameter {
        self.must("be non-negative and finite", |v| v >= 0.0 && v.is_finite())
    }

    #[track_caller]
    fn count(self) -> Parameter {
        self.must("be a non-negative whole number", |v| v >= 0.0 && v.is_finite() && v.fract() == 0.0)
    }

    #[track_caller]
    fn probability(self) -> Parameter {
        self.must("be in [0, 1]", |v| (0.0..=1.0).contains(&v))
    }

    /// Weights along the last axis.
    #[track_caller]
    fn weights(self) -> Parameter {
        let Parameter { op, name, values, shape } = self.non_negative();
        let k = shape.last().copied().unwrap_or(1);
        let without = match k {
            0 => (!values.is_empty() || shape[..shape.len() - 1].iter().all(|&d| d > 0)).then_some(0),
            _ => values.chunks(k).position(|row| row.iter().sum::<f64>() == 0.0),
        };
        if let Some(row) = without {
            let at = position(row, &shape[..shape.len() - 1]);
            fail(format_args!("{op}: none of {name} is positive for the draw at {at:?}"));
        }
        Parameter { op, name, values, shape }
    }

    #[track_caller]
    fn must(self, rule: &str, holds: impl Fn(f64) -> bool) -> Parameter {
        if let Some(bad) = self.values.iter().position(|&v| !holds(v)) {
            let (op, name, value) = (self.op, self.name, self.values[bad]);
            fail(format_args!("{op}: {name} must {rule}, got {value} at {:?}", position(bad, &self.shape)));
        }
        self
    }
}

/// The index of the element at an offset of a row-major tensor.
fn position(mut offset: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (index, &size) in index.iter_mut().zip(shape).rev() {
        *index = offset % size.max(1);
        offset /= size.max(1);
    }
    index
}
