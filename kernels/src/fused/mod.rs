//! Fused loops: a list of elementwise instructions over a row-major iteration space, with reductions.
//!
//! The space is run in blocks of [`CHUNK`](crate::reduce::CHUNK) elements, so that all temporaries stay in the first
//! cache level: inside a block, each instruction runs over all its vectors before the next one. Contiguous inputs and
//! outputs are used in place, inputs with all strides zero are spread over one vector, everything else is gathered to and
//! scattered from blocks. Instructions that depend on spread inputs only run once.
//!
//! ```
//! use pyroxene_kernels::{Binary, Code, FusedKernel, Input, Instruction, Loop, Output, Reduce, Scratch, Source, Unary};
//!
//! // The sum of exp(x / s) over x in memory[0..3] with s at memory[3], to memory[4].
//! let kernel = FusedKernel::new(Loop {
//!     dims: vec![3],
//!     inputs: vec![
//!         Input { source: Source::Memory(0), strides: vec![1] },
//!         Input { source: Source::Memory(3), strides: vec![0] },
//!     ],
//!     code: vec![
//!         Instruction { code: Code::Binary(Binary::Div), dst: 2, args: [0, 1, 0] },
//!         Instruction { code: Code::Unary(Unary::Exp), dst: 3, args: [2, 0, 0] },
//!     ],
//!     outputs: vec![Output { register: 3, offset: 4, strides: vec![0], reduce: Some(Reduce::Sum) }],
//! });
//! let mut scratch = Scratch::new();
//! scratch.reserve(&kernel);
//! let mut memory = [0.0, 0.0, 0.0, 2.0, f64::NAN];
//! kernel.run(&mut scratch, &mut memory);
//! assert_eq!(memory[4], 3.0);
//! ```

mod layout;
mod plan;
mod reduction;
mod run;

pub use crate::reduce::Reduce;
pub use plan::FusedKernel;
pub use run::Scratch;

use crate::table::{Binary, Unary};
use std::sync::Arc;

/// What an [`Instruction`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// An operation of one argument.
    Unary(Unary),
    /// An operation of two arguments.
    Binary(Binary),
    /// The second argument where the first is nonzero, else the third.
    Select,
    /// The argument itself.
    Copy,
}

impl Code {
    /// Number of arguments.
    pub const fn arity(self) -> usize {
        match self {
            Code::Unary(_) | Code::Copy => 1,
            Code::Binary(_) => 2,
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
    /// Data of the kernel's own, from this offset on.
    Data(Arc<[f64]>, usize),
}

/// An input: element `index` is at `offset + sum(index * strides)`.
#[derive(Clone, Debug)]
pub struct Input {
    /// What is read.
    pub source: Source,
    /// One stride a dimension, in elements; 0 broadcasts.
    pub strides: Vec<isize>,
}

/// An output to the memory of the run.
///
/// With a reduction, the dimensions of stride 0 are reduced, in the order of [`reduce`](crate::reduce).
#[derive(Clone, Debug)]
pub struct Output {
    /// The register stored or reduced.
    pub register: u16,
    /// Offset of the first element in memory.
    pub offset: usize,
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
