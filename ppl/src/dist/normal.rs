//! The normal distribution.

use super::special::HALF_LN_TAU;
use super::{Distribution, LocationScale, Parameter, joint_shape, real};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};
use std::rc::Rc;

/// Normal distribution: `p(x) = exp(-z² / 2) / (scale sqrt(2π))` with `z = (x - loc) / scale`.
///
/// Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions* 1 (1994), ch. 13.
///
/// ```
/// use pyroxene::dist::{Distribution, Normal};
/// let dist = Normal::new(1.0, [0.5, 2.0]);
/// let log_prob = dist.log_prob(2.0.into()).to_tensor();
/// assert!(log_prob.allclose([-2.2257913526447273, -1.7370857137646181], 1e-15, 0.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Normal {
    loc: Var,
    scale: Var,
}

impl Normal {
    /// The distribution with this mean and standard deviation.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn new(loc: impl Into<Var>, scale: impl Into<Var>) -> Normal {
        let (loc, scale) = (real(loc), real(scale));
        joint_shape("Normal", &[("loc", loc, 0), ("scale", scale, 0)]);
        Normal { loc, scale }
    }
}

impl Distribution for Normal {
    fn name(&self) -> &'static str {
        "Normal"
    }

    fn batch_shape(&self) -> Shape {
        joint_shape("Normal", &[("loc", self.loc, 0), ("scale", self.scale, 0)])
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
        -0.5 * z.square() - self.scale.ln() - HALF_LN_TAU
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        self.loc + self.scale * key.normal(batch_shape).cast(self.scale.dtype())
    }

    fn is_reparameterized(&self) -> bool {
        true
    }

    fn mean(&self) -> Option<Var> {
        Some(self.loc.expand(&self.batch_shape()))
    }

    fn variance(&self) -> Option<Var> {
        Some(self.scale.square().expand(&self.batch_shape()))
    }

    fn location_scale(&self) -> Option<LocationScale> {
        Some(LocationScale {
            loc: self.loc,
            scale: self.scale,
            base: Rc::new(Normal::new(Var::zeros(&self.batch_shape()), 1.0)),
        })
    }
}
