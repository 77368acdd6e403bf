//! Structured operations: those that are neither elementwise, reductions nor views. One file says all there is to know of
//! one: its name, how it runs, its derivative, and its methods of [`Var`].

mod batch;
mod checkpoint;
mod cholesky;
mod convolution;
mod cumsum;
mod det;
mod draw;
mod each;
mod eigh;
mod forward;
mod fourier;
mod gather;
mod index_add;
mod index_select;
mod keep_triangle;
mod log_product;
mod lu;
mod matrix_exp;
mod order;
mod outer_triangle;
mod packed;
mod paths;
mod places;
mod pool;
mod position;
mod positions;
mod qr;
mod recurrence;
mod scan;
mod scatter;
mod searchsorted;
pub(crate) mod softmax;
mod solve;
mod solve_small;
mod solve_triangular;
mod special;
mod svd;

pub use checkpoint::checkpoint;
pub(crate) use draw::{Draw, draw};
pub(crate) use each::{Batching, Each};
pub(crate) use index_add::IndexAdd;
pub(crate) use index_select::IndexSelect;
pub(crate) use log_product::log_matmul;
pub(crate) use order::order;
pub(crate) use positions::positions;
pub(crate) use pyroxene_kernels::index::Extent;
pub(crate) use recurrence::products_of_others;
pub use scan::{scan, scan_slices};

use crate::arena::Var;
use crate::op::Op;
use crate::program::{Machine, Plan};
use crate::var::push;
use pyroxene_tensor::{DType, Shape, Tensor};
use smallvec::SmallVec;
use std::any::Any;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What the engines need to know of a structured operation.
pub(crate) trait Primitive: Same + Debug + Send + Sync {
    /// The name in messages and in `explain`.
    fn name(&self) -> &'static str;

    /// Room that `run` wants, for inputs and an output of these shapes.
    fn room(&self, _inputs: &[&[usize]], _output: &[usize]) -> Room {
        Room::default()
    }

    /// What `run` of a Program need not find out each time, because these inputs never change: it comes back in the room.
    fn known(&self, _inputs: &[Known<'_>]) -> Vec<usize> {
        Vec::new()
    }

    /// The Program that `run` executes as a part, if there is one.
    fn inner(&self) -> Option<&Arc<Plan>> {
        None
    }

    /// Whether the result is rows of the first input, by the numbers in the second.
    fn reads_rows(&self) -> bool {
        false
    }

    /// How this is done for many examples at once, where `each` input that is marked has an axis of examples in front, and
    /// so has the result. What an example gets does not depend on the others, to the last bit.
    fn batched(&self, _each: &[bool]) -> Batching {
        Batching::OneByOne
    }

    /// Computes the output as a Program does: all values are f64 (booleans 0 and 1, whole numbers exact up to 2^53), in
    /// row-major order. Must not allocate.
    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>);

    /// Direct evaluation. As it stands by `run` in f64; to be overridden where the tensor crate does better (exact
    /// integers, native f32). The caller casts the result to the type of the expression.
    fn evaluate(&self, inputs: &[&Tensor], shape: &[usize], _dtype: DType) -> Tensor {
        by_run(self, inputs, shape)
    }

    /// The derivatives for the inputs that are wanted, given the derivative `gy` of the output `y`, in `Var` operations so
    /// that they differentiate again; none where the derivative is zero almost everywhere.
    fn vjp(&self, x: &[Var], y: Var, gy: Var, wanted: &[bool]) -> Derivatives;
}

/// One derivative an input, or none where it is zero or was not asked for.
pub(crate) type Derivatives = SmallVec<[Option<Var>; 3]>;

/// Numbers and indices that an operation may scribble on while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) floats: usize,
    pub(crate) indices: usize,
}

/// The room that was asked for; what it holds is left over from others.
#[derive(Debug)]
pub(crate) struct RoomMut<'a> {
    pub(crate) floats: &'a mut [f64],
    pub(crate) indices: &'a mut [usize],
    /// What [`Primitive::known`] made of constant inputs; empty if nothing.
    pub(crate) known: &'a [usize],
    /// Memory for the inner Program, if the operation has one.
    pub(crate) inner: Option<&'a mut Machine>,
}

impl RoomMut<'_> {
    /// The same room for another run.
    pub(crate) fn again(&mut self) -> RoomMut<'_> {
        RoomMut {
            floats: &mut *self.floats,
            indices: &mut *self.indices,
            known: self.known,
            inner: self.inner.as_deref_mut(),
        }
    }
}

/// Operations have at most this many inputs; those with more pack them.
pub(crate) const INPUTS: usize = 16;

/// An input in row-major order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Array<'a> {
    pub(crate) data: &'a [f64],
    pub(crate) shape: &'a [usize],
}

/// An input whose value may be known when a Program is compiled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) data: Option<&'a [f64]>,
    pub(crate) shape: &'a [usize],
}

/// Appends a structured operation to the tape. The caller has checked the shapes.
#[track_caller]
pub(crate) fn apply(op: impl Primitive + 'static, inputs: &[Var], shape: Shape, dtype: DType) -> Var {
    push(Op::Structured(Structured::new(op)), inputs, shape, dtype)
}

/// Runs an operation on tensors, in f64.
pub(crate) fn by_run<P: Primitive + ?Sized>(op: &P, inputs: &[&Tensor], shape: &[usize]) -> Tensor {
    let values: SmallVec<[Vec<f64>; 3]> = inputs.iter().map(|x| x.to_vec::<f64>()).collect();
    let arrays: SmallVec<[Array<'_>; 3]> =
        values.iter().zip(inputs).map(|(data, x)| Array { data, shape: x.shape() }).collect();
    let shapes: SmallVec<[&[usize]; 3]> = inputs.iter().map(|x| x.shape()).collect();
    let room = op.room(&shapes, shape);
    let (mut floats, mut indices) = (vec![0.0; room.floats], vec![0; room.indices]);
    let mut output = vec![0.0; shape.iter().product()];
    let mut inner = op.inner().map(|plan| Machine::for_plan(plan));
    op.run(
        &arrays,
        &mut output,
        RoomMut { floats: &mut floats, indices: &mut indices, known: &[], inner: inner.as_mut() },
    );
    Tensor::from_f64(output, shape)
}

/// A structured operation as a value: cheap to clone, equal when the operations are.
#[derive(Clone, Debug)]
pub(crate) struct Structured(Arc<dyn Primitive>);

impl Structured {
    pub(crate) fn new(op: impl Primitive + 'static) -> Structured {
        Structured(Arc::new(op))
    }

    /// The operation, if it is of this type.
    pub(crate) fn downcast<T: 'static>(&self) -> Option<&T> {
        (&*self.0 as &dyn Any).downcast_ref()
    }
}

impl std::ops::Deref for Structured {
    type Target = dyn Primitive;

    fn deref(&self) -> &(dyn Primitive + 'static) {
        &*self.0
    }
}

impl PartialEq for Structured {
    fn eq(&self, other: &Structured) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.same(&*other.0)
    }
}

impl Eq for Structured {}

impl Hash for Structured {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name().hash(state);
    }
}

/// Equality across types, so that equal operations on equal inputs are computed once.
pub(crate) trait Same: Any {
    fn same(&self, other: &dyn Primitive) -> bool;
}

impl<T: PartialEq + 'static> Same for T {
    fn same(&self, other: &dyn Primitive) -> bool {
        (other as &dyn Any).downcast_ref::<T>() == Some(self)
    }
}
