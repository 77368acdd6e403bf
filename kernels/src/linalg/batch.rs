//! Batches of matrices, in parts of their own threads if they are large.

/// Multiply-adds that a part should hold at least, and parts at most.
const PART: usize = 1 << 17;
const PARTS: usize = 16;

/// Into how many parts a batch of `count` matrices is cut, if each takes about `work` multiply-adds. Depends on these alone.
///
/// ```
/// use pyroxene_kernels::linalg::parts;
/// assert_eq!((parts(1, 1 << 30), parts(10, 10), parts(4, 1 << 20)), (1, 1, 4));
/// ```
pub fn parts(count: usize, work: usize) -> usize {
    count.saturating_mul(work.max(1)).div_ceil(PART).min(count).clamp(1, PARTS)
}

/// What each part of a batch may scribble on.
#[derive(Debug)]
pub struct Scratch<'a, T> {
    /// Numbers.
    pub floats: &'a mut [T],
    /// Indices.
    pub indices: &'a mut [usize],
}

impl<T> Scratch<'_, T> {
    /// The first of so many equal parts, and the others.
    fn split(self, first: usize, parts: usize) -> (Self, Self) {
        let (floats, indices) = (self.floats.len() / parts * first, self.indices.len() / parts * first);
        let (a, b) = self.floats.split_at_mut(floats);
        let (c, d) = self.indices.split_at_mut(indices);
        (Scratch { floats: a, indices: c }, Scratch { floats: b, indices: d })
    }
}

/// Calls `f` with the place in the batch, the matrix of `size` elements, and an equal share of the scratch, for each matrix in
/// `data`. Of the failures, the first: its place, and what `f` said.
///
/// ```
/// use pyroxene_kernels::linalg::{Scratch, each_matrix};
/// let mut data = [1.0, 2.0, 3.0];
/// let none = Scratch { floats: &mut [0.0; 0], indices: &mut [] };
/// let first = each_matrix(&mut data, 1, none, 1, |k, x, _| {
///     x[0] *= 2.0;
///     if k > 0 { Err(7) } else { Ok(()) }
/// });
/// assert_eq!((data, first), ([2.0, 4.0, 6.0], Some((1, 7))));
/// ```
pub fn each_matrix<T: Send, U: Send>(
    data: &mut [T],
    size: usize,
    scratch: Scratch<'_, U>,
    parts: usize,
    f: impl Fn(usize, &mut [T], Scratch<'_, U>) -> Result<(), usize> + Sync,
) -> Option<(usize, usize)> {
    if size == 0 { None } else { part(0, data, size, scratch, parts.max(1), &f) }
}

fn part<T: Send, U: Send>(
    start: usize,
    data: &mut [T],
    size: usize,
    scratch: Scratch<'_, U>,
    parts: usize,
    f: &(impl Fn(usize, &mut [T], Scratch<'_, U>) -> Result<(), usize> + Sync),
) -> Option<(usize, usize)> {
    if parts == 1 {
        let Scratch { floats, indices } = scratch;
        let mut first = None;
        for (k, matrix) in data.chunks_exact_mut(size).enumerate() {
            if let Err(what) = f(start + k, matrix, Scratch { floats, indices }) {
                first.get_or_insert((start + k, what));
            }
        }
        return first;
    }
    let (left, count) = (parts / 2, data.len() / size);
    let half = count * left / parts;
    let (a, b) = data.split_at_mut(half * size);
    let (room_a, room_b) = scratch.split(left, parts);
    let (first, other) =
        rayon::join(|| part(start, a, size, room_a, left, f), || part(start + half, b, size, room_b, parts - left, f));
    first.or(other)
}
