//! Reductions over any axes of strided elements, in place.

use super::columns::{ROWS, Rows, close_block, combine_rows, levels};
use super::order::{CHUNK, Reduce, Tree, chunk};
use super::places::Places;
use super::short::{SHORT, short_runs};
use super::{GROUP, PARALLEL, over, serial};
use crate::elementwise::Element;
use crate::isa::Isa;
use rayon::prelude::*;
use std::ops::Range;

/// A strided tensor: element `index` is `data[offset + sum(index * strides)]`.
#[derive(Clone, Copy, Debug)]
pub struct Strided<'a, T> {
    /// All elements, and maybe others.
    pub data: &'a [T],
    /// The place of the first element.
    pub offset: usize,
    /// The sizes of the axes.
    pub dims: &'a [usize],
    /// The distance between neighbours along each axis; negative and zero are fine.
    pub strides: &'a [isize],
}

/// Columns that are reduced at once where rows are neighbours in memory, so that their results stay in the first cache level.
const PANEL: usize = 2048;

/// Columns that are reduced at once where blocks of rows are copied side by side first.
const PACKED: usize = 128;

/// Runs that are copied side by side at once, where neighbouring runs are nearer than the elements of a run.
const TOGETHER: usize = 8;

/// Reduces the axes for which `reduced` is true, in the order of the [module](super); `out` has the kept axes, in
/// row-major order.
///
/// ```
/// use pyroxene_kernels::reduce::{Reduce, Strided, axes};
/// let x = Strided { data: &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], offset: 0, dims: &[2, 3], strides: &[3, 1] };
/// let mut sums = [0.0; 3];
/// axes(Reduce::Sum, x, &[true, false], &mut sums);
/// assert_eq!(sums, [5.0, 7.0, 9.0]);
/// ```
///
/// # Panics
/// If sizes, strides and flags differ in number, an element lies outside the data, or `out` has another length than the
/// kept axes.
#[track_caller]
pub fn axes<T: Element>(reduce: Reduce, x: Strided<'_, T>, reduced: &[bool], out: &mut [T]) {
    axes_on(Isa::detect(), reduce, x, reduced, out);
}

/// [`axes`] on a given instruction set.
///
/// # Panics
/// As `axes`, and if the machine lacks the instruction set.
#[track_caller]
pub fn axes_on<T: Element>(isa: Isa, reduce: Reduce, x: Strided<'_, T>, reduced: &[bool], out: &mut [T]) {
    x.check(reduced, out.len());
    if out.is_empty() {
        return;
    }
    if x.dims.contains(&0) {
        return out.fill(T::from_f64(reduce.identity()));
    }
    let axes: Vec<(bool, (usize, isize))> = (0..x.dims.len())
        .filter(|&axis| x.dims[axis] != 1)
        .map(|axis| (reduced[axis], (x.dims[axis], x.strides[axis])))
        .collect();
    let last_is_reduced = axes.last().is_some_and(|&(reduced, _)| reduced);
    let outer = axes.iter().rposition(|&(reduced, _)| reduced != last_is_reduced).map_or(0, |axis| axis + 1);
    let pick = |wanted: bool| -> Vec<(usize, isize)> {
        axes[..outer].iter().filter(|&&(reduced, _)| reduced == wanted).map(|&(_, axis)| axis).collect()
    };
    let last: Vec<(usize, isize)> = axes[outer..].iter().map(|&(_, axis)| axis).collect();
    let job = Job {
        isa,
        reduce,
        x: x.data.as_ptr().wrapping_add(x.offset),
        kept: Places::new(&pick(false)),
        rows: Places::new(&pick(true)),
        last: Places::new(&last),
    };
    if last_is_reduced { job.runs(out) } else { job.columns(out) }
}

impl<T> Strided<'_, T> {
    #[track_caller]
    fn check(&self, reduced: &[bool], out: usize) {
        let Strided { data, offset, dims, strides } = self;
        assert!(dims.len() == strides.len() && dims.len() == reduced.len(), "reduce: one stride and one flag an axis");
        let kept: usize = dims.iter().zip(reduced).filter(|(_, reduced)| !**reduced).map(|(dim, _)| dim).product();
        assert_eq!(kept, out, "reduce: length of the output");
        if dims.contains(&0) {
            return;
        }
        let (mut low, mut high) = (*offset as i128, *offset as i128);
        for (&dim, &stride) in dims.iter().zip(*strides) {
            let reach = (dim as i128 - 1) * stride as i128;
            if reach < 0 { low += reach } else { high += reach }
        }
        assert!(low >= 0 && high < data.len() as i128, "reduce: elements {low} to {high} of {}", data.len());
    }
}

/// A reduction of `last` (if reduced) and `rows` for each place of `kept` (and `last`, if kept). All places are in bounds.
struct Job<T> {
    isa: Isa,
    reduce: Reduce,
    x: *const T,
    kept: Places,
    rows: Places,
    last: Places,
}

// SAFETY: the pointer is only read, and the data outlive the job.
unsafe impl<T: Sync> Sync for Job<T> {}

impl<T: Element> Job<T> {
    fn len(&self) -> usize {
        self.kept.len() * self.rows.len() * self.last.len()
    }

    /// The last axes are reduced.
    fn runs(&self, out: &mut [T]) {
        if self.len() < PARALLEL {
            return self.some_runs(0, out);
        }
        if out.len() == 1 && self.rows.len() == 1 && self.last.step() == Some(1) {
            // SAFETY: a run is contiguous and in bounds.
            let run = unsafe { std::slice::from_raw_parts(self.x, self.last.len()) };
            out[0] = T::from_f64(over(self.isa, self.reduce, run));
            return;
        }
        let piece = (GROUP * CHUNK).div_ceil(self.rows.len() * self.last.len());
        out.par_chunks_mut(piece).enumerate().for_each(|(i, out)| self.some_runs(i * piece, out));
    }

    /// Results from number `first` on.
    fn some_runs(&self, first: usize, out: &mut [T]) {
        if self.rows.len() > 1 {
            for (i, out) in out.iter_mut().enumerate() {
                *out = T::from_f64(self.blocks_of_runs(self.kept.at(first + i)));
            }
            return;
        }
        if self.last.spread() > self.kept.spread() {
            let mut done = 0;
            for out in out.chunks_mut(TOGETHER) {
                self.runs_together(first + done, out);
                done += out.len();
            }
            return;
        }
        let run = self.last.len();
        let follow = self.last.step() == Some(1) && self.kept.step() == Some(run as isize);
        if run <= SHORT && follow {
            let x = self.x.wrapping_offset(self.kept.at(first));
            let mut results = [0.0; CHUNK];
            let mut wide = [0.0; CHUNK];
            let most = CHUNK / run;
            for (i, out) in out.chunks_mut(most).enumerate() {
                let x = x.wrapping_add(i * most * run);
                // SAFETY: the runs are in bounds and follow one another; both buffers hold CHUNK values.
                unsafe {
                    let x = T::widened(self.isa, x, out.len() * run, &mut wide);
                    short_runs(self.isa, self.reduce, x, run, out.len(), results.as_mut_ptr());
                }
                T::rounded(self.isa, &results[..out.len()], out);
            }
            return;
        }
        for (i, out) in out.iter_mut().enumerate() {
            *out = T::from_f64(self.run(self.kept.at(first + i)));
        }
    }

    /// The result of one run.
    fn run(&self, place: isize) -> f64 {
        let x = self.x.wrapping_offset(place);
        if self.last.step() == Some(1) {
            // SAFETY: a run is contiguous and in bounds.
            return serial(self.isa, self.reduce, unsafe { std::slice::from_raw_parts(x, self.last.len()) });
        }
        let mut tree = Tree::new(self.reduce);
        let mut buffer = [0.0; CHUNK];
        for start in (0..self.last.len()).step_by(CHUNK) {
            let len = CHUNK.min(self.last.len() - start);
            for (i, to) in buffer[..len].iter_mut().enumerate() {
                // SAFETY: a place of the run.
                *to = unsafe { *x.wrapping_offset(self.last.at(start + i)) }.into_f64();
            }
            tree.push(chunk(self.isa, self.reduce, &buffer[..len]));
        }
        tree.finish()
    }

    /// Neighbouring runs, a chunk of each at a time.
    fn runs_together(&self, first: usize, out: &mut [T]) {
        let mut trees: [Tree; TOGETHER] = std::array::from_fn(|_| Tree::new(self.reduce));
        let mut buffers = [[0.0; CHUNK]; TOGETHER];
        let starts: [*const T; TOGETHER] =
            std::array::from_fn(|k| self.x.wrapping_offset(self.kept.at(first + k.min(out.len() - 1))));
        for start in (0..self.last.len()).step_by(CHUNK) {
            let len = CHUNK.min(self.last.len() - start);
            for i in 0..len {
                let place = self.last.at(start + i);
                for k in 0..TOGETHER {
                    // SAFETY: a place of the run.
                    buffers[k][i] = unsafe { *starts[k].wrapping_offset(place) }.into_f64();
                }
            }
            for (tree, buffer) in trees.iter_mut().zip(&buffers).take(out.len()) {
                tree.push(chunk(self.isa, self.reduce, &buffer[..len]));
            }
        }
        out.iter_mut().zip(&trees).for_each(|(out, tree)| *out = T::from_f64(tree.finish()));
    }

    /// Several runs for one result.
    fn blocks_of_runs(&self, place: isize) -> f64 {
        let mut tree = Tree::new(self.reduce);
        for start in (0..self.rows.len()).step_by(ROWS) {
            let rows = start..self.rows.len().min(start + ROWS);
            let results = rows.map(|row| self.run(place + self.rows.at(row)));
            tree.push(results.fold(self.reduce.identity(), |acc, x| self.reduce.pair(acc, x)));
        }
        tree.finish()
    }

    /// Whether rows are neighbours in memory.
    fn is_direct(&self) -> bool {
        self.last.step() == Some(1) || self.last.len() == 1
    }

    /// The last axes are kept.
    fn columns(&self, out: &mut [T]) {
        let panel = if self.is_direct() { PANEL } else { PACKED };
        let one = |kept: usize, index: usize, out: &mut [T]| {
            let columns = index * panel..index * panel + out.len();
            let mut acc = vec![0.0; out.len()];
            self.panel(self.kept.at(kept), columns, &mut acc);
            T::rounded(self.isa, &acc, out);
        };
        let width = self.last.len();
        if self.len() < PARALLEL {
            for (kept, out) in out.chunks_mut(width).enumerate() {
                out.chunks_mut(panel).enumerate().for_each(|(index, out)| one(kept, index, out));
            }
        } else {
            out.par_chunks_mut(width).enumerate().for_each(|(kept, out)| {
                out.par_chunks_mut(panel).enumerate().for_each(|(index, out)| one(kept, index, out));
            });
        }
    }

    /// Some columns, their rows shared between threads if there are many.
    fn panel(&self, place: isize, columns: Range<usize>, acc: &mut [f64]) {
        let (rows, width) = (self.rows.len(), acc.len());
        if rows * width < PARALLEL {
            return self.some_rows(place, 0..rows, columns, acc);
        }
        let blocks = (GROUP * CHUNK / (ROWS * width)).max(1).next_power_of_two();
        let group = blocks * ROWS;
        let parts: Vec<Vec<f64>> = (0..rows.div_ceil(group))
            .into_par_iter()
            .map(|i| {
                let mut part = vec![0.0; width];
                self.some_rows(place, i * group..rows.min((i + 1) * group), columns.clone(), &mut part);
                part
            })
            .collect();
        let mut tree = vec![0.0; levels(parts.len() * ROWS) * width];
        for (i, part) in parts.iter().enumerate() {
            acc.copy_from_slice(part);
            let is_last = i + 1 == parts.len();
            // SAFETY: the tree has the levels of that many blocks, each `width` values.
            unsafe {
                close_block(self.isa, self.reduce, i, is_last, acc.as_mut_ptr(), width, tree.as_mut_ptr(), width);
            }
        }
    }

    /// Reduces some rows of some columns; the first row starts a block.
    fn some_rows(&self, place: isize, rows: Range<usize>, columns: Range<usize>, acc: &mut [f64]) {
        let width = acc.len();
        let x = self.x.wrapping_offset(place);
        let mut tree = vec![0.0; levels(rows.len()) * width];
        let packed_rows = if !self.is_direct() { ROWS } else { usize::from(!T::IS_F64) };
        let mut packed = vec![0.0; packed_rows * width];
        for (block, start) in rows.clone().step_by(ROWS).enumerate() {
            let end = rows.end.min(start + ROWS);
            let (to, count) = (acc.as_mut_ptr(), end - start);
            let combine = |rows: Rows, fresh: bool| {
                // SAFETY: the rows are places of the tensor or of the packed block, and `acc` is as wide.
                unsafe { combine_rows(self.isa, self.reduce, rows, to, fresh) }
            };
            let row = |row: usize| x.wrapping_offset(self.rows.at(row) + self.last.at(columns.start));
            if !self.is_direct() {
                self.pack(x, start..end, &columns, &mut packed);
                combine(Rows { x: packed.as_ptr(), stride: width as isize, count, width }, true);
            } else if !T::IS_F64 {
                for r in start..end {
                    // SAFETY: a row of neighbours.
                    T::widen(self.isa, unsafe { std::slice::from_raw_parts(row(r), width) }, &mut packed);
                    combine(Rows { x: packed.as_ptr(), stride: 0, count: 1, width }, r == start);
                }
            } else if let Some(stride) = self.rows.step() {
                combine(Rows { x: row(start).cast(), stride, count, width }, true);
            } else {
                (start..end).for_each(|r| combine(Rows { x: row(r).cast(), stride: 0, count: 1, width }, r == start));
            }
            // SAFETY: the tree has the levels of that many blocks, each `width` values.
            unsafe {
                close_block(self.isa, self.reduce, block, end == rows.end, to, width, tree.as_mut_ptr(), width);
            }
        }
    }

    /// Copies a block of rows side by side, in the order in which they lie.
    fn pack(&self, x: *const T, rows: Range<usize>, columns: &Range<usize>, to: &mut [f64]) {
        let width = columns.len();
        let read = |place: isize| {
            // SAFETY: a place of the tensor.
            unsafe { *x.wrapping_offset(place) }.into_f64()
        };
        if self.rows.spread() < self.last.spread() {
            for (c, column) in columns.clone().enumerate() {
                let place = self.last.at(column);
                for (r, row) in rows.clone().enumerate() {
                    to[r * width + c] = read(self.rows.at(row) + place);
                }
            }
        } else {
            for (to, row) in to.chunks_exact_mut(width).zip(rows) {
                let place = self.rows.at(row);
                for (to, column) in to.iter_mut().zip(columns.clone()) {
                    *to = read(place + self.last.at(column));
                }
            }
        }
    }
}
