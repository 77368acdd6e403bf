//! CPU kernels of Pyroxene: SIMD elementwise loops, reductions, dense linear algebra, Fourier transforms, random
//! streams.

pub mod buffer;
pub mod ceiling;
pub mod conv;
pub mod elementwise;
pub mod fft;
pub mod fused;
pub mod index;
pub mod integrator;
mod interpreter;
pub mod isa;
#[cfg(target_arch = "x86_64")]
mod jit;
pub mod linalg;
pub mod logspace;
mod math;
pub mod random;
pub mod reduce;
pub mod simd;
pub mod softmax;
pub mod sort;
pub mod special;
pub mod table;
pub mod transpose;

pub use elementwise::{Element, Operand, binary, select, unary};
pub use fused::{
    Code, FusedKernel, Input, Instruction, Loop, Output, Places, Reduce, Scratch, Sequence, Source, Target,
};
pub use isa::Isa;
pub use reduce::{dot, max, min, sum};
pub use table::{Binary, Kind, Precision, Unary};
