//! Operations on each matrix of a batch.

use super::{Room, RoomMut};
use pyroxene_kernels::linalg::{Scratch, each_matrix, parts};

/// How a batch is worked off: elements of a result, multiply-adds that it takes, and scratch for one matrix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub(super) each: usize,
    pub(super) work: usize,
    pub(super) floats: usize,
    pub(super) indices: usize,
}

impl Batch {
    /// The room that all parts of the batch want together.
    pub(super) fn room(self, output: &[usize]) -> Room {
        let parts = self.parts(output.iter().product());
        Room { floats: parts * self.floats, indices: parts * self.indices }
    }

    fn parts(self, len: usize) -> usize {
        parts(len / self.each.max(1), self.work)
    }

    /// Calls `f` with the place in the batch, the place for the result, and scratch. A result that `f` cannot give is NaN.
    pub(super) fn run(
        self,
        output: &mut [f64],
        room: RoomMut<'_>,
        f: impl Fn(usize, &mut [f64], Scratch<'_, f64>) -> Result<(), usize> + Sync,
    ) {
        let parts = self.parts(output.len());
        let floats = &mut room.floats[..parts * self.floats];
        let scratch = Scratch { floats, indices: &mut room.indices[..parts * self.indices] };
        each_matrix(output, self.each, scratch, parts, |k, out, scratch| {
            f(k, out, scratch).inspect_err(|_| out.fill(f64::NAN))
        });
    }
}

/// The order of a batch of square matrices.
pub(super) fn order(shape: &[usize]) -> usize {
    shape[shape.len() - 1]
}

/// Matrix `k` of a batch of `size` elements each.
pub(super) fn nth(data: &[f64], k: usize, size: usize) -> &[f64] {
    &data[k * size..(k + 1) * size]
}
