//! The Cauchy distribution.

use super::special::ln_1p_square;
use super::{Distribution, LocationScale, Parameter, joint_shape, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};
use std::f64::consts::PI;
use std::rc::Rc;

/// Cauchy distribution: `p(x) = 1 / (π scale (1 + z²))` with `z = (x - loc) / scale`.
///
/// Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions* 1 (1994), ch. 16.
///
/// ```
/// use pyroxene::dist::{Cauchy, Distribution};
/// let dist = Cauchy::new(0.0, 2.0);
/// assert!((dist.log_prob(2.0.into()).item() - -(4.0 * std::f64::consts::PI).ln()).abs() < 1e-15);
/// assert!(dist.mean().unwrap().item().is_nan());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Cauchy {
    loc: Var,
    scale: Var,
}

impl Cauchy {
    /// The distribution with this median and half the distance between its quartiles.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn new(loc: impl Into<Var>, scale: impl Into<Var>) -> Cauchy {
        let (loc, scale) = (real(loc), real(scale));
        joint_shape("Cauchy", &[("loc", loc, 0), ("scale", scale, 0)]);
        Cauchy { loc, scale }
    }
}

impl Distribution for Cauchy {
    fn name(&self) -> &'static str {
        "Cauchy"
    }

    fn batch_shape(&self) -> Shape {
        joint_shape("Cauchy", &[("loc", self.loc, 0), ("scale", self.scale, 0)])
    }

    fn support(&self) -> Constraint {
        Constraint::Real
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter::new("loc", self.loc, Constraint::Real),
            Parameter::new("scale", self.scale, Constraint::Positive),
        ]
    }

    fn log_prob(&self, value: Var) -> Var {
        let z = (value - self.loc) / self.scale;
        -ln_1p_square(z) - self.scale.ln() - PI.ln()
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        self.loc + self.scale * (PI * (key.uniform(batch_shape) - 0.5)).tan()
    }

    fn is_reparameterized(&self) -> bool {
        true
    }

    fn mean(&self) -> Option<Var> {
        Some(Var::from(f64::NAN).expand(&self.batch_shape()))
    }

    fn variance(&self) -> Option<Var> {
        Some(Var::from(f64::INFINITY).expand(&self.batch_shape()))
    }

    fn location_scale(&self) -> Option<LocationScale> {
        Some(LocationScale {
            loc: self.loc,
            scale: self.scale,
            base: Rc::new(Cauchy::new(Var::zeros(&self.batch_shape()), 1.0)),
        })
    }
}
