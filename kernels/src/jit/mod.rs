//! Machine code for fused loops, on processors with AVX-512.
//!
//! The interpreter of [`fused`](crate::fused) keeps temporaries in memory and pays a dispatch an instruction; compiled code
//! keeps them in registers. It computes the same bits: `record` takes the instructions of every operation from the lane
//! functions that the kernels are made of. From there on: `block` (straight code in single assignment), `emit` (registers),
//! `assembler` (bytes), `line` (loops), `small`
//! (short loops in any layout) and `memory` (pages that may be executed).
//!
//! A [`Routine`] runs several loops one after the other. Rare arguments that an operation treats lane by lane (the gamma
//! function of negative numbers, the sine of huge ones) make it stop before the end, and the interpreter goes on.

mod assembler;
mod block;
mod emit;
mod line;
mod memory;
mod record;
mod small;

pub(crate) use block::Base;
pub(crate) use line::{Form, Group, Input, Line, Output, SMALL, Spot};

use crate::isa::Isa;
use assembler::{Assembler, general::*};
use emit::Frame;
use memory::Executable;

/// Loops as machine code.
#[derive(Debug)]
pub(crate) struct Routine {
    code: Executable,
    frame_len: usize,
}

/// Registers that belong to the caller.
const SAVED: [u8; 6] = [RBP, RBX, R12, R13, R14, R15];

impl Routine {
    /// Compiles loops that run one after the other.
    ///
    /// None if the processor lacks AVX-512, a loop is not supported, or the system refuses memory for code.
    pub(crate) fn new(lines: &[Line]) -> Option<Routine> {
        let writes = lines.iter().all(|line| !line.outputs.is_empty());
        if Isa::detect() < Isa::Avx512 || !writes || !lines.iter().all(Line::is_supported) {
            return None;
        }
        let (mut assembler, mut frame) = (Assembler::default(), Frame::default());
        SAVED.iter().for_each(|&register| assembler.push(register));
        assembler.move_register(FRAME, RSI);
        assembler.load_pointer(FIRST_PLACE, RDI, 0);
        let exits: Vec<_> = lines.iter().map(|_| assembler.label()).collect();
        let leave = assembler.label();
        for (line, &give_up) in lines.iter().zip(&exits) {
            line::compile(&mut assembler, &mut frame, line, give_up);
        }
        assembler.move_constant(RAX, lines.len() as u64);
        assembler.place(leave);
        SAVED.iter().rev().for_each(|&register| assembler.pop(register));
        assembler.zero_upper();
        assembler.return_();
        for (number, exit) in exits.into_iter().enumerate() {
            assembler.place(exit);
            assembler.move_constant(RAX, number as u64);
            assembler.jump(leave);
        }
        let code = Executable::new(&assembler.finish())?;
        Some(Routine { code, frame_len: frame.len as usize / 8 + LINE })
    }

    /// Numbers of room that a run needs.
    pub(crate) fn frame_len(&self) -> usize {
        self.frame_len
    }

    /// Runs the loops; gives how many of them ran to their end.
    ///
    /// # Safety
    /// `places[k]` must be the base of everything that a loop reads or writes in place `k`, all of it inside allocations,
    /// and what loops write must not overlap with what the same loop reads. `frame` must be writable for
    /// [`frame_len`](Self::frame_len) numbers and be 64-byte aligned.
    pub(crate) unsafe fn run(&self, places: &[*mut f64], frame: *mut f64) -> usize {
        // SAFETY: the code follows the System V convention, was made for this processor, and touches what the caller promises.
        let code = unsafe {
            std::mem::transmute::<*const u8, unsafe extern "sysv64" fn(*const *mut f64, *mut f64) -> usize>(
                self.code.start(),
            )
        };
        // SAFETY: as above.
        unsafe { code(places.as_ptr(), frame) }
    }
}

/// Numbers of a cache line.
const LINE: usize = 8;
