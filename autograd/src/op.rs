//! The primitive operations of the tape.
//!
//! One list for direct evaluation (`eval`), derivatives (`grad`) and the compiler (`program`): each of them is an exhaustive
//! `match`, so that a new operation is complete or does not compile.

use crate::custom::CustomRule;
use crate::structured::Structured;
use pyroxene_kernels::reduce::Reduce;
use pyroxene_kernels::table::{Binary, Unary};
use pyroxene_tensor::{DType, Shape};
use smallvec::SmallVec;

/// A set of axes of a reduction, one bit an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Axes(u64);

impl Axes {
    pub(crate) fn new(axes: impl IntoIterator<Item = usize>) -> Axes {
        Axes(axes.into_iter().fold(0, |bits, axis| bits | 1 << axis))
    }

    pub(crate) fn contains(self, axis: usize) -> bool {
        self.0 >> axis & 1 == 1
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        (0..64).filter(move |&axis| self.contains(axis))
    }

    /// The axes as signed numbers, as the tensor crate takes them.
    pub(crate) fn signed(self) -> SmallVec<[isize; 4]> {
        self.iter().map(|axis| axis as isize).collect()
    }

    /// The shape that is left when the reduced axes are kept with size one.
    pub(crate) fn keep(self, shape: &[usize]) -> Shape {
        shape.iter().enumerate().map(|(axis, &size)| if self.contains(axis) { 1 } else { size }).collect()
    }
}

/// A regular range of one axis: `start`, `start + step`, ..., `len` of them. The step may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stride {
    pub(crate) start: usize,
    pub(crate) step: isize,
    pub(crate) len: usize,
}

/// A range of each axis.
pub(crate) type Strides = Box<[Stride]>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    /// A tensor that the node's `value` holds.
    Constant,
    /// A number written in the model; its type gives way to that of the tensors it meets. The bits of an f64.
    Scalar(u64),
    /// Input number k of the Program being captured.
    Input(usize),
    Unary(Unary),
    Binary(Binary),
    /// Where the first input is true the second, else the third.
    Select,
    Cast(DType),
    StopGradient,
    /// Reductions keep the reduced axes with size one; a reshape drops them.
    Sum(Axes),
    Prod(Axes),
    Max(Axes),
    Min(Axes),
    Expand,
    Reshape,
    Permute(SmallVec<[u8; 4]>),
    Slice(Strides),
    /// Zeros plus each input at the places that its strides name: the adjoint of a number of `Slice`s.
    Unslice(Vec<Strides>),
    Concat(usize),
    /// Matrix product over the last two axes; batch axes broadcast. Single: an expression in f32.
    Matmul {
        single: bool,
    },
    /// The main diagonal of the last two axes.
    Diagonal,
    /// A square matrix with the last axis on its diagonal.
    DiagEmbed,
    /// The first input's value, with a derivative of its own by the others.
    Custom(CustomRule),
    /// An operation that lives in a file of its own.
    Structured(Structured),
}

impl Op {
    /// How a reduction combines elements, and over which axes; none for other operations.
    pub(crate) fn reduction(&self) -> Option<(Reduce, Axes)> {
        match *self {
            Op::Sum(axes) => Some((Reduce::Sum, axes)),
            Op::Prod(axes) => Some((Reduce::Prod, axes)),
            Op::Max(axes) => Some((Reduce::Max, axes)),
            Op::Min(axes) => Some((Reduce::Min, axes)),
            _ => None,
        }
    }

    /// Whether it computes each element from one element of each input.
    pub(crate) fn is_elementwise(&self) -> bool {
        matches!(self, Op::Unary(_) | Op::Binary(_) | Op::Select)
    }

    /// Whether it may be asked for single precision.
    pub(crate) fn has_precision(&self) -> bool {
        self.is_elementwise() || self.reduction().is_some()
    }

    /// The name used in error messages and by `explain`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Op::Constant => "constant",
            Op::Scalar(_) => "scalar",
            Op::Input(_) => "input",
            Op::Unary(op) => op.name(),
            Op::Binary(op) => op.name(),
            Op::Select => "where",
            Op::Cast(_) => "cast",
            Op::StopGradient => "stop_gradient",
            Op::Sum(_) => "sum",
            Op::Prod(_) => "prod",
            Op::Max(_) => "max",
            Op::Min(_) => "min",
            Op::Expand => "expand",
            Op::Reshape => "reshape",
            Op::Permute(_) => "permute",
            Op::Slice(_) => "slice",
            Op::Unslice(_) => "unslice",
            Op::Concat(_) => "concat",
            Op::Matmul { .. } => "matmul",
            Op::Diagonal => "diagonal",
            Op::DiagEmbed => "diag_embed",
            Op::Custom(_) => "custom_vjp",
            Op::Structured(op) => op.name(),
        }
    }
}
