//! Arrays of the crate ndarray. Wants the feature `ndarray`.

use crate::convert::unfit;
use crate::dtype::Scalar;
use crate::error::TensorError;
use crate::shape::Shape;
use crate::tensor::Tensor;
use ndarray::{Array, ArrayBase, ArrayD, Data, Dimension, IxDyn};

/// A copy of the elements, in whatever order the array has them.
impl<T: Scalar, S: Data<Elem = T>, D: Dimension> From<&ArrayBase<S, D>> for Tensor {
    fn from(array: &ArrayBase<S, D>) -> Tensor {
        let data = match array.as_slice() {
            Some(elements) => elements.into(),
            None => array.iter().copied().collect(),
        };
        Tensor::from_parts(data, Shape::from_slice(array.shape()))
    }
}

/// As from a reference.
impl<T: Scalar, S: Data<Elem = T>, D: Dimension> From<ArrayBase<S, D>> for Tensor {
    fn from(array: ArrayBase<S, D>) -> Tensor {
        Tensor::from(&array)
    }
}

/// A copy of elements of the very same type, in row-major order, with as many axes; [`cast`](Tensor::cast) first for
/// another type. `ArrayD` has any number of axes.
///
/// ```
/// use ndarray::{Array2, array};
/// use pyroxene_tensor::{Tensor, TensorError};
/// let x = Tensor::from(array![[1.0, 2.0], [3.0, 4.0]].t());
/// assert_eq!(x, Tensor::from([[1.0, 3.0], [2.0, 4.0]]));
/// assert_eq!(Array2::<f64>::try_from(&x)?, array![[1.0, 3.0], [2.0, 4.0]]);
/// # Ok::<(), TensorError>(())
/// ```
impl<T: Scalar, D: Dimension> TryFrom<&Tensor> for Array<T, D> {
    type Error = TensorError;

    fn try_from(x: &Tensor) -> Result<Array<T, D>, TensorError> {
        let wanted = || match D::NDIM {
            Some(axes) => format!("an array of {} with {axes} axes", T::DTYPE),
            None => format!("an array of {}", T::DTYPE),
        };
        if x.dtype() != T::DTYPE {
            return Err(unfit(x, &wanted()));
        }
        let whole = ArrayD::from_shape_vec(IxDyn(x.shape()), x.to_vec()).expect("as many elements as the shape says");
        whole.into_dimensionality().map_err(|_| unfit(x, &wanted()))
    }
}
