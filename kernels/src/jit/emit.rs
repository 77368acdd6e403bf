//! From a block to instructions: the choice of registers, in one pass.
//!
//! The code is straight, so the next use of every value is known: when registers run out, the value used last gives way
//! (Belady 1966). Constants and numbers spread over all lanes are operands in memory, which cost no register.

use super::assembler::{Assembler, FmaKind, Masking, Memory, Operand, Width, general::*};
use super::block::{Address, Arithmetic, Base, Block, Node, Predicate, Rounding, Uses, Value};

/// The mask of lanes in which a guard was true.
pub(super) const GUARDED: u8 = 7;

/// A routine's own room, in bytes, as it grows.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) len: i32,
    free_vectors: Vec<i32>,
    free_bytes: Vec<i32>,
}

impl Frame {
    /// Room for `vectors` vectors of eight.
    pub(super) fn vectors(&mut self, vectors: i32) -> i32 {
        let start = (self.len + 63) & !63;
        self.len = start + 64 * vectors;
        start
    }

    /// Room for `count` numbers.
    pub(super) fn numbers(&mut self, count: i32) -> i32 {
        let start = (self.len + 7) & !7;
        self.len = start + 8 * count;
        start
    }

    fn vector(&mut self) -> i32 {
        self.free_vectors.pop().unwrap_or_else(|| self.vectors(1))
    }

    fn byte(&mut self) -> i32 {
        self.free_bytes.pop().unwrap_or_else(|| self.numbers(1))
    }
}

/// Registers of one kind, and who lives in them.
#[derive(Debug)]
struct Bank {
    /// The first that can be used.
    first: usize,
    owners: Vec<Option<Value>>,
}

struct Emitter<'a> {
    assembler: &'a mut Assembler,
    frame: &'a mut Frame,
    block: &'a Block,
    uses: Uses,
    width: Width,
    vectors: Bank,
    masks: Bank,
    registers: Vec<Option<u8>>,
    spilled: Vec<Option<i32>>,
    /// Values that the instruction at hand needs where they are.
    pinned: Vec<Value>,
}

/// Writes a block. The register of [`GUARDED`] must hold a mask if the block has guards.
pub(super) fn emit(assembler: &mut Assembler, frame: &mut Frame, block: &Block, width: Width) {
    let count = block.nodes.len();
    let emitter = Emitter {
        assembler,
        frame,
        block,
        uses: block.uses(),
        width,
        vectors: Bank { first: 0, owners: vec![None; 32] },
        // The first cannot choose lanes, the last collects guards.
        masks: Bank { first: 1, owners: vec![None; 7] },
        registers: vec![None; count],
        spilled: vec![None; count],
        pinned: vec![],
    };
    emitter.run();
}

impl Emitter<'_> {
    fn run(mut self) {
        for at in 0..self.block.nodes.len() as Value {
            if self.uses.needed[at as usize] {
                self.node(at);
            }
        }
    }

    fn node(&mut self, at: Value) {
        self.pinned.clear();
        match self.block.nodes[at as usize] {
            // Read where they are used.
            Node::Constant(_)
            | Node::Vector(_)
            | Node::Spread(_)
            | Node::Load { .. }
            | Node::LoadNarrow { .. }
            | Node::Lanes(_) => return,
            Node::Binary(op, a, b) => self.binary(at, op, a, b),
            Node::Fma { negate_product, negate_addend, args } => {
                self.fma(at, FmaKind { negate_product, negate_addend }, args);
            }
            Node::Sqrt(x) => {
                let x = self.operand_of(at, x);
                let to = self.result(at);
                self.assembler.sqrt(self.width, to, x);
            }
            Node::SqrtSingle(x) => {
                let x = self.operand_of(at, x);
                let to = self.result(at);
                self.assembler.sqrt_single(self.width, to, x);
            }
            Node::Round(mode, x) => {
                let mode = match mode {
                    Rounding::Nearest => 0,
                    Rounding::Floor => 1,
                    Rounding::Ceil => 2,
                    Rounding::Trunc => 3,
                };
                let x = self.operand_of(at, x);
                let to = self.result(at);
                self.assembler.round(self.width, to, x, mode);
            }
            Node::ShiftLeft(bits, x) => {
                let x = self.register_of(at, x);
                let to = self.result(at);
                self.assembler.shift_left(self.width, to, x, bits);
            }
            Node::ShiftRight(bits, x) => {
                let x = self.register_of(at, x);
                let to = self.result(at);
                self.assembler.shift_right(self.width, to, x, bits);
            }
            Node::Upper { lanes, x } => {
                let x = self.register_of(at, x);
                let to = self.result(at);
                self.assembler.upper(lanes, to, x);
            }
            Node::Compare(predicate, a, b) => self.compare(at, predicate, a, b),
            Node::Both(a, b) => {
                let (a, b) = (self.mask(a), self.mask(b));
                self.release_operands(at);
                let to = self.result(at);
                self.assembler.mask_and(to, a, b);
            }
            Node::Either(a, b) => {
                let (a, b) = (self.mask(a), self.mask(b));
                self.release_operands(at);
                let to = self.result(at);
                self.assembler.mask_or(to, a, b);
            }
            Node::Neither(x) => {
                let x = self.mask(x);
                self.release_operands(at);
                let to = self.result(at);
                self.assembler.mask_not(to, x);
            }
            Node::Select { mask, yes, no } => self.select(at, mask, yes, no),
            Node::Permute { indices, x } => {
                let x = self.register(x);
                let to = self.result(at);
                self.release_operands(at);
                self.assembler.load(Width::Eight, to, Memory::Pool8(indices.map(u64::from)), Masking::None);
                self.assembler.permute(to, to, Operand::Register(x));
            }
            Node::Permute2 { indices, x, y } => {
                let left = self.register(x);
                let right = self.register(y);
                let to = self.result(at);
                self.release_operands(at);
                self.assembler.load(Width::Eight, to, Memory::Pool8(indices.map(u64::from)), Masking::None);
                self.assembler.permute2(to, left, Operand::Register(right));
            }
            Node::Store { to, x, mask } => {
                let x = self.register(x);
                let masking = self.masking(mask);
                self.release_operands(at);
                let to = self.memory(to);
                self.assembler.store(self.width, to, x, masking);
            }
            Node::StoreNarrow { to, x, mask } => {
                let x = self.register(x);
                let masking = self.masking(mask);
                let room = self.free_register(false);
                self.release_operands(at);
                let to = self.memory(to);
                self.assembler.store_narrow(self.width, to, x, room, masking);
            }
            Node::StoreFirst { to, x } => {
                let x = self.register_of(at, x);
                let to = self.memory(to);
                self.assembler.store_first(to, x);
            }
            Node::Prefetch(address) => {
                let memory = self.memory(address);
                self.assembler.prefetch(memory);
            }
            Node::Guard { x, mask } => {
                let (x, mask) = (self.mask(x), self.mask(mask));
                self.release_operands(at);
                let both = self.free_register(true);
                self.assembler.mask_and(both, x, mask);
                self.assembler.mask_or(GUARDED, GUARDED, both);
            }
        }
        self.pinned.clear();
    }

    fn binary(&mut self, at: Value, op: Arithmetic, mut a: Value, mut b: Value) {
        if op == Arithmetic::DivSingle {
            return self.div_single(at, a, b);
        }
        // The second operand may stay in memory.
        if op.commutes() && self.can_stay_in_memory(a) && !self.can_stay_in_memory(b) {
            std::mem::swap(&mut a, &mut b);
        }
        let left = self.register(a);
        let right = self.operand(b);
        self.release_operands(at);
        let to = self.result(at);
        let emit = match op {
            Arithmetic::Add => Assembler::add,
            Arithmetic::Sub => Assembler::sub,
            Arithmetic::Mul => Assembler::mul,
            Arithmetic::Div => Assembler::div,
            Arithmetic::DivSingle => unreachable!("takes a register more"),
            Arithmetic::Min => Assembler::min,
            Arithmetic::Max => Assembler::max,
            Arithmetic::Scale => Assembler::scale,
            Arithmetic::And => Assembler::and,
            Arithmetic::Or => Assembler::or,
            Arithmetic::Xor => Assembler::xor,
            Arithmetic::AddBits => Assembler::add_bits,
            Arithmetic::SubBits => Assembler::sub_bits,
        };
        emit(self.assembler, self.width, to, left, right);
    }

    fn div_single(&mut self, at: Value, a: Value, b: Value) {
        let left = self.register(a);
        let right = self.operand(b);
        let to = self.result(at);
        let room = self.free_register(false);
        self.release_operands(at);
        self.assembler.div_single(self.width, to, left, right, room);
    }

    /// The result takes the register of an operand: one that is not used again, or a copy.
    fn fma(&mut self, at: Value, kind: FmaKind, [mut a, mut b, c]: [Value; 3]) {
        if self.can_stay_in_memory(a) && !self.can_stay_in_memory(b) || !self.dies(at, a) && self.dies(at, b) {
            std::mem::swap(&mut a, &mut b);
        }
        if self.can_stay_in_memory(c) && !self.can_stay_in_memory(b) {
            let (left, right) = (self.register(a), self.register(b));
            let addend = self.operand(c);
            let to = self.take_over(at, a, left);
            self.assembler.fma213(self.width, kind, to, right, addend);
            return;
        }
        let left = self.register(a);
        let addend = self.register(c);
        let factor = self.operand(b);
        if self.dies(at, c) || !self.dies(at, a) {
            let to = self.take_over(at, c, addend);
            self.assembler.fma231(self.width, kind, to, left, factor);
        } else {
            let to = self.take_over(at, a, left);
            self.assembler.fma132(self.width, kind, to, addend, factor);
        }
    }

    /// Whether the instruction `at` is the last to use the value.
    fn dies(&self, at: Value, x: Value) -> bool {
        self.uses.next(x) == Some(at) && self.uses.left(x) == 1
    }

    /// The register of a result that starts as the value `x`.
    fn take_over(&mut self, at: Value, x: Value, register: u8) -> u8 {
        if self.dies(at, x) {
            self.release_operands(at);
            self.own(at, register);
            return register;
        }
        let to = self.result(at);
        self.assembler.copy(self.width, to, register, Masking::None);
        self.release_operands(at);
        to
    }

    fn compare(&mut self, at: Value, predicate: Predicate, mut a: Value, mut b: Value) {
        let swapped = self.can_stay_in_memory(a) && !self.can_stay_in_memory(b);
        if swapped {
            std::mem::swap(&mut a, &mut b);
        }
        let left = self.register(a);
        let right = self.operand(b);
        self.release_operands(at);
        let to = self.result(at);
        let code = match (predicate, swapped) {
            (Predicate::Equal, _) => 0x00,
            (Predicate::Unordered, _) => 0x03,
            (Predicate::Less, false) => 0x11,
            (Predicate::LessEqual, false) => 0x12,
            (Predicate::Less, true) => 0x1e,
            (Predicate::LessEqual, true) => 0x1d,
        };
        self.assembler.compare(self.width, to, left, right, code);
    }

    fn select(&mut self, at: Value, mask: Value, yes: Value, no: Value) {
        let mask = self.mask(mask);
        if self.block.nodes[no as usize] == Node::Constant(0) {
            match self.operand(yes) {
                Operand::Register(x) => {
                    self.release_operands(at);
                    let to = self.result(at);
                    self.assembler.copy(self.width, to, x, Masking::Zeroed(mask));
                }
                Operand::Broadcast(from) => {
                    self.release_operands(at);
                    let to = self.result(at);
                    self.assembler.spread(self.width, to, from, Masking::Zeroed(mask));
                }
                Operand::Vector(from) => {
                    self.release_operands(at);
                    let to = self.result(at);
                    self.assembler.load(self.width, to, from, Masking::Zeroed(mask));
                }
            }
            return;
        }
        let otherwise = self.register(no);
        let chosen = self.operand(yes);
        self.release_operands(at);
        let to = self.result(at);
        self.assembler.blend(self.width, to, mask, otherwise, chosen);
    }

    /// Whether an instruction can take the value from memory.
    fn can_stay_in_memory(&self, x: Value) -> bool {
        self.registers[x as usize].is_none()
            && match self.block.nodes[x as usize] {
                Node::Constant(_) | Node::Spread(_) => true,
                Node::Load { mask, .. } => mask.is_none() && self.width != Width::One && self.uses.left(x) == 1,
                Node::Vector(_) => true,
                _ => false,
            }
    }

    /// The value in a register or in memory. To be called after all others of an instruction: a pointer in rax lives until
    /// the next one.
    fn operand(&mut self, x: Value) -> Operand {
        if self.can_stay_in_memory(x) {
            match self.block.nodes[x as usize] {
                Node::Constant(bits) => return Operand::Broadcast(Memory::Pool(bits)),
                Node::Spread(from) => return Operand::Broadcast(self.memory(from)),
                Node::Load { from, .. } => return Operand::Vector(self.memory(from)),
                Node::Vector(number) => return Operand::Vector(self.known(number)),
                _ => {}
            }
        }
        Operand::Register(self.register(x))
    }

    /// [`Self::operand`] of an instruction with one operand.
    fn operand_of(&mut self, at: Value, x: Value) -> Operand {
        let operand = self.operand(x);
        self.release_operands(at);
        operand
    }

    fn register_of(&mut self, at: Value, x: Value) -> u8 {
        let register = self.register(x);
        self.release_operands(at);
        register
    }

    /// The value in a vector register, where it stays during this instruction.
    fn register(&mut self, x: Value) -> u8 {
        self.pinned.push(x);
        if let Some(register) = self.registers[x as usize] {
            return register;
        }
        let to = self.free_register(false);
        match (self.spilled[x as usize], self.block.nodes[x as usize]) {
            (Some(offset), _) => {
                let from = Memory::At { base: FRAME, index: None, offset };
                self.assembler.load(self.width, to, from, Masking::None);
            }
            (None, Node::Constant(0)) => self.assembler.xor(self.width, to, to, Operand::Register(to)),
            (None, Node::Constant(bits)) => self.assembler.spread(self.width, to, Memory::Pool(bits), Masking::None),
            (None, Node::Spread(from)) => {
                let from = self.memory(from);
                self.assembler.spread(self.width, to, from, Masking::None);
            }
            (None, Node::Load { from, mask }) => {
                let masking = self.masking(mask);
                let from = self.memory(from);
                self.assembler.load(self.width, to, from, masking);
            }
            (None, Node::LoadNarrow { from, mask }) => {
                let masking = self.masking(mask);
                let from = self.memory(from);
                self.assembler.load_narrow(self.width, to, from, masking);
            }
            (None, Node::Vector(number)) => {
                let from = self.known(number);
                self.assembler.load(self.width, to, from, Masking::None);
            }
            (None, node) => unreachable!("{node:?} has neither register nor room"),
        }
        self.own(x, to);
        to
    }

    fn known(&self, number: u32) -> Memory {
        Memory::Pool8(self.block.vectors[number as usize])
    }

    fn masking(&mut self, mask: Option<Value>) -> Masking {
        mask.map_or(Masking::None, |mask| Masking::Zeroed(self.mask(mask)))
    }

    fn own(&mut self, x: Value, register: u8) {
        self.bank(self.is_mask(x)).owners[usize::from(register)] = Some(x);
        self.registers[x as usize] = Some(register);
    }

    /// The register of the result of node `at`.
    fn result(&mut self, at: Value) -> u8 {
        self.pinned.push(at);
        let register = self.free_register(self.is_mask(at));
        self.own(at, register);
        register
    }

    /// Frees what the instruction `at` used for the last time.
    fn release_operands(&mut self, at: Value) {
        let (operands, count) = self.block.nodes[at as usize].operands();
        for &x in &operands[..count] {
            if self.uses.strike(x, at) {
                if let Some(register) = self.registers[x as usize].take() {
                    self.bank(self.is_mask(x)).owners[usize::from(register)] = None;
                }
                if let Some(offset) = self.spilled[x as usize].take() {
                    let free = if self.is_mask(x) { &mut self.frame.free_bytes } else { &mut self.frame.free_vectors };
                    free.push(offset);
                }
            }
        }
    }

    fn is_mask(&self, x: Value) -> bool {
        self.block.nodes[x as usize].is_mask()
    }

    fn bank(&mut self, of_masks: bool) -> &mut Bank {
        if of_masks { &mut self.masks } else { &mut self.vectors }
    }

    /// A register that nobody needs, emptied if there is none.
    fn free_register(&mut self, of_masks: bool) -> u8 {
        let bank = self.bank(of_masks);
        if let Some(free) = (bank.first..bank.owners.len()).find(|&register| bank.owners[register].is_none()) {
            return free as u8;
        }
        let (register, x) = self.victim(if of_masks { &self.masks } else { &self.vectors });
        let is_used = self.uses.next(x).is_some();
        if is_used && !self.block.nodes[x as usize].is_cheap() && self.spilled[x as usize].is_none() {
            let offset = if of_masks { self.frame.byte() } else { self.frame.vector() };
            self.spilled[x as usize] = Some(offset);
            if of_masks {
                self.assembler.mask_store(offset, register);
            } else {
                let to = Memory::At { base: FRAME, index: None, offset };
                self.assembler.store(self.width, to, register, Masking::None);
            }
        }
        self.registers[x as usize] = None;
        self.bank(of_masks).owners[usize::from(register)] = None;
        register
    }

    /// The register whose value is needed last, or not at all any more.
    fn victim(&self, bank: &Bank) -> (u8, Value) {
        let owners = bank.owners.iter().enumerate().filter_map(|(register, owner)| owner.map(|x| (register as u8, x)));
        let loose = owners.filter(|(_, x)| !self.pinned.contains(x));
        loose.max_by_key(|&(_, x)| self.uses.next(x).unwrap_or(Value::MAX)).expect("an instruction needs few registers")
    }

    /// The mask in a register of its own.
    fn mask(&mut self, x: Value) -> u8 {
        self.pinned.push(x);
        if let Some(register) = self.registers[x as usize] {
            return register;
        }
        let to = self.free_register(true);
        match (self.spilled[x as usize], self.block.nodes[x as usize]) {
            (Some(offset), _) => self.assembler.mask_load(to, offset),
            (None, Node::Lanes(lanes)) => self.assembler.mask_set(to, lanes),
            (None, node) => unreachable!("{node:?} has neither register nor room"),
        }
        self.own(x, to);
        to
    }

    /// The address as the processor takes it; a base that has no register goes through rax.
    fn memory(&mut self, address: Address) -> Memory {
        memory(self.assembler, address)
    }
}

/// The address as the processor takes it; a base that has no register goes through rax. The table of places is at rdi,
/// the first of them has a register.
fn memory(assembler: &mut Assembler, Address { base, index, offset }: Address) -> Memory {
    let base = match base {
        Base::Frame => FRAME,
        Base::Register(register) => register,
        Base::Place(0) => FIRST_PLACE,
        Base::Place(place) => {
            assembler.load_pointer(RAX, RDI, 8 * place as i32);
            RAX
        }
        Base::Absolute(address) => {
            assembler.move_constant(RAX, address);
            RAX
        }
    };
    Memory::At { base, index, offset }
}
