//! Reductions and scans.
//!
//! Sums of floating-point numbers follow the canonical order of the kernels, so they are the same bit for bit on every
//! instruction set and number of threads.

use crate::dtype::{DType, Scalar};
use crate::error::{OrPanic, fail};
use crate::shape::{self, Shape};
use crate::storage::build;
use crate::tensor::Tensor;
use pyroxene_kernels as kernels;
use std::cmp::Ordering;
use std::sync::Arc;

impl Tensor {
    /// The elements with the axes `axes` (in ascending order) moved to the end and made contiguous, and the number of
    /// elements in a row over those axes.
    fn rows_over(&self, axes: &[usize]) -> (Tensor, usize) {
        let order: Shape = (0..self.ndim()).filter(|a| !axes.contains(a)).chain(axes.iter().copied()).collect();
        let row = axes.iter().map(|&a| self.shape[a]).product();
        (self.permuted(&order).contiguous(), row)
    }

    /// Reduces the axes by a function of each row of elements.
    #[track_caller]
    fn reduced<T: Scalar, R: Scalar>(
        &self,
        op: &str,
        axes: &[isize],
        keepdim: bool,
        mut f: impl FnMut(&[T]) -> R,
    ) -> Tensor {
        let shape = shape::reduce(op, &self.shape, axes, keepdim).or_panic();
        let axes = shape::axes(op, &self.shape, axes).or_panic();
        let (x, row) = self.rows_over(&axes);
        let data = x.as_slice::<T>().expect("the argument was cast");
        let n: usize = shape.iter().product();
        let out: Arc<[R]> = (0..n).map(|i| f(&data[i * row..(i + 1) * row])).collect();
        Tensor::from_parts(out, shape)
    }

    /// All axes, as an argument of a reduction.
    fn every_axis(&self) -> Vec<isize> {
        (0..self.ndim() as isize).collect()
    }

    /// The sum over axes, which are removed, or kept with size 1 if `keepdim`. No axes, no sum: see
    /// [`sum`](Tensor::sum). Truth values are counted in `I64`; an `I64` sum panics on overflow.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_axes(&[0], false).to_vec::<f64>(), [4.0, 6.0]);
    /// assert_eq!(x.sum_axes(&[-1], true).shape(), [2, 1]);
    /// ```
    #[track_caller]
    pub fn sum_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        match self.dtype() {
            DType::F64 => self.reduced("sum", axes, keepdim, kernels::sum::<f64>),
            DType::F32 => self.reduced("sum", axes, keepdim, kernels::sum::<f32>),
            DType::I64 | DType::Bool => {
                let mut overflow = false;
                let out = self.cast(DType::I64).reduced("sum", axes, keepdim, |row: &[i64]| {
                    // The total may be an i64 even where a partial sum is not.
                    let total: i128 = row.iter().map(|&v| i128::from(v)).sum();
                    i64::try_from(total).unwrap_or_else(|_| {
                        overflow = true;
                        0
                    })
                });
                if overflow {
                    fail(format_args!("sum: the result for {:?} over axes {axes:?} is not an i64", self.shape()));
                }
                out
            }
        }
    }

    /// The sum of all elements.
    #[track_caller]
    pub fn sum(&self) -> Tensor {
        self.sum_axes(&self.every_axis(), false)
    }

    /// The mean over axes; that of integers and truth values is an `F64`. The mean of no elements is NaN.
    #[track_caller]
    pub fn mean_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        let reduced = shape::axes("mean", &self.shape, axes).or_panic();
        let count: usize = reduced.iter().map(|&a| self.shape[a]).product();
        self.cast(self.dtype().to_float()).sum_axes(axes, keepdim) / count as f64
    }

    /// The mean of all elements.
    #[track_caller]
    pub fn mean(&self) -> Tensor {
        self.mean_axes(&self.every_axis(), false)
    }

    /// The maximum over axes; NaN if there is one. The maximum of no elements is `-inf`, and for integers a panic.
    #[track_caller]
    pub fn max_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        self.extreme("max", axes, keepdim, kernels::max::<f64>, kernels::max::<f32>, Ordering::Greater)
    }

    /// The minimum over axes; NaN if there is one. The minimum of no elements is `inf`, and for integers a panic.
    #[track_caller]
    pub fn min_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        self.extreme("min", axes, keepdim, kernels::min::<f64>, kernels::min::<f32>, Ordering::Less)
    }

    #[track_caller]
    fn extreme(
        &self,
        op: &str,
        axes: &[isize],
        keepdim: bool,
        of_f64: fn(&[f64]) -> f64,
        of_f32: fn(&[f32]) -> f32,
        better: Ordering,
    ) -> Tensor {
        match self.dtype() {
            DType::F64 => self.reduced(op, axes, keepdim, of_f64),
            DType::F32 => self.reduced(op, axes, keepdim, of_f32),
            dtype => {
                let shape = shape::reduce(op, &self.shape, axes, keepdim).or_panic();
                if self.is_empty() && !shape.contains(&0) {
                    fail(format_args!("{op}: {:?} has no elements over axes {axes:?}", self.shape()));
                }
                let best = |row: &[i64]| row.iter().copied().reduce(|a, b| if b.cmp(&a) == better { b } else { a });
                let out = self.cast(DType::I64).reduced(op, axes, keepdim, |row| best(row).unwrap_or_default());
                out.cast(dtype)
            }
        }
    }

    /// The maximum of all elements.
    #[track_caller]
    pub fn max(&self) -> Tensor {
        self.max_axes(&self.every_axis(), false)
    }

    /// The minimum of all elements.
    #[track_caller]
    pub fn min(&self) -> Tensor {
        self.min_axes(&self.every_axis(), false)
    }

    /// `ln sum exp x` over axes, without overflow: the maximum is taken out of the sum. That of no elements is `-inf`.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([1000.0, 1000.0]);
    /// assert_eq!(x.logsumexp(&[0], false).item(), 1000.0 + 2f64.ln());
    /// ```
    #[track_caller]
    pub fn logsumexp(&self, axes: &[isize], keepdim: bool) -> Tensor {
        let shape = shape::reduce("logsumexp", &self.shape, axes, keepdim).or_panic();
        let x = self.cast(self.dtype().to_float());
        let max = x.max_axes(axes, true);
        // An infinite maximum is the result by itself; subtracting it would give NaN.
        let shift = Tensor::where_(max.is_finite(), &max, 0.0);
        let sum = (&x - &shift).exp().sum_axes(axes, true);
        (sum.ln() + shift).reshaped(shape)
    }

    /// Whether any element along the axes is true (not zero).
    #[track_caller]
    pub fn any_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        self.cast(DType::Bool).reduced("any", axes, keepdim, |row: &[bool]| row.contains(&true))
    }

    /// Whether all elements along the axes are true (not zero).
    #[track_caller]
    pub fn all_axes(&self, axes: &[isize], keepdim: bool) -> Tensor {
        self.cast(DType::Bool).reduced("all", axes, keepdim, |row: &[bool]| !row.contains(&false))
    }

    /// Whether any element at all is true (not zero).
    pub fn any_true(&self) -> bool {
        self.any_axes(&self.every_axis(), false).item() != 0.0
    }

    /// Whether every element is true (not zero).
    pub fn all_true(&self) -> bool {
        self.all_axes(&self.every_axis(), false).item() != 0.0
    }

    /// The position of the maximum along an axis, which is removed: the first of equal ones, and the first NaN if there
    /// is one. An `I64` tensor.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 3.0, 3.0], [5.0, 4.0, f64::NAN]]);
    /// assert_eq!(x.argmax(-1).to_vec::<i64>(), [1, 2]);
    /// ```
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
        fn first<T: PartialOrd + Copy>(row: &[T], better: Ordering) -> i64 {
            let mut best = 0;
            for (i, v) in row.iter().enumerate() {
                if v.partial_cmp(v).is_none() {
                    return i as i64;
                }
                if v.partial_cmp(&row[best]) == Some(better) {
                    best = i;
                }
            }
            best as i64
        }
        let a = shape::axis(op, &self.shape, axis).or_panic();
        let rest_is_empty = self.shape.iter().enumerate().any(|(i, &d)| i != a && d == 0);
        if self.shape[a] == 0 && !rest_is_empty {
            fail(format_args!("{op}: {:?} has no elements along axis {axis}", self.shape()));
        }
        match self.dtype() {
            DType::F64 => self.reduced(op, &[axis], false, |row: &[f64]| first(row, better)),
            DType::F32 => self.reduced(op, &[axis], false, |row: &[f32]| first(row, better)),
            DType::I64 => self.reduced(op, &[axis], false, |row: &[i64]| first(row, better)),
            DType::Bool => self.reduced(op, &[axis], false, |row: &[bool]| first(row, better)),
        }
    }

    /// Applies a function to each row along an axis, from the row to one of the same length.
    pub(crate) fn along<T: Scalar>(&self, axis: usize, mut f: impl FnMut(&[T], &mut [T])) -> Tensor {
        let (x, row) = self.rows_over(&[axis]);
        let data = x.as_slice::<T>().expect("the argument was cast");
        let out = build(data.len(), |out| {
            if row > 0 {
                data.chunks_exact(row).zip(out.chunks_exact_mut(row)).for_each(|(from, to)| f(from, to));
            }
        });
        let mut back: Shape = (0..self.ndim() - 1).collect();
        back.insert(axis, self.ndim() - 1);
        Tensor::from_parts(out, x.shape.clone()).permuted(&back)
    }

    /// Running sums along an axis: element `i` is the sum of the elements up to and with `i`.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).cumsum(0).to_vec::<f64>(), [1.0, 3.0, 6.0]);
    /// ```
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Tensor {
        fn running<T: Scalar, A: Copy>(
            x: &Tensor,
            axis: usize,
            zero: A,
            mut add: impl FnMut(A, T) -> (A, T),
        ) -> Tensor {
            x.along(axis, |from: &[T], to: &mut [T]| {
                let mut total = zero;
                for (&v, o) in from.iter().zip(to) {
                    (total, *o) = add(total, v);
                }
            })
        }
        let axis = shape::axis("cumsum", &self.shape, axis).or_panic();
        match self.dtype() {
            DType::F64 => running(self, axis, 0.0f64, |total, v: f64| (total + v, total + v)),
            DType::F32 => running(self, axis, 0.0f64, |total, v: f32| {
                let total = total + f64::from(v);
                (total, total as f32)
            }),
            DType::I64 | DType::Bool => {
                let mut overflow = false;
                let out = running(&self.cast(DType::I64), axis, 0i64, |total, v: i64| {
                    let (total, wrapped) = total.overflowing_add(v);
                    overflow |= wrapped;
                    (total, total)
                });
                if overflow {
                    fail(format_args!("cumsum: a running sum of {:?} along axis {axis} is not an i64", self.shape()));
                }
                out
            }
        }
    }
}
