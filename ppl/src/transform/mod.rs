//! Invertible maps with known Jacobians. Pyro's counterpart is `torch.distributions.transforms`.
//!
//! [`biject_to`] gives the map from free numbers onto a [`Constraint`]:
//!
//! | constraint | map |
//! |---|---|
//! | real | [`Identity`] |
//! | positive, non-negative | [`Exp`] |
//! | greater or less than a bound | [`Exp`], then [`Affine`] |
//! | the unit interval, an interval | [`Sigmoid`], [`Interval`] |
//! | ordered, positive ordered | [`Ordered`], then [`Exp`] |
//! | simplex | [`StickBreaking`] |
//! | lower Cholesky, positive definite | [`LowerCholesky`], [`PositiveDefinite`] |
//! | Cholesky factor of a correlation | [`CorrCholesky`] |

mod affine;
mod compose;
mod corr_cholesky;
mod exp;
mod identity;
mod independent;
mod lower_cholesky;
mod ordered;
mod positive_definite;
mod sigmoid;
mod simplex;
mod triangle;

pub use affine::Affine;
pub use compose::Compose;
pub use corr_cholesky::CorrCholesky;
pub use exp::Exp;
pub use identity::Identity;
pub use independent::Independent;
pub use lower_cholesky::LowerCholesky;
pub use ordered::Ordered;
pub use positive_definite::PositiveDefinite;
pub use sigmoid::{Interval, Sigmoid};
pub use simplex::StickBreaking;

use crate::constraint::Constraint;
use pyroxene_autograd::{Shape, Var};
use std::fmt::Debug;
use std::rc::Rc;

/// A differentiable, invertible map.
pub trait Transform: Debug {
    /// `y = f(x)`.
    fn forward(&self, x: Var) -> Var;

    /// `x = f⁻¹(y)`.
    fn inverse(&self, y: Var) -> Var;

    /// `ln |det dy/dx|`, one number an event: the shape of `x` without its last [`Transform::event_dims`] axes. Where `y` is
    /// bound to a surface (a simplex, a symmetric matrix), the determinant is that of the map to its free entries.
    fn log_abs_det(&self, x: Var, y: Var) -> Var;

    /// Number of axes of `x` that one application takes together.
    fn event_dims(&self) -> usize {
        0
    }

    /// Number of axes of `y` that one application gives.
    fn output_event_dims(&self) -> usize {
        self.event_dims()
    }

    /// The shape of `y` for a shape of `x`.
    fn forward_shape(&self, shape: &[usize]) -> Shape {
        shape.into()
    }

    /// The shape of `x` for a shape of `y`.
    fn inverse_shape(&self, shape: &[usize]) -> Shape {
        shape.into()
    }
}

/// The bijection from free numbers onto a constraint; none for discrete ones.
///
/// ```
/// use pyroxene::{constraint::Constraint, transform::biject_to};
/// let bijection = biject_to(&Constraint::Simplex).unwrap();
/// assert_eq!(bijection.inverse_shape(&[8, 3]).as_slice(), [8, 2]);
/// let y = bijection.forward([0.0, 0.0].into()).to_tensor();
/// assert!(y.allclose([1.0 / 3.0; 3], 1e-15, 0.0));
/// assert!(biject_to(&Constraint::Boolean).is_none());
/// ```
pub fn biject_to(constraint: &Constraint) -> Option<Rc<dyn Transform>> {
    Some(match *constraint {
        Constraint::Real => Rc::new(Identity),
        Constraint::Positive | Constraint::NonNegative => Rc::new(Exp),
        Constraint::UnitInterval => Rc::new(Sigmoid),
        Constraint::Interval(low, high) => Rc::new(Interval::new(low, high)),
        Constraint::GreaterThan(bound) => Rc::new(Compose::new(vec![Rc::new(Exp), Rc::new(Affine::new(bound, 1.0))])),
        Constraint::LessThan(bound) => Rc::new(Compose::new(vec![Rc::new(Exp), Rc::new(Affine::new(bound, -1.0))])),
        Constraint::Boolean | Constraint::NonNegativeInteger | Constraint::IntegerInterval(..) => return None,
        Constraint::RealVector => Rc::new(Independent::new(Rc::new(Identity), 1)),
        Constraint::Ordered => Rc::new(Ordered),
        Constraint::PositiveOrdered => Rc::new(Compose::new(vec![Rc::new(Ordered), Rc::new(Exp)])),
        Constraint::Simplex => Rc::new(StickBreaking),
        Constraint::LowerCholesky => Rc::new(LowerCholesky),
        Constraint::PositiveDefinite => Rc::new(PositiveDefinite),
        Constraint::CorrCholesky => Rc::new(CorrCholesky),
        Constraint::Independent(ref each, axes) => Rc::new(Independent::new(biject_to(each)?, axes)),
    })
}

/// Sums over the last axes so that `dims` remain.
fn sum_to_dims(x: Var, dims: usize) -> Var {
    let axes: Vec<isize> = (dims..x.ndim()).map(|axis| axis as isize).collect();
    if axes.is_empty() { x } else { x.sum_axes(&axes, false) }
}
