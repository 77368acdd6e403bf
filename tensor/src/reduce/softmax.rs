//! Sums of exponentials, and the exponentials as parts of their sum.

use super::Plan;
use crate::dtype::DType;
use crate::error::OrPanic;
use crate::shape::{self, Shape};
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::softmax::{self, Softmax};

/// Neighbouring axes as the middle one of three.
fn sizes(shape: &[usize], first: usize, count: usize) -> [usize; 3] {
    let product = |sizes: &[usize]| sizes.iter().product();
    [product(&shape[..first]), product(&shape[first..first + count]), product(&shape[first + count..])]
}

impl Tensor {
    /// `ln sum exp x` over axes, without overflow: the maximum is taken out of the sum. That of no elements is `-inf`, and
    /// so is that of elements that are all `-inf`.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([1000.0, 1000.0]);
    /// assert_eq!(x.logsumexp(&[0], false).item(), 1000.0 + 2f64.ln());
    /// ```
    #[track_caller]
    pub fn logsumexp(&self, axes: &[isize], keepdim: bool) -> Tensor {
        let plan = Plan::new("logsumexp", self, axes, keepdim);
        let axes = shape::axes("logsumexp", &self.shape, axes).or_panic();
        let (first, count) = (axes.first().copied().unwrap_or(0), axes.len());
        let neighbours = axes.iter().zip(first..).all(|(&axis, next)| axis == next);
        let (x, first) = if neighbours {
            (self.clone(), first)
        } else {
            let order: Shape = (0..self.ndim()).filter(|a| !axes.contains(a)).chain(axes.iter().copied()).collect();
            (self.permuted(&order), self.ndim() - count)
        };
        let x = x.cast(DType::F64).contiguous();
        let data = x.as_slice::<f64>().expect("a contiguous copy");
        let sizes = sizes(&x.shape, first, count);
        let out = Buffer::build(plan.len(), |out: &mut [f64]| softmax::logsumexp(data, sizes, out));
        Tensor::from_parts(out, plan.shape).cast(self.dtype().to_float())
    }

    /// `exp x / sum exp x` along an axis, without overflow; NaN where the maximum is infinite.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([[1000.0, 1000.0], [0.0, -1000.0]]).softmax(1).to_vec::<f64>(), [0.5, 0.5, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Tensor {
        self.parts("softmax", axis, Softmax::Plain)
    }

    /// `x - ln sum exp x` along an axis, without overflow; NaN where the maximum is infinite.
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Tensor {
        self.parts("log_softmax", axis, Softmax::Log)
    }

    #[track_caller]
    fn parts(&self, op: &str, axis: isize, kind: Softmax) -> Tensor {
        let axis = shape::axis(op, &self.shape, axis).or_panic();
        let x = self.cast(DType::F64).contiguous();
        let data = x.as_slice::<f64>().expect("a contiguous copy");
        let out =
            Buffer::build(data.len(), |out: &mut [f64]| softmax::softmax(kind, data, sizes(&x.shape, axis, 1), out));
        Tensor::from_parts(out, self.shape.clone()).cast(self.dtype().to_float())
    }
}
