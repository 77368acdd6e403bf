//! Which fused loops the machine-code compiler takes: those over one dimension with inputs and outputs side by side, and
//! small ones in any layout.

use super::Instruction;
use super::check::{Read, Write};
#[cfg(target_arch = "x86_64")]
use super::layout::Layout;
use super::places::Bases;
#[cfg(target_arch = "x86_64")]
use super::places::{self};
#[cfg(target_arch = "x86_64")]
pub(super) use crate::jit::Line;
#[cfg(target_arch = "x86_64")]
use crate::jit::{Base, Form, Group, Input, Output, SMALL, Spot};

/// Stands for the loops that are compiled where the compiler is not there: there are none.
#[cfg(not(target_arch = "x86_64"))]
#[derive(Clone, Debug)]
pub(super) enum Line {}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn line(_: &[usize], _: &Bases, _: &[Read], _: &[Instruction], _: &[Write]) -> Option<Line> {
    None
}

/// The loop as the compiler takes it.
#[cfg(target_arch = "x86_64")]
pub(super) fn line(
    dims: &[usize],
    bases: &Bases,
    inputs: &[Read],
    code: &[Instruction],
    outputs: &[Write],
) -> Option<Line> {
    let len = dims.iter().product();
    if len == 0 {
        return None;
    }
    let inputs: Option<Vec<Input>> = inputs.iter().map(|read| input(len, bases, read)).collect();
    let outputs: Option<Vec<Output>> = outputs.iter().map(|write| output(dims, write)).collect();
    let line = Line { len, inputs: inputs?, code: code.to_vec(), outputs: outputs? };
    line.is_supported().then_some(line)
}

#[cfg(target_arch = "x86_64")]
fn input(len: usize, bases: &Bases, read: &Read) -> Option<Input> {
    let layout = &read.layout;
    let offset = layout.offset;
    let is_uniform = len == 1 || layout.is_uniform();
    if let places::Base::Data(data) = bases.get(read.base) {
        let base = Base::Absolute(data.as_ptr() as u64);
        return match () {
            () if is_uniform => Some(Input::Constant(data[offset])),
            () if layout.is_contiguous() => Some(Input::Varying(Spot { base, offset })),
            () if len <= SMALL => Some(Input::Known(layout.places().map(|place| data[place]).collect())),
            () => None,
        };
    }
    let base = Base::Place(read.base as u32);
    match () {
        () if is_uniform => Some(Input::Uniform(Spot { base, offset })),
        () if layout.is_contiguous() => Some(Input::Varying(Spot { base, offset })),
        () if len <= SMALL => Some(Input::Scattered { base, places: layout.places().collect() }),
        () => None,
    }
}

#[cfg(target_arch = "x86_64")]
fn output(dims: &[usize], write: &Write) -> Option<Output> {
    let layout = &write.layout;
    let len: usize = dims.iter().product();
    let at = |offset, form| {
        let to = Spot { base: Base::Place(write.base as u32), offset };
        Some(Output { register: write.register, to, form })
    };
    match write.reduce {
        None if len == 1 || layout.is_contiguous() => at(layout.offset, Form::Elements),
        None if len <= SMALL => at(0, Form::Scattered(layout.places().collect())),
        Some(reduce) if len == 1 || layout.is_uniform() => at(layout.offset, Form::Reduced(reduce)),
        Some(reduce) if len <= SMALL => at(0, Form::Grouped(reduce, groups(dims, &write.strides, layout))),
        _ => None,
    }
}

/// The elements of each result: those with the same place, cut into runs of the dimensions at the end that are reduced.
#[cfg(target_arch = "x86_64")]
fn groups(dims: &[usize], strides: &[isize], layout: &Layout) -> Vec<Group> {
    let is_reduced = |d: &usize| strides[*d] == 0 || dims[*d] == 1;
    let run: usize = (0..dims.len()).rev().take_while(is_reduced).map(|d| dims[d]).product();
    let mut groups: Vec<Group> = vec![];
    let elements: Vec<(usize, usize)> = layout.places().enumerate().collect();
    for run in elements.chunks(run) {
        let place = run[0].1;
        let run = run.iter().map(|&(element, _)| element).collect();
        match groups.iter_mut().find(|group| group.place == place) {
            Some(group) => group.runs.push(run),
            None => groups.push(Group { place, runs: vec![run] }),
        }
    }
    groups
}
