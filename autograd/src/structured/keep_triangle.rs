//! The lower or upper triangle of matrices.

use super::{Array, Batching, Derivatives, Primitive, RoomMut, apply};
use crate::arena::{Var, with_node};
use crate::shape;
use pyroxene_kernels::linalg::Triangle;
use pyroxene_tensor::{DType, Tensor};
use smallvec::smallvec;

/// The lower (upper) triangle from diagonal `offset` down (up); zeros elsewhere.
#[derive(Debug, PartialEq)]
struct KeepTriangle {
    triangle: Triangle,
    offset: isize,
}

impl Primitive for KeepTriangle {
    fn name(&self) -> &'static str {
        match self.triangle {
            Triangle::Lower => "tril",
            Triangle::Upper => "triu",
        }
    }

    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::Itself
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], _room: RoomMut<'_>) {
        let [x] = *inputs else { unreachable!("one matrix") };
        let [.., rows, columns] = *x.shape else { unreachable!("checked when it was written") };
        output.copy_from_slice(x.data);
        for (index, row) in output.chunks_exact_mut(columns.max(1)).enumerate() {
            let first_above = (index % rows) as isize + self.offset;
            match self.triangle {
                Triangle::Lower => row[(first_above + 1).clamp(0, columns as isize) as usize..].fill(0.0),
                Triangle::Upper => row[..first_above.clamp(0, columns as isize) as usize].fill(0.0),
            }
        }
    }

    fn evaluate(&self, inputs: &[&Tensor], _shape: &[usize], _dtype: DType) -> Tensor {
        match self.triangle {
            Triangle::Lower => inputs[0].tril(self.offset),
            Triangle::Upper => inputs[0].triu(self.offset),
        }
    }

    fn vjp(&self, _x: &[Var], _y: Var, gy: Var, _wanted: &[bool]) -> Derivatives {
        smallvec![Some(gy.keep_triangle(self.triangle, self.offset))]
    }
}

impl Var {
    /// The lower triangle of the last two axes, from diagonal `offset` (0 is the main one) down.
    #[track_caller]
    #[must_use]
    pub fn tril(self, offset: isize) -> Var {
        self.keep_triangle(Triangle::Lower, offset)
    }

    /// The upper triangle of the last two axes, from diagonal `offset` (0 is the main one) up.
    #[track_caller]
    #[must_use]
    pub fn triu(self, offset: isize) -> Var {
        self.keep_triangle(Triangle::Upper, offset)
    }

    #[track_caller]
    fn keep_triangle(self, triangle: Triangle, offset: isize) -> Var {
        let op = KeepTriangle { triangle, offset };
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        if shape.len() < 2 {
            shape::fail(format_args!("{}: expected matrices, got {shape:?}", op.name()));
        }
        apply(op, &[self], shape, dtype)
    }
}
