//! Products, factorisations and solutions of matrices, over batches.

mod cholesky;
mod forward;
mod lu;
mod orthogonal;
mod product;
mod rank;
mod solve;

use crate::dtype::Scalar;
use crate::shape::Shape;
use crate::strided::Offsets;
use crate::tensor::Tensor;
use kernels::Scratch;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::linalg as kernels;
pub use pyroxene_kernels::linalg::Triangle;
pub use rank::{MatrixNorm, rank_tolerance};

/// The element types that have matrix kernels.
trait Float: Scalar + kernels::Real + Into<f64> {}
impl Float for f64 {}
impl Float for f32 {}

/// Runs an expression with the float type of a `DType` bound to a name.
macro_rules! with_float {
    ($dtype:expr, $type:ident => $body:expr) => {
        match $dtype {
            crate::DType::F32 => {
                type $type = f32;
                $body
            }
            _ => {
                type $type = f64;
                $body
            }
        }
    };
}
use with_float;

/// The place in the batch of the first matrix that has no result, and the pivot (or the step) that failed.
type Failure = Option<(usize, usize)>;

/// A result of `each` elements for every matrix of a batch, computed by `f` from the matrix's place in the batch; in parts, if
/// that many of `work` multiply-adds are worth it. `room` is the scratch for one matrix: numbers and indices.
fn each_matrix<T: Float>(
    shape: Shape,
    each: usize,
    work: usize,
    room: (usize, usize),
    f: impl Fn(usize, &mut [T], Scratch<'_, T>) -> Result<(), usize> + Sync,
) -> (Tensor, Failure) {
    let len = shape.iter().product();
    let parts = kernels::parts(len / each.max(1), work);
    let (mut floats, mut indices) = (vec![T::default(); parts * room.0], vec![0; parts * room.1]);
    let mut failure = None;
    let data = Buffer::build(len, |out| {
        let scratch = Scratch { floats: &mut floats, indices: &mut indices };
        failure = kernels::each_matrix(out, each, scratch, parts, f);
    });
    (Tensor::from_parts(data, shape), failure)
}

/// The matrices of a tensor in row-major order, for a batch to which its own broadcasts.
struct Matrices<T> {
    tensor: Tensor,
    offsets: Vec<usize>,
    size: usize,
    element: std::marker::PhantomData<T>,
}

impl<T: Float> Matrices<T> {
    /// The matrices of `x`, cast to `T`.
    fn new(x: &Tensor, batch: &[usize]) -> Matrices<T> {
        let tensor = x.cast(T::DTYPE).contiguous();
        let offsets = matrix_offsets(&tensor, batch);
        let size = tensor.shape[tensor.ndim() - 2..].iter().product();
        Matrices { tensor, offsets, size, element: std::marker::PhantomData }
    }

    fn at(&self, k: usize) -> &[T] {
        let data = self.tensor.data().expect("the tensor was cast");
        &data[self.offsets[k]..self.offsets[k] + self.size]
    }
}

impl Tensor {
    /// The shape without the last two axes.
    fn batch(&self) -> &[usize] {
        &self.shape[..self.ndim() - 2]
    }
}

/// The offsets of a tensor's matrices, with the batch axes broadcast to `batch`.
fn matrix_offsets(x: &Tensor, batch: &[usize]) -> Vec<usize> {
    let mut whole = Shape::from_slice(batch);
    whole.extend_from_slice(&x.shape[x.ndim() - 2..]);
    let strides = x.broadcast_strides(&whole);
    if x.is_empty() {
        return vec![x.offset; batch.iter().product()];
    }
    Offsets::new(batch, &strides[..batch.len()], x.offset).collect()
}
