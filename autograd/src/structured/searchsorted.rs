//! Ranks in what is in order.

use super::{Array, Derivatives, Primitive, RoomMut, apply};
use crate::arena::Var;
use pyroxene_kernels::sort::rank;
use pyroxene_tensor::{DType, OrPanic, Tensor, shape as rules};
use smallvec::smallvec;

/// How many numbers of each row are less than each value, or not greater.
#[derive(Debug, PartialEq)]
struct SearchSorted {
    right: bool,
}

impl Primitive for SearchSorted {
    fn name(&self) -> &'static str {
        "searchsorted"
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [sorted, values] = *inputs else { unreachable!("numbers in order and values") };
        let (n, count) = rules::searchsorted(sorted.shape, values.shape).expect("checked when it was written");
        let rows = output.chunks_mut(count.max(1)).zip(values.data.chunks(count.max(1)));
        for (k, (out, values)) in rows.enumerate() {
            let row = &sorted.data[k * n..(k + 1) * n];
            out.iter_mut().zip(values).for_each(|(out, &x)| *out = rank(row, x, self.right) as f64);
        }
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        inputs[0].searchsorted(inputs[1], self.right)
    }

    fn vjp(&self, _x: &[Var], _y: Var, _gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![None, None]
    }
}

impl Var {
    /// How many numbers of `self`, ascending along the last axis, are less than each of `values` (i64); with `right`, how
    /// many are not greater. A vector serves values of any shape; otherwise the axes but the last must be those of `values`.
    /// NaN is greater than all.
    #[track_caller]
    #[must_use]
    pub fn searchsorted(self, values: impl Into<Var>, right: bool) -> Var {
        let values = values.into();
        let shape = values.shape();
        rules::searchsorted(&self.shape(), &shape).or_panic();
        apply(SearchSorted { right }, &[self, values], shape, DType::I64)
    }
}
