//! Fused loops one after the other, as machine code where that is possible.

use super::body::{Body, Compiled};
#[cfg(target_arch = "x86_64")]
use super::lines::Rows;
use super::places::{Bases, Places};
use super::plan::FusedKernel;
use super::run::Scratch;
use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::jit::{Line, Routine};

/// Loops that run one after the other, each reading what earlier ones wrote.
///
/// On a processor with AVX-512, stretches of loops are compiled to machine code, with the same results to the bit; the
/// others are interpreted.
#[derive(Debug)]
pub struct Sequence {
    kernels: Vec<FusedKernel>,
    /// For each the machine code of its blocks, if that is all there is of it.
    blocks: Vec<Option<Compiled>>,
    stretches: Vec<Stretch>,
    memory_len: usize,
}

/// Kernels `..end` from the end of the stretch before, all of them compiled or none; or one, compiled for its rows.
#[derive(Debug)]
struct Stretch {
    end: usize,
    /// The slices that machine code works on.
    bases: Bases,
    #[cfg(target_arch = "x86_64")]
    routine: Option<Routine>,
    /// The rows of which the routine does one.
    #[cfg(target_arch = "x86_64")]
    rows: Option<Rows>,
    /// Where the routine's frame is in scratch memory: after what reductions of columns use.
    #[cfg(target_arch = "x86_64")]
    frame_offset: usize,
}

impl Sequence {
    /// Compiles the loops.
    pub fn new(kernels: Vec<FusedKernel>) -> Sequence {
        let mut stretches = vec![];
        let together = |a: &FusedKernel, b: &FusedKernel| {
            a.line.is_some() == b.line.is_some() && a.rows.is_none() && b.rows.is_none()
        };
        for stretch in kernels.chunk_by(together) {
            let start = stretches.last().map_or(0, |stretch: &Stretch| stretch.end);
            stretches.push(Stretch::new(start, stretch));
        }
        let memory_len = kernels.iter().map(FusedKernel::memory_len).max().unwrap_or(0);
        let blocks = kernels.iter().map(|kernel| kernel.body.as_ref().and_then(Body::compiled)).collect();
        Sequence { kernels, blocks, stretches, memory_len }
    }

    /// The loops.
    pub fn kernels(&self) -> &[FusedKernel] {
        &self.kernels
    }

    /// How many of the loops are machine code, or their blocks are.
    pub fn compiled(&self) -> usize {
        let mut start = 0;
        let mut count = 0;
        for stretch in &self.stretches {
            count += if stretch.is_compiled() { stretch.end - start } else { 0 };
            start = stretch.end;
        }
        count + self.blocks.iter().flatten().count()
    }

    /// Length that the memory of a run must at least have.
    pub fn memory_len(&self) -> usize {
        self.memory_len
    }

    /// Makes room in `scratch` for runs.
    pub fn reserve(&self, scratch: &mut Scratch) {
        for (kernel, compiled) in self.kernels.iter().zip(&self.blocks) {
            scratch.reserve(kernel);
            compiled.iter().for_each(|compiled| scratch.reserve_blocks(kernel, compiled));
        }
        #[cfg(target_arch = "x86_64")]
        for stretch in &self.stretches {
            if let Some(routine) = &stretch.routine {
                let frame = stretch.frame_offset + routine.frame_len();
                scratch.reserve_routine(frame, stretch.bases.len() + stretch.row_places());
            }
        }
    }

    /// Runs the loops.
    ///
    /// # Panics
    /// If a slice of the run is missing or shorter than a loop needs, or the scratch was not reserved for this sequence.
    pub fn run(&self, scratch: &mut Scratch, mut places: Places<'_, '_>) {
        let (isa, mut start) = (Isa::detect(), 0);
        for stretch in &self.stretches {
            let done = stretch.run(isa, &self.kernels[start..stretch.end], scratch, places.reborrow());
            for place in start + done..stretch.end {
                self.kernels[place].run_by(isa, self.blocks[place].as_ref(), scratch, places.reborrow());
            }
            start = stretch.end;
        }
    }
}

impl Stretch {
    #[cfg(target_arch = "x86_64")]
    fn new(start: usize, kernels: &[FusedKernel]) -> Stretch {
        if let [FusedKernel { rows: Some(rows), bases, scratch_len, .. }] = kernels {
            let routine = Routine::new(std::slice::from_ref(&rows.line));
            let (rows, bases) = (Some(rows.clone()), bases.clone());
            return Stretch { end: start + 1, routine, rows, bases, frame_offset: *scratch_len };
        }
        let mut bases = Bases::default();
        let lines: Option<Vec<Line>> = kernels
            .iter()
            .map(|kernel| {
                let numbers = bases.join(&kernel.bases);
                kernel.line.as_ref().map(|line| line.renumbered(&numbers))
            })
            .collect();
        let routine = lines.and_then(|lines| Routine::new(&lines));
        Stretch { end: start + kernels.len(), routine, rows: None, bases, frame_offset: 0 }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn new(start: usize, kernels: &[FusedKernel]) -> Stretch {
        Stretch { end: start + kernels.len(), bases: Bases::default() }
    }

    #[cfg(target_arch = "x86_64")]
    fn is_compiled(&self) -> bool {
        self.routine.is_some()
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_compiled(&self) -> bool {
        false
    }

    /// How many places a row has.
    #[cfg(target_arch = "x86_64")]
    fn row_places(&self) -> usize {
        self.rows.as_ref().map_or(0, |rows| rows.places.len())
    }

    /// Runs the machine code of these kernels, if there is any; gives how many loops it finished.
    #[cfg(target_arch = "x86_64")]
    fn run(&self, isa: Isa, kernels: &[FusedKernel], scratch: &mut Scratch, places: Places<'_, '_>) -> usize {
        let Some(routine) = &self.routine else { return 0 };
        let room = self.frame_offset + routine.frame_len();
        let (block, pointers) = scratch.routine(room, self.bases.len() + self.row_places());
        let frame = block.wrapping_add(self.frame_offset);
        let (bases, of_row) = pointers.split_at_mut(self.bases.len());
        self.bases.resolve(places, bases);
        if let Some(rows) = &self.rows {
            of_row.iter_mut().zip(&rows.places).for_each(|(pointer, &base)| *pointer = bases[base]);
            let columns = || rows.columns.iter().map(|&number| &kernels[0].reductions[number]);
            let done = rows.each(of_row, |number, pointers| {
                // SAFETY: as below; the elements of all rows are those of the kernel, whose places were checked, and `block` is as
                // long as it asks.
                unsafe {
                    columns().for_each(|reduction| reduction.begin_row(number, bases, block));
                    let done = routine.run(pointers, frame) == 1;
                    columns().for_each(|reduction| reduction.end_row(isa, number, bases, block));
                    done
                }
            });
            return usize::from(done);
        }
        // SAFETY: when the kernels were made, all their places were checked to be inside slices of a length that `resolve`
        // asks for, or inside their own data, which they keep; outputs overlap no inputs. The frame is long enough and on a
        // cache line.
        unsafe { routine.run(bases, frame) }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn run(&self, _: Isa, _: &[FusedKernel], _: &mut Scratch, _: Places<'_, '_>) -> usize {
        let _ = &self.bases;
        0
    }
}
