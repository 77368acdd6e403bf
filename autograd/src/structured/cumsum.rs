//! Running sums.

use super::{Array, Batching, Derivatives, Extent, Primitive, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::reduce::accumulate;
use crate::shape;
use pyroxene_tensor::{DType, Tensor};
use smallvec::smallvec;

/// Running sums along an axis, from its start or from its end.
#[derive(Debug, PartialEq)]
struct CumSum {
    axis: usize,
    reverse: bool,
}

impl Primitive for CumSum {
    fn name(&self) -> &'static str {
        "cumsum"
    }

    fn batched(&self, each: &[bool]) -> Batching {
        Batching::by_if_all(each, CumSum { axis: self.axis + 1, ..*self })
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one tensor") };
        let extent = Extent::new(x.shape, self.axis);
        output.copy_from_slice(x.data);
        for target in output.chunks_exact_mut((extent.size * extent.inner).max(1)) {
            for step in 1..extent.size {
                let (from, to) = match self.reverse {
                    false => (step - 1, step),
                    true => (extent.size - step, extent.size - step - 1),
                };
                for inner in 0..extent.inner {
                    target[to * extent.inner + inner] += target[from * extent.inner + inner];
                }
            }
        }
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        let (x, axis) = (inputs[0], self.axis as isize);
        if self.reverse { x.flip(axis).cumsum(axis).flip(axis) } else { x.cumsum(axis) }
    }

    fn vjp(&self, _x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![Some(gy.running_sum(self.axis as isize, !self.reverse))]
    }
}

impl Var {
    /// Running sums along one axis.
    #[track_caller]
    #[must_use]
    pub fn cumsum(self, axis: isize) -> Var {
        self.running_sum(axis, false)
    }

    /// Running sums from the start or from the end of one axis.
    #[track_caller]
    fn running_sum(self, axis: isize, reverse: bool) -> Var {
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let axis = shape::axis("cumsum", &shape, axis);
        apply(CumSum { axis, reverse }, &[self], shape, accumulate(dtype))
    }
}
