//! What makes a [`Loop`] sound.

use super::layout::Layout;
use super::places::{Base, Bases, Place};
use super::{Input, Loop, Output, Reduce, Source, Target};

/// An input whose places were checked against the slice, if that is known.
pub(super) struct Read {
    pub(super) base: usize,
    pub(super) layout: Layout,
    /// Those of the [`Input`].
    pub(super) strides: Vec<isize>,
    /// Whether the elements are f32, which offset and strides count.
    pub(super) narrow: bool,
}

/// An output whose places were checked.
pub(super) struct Write {
    pub(super) register: u16,
    pub(super) base: usize,
    pub(super) layout: Layout,
    /// Those of the [`Output`].
    pub(super) strides: Vec<isize>,
    pub(super) reduce: Option<Reduce>,
    /// As of a [`Read`].
    pub(super) narrow: bool,
}

impl Read {
    pub(super) fn new(dims: &[usize], input: Input, bases: &mut Bases) -> Read {
        assert_eq!(dims.len(), input.strides.len(), "fused: an input needs one stride a dimension");
        use Source::{Narrow, NarrowArgument, NarrowResult};
        let narrow = matches!(input.source, Narrow(_) | NarrowArgument(..) | NarrowResult(..));
        let (base, offset) = match input.source {
            Source::Memory(offset) | Narrow(offset) => (Base::Memory, offset),
            Source::Argument(k, offset) | NarrowArgument(k, offset) => (Base::Argument(k), offset),
            Source::Result(k, offset) | NarrowResult(k, offset) => (Base::Result(k), offset),
            Source::Data(data, offset) => (Base::Data(data), offset),
        };
        let layout = Layout::new(offset, dims, &input.strides);
        let hull = layout.hull().expect("fused: an input reaches below zero");
        if let (Base::Data(data), Some((_, high))) = (&base, hull) {
            assert!(high < data.len(), "fused: an input reaches place {high} of data of length {}", data.len());
        }
        Read { base: bases.number(base, in_f64(hull, narrow)), layout, strides: input.strides, narrow }
    }
}

impl Write {
    pub(super) fn new(dims: &[usize], output: Output, bases: &mut Bases) -> Write {
        assert_eq!(dims.len(), output.strides.len(), "fused: an output needs one stride a dimension");
        let narrow = matches!(output.target, Target::Narrow(_) | Target::NarrowResult(..));
        assert!(!narrow || output.reduce.is_none(), "fused: reductions are written in f64");
        let (base, offset) = match output.target {
            Target::Memory(offset) | Target::Narrow(offset) => (Base::Memory, offset),
            Target::Result(k, offset) | Target::NarrowResult(k, offset) => (Base::Result(k), offset),
        };
        let Output { register, strides, reduce, .. } = output;
        let layout = Layout::new(offset, dims, &strides);
        assert!(layout.hull().is_some(), "fused: an output reaches below zero");
        let mut write = Write { register, base: 0, layout, strides, reduce, narrow };
        let places = write.written();
        assert!(is_injective(&places), "fused: an output has several elements at one place");
        write.base = bases.number(base, in_f64(places.hull().expect("kept places are some of all"), narrow));
        write
    }

    /// Of the first element.
    pub(super) fn place(&self) -> Place {
        Place { base: self.base, offset: self.layout.offset }
    }

    /// The layout of what is written: with a reduction, each kept place once, even if the reduced dimensions are empty.
    fn written(&self) -> Layout {
        if self.reduce.is_some() { self.layout.kept() } else { self.layout.clone() }
    }
}

/// The least and the greatest place, in f64.
fn in_f64(hull: Option<(usize, usize)>, narrow: bool) -> Option<(usize, usize)> {
    if narrow { hull.map(|(low, high)| (low / 2, high / 2)) } else { hull }
}

pub(super) fn check_registers(plan: &Loop) {
    let mut assigned: Vec<bool> = vec![true; plan.inputs.len()];
    assert!(assigned.len() <= usize::from(u16::MAX), "fused: too many inputs");
    for instruction in &plan.code {
        for &arg in &instruction.args[..instruction.code.arity()] {
            let known = assigned.get(usize::from(arg)).is_some_and(|known| *known);
            assert!(known, "fused: register {arg} is used before it is assigned");
        }
        let dst = usize::from(instruction.dst);
        if assigned.len() <= dst {
            assigned.resize(dst + 1, false);
        }
        assert!(!assigned[dst], "fused: register {dst} is assigned twice");
        assigned[dst] = true;
    }
    for output in &plan.outputs {
        let known = assigned.get(usize::from(output.register)).is_some_and(|known| *known);
        assert!(known, "fused: register {} is stored but never assigned", output.register);
    }
}

/// Whether all places differ, shown by nesting: each stride is larger than the reach of all smaller ones.
fn is_injective(layout: &Layout) -> bool {
    if layout.len() <= 1 {
        return true;
    }
    let mut order: Vec<(usize, usize)> =
        layout.strides.iter().zip(&layout.dims).map(|(stride, dim)| (stride.unsigned_abs(), *dim)).collect();
    order.sort_unstable();
    let mut reach = 0;
    order.into_iter().all(|(stride, dim)| {
        let nested = stride > reach;
        reach += stride * (dim - 1);
        nested
    })
}

pub(super) fn check_overlap(inputs: &[Read], outputs: &[Write]) {
    let writes: Vec<Layout> = outputs.iter().map(Write::written).collect();
    for (i, (output, write)) in outputs.iter().zip(&writes).enumerate() {
        let overlaps = |other: &Layout, narrow: bool| match (output.narrow, narrow) {
            (false, true) => overlap(&halves(write), other),
            (true, false) => overlap(write, &halves(other)),
            _ => overlap(write, other),
        };
        let mut others = outputs.iter().zip(&writes).take(i).filter(|(other, _)| other.base == output.base);
        assert!(others.all(|(other, layout)| !overlaps(layout, other.narrow)), "fused: two outputs overlap");
        let mut reads = inputs.iter().filter(|read| read.base == output.base);
        assert!(reads.all(|read| !overlaps(&read.layout, read.narrow)), "fused: an output overlaps an input");
    }
}

/// The places of f64 as those of the f32 in the same memory.
fn halves(layout: &Layout) -> Layout {
    let dims: Vec<usize> = layout.dims.iter().copied().chain([2]).collect();
    let strides: Vec<isize> = layout.strides.iter().map(|stride| stride.saturating_mul(2)).chain([1]).collect();
    Layout::new(layout.offset.saturating_mul(2), &dims, &strides)
}

/// Whether two layouts share a place. Interleaved ones (columns of one matrix) are compared place by place.
fn overlap(a: &Layout, b: &Layout) -> bool {
    let (Some(Some((a_low, a_high))), Some(Some((b_low, b_high)))) = (a.hull(), b.hull()) else {
        return false;
    };
    let (low, high) = (a_low.max(b_low), a_high.min(b_high));
    if low > high {
        return false;
    }
    if a.is_contiguous() || b.is_contiguous() {
        let other = if a.is_contiguous() { b } else { a };
        return other.kept().places().any(|place| (low..=high).contains(&place));
    }
    let mut taken = vec![0u64; (high - low) / 64 + 1];
    for place in a.kept().places().filter(|place| (low..=high).contains(place)) {
        taken[(place - low) / 64] |= 1 << ((place - low) % 64);
    }
    let b = b.kept();
    let mut places = b.places().filter(|place| (low..=high).contains(place));
    places.any(|place| taken[(place - low) / 64] >> ((place - low) % 64) & 1 == 1)
}
