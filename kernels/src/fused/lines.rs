//! Which fused loops the machine-code compiler takes: those over one dimension with inputs and outputs side by side, small
//! ones in any layout, and rows of such loops.

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

/// A loop that was checked.
#[derive(Clone, Copy)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "read by the compiler"))]
pub(super) struct Checked<'a> {
    pub(super) dims: &'a [usize],
    /// For lanes of f32, which registers are the same for all elements.
    pub(super) narrow: Option<&'a [bool]>,
    pub(super) bases: &'a Bases,
    pub(super) inputs: &'a [Read],
    pub(super) code: &'a [Instruction],
    pub(super) outputs: &'a [Write],
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn line(_: Checked) -> Option<Line> {
    None
}

/// The loop as the compiler takes it.
#[cfg(target_arch = "x86_64")]
pub(super) fn line(Checked { dims, narrow, bases, inputs, code, outputs }: Checked) -> Option<Line> {
    let len = dims.iter().product();
    if len == 0 {
        return None;
    }
    let inputs = inputs.iter().map(|read| match bases.get(read.base) {
        places::Base::Data(data) => known(len, data, &read.layout),
        _ => input(len, read.base, read.narrow, &read.layout),
    });
    let outputs = outputs.iter().map(|write| output(dims, write.base, write, &write.strides, &write.layout));
    supported(len, narrow, inputs.collect(), code, outputs.collect())
}

#[cfg(target_arch = "x86_64")]
fn supported(
    len: usize,
    narrow: Option<&[bool]>,
    inputs: Option<Vec<Input>>,
    code: &[Instruction],
    outputs: Option<Vec<Output>>,
) -> Option<Line> {
    let line = Line { len, narrow: narrow.map(Vec::from), inputs: inputs?, code: code.to_vec(), outputs: outputs? };
    line.is_supported().then_some(line)
}

/// An input of the kernel's own data.
#[cfg(target_arch = "x86_64")]
fn known(len: usize, data: &[f64], layout: &Layout) -> Option<Input> {
    let offset = layout.offset;
    match () {
        () if len == 1 || layout.is_uniform() => Some(Input::Constant(data[offset])),
        () if layout.is_contiguous() => {
            Some(Input::Varying(Spot { base: Base::Absolute(data.as_ptr() as u64), offset, narrow: false }))
        }
        () if len <= SMALL => Some(Input::Known(layout.places().map(|place| data[place]).collect())),
        () => None,
    }
}

/// An input at a place.
#[cfg(target_arch = "x86_64")]
fn input(len: usize, place: usize, narrow: bool, layout: &Layout) -> Option<Input> {
    let (base, offset) = (Base::Place(place as u32), layout.offset);
    match () {
        () if len == 1 || layout.is_uniform() => Some(Input::Uniform(Spot { base, offset, narrow })),
        () if layout.is_contiguous() => Some(Input::Varying(Spot { base, offset, narrow })),
        () if len <= SMALL => {
            Some(Input::Scattered { from: Spot { base, offset: 0, narrow }, places: layout.places().collect() })
        }
        () => None,
    }
}

/// An output at a place, with these strides along `dims`.
#[cfg(target_arch = "x86_64")]
fn output(dims: &[usize], place: usize, write: &Write, strides: &[isize], layout: &Layout) -> Option<Output> {
    let len: usize = dims.iter().product();
    let at = |offset, form| {
        let to = Spot { base: Base::Place(place as u32), offset, narrow: write.narrow };
        Some(Output { register: write.register, to, form })
    };
    match write.reduce {
        None if len == 1 || layout.is_contiguous() => at(layout.offset, Form::Elements),
        None if len <= SMALL => at(0, Form::Scattered(layout.places().collect())),
        Some(reduce) if len == 1 || layout.is_uniform() => at(layout.offset, Form::Reduced(reduce)),
        Some(reduce) if len <= SMALL => at(0, Form::Grouped(reduce, groups(dims, strides, layout))),
        _ => None,
    }
}

/// Loops over the last dimensions that the compiler takes, one for each index of those in front.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// The loop of a row. Its places are numbered as `places` are.
    pub(super) line: Line,
    /// Where each place starts: the number of its base. Places of one base differ in how they move from row to row, and in
    /// the type of their elements.
    pub(super) places: Vec<usize>,
    /// The dimensions in front.
    dims: Vec<usize>,
    /// How many bytes each place moves when the index of a dimension grows by one and those behind it start again.
    moves: Vec<Vec<isize>>,
    /// The reductions of the kernel that take in a row at a time, element by element.
    pub(super) columns: Vec<usize>,
}

#[cfg(not(target_arch = "x86_64"))]
#[derive(Clone, Debug)]
pub(super) enum Rows {}

#[cfg(not(target_arch = "x86_64"))]
impl Rows {
    pub(super) fn new(_: Checked) -> Option<Rows> {
        None
    }
}

/// Rows of fewer elements take longer one by one than in the interpreter.
#[cfg(target_arch = "x86_64")]
const LEAST: usize = 4;

/// Rows of fewer elements take longer one by one than in blocks, if columns are reduced.
#[cfg(target_arch = "x86_64")]
const LEAST_OF_COLUMNS: usize = 64;

#[cfg(target_arch = "x86_64")]
impl Rows {
    /// The loop as rows that are as long as the compiler takes them.
    pub(super) fn new(checked: Checked) -> Option<Rows> {
        let dims = checked.dims;
        let len = |dims: &[usize]| dims.iter().product::<usize>();
        let splits = (1..dims.len()).take_while(|&split| len(&dims[split..]) >= LEAST);
        let mut splits = splits.filter(|&split| len(&dims[..split]) > 1);
        splits.find_map(|split| Rows::split(split, checked))
    }

    fn split(split: usize, checked: Checked) -> Option<Rows> {
        let Checked { dims, narrow, bases, inputs, code, outputs } = checked;
        let (front, row) = dims.split_at(split);
        let len = row.iter().product();
        let across = |write: &Write| (0..split).any(|d| write.strides[d] == 0 && dims[d] > 1);
        let is_column = |write: &Write| {
            let fixed = write.strides[..split].iter().all(|&stride| stride == 0);
            fixed && len >= LEAST_OF_COLUMNS && Layout::new(0, row, &write.strides[split..]).is_contiguous()
        };
        if outputs.iter().any(|write| across(write) && !is_column(write)) {
            return None;
        }
        let mut places: Vec<(usize, bool, &[isize])> = vec![];
        let mut place = |base: usize, narrow: bool, strides| {
            let known = places.iter().position(|&place| place == (base, narrow, strides));
            known.unwrap_or_else(|| {
                places.push((base, narrow, strides));
                places.len() - 1
            })
        };
        let layout = |strides: &[isize], offset| Layout::new(offset, row, &strides[split..]);
        let inputs = inputs.iter().map(|read| {
            let own = layout(&read.strides, read.layout.offset);
            let moves = &read.strides[..split];
            match bases.get(read.base) {
                places::Base::Data(data) if moves.iter().all(|&stride| stride == 0) => known(len, data, &own),
                _ => input(len, place(read.base, read.narrow, moves), read.narrow, &own),
            }
        });
        let inputs = inputs.collect();
        let written = outputs.iter().map(|write| {
            let own = layout(&write.strides, write.layout.offset);
            let place = place(write.base, write.narrow, &write.strides[..split]);
            if let Some(reduce) = write.reduce.filter(|_| across(write)) {
                let to = Spot { base: Base::Place(place as u32), offset: write.layout.offset, narrow: false };
                return Some(Output { register: write.register, to, form: Form::Accumulated(reduce) });
            }
            output(row, place, write, &write.strides[split..], &own)
        });
        let line = supported(len, narrow, inputs, code, written.collect())?;
        let back = |strides: &[isize], d: usize| -> isize {
            (d + 1..split).map(|d| strides[d] * (front[d] as isize - 1)).sum()
        };
        let bytes = |d: usize, &(_, narrow, strides): &(usize, bool, &[isize])| {
            (strides[d] - back(strides, d)) * if narrow { size_of::<f32>() } else { size_of::<f64>() } as isize
        };
        let moves = (0..split).map(|d| places.iter().map(|place| bytes(d, place)).collect()).collect();
        let reduced = outputs.iter().filter(|write| write.reduce.is_some()).enumerate();
        let columns = reduced.filter(|(_, write)| across(write)).map(|(number, _)| number).collect();
        let places = places.into_iter().map(|(base, ..)| base).collect();
        Some(Rows { line, places, dims: front.into(), moves, columns })
    }

    /// Calls `run` for each row with its number and the pointers to its places, until it says that it did not get through; gives
    /// whether it always did.
    pub(super) fn each(&self, pointers: &mut [*mut f64], mut run: impl FnMut(usize, &[*mut f64]) -> bool) -> bool {
        let rows: usize = self.dims.iter().product();
        for next in 1..=rows {
            if !run(next - 1, pointers) {
                return false;
            }
            // The last dimension whose index grows: those behind it start again.
            let (mut turn, mut size) = (self.dims.len() - 1, self.dims[self.dims.len() - 1]);
            while turn > 0 && next.is_multiple_of(size) {
                turn -= 1;
                size *= self.dims[turn];
            }
            for (pointer, &by) in pointers.iter_mut().zip(&self.moves[turn]) {
                *pointer = pointer.wrapping_byte_offset(by);
            }
        }
        true
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
