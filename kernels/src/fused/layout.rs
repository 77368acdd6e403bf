//! Strided layouts over the iteration space, and walks along them.

/// A layout whose dimensions of size 1 are gone and whose neighbours are merged where one stride serves both.
/// Never empty: a single element is one dimension of size 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) offset: usize,
    pub(super) dims: Vec<usize>,
    pub(super) strides: Vec<isize>,
}

impl Layout {
    pub(super) fn new(offset: usize, dims: &[usize], strides: &[isize]) -> Layout {
        let mut layout = Layout { offset, dims: vec![], strides: vec![] };
        for (&dim, &stride) in dims.iter().zip(strides).filter(|(dim, _)| **dim != 1) {
            match (layout.dims.last_mut(), layout.strides.last_mut()) {
                (Some(outer), Some(outer_stride)) if Some(*outer_stride) == stride.checked_mul(dim as isize) => {
                    *outer *= dim;
                    *outer_stride = stride;
                }
                _ => {
                    layout.dims.push(dim);
                    layout.strides.push(stride);
                }
            }
        }
        if layout.dims.is_empty() {
            layout.dims.push(1);
            layout.strides.push(0);
        }
        layout
    }

    /// The layout of the dimensions in which it moves: each place once.
    pub(super) fn kept(&self) -> Layout {
        let moving = || self.dims.iter().zip(&self.strides).filter(|(_, stride)| **stride != 0);
        let dims: Vec<usize> = moving().map(|(dim, _)| *dim).collect();
        let strides: Vec<isize> = moving().map(|(_, stride)| *stride).collect();
        Layout::new(self.offset, &dims, &strides)
    }

    pub(super) fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// All elements at the same place.
    pub(super) fn is_uniform(&self) -> bool {
        self.strides.iter().all(|stride| *stride == 0)
    }

    /// Element `i` at `offset + i`.
    pub(super) fn is_contiguous(&self) -> bool {
        self.strides == [1]
    }

    /// Size of the innermost dimension.
    pub(super) fn run(&self) -> usize {
        self.dims[self.dims.len() - 1]
    }

    /// Stride of the innermost dimension.
    pub(super) fn run_stride(&self) -> isize {
        self.strides[self.strides.len() - 1]
    }

    /// The least and the greatest place, unless empty. `None` in the result: some place is below zero or overflows.
    pub(super) fn hull(&self) -> Option<Option<(usize, usize)>> {
        if self.len() == 0 {
            return Some(None);
        }
        let (mut low, mut high) = (self.offset as i128, self.offset as i128);
        for (&dim, &stride) in self.dims.iter().zip(&self.strides) {
            let reach = (dim as i128 - 1) * stride as i128;
            if reach < 0 { low += reach } else { high += reach }
        }
        let fits = low >= 0 && high < isize::MAX as i128;
        fits.then_some(Some((low as usize, high as usize)))
    }

    /// Every place, in row-major order.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        let mut index = vec![0; self.dims.len() + 1];
        let mut done = 0;
        std::iter::from_fn(move || {
            (done < self.len()).then(|| {
                done += 1;
                Walk { layout: self, state: &mut index }.next_run(1).0
            })
        })
    }
}

/// A walk along a layout, run by run. The state is one number a dimension and one more, all zero at the start, so that it
/// can live in preallocated memory.
pub(super) struct Walk<'a> {
    pub(super) layout: &'a Layout,
    pub(super) state: &'a mut [usize],
}

impl Walk<'_> {
    /// Length of the state for a layout.
    pub(super) fn state_len(layout: &Layout) -> usize {
        layout.dims.len() + 1
    }

    /// Position within the innermost dimension.
    #[inline]
    pub(super) fn position(&self) -> usize {
        self.state[self.layout.dims.len() - 1]
    }

    /// The sum of the indices of all dimensions, each times its weight.
    #[inline]
    pub(super) fn weigh(&self, weights: &[usize]) -> usize {
        self.state.iter().zip(weights).map(|(index, weight)| index * weight).sum()
    }

    /// How many runs are left of the dimension around the innermost, this one included.
    #[inline]
    pub(super) fn runs_left(&self) -> usize {
        match self.layout.dims.len() {
            1 => 1,
            n => self.layout.dims[n - 2] - self.state[n - 2],
        }
    }

    /// Place of the next element, the first of a run; moves past `count > 0` runs, at most those that are left.
    #[inline]
    pub(super) fn skip_runs(&mut self, count: usize) -> usize {
        let Layout { offset, dims, strides } = self.layout;
        let place = offset.wrapping_add(self.state[dims.len()]);
        if let Some(outer) = dims.len().checked_sub(2) {
            self.state[outer] += count - 1;
            let skipped = (count as isize - 1).wrapping_mul(strides[outer]);
            self.state[dims.len()] = self.state[dims.len()].wrapping_add_signed(skipped);
        }
        self.next_run(self.layout.run());
        place
    }

    /// Place of the next element, and how many elements (at most `limit`) follow at the innermost stride; moves past them.
    #[inline]
    pub(super) fn next_run(&mut self, limit: usize) -> (usize, usize) {
        let Layout { offset, dims, strides } = self.layout;
        let inner = dims.len() - 1;
        // Places are modulo 2^64 in between; each one that is used was checked.
        let (index, row) = self.state.split_at_mut(inner + 1);
        let row = &mut row[0];
        let position = index[inner];
        let place = offset.wrapping_add(*row).wrapping_add((position as isize).wrapping_mul(strides[inner]) as usize);
        let len = limit.min(dims[inner] - position);
        index[inner] += len;
        if index[inner] == dims[inner] {
            index[inner] = 0;
            for d in (0..inner).rev() {
                index[d] += 1;
                *row = row.wrapping_add_signed(strides[d]);
                if index[d] < dims[d] {
                    break;
                }
                *row = row.wrapping_sub((dims[d] as isize).wrapping_mul(strides[d]) as usize);
                index[d] = 0;
            }
        }
        (place, len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_merge_where_one_stride_serves_both() {
        assert!(Layout::new(3, &[2, 1, 3, 4], &[12, 7, 4, 1]).is_contiguous());
        assert!(Layout::new(3, &[2, 3], &[0, 0]).is_uniform());
        assert_eq!(Layout::new(0, &[2, 3, 4], &[0, 4, 1]).dims, [2, 12]);
        assert_eq!(Layout::new(0, &[], &[]).dims, [1]);
    }

    #[test]
    fn walks_visit_places_in_row_major_order() {
        let layout = Layout::new(10, &[2, 3, 2], &[-6, 1, 3]);
        let places: Vec<usize> = layout.places().collect();
        assert_eq!(places, [10, 13, 11, 14, 12, 15, 4, 7, 5, 8, 6, 9]);
        assert_eq!(layout.hull(), Some(Some((4, 15))));
        let mut state = vec![0; Walk::state_len(&layout)];
        let mut walk = Walk { layout: &layout, state: &mut state };
        assert_eq!([walk.next_run(1), walk.next_run(9), walk.next_run(2)], [(10, 1), (13, 1), (11, 2)]);
    }

    #[test]
    fn places_below_zero_are_noticed() {
        assert_eq!(Layout::new(1, &[3], &[-1]).hull(), None);
        assert_eq!(Layout::new(1, &[0, 3], &[1, -1]).hull(), Some(None));
        assert_eq!(Layout::new(usize::MAX, &[3], &[1]).hull(), None);
    }
}
