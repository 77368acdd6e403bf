//! Shifting and stretching.

use super::Transform;
use crate::dist::real;
use pyroxene_autograd::Var;

/// `y = loc + scale x`, elementwise; the scale may be negative.
///
/// ```
/// use pyroxene::transform::{Affine, Transform};
/// let map = Affine::new(1.0, -2.0);
/// assert_eq!(map.forward(3.0.into()).item(), -5.0);
/// assert_eq!(map.log_abs_det(3.0.into(), (-5.0).into()).item(), 2f64.ln());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Affine {
    loc: Var,
    scale: Var,
}

impl Affine {
    /// The map with this image of zero and slope; both must broadcast to the shape of `x`.
    #[track_caller]
    pub fn new(loc: impl Into<Var>, scale: impl Into<Var>) -> Affine {
        Affine { loc: real(loc), scale: real(scale) }
    }
}

impl Transform for Affine {
    fn forward(&self, x: Var) -> Var {
        self.loc + self.scale * x
    }

    fn inverse(&self, y: Var) -> Var {
        (y - self.loc) / self.scale
    }

    fn log_abs_det(&self, x: Var, _y: Var) -> Var {
        self.scale.abs().ln().expand(&x.shape())
    }
}
