//! Draws: pure functions of a key and of parameters.

use super::{Array, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::Var;
use crate::shape;
use pyroxene_kernels::random;
use pyroxene_tensor::{DType, Shape};

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
    /// Poisson, by its rate.
    Poisson,
    /// Bernoulli, by its probability.
    Bernoulli,
    /// Index of a category, by the probabilities along the last axis.
    Categorical,
    /// As many of `0..n` as the shape holds, without replacement.
    Choice(usize),
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
            Draw::Poisson => "random poisson",
            Draw::Bernoulli => "random bernoulli",
            Draw::Categorical => "random categorical",
            Draw::Choice(_) => "random choice",
        }
    }

    fn room(&self, _inputs: &[&[usize]], output: &[usize]) -> Room {
        match self.draw {
            Draw::Choice(_) => Room { indices: output.iter().product(), floats: 0 },
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
            Draw::Poisson => random::poisson(key, parameter(0), out),
            Draw::Bernoulli => random::bernoulli(key, parameter(0), out),
            Draw::Categorical => {
                let categories = inputs[1].shape.last().copied().unwrap_or(1);
                random::categorical(key, parameter(0), categories, out);
            }
            Draw::Choice(n) => {
                random::choice(key, n, room.indices);
                for (out, &index) in out.iter_mut().zip(room.indices.iter()) {
                    *out = index as f64;
                }
            }
        }
    }

    fn vjp(&self, x: &[Var], _y: Var, _gy: Var, wanted: &[bool]) -> Derivatives {
        if matches!(self.draw, Draw::Gamma | Draw::Beta) && wanted[1..].contains(&true) {
            shape::fail(
                "grad: a gamma or beta draw has no derivative with respect to its concentration here; \
                 stop the gradient at the draw, or use a score-function estimator",
            );
        }
        x.iter().map(|_| None).collect()
    }
}

/// A draw of the given shape; `root` is that of the key, `parameters` have the shape already.
pub(crate) fn draw(draw: Draw, stream: u64, root: Var, parameters: &[Var], shape: Shape, dtype: DType) -> Var {
    let inputs: Vec<Var> = std::iter::once(root).chain(parameters.iter().copied()).collect();
    apply(Random { draw, stream }, &inputs, shape, dtype)
}
