//! Constraints on values: supports of distributions, domains of parameters. Pyro's counterpart is
//! `torch.distributions.constraints`.

use crate::dist::real;
use pyroxene_autograd::Var;
use std::fmt;

/// By how much a sum or a norm that should be one may miss it, and by how much the two halves of a symmetric matrix may
/// differ, relative to its largest entry: values that have passed through f32 are accepted.
const TOLERANCE: f64 = 1e-5;

/// A set of values. The bounds are expressions, so that they may depend on latent variables; a stored parameter has tensors
/// in their place. Infinities and NaN lie outside every constraint.
///
/// ```
/// use pyroxene::constraint::Constraint;
/// let inside = Constraint::UnitInterval.check([-0.1, 0.0, 0.7, f64::NAN]);
/// assert_eq!(inside.to_tensor().to_vec::<bool>(), [false, true, true, false]);
/// let inside = Constraint::Simplex.check([[0.2, 0.8], [0.2, 0.9]]);
/// assert_eq!(inside.to_tensor().to_vec::<bool>(), [true, false]);
/// assert_eq!(Constraint::Interval(0.0, 2.5).to_string(), "in [0, 2.5]");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Constraint<B = Var> {
    /// Any finite number.
    Real,
    /// Greater than zero.
    Positive,
    /// Zero or greater.
    NonNegative,
    /// From zero to one, both included.
    UnitInterval,
    /// From the first to the second, both included.
    Interval(B, B),
    /// Greater than the bound.
    GreaterThan(B),
    /// Less than the bound.
    LessThan(B),
    /// Zero or one.
    Boolean,
    /// 0, 1, 2, ...
    NonNegativeInteger,
    /// Whole numbers from the first to the second, both included.
    IntegerInterval(B, B),
    /// A vector of finite numbers.
    RealVector,
    /// A vector in increasing order.
    Ordered,
    /// A vector of positive numbers in increasing order.
    PositiveOrdered,
    /// A vector of non-negative numbers whose sum is one to within 1e-5.
    Simplex,
    /// A lower triangular matrix with a positive diagonal.
    LowerCholesky,
    /// A symmetric positive definite matrix.
    PositiveDefinite,
    /// The lower Cholesky factor of a correlation matrix: rows of norm one to within 1e-5.
    CorrCholesky,
    /// The constraint holds throughout so many further axes, which belong to the event.
    Independent(Box<Constraint<B>>, usize),
}

impl<B> Constraint<B> {
    /// Number of axes of a value that the constraint takes together: 1 for vectors, 2 for matrices.
    pub fn event_dims(&self) -> usize {
        use Constraint::*;
        match self {
            Real | Positive | NonNegative | UnitInterval | Interval(..) | GreaterThan(_) | LessThan(_) => 0,
            Boolean | NonNegativeInteger | IntegerInterval(..) => 0,
            RealVector | Ordered | PositiveOrdered | Simplex => 1,
            LowerCholesky | PositiveDefinite | CorrCholesky => 2,
            Independent(each, axes) => each.event_dims() + axes,
        }
    }

    /// Whether the values are countable.
    pub fn is_discrete(&self) -> bool {
        match self {
            Constraint::Boolean | Constraint::NonNegativeInteger | Constraint::IntegerInterval(..) => true,
            Constraint::Independent(each, _) => each.is_discrete(),
            _ => false,
        }
    }

    /// The constraint with other bounds.
    pub fn map<C>(self, mut f: impl FnMut(B) -> C) -> Constraint<C> {
        self.map_bounds(&mut f)
    }

    fn map_bounds<C>(self, f: &mut dyn FnMut(B) -> C) -> Constraint<C> {
        use Constraint::*;
        match self {
            Real => Real,
            Positive => Positive,
            NonNegative => NonNegative,
            UnitInterval => UnitInterval,
            Interval(low, high) => Interval(f(low), f(high)),
            GreaterThan(bound) => GreaterThan(f(bound)),
            LessThan(bound) => LessThan(f(bound)),
            Boolean => Boolean,
            NonNegativeInteger => NonNegativeInteger,
            IntegerInterval(low, high) => IntegerInterval(f(low), f(high)),
            RealVector => RealVector,
            Ordered => Ordered,
            PositiveOrdered => PositiveOrdered,
            Simplex => Simplex,
            LowerCholesky => LowerCholesky,
            PositiveDefinite => PositiveDefinite,
            CorrCholesky => CorrCholesky,
            Independent(each, axes) => Independent(Box::new(each.map_bounds(f)), axes),
        }
    }
}

impl Constraint {
    /// The constraint throughout `axes` further axes.
    #[must_use]
    pub fn to_event(self, axes: usize) -> Constraint {
        match (self, axes) {
            (each, 0) => each,
            (Constraint::Real, 1) => Constraint::RealVector,
            (Constraint::Independent(each, inner), axes) => Constraint::Independent(each, inner + axes),
            (each, axes) => Constraint::Independent(Box::new(each), axes),
        }
    }

    /// Where `value` satisfies the constraint: booleans, in the shape of `value` without the event axes.
    ///
    /// # Panics
    /// If `value` has fewer axes than an event, or a matrix is not square.
    #[track_caller]
    pub fn check(&self, value: impl Into<Var>) -> Var {
        self.check_var(real(value))
    }

    #[track_caller]
    fn check_var(&self, x: Var) -> Var {
        use Constraint::*;
        let below = |x: Var| x.less(f64::INFINITY);
        match *self {
            Real => x.is_finite(),
            Positive => x.greater(0.0).and(below(x)),
            NonNegative => x.greater_equal(0.0).and(below(x)),
            UnitInterval => x.greater_equal(0.0).and(x.less_equal(1.0)),
            Interval(low, high) => x.greater_equal(low).and(x.less_equal(high)).and(x.is_finite()),
            GreaterThan(bound) => x.greater(bound).and(below(x)),
            LessThan(bound) => x.less(bound).and(x.greater(f64::NEG_INFINITY)),
            Boolean => x.equal(0.0).or(x.equal(1.0)),
            NonNegativeInteger => x.greater_equal(0.0).and(x.equal(x.floor())).and(below(x)),
            IntegerInterval(low, high) => {
                x.greater_equal(low).and(x.less_equal(high)).and(x.equal(x.floor())).and(x.is_finite())
            }
            RealVector => all(x.is_finite(), 1),
            Ordered => increasing(x).and(all(x.is_finite(), 1)),
            PositiveOrdered => increasing(x).and(all(x.greater(0.0).and(below(x)), 1)),
            Simplex => {
                let near = (x.sum_axes(&[-1], false) - 1.0).abs().less_equal(TOLERANCE);
                all(x.greater_equal(0.0), 1).and(near)
            }
            LowerCholesky => is_lower_factor(x),
            PositiveDefinite => {
                let scale = x.abs().max_axes(&[-2, -1], true);
                let symmetric = (x - x.t()).abs().less_equal(scale * TOLERANCE);
                all(symmetric, 2).and(all(x.cholesky().diagonal().greater(0.0), 1))
            }
            CorrCholesky => {
                let norms = x.square().sum_axes(&[-1], false);
                is_lower_factor(x).and(all((norms - 1.0).abs().less_equal(TOLERANCE), 1))
            }
            Independent(ref each, axes) => all(each.check_var(x), axes),
        }
    }
}

/// Whether all of the last `axes` axes are true.
#[track_caller]
pub(crate) fn all(condition: Var, axes: usize) -> Var {
    let axes: Vec<isize> = (1..=axes as isize).map(|axis| -axis).collect();
    if axes.is_empty() { condition } else { condition.not().sum_axes(&axes, false).equal(0.0) }
}

#[track_caller]
fn increasing(x: Var) -> Var {
    if x.size(-1) == 0 {
        return all(x.is_finite(), 1);
    }
    all(x.slice(-1, 1..).greater(x.slice(-1, ..-1)), 1)
}

#[track_caller]
fn is_lower_factor(x: Var) -> Var {
    let lower = all(x.equal(x.tril(0)).and(x.is_finite()), 2);
    lower.and(all(x.diagonal().greater(0.0), 1))
}

impl<B: fmt::Display> fmt::Display for Constraint<B> {
    /// In words that complete "the value must be ...".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Constraint::*;
        match self {
            Real => f.write_str("a finite number"),
            Positive => f.write_str("positive"),
            NonNegative => f.write_str("non-negative"),
            UnitInterval => f.write_str("in [0, 1]"),
            Interval(low, high) => write!(f, "in [{low}, {high}]"),
            GreaterThan(bound) => write!(f, "greater than {bound}"),
            LessThan(bound) => write!(f, "less than {bound}"),
            Boolean => f.write_str("0 or 1"),
            NonNegativeInteger => f.write_str("a non-negative whole number"),
            IntegerInterval(low, high) => write!(f, "a whole number in [{low}, {high}]"),
            RealVector => f.write_str("a vector of finite numbers"),
            Ordered => f.write_str("a vector in increasing order"),
            PositiveOrdered => f.write_str("a vector of positive numbers in increasing order"),
            Simplex => f.write_str("a vector of non-negative numbers with sum one"),
            LowerCholesky => f.write_str("a lower triangular matrix with a positive diagonal"),
            PositiveDefinite => f.write_str("a symmetric positive definite matrix"),
            CorrCholesky => f.write_str("the lower Cholesky factor of a correlation matrix"),
            Independent(each, _) => write!(f, "{each}, each element"),
        }
    }
}
