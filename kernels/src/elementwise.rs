//! Elementwise kernels over whole slices.

use crate::fused::{Code, Instruction};
use crate::interpreter::{Slot, Span, execute};
use crate::isa::{Isa, Kernel};
use crate::linalg::Real;
use crate::reduce::CHUNK;
use crate::simd::{AHEAD, LANES, Simd};
use crate::table::{Binary, Precision, Unary};
use rayon::prelude::*;

/// Slices of at least twice this many elements are shared between threads, in pieces of this size. At that length two
/// threads of a two-core AVX-512 machine took 38 us instead of 78 for the exponential, and 13 instead of 40 for a negation.
const PIECE: usize = 1 << 16;

/// A type of element that the kernels compute in: f64, or f32 (widened to f64 lane by lane and narrowed at the end).
pub trait Element: Real + sealed::Element {}
impl Element for f64 {}
impl Element for f32 {}

/// An argument of an elementwise kernel.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a, T> {
    /// One value an element; as long as the output.
    Slice(&'a [T]),
    /// The same value for all elements.
    Splat(T),
}

impl<T: Copy> Operand<'_, T> {
    /// The operand for elements `start..end`.
    #[inline]
    fn part(self, start: usize, end: usize) -> Self {
        match self {
            Operand::Slice(x) => Operand::Slice(&x[start..end]),
            Operand::Splat(x) => Operand::Splat(x),
        }
    }

    #[track_caller]
    fn check(self, len: usize) {
        if let Operand::Slice(x) = self {
            assert_eq!(x.len(), len, "elementwise: an argument and the output differ in length");
        }
    }
}

/// `out[i] = op(x[i])`.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn unary<T: Element>(op: Unary, x: &[T], out: &mut [T]) {
    unary_on(Isa::detect(), op, x, out);
}

/// [`unary`] on a given instruction set.
///
/// # Panics
/// If the lengths differ or the machine lacks the instruction set.
#[track_caller]
pub fn unary_on<T: Element>(isa: Isa, op: Unary, x: &[T], out: &mut [T]) {
    run(isa, Code::Unary(op, T::PRECISION), [Operand::Slice(x)], out);
}

/// `out[i] = op(x[i], y[i])`.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn binary<T: Element>(op: Binary, x: Operand<T>, y: Operand<T>, out: &mut [T]) {
    binary_on(Isa::detect(), op, x, y, out);
}

/// [`binary`] on a given instruction set.
///
/// # Panics
/// If the lengths differ or the machine lacks the instruction set.
#[track_caller]
pub fn binary_on<T: Element>(isa: Isa, op: Binary, x: Operand<T>, y: Operand<T>, out: &mut [T]) {
    run(isa, Code::Binary(op, T::PRECISION), [x, y], out);
}

/// `out[i] = if condition[i] != 0 { a[i] } else { b[i] }`; a NaN condition counts as true.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn select<T: Element>(condition: Operand<T>, a: Operand<T>, b: Operand<T>, out: &mut [T]) {
    select_on(Isa::detect(), condition, a, b, out);
}

/// [`select`] on a given instruction set.
///
/// # Panics
/// If the lengths differ or the machine lacks the instruction set.
#[track_caller]
pub fn select_on<T: Element>(isa: Isa, condition: Operand<T>, a: Operand<T>, b: Operand<T>, out: &mut [T]) {
    run(isa, Code::Select, [condition, a, b], out);
}

#[track_caller]
fn run<T: Element, const N: usize>(isa: Isa, code: Code, args: [Operand<T>; N], out: &mut [T]) {
    for arg in args {
        arg.check(out.len());
    }
    if out.len() < 2 * PIECE {
        return T::apply(isa, code, args, out);
    }
    out.par_chunks_mut(PIECE).enumerate().for_each(|(i, out)| {
        let start = i * PIECE;
        let end = start + out.len();
        T::apply(isa, code, args.map(|arg| arg.part(start, end)), out);
    });
}

/// The arguments are registers `0..N`, the output is register `N`.
fn instruction<const N: usize>(code: Code) -> Instruction {
    Instruction { code, dst: N as u16, args: std::array::from_fn(|i| i.min(N - 1) as u16) }
}

mod sealed {
    use super::*;

    /// The part of an element type that stays inside the crate.
    pub trait Element: Sized {
        /// Applies one instruction; slices are as long as `out`.
        fn apply<const N: usize>(isa: Isa, code: Code, args: [Operand<Self>; N], out: &mut [Self]);
        /// Calls `visit` with consecutive parts of the slice, in order, as f64: [`CHUNK`] long, the last one maybe shorter.
        fn chunks(isa: Isa, x: &[Self], visit: impl FnMut(&[f64]));
        /// To nearest.
        fn from_f64(x: f64) -> Self;
        /// Exact.
        fn into_f64(self) -> f64;
        /// Of what elementwise kernels compute.
        const PRECISION: Precision;
        /// Whether the type is f64 itself.
        const IS_F64: bool;
        /// `len` elements as f64: where they are, or in the buffer.
        ///
        /// # Safety
        /// `x` must be readable for `len <= CHUNK` elements.
        unsafe fn widened(isa: Isa, x: *const Self, len: usize, buffer: &mut [f64; CHUNK]) -> *const f64;
        /// Exact; as many as `x` is long.
        fn widen(isa: Isa, x: &[Self], to: &mut [f64]);
        /// Rounds each value to nearest; as many as `out` is long.
        fn rounded(isa: Isa, x: &[f64], out: &mut [Self]);
    }

    impl Element for f64 {
        #[inline]
        fn apply<const N: usize>(isa: Isa, code: Code, args: [Operand<f64>; N], out: &mut [f64]) {
            let code = [instruction::<N>(code)];
            let whole = out.len() / LANES;
            let rest = out.len() % LANES;
            let done = whole * LANES;
            let mut spread = [[0.0; LANES]; N];
            let mut slots = [Slot { pointer: out.as_mut_ptr(), step: LANES }; 4];
            for i in 0..N {
                slots[i] = match args[i] {
                    Operand::Slice(x) => Slot { pointer: x.as_ptr().cast_mut(), step: LANES },
                    Operand::Splat(x) => {
                        spread[i] = [x; LANES];
                        Slot { pointer: spread[i].as_mut_ptr(), step: 0 }
                    }
                };
            }
            slots[N] = Slot { pointer: out.as_mut_ptr(), step: LANES };
            let ahead = if out.len() >= PIECE { AHEAD } else { 0 };
            // SAFETY: slices are as long as the output; spread values are one vector with step zero.
            unsafe { execute(isa, &code, &slots, Span { vectors: whole, ahead }) };
            if rest > 0 {
                for i in 0..N {
                    if let Operand::Slice(x) = args[i] {
                        spread[i] = [x[done]; LANES];
                        spread[i][..rest].copy_from_slice(&x[done..]);
                        slots[i].pointer = spread[i].as_mut_ptr();
                    }
                }
                let mut last = [0.0; LANES];
                slots[N].pointer = last.as_mut_ptr();
                // SAFETY: all slots are arrays of one vector.
                unsafe { execute(isa, &code, &slots, Span { vectors: 1, ahead: 0 }) };
                out[done..].copy_from_slice(&last[..rest]);
            }
        }

        #[inline]
        fn chunks(_: Isa, x: &[f64], visit: impl FnMut(&[f64])) {
            x.chunks(CHUNK).for_each(visit);
        }

        #[inline]
        fn from_f64(x: f64) -> f64 {
            x
        }

        #[inline]
        fn into_f64(self) -> f64 {
            self
        }

        const PRECISION: Precision = Precision::Double;
        const IS_F64: bool = true;

        unsafe fn widened(_: Isa, x: *const f64, _: usize, _: &mut [f64; CHUNK]) -> *const f64 {
            x
        }

        fn widen(_: Isa, x: &[f64], to: &mut [f64]) {
            to[..x.len()].copy_from_slice(x);
        }

        fn rounded(_: Isa, x: &[f64], out: &mut [f64]) {
            out.copy_from_slice(x);
        }
    }

    impl Element for f32 {
        fn apply<const N: usize>(isa: Isa, code: Code, args: [Operand<f32>; N], out: &mut [f32]) {
            let mut wide = [[0.0; CHUNK]; N];
            let mut result = [0.0; CHUNK];
            for (i, out) in out.chunks_mut(CHUNK).enumerate() {
                let start = i * CHUNK;
                let end = start + out.len();
                let result = &mut result[..out.len()];
                for (wide, arg) in wide.iter_mut().zip(args) {
                    if let Operand::Slice(x) = arg {
                        widen(isa, &x[start..end], wide);
                    }
                }
                let args = std::array::from_fn::<_, N, _>(|i| match args[i] {
                    Operand::Slice(_) => Operand::Slice(&wide[i][..out.len()]),
                    Operand::Splat(x) => Operand::Splat(f64::from(x)),
                });
                f64::apply(isa, code, args, result);
                narrow(isa, result, out);
            }
        }

        fn chunks(isa: Isa, x: &[f32], mut visit: impl FnMut(&[f64])) {
            let mut wide = [0.0; CHUNK];
            for x in x.chunks(CHUNK) {
                widen(isa, x, &mut wide);
                visit(&wide[..x.len()]);
            }
        }

        #[inline]
        fn from_f64(x: f64) -> f32 {
            x as f32
        }

        #[inline]
        fn into_f64(self) -> f64 {
            f64::from(self)
        }

        const PRECISION: Precision = Precision::Single;
        const IS_F64: bool = false;

        unsafe fn widened(isa: Isa, x: *const f32, len: usize, buffer: &mut [f64; CHUNK]) -> *const f64 {
            // SAFETY: the caller's promise.
            widen(isa, unsafe { std::slice::from_raw_parts(x, len) }, buffer);
            buffer.as_ptr()
        }

        fn widen(isa: Isa, x: &[f32], to: &mut [f64]) {
            widen(isa, x, to);
        }

        fn rounded(isa: Isa, x: &[f64], out: &mut [f32]) {
            narrow(isa, x, out);
        }
    }
}

/// The numbers of `from`, to the front of `to`.
pub(crate) fn widen(isa: Isa, from: &[f32], to: &mut [f64]) {
    isa.run(Widen { from, to: &mut to[..from.len()] });
}

/// The numbers rounded to f32.
pub(crate) fn narrow(isa: Isa, from: &[f64], to: &mut [f32]) {
    isa.run(Narrow { from, to });
}

struct Widen<'a> {
    from: &'a [f32],
    to: &'a mut [f64],
}

impl Kernel for Widen<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (from, from_rest) = self.from.as_chunks::<LANES>();
        let (to, to_rest) = self.to.as_chunks_mut::<LANES>();
        for (from, to) in from.iter().zip(to) {
            // SAFETY: arrays of eight.
            unsafe { simd.store(to.as_mut_ptr(), simd.load_widen(from.as_ptr())) }
        }
        for (from, to) in from_rest.iter().zip(to_rest) {
            *to = f64::from(*from);
        }
    }
}

struct Narrow<'a> {
    from: &'a [f64],
    to: &'a mut [f32],
}

impl Kernel for Narrow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (from, from_rest) = self.from.as_chunks::<LANES>();
        let (to, to_rest) = self.to.as_chunks_mut::<LANES>();
        for (from, to) in from.iter().zip(to) {
            // SAFETY: arrays of eight.
            unsafe { simd.store_narrow(to.as_mut_ptr(), simd.load(from.as_ptr())) }
        }
        for (from, to) in from_rest.iter().zip(to_rest) {
            *to = *from as f32;
        }
    }
}
