//! Positions of maxima and minima.

use super::{Plan, greater, less};
use crate::dtype::Scalar;
use crate::error::{OrPanic, fail};
use crate::shape;
use crate::storage::with_type;
use crate::strided::Walk;
use crate::tensor::Tensor;
use std::cmp::Ordering;

impl Tensor {
    /// The position of the maximum along an axis, which is removed: the first of equal ones, and the first NaN if there
    /// is one. An `I64` tensor.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 3.0, 3.0], [5.0, 4.0, f64::NAN]]);
    /// assert_eq!(x.argmax(-1).to_vec::<i64>(), [1, 2]);
    /// ```
    ///
    /// # Panics
    /// If there is a result of no elements.
    #[track_caller]
    pub fn argmax(&self, axis: isize) -> Tensor {
        self.position("argmax", axis, Ordering::Greater)
    }

    /// The position of the minimum along an axis, as [`argmax`](Tensor::argmax) gives that of the maximum.
    #[track_caller]
    pub fn argmin(&self, axis: isize) -> Tensor {
        self.position("argmin", axis, Ordering::Less)
    }

    #[track_caller]
    fn position(&self, op: &str, axis: isize, better: Ordering) -> Tensor {
        let a = shape::axis(op, &self.shape, axis).or_panic();
        let plan = Plan::new(op, self, &[axis], false);
        if plan.count == 0 && plan.len() > 0 {
            fail(format_args!("{op}: {:?} has no elements along axis {axis}", self.shape()));
        }
        let positions = with_type!(self.dtype(), T => match better {
            Ordering::Less => self.places_of_best::<T>(a, &plan, less),
            _ => self.places_of_best::<T>(a, &plan, greater),
        });
        Tensor::from_parts(positions.into(), plan.shape)
    }

    fn places_of_best<T: Scalar + PartialOrd>(
        &self,
        axis: usize,
        plan: &Plan,
        better: impl Fn(T, T) -> bool,
    ) -> Vec<i64> {
        let data = self.data::<T>().expect("the type was looked at");
        let (mut best, mut found) = (vec![T::default(); plan.len()], vec![0i64; plan.len()]);
        // The position along the axis, as strides.
        let mut along = plan.strides.clone();
        along.iter_mut().enumerate().for_each(|(a, stride)| *stride = isize::from(a == axis));
        let walk = Walk::new(&self.shape, [(&self.strides, self.offset), (&plan.strides, 0), (&along, 0)]);
        let [from_step, to_step, position_step] = walk.steps;
        walk.for_each(|[from, to, position]| {
            for i in 0..walk.len as isize {
                let value = data[from.wrapping_add_signed(i * from_step)];
                let to = to.wrapping_add_signed(i * to_step);
                let position = position.wrapping_add_signed(i * position_step);
                // Nothing is better than a NaN that came before.
                let is_nan = |v: T| v.partial_cmp(&v).is_none();
                if position == 0 || better(value, best[to]) || is_nan(value) && !is_nan(best[to]) {
                    (best[to], found[to]) = (value, position as i64);
                }
            }
        });
        found
    }
}
