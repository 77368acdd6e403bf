//! Elements between their places and the blocks that instructions work on, either of f64 or f32.

use super::layout::Walk;
use crate::elementwise::{narrow, widen};
use crate::isa::Isa;

/// Runs of up to this many elements are copied without a call for each.
const SHORT: usize = 32;

/// A type in which elements lie at their places or in blocks, and one that they become.
pub(super) trait To<B>: Copy {
    fn to(self) -> B;
    /// Elements side by side.
    fn all(isa: Isa, from: &[Self], to: &mut [B]);
}

impl<T: Copy> To<T> for T {
    fn to(self) -> T {
        self
    }
    fn all(_: Isa, from: &[T], to: &mut [T]) {
        to.copy_from_slice(from);
    }
}

impl To<f64> for f32 {
    fn to(self) -> f64 {
        f64::from(self)
    }
    fn all(isa: Isa, from: &[f32], to: &mut [f64]) {
        widen(isa, from, to);
    }
}

impl To<f32> for f64 {
    fn to(self) -> f32 {
        self as f32
    }
    fn all(isa: Isa, from: &[f64], to: &mut [f32]) {
        narrow(isa, from, to);
    }
}

/// Copies the next `len` elements of a walk to a block.
///
/// # Safety
/// The places of the walk must be readable in `from`, `to` writable for `len` values.
pub(super) unsafe fn gather<E: To<B>, B: Copy>(
    isa: Isa,
    mut walk: Walk,
    from: *const E,
    mut to: *mut B,
    mut len: usize,
) {
    let (stride, run) = (walk.layout.run_stride(), walk.layout.run());
    while len > 0 {
        let rows = if run <= SHORT && walk.position() == 0 { walk.runs_left().min(len / run) } else { 0 };
        if rows > 1 {
            let apart = walk.layout.strides[walk.layout.strides.len() - 2];
            let from = from.wrapping_add(walk.skip_runs(rows));
            // SAFETY: `rows` runs from here, and as many values at `to`.
            unsafe {
                match run {
                    2 => gather_rows(from, apart, stride, rows, 2, to),
                    3 => gather_rows(from, apart, stride, rows, 3, to),
                    4 => gather_rows(from, apart, stride, rows, 4, to),
                    _ => gather_rows(from, apart, stride, rows, run, to),
                }
                to = to.add(rows * run);
            }
            len -= rows * run;
            continue;
        }
        let (place, count) = walk.next_run(len);
        // SAFETY: `count` places from here at the stride, and as many values at `to`, which is no part of them.
        unsafe {
            let from = from.add(place);
            let block = std::slice::from_raw_parts_mut(to, count);
            match stride {
                0 => block.fill((*from).to()),
                1 => E::all(isa, std::slice::from_raw_parts(from, count), block),
                _ => {
                    for (i, to) in block.iter_mut().enumerate() {
                        *to = (*from.offset(i as isize * stride)).to();
                    }
                }
            }
            to = to.add(count);
        }
        len -= count;
    }
}

/// Copies `rows` runs whose beginnings are `apart` from each other.
///
/// # Safety
/// The places must be readable, and `to` writable for `rows * run` values.
#[inline(always)]
unsafe fn gather_rows<E: To<B>, B: Copy>(
    from: *const E,
    apart: isize,
    stride: isize,
    rows: usize,
    run: usize,
    to: *mut B,
) {
    for row in 0..rows {
        let from = from.wrapping_offset(row as isize * apart);
        for i in 0..run {
            // SAFETY: the caller's promise.
            unsafe { *to.add(row * run + i) = (*from.wrapping_offset(i as isize * stride)).to() };
        }
    }
}

/// Copies `len` elements of a block to the next places of a walk.
///
/// # Safety
/// `from` must be readable for `len` values, the places of the walk writable in `to`.
pub(super) unsafe fn scatter<B: To<E>, E: Copy>(
    isa: Isa,
    mut walk: Walk,
    mut from: *const B,
    to: *mut E,
    mut len: usize,
) {
    let stride = walk.layout.run_stride();
    while len > 0 {
        let (place, count) = walk.next_run(len);
        // SAFETY: `count` places from here at the stride, and as many values at `from`, which is no part of them.
        unsafe {
            let to = to.add(place);
            let block = std::slice::from_raw_parts(from, count);
            if stride == 1 {
                B::all(isa, block, std::slice::from_raw_parts_mut(to, count));
            } else {
                for (i, &x) in block.iter().enumerate() {
                    *to.offset(i as isize * stride) = x.to();
                }
            }
            from = from.add(count);
        }
        len -= count;
    }
}
