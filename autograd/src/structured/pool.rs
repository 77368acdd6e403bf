//! Pooling: maxima and means of windows.

use super::{Array, Derivatives, Primitive, RoomMut, apply};
use crate::arena::{Var, with_node};
use pyroxene_kernels::conv::Pooling;
use pyroxene_tensor::{OrPanic, Pool, shape as rules};
use smallvec::smallvec;

/// What is made of each window, and the adjoints.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// The maximum of x.
    Max,
    /// Of x, its maxima and g: each g shared by the winners of its window.
    MaxSpread,
    /// Of x, its maxima and h: the mean of h over the winners, the adjoint of the former.
    MaxCollect,
    /// The mean of x.
    Mean,
    /// Each g spread over its window.
    MeanSpread,
}

#[derive(Debug, PartialEq)]
struct Pooled {
    kind: Kind,
    sizes: Pooling,
}

impl Pooled {
    /// Another operation over the same windows, with a result like `like`.
    fn other(&self, kind: Kind, inputs: &[Var], like: Var) -> Var {
        apply(Pooled { kind, sizes: self.sizes }, inputs, like.shape(), like.dtype())
    }
}

impl Primitive for Pooled {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Max => "max_pool",
            Kind::MaxSpread => "max_pool_spread",
            Kind::MaxCollect => "max_pool_collect",
            Kind::Mean => "avg_pool",
            Kind::MeanSpread => "avg_pool_spread",
        }
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        match (self.kind, inputs) {
            (Kind::Max, [x]) => self.sizes.max(x.data, output),
            (Kind::MaxSpread, [x, y, g]) => self.sizes.max_spread(x.data, y.data, g.data, output),
            (Kind::MaxCollect, [x, y, h]) => self.sizes.max_collect(x.data, y.data, h.data, output),
            (Kind::Mean, [x]) => self.sizes.mean(x.data, output),
            (Kind::MeanSpread, [g]) => self.sizes.mean_spread(g.data, output),
            _ => unreachable!("the inputs are those of the kind"),
        }
    }

    fn vjp(&self, x: &[Var], y: Var, g: Var, _wanted: &[bool]) -> Derivatives {
        match self.kind {
            Kind::Max => smallvec![Some(self.other(Kind::MaxSpread, &[x[0], y, g], x[0]))],
            // Who wins is constant almost everywhere.
            Kind::MaxSpread => smallvec![None, None, Some(self.other(Kind::MaxCollect, &[x[0], x[1], g], x[2]))],
            Kind::MaxCollect => smallvec![None, None, Some(self.other(Kind::MaxSpread, &[x[0], x[1], g], x[2]))],
            Kind::Mean => smallvec![Some(self.other(Kind::MeanSpread, &[g], x[0]))],
            Kind::MeanSpread => smallvec![Some(self.other(Kind::Mean, &[g], x[0]))],
        }
    }
}

#[track_caller]
fn pooled<const D: usize>(op: &str, kind: Kind, x: Var, settings: Pool<D>) -> Var {
    let (old, dtype) = with_node(x, |node| (node.shape.clone(), node.dtype.to_float()));
    let (shape, sizes) = rules::pool(op, &old, settings).or_panic();
    apply(Pooled { kind, sizes }, &[x.cast(dtype)], shape, dtype)
}

impl Var {
    /// The largest element of each window of the last axis; NaN if there is one. Padding counts for nothing. The derivative
    /// is shared evenly by equal maxima.
    ///
    /// # Panics
    /// If there is no window, a stride is 0, or the padding is more than half a window.
    #[track_caller]
    #[must_use]
    pub fn max_pool1d(self, settings: Pool<1>) -> Var {
        pooled("max_pool1d", Kind::Max, self, settings)
    }

    /// The largest element of each window of the last two axes, see [`max_pool1d`](Var::max_pool1d).
    ///
    /// # Panics
    /// As [`max_pool1d`](Var::max_pool1d).
    #[track_caller]
    #[must_use]
    pub fn max_pool2d(self, settings: Pool<2>) -> Var {
        pooled("max_pool2d", Kind::Max, self, settings)
    }

    /// The mean of each window of the last axis, in which padding counts as zeros.
    ///
    /// # Panics
    /// As [`max_pool1d`](Var::max_pool1d).
    #[track_caller]
    #[must_use]
    pub fn avg_pool1d(self, settings: Pool<1>) -> Var {
        pooled("avg_pool1d", Kind::Mean, self, settings)
    }

    /// The mean of each window of the last two axes, in which padding counts as zeros.
    ///
    /// # Panics
    /// As [`max_pool1d`](Var::max_pool1d).
    #[track_caller]
    #[must_use]
    pub fn avg_pool2d(self, settings: Pool<2>) -> Var {
        pooled("avg_pool2d", Kind::Mean, self, settings)
    }
}
