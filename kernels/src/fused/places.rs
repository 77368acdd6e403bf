//! The slices that a run works on.

use crate::buffer::Buffer;
use rustc_hash::FxHashMap;

/// The slices of one run of a [`FusedKernel`](super::FusedKernel).
#[derive(Debug)]
pub struct Places<'a, 'd> {
    /// Working memory, read and written.
    pub memory: &'a mut [f64],
    /// The arguments of the run, which are only read.
    pub inputs: &'a [&'a [f64]],
    /// The results of the run, which are written, and may be read by later loops.
    pub outputs: &'a mut [&'d mut [f64]],
}

impl<'a, 'd> Places<'a, 'd> {
    /// The same slices, for a while.
    pub fn reborrow(&mut self) -> Places<'_, 'd> {
        Places { memory: self.memory, inputs: self.inputs, outputs: self.outputs }
    }

    /// Memory alone.
    pub fn memory(memory: &'a mut [f64]) -> Places<'a, 'd> {
        Places { memory, inputs: &[], outputs: &mut [] }
    }
}

/// A slice of a run, or data of a kernel's own.
#[derive(Clone, Debug)]
pub(super) enum Base {
    Memory,
    Argument(usize),
    Result(usize),
    Data(Buffer<f64>),
}

impl Base {
    /// What tells bases apart.
    fn key(&self) -> (u8, usize) {
        match self {
            Base::Memory => (0, 0),
            Base::Argument(k) => (1, *k),
            Base::Result(k) => (2, *k),
            Base::Data(data) => (3, data.as_ptr() as usize),
        }
    }
}

/// A place: so many values after the start of base number `base`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) base: usize,
    pub(super) offset: usize,
}

impl Place {
    /// The pointer, given those of the bases.
    #[inline]
    pub(super) fn of(self, bases: &[*mut f64]) -> *mut f64 {
        bases[self.base].wrapping_add(self.offset)
    }

    /// The pointer, if the offset counts f32.
    #[inline]
    pub(super) fn narrow(self, bases: &[*mut f64]) -> *mut f32 {
        bases[self.base].cast::<f32>().wrapping_add(self.offset)
    }
}

/// The slices that a kernel works on, each once, with the length that it needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Bases {
    slices: Vec<(Base, usize)>,
    numbers: FxHashMap<(u8, usize), usize>,
}

impl Bases {
    pub(super) fn len(&self) -> usize {
        self.slices.len()
    }

    /// The number of a base of which the places of `hull` are used, from the least to the greatest.
    pub(super) fn number(&mut self, base: Base, hull: Option<(usize, usize)>) -> usize {
        let number = *self.numbers.entry(base.key()).or_insert_with(|| {
            self.slices.push((base, 0));
            self.slices.len() - 1
        });
        let len = &mut self.slices[number].1;
        *len = hull.map_or(*len, |(_, high)| high + 1).max(*len);
        number
    }

    /// Base number `number`.
    pub(super) fn get(&self, number: usize) -> &Base {
        &self.slices[number].0
    }

    /// Takes in the bases of another kernel, but for its data, which machine code knows by address; gives the numbers that
    /// they have here.
    pub(super) fn join(&mut self, other: &Bases) -> Vec<usize> {
        let hull = |len: usize| (len > 0).then(|| (0, len - 1));
        let number = |(base, len): &(Base, usize)| match base {
            Base::Data(_) => usize::MAX,
            _ => self.number(base.clone(), hull(*len)),
        };
        other.slices.iter().map(number).collect()
    }

    pub(super) fn memory_len(&self) -> usize {
        self.slices.iter().find(|(base, _)| matches!(base, Base::Memory)).map_or(0, |(_, len)| *len)
    }

    /// The pointer to the start of each base. Those of arguments and data must only be read through.
    ///
    /// # Panics
    /// If a slice is missing or shorter than the kernel needs.
    #[inline]
    pub(super) fn resolve(&self, places: Places<'_, '_>, pointers: &mut [*mut f64]) {
        for (pointer, (base, needed)) in pointers.iter_mut().zip(&self.slices) {
            let (start, len) = match base {
                Base::Memory => (places.memory.as_mut_ptr(), places.memory.len()),
                Base::Argument(k) => (places.inputs[*k].as_ptr().cast_mut(), places.inputs[*k].len()),
                Base::Result(k) => (places.outputs[*k].as_mut_ptr(), places.outputs[*k].len()),
                Base::Data(data) => (data.as_ptr().cast_mut(), data.len()),
            };
            assert!(len >= *needed, "fused: {base:?} of length {len} is too short, the loop needs {needed}");
            *pointer = start;
        }
    }
}
