//! Batch axes read as event axes.

use super::{Distribution, LocationScale, Parameter, join};
use crate::constraint::Constraint;
use pyroxene_autograd::{Key, Shape, Var};
use pyroxene_tensor::fail;
use std::rc::Rc;

/// A distribution whose event takes in the last axes of the batch: the log densities along them are summed. Made by
/// [`Distribution::to_event`]; its name and parameters are those of the distribution inside.
///
/// ```
/// use pyroxene::dist::{Distribution, Normal};
/// let dist = Normal::new([0.0, 1.0, 2.0], 1.0).to_event(1);
/// assert_eq!((dist.batch_shape().len(), dist.event_shape().as_slice()), (0, [3].as_slice()));
/// assert!((dist.log_prob([0.0, 1.0, 2.0].into()).item() - -1.5 * std::f64::consts::TAU.ln()).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Independent<D> {
    base: D,
    axes: usize,
}

impl<D: Distribution> Independent<D> {
    /// `base` with the last `axes` axes of its batch as part of the event.
    ///
    /// # Panics
    /// If the batch shape has fewer axes.
    #[track_caller]
    pub fn new(base: D, axes: usize) -> Independent<D> {
        let batch = base.batch_shape();
        if axes > batch.len() {
            let name = base.name();
            fail(format_args!(
                "to_event: {name} has batch shape {:?}, of which {axes} axes are wanted",
                batch.as_slice()
            ));
        }
        Independent { base, axes }
    }

    /// The batch shape that remains, and the axes that became part of the event.
    fn split(&self) -> (Shape, Shape) {
        let batch = self.base.batch_shape();
        let (left, right) = batch.split_at(batch.len() - self.axes);
        (left.into(), right.into())
    }
}

impl<D: Distribution> Distribution for Independent<D> {
    fn name(&self) -> &'static str {
        self.base.name()
    }

    fn batch_shape(&self) -> Shape {
        self.split().0
    }

    fn event_shape(&self) -> Shape {
        join(&self.split().1, &self.base.event_shape())
    }

    fn support(&self) -> Constraint {
        self.base.support().to_event(self.axes)
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.base.parameters()
    }

    fn log_prob(&self, value: Var) -> Var {
        let axes: Vec<isize> = (1..=self.axes as isize).map(|axis| -axis).collect();
        self.base.log_prob(value).sum_axes(&axes, false)
    }

    fn draw(&self, key: Key, batch_shape: &[usize]) -> Var {
        self.base.draw(key, &join(batch_shape, &self.split().1))
    }

    fn is_reparameterized(&self) -> bool {
        self.base.is_reparameterized()
    }

    fn is_point_mass(&self) -> bool {
        self.base.is_point_mass()
    }

    fn enumerate_support(&self) -> Option<Vec<f64>> {
        if self.axes == 0 { self.base.enumerate_support() } else { None }
    }

    fn mean(&self) -> Option<Var> {
        self.base.mean()
    }

    fn variance(&self) -> Option<Var> {
        self.base.variance()
    }

    fn location_scale(&self) -> Option<LocationScale> {
        let LocationScale { loc, scale, base } = self.base.location_scale()?;
        Some(LocationScale { loc, scale, base: Rc::new(Independent::new(base, self.axes)) })
    }
}
