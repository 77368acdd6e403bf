//! Blocks of a loop as machine code, where the loop as a whole cannot be: the code computes, and elements that do not lie
//! side by side are gathered before and scattered or reduced after it, as for the interpreter.

use super::Instruction;
use super::check::{Read, Write};
use super::places::Bases;
#[cfg(target_arch = "x86_64")]
use super::places::{self, Place};
use super::plan::Widened;
#[cfg(target_arch = "x86_64")]
use crate::jit::{Base, Form, Input, Line, Output, Routine, Spot};
#[cfg(target_arch = "x86_64")]
use crate::reduce::CHUNK;

/// The blocks of a loop.
pub(super) struct Blocks<'a> {
    /// Elements of the loop.
    pub(super) len: usize,
    /// If they hold f32, which registers are the same for all elements.
    pub(super) narrow: Option<&'a [bool]>,
    /// The slot of each register.
    pub(super) slots: &'a [u16],
    /// Blocks of f64 beside those of slots.
    pub(super) widened: &'a [Widened],
}

/// What the compiler makes a block of.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// The loop over a block. Its places are numbered as `places` are.
    line: Line,
    places: Vec<At>,
}

/// A block as machine code.
#[cfg(target_arch = "x86_64")]
#[derive(Debug)]
pub(super) struct Compiled(Routine);

/// Stand for blocks that are compiled where the compiler is not there: there are none.
#[cfg(not(target_arch = "x86_64"))]
#[derive(Clone, Debug)]
pub(super) enum Body {}
#[cfg(not(target_arch = "x86_64"))]
#[derive(Debug)]
pub(super) enum Compiled {}

#[cfg(not(target_arch = "x86_64"))]
impl Body {
    pub(super) fn new(_: Blocks, _: &Bases, _: &[Read], _: &[Instruction], _: &[Write]) -> Option<Body> {
        None
    }

    pub(super) fn compiled(&self) -> Option<Compiled> {
        match *self {}
    }

    pub(super) fn len(&self) -> usize {
        match *self {}
    }

    pub(super) fn places(&self) -> usize {
        match *self {}
    }

    pub(super) fn pointers(
        &self,
        _: &[*mut f64],
        _: usize,
        _: *mut f64,
        _: impl Fn(u16) -> *mut f64,
        _: &mut [*mut f64],
    ) {
        match *self {}
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Compiled {
    pub(super) fn frame_len(&self) -> usize {
        match *self {}
    }

    pub(super) unsafe fn run(&self, _: &[*mut f64], _: *mut f64) -> bool {
        match *self {}
    }
}

/// Whether the elements are written side by side.
#[cfg(target_arch = "x86_64")]
fn is_side(write: &Write) -> bool {
    write.reduce.is_none() && write.layout.is_contiguous()
}

/// Where a place of a block is.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
enum At {
    /// In the room of a slot.
    Home(u16),
    /// In scratch memory.
    Scratch(usize),
    /// So many elements after the first of the loop as the block begins.
    Side { first: Place, narrow: bool },
}

#[cfg(target_arch = "x86_64")]
impl Body {
    /// The body of a loop.
    pub(super) fn new(
        Blocks { len, narrow, slots, widened }: Blocks,
        bases: &Bases,
        reads: &[Read],
        code: &[Instruction],
        outputs: &[Write],
    ) -> Option<Body> {
        let is_narrow = narrow.is_some();
        let mut places = vec![];
        let mut spot = |at: At, narrow: bool| {
            places.push(at);
            Spot { base: Base::Place(places.len() as u32 - 1), offset: 0, narrow }
        };
        let inputs = reads.iter().zip(slots).map(|(read, &slot)| {
            let first = Place { base: read.base, offset: read.layout.offset };
            match bases.get(read.base) {
                places::Base::Data(data) if read.layout.is_uniform() => Input::Constant(data[first.offset]),
                // Spread over a vector, in f64.
                _ if read.layout.is_uniform() => Input::Uniform(spot(At::Home(slot), false)),
                _ if read.layout.is_contiguous() => {
                    Input::Varying(spot(At::Side { first, narrow: read.narrow }, read.narrow))
                }
                _ => Input::Varying(spot(At::Home(slot), is_narrow)),
            }
        });
        let inputs = inputs.collect();
        // An input that is in place or gathered is there already, but not what is reduced in another type.
        let is_there = |write: &&Write| {
            let read = reads.get(usize::from(write.register));
            let is_block = |read: &Read| read.narrow == is_narrow || !read.layout.is_contiguous();
            let is_elsewhere = is_side(write) || is_narrow && write.reduce.is_some();
            !is_elsewhere && read.is_some_and(is_block)
        };
        let outputs = outputs.iter().filter(|write| !is_there(write)).map(|write| {
            let slot = slots[usize::from(write.register)];
            let wide = widened.iter().find(|widened| widened.slot == slot && write.reduce.is_some());
            let to = match wide {
                Some(widened) => spot(At::Scratch(widened.offset), false),
                None if is_side(write) => spot(At::Side { first: write.place(), narrow: write.narrow }, write.narrow),
                None => spot(At::Home(slot), is_narrow),
            };
            Output { register: write.register, to, form: Form::Elements }
        });
        let outputs: Vec<Output> = outputs.collect();
        if outputs.is_empty() {
            return None;
        }
        let line = Line { len: len.min(CHUNK), narrow: narrow.map(Vec::from), inputs, code: code.to_vec(), outputs };
        line.is_supported().then_some(Body { line, places })
    }

    /// The machine code, if there can be any.
    pub(super) fn compiled(&self) -> Option<Compiled> {
        Routine::new(std::slice::from_ref(&self.line)).map(Compiled)
    }

    /// Elements of a block.
    pub(super) fn len(&self) -> usize {
        self.line.len
    }

    /// How many places a block has.
    pub(super) fn places(&self) -> usize {
        self.places.len()
    }

    /// Where the places of the block are that begins with element `start`.
    pub(super) fn pointers(
        &self,
        bases: &[*mut f64],
        start: usize,
        scratch: *mut f64,
        home: impl Fn(u16) -> *mut f64,
        pointers: &mut [*mut f64],
    ) {
        for (pointer, at) in pointers.iter_mut().zip(&self.places) {
            *pointer = match *at {
                At::Home(slot) => home(slot),
                At::Scratch(offset) => scratch.wrapping_add(offset),
                At::Side { first, narrow: false } => first.of(bases).wrapping_add(start),
                At::Side { first, narrow: true } => first.narrow(bases).wrapping_add(start).cast(),
            };
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Compiled {
    /// Numbers of room that a run needs.
    pub(super) fn frame_len(&self) -> usize {
        self.0.frame_len()
    }

    /// Computes a block; false if it met arguments that the interpreter has to treat.
    ///
    /// # Safety
    /// As of [`Routine::run`].
    pub(super) unsafe fn run(&self, pointers: &[*mut f64], frame: *mut f64) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.0.run(pointers, frame) == 1 }
    }
}
