//! Picking elements by position, and putting them back. Positions are whole and checked by the caller.

use std::ops::AddAssign;

/// An axis of a row-major array: how many elements there are before it, along it and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The product of the sizes of the axes before.
    pub outer: usize,
    /// The size of the axis.
    pub size: usize,
    /// The product of the sizes of the axes after.
    pub inner: usize,
}

impl Extent {
    /// The extent of an axis of a shape.
    pub fn new(shape: &[usize], axis: usize) -> Extent {
        let product = |sizes: &[usize]| sizes.iter().product();
        Extent { outer: product(&shape[..axis]), size: shape[axis], inner: product(&shape[axis + 1..]) }
    }

    fn is_empty(self) -> bool {
        self.outer * self.size * self.inner == 0
    }
}

/// `out[o, j, i] = x[o, rows[j], i]`.
pub fn select_rows<T: Copy>(x: &[T], extent: Extent, rows: &[usize], out: &mut [T]) {
    let Extent { size, inner, .. } = extent;
    if extent.is_empty() || rows.is_empty() {
        return;
    }
    for (x, out) in x.chunks_exact(size * inner).zip(out.chunks_exact_mut(rows.len() * inner)) {
        match inner {
            1 => out.iter_mut().zip(rows).for_each(|(out, &row)| *out = x[row]),
            2 => select_short::<T, 2>(x, rows, out),
            3 => select_short::<T, 3>(x, rows, out),
            4 => select_short::<T, 4>(x, rows, out),
            _ => {
                for (out, &row) in out.chunks_exact_mut(inner).zip(rows) {
                    out.copy_from_slice(&x[row * inner..][..inner]);
                }
            }
        }
    }
}

/// Rows of a length that the compiler knows.
fn select_short<T: Copy, const N: usize>(x: &[T], rows: &[usize], out: &mut [T]) {
    let x = x.as_chunks::<N>().0;
    for (out, &row) in out.as_chunks_mut::<N>().0.iter_mut().zip(rows) {
        *out = x[row];
    }
}

/// `out[o, rows[j], i] += x[o, j, i]`, in the order of `j`; the extent is that of `out`. Single elements (`inner` is one) for
/// the same place that follow each other are summed first: sorted groups take one addition to `out` a group.
pub fn add_rows<T: Copy + AddAssign>(x: &[T], extent: Extent, rows: &[usize], out: &mut [T]) {
    let Extent { size, inner, .. } = extent;
    if extent.is_empty() || rows.is_empty() {
        return;
    }
    for (x, out) in x.chunks_exact(rows.len() * inner).zip(out.chunks_exact_mut(size * inner)) {
        match inner {
            1 => {
                let mut rest = x;
                for group in rows.chunk_by(|a, b| a == b) {
                    let (x, others) = rest.split_at(group.len());
                    out[group[0]] += sum(x);
                    rest = others;
                }
            }
            2 => add_short::<T, 2>(x, rows, out),
            3 => add_short::<T, 3>(x, rows, out),
            4 => add_short::<T, 4>(x, rows, out),
            _ => {
                for (x, &row) in x.chunks_exact(inner).zip(rows) {
                    out[row * inner..][..inner].iter_mut().zip(x).for_each(|(sum, &x)| *sum += x);
                }
            }
        }
    }
}

/// Rows of a length that the compiler knows.
fn add_short<T: Copy + AddAssign, const N: usize>(x: &[T], rows: &[usize], out: &mut [T]) {
    let out = out.as_chunks_mut::<N>().0;
    for (x, &row) in x.as_chunks::<N>().0.iter().zip(rows) {
        out[row].iter_mut().zip(x).for_each(|(sum, &x)| *sum += x);
    }
}

/// The sum of at least one element: lane `i mod 8` takes element `i`, then a fixed tree, then what is left in order.
fn sum<T: Copy + AddAssign>(x: &[T]) -> T {
    const LANES: usize = 8;
    let (mut result, rest) = match x.as_chunks::<LANES>() {
        ([first, more @ ..], rest) => {
            let mut lanes = *first;
            for x in more {
                lanes.iter_mut().zip(x).for_each(|(sum, &x)| *sum += x);
            }
            for half in [4, 2, 1] {
                let (low, high) = lanes.split_at_mut(half);
                low.iter_mut().zip(high).for_each(|(sum, x)| *sum += *x);
            }
            (lanes[0], rest)
        }
        ([], rest) => (rest[0], &rest[1..]),
    };
    rest.iter().for_each(|&x| result += x);
    result
}

/// `out[o, j, i] = x[o, at[o, j, i], i]`.
pub fn gather<T: Copy>(x: &[T], extent: Extent, at: &[usize], out: &mut [T]) {
    pairs(extent, at, |o, place| out[o] = x[place]);
}

/// `out[o, at[o, j, i], i] = x[o, j, i]`, in the order of `j`, so that the last of equal positions wins; the extent is that
/// of `out`.
pub fn scatter<T: Copy>(x: &[T], extent: Extent, at: &[usize], out: &mut [T]) {
    pairs(extent, at, |i, place| out[place] = x[i]);
}

/// `out[o, at[o, j, i], i] += x[o, j, i]`, in the order of `j`; the extent is that of `out`.
pub fn scatter_add<T: Copy + AddAssign>(x: &[T], extent: Extent, at: &[usize], out: &mut [T]) {
    pairs(extent, at, |i, place| out[place] += x[i]);
}

/// Calls `f` with each place in `at`, in order, and the place along the axis that it names.
#[inline(always)]
fn pairs(extent: Extent, at: &[usize], mut f: impl FnMut(usize, usize)) {
    let Extent { outer, size, inner } = extent;
    if outer * inner == 0 {
        return;
    }
    let block = at.len() / outer;
    for o in 0..outer {
        let (from, base) = (o * block, o * size * inner);
        match inner {
            1 => (from..).zip(&at[from..from + block]).for_each(|(here, &row)| f(here, base + row)),
            _ => {
                for (j, rows) in at[from..from + block].chunks_exact(inner).enumerate() {
                    for (i, &row) in rows.iter().enumerate() {
                        f(from + j * inner + i, base + row * inner + i);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_added_whole() {
        for lengths in [vec![1], vec![3, 1, 9], vec![8, 7, 40, 2, 17]] {
            let rows: Vec<usize> = lengths.iter().enumerate().flat_map(|(row, &len)| vec![row; len]).collect();
            let x: Vec<i64> = (1..=rows.len() as i64).collect();
            let mut out = vec![10; lengths.len()];
            add_rows(&x, Extent { outer: 1, size: lengths.len(), inner: 1 }, &rows, &mut out);
            let mut rest = &x[..];
            for (len, got) in lengths.into_iter().zip(out) {
                let (group, others) = rest.split_at(len);
                assert_eq!(got, 10 + group.iter().sum::<i64>());
                rest = others;
            }
        }
    }

    #[test]
    fn picking_and_putting_back_are_as_their_formulas() {
        for (outer, size, inner, count) in [
            (2, 3, 4, 5),
            (1, 4, 1, 7),
            (3, 2, 1, 0),
            (0, 2, 2, 3),
            (2, 1, 0, 2),
            (2, 5, 3, 2),
            (2, 3, 2, 6),
            (1, 3, 7, 5),
        ] {
            let extent = Extent { outer, size, inner };
            let x: Vec<i64> = (0..outer * size * inner).map(|i| i as i64 + 1).collect();
            let y: Vec<i64> = (0..outer * count * inner).map(|i| 100 + i as i64).collect();
            let rows: Vec<usize> = (0..count).map(|j| (j * 7 + 1) % size).collect();
            let at: Vec<usize> = (0..y.len()).map(|i| (i * 5 + i / 3) % size).collect();
            let spot = |o: usize, j: usize, i: usize| (o * count + j) * inner + i;
            let place = |o: usize, row: usize, i: usize| (o * size + row) * inner + i;
            let (mut selected, mut gathered) = (vec![0; y.len()], vec![0; y.len()]);
            select_rows(&x, extent, &rows, &mut selected);
            gather(&x, extent, &at, &mut gathered);
            let (mut added, mut set, mut summed) = (x.clone(), x.clone(), x.clone());
            add_rows(&y, extent, &rows, &mut added);
            scatter(&y, extent, &at, &mut set);
            scatter_add(&y, extent, &at, &mut summed);
            let (mut added_too, mut set_too, mut summed_too) = (x.clone(), x.clone(), x.clone());
            for o in 0..outer {
                for j in 0..count {
                    for i in 0..inner {
                        let here = spot(o, j, i);
                        assert_eq!(selected[here], x[place(o, rows[j], i)]);
                        assert_eq!(gathered[here], x[place(o, at[here], i)]);
                        added_too[place(o, rows[j], i)] += y[here];
                        set_too[place(o, at[here], i)] = y[here];
                        summed_too[place(o, at[here], i)] += y[here];
                    }
                }
            }
            assert_eq!((added, set, summed), (added_too, set_too, summed_too), "{extent:?} {count}");
        }
    }
}
