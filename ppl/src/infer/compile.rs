//! Whether a model is compiled, and what stands for the Program where it is not.

use crate::error::Error;
use pyroxene_autograd::{CaptureError, DType, Packed, Program, Shape, Tensor, Var, scope};
use pyroxene_tensor::warning::{Category, warn_at};
use std::fmt;
use std::rc::Rc;

/// Whether inference compiles a model into a [`Program`], or traces it anew at each evaluation.
///
/// A Program is faster by orders of magnitude, but it is what one run of the model did: a model that reads a value which
/// depends on its latent variables ([`Var::item`], [`Var::to_tensor`]), and branches on it, has no Program. A branch can be
/// written with [`Var::where_`], a loop of fixed length with [`scan`](crate::scan). Results are the same either way, up to
/// rounding. Chains whose model is traced run one after the other, on the caller's thread.
///
/// ```
/// use pyroxene::{Compile, Cx, Nuts, Seed, dist::{HalfNormal, Normal}};
/// let model = |cx: &mut Cx| {
///     let scale = cx.sample("scale", HalfNormal::new(1.0));
///     // Written as a branch, not as `scale.less(1.0).where_(1.0, scale)`.
///     let noise = if scale.item() < 1.0 { 1.0.into() } else { scale };
///     cx.observe("y", Normal::new(0.0, noise), [1.0, -2.0]);
/// };
/// let nuts = Nuts::default().chains(1).warmup(50).draws(50).progress(false);
/// assert!(nuts.clone().compile(Compile::Never).run(&model, Seed(0)).is_ok());
/// let error = nuts.compile(Compile::Always).run(&model, Seed(0)).unwrap_err();
/// assert!(error.to_string().contains("reads a value that depends on an input"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compile {
    /// Compiles the model if it can be; otherwise traces it, and warns with the line that reads a value.
    #[default]
    Auto,
    /// Compiles the model; that it cannot be is an error.
    Always,
    /// Traces the model.
    Never,
}

/// A function of expressions that may find the model wrong.
pub(crate) type Body<'m> = Rc<dyn Fn(&[Var]) -> Result<Vec<Var>, Error> + 'm>;

/// A function of arrays: a Program, or what it would have been captured from.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there are few of them, and none is moved in a loop")]
pub(crate) enum Routine<'m> {
    Compiled(Program),
    Traced(Traced<'m>),
}

/// A function that is traced and evaluated directly each time it is called.
#[derive(Clone)]
pub(crate) struct Traced<'m> {
    body: Body<'m>,
    signature: Signature,
}

/// The shape of an input, and its type: f64 or f32.
pub(crate) type Typed = (Shape, DType);

/// What a function's inputs are.
#[derive(Clone, Debug)]
pub(crate) enum Signature {
    /// All are f64, and so are the outputs.
    Wide(Vec<Shape>),
    /// They have types, and the outputs have theirs, see [`Program::capture_typed`].
    Typed(Vec<Typed>),
}

impl Signature {
    fn capture(&self, body: impl FnOnce(&[Var]) -> Vec<Var>) -> Result<Program, CaptureError> {
        match self {
            Signature::Wide(shapes) => Program::capture(shapes, body),
            Signature::Typed(inputs) => Program::capture_typed(inputs, body),
        }
    }

    fn input(&self, k: usize, data: &[f64]) -> Tensor {
        let (shape, dtype) = match self {
            Signature::Wide(shapes) => (&shapes[k], DType::F64),
            Signature::Typed(inputs) => (&inputs[k].0, inputs[k].1),
        };
        let mut packed = Packed::zeros(shape, dtype);
        packed.as_mut_slice().copy_from_slice(data);
        packed.to_tensor()
    }

    fn output(&self, value: &Tensor) -> Packed {
        match self {
            Signature::Wide(_) => Packed::of(&value.cast(DType::F64)),
            Signature::Typed(_) => Packed::of(value),
        }
    }
}

impl Compile {
    /// The function `body` of such inputs.
    pub(crate) fn routine(self, signature: Signature, body: Body<'_>) -> Result<Routine<'_>, Error> {
        let traced = |body| Ok(Routine::Traced(Traced { body, signature: signature.clone() }));
        if self == Compile::Never {
            return traced(body);
        }
        let capture = |wrong: &mut Option<Error>| {
            signature.capture(|inputs| {
                body(inputs).unwrap_or_else(|error| {
                    *wrong = Some(error);
                    Vec::new()
                })
            })
        };
        match (try_capture(capture), self) {
            (Ok(program), _) => Ok(Routine::Compiled(program?)),
            (Err(error), Compile::Auto) => {
                let message = "the model reads a value that depends on its latent variables, so it cannot be compiled and is \
                               traced at each evaluation, which is slow; write the branch with `Var::where_`, or set \
                               `Compile::Never`";
                warn_at(error.location(), Category::Program, message);
                traced(body)
            }
            (Err(error), _) => Err(error.into()),
        }
    }
}

/// A capture whose body may find the model wrong, which it then writes down.
pub(crate) fn try_capture(
    capture: impl FnOnce(&mut Option<Error>) -> Result<Program, CaptureError>,
) -> Result<Result<Program, Error>, CaptureError> {
    let mut wrong = None;
    let program = capture(&mut wrong)?;
    Ok(wrong.map_or(Ok(program), Err))
}

impl Routine<'_> {
    /// Computes the outputs from the inputs. Only a traced function can find the model wrong.
    pub(crate) fn run(&mut self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), Error> {
        match self {
            Routine::Compiled(program) => {
                program.run(inputs, outputs);
                Ok(())
            }
            Routine::Traced(traced) => traced.run(inputs, outputs),
        }
    }
}

impl Traced<'_> {
    pub(crate) fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), Error> {
        scope(|| {
            let given = inputs.iter().enumerate();
            let vars: Vec<Var> = given.map(|(k, data)| self.signature.input(k, data).into()).collect();
            let values = (self.body)(&vars)?;
            for (output, value) in outputs.iter_mut().zip(values) {
                let value = self.signature.output(&value.to_tensor());
                if value.as_slice().len() != output.len() {
                    return Err(Error::new("the model gives values of other shapes than in its first run"));
                }
                output.copy_from_slice(value.as_slice());
            }
            Ok(())
        })
    }
}

impl fmt::Debug for Routine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Routine::Compiled(program) => program.fmt(f),
            Routine::Traced(traced) => f.debug_struct("Traced").field("inputs", &traced.signature).finish(),
        }
    }
}
