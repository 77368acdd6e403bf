//! Incomplete gamma and beta functions and their kin.

use crate::dtype::DType;
use crate::elementwise::{Operand, meet};
use crate::error::{OrPanic, fail};
use crate::shape;
use crate::tensor::Tensor;
use pyroxene_kernels::special::Special;
use std::f64::consts::PI;

/// The function of each element of the broadcast operands, computed in f64.
#[track_caller]
fn special(function: Special, operands: &[&Operand<'_>]) -> Tensor {
    let shapes: Vec<&[usize]> = operands.iter().map(|x| x.shape()).collect();
    let shape = shape::broadcast(function.name(), &shapes).or_panic();
    let dtype = if meet(operands) == DType::F32 { DType::F32 } else { DType::F64 };
    let arguments: Vec<Vec<f64>> = operands.iter().map(|x| x.to_tensor().expand(&shape).to_vec()).collect();
    let arguments: Vec<&[f64]> = arguments.iter().map(Vec::as_slice).collect();
    let mut out = vec![0.0; shape.iter().product()];
    function.apply(&arguments, &mut out);
    Tensor::from_f64(out, shape).cast(dtype)
}

impl Tensor {
    /// The lower regularised incomplete gamma function `P(self, x)`, the probability that a gamma variable of
    /// concentration `self` and rate 1 is at most `x`; the two broadcast. NaN for negative arguments.
    ///
    /// Relative error below 1e-12 (in f64), in the far tails too. `f32` in, `f32` out, computed in `f64`.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let p = Tensor::from([1.0, 0.5]).gammainc([2.0, 0.0]);
    /// assert!(p.allclose([1.0 - (-2.0_f64).exp(), 0.0], 1e-14, 0.0));
    /// ```
    #[track_caller]
    #[must_use]
    pub fn gammainc<'a>(&self, x: impl Into<Operand<'a>>) -> Tensor {
        special(Special::Gammainc, &[&self.into(), &x.into()])
    }

    /// The upper regularised incomplete gamma function `Q(self, x) = 1 - P(self, x)`, accurate also where it is tiny; see
    /// [`gammainc`](Tensor::gammainc).
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert!(Tensor::from(1.0).gammaincc(500.0).allclose((-500.0_f64).exp(), 1e-13, 0.0));
    /// ```
    #[track_caller]
    #[must_use]
    pub fn gammaincc<'a>(&self, x: impl Into<Operand<'a>>) -> Tensor {
        special(Special::Gammaincc, &[&self.into(), &x.into()])
    }

    /// The regularised incomplete beta function `I_x(self, b)`, the probability that a beta variable of concentrations
    /// `self` and `b` is at most `x`; the three broadcast. NaN for negative parameters and outside `0 <= x <= 1`.
    ///
    /// Relative error below 1e-12 (in f64), in the far tails too; the upper tail is `b.betainc(self, 1 - x)`. `f32` in, `f32`
    /// out, computed in `f64`.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert!(Tensor::from([1.0, 2.0]).betainc(1.0, 0.1).allclose([0.1, 0.01], 1e-14, 0.0));
    /// ```
    #[track_caller]
    #[must_use]
    pub fn betainc<'a, 'b>(&self, b: impl Into<Operand<'a>>, x: impl Into<Operand<'b>>) -> Tensor {
        special(Special::Betainc, &[&self.into(), &b.into(), &x.into()])
    }

    /// The logarithm of the beta function, `ln(Γ(self) Γ(b) / Γ(self + b))`, without the cancellation of a difference of
    /// log-gamma functions; the two broadcast. NaN for negative arguments.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert!(Tensor::from([1.0, 1e300]).lbeta(1.0).allclose([0.0, -300.0 * 10_f64.ln()], 1e-14, 0.0));
    /// ```
    #[track_caller]
    #[must_use]
    pub fn lbeta<'a>(&self, b: impl Into<Operand<'a>>) -> Tensor {
        special(Special::Lbeta, &[&self.into(), &b.into()])
    }

    /// The logarithm of the multivariate gamma function of dimension `p`, elementwise:
    /// `p (p - 1) / 4 ln π + Σ lgamma(self - j / 2)` over `j = 0 .. p`. Infinite at `(p - 1) / 2` and NaN below.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert!(Tensor::from(1.5).multigammaln(2).allclose((std::f64::consts::PI / 2.0).ln(), 1e-14, 0.0));
    /// ```
    ///
    /// # Panics
    /// If `p` is 0.
    #[track_caller]
    #[must_use]
    pub fn multigammaln(&self, p: usize) -> Tensor {
        if p == 0 {
            fail("multigammaln: the dimension p must be at least 1, got 0");
        }
        let constant = 0.25 * (p * (p - 1)) as f64 * PI.ln();
        let sum = (0..p).map(|j| (self - 0.5 * j as f64).lgamma()).reduce(|a, b| a + b).expect("at least one term");
        Tensor::where_(self.less(0.5 * (p - 1) as f64), f64::NAN, sum + constant)
    }
}
