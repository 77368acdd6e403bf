//! Several indices as one.

use super::places::{index_shape, place};
use super::{Array, Batching, Derivatives, INPUTS, Primitive, RoomMut, apply};
use crate::arena::Var;
use crate::shape;
use pyroxene_tensor::composed::{Basis, Bound};
use pyroxene_tensor::{DType, Shape, Tensor};
use smallvec::smallvec;

/// Row-major positions in an array with the axes of `bounds`.
#[derive(Debug, PartialEq)]
struct Positions {
    op: &'static str,
    bounds: Vec<Bound>,
}

impl Primitive for Positions {
    fn name(&self) -> &'static str {
        self.op
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        output.fill(0.0);
        for (index, &bound) in inputs.iter().zip(&self.bounds) {
            for (joint, &index) in output.iter_mut().zip(index.data) {
                *joint = *joint * bound.size as f64 + place(self.op, index, bound) as f64;
            }
        }
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        let indices: Vec<Tensor> = inputs.iter().map(|index| index.cast(DType::I64)).collect();
        Tensor::positions(self.op, &indices, &self.bounds)
    }

    fn vjp(&self, x: &[Var], _y: Var, _gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![None; x.len()]
    }
}

/// One row-major position in an array with the axes of `bounds` for indices along each, which broadcast.
#[track_caller]
pub(crate) fn positions(op: &'static str, indices: &[Var], bounds: &[Bound]) -> Var {
    let shapes: Vec<Shape> = indices.iter().map(|&index| index_shape(op, index)).collect();
    if indices.len() > INPUTS {
        shape::fail(format_args!("{op}: {} index tensors are more than {INPUTS}", indices.len()));
    }
    let shapes: Vec<&[usize]> = shapes.iter().map(Shape::as_slice).collect();
    let common = shape::broadcast(op, &shapes);
    let indices: Vec<Var> = indices.iter().map(|index| index.expand(&common)).collect();
    apply(Positions { op, bounds: bounds.to_vec() }, &indices, common, DType::I64)
}
