//! Places of the elements of a group of axes.

/// Offsets in row-major order: evenly spaced, or one by one.
#[derive(Clone, Debug)]
pub(super) enum Places {
    Even { len: usize, step: isize },
    Table(Vec<isize>),
}

impl Places {
    /// The places of axes given as sizes and strides, none of them of size one.
    pub(super) fn new(axes: &[(usize, isize)]) -> Places {
        let mut merged: Vec<(usize, isize)> = vec![];
        for &(size, stride) in axes {
            match merged.last_mut() {
                Some((outer, step)) if *step == stride.wrapping_mul(size as isize) => {
                    *outer *= size;
                    *step = stride;
                }
                _ => merged.push((size, stride)),
            }
        }
        match *merged {
            [] => Places::Even { len: 1, step: 0 },
            [(len, step)] => Places::Even { len, step },
            _ => {
                let nested = |places: Vec<isize>, &(size, stride): &(usize, isize)| {
                    places.iter().flat_map(|place| (0..size as isize).map(move |i| place + i * stride)).collect()
                };
                Places::Table(merged.iter().fold(vec![0], nested))
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Places::Even { len, .. } => *len,
            Places::Table(places) => places.len(),
        }
    }

    #[inline(always)]
    pub(super) fn at(&self, i: usize) -> isize {
        match self {
            Places::Even { step, .. } => i as isize * step,
            Places::Table(places) => places[i],
        }
    }

    /// The step, if there is one.
    pub(super) fn step(&self) -> Option<isize> {
        match self {
            Places::Even { step, .. } => Some(*step),
            Places::Table(_) => None,
        }
    }

    /// How far apart neighbours are, as a measure of locality.
    pub(super) fn spread(&self) -> usize {
        if self.len() < 2 { usize::MAX } else { (self.at(1) - self.at(0)).unsigned_abs() }
    }
}
