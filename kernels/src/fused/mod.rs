//! Fused loops: a list of elementwise instructions over a row-major iteration space, with reductions.
//!
//! The space is run in blocks of [`CHUNK`](crate::reduce::CHUNK) elements, so that all temporaries stay in the first
//! cache level: inside a block, each instruction runs over all its vectors before the next one. Contiguous inputs and
//! outputs are used in place, inputs with all strides zero are spread over one vector, everything else is gathered to and
//! scattered from blocks. Instructions that depend on spread inputs only run once.
//!
//! Blocks hold f64, or f32 where a loop of single precision reads or writes f32: what varies is computed in lanes of f32 then,
//! sixteen a vector, and rounded to f32 by every operation. What is the same for all elements is computed in f64, and sums are
//! taken in f64.
//!
//! On a processor with AVX-512, a [`Sequence`] compiles what it can to machine code: whole loops, rows of them, or blocks.
//!
//! A run works on several slices, its [`Places`]: memory, inputs and outputs. Nothing is copied that can be read or written
//! where it lies.
//!
//! ```
//! use pyroxene_kernels::fused::{
//!     Code, FusedKernel, Input, Instruction, Loop, Output, Places, Reduce, Scratch, Source, Target,
//! };
//! use pyroxene_kernels::{Binary, Precision, Unary};
//!
//! // The sum of exp(x / s) over x in the first input, with s in memory, to the first output.
//! let kernel = FusedKernel::new(Loop {
//!     dims: vec![3],
//!     inputs: vec![
//!         Input { source: Source::Argument(0, 0), strides: vec![1] },
//!         Input { source: Source::Memory(0), strides: vec![0] },
//!     ],
//!     code: vec![
//!         Instruction { code: Code::Binary(Binary::Div, Precision::Double), dst: 2, args: [0, 1, 0] },
//!         Instruction { code: Code::Unary(Unary::Exp, Precision::Double), dst: 3, args: [2, 0, 0] },
//!     ],
//!     outputs: vec![Output { register: 3, target: Target::Result(0, 0), strides: vec![0], reduce: Some(Reduce::Sum) }],
//! });
//! let mut scratch = Scratch::new();
//! scratch.reserve(&kernel);
//! let mut sum = [f64::NAN];
//! let places = Places { memory: &mut [2.0], inputs: &[&[0.0, 0.0, 0.0]], outputs: &mut [&mut sum] };
//! kernel.run(&mut scratch, places);
//! assert_eq!(sum, [3.0]);
//! ```

mod blocks;
mod body;
mod check;
mod layout;
mod lines;
mod narrow;
mod places;
mod plan;
mod reduction;
mod run;
mod sequence;

pub use crate::reduce::Reduce;
pub use places::Places;
pub use plan::FusedKernel;
pub use run::Scratch;
pub use sequence::Sequence;

use crate::buffer::Buffer;
use crate::table::{Binary, Precision, Unary};

/// What an [`Instruction`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// An operation of one argument.
    Unary(Unary, Precision),
    /// An operation of two arguments.
    Binary(Binary, Precision),
    /// The second argument where the first is nonzero, else the third.
    Select,
    /// The argument itself.
    Copy,
}

impl Code {
    /// Number of arguments.
    pub const fn arity(self) -> usize {
        match self {
            Code::Unary(..) | Code::Copy => 1,
            Code::Binary(..) => 2,
            Code::Select => 3,
        }
    }
}

/// `dst = code(args)`, for each element of the space.
///
/// Registers `0..inputs.len()` of a [`Loop`] are its inputs; the others are assigned once, before they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// The operation.
    pub code: Code,
    /// The register assigned.
    pub dst: u16,
    /// The argument registers; those past the [arity](Code::arity) are ignored.
    pub args: [u16; 3],
}

/// Where an [`Input`] is read from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The memory of the run, from this offset on.
    Memory(usize),
    /// The memory of the run taken as f32, two in the place of each f64: from this offset on, which counts f32 as the strides
    /// do. What is read is widened.
    Narrow(usize),
    /// Input number `.0` of the run, from offset `.1` on.
    Argument(usize, usize),
    /// Input number `.0` of the run taken as f32, as [`Source::Narrow`].
    NarrowArgument(usize, usize),
    /// Output number `.0` of the run, which an earlier loop has written, from offset `.1` on.
    Result(usize, usize),
    /// Output number `.0` of the run taken as f32, as [`Source::Narrow`].
    NarrowResult(usize, usize),
    /// Data of the kernel's own, from this offset on.
    Data(Buffer<f64>, usize),
}

/// An input: element `index` is at `offset + sum(index * strides)`.
#[derive(Clone, Debug)]
pub struct Input {
    /// What is read.
    pub source: Source,
    /// One stride a dimension, in elements; 0 broadcasts.
    pub strides: Vec<isize>,
}

/// Where an [`Output`] is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The memory of the run, from this offset on.
    Memory(usize),
    /// The memory of the run taken as f32, as [`Source::Narrow`]. What is written is rounded; reductions are not written so.
    Narrow(usize),
    /// Output number `.0` of the run, from offset `.1` on.
    Result(usize, usize),
    /// Output number `.0` of the run taken as f32, as [`Target::Narrow`].
    NarrowResult(usize, usize),
}

/// An output: element `index` is at `offset + sum(index * strides)`.
///
/// With a reduction, the dimensions of stride 0 are reduced, in the order of [`reduce`](crate::reduce).
#[derive(Clone, Debug)]
pub struct Output {
    /// The register stored or reduced.
    pub register: u16,
    /// What is written.
    pub target: Target,
    /// One stride a dimension, in elements; with a reduction, 0 in the dimensions that are reduced.
    pub strides: Vec<isize>,
    /// The reduction, if any.
    pub reduce: Option<Reduce>,
}

/// The description of a fused loop, from which a [`FusedKernel`] is made.
#[derive(Clone, Debug)]
pub struct Loop {
    /// Sizes of the iteration space; none is one scalar iteration. If a size is 0 nothing runs, but reductions still store
    /// their identity.
    pub dims: Vec<usize>,
    /// Inputs: registers `0..inputs.len()`.
    pub inputs: Vec<Input>,
    /// The instructions, in order.
    pub code: Vec<Instruction>,
    /// Outputs; they may overlap neither inputs nor each other.
    pub outputs: Vec<Output>,
}
