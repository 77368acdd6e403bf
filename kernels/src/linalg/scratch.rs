//! Room that does not have to be allocated: on the stack, and in buffers that each thread keeps.

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

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

/// Room for N values on the stack, aligned to 64 bytes: a vector that lies across two lines of the cache takes twice as long.
#[repr(align(64))]
pub(super) struct Local<T, const N: usize>([MaybeUninit<T>; N]);

impl<T, const N: usize> Local<T, N> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Local([const { MaybeUninit::uninit() }; N])
    }

    /// The first value.
    #[inline(always)]
    pub(super) fn as_mut_ptr(&mut self) -> *mut T {
        self.0.as_mut_ptr().cast()
    }
}
