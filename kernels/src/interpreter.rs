//! The block interpreter: a list of instructions over vectors of memory.
//!
//! It is the only place where the lane functions are compiled, once for each instruction set; elementwise kernels run
//! it with a list of one instruction, fused kernels with their whole body.

use crate::fused::{Code, Instruction};
use crate::isa::{Isa, Kernel};
use crate::math;
use crate::simd::{LANES, Simd, Vector};
use crate::table::{Binary, Precision, Unary, apply_binary, apply_narrow_binary, apply_narrow_unary, apply_unary};

/// Where a register lives: vector `i` is at `pointer + i * step`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) pointer: *mut f64,
    /// [`LANES`], or 0 for a value spread over one vector.
    pub(crate) step: usize,
}

/// How many vectors an instruction is run over, and how many f64 ahead it asks for what it will touch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) vectors: usize,
    /// 0 where everything is in the first cache level.
    pub(crate) ahead: usize,
}

/// Runs every instruction over the vectors of the span, one instruction after the other.
///
/// # Safety
/// The slot of every argument must be readable, and that of every destination writable, for so many vectors.
/// A destination is either disjoint from an argument or the same memory with the same step.
#[inline(never)] // Compiled once, in this crate.
pub(crate) unsafe fn execute(isa: Isa, code: &[Instruction], slots: &[Slot], span: Span) {
    isa.run(Execute { code, slots, span });
}

/// [`execute`] in lanes of f32: a vector is sixteen of them, and slots hold f32. All operations must exist there.
///
/// # Safety
/// As for [`execute`].
#[inline(never)]
pub(crate) unsafe fn execute_narrow(isa: Isa, code: &[Instruction], slots: &[Slot], span: Span) {
    isa.run(ExecuteNarrow { code, slots, span });
}

/// Reads the value at each slot's source and spreads it over the slot's vector.
///
/// # Safety
/// Sources must be readable, slots writable for one vector.
pub(crate) unsafe fn spread(isa: Isa, sources: &[*const f64], slots: &[Slot]) {
    isa.run(Spread { sources, slots });
}

/// The loop over vectors: loads each argument, applies the lane function, stores. Without optimisation each loop is a function
/// of its own: the temporary values of all lane functions together are more than the stack of a thread.
macro_rules! each_vector {
    ($lane:path; $simd:ident, $span:ident, $out:ident, $($x:ident),+) => {{
        #[cfg_attr(unoptimized, inline(never))]
        #[cfg_attr(not(unoptimized), inline(always))]
        fn each<S: Simd>(simd: S, span: Span, out: Slot, $($x: Slot),+) {
            $( let mut $x = $x; )+
            let mut out = out.pointer;
            for _ in 0..span.vectors {
                $( simd.prefetch($x.pointer.wrapping_add(span.ahead)); )+
                simd.prefetch(out.wrapping_add(span.ahead));
                // SAFETY: slots hold the vectors of the span by the promise of `execute`.
                unsafe {
                    $lane($(Vector::load(simd, $x.pointer)),+).store(out);
                }
                $( $x.pointer = $x.pointer.wrapping_add($x.step); )+
                out = out.wrapping_add(LANES);
            }
        }
        each($simd, $span, $out, $($x),+)
    }};
}

/// The same over vectors of f32.
macro_rules! each_narrow_vector {
    ($lane:path; $simd:ident, $span:ident, $out:ident, $($x:ident),+) => {{
        #[cfg_attr(unoptimized, inline(never))]
        #[cfg_attr(not(unoptimized), inline(always))]
        fn each<S: Simd>(simd: S, span: Span, out: Slot, $($x: Slot),+) {
            $( let mut $x = $x; )+
            let mut out = out.pointer;
            for _ in 0..span.vectors {
                // SAFETY: slots hold the vectors of the span by the promise of `execute_narrow`.
                unsafe {
                    let result = $lane($(Vector::new(simd.narrow(), simd.load_f32($x.pointer.cast()))),+);
                    simd.store_f32(out.cast(), result.lanes);
                }
                $( $x.pointer = $x.pointer.wrapping_add($x.step); )+
                out = out.wrapping_add(LANES);
            }
        }
        each($simd, $span, $out, $($x),+)
    }};
}

struct Execute<'a> {
    code: &'a [Instruction],
    slots: &'a [Slot],
    span: Span,
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
                Code::Unary(op, precision) => unary(simd, (op, precision), x, out, self.span),
                Code::Binary(op, precision) => {
                    let y = self.slots[usize::from(b)];
                    binary(simd, (op, precision), x, y, out, self.span);
                }
                Code::Select => {
                    let (y, z) = (self.slots[usize::from(b)], self.slots[usize::from(c)]);
                    select(simd, x, y, z, out, self.span);
                }
                Code::Copy => copy(simd, x, out, self.span),
            }
        }
    }
}

struct ExecuteNarrow<'a> {
    code: &'a [Instruction],
    slots: &'a [Slot],
    span: Span,
}

impl Kernel for ExecuteNarrow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for instruction in self.code {
            let [a, b, c] = instruction.args;
            let (out, span) = (self.slots[usize::from(instruction.dst)], self.span);
            let x = self.slots[usize::from(a)];
            // SAFETY (of the loops below): the promise of `execute_narrow`.
            match instruction.code {
                Code::Unary(op, _) => apply_narrow_unary!(op, each_narrow_vector, simd, span, out, x),
                Code::Binary(op, _) => {
                    let y = self.slots[usize::from(b)];
                    apply_narrow_binary!(op, each_narrow_vector, simd, span, out, x, y);
                }
                Code::Select => {
                    let (y, z) = (self.slots[usize::from(b)], self.slots[usize::from(c)]);
                    each_narrow_vector!(math::basic::select; simd, span, out, x, y, z);
                }
                Code::Copy => each_narrow_vector!(std::convert::identity; simd, span, out, x),
            }
        }
    }
}

#[inline(always)]
fn unary<S: Simd>(simd: S, (op, precision): (Unary, Precision), x: Slot, out: Slot, span: Span) {
    apply_unary!(op, precision, each_vector, simd, span, out, x);
}

#[inline(always)]
fn binary<S: Simd>(simd: S, (op, precision): (Binary, Precision), x: Slot, y: Slot, out: Slot, span: Span) {
    apply_binary!(op, precision, each_vector, simd, span, out, x, y);
}

#[inline(always)]
fn select<S: Simd>(simd: S, x: Slot, y: Slot, z: Slot, out: Slot, span: Span) {
    each_vector!(math::basic::select; simd, span, out, x, y, z);
}

#[inline(always)]
fn copy<S: Simd>(simd: S, x: Slot, out: Slot, span: Span) {
    each_vector!(std::convert::identity; simd, span, out, x);
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
