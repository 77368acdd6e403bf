//! Running sums, products, maxima and log-sums along an axis.

use super::{greater, less};
use crate::dtype::{DType, Scalar};
use crate::error::{OrPanic, fail};
use crate::shape;
use crate::storage::with_type;
use crate::tensor::Tensor;
use pyroxene_kernels::Unary;
use pyroxene_kernels::buffer::Buffer;

impl Tensor {
    /// Goes along an axis: each element and the state so far give the next state and an element of the result.
    fn scanned<T: Scalar, A: Copy>(&self, axis: usize, start: A, mut step: impl FnMut(A, T) -> (A, T)) -> Tensor {
        let x = self.contiguous();
        let data = x.as_slice::<T>().expect("the argument was cast");
        let size = self.shape[axis];
        let inner: usize = self.shape[axis + 1..].iter().product();
        let out = Buffer::build(data.len(), |out| {
            let mut states = vec![start; inner];
            for (from, to) in data.chunks((size * inner).max(1)).zip(out.chunks_mut((size * inner).max(1))) {
                if let [state] = &mut states[..] {
                    let mut now = start;
                    from.iter().zip(to).for_each(|(&v, to)| (now, *to) = step(now, v));
                    *state = now;
                    continue;
                }
                states.fill(start);
                for (from, to) in from.chunks(inner).zip(to.chunks_mut(inner)) {
                    for ((state, &v), to) in states.iter_mut().zip(from).zip(to) {
                        (*state, *to) = step(*state, v);
                    }
                }
            }
        });
        Tensor::from_parts(out, x.shape.clone())
    }

    /// A scan in exact integers; none is an overflow.
    #[track_caller]
    fn whole_scan(&self, op: &str, what: &str, axis: isize, start: i64, f: fn(i64, i64) -> Option<i64>) -> Tensor {
        let a = shape::axis(op, &self.shape, axis).or_panic();
        let mut overflow = false;
        let out = self.cast(DType::I64).scanned(a, start, |state, v| {
            let next = f(state, v).unwrap_or_else(|| {
                overflow = true;
                0
            });
            (next, next)
        });
        if overflow {
            fail(format_args!("{op}: a running {what} of {:?} along axis {axis} is not an i64", self.shape()));
        }
        out
    }

    /// A scan in f64 of floating-point numbers.
    fn float_scan(&self, axis: usize, start: f64, f: impl Fn(f64, f64) -> f64) -> Tensor {
        match self.dtype() {
            DType::F32 => self.scanned(axis, start, |state, v: f32| {
                let next = f(state, f64::from(v));
                (next, next as f32)
            }),
            _ => self.scanned(axis, start, |state, v: f64| {
                let next = f(state, v);
                (next, next)
            }),
        }
    }

    /// Running sums along an axis: element `i` is the sum of the elements up to and with `i`. Truth values are counted in
    /// `I64`; an `I64` sum panics on overflow.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).cumsum(0).to_vec::<f64>(), [1.0, 3.0, 6.0]);
    /// ```
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Tensor {
        let a = shape::axis("cumsum", &self.shape, axis).or_panic();
        if !self.dtype().is_float() {
            return self.whole_scan("cumsum", "sum", axis, 0, i64::checked_add);
        }
        self.float_scan(a, 0.0, |sum, v| sum + v)
    }

    /// Running products along an axis. Those of truth values are `I64`; an `I64` product panics on overflow.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([2.0, 3.0, -1.0]).cumprod(0).to_vec::<f64>(), [2.0, 6.0, -6.0]);
    /// ```
    #[track_caller]
    pub fn cumprod(&self, axis: isize) -> Tensor {
        let a = shape::axis("cumprod", &self.shape, axis).or_panic();
        if !self.dtype().is_float() {
            return self.whole_scan("cumprod", "product", axis, 1, i64::checked_mul);
        }
        self.float_scan(a, 1.0, |product, v| product * v)
    }

    /// The greatest element so far along an axis; NaN from the first NaN on.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([1, 3, 2]).cummax(0).to_vec::<i64>(), [1, 3, 3]);
    /// ```
    #[track_caller]
    pub fn cummax(&self, axis: isize) -> Tensor {
        let axis = shape::axis("cummax", &self.shape, axis).or_panic();
        with_type!(self.dtype(), T => self.running_extreme::<T>(axis, greater))
    }

    /// The least element so far along an axis; NaN from the first NaN on.
    #[track_caller]
    pub fn cummin(&self, axis: isize) -> Tensor {
        let axis = shape::axis("cummin", &self.shape, axis).or_panic();
        with_type!(self.dtype(), T => self.running_extreme::<T>(axis, less))
    }

    fn running_extreme<T: Scalar + PartialOrd>(&self, axis: usize, better: impl Fn(T, T) -> bool) -> Tensor {
        self.scanned(axis, None, |best: Option<T>, v: T| {
            let is_nan = |v: T| v.partial_cmp(&v).is_none();
            // Nothing is better than a NaN that came before.
            let is_better = best.is_none_or(|best| better(v, best) || is_nan(v) && !is_nan(best));
            let next = if is_better { v } else { best.unwrap_or(v) };
            (Some(next), next)
        })
    }

    /// `ln sum exp` of the elements so far along an axis, without overflow.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([1000.0, 1000.0]);
    /// assert_eq!(x.logcumsumexp(0).to_vec::<f64>(), [1000.0, 1000.0 + 2f64.ln()]);
    /// ```
    #[track_caller]
    pub fn logcumsumexp(&self, axis: isize) -> Tensor {
        let axis = shape::axis("logcumsumexp", &self.shape, axis).or_panic();
        /// `exp(max) sum` is the running sum, and infinite maxima are left in `sum`.
        #[derive(Clone, Copy)]
        struct Running {
            max: f64,
            sum: f64,
        }
        let finite = |max: f64| if max.is_finite() { max } else { 0.0 };
        let next = |Running { max, sum }: Running, v: f64| {
            let next = if v > max || v.is_nan() { v } else { max };
            let shift = finite(next);
            let scale = if next == max { 1.0 } else { Unary::Exp.eval((finite(max) - shift).min(0.0)) };
            let sum = sum * scale + Unary::Exp.eval(v - shift);
            (Running { max: next, sum }, Unary::Ln.eval(sum) + shift)
        };
        let start = Running { max: f64::NEG_INFINITY, sum: 0.0 };
        match self.dtype() {
            DType::F32 => self.scanned(axis, start, |state, v: f32| {
                let (state, y) = next(state, f64::from(v));
                (state, y as f32)
            }),
            _ => self.cast(DType::F64).scanned(axis, start, next),
        }
    }
}
