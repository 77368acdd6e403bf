//! Elementwise functions composed of the table's: activations of neural networks, interpolation, and functions that
//! differ from a row of the table by a factor.

use crate::elementwise::Operand;
use crate::tensor::Tensor;
use pyroxene_kernels::Binary;

/// Beyond this magnitude the gates below are 0 or 1 in every floating-point type, while their arguments do not overflow.
const SATURATED: f64 = 1e10;
/// The greatest number of the smaller floating-point type: keeps infinities out of quotients, and changes nothing else.
const LARGEST: f64 = f32::MAX as f64;

impl Tensor {
    /// The positive part, `max(x, 0)`. NaN stays NaN.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 3.0]).relu().to_vec::<f64>(), [0.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn relu(&self) -> Tensor {
        Tensor::where_(self.less_equal(0), 0, self)
    }

    /// `x` above zero, `slope x` elsewhere.
    #[track_caller]
    pub fn leaky_relu(&self, slope: f64) -> Tensor {
        Tensor::where_(self.less_equal(0), self * slope, self)
    }

    /// `x` above zero, `alpha (exp(x) - 1)` elsewhere (Clevert, Unterthiner & Hochreiter 2016, eq. 15).
    #[track_caller]
    pub fn elu(&self, alpha: f64) -> Tensor {
        let negative = self.less_equal(0);
        Tensor::where_(&negative, Tensor::where_(&negative, self, 0.0).exp_m1() * alpha, self)
    }

    /// `x Phi(x)`, where Phi is the distribution function of the standard normal distribution (Hendrycks & Gimpel 2016).
    #[track_caller]
    pub fn gelu(&self) -> Tensor {
        self.maximum(-SATURATED) * self.ndtr()
    }

    /// The approximation `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))` of [`gelu`](Tensor::gelu).
    #[track_caller]
    pub fn gelu_tanh(&self) -> Tensor {
        // (1 + tanh(u)) / 2 is the logistic function of 2 u, which keeps its digits in the lower tail.
        let x = self.clamp(-SATURATED, SATURATED);
        let gate = (&x * (x.square() * 0.044715 + 1.0) * (8.0 / std::f64::consts::PI).sqrt()).sigmoid();
        self.maximum(-SATURATED) * gate
    }

    /// `x sigmoid(x)`.
    #[track_caller]
    pub fn silu(&self) -> Tensor {
        self.maximum(-SATURATED) * self.sigmoid()
    }

    /// `x / (1 + |x|)`.
    #[track_caller]
    pub fn softsign(&self) -> Tensor {
        let share = (self.abs() + 1.0).recip();
        let small = self.abs().less(1.0);
        Tensor::where_(&small, Tensor::where_(&small, self, 0.0) * &share, self.sign() * (1.0 - &share))
    }

    /// `ln(sigmoid(x)) = -softplus(-x)`.
    #[track_caller]
    pub fn log_sigmoid(&self) -> Tensor {
        -(-self).softplus()
    }

    /// `1 / sqrt(x)`.
    #[track_caller]
    pub fn rsqrt(&self) -> Tensor {
        self.sqrt().recip()
    }

    /// Limits the values to `[low, high]`; NaN stays NaN. Where the limits cross, `high` counts.
    #[track_caller]
    pub fn clamp<'a, 'b>(&self, low: impl Into<Operand<'a>>, high: impl Into<Operand<'b>>) -> Tensor {
        self.maximum(low).minimum(high)
    }

    /// The point between `self` and `end`: `self` where the weight is 0 and `end` where it is 1, both exactly.
    #[track_caller]
    pub fn lerp<'a, 'b>(&self, end: impl Into<Operand<'a>>, weight: impl Into<Operand<'b>>) -> Tensor {
        let (end, weight) = (end.into(), weight.into());
        // Numbers stay numbers, whose type gives way.
        let rest: Operand<'_> = match &weight {
            Operand::Tensor(weight) => (1.0 - weight.as_ref()).into(),
            Operand::Float(weight) => (1.0 - weight).into(),
            Operand::Int(weight) => (1 - weight).into(),
            Operand::Bool(weight) => (!weight).into(),
        };
        let step = Tensor::binary(Binary::Sub, end.clone(), self);
        let from_start = Tensor::binary(Binary::Mul, weight.clone(), &step) + self;
        let from_end = Tensor::binary(Binary::Sub, end, Tensor::binary(Binary::Mul, rest, step));
        Tensor::where_(Tensor::binary(Binary::Less, weight, 0.5), from_start, from_end)
    }

    /// The derivative of [`digamma`](Tensor::digamma).
    #[track_caller]
    pub fn trigamma(&self) -> Tensor {
        Tensor::binary(Binary::Polygamma, 1.0, self)
    }

    /// `I0(x)`, the modified Bessel function of the first kind of order 0.
    #[track_caller]
    pub fn i0(&self) -> Tensor {
        self.log_i0().exp()
    }

    /// `I1(x)`, the modified Bessel function of the first kind of order 1.
    #[track_caller]
    pub fn i1(&self) -> Tensor {
        let x = self.clamp(-LARGEST, LARGEST);
        x.log_i0().exp() * x.i1e() / x.i0e()
    }

    /// `ln I0(x)`, also where `I0(x)` overflows.
    #[track_caller]
    pub fn log_i0(&self) -> Tensor {
        self.clamp(-LARGEST, LARGEST).i0e().ln() + self.abs()
    }
}
