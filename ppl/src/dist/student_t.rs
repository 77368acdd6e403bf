//! Student's t distribution.

use super::special::{HALF_LN_TAU, ln_1p_square, stirling_remainder};
use super::{Distribution, LocationScale, Parameter, joint_shape, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};
use std::rc::Rc;

/// Student's t distribution:
/// `p(x) = Γ((df + 1)/2) / (Γ(df/2) sqrt(df π) scale) (1 + z²/df)^(-(df + 1)/2)` with `z = (x - loc) / scale`.
///
/// Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions* 2 (1995), ch. 28. A draw is `loc + scale` times a
/// normal variable over the root of a chi-square one, differentiable by all parameters; by `df` once.
///
/// ```
/// use pyroxene::dist::{Distribution, StudentT};
/// let dist = StudentT::new(3.0, 0.0, 1.0);
/// assert!((dist.log_prob(1.0.into()).item() - -1.5762529945270716).abs() < 1e-14);
/// assert_eq!(dist.variance().unwrap().item(), 3.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct StudentT {
    df: Var,
    loc: Var,
    scale: Var,
}

impl StudentT {
    /// The distribution with `df` degrees of freedom, this median and scale.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn new(df: impl Into<Var>, loc: impl Into<Var>, scale: impl Into<Var>) -> StudentT {
        let dist = StudentT { df: real(df), loc: real(loc), scale: real(scale) };
        dist.shape();
        dist
    }

    #[track_caller]
    fn shape(&self) -> Shape {
        joint_shape("StudentT", &[("df", self.df, 0), ("loc", self.loc, 0), ("scale", self.scale, 0)])
    }
}

impl Distribution for StudentT {
    fn name(&self) -> &'static str {
        "StudentT"
    }

    fn batch_shape(&self) -> Shape {
        self.shape()
    }

    fn support(&self) -> Constraint {
        Constraint::Real
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter::new("df", self.df, Constraint::Positive),
            Parameter::new("loc", self.loc, Constraint::Real),
            Parameter::new("scale", self.scale, Constraint::Positive),
        ]
    }

    fn log_prob(&self, value: Var) -> Var {
        let z = (value - self.loc) / self.scale;
        // ln Γ(a + 1/2) - ln Γ(a) - ln(a) / 2 by Stirling's formula: the logarithms that grow with a cancel.
        let a = 0.5 * self.df;
        let gammas = (a * (0.5 / a).ln_1p() - 0.5) + (stirling_remainder(a + 0.5) - stirling_remainder(a));
        let kernel = (a + 0.5) * ln_1p_square(z / self.df.sqrt());
        gammas - kernel - self.scale.ln() - HALF_LN_TAU
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        let half_df = 0.5 * self.df;
        let half_chi_square = key.named("chi-square").gamma(half_df, batch_shape);
        let standard = key.named("normal").normal(batch_shape) * (half_df / half_chi_square).sqrt();
        self.loc + self.scale * standard
    }

    fn is_reparameterized(&self) -> bool {
        true
    }

    fn mean(&self) -> Option<Var> {
        Some(self.df.greater(1.0).where_(self.loc, f64::NAN).expand(&self.shape()))
    }

    fn variance(&self) -> Option<Var> {
        let finite = self.df.greater(2.0);
        let df = finite.where_(self.df, 3.0);
        let variance = finite.where_(df / (df - 2.0), self.df.greater(1.0).where_(f64::INFINITY, f64::NAN));
        Some((self.scale.square() * variance).expand(&self.shape()))
    }

    fn location_scale(&self) -> Option<LocationScale> {
        Some(LocationScale {
            loc: self.loc,
            scale: self.scale,
            base: Rc::new(StudentT::new(self.df, Var::zeros(&self.shape()), 1.0)),
        })
    }
}
