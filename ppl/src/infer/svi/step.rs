//! The step of a run, by the shapes of its data.

use crate::error::Error;
use crate::infer::compile::{Body, Compile, Routine, Signature, Typed};
use pyroxene_autograd::{DType, Packed, Program, Shape, Tensor};

/// Data that a model or guide has declared, with their value now.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub(super) name: String,
    dtype: DType,
    values: Packed,
}

impl Input {
    pub(super) fn new(name: &str, value: &Tensor) -> Input {
        Input { name: name.to_string(), dtype: value.dtype(), values: Packed::of(value) }
    }

    /// Sets another value.
    pub(super) fn set(&mut self, value: &Tensor) -> Result<(), Error> {
        if value.dtype() != self.dtype {
            let message = format!("the data are {:?}, but {:?} where they are declared", value.dtype(), self.dtype);
            return Err(Error::at(&self.name, message));
        }
        *self = Input::new(&self.name, value);
        Ok(())
    }

    pub(super) fn values(&self) -> &[f64] {
        self.values.as_slice()
    }

    pub(super) fn tensor(&self) -> Tensor {
        self.values.to_tensor().cast(self.dtype)
    }
}

/// The largest number of compiled steps that are kept.
const CAPACITY: usize = 16;

/// A step, compiled for each list of shapes that its data have had lately.
#[derive(Clone)]
pub(super) struct Steps<'m> {
    compile: Compile,
    body: Body<'m>,
    /// The inputs before the data.
    fixed: Vec<Typed>,
    /// Those used last come last, each with the shapes of its data.
    known: Vec<(Vec<Shape>, Routine<'m>)>,
    captures: usize,
}

impl<'m> Steps<'m> {
    pub(super) fn new(compile: Compile, body: Body<'m>, fixed: Vec<Typed>) -> Steps<'m> {
        Steps { compile, body, fixed, known: Vec::new(), captures: 0 }
    }

    pub(super) fn captures(&self) -> usize {
        self.captures
    }

    /// The step that was used last, if it is compiled.
    pub(super) fn program(&self) -> Option<&Program> {
        match self.known.last()? {
            (_, Routine::Compiled(program)) => Some(program),
            (_, Routine::Traced(_)) => None,
        }
    }

    /// The step for data of these shapes.
    pub(super) fn prepare(&mut self, data: &[Input]) -> Result<&mut Routine<'m>, Error> {
        let fits =
            |shapes: &[Shape]| shapes.iter().map(Shape::as_slice).eq(data.iter().map(|input| input.values.shape()));
        match self.known.iter().rposition(|(shapes, _)| fits(shapes)) {
            Some(place) => self.known[place..].rotate_left(1),
            None => {
                let given = data.iter().map(|input| (Shape::from(input.values.shape()), input.values.dtype()));
                let signature = Signature::Typed(self.fixed.iter().cloned().chain(given).collect());
                let routine = self.compile.routine(signature, self.body.clone())?;
                match routine {
                    Routine::Compiled(_) => self.captures += 1,
                    // One warning is enough.
                    Routine::Traced(_) => self.compile = Compile::Never,
                }
                if self.known.len() == CAPACITY {
                    self.known.remove(0);
                }
                let shapes = data.iter().map(|input| input.values.shape().into()).collect();
                self.known.push((shapes, routine));
            }
        }
        let (_, routine) = self.known.last_mut().expect("moved or pushed just now");
        Ok(routine)
    }
}

impl std::fmt::Debug for Steps<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steps").field("known", &self.known).field("captures", &self.captures).finish()
    }
}
