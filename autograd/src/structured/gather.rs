//! Elements along an axis, each by an index of its own, and the adjoint.

use super::places::{index_shape, known_places, places};
use super::{Array, Batching, Derivatives, Known, Primitive, Room, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::reduce::accumulate;
use pyroxene_kernels::index::{self, Extent};
use pyroxene_tensor::{DType, OrPanic, Tensor, shape as rules};
use smallvec::smallvec;

/// One element along an axis for each index; the other axes are the same.
#[derive(Debug, PartialEq)]
struct Gather {
    axis: usize,
}

impl Primitive for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn room(&self, inputs: &[&[usize]], _output: &[usize]) -> Room {
        Room { indices: inputs[1].iter().product(), ..Room::default() }
    }

    fn batched(&self, each: &[bool]) -> Batching {
        Batching::by_if_all(each, Gather { axis: self.axis + 1 })
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x, index] = *inputs else { unreachable!("elements and indices") };
        let extent = Extent::new(x.shape, self.axis);
        let at = places("gather", index.data, self.axis, extent.size, room);
        index::gather(x.data, extent, at, output);
    }

    fn known(&self, inputs: &[Known<'_>]) -> Vec<usize> {
        known_places("gather", inputs[1], self.axis, inputs[0].shape[self.axis])
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        inputs[0].gather(self.axis as isize, &inputs[1].cast(DType::I64))
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![Some(sums_along("gather", gy, self.axis, x[1], x[0].shape()[self.axis])), None]
    }
}

/// Zeros of `size` along an axis, plus elements at an index for each.
#[derive(Debug, PartialEq)]
struct SumsAlong {
    op: &'static str,
    axis: usize,
    size: usize,
}

impl Primitive for SumsAlong {
    fn name(&self) -> &'static str {
        "scatter_add"
    }

    fn room(&self, inputs: &[&[usize]], _output: &[usize]) -> Room {
        Room { indices: inputs[1].iter().product(), ..Room::default() }
    }

    fn batched(&self, each: &[bool]) -> Batching {
        Batching::by_if_all(each, SumsAlong { axis: self.axis + 1, ..*self })
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x, index] = *inputs else { unreachable!("elements and indices") };
        let extent = Extent { size: self.size, ..Extent::new(x.shape, self.axis) };
        let at = places(self.op, index.data, self.axis, self.size, room);
        output.fill(0.0);
        index::scatter_add(x.data, extent, at, output);
    }

    fn known(&self, inputs: &[Known<'_>]) -> Vec<usize> {
        known_places(self.op, inputs[1], self.axis, self.size)
    }

    fn evaluate(&self, inputs: &[&Tensor], shape: &[usize], dtype: DType) -> Tensor {
        Tensor::zeros(shape, dtype).scatter_add(self.axis as isize, &inputs[1].cast(DType::I64), inputs[0])
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![Some(gy.gather(self.axis as isize, x[1])), None]
    }
}

/// The sums at each position of an axis of `size`, for an operation that messages name.
fn sums_along(op: &'static str, x: Var, axis: usize, index: Var, size: usize) -> Var {
    let (mut shape, dtype) = with_node(x, |node| (node.shape.clone(), node.dtype));
    shape[axis] = size;
    apply(SumsAlong { op, axis, size }, &[x, index], shape, accumulate(dtype))
}

impl Var {
    /// One element along an axis for each position in `index` (i64), which has as many axes as `self`:
    /// `y[i, j] = x[i, index[i, j]]` along axis 1. The other axes broadcast. This is `take_along_axis` in NumPy. Negative
    /// positions count from the end.
    ///
    /// ```
    /// use pyroxene_autograd::{Var, grad};
    /// let x = Var::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let y = x.gather(1, [[2i64, 2], [0, 1]]);
    /// assert_eq!(y.to_tensor().to_vec::<f64>(), [3.0, 3.0, 4.0, 5.0]);
    /// assert_eq!(grad(y.sum(), &[x])[0].to_tensor().to_vec::<f64>(), [0.0, 0.0, 2.0, 1.0, 1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit or the index is not i64; when the values are computed, if an index is outside the axis.
    #[track_caller]
    #[must_use]
    pub fn gather(self, axis: isize, index: impl Into<Var>) -> Var {
        let index = index.into();
        let (own, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        let (shape, axis) = rules::gather(&own, axis, &index_shape("gather", index)).or_panic();
        let mut source = shape.clone();
        source[axis] = own[axis];
        apply(Gather { axis }, &[self.expand(&source), index.expand(&shape)], shape, dtype)
    }

    /// This tensor plus elements of `src` along an axis, where `index` (i64) says: `y[i, index[i, j]] += src[i, j]` along
    /// axis 1. `index` and `src` broadcast to the other axes. Those of equal positions add up, in order.
    ///
    /// # Panics
    /// As [`gather`](Var::gather).
    #[track_caller]
    #[must_use]
    pub fn scatter_add(self, axis: isize, index: impl Into<Var>, src: impl Into<Var>) -> Var {
        let (index, src) = (index.into(), src.into());
        let own = self.shape();
        let index_shape = index_shape("scatter_add", index);
        let (shape, axis) = rules::scatter("scatter_add", &own, axis, &index_shape, &src.shape()).or_panic();
        let dtype = accumulate(rules::put_dtype(self.dtype(), src.dtype()));
        let src = src.cast(dtype).expand(&shape);
        self.cast(dtype) + sums_along("scatter_add", src, axis, index.expand(&shape), own[axis])
    }
}
