//! Functions that are compiled for each list of shapes that they meet.

use super::Program;
use crate::arena::Var;
use crate::capture::CaptureError;
use pyroxene_tensor::Tensor;

/// A function of arrays that is captured when it first meets inputs of some shapes, and run as a [`Program`] from then on.
///
/// The Programs of the [`CAPACITY`](Compiled::CAPACITY) lists of shapes that were met last are kept. All else that the function uses
/// is frozen into a Program when it is captured: what changes from call to call must be an input.
///
/// ```
/// use pyroxene_autograd::{Compiled, Tensor, grad};
/// let mut slope = Compiled::new(|x| {
///     let y = (x[0] * x[0] * x[0]).sum();
///     vec![grad(y, &[x[0]])[0]]
/// });
/// assert_eq!(slope.call(&[Tensor::from([1.0, 2.0])])?[0].to_vec::<f64>(), [3.0, 12.0]);
/// assert_eq!(slope.call(&[Tensor::from([3.0, 0.0])])?[0].to_vec::<f64>(), [27.0, 0.0]);
/// assert_eq!(slope.captures(), 1);
/// assert_eq!(slope.call(&[Tensor::from(2.0)])?[0].item(), 12.0);
/// assert_eq!(slope.captures(), 2);
/// # Ok::<(), pyroxene_autograd::CaptureError>(())
/// ```
#[derive(Clone)]
pub struct Compiled<F> {
    body: F,
    /// Those used last come last.
    programs: Vec<Program>,
    captures: usize,
}

impl<F: Fn(&[Var]) -> Vec<Var>> Compiled<F> {
    /// The largest number of Programs that are kept.
    pub const CAPACITY: usize = 16;

    /// The function `body`; nothing is captured yet.
    pub fn new(body: F) -> Compiled<F> {
        Compiled { body, programs: Vec::new(), captures: 0 }
    }

    /// The function's outputs. Inputs are computed with as f64, as in [`Program::call`].
    ///
    /// # Errors
    /// If the function reads a value that depends on an input, see [`Program::capture`].
    pub fn call(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, CaptureError> {
        let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
        Ok(self.program(&shapes)?.call(inputs))
    }

    /// The Program for inputs of some shapes, captured unless it is kept.
    ///
    /// # Errors
    /// As [`Compiled::call`].
    pub fn program(&mut self, shapes: &[&[usize]]) -> Result<&mut Program, CaptureError> {
        let known = self.programs.iter().position(|program| program.input_shapes().eq(shapes.iter().copied()));
        let program = match known {
            Some(place) => self.programs.remove(place),
            None => {
                let program = Program::capture(shapes, &self.body)?;
                self.captures += 1;
                if self.programs.len() == Self::CAPACITY {
                    self.programs.remove(0);
                }
                program
            }
        };
        self.programs.push(program);
        Ok(self.programs.last_mut().expect("pushed just now"))
    }

    /// How often the function has been captured.
    pub fn captures(&self) -> usize {
        self.captures
    }
}

impl<F> std::fmt::Debug for Compiled<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").field("programs", &self.programs).field("captures", &self.captures).finish()
    }
}
