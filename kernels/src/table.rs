//! The elementwise operations: one row says all there is to know of one.
//!
//! From the rows come the enums, the block interpreter, the scalar twins, the WGSL text, and, through
//! [`unary_table!`](crate::unary_table) and [`binary_table!`](crate::binary_table), the methods of tensors and
//! expressions.

use crate::isa::Isa;
use crate::math;
use crate::simd::{Portable, Simd, Vector};

/// What an elementwise operation makes of the types of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Floating-point numbers; whole numbers and truth values become those.
    Real,
    /// Numbers; whole numbers stay whole.
    Number,
    /// A truth value.
    Truth,
}

/// The precision of an operation's result. Operations take and give f64; in lanes of f32, see [`fused`](crate::fused), f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Precision {
    /// That of f64.
    #[default]
    Double,
    /// That of f32: rounded to f32, the result is within one unit in its last place for arguments that are numbers of f32.
    /// Operations that would not be faster for it are computed as for [`Double`](Precision::Double).
    Single,
}

impl Precision {
    pub(crate) const fn is_single(self) -> bool {
        matches!(self, Precision::Single)
    }
}

// A row with two lane functions computes single precision with the second. The last, if there is one, is for lanes of f32.
macro_rules! table {
    (
        ($d:tt) $(#[$enum_doc:meta])* $name:ident, $macro_name:ident, $apply:ident, $apply_narrow:ident, $macro_doc:literal;
        $( $variant:ident $method:ident, $kind:ident, $lo:literal .. $hi:literal, $wgsl:literal, $lane:path $(| $single:path)? $(=> $narrow:path)?, $doc:literal; )*
    ) => {
        $(#[$enum_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $( #[doc = $doc] $variant, )* }

        impl $name {
            /// Every operation, in the order of the table.
            pub const ALL: &'static [$name] = &[$( $name::$variant, )*];

            /// Name of the method on tensors and expressions.
            pub const fn name(self) -> &'static str {
                match self { $( $name::$variant => stringify!($method), )* }
            }

            /// What it makes of the types of its arguments.
            #[inline]
            pub const fn kind(self) -> Kind {
                match self { $( $name::$variant => Kind::$kind, )* }
            }

            /// Whether the result is a truth value (0.0 or 1.0 in the kernels).
            #[inline]
            pub const fn returns_bool(self) -> bool {
                matches!(self.kind(), Kind::Truth)
            }

            /// The f32 WGSL expression. `$x` and `$y` stand for the arguments; truth values are 0.0 and 1.0;
            /// functions whose names begin with `px_` are not of WGSL and come with the shader library.
            pub const fn wgsl(self) -> &'static str {
                match self { $( $name::$variant => $wgsl, )* }
            }

            /// An interval on which the operation is smooth and well conditioned, for tests (of each argument; of the
            /// last one where the first is an order).
            pub const fn domain(self) -> (f64, f64) {
                match self { $( $name::$variant => ($lo, $hi), )* }
            }
        }

        /// Expands `$callback!(lane function; arguments)` in one arm a lane function, so that dispatch stands outside the loop.
        macro_rules! $apply {
            ($d op:expr, $d precision:expr, $d callback:ident, $d ($d rest:tt)*) => {
                match ($d op, $d precision) {
                    $(
                        $( ($name::$variant, Precision::Single) => $d callback!($single; $d ($d rest)*), )?
                        ($name::$variant, _) => $d callback!($lane; $d ($d rest)*),
                    )*
                }
            };
        }
        pub(crate) use $apply;

        impl $name {
            /// Whether fused loops of single precision may compute it in lanes of f32.
            pub const fn has_narrow(self) -> bool {
                match self {
                    $( $( $name::$variant => !stringify!($narrow).is_empty(), )? )*
                    _ => false,
                }
            }
        }

        /// As the macro above, for lanes of f32.
        macro_rules! $apply_narrow {
            ($d op:expr, $d callback:ident, $d ($d rest:tt)*) => {
                match $d op {
                    $( $( $name::$variant => $d callback!($narrow; $d ($d rest)*), )? )*
                    _ => unreachable!("has no lanes of f32"),
                }
            };
        }
        pub(crate) use $apply_narrow;

        #[doc = $macro_doc]
        #[macro_export]
        macro_rules! $macro_name {
            ($d ($d callback:tt)*) => {
                $d ($d callback)* ! { $( ($variant, $method, $doc) )* }
            };
        }
    };
}

table! {
    ($)
    /// An elementwise operation of one argument.
    Unary, unary_table, apply_unary, apply_narrow_unary,
    "Calls `callback! { (Variant, method, \"doc\") ... }` with every row of [`Unary`](crate::table::Unary).";
    Neg neg, Number, -3.0 .. 3.0, "(-$x)", math::basic::neg => math::basic::neg, "The negative.";
    Abs abs, Number, 0.1 .. 3.0, "abs($x)", math::basic::abs => math::basic::abs, "The magnitude.";
    Sign sign, Number, 0.1 .. 3.0, "px_sign($x)", math::basic::sign => math::basic::sign, "-1, 0 or 1 with the sign of the argument; zeros and NaN are kept.";
    Floor floor, Number, 0.1 .. 0.9, "floor($x)", math::basic::floor => math::basic::floor, "The greatest integer that is not above.";
    Ceil ceil, Number, 0.1 .. 0.9, "ceil($x)", math::basic::ceil => math::basic::ceil, "The least integer that is not below.";
    Round round, Number, 0.1 .. 0.4, "round($x)", math::basic::round => math::basic::round, "The nearest integer, halves to the even one.";
    Trunc trunc, Number, 0.1 .. 0.9, "trunc($x)", math::basic::trunc => math::basic::trunc, "The integer part.";
    Sqrt sqrt, Real, 0.1 .. 10.0, "sqrt($x)", math::basic::sqrt | math::single::basic::sqrt => math::basic::sqrt, "The square root.";
    Recip recip, Real, 0.2 .. 5.0, "(1.0 / $x)", math::basic::recip | math::single::basic::recip => math::basic::recip, "The reciprocal.";
    Square square, Number, -3.0 .. 3.0, "($x * $x)", math::basic::square => math::basic::square, "The square.";
    Exp exp, Real, -5.0 .. 5.0, "exp($x)", math::exp::exp | math::single::exp::exp => math::single::exp::exp, "The exponential.";
    Exp2 exp2, Real, -5.0 .. 5.0, "exp2($x)", math::exp::exp2 | math::single::exp::exp2, "2 to the power of x.";
    Expm1 exp_m1, Real, -2.0 .. 2.0, "px_expm1($x)", math::exp::exp_m1 | math::single::exp::exp_m1 => math::single::exp::exp_m1, "exp(x) - 1, accurate near zero.";
    Ln ln, Real, 0.1 .. 10.0, "px_log($x)", math::log::ln | math::single::log::ln => math::single::log::ln, "The natural logarithm.";
    Log2 log2, Real, 0.1 .. 10.0, "(px_log($x) * 1.4426950408889634)", math::log::log2 | math::single::log::log2, "The logarithm to base 2.";
    Log10 log10, Real, 0.1 .. 10.0, "(px_log($x) * 0.4342944819032518)", math::log::log10 | math::single::log::log10, "The logarithm to base 10.";
    Log1p ln_1p, Real, -0.9 .. 5.0, "px_log1p($x)", math::log::ln_1p | math::single::log::ln_1p => math::single::log::ln_1p, "ln(1 + x), accurate near zero.";
    Sin sin, Real, -6.0 .. 6.0, "sin($x)", math::trig::sin | math::single::trig::sin, "The sine of radians.";
    Cos cos, Real, -6.0 .. 6.0, "cos($x)", math::trig::cos | math::single::trig::cos, "The cosine of radians.";
    Tan tan, Real, -1.2 .. 1.2, "tan($x)", math::trig::tan, "The tangent of radians.";
    Asin asin, Real, -0.9 .. 0.9, "px_asin($x)", math::arc::asin, "The inverse sine, in radians; NaN outside of [-1, 1].";
    Acos acos, Real, -0.9 .. 0.9, "px_acos($x)", math::arc::acos, "The inverse cosine, in radians; NaN outside of [-1, 1].";
    Atan atan, Real, -5.0 .. 5.0, "atan($x)", math::atan::atan, "The inverse tangent, in radians.";
    Sinh sinh, Real, -3.0 .. 3.0, "px_sinh($x)", math::hyperbolic::sinh, "The hyperbolic sine.";
    Cosh cosh, Real, -3.0 .. 3.0, "px_cosh($x)", math::hyperbolic::cosh, "The hyperbolic cosine.";
    Tanh tanh, Real, -3.0 .. 3.0, "px_tanh($x)", math::logistic::tanh | math::single::logistic::tanh => math::single::logistic::tanh, "The hyperbolic tangent.";
    Asinh asinh, Real, -5.0 .. 5.0, "px_asinh($x)", math::hyperbolic::asinh, "The inverse hyperbolic sine.";
    Acosh acosh, Real, 1.2 .. 8.0, "px_acosh($x)", math::hyperbolic::acosh, "The inverse hyperbolic cosine; NaN below 1.";
    Atanh atanh, Real, -0.9 .. 0.9, "px_atanh($x)", math::hyperbolic::atanh, "The inverse hyperbolic tangent; NaN outside of [-1, 1].";
    Sigmoid sigmoid, Real, -5.0 .. 5.0, "px_sigmoid($x)", math::logistic::sigmoid | math::single::logistic::sigmoid => math::single::logistic::sigmoid, "The logistic function 1 / (1 + exp(-x)).";
    Logit logit, Real, 0.1 .. 0.9, "px_logit($x)", math::hyperbolic::logit | math::single::log::logit, "ln(x / (1 - x)), the inverse of the logistic function; NaN outside of [0, 1].";
    Softplus softplus, Real, -5.0 .. 5.0, "px_softplus($x)", math::logistic::softplus | math::single::logistic::softplus => math::single::logistic::softplus, "ln(1 + exp(x)), without overflow.";
    Erf erf, Real, -2.5 .. 2.5, "px_erf($x)", math::erf::erf | math::single::erf::erf, "The error function.";
    Erfc erfc, Real, -2.0 .. 4.0, "px_erfc($x)", math::erf::erfc | math::single::erf::erfc, "The complementary error function 1 - erf(x), accurate in the upper tail.";
    Erfcx erfcx, Real, -2.0 .. 6.0, "px_erfcx($x)", math::erf::erfcx, "The scaled complementary error function exp(x^2) erfc(x).";
    Erfinv erfinv, Real, -0.9 .. 0.9, "px_erfinv($x)", math::normal::erfinv, "The inverse of the error function; NaN outside of [-1, 1].";
    Ndtr ndtr, Real, -4.0 .. 3.0, "px_ndtr($x)", math::normal::ndtr | math::single::erf::ndtr, "The distribution function of the standard normal distribution.";
    LogNdtr log_ndtr, Real, -6.0 .. 4.0, "px_log_ndtr($x)", math::normal::log_ndtr, "The logarithm of the standard normal distribution function, accurate in both tails.";
    Ndtri ndtri, Real, 0.1 .. 0.9, "px_ndtri($x)", math::normal::ndtri, "The inverse of the standard normal distribution function; NaN outside of [0, 1].";
    I0e i0e, Real, -20.0 .. 20.0, "px_i0e($x)", math::bessel::i0e, "exp(-|x|) I0(x), the scaled modified Bessel function of order 0.";
    I1e i1e, Real, -20.0 .. 20.0, "px_i1e($x)", math::bessel::i1e, "exp(-|x|) I1(x), the scaled modified Bessel function of order 1.";
    Lgamma lgamma, Real, 0.2 .. 12.0, "px_lgamma($x)", math::gamma::lgamma | math::single::gamma::lgamma, "The logarithm of the magnitude of the gamma function.";
    Digamma digamma, Real, 0.2 .. 12.0, "px_digamma($x)", math::gamma::digamma, "The derivative of the logarithm of the gamma function.";
    IsNan is_nan, Truth, -3.0 .. 3.0, "px_is_nan($x)", math::basic::is_nan => math::basic::is_nan, "Whether the value is NaN.";
    IsInf is_inf, Truth, -3.0 .. 3.0, "f32(px_infinite($x))", math::basic::is_inf => math::basic::is_inf, "Whether the value is infinite, of either sign.";
    IsFinite is_finite, Truth, -3.0 .. 3.0, "px_is_finite($x)", math::basic::is_finite => math::basic::is_finite, "Whether the value is neither NaN nor infinite.";
    Not not, Truth, -3.0 .. 3.0, "f32($x == 0.0)", math::basic::not => math::basic::not, "Whether the value is zero, that is, false.";
}

table! {
    ($)
    /// An elementwise operation of two arguments.
    Binary, binary_table, apply_binary, apply_narrow_binary,
    "Calls `callback! { (Variant, method, \"doc\") ... }` with every row of [`Binary`](crate::table::Binary).";
    Add add, Number, -3.0 .. 3.0, "($x + $y)", math::basic::add => math::basic::add, "The sum.";
    Sub sub, Number, -3.0 .. 3.0, "($x - $y)", math::basic::sub => math::basic::sub, "The difference.";
    Mul mul, Number, -3.0 .. 3.0, "($x * $y)", math::basic::mul => math::basic::mul, "The product.";
    Div div, Real, 0.3 .. 3.0, "($x / $y)", math::basic::div | math::single::basic::div => math::basic::div, "The quotient.";
    Pow pow, Number, 0.3 .. 3.0, "px_pow($x, $y)", math::pow::pow | math::single::pow::pow, "The first argument to the power of the second, by the rules of IEEE 754.";
    Atan2 atan2, Real, 0.3 .. 3.0, "px_atan2($x, $y)", math::atan::atan2, "The angle of the point with the second argument as abscissa and the first as ordinate, in (-pi, pi].";
    Hypot hypot, Real, 0.3 .. 3.0, "px_hypot($x, $y)", math::basic::hypot, "sqrt(x^2 + y^2), without overflow on the way.";
    Fmod fmod, Number, 1.1 .. 1.9, "px_fmod($x, $y)", math::basic::fmod, "The remainder of the quotient towards zero, exactly: it has the sign of the first argument.";
    Remainder remainder, Number, 1.1 .. 1.9, "px_remainder($x, $y)", math::basic::remainder, "The remainder of the quotient towards minus infinity: it has the sign of the second argument, as in Python.";
    Min minimum, Number, -3.0 .. 3.0, "px_min($x, $y)", math::basic::minimum => math::basic::minimum, "The lesser; NaN if either is, and -0 is below +0.";
    Max maximum, Number, -3.0 .. 3.0, "px_max($x, $y)", math::basic::maximum => math::basic::maximum, "The greater; NaN if either is, and +0 is above -0.";
    Xlogy xlogy, Real, 0.3 .. 3.0, "px_xlogy($x, $y)", math::log::xlogy | math::single::log::xlogy, "x ln(y), and 0 where x is 0 and y is not NaN.";
    Xlog1py xlog1py, Real, 0.3 .. 3.0, "px_xlog1py($x, $y)", math::log::xlog1py | math::single::log::xlog1py, "x ln(1 + y), and 0 where x is 0 and y is not NaN.";
    Logaddexp logaddexp, Real, -3.0 .. 3.0, "px_logaddexp($x, $y)", math::logistic::logaddexp, "ln(exp(x) + exp(y)), without overflow.";
    Polygamma polygamma, Real, 0.5 .. 12.0, "px_polygamma($x, $y)", math::gamma::polygamma, "The derivative of the digamma function of the order given first (a whole number), at the second argument.";
    Equal equal, Truth, -3.0 .. 3.0, "f32($x == $y)", math::basic::equal => math::basic::equal, "Whether the arguments are equal.";
    NotEqual not_equal, Truth, -3.0 .. 3.0, "f32($x != $y)", math::basic::not_equal => math::basic::not_equal, "Whether the arguments differ (NaN differs from all).";
    Less less, Truth, -3.0 .. 3.0, "f32($x < $y)", math::basic::less => math::basic::less, "Whether the first is below the second.";
    LessEqual less_equal, Truth, -3.0 .. 3.0, "f32($x <= $y)", math::basic::less_equal => math::basic::less_equal, "Whether the first is not above the second.";
    Greater greater, Truth, -3.0 .. 3.0, "f32($x > $y)", math::basic::greater => math::basic::greater, "Whether the first is above the second.";
    GreaterEqual greater_equal, Truth, -3.0 .. 3.0, "f32($x >= $y)", math::basic::greater_equal => math::basic::greater_equal, "Whether the first is not below the second.";
    And and, Truth, -3.0 .. 3.0, "f32($x != 0.0 && $y != 0.0)", math::basic::and => math::basic::and, "Whether both are nonzero, that is, true.";
    Or or, Truth, -3.0 .. 3.0, "f32($x != 0.0 || $y != 0.0)", math::basic::or => math::basic::or, "Whether either is nonzero, that is, true.";
}

impl Unary {
    /// The value at `x`: the same bits as the kernels give.
    pub fn eval(self, x: f64) -> f64 {
        one::unary(self, Precision::Double, x)
    }

    /// The value at `x`, in single precision: the bits that the kernels of f32 give, before they are rounded to f32.
    pub fn eval_single(self, x: f64) -> f64 {
        one::unary(self, Precision::Single, x)
    }

    /// The value at `x` in lanes of f32: the bits of fused loops that compute in them.
    ///
    /// # Panics
    /// If it is not computed there, see [`has_narrow`](Self::has_narrow).
    pub fn eval_narrow(self, x: f32) -> f32 {
        one::narrow_unary(self, x)
    }
}

impl Binary {
    /// The value at `(x, y)` in lanes of f32: the bits of fused loops that compute in them.
    ///
    /// # Panics
    /// If it is not computed there, see [`has_narrow`](Self::has_narrow).
    pub fn eval_narrow(self, x: f32, y: f32) -> f32 {
        one::narrow_binary(self, x, y)
    }

    /// The value at `(x, y)`: the same bits as the kernels give.
    pub fn eval(self, x: f64, y: f64) -> f64 {
        one::binary(self, Precision::Double, x, y)
    }

    /// The value at `(x, y)`, in single precision: the bits that the kernels of f32 give, before they are rounded to f32.
    pub fn eval_single(self, x: f64, y: f64) -> f64 {
        one::binary(self, Precision::Single, x, y)
    }
}

/// One lane at a time, with the fused multiply-add instruction where there is one.
mod one {
    use super::*;

    /// Without optimisation each lane function has a stack frame of its own, see the interpreter.
    macro_rules! call {
        ($lane:path; $($x:ident),+) => {{
            #[cfg_attr(unoptimized, inline(never))]
            #[cfg_attr(not(unoptimized), inline(always))]
            fn one($($x: f64),+) -> f64 {
                $lane($(Vector::new(Portable::<1>, [$x])),+).lanes[0]
            }
            one($($x),+)
        }};
    }

    /// The same in lanes of f32, of which one counts.
    macro_rules! call_narrow {
        ($lane:path; $($x:ident),+) => {{
            #[inline(never)]
            fn one($($x: f32),+) -> f32 {
                let simd = Portable::<1>.narrow();
                $lane($(Vector::splat(simd, $x.into())),+).lanes[0]
            }
            one($($x),+)
        }};
    }

    pub(super) fn narrow_unary(op: Unary, x: f32) -> f32 {
        apply_narrow_unary!(op, call_narrow, x)
    }

    pub(super) fn narrow_binary(op: Binary, x: f32, y: f32) -> f32 {
        apply_narrow_binary!(op, call_narrow, x, y)
    }

    #[inline(always)]
    fn unary_portable(op: Unary, precision: Precision, x: f64) -> f64 {
        apply_unary!(op, precision, call, x)
    }

    #[inline(always)]
    fn binary_portable(op: Binary, precision: Precision, x: f64, y: f64) -> f64 {
        apply_binary!(op, precision, call, x, y)
    }

    /// # Safety
    /// The machine must have AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn unary_fma(op: Unary, precision: Precision, x: f64) -> f64 {
        unary_portable(op, precision, x)
    }

    /// # Safety
    /// The machine must have AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn binary_fma(op: Binary, precision: Precision, x: f64, y: f64) -> f64 {
        binary_portable(op, precision, x, y)
    }

    pub(super) fn unary(op: Unary, precision: Precision, x: f64) -> f64 {
        #[cfg(target_arch = "x86_64")]
        if Isa::Avx2.is_available() {
            // SAFETY: just asked.
            return unsafe { unary_fma(op, precision, x) };
        }
        unary_portable(op, precision, x)
    }

    pub(super) fn binary(op: Binary, precision: Precision, x: f64, y: f64) -> f64 {
        #[cfg(target_arch = "x86_64")]
        if Isa::Avx2.is_available() {
            // SAFETY: just asked.
            return unsafe { binary_fma(op, precision, x, y) };
        }
        binary_portable(op, precision, x, y)
    }
}
