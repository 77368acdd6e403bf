//! Constructors.

use crate::dtype::{DType, Scalar};
use crate::error::{OrPanic, ShapeError, TensorError, fail};
use crate::shape::{self, Shape};
use crate::storage::with_type;
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;
use std::sync::Arc;

impl Tensor {
    /// A tensor of these elements in row-major order. Many are not copied.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from_vec(vec![1.0, 2.0, 3.0, 4.0], [2, 2]);
    /// assert_eq!(x.at(&[1, 0]), 3.0);
    /// ```
    #[track_caller]
    pub fn from_vec<T: Scalar>(data: Vec<T>, shape: impl AsRef<[usize]>) -> Tensor {
        Tensor::try_from_vec(data, shape).or_panic()
    }

    /// As [`from_vec`](Tensor::from_vec), with an error in place of a panic if the number of elements is not that of the
    /// shape.
    pub fn try_from_vec<T: Scalar>(data: Vec<T>, shape: impl AsRef<[usize]>) -> Result<Tensor, TensorError> {
        checked(data.into(), shape.as_ref())
    }

    /// As [`from_vec`](Tensor::from_vec) for `f64`, without a type to infer.
    #[track_caller]
    pub fn from_f64(data: Vec<f64>, shape: impl AsRef<[usize]>) -> Tensor {
        Tensor::from_vec(data, shape)
    }

    /// A tensor that shares these elements, in row-major order, without a copy.
    #[track_caller]
    pub fn from_arc<T: Scalar>(data: Arc<[T]>, shape: impl AsRef<[usize]>) -> Tensor {
        checked(data.into(), shape.as_ref()).or_panic()
    }

    /// A tensor without axes.
    pub fn scalar<T: Scalar>(value: T) -> Tensor {
        Tensor::from_parts(std::iter::once(value).collect(), Shape::new())
    }

    /// A tensor of one value, whose Rust type decides the element type.
    #[track_caller]
    pub fn full<T: Scalar>(shape: impl AsRef<[usize]>, value: T) -> Tensor {
        let shape = shape.as_ref();
        let n = shape::size("full", shape).or_panic();
        Tensor::from_parts(std::iter::repeat_n(value, n).collect(), Shape::from_slice(shape))
    }

    /// A tensor of zeros (`false` for `Bool`).
    ///
    /// ```
    /// use pyroxene_tensor::{DType, Tensor};
    /// assert_eq!(Tensor::zeros([2, 3], DType::F64).sum().item(), 0.0);
    /// ```
    #[track_caller]
    pub fn zeros(shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
        with_type!(dtype, T => Tensor::full(shape, T::from_scalar(false)))
    }

    /// A tensor of ones (`true` for `Bool`).
    #[track_caller]
    pub fn ones(shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
        with_type!(dtype, T => Tensor::full(shape, T::from_scalar(true)))
    }

    /// The identity matrix of size `n`.
    ///
    /// ```
    /// use pyroxene_tensor::{DType, Tensor};
    /// assert_eq!(Tensor::eye(2, DType::F64), Tensor::from([[1.0, 0.0], [0.0, 1.0]]));
    /// ```
    #[track_caller]
    pub fn eye(n: usize, dtype: DType) -> Tensor {
        Tensor::ones([n], dtype).diag_embed()
    }

    /// `start`, `start + step`, ... up to, but without, `stop`. For numbers that are not integers, rounding decides
    /// whether a last element close to `stop` is there; [`linspace`](Tensor::linspace) states the count instead.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::arange(0, 5, 2).to_vec::<i64>(), [0, 2, 4]);
    /// assert_eq!(Tensor::arange(1.0, 0.0, -0.25).to_vec::<f64>(), [1.0, 0.75, 0.5, 0.25]);
    /// ```
    #[track_caller]
    pub fn arange<T: Scalar>(start: T, stop: T, step: T) -> Tensor {
        let is_integer = T::DTYPE == DType::I64;
        let (from, by) = (start.to_i64(), step.to_i64());
        let (first, end, apart) = (start.to_f64(), stop.to_f64(), step.to_f64());
        let count = if is_integer {
            let distance = (i128::from(stop.to_i64()) - i128::from(from)) * i128::from(by.signum());
            (by != 0).then(|| (distance.max(0) as u128).div_ceil(u128::from(by.unsigned_abs())) as usize)
        } else {
            Some(((end - first) / apart).ceil()).filter(|n| n.is_finite()).map(|n| n.max(0.0) as usize)
        };
        let Some(count) = count else {
            fail(format_args!("arange: from {first} to {end} in steps of {apart} has no finite length"));
        };
        let element = |i: usize| match is_integer {
            // Exact even where the product wraps around, since the element itself is an i64.
            true => T::from_scalar(from.wrapping_add((i as i64).wrapping_mul(by))),
            false => T::from_scalar(first + i as f64 * apart),
        };
        let data: Buffer<T> = (0..count).map(element).collect();
        let shape = Shape::from_slice(&[data.len()]);
        Tensor::from_parts(data, shape)
    }

    /// `count` evenly spaced `f64` numbers from `start` to `stop`, both included.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::linspace(0.0, 1.0, 5).to_vec::<f64>(), [0.0, 0.25, 0.5, 0.75, 1.0]);
    /// ```
    pub fn linspace(start: f64, stop: f64, count: usize) -> Tensor {
        let last = count.saturating_sub(1) as f64;
        let data = Buffer::build(count, |out| {
            for (i, x) in out.iter_mut().enumerate() {
                let t = if count == 1 { 0.0 } else { i as f64 / last };
                // Each end is met exactly, and no difference of the ends is formed that could overflow.
                *x = if t < 0.5 { start + t * (stop - start) } else { stop - (1.0 - t) * (stop - start) };
            }
        });
        Tensor::from_parts(data, Shape::from_slice(&[count]))
    }
}

fn checked<T: Scalar>(data: Buffer<T>, shape: &[usize]) -> Result<Tensor, TensorError> {
    let n = shape::size("from_vec", shape)?;
    if n != data.len() {
        return Err(ShapeError::new(format!("from_vec: {} elements do not fill {shape:?}", data.len())).into());
    }
    Ok(Tensor::from_parts(data, Shape::from_slice(shape)))
}
