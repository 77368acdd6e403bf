//! Draws: pure functions of a key and of parameters.

use super::special::{beta_logit_slope_a, beta_logit_slope_b, gamma_log_slope};
use super::{Array, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::Var;
use crate::shape::fail;
use pyroxene_kernels::random;
use pyroxene_tensor::{DType, Shape};
use smallvec::smallvec;

/// What is drawn. The inputs are the key's root and these parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Draw {
    /// Uniform on the open interval (0, 1).
    Uniform,
    /// Standard normal.
    Normal,
    /// Unit-rate exponential.
    Exponential,
    /// Unit-rate gamma, by its concentration.
    Gamma,
    /// Beta, by both concentrations.
    Beta,
    /// Dirichlet, by the concentrations along the last axis.
    Dirichlet,
    /// Poisson, by its rate.
    Poisson,
    /// Binomial, by the number of trials and the probability.
    Binomial,
    /// Multinomial, by the number of trials and the weights along the last axis.
    Multinomial,
    /// Bernoulli, by its probability.
    Bernoulli,
    /// Index of a category, by the probabilities along the last axis.
    Categorical,
    /// A whole number, from the first up to but not including the second.
    Integers(i64, i64),
    /// As many of `0..n` as the shape holds, without replacement.
    Choice(usize),
    /// As many positions of the weights as the shape holds, without replacement.
    WeightedChoice,
}

/// Positions cannot be NaN, so this is a panic.
#[cold]
fn fail_weights(weights: &[f64], count: usize) -> ! {
    match weights.iter().enumerate().find(|(_, w)| !(**w >= 0.0 && w.is_finite())) {
        Some((at, weight)) => {
            fail(format_args!("weighted_choice: weights must be non-negative and finite, got {weight} at {at}"))
        }
        None => {
            let positive = weights.iter().filter(|&&w| w > 0.0).count();
            fail(format_args!("weighted_choice: {count} without replacement, but {positive} weights are positive"))
        }
    }
}

/// The size of the last axis.
fn last(shape: &[usize]) -> usize {
    shape.last().copied().unwrap_or(1)
}

#[derive(Debug, PartialEq)]
struct Random {
    draw: Draw,
    stream: u64,
}

impl Primitive for Random {
    fn name(&self) -> &'static str {
        match self.draw {
            Draw::Uniform => "random uniform",
            Draw::Normal => "random normal",
            Draw::Exponential => "random exponential",
            Draw::Gamma => "random gamma",
            Draw::Beta => "random beta",
            Draw::Dirichlet => "random dirichlet",
            Draw::Poisson => "random poisson",
            Draw::Binomial => "random binomial",
            Draw::Multinomial => "random multinomial",
            Draw::Bernoulli => "random bernoulli",
            Draw::Categorical => "random categorical",
            Draw::Integers(..) => "random integers",
            Draw::Choice(_) => "random choice",
            Draw::WeightedChoice => "random weighted choice",
        }
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        let count: usize = output.iter().product();
        match self.draw {
            Draw::Choice(_) => Room { indices: count, floats: 0 },
            Draw::WeightedChoice => Room { indices: inputs[1][0] + count, floats: inputs[1][0] },
            _ => Room::default(),
        }
    }

    fn run(&self, inputs: &[Array<'_>], out: &mut [f64], room: RoomMut<'_>) {
        let [high, low] = *inputs[0].data else { unreachable!("a key's root has two words") };
        let key = random::mix((high as u64) << 32 | low as u64, self.stream);
        let parameter = |k: usize| inputs[1 + k].data;
        match self.draw {
            Draw::Uniform => random::uniform(key, out),
            Draw::Normal => random::normal(key, out),
            Draw::Exponential => random::exponential(key, out),
            Draw::Gamma => random::gamma(key, parameter(0), out),
            Draw::Beta => random::beta(key, parameter(0), parameter(1), out),
            Draw::Dirichlet => random::dirichlet(key, parameter(0), last(inputs[1].shape), out),
            Draw::Poisson => random::poisson(key, parameter(0), out),
            Draw::Binomial => random::binomial(key, parameter(0), parameter(1), out),
            Draw::Multinomial => random::multinomial(key, parameter(0), parameter(1), last(inputs[2].shape), out),
            Draw::Bernoulli => random::bernoulli(key, parameter(0), out),
            Draw::Categorical => random::categorical(key, parameter(0), last(inputs[1].shape), out),
            Draw::Integers(low, high) => random::integers(key, low, high, out, |x| x as f64),
            Draw::WeightedChoice => {
                let weights = parameter(0);
                let (order, chosen) = room.indices.split_at_mut(weights.len());
                if !random::weighted_choice(key, weights, room.floats, order, chosen) {
                    fail_weights(weights, chosen.len());
                }
                for (out, &index) in out.iter_mut().zip(chosen.iter()) {
                    *out = index as f64;
                }
            }
            Draw::Choice(n) => {
                random::choice(key, n, room.indices);
                for (out, &index) in out.iter_mut().zip(room.indices.iter()) {
                    *out = index as f64;
                }
            }
        }
    }

    /// The derivatives at which the distribution function of the draw is held: M. Figurnov, S. Mohamed and A. Mnih,
    /// "Implicit reparameterization gradients", NeurIPS 2018.
    fn vjp(&self, x: &[Var], y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let want = |index: usize, derivative: &dyn Fn() -> Var| wanted[index].then(|| gy * derivative());
        match self.draw {
            Draw::Gamma => smallvec![None, want(1, &|| y * gamma_log_slope(x[1], y))],
            Draw::Beta => smallvec![
                None,
                want(1, &|| y * (1.0 - y) * beta_logit_slope_a(x[1], x[2], y)),
                want(2, &|| y * (1.0 - y) * beta_logit_slope_b(x[1], x[2], y)),
            ],
            Draw::Dirichlet if wanted[1] => smallvec![None, Some(dirichlet_vjp(x[1], y, gy))],
            _ => x.iter().map(|_| None).collect(),
        }
    }
}

/// Entry i of a Dirichlet draw is a beta draw, and the others share the rest in proportions that are independent of
/// it: with `a_i` moves the logit of entry i, and the others keep their proportions.
fn dirichlet_vjp(a: Var, y: Var, gy: Var) -> Var {
    // Where one concentration outweighs the others by more than the digits of a double, they still have one.
    let others = (a.sum_axes(&[-1], true) - a).maximum(f64::MIN_POSITIVE);
    let mean = (gy * y).sum_axes(&[-1], true);
    y * beta_logit_slope_a(a, others, y) * (gy - mean)
}

/// A draw of the given shape; `root` is that of the key, `parameters` have the shape already.
pub(crate) fn draw(draw: Draw, stream: u64, root: Var, parameters: &[Var], shape: Shape, dtype: DType) -> Var {
    let inputs: Vec<Var> = std::iter::once(root).chain(parameters.iter().copied()).collect();
    apply(Random { draw, stream }, &inputs, shape, dtype)
}
