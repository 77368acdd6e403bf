//! The block interpreter: a list of instructions over vectors of memory.
//!
//! It is the only place where the lane functions are compiled, once for each instruction set; elementwise kernels run
//! it with a list of one instruction, fused kernels with their whole body.

use crate::fused::{Code, Instruction};
use crate::isa::{Isa, Kernel};
use crate::math;
use crate::simd::{LANES, Simd, Vector};
use crate::table::{Binary, Unary, apply_binary, apply_unary};

/// Where a register lives: vector `i` is at `pointer + i * step`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) pointer: *mut f64,
    /// [`LANES`], or 0 for a value spread over one vector.
    pub(crate) step: usize,
}

/// Runs every instruction over `vectors` vectors, one instruction after the other.
///
/// # Safety
/// The slot of every argument must be readable, and that of every destination writable, for `vectors` vectors.
/// A destination is either disjoint from an argument or the same memory with the same step.
#[inline(never)] // Compiled once, in this crate.
pub(crate) unsafe fn execute(isa: Isa, code: &[Instruction], slots: &[Slot], vectors: usize) {
    isa.run(Execute { code, slots, vectors });
}

/// Reads the value at each slot's source and spreads it over the slot's vector.
///
/// # Safety
/// Sources must be readable, slots writable for one vector.
pub(crate) unsafe fn spread(isa: Isa, sources: &[*const f64], slots: &[Slot]) {
    isa.run(Spread { sources, slots });
}

struct Execute<'a> {
    code: &'a [Instruction],
    slots: &'a [Slot],
    vectors: usize,
}

impl Kernel for Execute<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for instruction in self.code {
            let [a, b, c] = instruction.args;
            let out = self.slots[usize::from(instruction.dst)];
            let x = self.slots[usize::from(a)];
            // SAFETY (of the loops below): the promise of `execute`.
            match instruction.code {
                Code::Unary(op) => unary(simd, op, x, out, self.vectors),
                Code::Binary(op) => binary(simd, op, x, self.slots[usize::from(b)], out, self.vectors),
                Code::Select => {
                    let (y, z) = (self.slots[usize::from(b)], self.slots[usize::from(c)]);
                    select(simd, x, y, z, out, self.vectors);
                }
                Code::Copy => copy(simd, x, out, self.vectors),
            }
        }
    }
}

/// The loop over vectors: loads each argument, applies the lane function, stores. Without optimisation each loop is a function
/// of its own: the temporary values of all lane functions together are more than the stack of a thread.
macro_rules! each_vector {
    ($lane:path; $simd:ident, $vectors:ident, $out:ident, $($x:ident),+) => {{
        #[cfg_attr(unoptimized, inline(never))]
        #[cfg_attr(not(unoptimized), inline(always))]
        fn each<S: Simd>(simd: S, vectors: usize, out: Slot, $($x: Slot),+) {
            $( let mut $x = $x; )+
            let mut out = out.pointer;
            for _ in 0..vectors {
                // SAFETY: slots span `vectors` vectors by the promise of `execute`.
                unsafe {
                    $lane($(Vector::load(simd, $x.pointer)),+).store(out);
                }
                $( $x.pointer = $x.pointer.wrapping_add($x.step); )+
                out = out.wrapping_add(LANES);
            }
        }
        each($simd, $vectors, $out, $($x),+)
    }};
}

#[inline(always)]
fn unary<S: Simd>(simd: S, op: Unary, x: Slot, out: Slot, vectors: usize) {
    apply_unary!(op, each_vector, simd, vectors, out, x);
}

#[inline(always)]
fn binary<S: Simd>(simd: S, op: Binary, x: Slot, y: Slot, out: Slot, vectors: usize) {
    apply_binary!(op, each_vector, simd, vectors, out, x, y);
}

#[inline(always)]
fn select<S: Simd>(simd: S, x: Slot, y: Slot, z: Slot, out: Slot, vectors: usize) {
    each_vector!(math::basic::select; simd, vectors, out, x, y, z);
}

#[inline(always)]
fn copy<S: Simd>(simd: S, x: Slot, out: Slot, vectors: usize) {
    each_vector!(std::convert::identity; simd, vectors, out, x);
}

struct Spread<'a> {
    sources: &'a [*const f64],
    slots: &'a [Slot],
}

impl Kernel for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for (source, slot) in self.sources.iter().zip(self.slots) {
            // SAFETY: the promise of `spread`.
            unsafe { simd.store(slot.pointer, simd.splat(**source)) }
        }
    }
}
