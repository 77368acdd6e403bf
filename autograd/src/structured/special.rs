//! Incomplete gamma and beta functions, the logarithm of the beta function, and what their derivatives are made of.

use super::{Array, Batching, Derivatives, Primitive, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::elementwise::weak_with;
use crate::shape;
use pyroxene_kernels::special::Special;
use pyroxene_tensor::{DType, Shape};
use std::f64::consts::PI;

impl Primitive for Special {
    fn name(&self) -> &'static str {
        Special::name(*self)
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        match *inputs {
            [a, x] => self.apply(&[a.data, x.data], output),
            [a, b, x] => self.apply(&[a.data, b.data, x.data], output),
            _ => unreachable!("two or three arguments"),
        }
    }

    fn vjp(&self, x: &[Var], y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        // Each is asked for only if it is wanted: some do not exist.
        let each = |derivatives: &[&dyn Fn() -> Var]| {
            derivatives.iter().zip(wanted).map(|(derivative, &wanted)| wanted.then(|| gy * derivative())).collect()
        };
        let twice = || second_derivative(*self);
        match (self, x) {
            (Special::Gammainc, &[a, x]) => each(&[&|| gammainc_by_a(a, x), &|| gamma_density(a, x)]),
            (Special::Gammaincc, &[a, x]) => each(&[&|| -gammainc_by_a(a, x), &|| -gamma_density(a, x)]),
            (Special::GammaincByA, &[a, x]) => {
                let density = gamma_density(a, x);
                each(&[&twice, &|| density.xlogy(x) - density * a.digamma()])
            }
            (Special::GammaDensity, &[a, x]) => {
                each(&[&|| y.xlogy(x) - y * a.digamma(), &|| y * ((a - 1.0) / x - 1.0)])
            }
            (Special::GammaLogSlope, &[a, z]) => each(&[&twice, &|| (a.digamma() - z.ln() - y * (a - z)) / z]),
            (Special::Betainc, &[a, b, x]) => {
                each(&[&|| beta(Special::BetaincByA, a, b, x), &|| beta(Special::BetaincByB, a, b, x), &|| {
                    beta(Special::BetaDensity, a, b, x)
                }])
            }
            (Special::BetaDensity, &[a, b, x]) => each(&[&|| score_a(y, a, b, x), &|| score_b(y, a, b, x), &|| {
                y * ((a - 1.0) / x - (b - 1.0) / (1.0 - x))
            }]),
            (Special::BetaincByA, &[a, b, x]) => {
                each(&[&twice, &twice, &|| score_a(beta(Special::BetaDensity, a, b, x), a, b, x)])
            }
            (Special::BetaincByB, &[a, b, x]) => {
                each(&[&twice, &twice, &|| score_b(beta(Special::BetaDensity, a, b, x), a, b, x)])
            }
            (Special::BetaLogitSlopeA, &[a, b, z]) => {
                each(&[&twice, &twice, &|| slope_by_value(z.ln() + digamma_gap(a, b), y, a, b, z)])
            }
            (Special::BetaLogitSlopeB, &[a, b, z]) => {
                each(&[&twice, &twice, &|| slope_by_value((-z).ln_1p() + digamma_gap(b, a), y, a, b, z)])
            }
            (Special::Lbeta, &[a, b]) => each(&[&|| -digamma_gap(a, b), &|| -digamma_gap(b, a)]),
            (Special::DigammaGap, &[b, a]) => each(&[&|| trigamma(b + a) - trigamma(b), &|| trigamma(b + a)]),
            _ => unreachable!("as many arguments as the function takes"),
        }
    }
}

#[cold]
#[track_caller]
fn second_derivative(function: Special) -> Var {
    let (of, parameters) = match function {
        Special::GammaincByA => ("gammainc", "its first argument"),
        Special::GammaLogSlope => ("a gamma draw", "its concentration"),
        Special::BetaincByA | Special::BetaincByB => ("betainc", "its first two arguments"),
        _ => ("a beta or Dirichlet draw", "its concentrations"),
    };
    shape::fail(format_args!(
        "grad: the second derivative of {of} with respect to {parameters} is not available; \
         stop the gradient at the first one"
    ))
}

/// The function of arguments of one shape.
fn of(function: Special, arguments: &[Var]) -> Var {
    apply(function, arguments, arguments[0].shape(), result_type(arguments))
}

fn gammainc_by_a(a: Var, x: Var) -> Var {
    of(Special::GammaincByA, &[a, x])
}

fn gamma_density(a: Var, x: Var) -> Var {
    of(Special::GammaDensity, &[a, x])
}

fn beta(function: Special, a: Var, b: Var, x: Var) -> Var {
    of(function, &[a, b, x])
}

/// `psi(b + a) - psi(b)`
fn digamma_gap(b: Var, a: Var) -> Var {
    of(Special::DigammaGap, &[b, a])
}

fn trigamma(x: Var) -> Var {
    Var::from(1.0).polygamma(x)
}

/// The derivative of a beta density by `a`.
fn score_a(density: Var, a: Var, b: Var, x: Var) -> Var {
    density.xlogy(x) + density * digamma_gap(a, b)
}

/// The derivative of a beta density by `b`.
fn score_b(density: Var, a: Var, b: Var, x: Var) -> Var {
    density.xlog1py(-x) + density * digamma_gap(b, a)
}

/// The derivative of the slope `y = -(dI/da) / D` by `z`, with `D = z (1 - z) p(z)`, `p` the density and `score` the
/// derivative of its logarithm by the parameter.
fn slope_by_value(score: Var, y: Var, a: Var, b: Var, z: Var) -> Var {
    -(score + y * (a - (a + b) * z)) / (z * (1.0 - z))
}

/// The derivative of the logarithm of a gamma draw `z` of rate 1 by its concentration `a`, of the same shape.
pub(crate) fn gamma_log_slope(a: Var, z: Var) -> Var {
    of(Special::GammaLogSlope, &[a, z])
}

/// The derivative of the logit of a beta draw `z` by its first concentration `a`; all have one shape.
pub(crate) fn beta_logit_slope_a(a: Var, b: Var, z: Var) -> Var {
    beta(Special::BetaLogitSlopeA, a, b, z)
}

/// The derivative of the logit of a beta draw `z` by its second concentration `b`.
pub(crate) fn beta_logit_slope_b(a: Var, b: Var, z: Var) -> Var {
    beta(Special::BetaLogitSlopeB, a, b, z)
}

/// The function of broadcast arguments.
#[track_caller]
fn special(function: Special, arguments: &[Var]) -> Var {
    let shapes: Vec<Shape> = arguments.iter().map(|x| x.shape()).collect();
    let shapes: Vec<&[usize]> = shapes.iter().map(|shape| &shape[..]).collect();
    let shape = shape::broadcast(function.name(), &shapes);
    let arguments: Vec<Var> = arguments.iter().map(|x| x.expand(&shape)).collect();
    apply(function, &arguments, shape, result_type(&arguments))
}

/// The floating-point type in which arguments meet; that of plain numbers gives way.
fn result_type(arguments: &[Var]) -> DType {
    let types = arguments.iter().map(|&x| with_node(x, |node| (node.dtype, node.weak)));
    let (dtype, _) = types
        .reduce(|(x, weak_x), (y, weak_y)| match (weak_x, weak_y) {
            (true, false) => (weak_with(x, y), false),
            (false, true) => (weak_with(y, x), false),
            _ => (x.promote(y), weak_x),
        })
        .expect("at least two arguments");
    if dtype.is_float() { dtype } else { DType::F64 }
}

impl Var {
    /// The lower regularised incomplete gamma function `P(self, x)`, the probability that a gamma variable of
    /// concentration `self` and rate 1 is at most `x`; the two broadcast. NaN for negative arguments.
    ///
    /// Relative error below 1e-12, that of the derivatives below 1e-11. By `x` it differentiates as often as one likes, also
    /// after one derivative by `self`; a second derivative by `self` is not available and panics.
    ///
    /// ```
    /// use pyroxene_autograd::{Var, grad};
    /// let (a, x) = (Var::from(1.0), Var::from(2.0));
    /// let p = a.gammainc(x);
    /// assert!((p.item() - (1.0 - (-2.0_f64).exp())).abs() < 1e-15);
    /// assert!((grad(p, &[x])[0].item() - (-2.0_f64).exp()).abs() < 1e-15);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn gammainc(self, x: impl Into<Var>) -> Var {
        special(Special::Gammainc, &[self, x.into()])
    }

    /// The upper regularised incomplete gamma function `Q(self, x) = 1 - P(self, x)`, accurate also where it is tiny; see
    /// [`gammainc`](Var::gammainc).
    #[track_caller]
    #[must_use]
    pub fn gammaincc(self, x: impl Into<Var>) -> Var {
        special(Special::Gammaincc, &[self, x.into()])
    }

    /// The regularised incomplete beta function `I_x(self, b)`, the probability that a beta variable of concentrations
    /// `self` and `b` is at most `x`; the three broadcast. NaN for negative parameters and outside `0 <= x <= 1`.
    ///
    /// Relative error below 1e-12, that of the derivatives below 1e-11. By `x` it differentiates as often as one likes, also
    /// after one derivative by a concentration; second derivatives by the concentrations are not available and panic. The
    /// upper tail is `b.betainc(self, 1 - x)`.
    ///
    /// ```
    /// use pyroxene_autograd::Var;
    /// assert!((Var::from(2.0).betainc(1.0, 0.3).item() - 0.09).abs() < 1e-15);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn betainc(self, b: impl Into<Var>, x: impl Into<Var>) -> Var {
        special(Special::Betainc, &[self, b.into(), x.into()])
    }

    /// The logarithm of the beta function, `ln(Γ(self) Γ(b) / Γ(self + b))`, without the cancellation of a difference of
    /// log-gamma functions; the two broadcast. Differentiates as often as one likes. NaN for negative arguments.
    #[track_caller]
    #[must_use]
    pub fn lbeta(self, b: impl Into<Var>) -> Var {
        special(Special::Lbeta, &[self, b.into()])
    }

    /// The logarithm of the multivariate gamma function of dimension `p`, elementwise:
    /// `p (p - 1) / 4 ln π + Σ lgamma(self - j / 2)` over `j = 0 .. p`. Infinite at `(p - 1) / 2` and NaN below.
    ///
    /// # Panics
    /// If `p` is 0.
    #[track_caller]
    #[must_use]
    pub fn multigammaln(self, p: usize) -> Var {
        if p == 0 {
            shape::fail("multigammaln: the dimension p must be at least 1, got 0");
        }
        let constant = 0.25 * (p * (p - 1)) as f64 * PI.ln();
        let sum: Var = (0..p).map(|j| (self - 0.5 * j as f64).lgamma()).sum();
        self.less(0.5 * (p - 1) as f64).where_(f64::NAN, sum + constant)
    }
}
