//! The instruction set that writes down what it is asked to do.
//!
//! The lane functions are written once over [`Simd`]. Called with [`Recorder`], they leave their instructions in a
//! [`Block`] instead of doing anything, so that compiled code computes exactly what the kernels do, bit for bit, and no
//! formula stands twice. Where a lane function takes another way for rare arguments ([`Simd::any`]), the common way is
//! recorded, with a guard that gives up the run.

use super::block::{Arithmetic, Block, Node, Predicate, Rounding, Value};
use crate::fused::Code;
use crate::math;
use crate::reduce::Reduce;
use crate::simd::{LANES, Simd, Vector};
use crate::table::{Binary, Precision, Unary, apply_binary, apply_unary};
use std::cell::RefCell;

thread_local! {
    static BLOCK: RefCell<Block> = RefCell::new(Block::new(0));
}

/// The token; its values are nodes of the block being recorded on this thread.
#[derive(Clone, Copy, Debug)]
struct Recorder;

type Recorded = Vector<Recorder>;

fn recording(block: &mut Block, f: impl FnOnce() -> Recorded) -> Value {
    BLOCK.with_borrow_mut(|current| std::mem::swap(current, block));
    let result = f();
    BLOCK.with_borrow_mut(|current| std::mem::swap(current, block));
    result.lanes
}

fn push(node: Node) -> Value {
    BLOCK.with_borrow_mut(|block| block.push(node))
}

/// Each lane function has a stack frame of its own, see the interpreter.
macro_rules! call {
    ($lane:path; $($x:ident),+) => {{
        #[inline(never)]
        fn one($($x: Value),+) -> Recorded {
            $lane($(Vector::new(Recorder, $x)),+)
        }
        one($($x),+)
    }};
}

/// Records an instruction.
pub(super) fn record(block: &mut Block, code: Code, [x, y, z]: [Value; 3]) -> Value {
    match code {
        Code::Unary(op, precision) => recording(block, || apply_unary!(op, precision, call, x)),
        Code::Binary(op, precision) => recording(block, || apply_binary!(op, precision, call, x, y)),
        Code::Select => recording(block, || call!(math::basic::select; x, y, z)),
        Code::Copy => x,
    }
}

/// Records a step of a reduction.
pub(super) fn reduce(block: &mut Block, reduce: Reduce, x: Value, y: Value) -> Value {
    recording(block, || reduce.vectors(Vector::new(Recorder, x), Vector::new(Recorder, y)))
}

macro_rules! arithmetic {
    ($($method:ident $op:ident),*) => { $(
        fn $method(self, a: Value, b: Value) -> Value {
            push(Node::Binary(Arithmetic::$op, a, b))
        }
    )* };
}

macro_rules! compare {
    ($($method:ident $predicate:ident),*) => { $(
        fn $method(self, a: Value, b: Value) -> Value {
            push(Node::Compare(Predicate::$predicate, a, b))
        }
    )* };
}

macro_rules! round {
    ($($method:ident $mode:ident),*) => { $(
        fn $method(self, a: Value) -> Value {
            push(Node::Round(Rounding::$mode, a))
        }
    )* };
}

/// What lane functions do not do on their common way.
fn unrecorded() -> ! {
    unreachable!("a lane function moves lanes, or reads or writes memory")
}

impl Simd for Recorder {
    type F = Value;
    type U = Value;
    type M = Value;
    type F32 = ();

    fn splat(self, x: f64) -> Value {
        push(Node::Constant(x.to_bits()))
    }
    fn splat_bits(self, x: u64) -> Value {
        push(Node::Constant(x))
    }
    fn to_bits(self, a: Value) -> Value {
        a
    }
    fn from_bits(self, a: Value) -> Value {
        a
    }
    arithmetic!(add Add, sub Sub, mul Mul, div Div, div_single DivSingle, min Min, max Max, scale Scale);
    arithmetic!(add_bits AddBits, sub_bits SubBits, and_bits And, or_bits Or, xor_bits Xor);
    compare!(eq Equal, lt Less, le LessEqual, unordered Unordered);
    round!(round Nearest, floor Floor, ceil Ceil, trunc Trunc);
    fn fma(self, a: Value, b: Value, c: Value) -> Value {
        push(Node::Fma { negate_product: false, negate_addend: false, args: [a, b, c] })
    }
    fn sqrt(self, a: Value) -> Value {
        push(Node::Sqrt(a))
    }
    fn sqrt_single(self, a: Value) -> Value {
        push(Node::SqrtSingle(a))
    }
    fn shl_bits<const N: u32>(self, a: Value) -> Value {
        push(Node::ShiftLeft(N as u8, a))
    }
    fn shr_bits<const N: u32>(self, a: Value) -> Value {
        push(Node::ShiftRight(N as u8, a))
    }
    fn and(self, a: Value, b: Value) -> Value {
        push(Node::Both(a, b))
    }
    fn or(self, a: Value, b: Value) -> Value {
        push(Node::Either(a, b))
    }
    fn not(self, a: Value) -> Value {
        push(Node::Neither(a))
    }
    fn any(self, x: Value) -> bool {
        BLOCK.with_borrow_mut(|block| {
            let mask = block.push(Node::Lanes(block.lanes));
            block.push(Node::Guard { x, mask })
        });
        false
    }
    fn select(self, mask: Value, yes: Value, no: Value) -> Value {
        push(Node::Select { mask, yes, no })
    }

    unsafe fn load(self, _: *const f64) -> Value {
        unrecorded()
    }
    unsafe fn store(self, _: *mut f64, _: Value) {
        unrecorded()
    }
    unsafe fn load_partial(self, _: *const f64, _: usize) -> Value {
        unrecorded()
    }
    unsafe fn store_partial(self, _: *mut f64, _: usize, _: Value) {
        unrecorded()
    }
    unsafe fn load_widen(self, _: *const f32) -> Value {
        unrecorded()
    }
    unsafe fn load_widen_partial(self, _: *const f32, _: usize) -> Value {
        unrecorded()
    }
    unsafe fn store_narrow(self, _: *mut f32, _: Value) {
        unrecorded()
    }
    fn to_array(self, _: Value) -> [f64; LANES] {
        unrecorded()
    }
    fn from_array(self, _: [f64; LANES]) -> Value {
        unrecorded()
    }
    fn transpose(self, _: [Value; LANES]) -> [Value; LANES] {
        unrecorded()
    }
    fn splat_f32(self, _: f32) {
        unrecorded()
    }
    unsafe fn load_f32(self, _: *const f32) {
        unrecorded()
    }
    unsafe fn store_f32(self, _: *mut f32, _: ()) {
        unrecorded()
    }
    unsafe fn load_partial_f32(self, _: *const f32, _: usize) {
        unrecorded()
    }
    unsafe fn store_partial_f32(self, _: *mut f32, _: usize, _: ()) {
        unrecorded()
    }
    fn add_f32(self, (): (), (): ()) {
        unrecorded()
    }
    fn sub_f32(self, (): (), (): ()) {
        unrecorded()
    }
    fn mul_f32(self, (): (), (): ()) {
        unrecorded()
    }
    fn fma_f32(self, (): (), (): (), (): ()) {
        unrecorded()
    }
    fn unzip(self, _: Value) {
        unrecorded()
    }
    unsafe fn store_halves(self, _: *mut f32, _: *mut f32, (): ()) {
        unrecorded()
    }
    fn totals_f32(self, _: [(); 8]) -> [f32; 8] {
        unrecorded()
    }
}
