//! The order of elements along an axis.

use super::{Array, Batching, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::Var;
use crate::shape;
use pyroxene_kernels::index::Extent;
use pyroxene_kernels::sort;
use pyroxene_tensor::composed::Basis;
use pyroxene_tensor::{DType, Tensor};
use smallvec::smallvec;

/// The positions of the first `keep` elements in order along an axis.
#[derive(Debug, PartialEq)]
struct Order {
    axis: usize,
    descending: bool,
    keep: usize,
}

impl Primitive for Order {
    fn name(&self) -> &'static str {
        "argsort"
    }

    fn room(&self, inputs: &[&[usize]], _output: &[usize]) -> Room {
        Room { floats: 2 * inputs[0][self.axis], ..Room::default() }
    }

    fn batched(&self, each: &[bool]) -> Batching {
        Batching::by_if_all(each, Order { axis: self.axis + 1, ..*self })
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one tensor") };
        let Extent { outer, size, inner } = Extent::new(x.shape, self.axis);
        let key = if self.descending { sort::descending_key } else { sort::key };
        // Keys and positions as the bits of numbers that nobody reckons with.
        let (pairs, _) = room.floats.as_chunks_mut::<2>();
        for (o, i) in (0..outer).flat_map(|o| (0..inner).map(move |i| (o, i))) {
            for (j, pair) in pairs.iter_mut().enumerate() {
                *pair = [key(x.data[(o * size + j) * inner + i]), j as u64].map(f64::from_bits);
            }
            sort::order(pairs, self.keep, |&[key, place]| (key.to_bits(), place.to_bits()));
            for (j, [_, place]) in pairs[..self.keep].iter().enumerate() {
                output[(o * self.keep + j) * inner + i] = place.to_bits() as f64;
            }
        }
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        Basis::order(inputs[0], self.axis, self.descending, self.keep)
    }

    fn vjp(&self, _x: &[Var], _y: Var, _gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![None]
    }
}

/// The positions of the first `keep` elements in order along an axis.
pub(crate) fn order(x: Var, axis: usize, descending: bool, keep: usize) -> Var {
    let mut shape = x.shape();
    shape[axis] = keep;
    apply(Order { axis, descending, keep }, &[x], shape, DType::I64)
}

impl Var {
    /// The positions (i64) along an axis in the order of the elements there: `x.gather(axis, x.argsort(axis, false))` is
    /// sorted. Equal elements keep their order, NaN comes last in either direction.
    #[track_caller]
    #[must_use]
    pub fn argsort(self, axis: isize, descending: bool) -> Var {
        let shape = self.shape();
        let axis = shape::axis("argsort", &shape, axis);
        order(self, axis, descending, shape[axis])
    }
}
