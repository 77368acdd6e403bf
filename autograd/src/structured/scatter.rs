//! Elements put along an axis, each at an index of its own.

use super::places::{index_shape, known_places, places};
use super::{Array, Batching, Derivatives, Known, Primitive, Room, RoomMut, apply};
use crate::arena::Var;
use pyroxene_kernels::index::{self, Extent};
use pyroxene_tensor::{DType, OrPanic, Shape, Tensor, shape as rules};
use smallvec::smallvec;

/// The first input with elements of the third put along an axis where the second says; the last of equal places wins.
#[derive(Debug, PartialEq)]
struct Scatter {
    axis: usize,
}

impl Primitive for Scatter {
    fn name(&self) -> &'static str {
        "scatter"
    }

    fn room(&self, inputs: &[&[usize]], _output: &[usize]) -> Room {
        Room { indices: inputs[1].iter().product(), ..Room::default() }
    }

    fn batched(&self, each: &[bool]) -> Batching {
        Batching::by_if_all(each, Scatter { axis: self.axis + 1 })
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x, index, src] = *inputs else { unreachable!("a tensor, indices and elements") };
        let extent = Extent::new(x.shape, self.axis);
        let at = places("scatter", index.data, self.axis, extent.size, room);
        output.copy_from_slice(x.data);
        index::scatter(src.data, extent, at, output);
    }

    fn known(&self, inputs: &[Known<'_>]) -> Vec<usize> {
        known_places("scatter", inputs[1], self.axis, inputs[0].shape[self.axis])
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        inputs[0].scatter(self.axis as isize, &inputs[1].cast(DType::I64), inputs[2])
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let (axis, index) = (self.axis as isize, x[1]);
        let overwritten = |y: Var, by: Var| y.scatter(axis, index, by);
        let gx = wanted[0].then(|| overwritten(gy, Var::zeros(&[])));
        // Each element leaves its number where it is put; those whose number is still there have won.
        let gsrc = wanted[2].then(|| {
            let shape = index.shape();
            let numbers = Tensor::arange(0.0, shape[self.axis] as f64, 1.0);
            let along: Shape = (0..shape.len()).map(|i| if i == self.axis { shape[i] } else { 1 }).collect();
            let numbers = Var::from(numbers).reshape_to(along).expand(&shape);
            let left = overwritten(Var::zeros(&x[0].shape()), numbers).gather(axis, index);
            left.equal(numbers).where_(gy.gather(axis, index), 0.0)
        });
        smallvec![gx, None, gsrc]
    }
}

impl Var {
    /// This tensor with elements of `src` put along an axis, where `index` (i64) says: `y[i, index[i, j]] = src[i, j]` along
    /// axis 1. `index` and `src` broadcast to the other axes. Of equal positions the last one wins, and gets the derivative.
    ///
    /// # Panics
    /// As [`gather`](Var::gather).
    #[track_caller]
    #[must_use]
    pub fn scatter(self, axis: isize, index: impl Into<Var>, src: impl Into<Var>) -> Var {
        let (index, src) = (index.into(), src.into());
        let own = self.shape();
        let index_shape = index_shape("scatter", index);
        let (shape, axis) = rules::scatter("scatter", &own, axis, &index_shape, &src.shape()).or_panic();
        let dtype = rules::put_dtype(self.dtype(), src.dtype());
        let src = src.cast(dtype).expand(&shape);
        apply(Scatter { axis }, &[self.cast(dtype), index.expand(&shape), src], own, dtype)
    }
}
