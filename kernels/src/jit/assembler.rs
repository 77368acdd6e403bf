//! The encoder: x86-64 instructions as bytes (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2).
//!
//! Only what the compiler emits is here: AVX-512 vectors of 128 or 512 bits (EVEX prefix), masks (VEX prefix), and a
//! few instructions on general registers.

use super::block::Index;
use rustc_hash::FxHashMap;

/// General registers by number.
pub(super) mod general {
    pub(in crate::jit) const RAX: u8 = 0;
    pub(in crate::jit) const RCX: u8 = 1;
    pub(in crate::jit) const RDX: u8 = 2;
    pub(in crate::jit) const RBX: u8 = 3;
    pub(in crate::jit) const RSP: u8 = 4;
    pub(in crate::jit) const RBP: u8 = 5;
    pub(in crate::jit) const RSI: u8 = 6;
    pub(in crate::jit) const RDI: u8 = 7;
    pub(in crate::jit) const R12: u8 = 12;
    pub(in crate::jit) const R13: u8 = 13;
    pub(in crate::jit) const R14: u8 = 14;
    pub(in crate::jit) const R15: u8 = 15;
    /// Holds the start of the routine's own room.
    pub(in crate::jit) const FRAME: u8 = RBP;
    /// Holds the first of the places.
    pub(in crate::jit) const FIRST_PLACE: u8 = RSI;
}
use general::*;

/// How many lanes a vector instruction works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// One f64 in a 128-bit register; the second lane is not looked at.
    One,
    /// Four f64.
    Four,
    /// Eight f64.
    Eight,
    /// Sixteen f32.
    Sixteen,
}

impl Width {
    fn bits(self) -> u8 {
        match self {
            Width::One => 0,
            Width::Four => 1,
            Width::Eight | Width::Sixteen => 2,
        }
    }

    /// The width in which as many f32 lie.
    fn halved(self) -> Width {
        match self {
            Width::One | Width::Four => Width::One,
            Width::Eight => Width::Four,
            Width::Sixteen => unreachable!("they are f32"),
        }
    }

    /// Bytes of a number.
    fn number(self) -> i32 {
        if self == Width::Sixteen { 4 } else { 8 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// A constant of the routine.
    Pool(u64),
    /// Eight constants side by side.
    Pool8([u64; 8]),
    At {
        base: u8,
        index: Option<Index>,
        offset: i32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Register(u8),
    /// As many numbers as there are lanes.
    Vector(Memory),
    /// One number for all lanes.
    Broadcast(Memory),
}

/// Opcode maps.
#[derive(Clone, Copy, Debug)]
enum Map {
    M0F = 1,
    M0F38 = 2,
    M0F3A = 3,
}

/// An instruction with an EVEX prefix.
#[derive(Clone, Copy, Debug)]
struct Opcode {
    map: Map,
    /// The implied prefix: 1 is 66, 2 is F3, 3 is F2.
    prefix: u8,
    code: u8,
    /// Whether it is about f64: the bit W.
    is_double: bool,
    reach: Reach,
    /// Prefix and code of the same on f32, which a width of sixteen takes.
    narrow: (u8, u8),
}

impl Opcode {
    /// With another code on f32.
    const fn or(self, code: u8) -> Opcode {
        Opcode { narrow: (self.prefix, code), ..self }
    }
}

/// How much of the memory an operand there is.
#[derive(Clone, Copy, Debug)]
enum Reach {
    /// As much as a register.
    Whole,
    /// Half as much.
    Half,
    /// One number.
    Number,
    /// So many bytes, whatever the width.
    Bytes(i32),
}

const fn packed(code: u8) -> Opcode {
    Opcode { map: Map::M0F, prefix: 1, code, is_double: true, reach: Reach::Whole, narrow: (0, code) }
}

const fn packed38(code: u8) -> Opcode {
    Opcode { map: Map::M0F38, ..packed(code).or(code) }
}

const fn packed3a(code: u8) -> Opcode {
    Opcode { map: Map::M0F3A, ..packed(code).or(code) }
}

/// Moves of one f64.
const fn single(code: u8) -> Opcode {
    Opcode { prefix: 3, reach: Reach::Bytes(8), ..packed(code) }
}

/// Conversions from f32, and moves of f32.
const fn narrow(code: u8, reach: Reach) -> Opcode {
    let prefix = if let Reach::Bytes(_) = reach { 2 } else { 0 };
    Opcode { prefix, is_double: false, reach, ..packed(code) }
}

/// Operations of f32 in registers.
const fn of_singles(code: u8) -> Opcode {
    Opcode { prefix: 0, is_double: false, ..packed(code) }
}

/// How a mask register takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Masking {
    None,
    /// Lanes outside of the mask are zeroed (of a store: left alone).
    Zeroed(u8),
    /// Chooses between the operands.
    Merged(u8),
}

/// A place in the code to which jumps go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label(usize);

#[derive(Debug, Default)]
pub(super) struct Assembler {
    code: Vec<u8>,
    pool: Vec<u64>,
    pool_places: FxHashMap<u64, usize>,
    pool8_places: FxHashMap<[u64; 8], usize>,
    /// Places of 32-bit offsets to constants, the end of their instruction, and the constant.
    pool_uses: Vec<(usize, usize, usize)>,
    labels: Vec<Option<usize>>,
    jumps: Vec<(usize, Label)>,
}

/// Conditions of jumps.
#[derive(Clone, Copy, Debug)]
pub(super) enum Condition {
    Below = 2,
    Equal = 4,
    NotEqual = 5,
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident $opcode:expr;)*) => { $(
        $(#[$doc])*
        pub(super) fn $name(&mut self, width: Width, to: u8, a: u8, b: Operand) {
            self.evex($opcode, width, to, a, b, Masking::None, None);
        }
    )* };
}

impl Assembler {
    /// The code with its constants behind it.
    pub(super) fn finish(mut self) -> Vec<u8> {
        for (at, label) in &self.jumps {
            let target = self.labels[label.0].expect("every label is placed");
            let offset = target as i64 - (*at as i64 + 4);
            self.code[*at..*at + 4].copy_from_slice(&(offset as i32).to_le_bytes());
        }
        self.code.resize(self.code.len().next_multiple_of(64), 0xcc);
        let pool = self.code.len();
        for (at, end, constant) in self.pool_uses {
            let offset = (pool + 8 * constant) as i64 - end as i64;
            self.code[at..at + 4].copy_from_slice(&(offset as i32).to_le_bytes());
        }
        self.code.extend(self.pool.iter().flat_map(|constant| constant.to_le_bytes()));
        self.code
    }

    fn constant(&mut self, bits: u64) -> usize {
        *self.pool_places.entry(bits).or_insert_with(|| {
            self.pool.push(bits);
            self.pool.len() - 1
        })
    }

    fn constants(&mut self, bits: [u64; 8]) -> usize {
        *self.pool8_places.entry(bits).or_insert_with(|| {
            // On a cache line, as the pool is.
            self.pool.resize(self.pool.len().next_multiple_of(8), 0);
            self.pool.extend(bits);
            self.pool.len() - 8
        })
    }

    binary! {
        add packed(0x58);
        sub packed(0x5c);
        mul packed(0x59);
        div packed(0x5e);
        min packed(0x5d);
        max packed(0x5f);
        scale packed38(0x2c);
        and packed(0x54);
        or packed(0x56);
        xor packed(0x57);
        add_bits packed(0xd4).or(0xfe);
        sub_bits packed(0xfb).or(0xfa);
    }

    /// `to = ± a to ± b`
    pub(super) fn fma213(&mut self, width: Width, kind: FmaKind, to: u8, a: u8, b: Operand) {
        self.evex(packed38(0xa8 + kind.code()), width, to, a, b, Masking::None, None);
    }

    /// `to = ± a b ± to`
    pub(super) fn fma231(&mut self, width: Width, kind: FmaKind, to: u8, a: u8, b: Operand) {
        self.evex(packed38(0xb8 + kind.code()), width, to, a, b, Masking::None, None);
    }

    /// `to = ± to b ± a`
    pub(super) fn fma132(&mut self, width: Width, kind: FmaKind, to: u8, a: u8, b: Operand) {
        self.evex(packed38(0x98 + kind.code()), width, to, a, b, Masking::None, None);
    }

    pub(super) fn sqrt(&mut self, width: Width, to: u8, x: Operand) {
        self.evex(packed(0x51), width, to, 0, x, Masking::None, None);
    }

    /// `to = a / b` in f32, for which `room` is.
    pub(super) fn div_single(&mut self, width: Width, to: u8, a: u8, b: Operand, room: u8) {
        self.evex(packed(0x5a), width, room, 0, b, Masking::None, None);
        self.evex(packed(0x5a), width, to, 0, Operand::Register(a), Masking::None, None);
        self.evex(of_singles(0x5e), width.halved(), to, to, Operand::Register(room), Masking::None, None);
        self.evex(of_singles(0x5a), width, to, 0, Operand::Register(to), Masking::None, None);
    }

    /// The square root in f32.
    pub(super) fn sqrt_single(&mut self, width: Width, to: u8, x: Operand) {
        self.evex(packed(0x5a), width, to, 0, x, Masking::None, None);
        self.evex(of_singles(0x51), width.halved(), to, 0, Operand::Register(to), Masking::None, None);
        self.evex(of_singles(0x5a), width, to, 0, Operand::Register(to), Masking::None, None);
    }

    /// Modes: 0 to nearest, 1 down, 2 up, 3 towards zero; without exceptions.
    pub(super) fn round(&mut self, width: Width, to: u8, x: Operand, mode: u8) {
        self.evex(packed3a(0x09).or(0x08), width, to, 0, x, Masking::None, Some(mode | 8));
    }

    pub(super) fn shift_left(&mut self, width: Width, to: u8, x: u8, bits: u8) {
        self.evex(packed(0x73).or(0x72), width, 6, to, Operand::Register(x), Masking::None, Some(bits));
    }

    pub(super) fn shift_right(&mut self, width: Width, to: u8, x: u8, bits: u8) {
        self.evex(packed(0x73).or(0x72), width, 2, to, Operand::Register(x), Masking::None, Some(bits));
    }

    /// Compares into a mask register by one of the 32 predicates.
    pub(super) fn compare(&mut self, width: Width, to: u8, a: u8, b: Operand, predicate: u8) {
        self.evex(packed(0xc2), width, to, a, b, Masking::None, Some(predicate));
    }

    /// `b` where the mask is set, `a` elsewhere.
    pub(super) fn blend(&mut self, width: Width, to: u8, mask: u8, a: u8, b: Operand) {
        self.evex(packed38(0x65), width, to, a, b, Masking::Merged(mask), None);
    }

    pub(super) fn copy(&mut self, width: Width, to: u8, from: u8, masking: Masking) {
        self.evex(packed(0x28), width, to, 0, Operand::Register(from), masking, None);
    }

    pub(super) fn load(&mut self, width: Width, to: u8, from: Memory, masking: Masking) {
        match width {
            Width::One => self.first(0x10, to, from),
            _ => self.evex(packed(0x10), width, to, 0, Operand::Vector(from), masking, None),
        }
    }

    pub(super) fn store(&mut self, width: Width, to: Memory, x: u8, masking: Masking) {
        match width {
            Width::One => self.store_first(to, x),
            // A store that leaves lanes alone is a merging one.
            _ => {
                let masking = if let Masking::Zeroed(mask) = masking { Masking::Merged(mask) } else { masking };
                self.evex(packed(0x11), width, x, 0, Operand::Vector(to), masking, None);
            }
        }
    }

    /// Loads f32 as f64.
    pub(super) fn load_narrow(&mut self, width: Width, to: u8, from: Memory, masking: Masking) {
        let (opcode, second) = match width {
            // The lanes behind the first are those of the second operand.
            Width::One => (narrow(0x5a, Reach::Bytes(4)), to),
            _ => (narrow(0x5a, Reach::Half), 0),
        };
        self.evex(opcode, width, to, second, Operand::Vector(from), masking, None);
    }

    /// Stores f64 as f32, which `room` is for; may be `x`.
    pub(super) fn store_narrow(&mut self, width: Width, to: Memory, x: u8, room: u8, masking: Masking) {
        let masking = if let Masking::Zeroed(mask) = masking { Masking::Merged(mask) } else { masking };
        let x = Operand::Register(x);
        match width {
            Width::One => {
                self.evex(single(0x5a), width, room, room, x, Masking::None, None);
                self.evex(narrow(0x11, Reach::Bytes(4)), width, room, 0, Operand::Vector(to), Masking::None, None);
            }
            Width::Four | Width::Sixteen => unreachable!("loops over lanes of f64 have eight"),
            Width::Eight => {
                self.evex(packed(0x5a), width, room, 0, x, Masking::None, None);
                self.evex(narrow(0x11, Reach::Whole), Width::Four, room, 0, Operand::Vector(to), masking, None);
            }
        }
    }

    pub(super) fn store_first(&mut self, to: Memory, x: u8) {
        self.first(0x11, x, to);
    }

    /// One number at an address, in all lanes.
    pub(super) fn spread(&mut self, width: Width, to: u8, from: Memory, masking: Masking) {
        let opcode = match width {
            // The second lane stays zero.
            Width::One if masking == Masking::None => single(0x10),
            Width::One => single(0x12),
            _ => Opcode { reach: Reach::Number, ..packed38(0x19).or(0x18) },
        };
        self.evex(opcode, width, to, 0, Operand::Vector(from), masking, None);
    }

    /// The upper half of a vector of the given width in lanes.
    pub(super) fn upper(&mut self, lanes: u8, to: u8, x: u8) {
        match lanes {
            8 => self.evex(packed3a(0x1b), Width::Eight, x, 0, Operand::Register(to), Masking::None, Some(1)),
            4 => self.evex(packed3a(0x19), Width::Four, x, 0, Operand::Register(to), Masking::None, Some(1)),
            _ => self.evex(packed(0x15), Width::One, to, x, Operand::Register(x), Masking::None, None),
        }
    }

    /// Lane `indices[i]` of x.
    pub(super) fn permute(&mut self, to: u8, indices: u8, x: Operand) {
        self.evex(packed38(0x16), Width::Eight, to, indices, x, Masking::None, None);
    }

    /// Lane `to[i]` of x, or from 8 on of y; takes the indices' place.
    pub(super) fn permute2(&mut self, to: u8, x: u8, y: Operand) {
        self.evex(packed38(0x77), Width::Eight, to, x, y, Masking::None, None);
    }

    /// Moves of one f64 between memory and the first lane.
    fn first(&mut self, code: u8, register: u8, memory: Memory) {
        self.evex(single(code), Width::One, register, 0, Operand::Vector(memory), Masking::None, None);
    }

    fn evex(
        &mut self,
        opcode: Opcode,
        width: Width,
        register: u8,
        second: u8,
        operand: Operand,
        masking: Masking,
        immediate: Option<u8>,
    ) {
        let (base, index) = match operand {
            // The fifth bit of a register goes where that of an index would.
            Operand::Register(rm) => (rm & 15, rm >> 1 & 8),
            Operand::Vector(Memory::At { base, index, .. }) | Operand::Broadcast(Memory::At { base, index, .. }) => {
                (base, index.map_or(0, |index| index.register))
            }
            Operand::Vector(_) | Operand::Broadcast(_) => (0, 0),
        };
        let inverted = |bit: u8, place: u8| (!bit & 1) << place;
        let (mask, zeroed) = match masking {
            Masking::None => (0, 0),
            Masking::Zeroed(mask) => (mask, 1),
            Masking::Merged(mask) => (mask, 0),
        };
        let broadcast = u8::from(matches!(operand, Operand::Broadcast(_)));
        let (prefix, code) = if width == Width::Sixteen { opcode.narrow } else { (opcode.prefix, opcode.code) };
        let is_double = opcode.is_double && width != Width::Sixteen;
        self.code.extend([
            0x62,
            inverted(register >> 3, 7)
                | inverted(index >> 3, 6)
                | inverted(base >> 3, 5)
                | inverted(register >> 4, 4)
                | opcode.map as u8,
            4 | u8::from(is_double) << 7 | (!second & 15) << 3 | prefix,
            zeroed << 7 | width.bits() << 5 | broadcast << 4 | inverted(second >> 4, 3) | mask,
            code,
        ]);
        match operand {
            Operand::Register(rm) => self.code.push(0xc0 | (register & 7) << 3 | rm & 7),
            Operand::Vector(memory) | Operand::Broadcast(memory) => {
                // What an offset of one byte counts.
                let scale = match opcode.reach {
                    _ if broadcast == 1 => width.number(),
                    Reach::Whole => 16 << width.bits(),
                    Reach::Half => 8 << width.bits(),
                    Reach::Number => width.number(),
                    Reach::Bytes(bytes) => bytes,
                };
                self.memory(register, memory, scale, u8::from(immediate.is_some()));
            }
        }
        self.code.extend(immediate);
    }

    /// The bytes that name a place in memory. `trailing`: bytes of the instruction that follow.
    fn memory(&mut self, register: u8, memory: Memory, scale: i32, trailing: u8) {
        let register = (register & 7) << 3;
        let (base, index, offset) = match memory {
            Memory::At { base, index, offset } => (base, index, offset),
            Memory::Pool(bits) => {
                let constant = self.constant(bits);
                return self.pooled(register, constant, trailing);
            }
            Memory::Pool8(bits) => {
                let constant = self.constants(bits);
                return self.pooled(register, constant, trailing);
            }
        };
        let short = (offset % scale == 0).then(|| i8::try_from(offset / scale).ok()).flatten();
        let mode = if short.is_some() { 0x40 } else { 0x80 };
        match index {
            Some(Index { register: index, scale }) => {
                self.code.extend([mode | register | 4, (scale as u8) << 6 | (index & 7) << 3 | base & 7]);
            }
            // The stack pointer and its twin can only be named with an index.
            None if base & 7 == RSP => self.code.extend([mode | register | 4, 0x24]),
            None => self.code.push(mode | register | base & 7),
        }
        match short {
            Some(short) => self.code.push(short as u8),
            None => self.code.extend(offset.to_le_bytes()),
        }
    }

    /// A constant as the operand, relative to the end of the instruction.
    fn pooled(&mut self, register: u8, constant: usize, trailing: u8) {
        self.code.push(register | 5);
        let at = self.code.len();
        self.code.extend([0; 4]);
        self.pool_uses.push((at, at + 4 + usize::from(trailing), constant));
    }

    /// VEX prefix of the operations on masks of sixteen bits, in two bytes.
    fn vex(&mut self, long: bool, second: u8, code: u8) {
        self.code.extend([0xc5, 0x80 | (!second & 15) << 3 | u8::from(long) << 2, code]);
    }

    pub(super) fn mask_and(&mut self, to: u8, a: u8, b: u8) {
        self.vex(true, a, 0x41);
        self.code.push(0xc0 | to << 3 | b);
    }

    pub(super) fn mask_or(&mut self, to: u8, a: u8, b: u8) {
        self.vex(true, a, 0x45);
        self.code.push(0xc0 | to << 3 | b);
    }

    pub(super) fn mask_xor(&mut self, to: u8, a: u8, b: u8) {
        self.vex(true, a, 0x47);
        self.code.push(0xc0 | to << 3 | b);
    }

    pub(super) fn mask_not(&mut self, to: u8, x: u8) {
        self.vex(false, 0, 0x44);
        self.code.push(0xc0 | to << 3 | x);
    }

    /// Stores a mask in two bytes of the frame.
    pub(super) fn mask_store(&mut self, offset: i32, x: u8) {
        self.vex(false, 0, 0x91);
        self.memory(x, Memory::At { base: FRAME, index: None, offset }, 1, 0);
    }

    pub(super) fn mask_load(&mut self, to: u8, offset: i32) {
        self.vex(false, 0, 0x90);
        self.memory(to, Memory::At { base: FRAME, index: None, offset }, 1, 0);
    }

    /// Sets a mask register; uses rax.
    pub(super) fn mask_set(&mut self, to: u8, mask: u16) {
        self.code.push(0xb8 + RAX);
        self.code.extend(u32::from(mask).to_le_bytes());
        self.vex(false, 0, 0x92);
        self.code.push(0xc0 | to << 3 | RAX);
    }

    /// Sets the zero flag if no bit of the mask is set.
    pub(super) fn mask_test(&mut self, x: u8) {
        self.vex(false, 0, 0x98);
        self.code.push(0xc0 | x << 3 | x);
    }

    /// Prefix for 64-bit operands: `register` in the reg field, `rm` in the other.
    fn rex(&mut self, register: u8, rm: u8) {
        self.code.push(0x48 | (register >> 3) << 2 | rm >> 3);
    }

    pub(super) fn move_constant(&mut self, to: u8, value: u64) {
        self.rex(0, to);
        self.code.push(0xb8 + (to & 7));
        self.code.extend(value.to_le_bytes());
    }

    pub(super) fn move_register(&mut self, to: u8, from: u8) {
        self.rex(from, to);
        self.code.extend([0x89, 0xc0 | (from & 7) << 3 | to & 7]);
    }

    /// `to = [base + offset]`
    pub(super) fn load_pointer(&mut self, to: u8, base: u8, offset: i32) {
        self.rex(to, base);
        self.code.push(0x8b);
        self.memory(to, Memory::At { base, index: None, offset }, 1, 0);
    }

    /// `to = base + offset`
    pub(super) fn address(&mut self, to: u8, base: u8, offset: i32) {
        self.rex(to, base);
        self.code.push(0x8d);
        self.memory(to, Memory::At { base, index: None, offset }, 1, 0);
    }

    /// Asks for the cache line at an address.
    ///
    /// # Panics
    /// If it is a constant's.
    pub(super) fn prefetch(&mut self, memory: Memory) {
        let Memory::At { base, index, .. } = memory else { panic!("constants are near") };
        let index = index.map_or(0, |index| index.register);
        self.code.extend([0x40 | index >> 3 << 1 | base >> 3, 0x0f, 0x18]);
        self.memory(1, memory, 1, 0);
    }

    pub(super) fn zero(&mut self, register: u8) {
        self.code.push(0x40 | (register >> 3) << 2 | register >> 3);
        self.code.extend([0x31, 0xc0 | (register & 7) << 3 | register & 7]);
    }

    /// An operation with a constant: 0 adds, 4 ands, 5 subtracts, 7 compares.
    fn with_constant(&mut self, operation: u8, register: u8, value: i32) {
        self.rex(0, register);
        self.code.extend([0x81, 0xc0 | operation << 3 | register & 7]);
        self.code.extend(value.to_le_bytes());
    }

    pub(super) fn add_constant(&mut self, register: u8, value: i32) {
        self.with_constant(0, register, value);
    }

    pub(super) fn and_constant(&mut self, register: u8, value: i32) {
        self.with_constant(4, register, value);
    }

    pub(super) fn compare_constant(&mut self, register: u8, value: i32) {
        self.with_constant(7, register, value);
    }

    pub(super) fn compare_registers(&mut self, a: u8, b: u8) {
        self.rex(b, a);
        self.code.extend([0x39, 0xc0 | (b & 7) << 3 | a & 7]);
    }

    pub(super) fn shift_right_register(&mut self, register: u8, bits: u8) {
        self.rex(0, register);
        self.code.extend([0xc1, 0xe8 | register & 7, bits]);
    }

    /// Sets the zero flag if the lowest bit of rax is clear.
    pub(super) fn test_lowest_bit(&mut self) {
        self.code.extend([0xa8, 1]);
    }

    pub(super) fn push(&mut self, register: u8) {
        self.code.extend([0x40 | register >> 3, 0x50 + (register & 7)]);
    }

    pub(super) fn pop(&mut self, register: u8) {
        self.code.extend([0x40 | register >> 3, 0x58 + (register & 7)]);
    }

    pub(super) fn zero_upper(&mut self) {
        self.code.extend([0xc5, 0xf8, 0x77]);
    }

    pub(super) fn return_(&mut self) {
        self.code.push(0xc3);
    }

    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    pub(super) fn place(&mut self, label: Label) {
        self.labels[label.0] = Some(self.code.len());
    }

    pub(super) fn here(&mut self) -> Label {
        let label = self.label();
        self.place(label);
        label
    }

    pub(super) fn jump(&mut self, to: Label) {
        self.code.push(0xe9);
        self.offset(to);
    }

    pub(super) fn jump_if(&mut self, condition: Condition, to: Label) {
        self.code.extend([0x0f, 0x80 + condition as u8]);
        self.offset(to);
    }

    fn offset(&mut self, to: Label) {
        self.jumps.push((self.code.len(), to));
        self.code.extend([0; 4]);
    }
}

/// Which signs a multiply-add takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct FmaKind {
    pub(super) negate_product: bool,
    pub(super) negate_addend: bool,
}

impl FmaKind {
    fn code(self) -> u8 {
        u8::from(self.negate_addend) * 2 + u8::from(self.negate_product) * 4
    }
}
