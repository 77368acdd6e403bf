//! Conversions from Rust values.

use crate::dtype::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Scalar> From<T> for Tensor {
    fn from(value: T) -> Tensor {
        Tensor::scalar(value)
    }
}

impl<T: Scalar> From<Vec<T>> for Tensor {
    fn from(data: Vec<T>) -> Tensor {
        Tensor::from(data.as_slice())
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

impl<T: Scalar, const N: usize> From<[T; N]> for Tensor {
    fn from(data: [T; N]) -> Tensor {
        Tensor::from(data.as_slice())
    }
}

impl<T: Scalar, const N: usize> From<&[T; N]> for Tensor {
    fn from(data: &[T; N]) -> Tensor {
        Tensor::from(data.as_slice())
    }
}

impl<T: Scalar, const N: usize, const M: usize> From<[[T; M]; N]> for Tensor {
    fn from(data: [[T; M]; N]) -> Tensor {
        Tensor::from_parts(data.as_flattened().into(), Shape::from_slice(&[N, M]))
    }
}

impl<T: Scalar, const N: usize, const M: usize, const K: usize> From<[[[T; K]; M]; N]> for Tensor {
    fn from(data: [[[T; K]; M]; N]) -> Tensor {
        Tensor::from_parts(data.as_flattened().as_flattened().into(), Shape::from_slice(&[N, M, K]))
    }
}

impl From<&Tensor> for Tensor {
    fn from(tensor: &Tensor) -> Tensor {
        tensor.clone()
    }
}
