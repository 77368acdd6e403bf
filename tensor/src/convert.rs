//! Conversions from and to Rust values.

use crate::dtype::Scalar;
use crate::error::{ShapeError, TensorError};
use crate::shape::{self, Shape};
use crate::tensor::Tensor;

impl<T: Scalar> From<T> for Tensor {
    fn from(value: T) -> Tensor {
        Tensor::scalar(value)
    }
}

impl<T: Scalar> From<Vec<T>> for Tensor {
    fn from(data: Vec<T>) -> Tensor {
        let shape = Shape::from_slice(&[data.len()]);
        Tensor::from_parts(data.into(), shape)
    }
}

impl<T: Scalar> From<&Vec<T>> for Tensor {
    fn from(data: &Vec<T>) -> Tensor {
        Tensor::from(data.as_slice())
    }
}

impl<T: Scalar> From<&[T]> for Tensor {
    fn from(data: &[T]) -> Tensor {
        Tensor::from_parts(data.into(), Shape::from_slice(&[data.len()]))
    }
}

/// Nested arrays, by value and by reference.
macro_rules! arrays {
    ($(($($size:ident)+) $array:ty, $($flat:ident)*;)+) => {$(
        impl<T: Scalar, $(const $size: usize),+> From<$array> for Tensor {
            fn from(data: $array) -> Tensor {
                Tensor::from(&data)
            }
        }

        impl<T: Scalar, $(const $size: usize),+> From<&$array> for Tensor {
            fn from(data: &$array) -> Tensor {
                let flat = data.as_slice()$(.$flat())*;
                Tensor::from_parts(flat.into(), Shape::from_slice(&[$($size),+]))
            }
        }

        /// Elements of the very same type and shape; [`cast`](Tensor::cast) first for another type.
        impl<T: Scalar, $(const $size: usize),+> TryFrom<&Tensor> for $array {
            type Error = TensorError;

            fn try_from(x: &Tensor) -> Result<$array, TensorError> {
                let wanted: &[usize] = &[$($size),+];
                if x.dtype() != T::DTYPE || x.shape() != wanted {
                    return Err(unfit(x, &format!("an array {wanted:?} of {}", T::DTYPE)));
                }
                Ok(<$array>::take(&mut x.to_vec::<T>().into_iter()))
            }
        }
    )+};
}
arrays! {
    (A) [T; A], ;
    (A B) [[T; B]; A], as_flattened;
    (A B C) [[[T; C]; B]; A], as_flattened as_flattened;
    (A B C D) [[[[T; D]; C]; B]; A], as_flattened as_flattened as_flattened;
}

/// Fills nested arrays in row-major order.
trait Take<T> {
    fn take(elements: &mut std::vec::IntoIter<T>) -> Self;
}

impl<T: Scalar> Take<T> for T {
    fn take(elements: &mut std::vec::IntoIter<T>) -> T {
        elements.next().expect("as many elements as the shape says")
    }
}

impl<T, E: Take<T>, const N: usize> Take<T> for [E; N] {
    fn take(elements: &mut std::vec::IntoIter<T>) -> [E; N] {
        std::array::from_fn(|_| E::take(elements))
    }
}

/// The error of a tensor that is not what a conversion wants.
pub(crate) fn unfit(x: &Tensor, wanted: &str) -> TensorError {
    ShapeError::new(format!("try_from: a tensor {:?} of {} is not {wanted}", x.shape(), x.dtype())).into()
}

/// The elements of a vector (one axis) of the very same type; [`to_vec`](Tensor::to_vec) converts and flattens.
impl<T: Scalar> TryFrom<&Tensor> for Vec<T> {
    type Error = TensorError;

    fn try_from(x: &Tensor) -> Result<Vec<T>, TensorError> {
        if x.dtype() != T::DTYPE || x.ndim() != 1 {
            return Err(unfit(x, &format!("a vector of {}", T::DTYPE)));
        }
        Ok(x.to_vec())
    }
}

/// The rows of a matrix of the very same type.
///
/// ```
/// use pyroxene_tensor::{Tensor, TensorError};
/// let x = Tensor::from([[1, 2], [3, 4]]);
/// assert_eq!(Vec::<Vec<i64>>::try_from(&x)?, [[1, 2], [3, 4]]);
/// assert_eq!(<[[i64; 2]; 2]>::try_from(&x)?, [[1, 2], [3, 4]]);
/// # Ok::<(), TensorError>(())
/// ```
impl<T: Scalar> TryFrom<&Tensor> for Vec<Vec<T>> {
    type Error = TensorError;

    fn try_from(x: &Tensor) -> Result<Vec<Vec<T>>, TensorError> {
        let &[rows, _] = x.shape() else { return Err(unfit(x, &format!("a matrix of {}", T::DTYPE))) };
        if x.dtype() != T::DTYPE {
            return Err(unfit(x, &format!("a matrix of {}", T::DTYPE)));
        }
        Ok((0..rows).map(|i| x.select(0, i as isize).to_vec()).collect())
    }
}

/// A matrix of these rows, which must have one length; no rows are `[0, 0]`.
///
/// ```
/// use pyroxene_tensor::Tensor;
/// let x = Tensor::try_from(vec![vec![1.0, 2.0], vec![3.0, 4.0]])?;
/// assert_eq!(x.shape(), [2, 2]);
/// let error = Tensor::try_from(vec![vec![1.0, 2.0], vec![3.0]]).unwrap_err();
/// assert_eq!(error.to_string(), "try_from: row 1 has 1 elements, row 0 has 2");
/// # Ok::<(), pyroxene_tensor::TensorError>(())
/// ```
impl<T: Scalar> TryFrom<Vec<Vec<T>>> for Tensor {
    type Error = TensorError;

    fn try_from(rows: Vec<Vec<T>>) -> Result<Tensor, TensorError> {
        Tensor::try_from(rows.as_slice())
    }
}

impl<T: Scalar> TryFrom<&[Vec<T>]> for Tensor {
    type Error = TensorError;

    fn try_from(rows: &[Vec<T>]) -> Result<Tensor, TensorError> {
        let width = rows.first().map_or(0, Vec::len);
        if let Some((i, row)) = rows.iter().enumerate().find(|(_, row)| row.len() != width) {
            let message = format!("try_from: row {i} has {} elements, row 0 has {width}", row.len());
            return Err(ShapeError::new(message).into());
        }
        shape::size("try_from", &[rows.len(), width])?;
        Ok(Tensor::from_parts(rows.concat().into(), Shape::from_slice(&[rows.len(), width])))
    }
}

impl From<&Tensor> for Tensor {
    fn from(tensor: &Tensor) -> Tensor {
        tensor.clone()
    }
}
