//! Plates: conditional independence along a batch axis. Pyro's counterpart is `pyro.plate`.

use super::{Deterministic, Effects, PlateFrame, Sample};
use crate::error::Error;
use pyroxene_autograd::Var;

/// A plate as the user asks for it.
#[derive(Clone, Debug)]
pub struct Plate {
    name: String,
    size: usize,
    subsample: Option<usize>,
    dim: Option<isize>,
}

impl Plate {
    /// A plate of `size` elements.
    pub fn new(name: &str, size: usize) -> Plate {
        Plate { name: name.to_string(), size, subsample: None, dim: None }
    }

    /// Looks at `size` elements only, drawn anew without replacement in each run.
    #[must_use]
    pub fn subsample(mut self, size: usize) -> Plate {
        self.subsample = Some(size);
        self
    }

    /// Owns the batch axis `dim`, counted from the right: -1, -2, ... By default a plate takes the rightmost axis to the
    /// left of the plates around it.
    #[must_use]
    pub fn dim(mut self, dim: isize) -> Plate {
        self.dim = Some(dim);
        self
    }
}

/// The handler that stands for a plate while its body runs.
pub(crate) struct PlateScope<'a> {
    frame: PlateFrame,
    outer: &'a mut dyn Effects,
}

impl<'a> PlateScope<'a> {
    pub(crate) fn enter(plate: Plate, outer: &'a mut dyn Effects) -> PlateScope<'a> {
        let size = plate.subsample.unwrap_or(plate.size);
        let fail =
            |message: String| -> ! { Error::at(&plate.name, format!("plate {:?}: {message}", plate.name)).raise() };
        if plate.size == 0 {
            fail("a plate of size 0 holds no elements".to_string());
        }
        if size == 0 || size > plate.size {
            fail(format!("a subsample of {size} of {} elements", plate.size));
        }
        if let Some(dim) = plate.dim
            && dim >= 0
        {
            fail(format!("the axis must be negative, counted from the right, got {dim}"));
        }
        let mut frame = PlateFrame {
            name: plate.name.as_str().into(),
            full_size: plate.size,
            size,
            dim: plate.dim.unwrap_or(0),
            indices: None,
        };
        outer.plate(&mut frame, &mut Vec::new());
        PlateScope { frame, outer }
    }

    pub(crate) fn indices(&self) -> Var {
        match self.frame.indices {
            Some(indices) => indices,
            None => Var::from((0..self.frame.size as i64).collect::<Vec<i64>>()),
        }
    }

    pub(crate) fn describe(&self) -> String {
        format!("plate {:?}", self.frame.name)
    }
}

impl Effects for PlateScope<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        let place = self.frame.dim.unsigned_abs();
        while site.batch_shape.len() < place {
            site.batch_shape.insert(0, 1);
        }
        let axis = site.batch_shape.len() - place;
        let size = site.batch_shape[axis];
        site.plates.push(self.frame.clone());
        if size != 1 && size != self.frame.size {
            let shape = site.dist.batch_shape();
            Error::at(
                &site.name,
                format!(
                    "{} with batch shape {:?} does not broadcast with {}",
                    site.dist.name(),
                    shape.as_slice(),
                    site.describe_plates()
                ),
            )
            .raise();
        }
        site.batch_shape[axis] = self.frame.size;
        if self.frame.size != self.frame.full_size {
            site.scale_by(self.frame.scale().into());
        }
        self.outer.sample(site);
    }

    fn deterministic(&mut self, site: &mut Deterministic) {
        site.plates.push(self.frame.clone());
        self.outer.deterministic(site);
    }

    fn plate(&mut self, plate: &mut PlateFrame, taken: &mut Vec<isize>) {
        if plate.name == self.frame.name {
            Error::at(&plate.name, format!("plate {:?} is entered inside itself", plate.name)).raise();
        }
        taken.push(self.frame.dim);
        self.outer.plate(plate, taken);
    }
}

/// Gives a plate its axis: the one asked for, or the rightmost to the left of all plates around.
pub(crate) fn allocate(plate: &mut PlateFrame, taken: &[isize]) {
    if plate.dim == 0 {
        plate.dim = taken.iter().min().copied().unwrap_or(0) - 1;
    } else if taken.contains(&plate.dim) {
        Error::at(&plate.name, format!("plate {:?}: axis {} belongs to a plate around it", plate.name, plate.dim))
            .raise();
    }
}
