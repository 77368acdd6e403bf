//! Constraints as words and tensors, for files.

use crate::constraint::Constraint;
use pyroxene_autograd::Tensor;

/// The constraint in words, with its bounds appended to `bounds` in order. `decode` reads it.
pub(super) fn encode(constraint: &Constraint<Tensor>, bounds: &mut Vec<Tensor>) -> String {
    use Constraint::*;
    let word = match constraint {
        Real => "real",
        Positive => "positive",
        NonNegative => "non_negative",
        UnitInterval => "unit_interval",
        Interval(low, high) => {
            bounds.extend([low.clone(), high.clone()]);
            "interval"
        }
        GreaterThan(bound) => {
            bounds.push(bound.clone());
            "greater_than"
        }
        LessThan(bound) => {
            bounds.push(bound.clone());
            "less_than"
        }
        Boolean => "boolean",
        NonNegativeInteger => "non_negative_integer",
        IntegerInterval(low, high) => {
            bounds.extend([low.clone(), high.clone()]);
            "integer_interval"
        }
        RealVector => "real_vector",
        Ordered => "ordered",
        PositiveOrdered => "positive_ordered",
        Simplex => "simplex",
        LowerCholesky => "lower_cholesky",
        PositiveDefinite => "positive_definite",
        CorrCholesky => "corr_cholesky",
        Independent(each, axes) => return format!("independent {axes} {}", encode(each, bounds)),
    };
    word.to_string()
}

/// The constraint that `encode` wrote; none if the words are not of its making or the bounds are not as many.
pub(super) fn decode(words: &str, mut bounds: impl Iterator<Item = Tensor>) -> Option<Constraint<Tensor>> {
    let constraint = next(&mut words.split(' '), &mut bounds)?;
    bounds.next().is_none().then_some(constraint)
}

fn next<'a>(
    words: &mut impl Iterator<Item = &'a str>,
    bounds: &mut dyn Iterator<Item = Tensor>,
) -> Option<Constraint<Tensor>> {
    use Constraint::*;
    let constraint = match words.next()? {
        "real" => Real,
        "positive" => Positive,
        "non_negative" => NonNegative,
        "unit_interval" => UnitInterval,
        "interval" => Interval(bounds.next()?, bounds.next()?),
        "greater_than" => GreaterThan(bounds.next()?),
        "less_than" => LessThan(bounds.next()?),
        "boolean" => Boolean,
        "non_negative_integer" => NonNegativeInteger,
        "integer_interval" => IntegerInterval(bounds.next()?, bounds.next()?),
        "real_vector" => RealVector,
        "ordered" => Ordered,
        "positive_ordered" => PositiveOrdered,
        "simplex" => Simplex,
        "lower_cholesky" => LowerCholesky,
        "positive_definite" => PositiveDefinite,
        "corr_cholesky" => CorrCholesky,
        "independent" => {
            let axes = words.next()?.parse().ok()?;
            return Some(Independent(Box::new(next(words, bounds)?), axes));
        }
        _ => return None,
    };
    words.next().is_none().then_some(constraint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_constraint_is_none() {
        let bound = || Tensor::from(1.0);
        assert!(decode("interval", [bound(), bound()].into_iter()).is_some());
        for (words, bounds) in [
            ("", 0),
            ("round", 0),
            ("real real", 0),
            ("real ", 0),
            ("real", 1),
            ("interval", 1),
            ("interval", 3),
            ("independent", 0),
            ("independent real", 0),
            ("independent -1 real", 0),
            ("independent 1", 0),
        ] {
            assert!(decode(words, std::iter::repeat_n(bound(), bounds)).is_none(), "{words:?}");
        }
    }
}
