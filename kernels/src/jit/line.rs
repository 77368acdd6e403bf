//! Loops over one dimension: blocks of straight code with jumps around them.
//!
//! What is the same for all elements is computed first, one number at a time, and kept in the frame, from where the vector
//! code takes it as an operand. Spaces of a few vectors are straight code; longer ones are a loop over vectors and a
//! masked rest. Reductions follow the canonical order of [`reduce`](crate::reduce): vector `i` of a chunk goes to
//! accumulator `i mod 4`, and the results of chunks climb the tree of a binary counter.

use super::assembler::{Assembler, Condition, Label, Width, general::*};
use super::block::{Address, Base, Block, Index, Node, Scale, Value, bits, first};
use super::emit::{Frame, GUARDED, emit};
use super::record::{record, reduce};
use super::small::straight;
use crate::fused::{Instruction, Reduce};
use crate::reduce::CHUNK;
use crate::simd::{AHEAD, LANES, LANES_F32};

/// Accumulators of a reduction.
pub(super) const ACCUMULATORS: usize = 4;

/// Longer straight code becomes a loop.
const STRAIGHT_NODES: usize = 2048;

/// Lines from this length on ask for memory ahead: what they touch may be far.
const FAR: usize = 1 << 16;

/// Bytes of a vector.
const VECTOR: usize = 8 * LANES;

/// Bytes of a chunk of f32, which the counter of a loop counts: those of f64 are twice as many.
const NARROW_CHUNK: usize = 4 * CHUNK;

/// Longer lines would leave the range of 32-bit offsets.
const LONGEST: usize = i32::MAX as usize / 16;

/// Spaces of this many elements may be read and written in any layout, and reduced over any dimensions.
pub(crate) const SMALL: usize = 64;

/// An input of a loop.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// A number known now.
    Constant(f64),
    /// The number at a place, for all elements.
    Uniform(Spot),
    /// Element `i` is `i` places further.
    Varying(Spot),
    /// How far each element of a small space is from the spot.
    Scattered { from: Spot, places: Vec<usize> },
    /// The elements of a small space, known now.
    Known(Vec<f64>),
}

/// A place in memory: an offset in elements, which are f64 or f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spot {
    pub(crate) base: Base,
    pub(crate) offset: usize,
    pub(crate) narrow: bool,
}

/// An output, from a spot on.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) register: u16,
    pub(crate) to: Spot,
    pub(crate) form: Form,
}

/// What is written of a register.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// All elements side by side.
    Elements,
    /// How far each element of a small space is from the spot.
    Scattered(Vec<usize>),
    /// The reduction of all elements.
    Reduced(Reduce),
    /// The elements side by side, each reduced with what is there.
    Accumulated(Reduce),
    /// Reductions of parts of a small space.
    Grouped(Reduce, Vec<Group>),
}

/// The elements of one result, run by run, and how far it is from the output's spot.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) place: usize,
    pub(crate) runs: Vec<Vec<usize>>,
}

/// A loop over `len > 0` elements. Registers are numbered as in [`Loop`](crate::fused::Loop).
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) len: usize,
    /// For lanes of f32, in which all operations must exist: the registers that are the same for all elements of all rows, and
    /// so computed in f64. What is the same in this row only is rounded and computed in f32.
    pub(crate) narrow: Option<Vec<bool>>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) code: Vec<Instruction>,
    pub(crate) outputs: Vec<Output>,
}

impl Line {
    /// Whether all offsets are in range.
    pub(crate) fn is_supported(&self) -> bool {
        let near = |spot: &Spot| spot.offset < LONGEST;
        let inputs = self.inputs.iter().all(|input| match input {
            Input::Constant(_) | Input::Known(_) => true,
            Input::Uniform(spot) | Input::Varying(spot) => near(spot),
            Input::Scattered { from, places } => near(from) && places.iter().all(|&place| place < LONGEST),
        });
        let outputs = self.outputs.iter().all(|output| {
            near(&output.to)
                && match &output.form {
                    Form::Scattered(places) => places.iter().all(|&place| place < LONGEST),
                    Form::Grouped(_, groups) => groups.iter().all(|group| group.place < LONGEST),
                    Form::Accumulated(_) => self.len > 1,
                    Form::Elements | Form::Reduced(_) => true,
                }
        });
        let form = !self.is_narrow() || self.len >= LANES_F32 && !self.is_scattered();
        (1..LONGEST).contains(&self.len) && form && inputs && outputs
    }

    /// The loop with place `k` as `numbers[k]`.
    pub(crate) fn renumbered(&self, numbers: &[usize]) -> Line {
        let mut line = self.clone();
        let renumber = |base: &mut Base| {
            if let Base::Place(place) = base {
                *place = numbers[*place as usize] as u32;
            }
        };
        for input in &mut line.inputs {
            match input {
                Input::Constant(_) | Input::Known(_) => {}
                Input::Uniform(spot) | Input::Varying(spot) | Input::Scattered { from: spot, .. } => {
                    renumber(&mut spot.base);
                }
            }
        }
        line.outputs.iter_mut().for_each(|output| renumber(&mut output.to.base));
        line
    }

    /// Whether the loop must be straight code.
    fn is_scattered(&self) -> bool {
        let input = |input: &Input| matches!(input, Input::Scattered { .. } | Input::Known(_));
        let output = |output: &Output| matches!(output.form, Form::Scattered(_) | Form::Grouped(..));
        self.inputs.iter().any(input) || self.outputs.iter().any(output)
    }

    pub(super) fn vectors(&self) -> usize {
        self.len.div_ceil(LANES)
    }

    fn is_narrow(&self) -> bool {
        self.narrow.is_some()
    }

    /// Whether a loop in lanes of f32 computes the register in f64.
    fn is_once(&self, register: u16) -> bool {
        self.narrow.as_ref().is_some_and(|once| once[usize::from(register)])
    }

    /// Elements of a vector of the loop.
    fn lanes(&self) -> usize {
        if self.is_narrow() { LANES_F32 } else { LANES }
    }

    /// How much the counter grows from vector to vector.
    fn step(&self) -> usize {
        4 * self.lanes()
    }

    fn rest(&self) -> usize {
        self.len % self.lanes()
    }

    fn reductions(&self) -> impl Iterator<Item = (&Output, Reduce)> {
        self.outputs.iter().filter_map(|output| match output.form {
            Form::Reduced(operation) => Some((output, operation)),
            _ => None,
        })
    }

    fn accumulated(&self) -> impl Iterator<Item = (&Output, Reduce)> {
        self.outputs.iter().filter_map(|output| match output.form {
            Form::Accumulated(operation) => Some((output, operation)),
            _ => None,
        })
    }

    fn elementwise(&self) -> impl Iterator<Item = &Output> {
        self.outputs.iter().filter(|output| matches!(output.form, Form::Elements))
    }
}

impl Output {
    /// Whether it takes f64, as reductions do.
    fn is_wide(&self) -> bool {
        !self.to.narrow || !matches!(self.form, Form::Elements)
    }
}

impl Spot {
    /// The spot so many elements further.
    pub(super) fn moved(self, elements: usize) -> Spot {
        Spot { offset: self.offset + elements, ..self }
    }
}

pub(super) fn address(Spot { base, offset, narrow }: Spot) -> Address {
    let size = if narrow { size_of::<f32>() } else { size_of::<f64>() };
    Address { base, index: None, offset: (size * offset) as i32 }
}

/// A load from an address, in the type of the spot.
pub(super) fn load(spot: Spot, from: Address, mask: Option<Value>) -> Node {
    if spot.narrow { Node::LoadNarrow { from, mask } } else { Node::Load { from, mask } }
}

/// A store to an address in the type of the spot.
pub(super) fn store(spot: Spot, to: Address, x: Value, mask: Option<Value>) -> Node {
    if spot.narrow { Node::StoreNarrow { to, x, mask } } else { Node::Store { to, x, mask } }
}

fn in_frame(offset: i32) -> Address {
    Address { base: Base::Frame, index: None, offset }
}

/// For each register how a vector block gets it if it is the same for all elements.
pub(super) type Uniform = Vec<Option<Node>>;

/// Writes the code of a loop, which jumps to `give_up` if a guard fails.
pub(super) fn compile(assembler: &mut Assembler, frame: &mut Frame, line: &Line, give_up: Label) {
    let mut compiler = Compiler { assembler, frame, line, give_up, is_guarded: false, bases: vec![], rooms: vec![] };
    compiler.assembler.mask_xor(GUARDED, GUARDED, GUARDED);
    let uniform = compiler.uniform();
    if line.len > 1 {
        compiler.varying(&uniform);
    }
    compiler.check_guards();
}

struct Compiler<'a> {
    assembler: &'a mut Assembler,
    frame: &'a mut Frame,
    line: &'a Line,
    give_up: Label,
    /// Whether there are guards.
    is_guarded: bool,
    /// The bases that registers hold during a loop.
    bases: Vec<(Base, u8)>,
    /// In lanes of f32: where in the frame a vector of a register lies that goes to or comes from f64.
    rooms: Vec<(u16, i32)>,
}

impl Compiler<'_> {
    fn emit(&mut self, block: &Block, width: Width) {
        self.is_guarded |= block.nodes.iter().any(|node| matches!(node, Node::Guard { .. }));
        emit(self.assembler, self.frame, block, width);
    }

    fn check_guards(&mut self) {
        if self.is_guarded {
            self.assembler.mask_test(GUARDED);
            self.assembler.jump_if(Condition::NotEqual, self.give_up);
        }
    }

    /// Computes what is the same for all elements; for one element, everything.
    fn uniform(&mut self) -> Uniform {
        let line = self.line;
        let mut block = Block::new(1);
        let mut places: Uniform = vec![];
        for input in &line.inputs {
            places.push(match input {
                Input::Constant(x) => Some(Node::Constant(x.to_bits())),
                Input::Uniform(spot) if spot.narrow => Some(load(*spot, address(*spot), None)),
                Input::Uniform(spot) => Some(Node::Spread(address(*spot))),
                Input::Varying(_) | Input::Scattered { .. } | Input::Known(_) => None,
            });
        }
        let mut values: Vec<Option<Value>> = places.iter().map(|place| place.map(|node| block.push(node))).collect();
        for instruction in &line.code {
            let arity = instruction.code.arity();
            let args = instruction.args.map(|arg| values.get(usize::from(arg)).copied().flatten());
            let known =
                (!line.is_narrow() || line.is_once(instruction.dst)) && args[..arity].iter().all(Option::is_some);
            let value = known.then(|| record(&mut block, instruction.code, args.map(Option::unwrap_or_default)));
            assign(&mut values, instruction.dst, value);
        }
        if line.len == 1 {
            for output in &line.outputs {
                let mut x = values[usize::from(output.register)].expect("one element is the same for all");
                if let Form::Reduced(operation) = output.form {
                    let identity = block.constant(operation.identity());
                    x = reduce(&mut block, operation, x, identity);
                }
                let to = address(output.to);
                block.push(if output.to.narrow {
                    Node::StoreNarrow { to, x, mask: None }
                } else {
                    Node::StoreFirst { to, x }
                });
            }
        } else {
            self.keep_uniform(&mut block, &values, &mut places);
        }
        self.emit(&block, Width::One);
        places
    }

    /// Keeps in the frame what varying instructions and outputs need of the uniform values.
    fn keep_uniform(&mut self, block: &mut Block, values: &[Option<Value>], places: &mut Uniform) {
        let line = self.line;
        let is_uniform = |register: u16| values[usize::from(register)].is_some();
        let mut needed = vec![false; values.len()];
        for instruction in line.code.iter().filter(|instruction| !is_uniform(instruction.dst)) {
            instruction.args[..instruction.code.arity()].iter().for_each(|&arg| needed[usize::from(arg)] = true);
        }
        line.outputs.iter().for_each(|output| needed[usize::from(output.register)] = true);
        places.resize(values.len(), None);
        for (register, value) in values.iter().enumerate() {
            let Some(x) = *value else { continue };
            places[register] = Some(match block.nodes[x as usize] {
                Node::Constant(x) => Node::Constant(bits(line.is_narrow(), f64::from_bits(x))),
                Node::LoadNarrow { from, mask: None } if line.is_narrow() => Node::Spread(from),
                node @ Node::Spread(_) if !line.is_narrow() => node,
                _ if !needed[register] => continue,
                _ => {
                    let to = in_frame(self.frame.numbers(1));
                    let spot = Spot { base: to.base, offset: 0, narrow: line.is_narrow() };
                    block.push(if spot.narrow { store(spot, to, x, None) } else { Node::StoreFirst { to, x } });
                    Node::Spread(to)
                }
            });
        }
    }

    fn varying(&mut self, uniform: &Uniform) {
        if self.line.len <= SMALL && !self.line.is_narrow() {
            let block = straight(self.line, uniform);
            if block.nodes.len() <= STRAIGHT_NODES || self.line.is_scattered() {
                return self.emit(&block, Width::Eight);
            }
        }
        self.looped(uniform);
    }

    fn looped(&mut self, uniform: &Uniform) {
        let line = self.line;
        self.take_bases();
        self.take_rooms();
        self.assembler.zero(COUNTER);
        let reductions: Vec<Reducing> =
            line.reductions().map(|(output, operation)| self.reducing(output, operation)).collect();
        let whole_vectors = line.len / line.lanes() * line.step();
        if reductions.is_empty() || line.len <= CHUNK {
            self.start(&reductions);
            if whole_vectors > 0 {
                self.until(whole_vectors, uniform, &reductions);
            }
            self.last(uniform, &reductions);
            return self.finish(&reductions, 0);
        }
        // Chunk after chunk; the rest is a chunk of its own.
        let whole_chunks = line.len / CHUNK;
        self.assembler.zero(LIMIT);
        let next = self.assembler.here();
        self.assembler.add_constant(LIMIT, NARROW_CHUNK as i32);
        self.start(&reductions);
        self.each(uniform, &reductions, |assembler| assembler.compare_registers(COUNTER, LIMIT));
        reductions.iter().for_each(|reducing| self.climb(reducing));
        self.assembler.compare_constant(COUNTER, (whole_chunks * NARROW_CHUNK) as i32);
        self.assembler.jump_if(Condition::Below, next);
        if line.len.is_multiple_of(CHUNK) {
            return self.finish(&reductions, whole_chunks);
        }
        self.start(&reductions);
        if whole_vectors > whole_chunks * NARROW_CHUNK {
            self.until(whole_vectors, uniform, &reductions);
        }
        self.last(uniform, &reductions);
        self.finish(&reductions, whole_chunks);
    }

    /// Gives the bases of varying inputs and outputs registers, as far as there are any.
    fn take_bases(&mut self) {
        let inputs = self.line.inputs.iter().filter_map(|input| match input {
            Input::Varying(spot) => Some(spot.base),
            _ => None,
        });
        let outputs = self.line.elementwise().chain(self.line.accumulated().map(|(output, _)| output));
        for base in inputs.chain(outputs.map(|output| output.to.base)) {
            if self.bases.len() == BASES.len() {
                break;
            }
            if self.bases.iter().any(|(other, _)| *other == base) {
                continue;
            }
            let register = BASES[self.bases.len()];
            match base {
                Base::Place(0) => continue,
                Base::Place(place) => self.assembler.load_pointer(register, RDI, 8 * place as i32),
                Base::Absolute(address) => self.assembler.move_constant(register, address),
                // These have one.
                Base::Frame | Base::Register(_) => continue,
            }
            self.bases.push((base, register));
        }
    }

    /// In lanes of f32, gives what is f64 in memory or is reduced a room in the frame.
    fn take_rooms(&mut self) {
        if !self.line.is_narrow() {
            return;
        }
        let inputs = self.line.inputs.iter().enumerate().filter_map(|(register, input)| match input {
            Input::Varying(spot) if !spot.narrow => Some(register as u16),
            _ => None,
        });
        let outputs = self.line.outputs.iter().filter(|output| output.is_wide()).map(|output| output.register);
        let mut registers: Vec<u16> = inputs.chain(outputs).collect();
        registers.sort_unstable();
        registers.dedup();
        self.rooms = registers.into_iter().map(|register| (register, self.frame.vectors(1))).collect();
    }

    /// The room of a register for a vector of f32, or its upper half.
    fn room(&self, register: u16, half: usize) -> Spot {
        let room = self.rooms.iter().find(|(other, _)| *other == register);
        let &(_, offset) = room.expect("what is f64 or reduced has a room");
        Spot { base: Base::Frame, offset: offset as usize / 4 + LANES * half, narrow: true }
    }

    /// The address of the loop's vector.
    fn moving(&self, spot: Spot) -> Address {
        let held = self.bases.iter().find(|(base, _)| *base == spot.base);
        let base = held.map_or(spot.base, |&(_, register)| Base::Register(register));
        let scale = if spot.narrow { Scale::One } else { Scale::Two };
        Address { base, index: Some(Index { register: COUNTER, scale }), ..address(spot) }
    }

    fn reducing(&mut self, output: &Output, operation: Reduce) -> Reducing {
        let chunks = self.line.len.div_ceil(CHUNK);
        Reducing {
            register: output.register,
            operation,
            to: output.to,
            accumulators: self.frame.vectors(ACCUMULATORS as i32),
            levels: self.frame.numbers(1 + chunks.ilog2() as i32),
        }
    }

    /// Sets accumulators to the identity.
    fn start(&mut self, reductions: &[Reducing]) {
        if reductions.is_empty() {
            return;
        }
        self.assembler.zero(ROTATION);
        let mut block = Block::new(first(LANES));
        for reducing in reductions {
            let x = block.constant(reducing.operation.identity());
            for accumulator in 0..ACCUMULATORS {
                block.push(Node::Store { to: reducing.accumulator(accumulator), x, mask: None });
            }
        }
        self.emit(&block, Width::Eight);
    }

    /// The loop over whole vectors up to a value of the counter.
    fn until(&mut self, end: usize, uniform: &Uniform, reductions: &[Reducing]) {
        self.each(uniform, reductions, |assembler| assembler.compare_constant(COUNTER, end as i32));
    }

    /// The loop over vectors; `compare` compares the counter with the end.
    fn each(&mut self, uniform: &Uniform, reductions: &[Reducing], compare: impl Fn(&mut Assembler)) {
        let top = self.assembler.here();
        self.vector(uniform, reductions, self.line.lanes());
        if !reductions.is_empty() {
            self.assembler.add_constant(ROTATION, 2 * self.line.step() as i32);
            self.assembler.and_constant(ROTATION, (ACCUMULATORS * VECTOR - 1) as i32);
        }
        self.assembler.add_constant(COUNTER, self.line.step() as i32);
        compare(self.assembler);
        self.assembler.jump_if(Condition::Below, top);
    }

    /// The elements past the last whole vector.
    fn last(&mut self, uniform: &Uniform, reductions: &[Reducing]) {
        if self.line.rest() > 0 {
            self.vector(uniform, reductions, self.line.rest());
        }
    }

    /// Asks for what the loop will touch soon.
    fn prefetch(&self, block: &mut Block) {
        let inputs = self.line.inputs.iter().filter_map(|input| match input {
            Input::Varying(spot) => Some(*spot),
            _ => None,
        });
        for spot in inputs.chain(self.line.elementwise().map(|output| output.to)) {
            block.push(Node::Prefetch(self.moving(spot.moved(AHEAD))));
        }
    }

    /// What the loop does with a vector of which `count` lanes are in use.
    fn vector(&mut self, uniform: &Uniform, reductions: &[Reducing], count: usize) {
        let line = self.line;
        let mut block = Block::new(first(count.min(LANES)));
        if line.len >= FAR {
            self.prefetch(&mut block);
        }
        if line.is_narrow() {
            self.narrow_inputs(&mut block, count);
            self.emit(&block, Width::Eight);
            self.emit(&self.narrow_vector(uniform, count), Width::Sixteen);
            block = Block::new(first(LANES));
            self.widened_outputs(&mut block, reductions, count);
            return self.emit(&block, Width::Eight);
        }
        let mask = block.mask(block.lanes);
        let read = |block: &mut Block, register: usize| match line.inputs[register] {
            Input::Varying(spot) => block.push(load(spot, self.moving(spot), mask)),
            _ => unreachable!("loops have their inputs side by side"),
        };
        let values = vector(line, &mut block, uniform, read);
        let value = |register: u16| values[usize::from(register)].expect("outputs are computed");
        for output in line.elementwise() {
            block.push(store(output.to, self.moving(output.to), value(output.register), mask));
        }
        for (output, operation) in line.accumulated() {
            accumulate(&mut block, operation, self.moving(output.to), value(output.register), mask);
        }
        for reducing in reductions {
            self.reduce(&mut block, reducing, 0, value(reducing.register), mask);
        }
        self.emit(&block, Width::Eight);
    }

    /// Takes the lanes of `x` into accumulator `further` places after the one whose turn it is.
    fn reduce(&self, block: &mut Block, reducing: &Reducing, further: usize, x: Value, mask: Option<Value>) {
        let rotation = Index { register: ROTATION, scale: Scale::One };
        let at = Address { index: Some(rotation), ..reducing.accumulator(further) };
        let before = block.push(Node::Load { from: at, mask: None });
        let mut after = reduce(block, reducing.operation, before, x);
        if let Some(mask) = mask {
            after = block.push(Node::Select { mask, yes: after, no: before });
        }
        block.push(Node::Store { to: at, x: after, mask: None });
    }

    /// Rounds what is f64 to the rooms of its registers.
    fn narrow_inputs(&self, block: &mut Block, count: usize) {
        for (register, input) in self.line.inputs.iter().enumerate() {
            match *input {
                Input::Varying(spot) if !spot.narrow => {
                    for (half, lanes) in halves(count) {
                        let mask = block.mask(lanes);
                        let x = block.push(load(spot, self.moving(spot.moved(LANES * half)), mask));
                        let room = self.room(register as u16, half);
                        block.push(store(room, address(room), x, None));
                    }
                }
                _ => {}
            }
        }
    }

    /// The computation in lanes of f32, with the results that are f64 or reduced in the rooms of their registers.
    fn narrow_vector(&self, uniform: &Uniform, count: usize) -> Block {
        let mut block = Block::narrow(first(count));
        let mask = block.mask(block.lanes);
        let read = |block: &mut Block, register: usize| match self.line.inputs[register] {
            Input::Varying(spot) if spot.narrow => block.push(Node::Load { from: self.moving(spot), mask }),
            Input::Varying(_) => block.push(Node::Load { from: address(self.room(register as u16, 0)), mask: None }),
            _ => unreachable!("loops have their inputs side by side"),
        };
        let values = vector(self.line, &mut block, uniform, read);
        let value = |register: u16| values[usize::from(register)].expect("outputs are computed");
        for output in self.line.elementwise().filter(|output| output.to.narrow) {
            block.push(Node::Store { to: self.moving(output.to), x: value(output.register), mask });
        }
        let mut kept: Vec<u16> = vec![];
        for output in self.line.outputs.iter().filter(|output| output.is_wide()) {
            if !kept.contains(&output.register) {
                kept.push(output.register);
                let to = address(self.room(output.register, 0));
                block.push(Node::Store { to, x: value(output.register), mask: None });
            }
        }
        block
    }

    /// Writes and reduces in f64 what the rooms hold.
    fn widened_outputs(&self, block: &mut Block, reductions: &[Reducing], count: usize) {
        for (half, lanes) in halves(count) {
            let mask = block.mask(lanes);
            let value = |block: &mut Block, register: u16| {
                let room = self.room(register, half);
                block.push(load(room, address(room), mask))
            };
            for output in self.line.elementwise().filter(|output| !output.to.narrow) {
                let x = value(block, output.register);
                block.push(Node::Store { to: self.moving(output.to.moved(LANES * half)), x, mask });
            }
            for (output, operation) in self.line.accumulated() {
                let x = value(block, output.register);
                accumulate(block, operation, self.moving(output.to.moved(LANES * half)), x, mask);
            }
            for reducing in reductions {
                let x = value(block, reducing.register);
                self.reduce(block, reducing, half, x, mask);
            }
        }
    }

    /// Takes the finished chunk into the tree: its number has a one for each level that waits for it.
    fn climb(&mut self, reducing: &Reducing) {
        let result = in_frame(self.frame.numbers(1));
        let mut block = Block::new(first(LANES));
        let x = reducing.fold(&mut block);
        block.push(Node::StoreFirst { to: result, x });
        self.emit(&block, Width::Eight);

        self.assembler.address(ROTATION, FRAME, reducing.levels);
        self.assembler.move_register(RAX, COUNTER);
        self.assembler.shift_right_register(RAX, NARROW_CHUNK.ilog2() as u8);
        self.assembler.add_constant(RAX, -1);
        let level = Address { base: Base::Register(ROTATION), index: None, offset: 0 };
        let (next, done) = (self.assembler.here(), self.assembler.label());
        self.assembler.test_lowest_bit();
        self.assembler.jump_if(Condition::Equal, done);
        let mut block = Block::new(first(LANES));
        let (waiting, x) = (block.push(Node::Spread(level)), block.push(Node::Spread(result)));
        let x = reduce(&mut block, reducing.operation, waiting, x);
        block.push(Node::StoreFirst { to: result, x });
        self.emit(&block, Width::One);
        self.assembler.add_constant(ROTATION, 8);
        self.assembler.shift_right_register(RAX, 1);
        self.assembler.jump(next);
        self.assembler.place(done);
        let mut block = Block::new(first(LANES));
        let x = block.push(Node::Spread(result));
        block.push(Node::StoreFirst { to: level, x });
        self.emit(&block, Width::One);
    }

    /// The results: the accumulators' chunk, if it is not in the tree yet, after `climbed` chunks that are.
    fn finish(&mut self, reductions: &[Reducing], climbed: usize) {
        let mut block = Block::new(first(LANES));
        for reducing in reductions {
            let is_open = climbed * CHUNK < self.line.len;
            let mut result = is_open.then(|| reducing.fold(&mut block));
            // The open chunk climbs through the lowest levels; then all that are left join, from the lowest.
            for level in (0..usize::BITS).filter(|level| climbed >> level & 1 == 1) {
                let from = in_frame(reducing.levels + 8 * level as i32);
                let waiting = block.push(Node::Spread(from));
                result = Some(match result {
                    Some(x) => reduce(&mut block, reducing.operation, waiting, x),
                    None => waiting,
                });
            }
            let x = result.expect("a line has elements");
            block.push(Node::StoreFirst { to: address(reducing.to), x });
        }
        self.emit(&block, Width::Eight);
    }
}

/// A reduction of a loop with its room in the frame.
struct Reducing {
    register: u16,
    operation: Reduce,
    to: Spot,
    accumulators: i32,
    /// Results of 1, 2, 4, ... chunks.
    levels: i32,
}

impl Reducing {
    fn accumulator(&self, number: usize) -> Address {
        in_frame(self.accumulators + (VECTOR * number) as i32)
    }

    fn fold(&self, block: &mut Block) -> Value {
        let accumulators =
            std::array::from_fn(|number| Some(block.push(Node::Load { from: self.accumulator(number), mask: None })));
        fold(block, self.operation, accumulators)
    }
}

/// Reduces the lanes of `x` with the numbers at a place.
pub(super) fn accumulate(block: &mut Block, operation: Reduce, at: Address, x: Value, mask: Option<Value>) {
    let before = block.push(Node::Load { from: at, mask });
    let after = reduce(block, operation, before, x);
    block.push(Node::Store { to: at, x: after, mask });
}

/// The halves of a vector of f32 that have some of its first `count` lanes, and those lanes of each.
fn halves(count: usize) -> impl Iterator<Item = (usize, u16)> {
    (0..count.div_ceil(LANES)).map(move |half| (half, first(LANES.min(count - LANES * half))))
}

/// Records what a vector of elements computes, after `load` gave its inputs; gives the values of all registers.
pub(super) fn vector(
    line: &Line,
    block: &mut Block,
    uniform: &Uniform,
    mut load: impl FnMut(&mut Block, usize) -> Value,
) -> Vec<Option<Value>> {
    let is_uniform = |register: usize| uniform.get(register).copied().flatten();
    let mut values: Vec<Option<Value>> = vec![];
    for register in 0..line.inputs.len() {
        values.push(Some(match is_uniform(register) {
            Some(node) => block.push(node),
            None => load(block, register),
        }));
    }
    for instruction in &line.code {
        let value = match is_uniform(usize::from(instruction.dst)) {
            Some(node) => Some(block.push(node)),
            // Computed in f64 for nobody.
            None if line.is_once(instruction.dst) => None,
            None => {
                let args = instruction.args.map(|arg| values.get(usize::from(arg)).copied().flatten());
                let known = args[..instruction.code.arity()].iter().all(Option::is_some);
                // What is uniform and not needed by vectors has no place.
                known.then(|| record(block, instruction.code, args.map(Option::unwrap_or_default)))
            }
        };
        assign(&mut values, instruction.dst, value);
    }
    values
}

/// The fixed tree over accumulators, then over lanes; what is missing is the identity.
pub(super) fn fold(block: &mut Block, operation: Reduce, [a, b, c, d]: [Option<Value>; ACCUMULATORS]) -> Value {
    let mut pair = |x: Option<Value>, y: Option<Value>| match (x, y) {
        (Some(x), Some(y)) => Some(reduce(block, operation, x, y)),
        (x, y) => x.or(y),
    };
    let (left, right) = (pair(a, b), pair(c, d));
    let mut all = pair(left, right).expect("there is a vector");
    for lanes in [8, 4, 2] {
        let upper = block.push(Node::Upper { lanes, x: all });
        all = reduce(block, operation, all, upper);
    }
    all
}

fn assign(values: &mut Vec<Option<Value>>, register: u16, value: Option<Value>) {
    let register = usize::from(register);
    if values.len() <= register {
        values.resize(register + 1, None);
    }
    values[register] = value;
}

/// General registers that hold bases during a loop.
const BASES: [u8; 8] = [8, 9, 10, 11, R12, R13, R14, R15];
/// The byte offset of the loop's vector among f32.
const COUNTER: u8 = RCX;
/// The byte offset of the vector's accumulator.
const ROTATION: u8 = RDX;
/// Where the counter stops.
const LIMIT: u8 = RBX;
