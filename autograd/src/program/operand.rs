//! What steps read and write: parts of the memory, slices of the caller, constant data.

use pyroxene_kernels::buffer::halves;
use pyroxene_kernels::fused::Places;
use pyroxene_kernels::linalg::{self, Mat};
use pyroxene_tensor::Buffer;
use std::ops::Range;

/// What a step reads.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Memory(Range<usize>),
    /// Part of an input of the run.
    Argument(usize, Range<usize>),
    /// Part of an output of the run that an earlier step has written.
    Result(usize, Range<usize>),
    Data(Buffer<f64>, Range<usize>),
}

/// A factor of a matrix product, from its first element to its last.
#[derive(Clone, Debug)]
pub(crate) enum Factor {
    Wide(Operand),
    Narrow(Buffer<f32>, Range<usize>),
    /// Part of an operand taken as f32.
    Halves(Operand, Range<usize>),
}

/// What a factor reads in a run.
#[derive(Clone, Copy)]
pub(crate) enum Elements<'m> {
    Wide(&'m [f64]),
    Narrow(&'m [f32]),
}

impl Factor {
    pub(crate) fn read<'m>(&'m self, rest: &Rest<'m, '_>) -> Elements<'m> {
        match self {
            Factor::Wide(operand) => Elements::Wide(operand.read(rest)),
            Factor::Narrow(data, range) => Elements::Narrow(&data[range.clone()]),
            Factor::Halves(operand, range) => Elements::Narrow(&halves(operand.read(rest))[range.clone()]),
        }
    }

    /// Whether it is stored in f64.
    pub(crate) fn is_wide(&self) -> bool {
        matches!(self, Factor::Wide(_))
    }
}

impl<'m> Elements<'m> {
    /// The matrix from element `start` on.
    pub(crate) fn matrix(
        self,
        start: usize,
        (rows, cols): (usize, usize),
        (down, across): (usize, usize),
    ) -> linalg::Factor<'m> {
        match self {
            Elements::Wide(data) => linalg::Factor::F64(Mat::new(&data[start..], rows, cols, down, across)),
            Elements::Narrow(data) => linalg::Factor::F32(Mat::new(&data[start..], rows, cols, down, across)),
        }
    }
}

/// What a step writes.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Memory(Range<usize>),
    /// An output of the run.
    Result(usize),
}

/// All that a step may read while it writes its target.
pub(crate) struct Rest<'m, 'd> {
    memory: Around<'m, f64>,
    inputs: &'m [&'m [f64]],
    outputs: Around<'m, &'d mut [f64]>,
}

impl<'m, 'd> Rest<'m, 'd> {
    /// Everything, while nothing is written.
    pub(crate) fn all(places: Places<'m, 'd>) -> Rest<'m, 'd> {
        let Places { memory, inputs, outputs } = places;
        Rest { memory: Around::nothing(memory), inputs, outputs: Around::nothing(outputs) }
    }
}

impl Target {
    /// What is written, and the rest for reading.
    pub(crate) fn split<'m, 'd>(&self, places: Places<'m, 'd>) -> (&'m mut [f64], Rest<'m, 'd>) {
        let Places { memory, inputs, outputs } = places;
        match self {
            Target::Memory(range) => {
                let (target, memory) = Around::split(memory, range);
                (target, Rest { memory, inputs, outputs: Around::nothing(outputs) })
            }
            Target::Result(k) => {
                let (target, outputs) = Around::split(outputs, &(*k..*k + 1));
                (&mut *target[0], Rest { memory: Around::nothing(memory), inputs, outputs })
            }
        }
    }
}

impl Operand {
    /// The value, if it is the same in every run.
    pub(crate) fn known(&self) -> Option<&[f64]> {
        match self {
            Operand::Data(data, range) => Some(&data[range.clone()]),
            _ => None,
        }
    }

    pub(crate) fn read<'m>(&'m self, rest: &Rest<'m, '_>) -> &'m [f64] {
        let (data, range): (&[f64], _) = match self {
            Operand::Memory(range) => return rest.memory.read(range),
            Operand::Argument(k, range) => (rest.inputs[*k], range),
            Operand::Result(k, range) => (rest.outputs.read(&(*k..*k + 1))[0], range),
            Operand::Data(data, range) => (data, range),
        };
        // An empty part may lie outside.
        if range.is_empty() { &[] } else { &data[range.clone()] }
    }
}

/// A slice around a part of it that is borrowed elsewhere.
struct Around<'m, T> {
    before: &'m [T],
    after: &'m [T],
    after_start: usize,
}

impl<'m, T> Around<'m, T> {
    /// The part for writing, and what is around it.
    fn split(all: &'m mut [T], part: &Range<usize>) -> (&'m mut [T], Around<'m, T>) {
        let (before, rest) = all.split_at_mut(part.start);
        let (inside, after) = rest.split_at_mut(part.len());
        (inside, Around { before, after, after_start: part.end })
    }

    /// The whole slice.
    fn nothing(all: &'m [T]) -> Around<'m, T> {
        Around { before: all, after: &[], after_start: all.len() }
    }

    fn read(&self, range: &Range<usize>) -> &'m [T] {
        if range.is_empty() {
            // An empty value may share its place with what is written.
            &[]
        } else if range.end <= self.before.len() {
            &self.before[range.clone()]
        } else {
            &self.after[range.start - self.after_start..range.end - self.after_start]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_operand_may_lie_inside_the_target() {
        let mut memory = [1.0, 2.0, 3.0, 4.0];
        let (target, rest) = Target::Memory(1..3).split(Places::memory(&mut memory));
        assert_eq!(target, [2.0, 3.0]);
        assert!(Operand::Memory(2..2).read(&rest).is_empty());
        assert_eq!(Operand::Memory(0..1).read(&rest), [1.0]);
        assert_eq!(Operand::Memory(3..4).read(&rest), [4.0]);
    }

    #[test]
    fn results_are_read_on_both_sides_of_the_one_that_is_written() {
        let (mut a, mut b, mut c) = ([1.0, 2.0], [3.0], [4.0, 5.0]);
        let (mut memory, mut outputs) = ([6.0], [&mut a[..], &mut b[..], &mut c[..]]);
        let places = Places { memory: &mut memory, inputs: &[&[7.0, 8.0]], outputs: &mut outputs };
        let (target, rest) = Target::Result(1).split(places);
        assert_eq!(target, [3.0]);
        assert_eq!(Operand::Result(0, 1..2).read(&rest), [2.0]);
        assert_eq!(Operand::Result(2, 0..2).read(&rest), [4.0, 5.0]);
        assert_eq!(Operand::Memory(0..1).read(&rest), [6.0]);
        assert_eq!(Operand::Argument(0, 1..2).read(&rest), [8.0]);
    }
}
