//! The instruction set that writes down what it is asked to do.
//!
//! The lane functions are written once over [`Simd`]. Called with [`Recorder`], they leave their instructions in a
//! [`Block`] instead of doing anything, so that compiled code computes exactly what the kernels do, bit for bit, and no
//! formula stands twice. Where a lane function takes another way for rare arguments ([`Lanes::any`]), the common way is
//! recorded, with a guard that gives up the run.

use super::block::{Arithmetic, Block, Node, Predicate, Rounding, Value, bits};
use crate::fused::Code;
use crate::math;
use crate::reduce::Reduce;
use crate::simd::{LANES, Lanes, Simd, Vector};
use crate::table::{Binary, Precision, Unary, apply_binary, apply_narrow_binary, apply_narrow_unary, apply_unary};
use std::cell::RefCell;

thread_local! {
    static BLOCK: RefCell<Block> = RefCell::new(Block::new(0));
}

/// The token, for lanes of f32 or of f64; its values are nodes of the block being recorded on this thread.
#[derive(Clone, Copy, Debug)]
struct Recorder<const NARROW: bool>;

fn recording<const NARROW: bool>(block: &mut Block, f: impl FnOnce() -> Vector<Recorder<NARROW>>) -> Value {
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
    ($lane:path; $narrow:literal, $($x:ident),+) => {{
        #[inline(never)]
        fn one($($x: Value),+) -> Vector<Recorder<$narrow>> {
            $lane($(Vector::new(Recorder, $x)),+)
        }
        one($($x),+)
    }};
}

/// Records an instruction.
pub(super) fn record(block: &mut Block, code: Code, [x, y, z]: [Value; 3]) -> Value {
    match (code, block.is_narrow) {
        (Code::Unary(op, precision), false) => recording(block, || apply_unary!(op, precision, call, false, x)),
        (Code::Unary(op, _), true) => recording(block, || apply_narrow_unary!(op, call, true, x)),
        (Code::Binary(op, precision), false) => recording(block, || apply_binary!(op, precision, call, false, x, y)),
        (Code::Binary(op, _), true) => recording(block, || apply_narrow_binary!(op, call, true, x, y)),
        (Code::Select, false) => recording(block, || call!(math::basic::select; false, x, y, z)),
        (Code::Select, true) => recording(block, || call!(math::basic::select; true, x, y, z)),
        (Code::Copy, _) => x,
    }
}

/// Records a step of a reduction.
pub(super) fn reduce(block: &mut Block, reduce: Reduce, x: Value, y: Value) -> Value {
    recording::<false>(block, || reduce.vectors(Vector::new(Recorder, x), Vector::new(Recorder, y)))
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

impl<const NARROW: bool> Lanes for Recorder<NARROW> {
    type F = Value;
    type U = Value;
    type M = Value;
    const IS_NARROW: bool = NARROW;

    fn splat(self, x: f64) -> Value {
        push(Node::Constant(bits(NARROW, x)))
    }
    fn splat_bits(self, x: u64) -> Value {
        push(Node::Constant(if NARROW { x & u64::from(u32::MAX) } else { x }))
    }
    fn to_bits(self, a: Value) -> Value {
        a
    }
    fn from_bits(self, a: Value) -> Value {
        a
    }
    arithmetic!(add Add, sub Sub, mul Mul, div Div, min Min, max Max, scale Scale);
    arithmetic!(add_bits AddBits, sub_bits SubBits, and_bits And, or_bits Or, xor_bits Xor);
    compare!(eq Equal, lt Less, le LessEqual, unordered Unordered);
    round!(round Nearest, floor Floor, ceil Ceil, trunc Trunc);
    fn fma(self, a: Value, b: Value, c: Value) -> Value {
        push(Node::Fma { negate_product: false, negate_addend: false, args: [a, b, c] })
    }
    fn sqrt(self, a: Value) -> Value {
        push(Node::Sqrt(a))
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
}

impl Simd for Recorder<false> {
    type F32 = Value;
    type Narrow = Recorder<true>;

    fn narrow(self) -> Recorder<true> {
        Recorder
    }
    arithmetic!(div_single DivSingle);
    fn sqrt_single(self, a: Value) -> Value {
        push(Node::SqrtSingle(a))
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
    unsafe fn load_f32(self, _: *const f32) -> Value {
        unrecorded()
    }
    unsafe fn store_f32(self, _: *mut f32, _: Value) {
        unrecorded()
    }
    unsafe fn load_partial_f32(self, _: *const f32, _: usize) -> Value {
        unrecorded()
    }
    unsafe fn store_partial_f32(self, _: *mut f32, _: usize, _: Value) {
        unrecorded()
    }
    fn unzip(self, _: Value) -> Value {
        unrecorded()
    }
    unsafe fn store_halves(self, _: *mut f32, _: *mut f32, _: Value) {
        unrecorded()
    }
    fn totals_f32(self, _: [Value; 8]) -> [f32; 8] {
        unrecorded()
    }
}
