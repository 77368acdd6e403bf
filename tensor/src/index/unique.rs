//! Different elements.

use super::order::key_of;
use crate::dtype::Scalar;
use crate::shape::Shape;
use crate::storage::with_type;
use crate::tensor::Tensor;
use pyroxene_kernels::sort::order;

/// The different elements of a tensor, from [`Tensor::unique`].
#[derive(Clone, Debug)]
pub struct Unique {
    /// The different elements, ascending, as a vector; all NaN count as one and come last.
    pub values: Tensor,
    /// For each element its position in `values` (`I64`), in the shape of the tensor.
    pub inverse: Tensor,
    /// How often each occurs (`I64`).
    pub counts: Tensor,
}

impl Tensor {
    /// The different elements in ascending order, which of them each element is, and how often each occurs.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let unique = Tensor::from([[3, 1], [1, 7]]).unique();
    /// assert_eq!(unique.values, Tensor::from([1, 3, 7]));
    /// assert_eq!(unique.inverse, Tensor::from([[1, 0], [0, 2]]));
    /// assert_eq!(unique.counts, Tensor::from([2, 1, 1]));
    /// ```
    pub fn unique(&self) -> Unique {
        fn of<T: Scalar>(x: &Tensor) -> Unique {
            let data = x.to_vec::<T>();
            let mut pairs: Vec<(u64, u64)> = data.iter().map(|&x| key_of(x, false)).zip(0..).collect();
            order(&mut pairs, data.len(), |&pair| pair);
            let (mut values, mut counts, mut inverse) = (Vec::new(), Vec::<i64>::new(), vec![0i64; data.len()]);
            let mut last = None;
            for (key, place) in pairs {
                if last.replace(key) != Some(key) {
                    values.push(data[place as usize]);
                    counts.push(0);
                }
                *counts.last_mut().expect("just pushed, or before") += 1;
                inverse[place as usize] = counts.len() as i64 - 1;
            }
            Unique {
                values: values.into(),
                inverse: Tensor::from_parts(inverse.into(), Shape::from_slice(x.shape())),
                counts: counts.into(),
            }
        }
        with_type!(self.dtype(), T => of::<T>(self))
    }
}
