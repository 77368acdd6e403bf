//! The primitive operations of the tape.
//!
//! One list for direct evaluation (`eval`), derivatives (`grad`) and the compiler (`program`): each of them is an exhaustive
//! `match`, so that a new operation is complete or does not compile.

use pyroxene_kernels::linalg::Triangle;
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
pub(crate) type Strides = SmallVec<[Stride; 2]>;

/// What a random primitive draws. All take the key first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Draw {
    /// Uniform on the open interval (0, 1).
    Uniform,
    /// Standard normal.
    Normal,
    /// Unit-rate exponential.
    Exponential,
    /// Unit-rate gamma; the concentration follows the key.
    Gamma,
    /// Beta; both concentrations follow the key.
    Beta,
    /// Poisson; the rate follows the key.
    Poisson,
    /// Bernoulli (a boolean); the probability follows the key.
    Bernoulli,
    /// Index of a category; the probabilities, along the last axis, follow the key.
    Categorical,
    /// As many of `0..n` as the shape holds, without replacement.
    Choice(usize),
}

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
    Max(Axes),
    LogSumExp(Axes),
    Expand,
    Reshape,
    Permute(SmallVec<[u8; 4]>),
    Slice(Strides),
    /// Zeros plus each input at the places that its strides name: the adjoint of a number of `Slice`s.
    Unslice(Vec<Strides>),
    Concat(usize),
    /// Rows of an axis by a vector of integers.
    IndexSelect(usize),
    /// Zeros plus rows at an axis by a vector of integers: the adjoint of `IndexSelect`.
    IndexAdd(usize),
    /// Matrix product over the last two axes; batch axes broadcast.
    Matmul,
    Cholesky,
    SolveTriangular {
        triangle: Triangle,
        transpose: bool,
    },
    /// The lower (upper) triangle from diagonal `offset` down (up); zeros elsewhere.
    KeepTriangle {
        triangle: Triangle,
        offset: isize,
    },
    /// The main diagonal of the last two axes.
    Diagonal,
    /// A square matrix with the last axis on its diagonal.
    DiagEmbed,
    CumSum {
        axis: usize,
        reverse: bool,
    },
    /// A draw: a pure function of the key (first input) and `stream`.
    Random {
        draw: Draw,
        stream: u64,
    },
}

impl Op {
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
            Op::Max(_) => "max",
            Op::LogSumExp(_) => "logsumexp",
            Op::Expand => "expand",
            Op::Reshape => "reshape",
            Op::Permute(_) => "permute",
            Op::Slice(_) => "slice",
            Op::Unslice(_) => "unslice",
            Op::Concat(_) => "concat",
            Op::IndexSelect(_) => "index_select",
            Op::IndexAdd(_) => "index_add",
            Op::Matmul => "matmul",
            Op::Cholesky => "cholesky",
            Op::SolveTriangular { .. } => "solve_triangular",
            Op::KeepTriangle { triangle: Triangle::Lower, .. } => "tril",
            Op::KeepTriangle { triangle: Triangle::Upper, .. } => "triu",
            Op::Diagonal => "diagonal",
            Op::DiagEmbed => "diag_embed",
            Op::CumSum { .. } => "cumsum",
            Op::Random { draw, .. } => match draw {
                Draw::Uniform => "random uniform",
                Draw::Normal => "random normal",
                Draw::Exponential => "random exponential",
                Draw::Gamma => "random gamma",
                Draw::Beta => "random beta",
                Draw::Poisson => "random poisson",
                Draw::Bernoulli => "random bernoulli",
                Draw::Categorical => "random categorical",
                Draw::Choice(_) => "random choice",
            },
        }
    }
}
