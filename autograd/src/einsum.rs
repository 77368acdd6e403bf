//! Einstein summation of expressions. The parser, the planner and the steps are the tensor crate's; each step is made of
//! operations that differentiate, so that contractions do so any number of times.

use crate::arena::{Var, with_node};
use crate::shape;
use crate::structured::log_matmul;
use pyroxene_tensor::einsum::{Algebra, Equation, Plan, Value, contract};
use pyroxene_tensor::{DType, OrPanic, Shape};

#[track_caller]
fn contracted(algebra: Algebra, equation: &str, operands: &[Var]) -> Var {
    let shapes: Vec<Shape> = operands.iter().map(|x| x.shape()).collect();
    let shapes: Vec<&[usize]> = shapes.iter().map(Shape::as_slice).collect();
    let equation = Equation::parse(algebra.name(), equation, &shapes).or_panic();
    let common = operands.iter().map(|x| x.dtype()).reduce(DType::promote).expect("an equation has an operand");
    let operands: Vec<Var> = operands.iter().map(|x| x.cast(algebra.dtype(common))).collect();
    contract(&equation, &Plan::new(&equation), algebra, &operands)
}

impl Var {
    /// The sum of products that an equation such as `"bij,bjk->bik"` describes: the rules of
    /// [`Tensor::einsum`](pyroxene_tensor::Tensor::einsum), in the order of least arithmetic.
    ///
    /// ```
    /// use pyroxene_autograd::{Var, grad};
    /// let (a, b) = (Var::from([[1.0, 2.0], [3.0, 4.0]]), Var::from([5.0, 6.0]));
    /// let y = Var::einsum("i,ij,j->", &[b, a, b]);
    /// assert_eq!(y.item(), 319.0);
    /// assert_eq!(grad(y, &[a])[0].to_tensor().to_vec::<f64>(), [25.0, 30.0, 30.0, 36.0]);
    /// ```
    ///
    /// # Panics
    /// If the equation is malformed, does not have one term an operand and one symbol an axis, or gives a symbol two
    /// sizes.
    #[track_caller]
    #[must_use]
    pub fn einsum(equation: &str, operands: &[Var]) -> Var {
        contracted(Algebra::SumProduct, equation, operands)
    }

    /// [`einsum`](Var::einsum) of numbers given by their logarithms: `logsumexp` of sums. Where all terms of a sum are
    /// `-inf` the result is `-inf` and its derivative zero.
    ///
    /// # Panics
    /// As [`einsum`](Var::einsum).
    #[track_caller]
    #[must_use]
    pub fn log_einsum(equation: &str, operands: &[Var]) -> Var {
        contracted(Algebra::LogSumExp, equation, operands)
    }

    /// The largest sum in place of the sum of products. Its derivative is that of the winning terms; equal ones share it
    /// evenly in each maximum.
    ///
    /// ```
    /// use pyroxene_autograd::{Var, grad};
    /// let (a, b) = (Var::from([0.0, 2.0]), Var::from([[1.0, 0.0], [0.5, -3.0]]));
    /// let best = Var::max_einsum("i,ij->", &[a, b]);
    /// assert_eq!(best.item(), 2.5);
    /// assert_eq!(grad(best, &[a])[0].to_tensor().to_vec::<f64>(), [0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// As [`einsum`](Var::einsum).
    #[track_caller]
    #[must_use]
    pub fn max_einsum(equation: &str, operands: &[Var]) -> Var {
        contracted(Algebra::MaxProduct, equation, operands)
    }

    /// The sum of products over pairs of axes: axis `axes[k]` of this tensor with axis `other_axes[k]` of the other. The
    /// other axes of both follow each other in the result.
    ///
    /// # Panics
    /// If the lists differ in length, name an axis twice, or pair axes of different sizes.
    #[track_caller]
    #[must_use]
    pub fn tensordot(self, other: impl Into<Var>, axes: &[isize], other_axes: &[isize]) -> Var {
        let other = other.into();
        let equation = Equation::tensordot(&self.shape(), &other.shape(), axes, other_axes).or_panic();
        let dtype = Algebra::SumProduct.dtype(self.dtype().promote(other.dtype()));
        let operands = [self.cast(dtype), other.cast(dtype)];
        contract(&equation, &Plan::new(&equation), Algebra::SumProduct, &operands)
    }
}

impl Value for Var {
    fn sizes(&self) -> Shape {
        self.shape()
    }

    fn permuted(&self, axes: &[isize]) -> Var {
        self.permute(axes)
    }

    fn reshaped(&self, shape: Shape) -> Var {
        self.reshape_to(shape)
    }

    fn diagonal(&self) -> Var {
        Var::diagonal(*self)
    }

    fn combined(&self, other: &Var, algebra: Algebra) -> Var {
        match algebra {
            Algebra::SumProduct => *self * *other,
            Algebra::LogSumExp | Algebra::MaxProduct => *self + *other,
        }
    }

    fn reduced(&self, axes: &[isize], algebra: Algebra) -> Var {
        match algebra {
            Algebra::SumProduct => self.sum_axes(axes, false),
            Algebra::LogSumExp => self.logsumexp(axes, false),
            Algebra::MaxProduct => {
                let (old, dtype) = with_node(*self, |node| (node.shape.clone(), node.dtype));
                let axes: Shape = axes.iter().map(|&axis| shape::axis("max_einsum", &old, axis)).collect();
                if axes.iter().all(|&axis| old[axis] > 0) {
                    let axes: Vec<isize> = axes.iter().map(|&axis| axis as isize).collect();
                    return self.max_axes(&axes, false);
                }
                let left: Shape = (0..old.len()).filter(|axis| !axes.contains(axis)).map(|axis| old[axis]).collect();
                Var::from(f64::NEG_INFINITY).cast(dtype).expand(&left)
            }
        }
    }

    fn product(&self, other: &Var, algebra: Algebra) -> Var {
        match algebra {
            Algebra::SumProduct => self.matmul(*other),
            Algebra::LogSumExp => log_matmul(*self, *other),
            Algebra::MaxProduct => self.unsqueeze(-1).combined(&other.unsqueeze(-3), algebra).reduced(&[-2], algebra),
        }
    }
}
