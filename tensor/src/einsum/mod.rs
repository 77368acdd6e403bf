//! Einstein summation: products of many tensors, summed over the symbols that the output does not name.
//!
//! An [`Equation`] is parsed and checked against shapes, [`Plan`] orders it into products of two, and [`contract`] carries
//! them out on anything that is a [`Value`]: tensors here, expressions in the autograd crate. The same steps serve three
//! [`Algebra`]s.
//!
//! # Equations
//! `"bij,bjk->bik"`: a letter for each axis of each operand, then the axes of the output. Spaces are ignored.
//! - A letter stands for one size everywhere, except that size 1 broadcasts.
//! - A letter twice in an operand takes its diagonal: `"ii->i"`; letters that the output lacks are summed: `"ij->i"`.
//! - `...` stands for any number of axes, which broadcast from the right; an output must name it if it stands for any.
//! - Without `->` the output is `...` and then the letters that occur once, in alphabetical order: `"ij,jk"` is
//!   `"ij,jk->ik"`.

mod execute;
mod parse;
mod plan;

pub use execute::{Value, contract};
pub use parse::Equation;
pub use plan::{EinsumPath, Plan, Step};

use crate::dtype::DType;
use crate::error::OrPanic;
use crate::shape::{self, Shape};
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::logspace::{log_product, log_product_room};
use std::borrow::Borrow;

/// What takes the place of products and sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algebra {
    /// Numbers are multiplied and added.
    SumProduct,
    /// Logarithms of numbers that are multiplied and added: `+` and `logsumexp`.
    LogSumExp,
    /// Logarithms of numbers that are multiplied and of which the largest counts: `+` and `max`.
    MaxProduct,
}

impl Algebra {
    /// The name of the operation, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Algebra::SumProduct => "einsum",
            Algebra::LogSumExp => "log_einsum",
            Algebra::MaxProduct => "max_einsum",
        }
    }

    /// The element type in which tensors of type `dtype` are contracted.
    pub fn dtype(self, dtype: DType) -> DType {
        match self {
            Algebra::SumProduct => dtype.to_number(),
            Algebra::LogSumExp | Algebra::MaxProduct => dtype.to_float(),
        }
    }
}

/// The order in which [`Tensor::einsum`] multiplies operands of these shapes, to be printed.
///
/// ```
/// use pyroxene_tensor::einsum_path;
/// let path = einsum_path("ab,bc,c->a", &[&[50, 50], &[50, 50], &[50]]);
/// assert_eq!(path.order(), [(1, 2), (0, 3)]);
/// assert_eq!(path.flops(), 10_000.0);
/// ```
///
/// # Panics
/// As [`Tensor::einsum`].
#[track_caller]
pub fn einsum_path(equation: &str, shapes: &[&[usize]]) -> EinsumPath {
    let equation = Equation::parse("einsum", equation, shapes).or_panic();
    let plan = Plan::new(&equation);
    EinsumPath::new(equation, plan)
}

#[track_caller]
fn contracted<B: Borrow<Tensor>>(algebra: Algebra, equation: &str, operands: &[B]) -> Tensor {
    let shapes: Vec<&[usize]> = operands.iter().map(|x| x.borrow().shape()).collect();
    let equation = Equation::parse(algebra.name(), equation, &shapes).or_panic();
    let common = operands.iter().map(|x| x.borrow().dtype()).max().expect("an equation has an operand");
    let operands: Vec<Tensor> = operands.iter().map(|x| x.borrow().cast(algebra.dtype(common))).collect();
    contract(&equation, &Plan::new(&equation), algebra, &operands)
}

impl Tensor {
    /// The sum of products that an [equation](self::Equation) such as `"bij,bjk->bik"` describes; see the
    /// [module](crate::einsum) for its rules. Several operands are multiplied two at a time, as matrices where they share
    /// a summed symbol, in the order of least arithmetic ([`einsum_path`] shows it). Integers and truth values give `I64`.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let b = Tensor::from([5.0, 6.0]);
    /// assert_eq!(Tensor::einsum("ij,j->i", &[&a, &b]), a.matmul(&b));
    /// assert_eq!(Tensor::einsum("ii", &[&a]).item(), 5.0);
    /// assert_eq!(Tensor::einsum("ij,i,j->", &[&a, &b, &b]).item(), 319.0);
    /// ```
    ///
    /// # Panics
    /// If the equation is malformed, does not have one term an operand and one symbol an axis, or gives a symbol two
    /// sizes.
    #[track_caller]
    pub fn einsum<B: Borrow<Tensor>>(equation: &str, operands: &[B]) -> Tensor {
        contracted(Algebra::SumProduct, equation, operands)
    }

    /// [`einsum`](Tensor::einsum) of numbers given by their logarithms: `logsumexp` of sums. No number overflows; a sum
    /// of no terms, or of terms that are all `-inf`, is `-inf`.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// // One step of the forward algorithm, far below the smallest f64.
    /// let (state, transition) = (Tensor::from([-1e4, -1e4]), Tensor::from([[0.5, 0.5], [0.1, 0.9]]).ln());
    /// let next = Tensor::log_einsum("i,ij->j", &[&state, &transition]);
    /// assert!((next.at(&[0]) - (0.6f64.ln() - 1e4)).abs() < 1e-9);
    /// ```
    ///
    /// # Panics
    /// As [`einsum`](Tensor::einsum).
    #[track_caller]
    pub fn log_einsum<B: Borrow<Tensor>>(equation: &str, operands: &[B]) -> Tensor {
        contracted(Algebra::LogSumExp, equation, operands)
    }

    /// The largest sum in place of the sum of products: the maximum a posteriori where [`log_einsum`](Tensor::log_einsum)
    /// gives the evidence. The maximum of no terms is `-inf`.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let (a, b) = (Tensor::from([[0.0, 2.0], [1.0, 0.5]]), Tensor::from([1.5, -1.0]));
    /// assert_eq!(Tensor::max_einsum("ij,j->i", &[&a, &b]).to_vec::<f64>(), [1.5, 2.5]);
    /// ```
    ///
    /// # Panics
    /// As [`einsum`](Tensor::einsum).
    #[track_caller]
    pub fn max_einsum<B: Borrow<Tensor>>(equation: &str, operands: &[B]) -> Tensor {
        contracted(Algebra::MaxProduct, equation, operands)
    }

    /// The sum of products over pairs of axes: axis `axes[k]` of this tensor with axis `other_axes[k]` of the other. The
    /// other axes of both follow each other in the result.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::arange(0.0, 24.0, 1.0).reshape(&[2, 3, 4]);
    /// assert_eq!(x.tensordot(&x, &[0, 1], &[0, 1]).shape(), [4, 4]);
    /// ```
    ///
    /// # Panics
    /// If the lists differ in length, name an axis twice, or pair axes of different sizes.
    #[track_caller]
    pub fn tensordot(&self, other: &Tensor, axes: &[isize], other_axes: &[isize]) -> Tensor {
        let equation = Equation::tensordot(self.shape(), other.shape(), axes, other_axes).or_panic();
        let dtype = self.dtype().promote(other.dtype()).to_number();
        contract(&equation, &Plan::new(&equation), Algebra::SumProduct, &[self.cast(dtype), other.cast(dtype)])
    }
}

/// The product of two batches of matrices of logarithms, whose leading axes are the same; computed in `F64`.
fn log_matmul(a: &Tensor, b: &Tensor) -> Tensor {
    let mut shape = Shape::from_slice(a.shape());
    let (rows, inner, columns) = (a.size(-2), a.size(-1), b.size(-1));
    shape[a.ndim() - 1] = columns;
    let [x, y] = [a, b].map(|x| x.cast(DType::F64).contiguous());
    let [x, y] = [&x, &y].map(|x| x.as_slice::<f64>().expect("the arguments were cast"));
    let sizes = [rows, inner, columns];
    let mut room = vec![0.0; log_product_room(sizes)];
    let data = Buffer::build(shape.iter().product(), |out| {
        for (at, out) in out.chunks_exact_mut((rows * columns).max(1)).enumerate() {
            let x = &x[at * rows * inner..(at + 1) * rows * inner];
            let y = &y[at * inner * columns..(at + 1) * inner * columns];
            log_product(sizes, x, y, out, &mut room);
        }
    });
    Tensor::from_parts(data, shape).cast(a.dtype())
}

impl Value for Tensor {
    fn sizes(&self) -> Shape {
        Shape::from_slice(self.shape())
    }

    fn permuted(&self, axes: &[isize]) -> Tensor {
        self.permute(axes)
    }

    fn reshaped(&self, shape: Shape) -> Tensor {
        self.reshaped(shape)
    }

    fn diagonal(&self) -> Tensor {
        self.diagonal()
    }

    fn combined(&self, other: &Tensor, algebra: Algebra) -> Tensor {
        match algebra {
            Algebra::SumProduct => self * other,
            Algebra::LogSumExp | Algebra::MaxProduct => self + other,
        }
    }

    fn reduced(&self, axes: &[isize], algebra: Algebra) -> Tensor {
        match algebra {
            Algebra::SumProduct => self.sum_axes(axes, false),
            Algebra::LogSumExp => self.logsumexp(axes, false),
            Algebra::MaxProduct => {
                let left = shape::reduce("max_einsum", &self.shape, axes, false).or_panic();
                if self.is_empty() {
                    // The greatest of no products.
                    return Tensor::full(left, f64::NEG_INFINITY).cast(self.dtype());
                }
                self.max_axes(axes, false)
            }
        }
    }

    fn product(&self, other: &Tensor, algebra: Algebra) -> Tensor {
        match algebra {
            Algebra::SumProduct => self.matmul(other),
            Algebra::LogSumExp => log_matmul(self, other),
            Algebra::MaxProduct => self.unsqueeze(-1).combined(&other.unsqueeze(-3), algebra).reduced(&[-2], algebra),
        }
    }
}
