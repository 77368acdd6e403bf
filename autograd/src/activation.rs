//! Elementwise functions composed of the table's: activations of neural networks, interpolation, and functions that
//! differ from a row of the table by a factor.

use crate::arena::Var;

/// Beyond this magnitude the gates below are 0 or 1 in every floating-point type, while their arguments do not overflow.
const SATURATED: f64 = 1e10;
/// The greatest number of the smaller floating-point type: keeps infinities out of quotients, and changes nothing else.
const LARGEST: f64 = f32::MAX as f64;

impl Var {
    /// The positive part, `max(x, 0)`, with derivative 0 at 0. NaN stays NaN.
    ///
    /// ```
    /// use pyroxene_autograd::{grad, Var};
    /// let x = Var::from([-2.0, 0.0, 3.0]);
    /// assert_eq!(grad(x.relu().sum(), &[x])[0].to_tensor().to_vec::<f64>(), [0.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn relu(self) -> Var {
        self.less_equal(0i64).where_(0i64, self)
    }

    /// `x` above zero, `slope x` elsewhere.
    #[track_caller]
    #[must_use]
    pub fn leaky_relu(self, slope: f64) -> Var {
        self.less_equal(0i64).where_(self * slope, self)
    }

    /// `x` above zero, `alpha (exp(x) - 1)` elsewhere (Clevert, Unterthiner & Hochreiter 2016, eq. 15).
    #[track_caller]
    #[must_use]
    pub fn elu(self, alpha: f64) -> Var {
        let negative = self.less_equal(0i64);
        negative.where_(negative.where_(self, 0.0).exp_m1() * alpha, self)
    }

    /// `x Phi(x)`, where Phi is the distribution function of the standard normal distribution (Hendrycks & Gimpel 2016).
    #[track_caller]
    #[must_use]
    pub fn gelu(self) -> Var {
        self.maximum(-SATURATED) * self.ndtr()
    }

    /// The approximation `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))` of [`gelu`](Var::gelu).
    #[track_caller]
    #[must_use]
    pub fn gelu_tanh(self) -> Var {
        // (1 + tanh(u)) / 2 is the logistic function of 2 u, which keeps its digits in the lower tail.
        let x = self.clamp(-SATURATED, SATURATED);
        let gate = (x * (x.square() * 0.044715 + 1.0) * (8.0 / std::f64::consts::PI).sqrt()).sigmoid();
        self.maximum(-SATURATED) * gate
    }

    /// `x sigmoid(x)`.
    #[track_caller]
    #[must_use]
    pub fn silu(self) -> Var {
        self.maximum(-SATURATED) * self.sigmoid()
    }

    /// `x / (1 + |x|)`.
    #[track_caller]
    #[must_use]
    pub fn softsign(self) -> Var {
        let share = (self.abs() + 1.0).recip();
        let small = self.abs().less(1.0);
        // In the second form nothing cancels in the derivative, in the first nothing in the value.
        small.where_(small.where_(self, 0.0) * share, self.sign() * (1.0 - share))
    }

    /// `ln(sigmoid(x)) = -softplus(-x)`.
    #[track_caller]
    #[must_use]
    pub fn log_sigmoid(self) -> Var {
        -(-self).softplus()
    }

    /// `1 / sqrt(x)`.
    #[track_caller]
    #[must_use]
    pub fn rsqrt(self) -> Var {
        self.sqrt().recip()
    }

    /// Limits the values to `[low, high]`; NaN stays NaN. Where the limits cross, `high` counts. The derivative is zero
    /// outside, and one half at a limit.
    #[track_caller]
    #[must_use]
    pub fn clamp(self, low: impl Into<Var>, high: impl Into<Var>) -> Var {
        self.maximum(low).minimum(high)
    }

    /// The point between `self` and `end`: `self` where the weight is 0 and `end` where it is 1, both exactly.
    #[track_caller]
    #[must_use]
    pub fn lerp(self, end: impl Into<Var>, weight: impl Into<Var>) -> Var {
        let (end, weight) = (end.into(), weight.into());
        let step = end - self;
        weight.less(0.5).where_(weight * step + self, end - (1.0 - weight) * step)
    }

    /// The derivative of [`digamma`](Var::digamma).
    #[track_caller]
    #[must_use]
    pub fn trigamma(self) -> Var {
        Var::from(1.0).polygamma(self)
    }

    /// `I0(x)`, the modified Bessel function of the first kind of order 0.
    #[track_caller]
    #[must_use]
    pub fn i0(self) -> Var {
        self.log_i0().exp()
    }

    /// `I1(x)`, the modified Bessel function of the first kind of order 1.
    #[track_caller]
    #[must_use]
    pub fn i1(self) -> Var {
        let x = self.clamp(-LARGEST, LARGEST);
        x.log_i0().exp() * x.i1e() / x.i0e()
    }

    /// `ln I0(x)`, also where `I0(x)` overflows.
    #[track_caller]
    #[must_use]
    pub fn log_i0(self) -> Var {
        self.clamp(-LARGEST, LARGEST).i0e().ln() + self.abs()
    }

    /// `x` to the power of a whole number.
    #[track_caller]
    #[must_use]
    pub fn powi(self, exponent: i32) -> Var {
        match exponent {
            0 => self * 0.0 + 1.0,
            1 => self,
            2 => self.square(),
            -1 => self.recip(),
            _ => self.pow(f64::from(exponent)),
        }
    }
}
