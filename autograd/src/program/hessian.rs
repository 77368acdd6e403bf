//! Matrices of second derivatives as Programs.

use super::Program;
use super::batch::{Batching, Source};
use crate::arena::Var;
use crate::capture::CaptureError;
use crate::grad::grad;
use crate::shape::fail;
use pyroxene_tensor::{DType, Shape, Tensor};

impl Program {
    /// The value of a scalar function, its gradient by input 0, a vector `[n]`, and its matrix of second derivatives
    /// `[n, n]`, in one Program. Other inputs are parameters.
    ///
    /// The product of the matrix with one vector, a derivative of the gradient, is made that of `n` unit vectors at once, as
    /// by [`Program::batched`]: the tape holds one product, whatever `n`, and what does not depend on the vector is computed
    /// once. Where the function works on a matrix of predictors, all products with it are one product of matrices. A Hessian
    /// costs about two to five times `n` gradients of a small function, and less than `n` of one with many data. The matrix
    /// is symmetric up to rounding.
    ///
    /// ```
    /// use pyroxene_autograd::Program;
    /// let mut program = Program::hessian(&[&[2][..], &[]], |x| x[1] * x[0].select(0, 0).square() * x[0].select(0, 1))?;
    /// let (mut value, mut gradient, mut hessian) = ([0.0], [0.0; 2], [0.0; 4]);
    /// program.run(&[&[3.0, 5.0], &[2.0]], &mut [&mut value, &mut gradient, &mut hessian]);
    /// assert_eq!(value, [90.0]);
    /// assert_eq!(gradient, [60.0, 18.0]);
    /// assert_eq!(hessian, [20.0, 12.0, 12.0, 0.0]);
    /// # Ok::<(), pyroxene_autograd::CaptureError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::capture`].
    ///
    /// # Panics
    /// If input 0 is no vector, or the function's value no scalar; and where the function has no second derivative.
    #[track_caller]
    pub fn hessian<S: AsRef<[usize]>>(inputs: &[S], body: impl FnOnce(&[Var]) -> Var) -> Result<Program, CaptureError> {
        let mut shapes: Vec<Shape> = inputs.iter().map(|shape| shape.as_ref().into()).collect();
        let Some(&[n]) = shapes.first().map(Shape::as_slice) else {
            fail(format_args!("Program::hessian: input 0 must be a vector, got {:?}", shapes.first()))
        };
        let mut sources = vec![Source::Shared; shapes.len()];
        shapes.push(Shape::from_slice(&[n]));
        sources.push(Source::Rows(Tensor::eye(n, DType::F64)));
        let (one, check) = Program::trace(shapes, |inputs| {
            let [x @ .., direction] = inputs else { unreachable!("at least the vector and a direction") };
            let value = body(x);
            let gradient = grad(value, &x[..1])[0];
            vec![value, gradient, grad((gradient * *direction).sum(), &x[..1])[0]]
        })?;
        let batching = Batching { count: n, inputs: sources, outputs: vec![false, false, true] };
        Ok(Program::of_many(&one.graph, check.as_ref(), batching))
    }
}
