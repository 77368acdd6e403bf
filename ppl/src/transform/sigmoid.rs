//! Onto intervals.

use super::Transform;
use crate::dist::real;
use pyroxene_autograd::Var;

/// `ln(sigmoid(x) sigmoid(-x))`, the log derivative of the sigmoid, exact in both tails.
fn log_slope(x: Var) -> Var {
    -(x.softplus() + (-x).softplus())
}

/// `y = 1 / (1 + exp(-x))`. Where rounding would give 0 or 1, `y` is the nearest number inside the interval, so that
/// densities which are infinite or zero at the ends stay finite.
///
/// ```
/// use pyroxene::transform::{Sigmoid, Transform};
/// assert_eq!(Sigmoid.forward(0.0.into()).item(), 0.5);
/// assert!(Sigmoid.forward(50.0.into()).item() < 1.0);
/// assert_eq!(Sigmoid.log_abs_det((-700.0).into(), 0.0.into()).item(), -700.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sigmoid;

impl Transform for Sigmoid {
    fn forward(&self, x: Var) -> Var {
        x.sigmoid().clamp(f64::MIN_POSITIVE, 1f64.next_down())
    }

    fn inverse(&self, y: Var) -> Var {
        y.ln() - (-y).ln_1p()
    }

    fn log_abs_det(&self, x: Var, _y: Var) -> Var {
        log_slope(x)
    }
}

/// `y = low + (high - low) / (1 + exp(-x))`, measured from the nearer end. Far out `y` rounds to an end.
///
/// ```
/// use pyroxene::transform::{Interval, Transform};
/// let map = Interval::new(-1.0, 3.0);
/// assert_eq!(map.forward(0.0.into()).item(), 1.0);
/// assert_eq!(map.inverse(1.0.into()).item(), 0.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    low: Var,
    high: Var,
}

impl Interval {
    /// The map onto the interval between two bounds, which must broadcast to the shape of `x`.
    #[track_caller]
    pub fn new(low: impl Into<Var>, high: impl Into<Var>) -> Interval {
        Interval { low: real(low), high: real(high) }
    }
}

impl Transform for Interval {
    fn forward(&self, x: Var) -> Var {
        let width = self.high - self.low;
        x.less(0.0).where_(self.low + width * x.sigmoid(), self.high - width * (-x).sigmoid())
    }

    fn inverse(&self, y: Var) -> Var {
        (y - self.low).ln() - (self.high - y).ln()
    }

    fn log_abs_det(&self, x: Var, _y: Var) -> Var {
        (self.high - self.low).ln() + log_slope(x)
    }
}
