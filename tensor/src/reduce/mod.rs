//! Reductions and scans.
//!
//! Sums of floating-point numbers follow the canonical order of the kernels, so they are the same bit for bit on every
//! instruction set and number of threads, and however the elements lie. `F32` is accumulated in `f64` and rounded once,
//! whole numbers are added without rounding.

mod extreme;
mod position;
mod scan;
mod softmax;
mod spread;
mod sum;
mod truth;

use crate::dtype::Scalar;
use crate::error::{OrPanic, fail};
use crate::shape::{self, Shape, Strides, row_major};
use crate::strided::Walk;
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::elementwise::Element;
use pyroxene_kernels::reduce::{self, Reduce, Strided};

/// A reduction of a tensor: what is reduced, and the shape of the result.
struct Plan {
    reduced: Vec<bool>,
    /// How many elements make one result.
    count: usize,
    shape: Shape,
    /// Steps between results along the axes of the argument: 0 along reduced ones.
    strides: Strides,
}

impl Plan {
    #[track_caller]
    fn new(op: &str, x: &Tensor, axes: &[isize], keepdim: bool) -> Plan {
        let shape = shape::reduce(op, &x.shape, axes, keepdim).or_panic();
        let axes = shape::axes(op, &x.shape, axes).or_panic();
        let reduced: Vec<bool> = (0..x.ndim()).map(|axis| axes.contains(&axis)).collect();
        let kept: Shape = x.shape.iter().zip(&reduced).map(|(&d, &reduced)| if reduced { 1 } else { d }).collect();
        let mut strides = row_major(&kept);
        strides.iter_mut().zip(&reduced).filter(|(_, reduced)| **reduced).for_each(|(stride, _)| *stride = 0);
        let count = axes.iter().map(|&axis| x.shape[axis]).product();
        Plan { reduced, count, shape, strides }
    }

    /// The number of results.
    fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Panics if there are results that no element makes.
    #[track_caller]
    fn check_not_empty(&self, op: &str, x: &Tensor, axes: &[isize]) {
        if self.count == 0 && self.len() > 0 {
            fail(format_args!("{op}: {:?} has no elements over axes {axes:?}", x.shape()));
        }
    }
}

impl Tensor {
    /// All axes, as an argument of a reduction.
    fn every_axis(&self) -> Vec<isize> {
        (0..self.ndim() as isize).collect()
    }

    /// A reduction of floating-point numbers by the kernels.
    fn reduced<T: Scalar + Element>(&self, plan: Plan, reduce: Reduce) -> Tensor {
        let data = self.data::<T>().expect("the type was looked at");
        let x = Strided { data, offset: self.offset, dims: &self.shape, strides: &self.strides };
        let out = Buffer::build(plan.len(), |out: &mut [T]| reduce::axes(reduce, x, &plan.reduced, out));
        Tensor::from_parts(out, plan.shape)
    }

    /// A reduction whose order does not matter: `step` takes an element into the state of its result.
    fn folded<T: Scalar, A: Copy>(&self, plan: &Plan, start: A, mut step: impl FnMut(A, T) -> A) -> Vec<A> {
        let data = self.data::<T>().expect("the type was looked at");
        let mut states = vec![start; plan.len()];
        let walk = Walk::new(&self.shape, [(&self.strides, self.offset), (&plan.strides, 0)]);
        let [from_step, to_step] = walk.steps;
        walk.for_each(|[from, to]| {
            if to_step == 0 && from_step == 1 {
                states[to] = data[from..from + walk.len].iter().fold(states[to], |state, &v| step(state, v));
                return;
            }
            for i in 0..walk.len as isize {
                let state = &mut states[to.wrapping_add_signed(i * to_step)];
                *state = step(*state, data[from.wrapping_add_signed(i * from_step)]);
            }
        });
        states
    }
}

fn greater<T: PartialOrd>(a: T, b: T) -> bool {
    a > b
}

fn less<T: PartialOrd>(a: T, b: T) -> bool {
    a < b
}
