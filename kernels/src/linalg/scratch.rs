//! Buffers that each thread keeps, so that products do not allocate.

use std::cell::Cell;
use std::marker::PhantomData;

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code)] [u8; 64]);

thread_local! {
    static BUFFER: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

/// The thread's buffer, taken out until this is dropped. A second one at the same time is allocated.
pub(super) struct Buffer<T> {
    lines: Vec<Line>,
    values: PhantomData<T>,
}

impl<T: super::Real> Buffer<T> {
    /// Room for `len` values. What is there is whatever was left there.
    pub(super) fn take(len: usize) -> Self {
        let mut lines = BUFFER.take();
        let need = (len * size_of::<T>()).div_ceil(64);
        if lines.len() < need {
            lines.resize(need, Line([0; 64]));
        }
        Buffer { lines, values: PhantomData }
    }

    /// The first value, aligned to 64 bytes.
    pub(super) fn as_mut_ptr(&mut self) -> *mut T {
        self.lines.as_mut_ptr().cast()
    }
}

impl<T> Drop for Buffer<T> {
    fn drop(&mut self) {
        BUFFER.set(std::mem::take(&mut self.lines));
    }
}
