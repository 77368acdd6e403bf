//! Patterns as data: trees of elementwise operations over variables, matched against the graph, built into it, and
//! evaluated by the tests of the table.

use super::sign;
use crate::op::Op;
use crate::program::builder::{Builder, is_commutative};
use crate::program::graph::{Id, Ids};
use pyroxene_kernels::table::{Binary, Unary};
use smallvec::{SmallVec, smallvec};

/// An expression over variables.
#[derive(Debug)]
pub(super) enum Pattern {
    Variable(Variable),
    Number(f64),
    Unary(Unary, &'static Pattern),
    Binary(Binary, &'static Pattern, &'static Pattern),
    Where(&'static [Pattern; 3]),
}

/// What a variable of a pattern stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(non_camel_case_types)] // Rows are written as in mathematics.
pub(super) enum Variable {
    /// Anything.
    x,
    y,
    z,
    w,
    /// A value with as many elements as the whole, so that work on the whole instead of on it is not more.
    v,
    /// A value that is never negative (but may be NaN).
    p,
    /// A value that is never positive (but may be NaN).
    n,
    /// A number that is known now.
    c,
    d,
}

impl Variable {
    pub(super) const COUNT: usize = Variable::d as usize + 1;
}

/// How far a replacement may differ from what it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    /// The same numbers.
    Bits,
    /// Up to the rounding of a few operations.
    Rounding,
    /// It is right where the other overflows or loses digits; the text says where.
    Improves(&'static str),
}

/// A row of the table.
#[derive(Debug)]
pub(super) struct Row {
    /// The row as it is written.
    pub(super) name: &'static str,
    pub(super) from: Pattern,
    pub(super) to: Pattern,
    pub(super) keeps: Keeps,
    /// What must hold for the known numbers c and d.
    pub(super) when: fn(f64, f64) -> bool,
}

/// What the variables stand for.
type Bound = [Option<Id>; Variable::COUNT];

/// The replacement for `op(inputs)` with `len` elements, if the row matches.
pub(super) fn rewrite(row: &Row, builder: &mut Builder, op: &Op, inputs: &Ids, len: usize) -> Option<Id> {
    let mut matcher = Match { builder, bound: Bound::default(), len };
    if !matcher.root(&row.from, op, inputs) {
        return None;
    }
    let bound = matcher.bound;
    let number = |variable: Variable| bound[variable as usize].and_then(|id| builder.graph.scalar(id));
    let holds = (row.when)(number(Variable::c).unwrap_or(f64::NAN), number(Variable::d).unwrap_or(f64::NAN));
    holds.then(|| build(&row.to, builder, &bound))
}

struct Match<'b> {
    builder: &'b Builder,
    bound: Bound,
    len: usize,
}

impl Match<'_> {
    fn root(&mut self, pattern: &Pattern, op: &Op, inputs: &[Id]) -> bool {
        match (pattern, op) {
            (Pattern::Unary(wanted, a), Op::Unary(op)) => wanted == op && self.node(a, inputs[0]),
            (Pattern::Binary(wanted, a, b), Op::Binary(op)) => {
                wanted == op && (self.all([a, b], inputs) || is_commutative(*op) && self.all([b, a], inputs))
            }
            (Pattern::Where([a, b, c]), Op::Select) => self.all([a, b, c], inputs),
            _ => false,
        }
    }

    /// Whether all match; if not, nothing more is bound than before.
    fn all<const N: usize>(&mut self, patterns: [&Pattern; N], ids: &[Id]) -> bool {
        let before = self.bound;
        let matches = patterns.iter().zip(ids).all(|(pattern, &id)| self.node(pattern, id));
        if !matches {
            self.bound = before;
        }
        matches
    }

    fn node(&mut self, pattern: &Pattern, id: Id) -> bool {
        match pattern {
            Pattern::Variable(variable) => match self.bound[*variable as usize] {
                Some(bound) => bound == id,
                None => {
                    let fits = self.fits(*variable, id);
                    if fits {
                        self.bound[*variable as usize] = Some(id);
                    }
                    fits
                }
            },
            Pattern::Number(number) => self.builder.graph.scalar(id) == Some(*number),
            _ => {
                let builder = self.builder;
                let node = builder.graph.node(id);
                self.root(pattern, &node.op, &node.inputs)
            }
        }
    }

    fn fits(&self, variable: Variable, id: Id) -> bool {
        match variable {
            Variable::x | Variable::y | Variable::z | Variable::w => true,
            Variable::v => self.builder.graph.node(id).len() == self.len,
            Variable::p => sign::is_never_negative(self.builder, id),
            Variable::n => sign::is_never_positive(self.builder, id),
            Variable::c | Variable::d => self.builder.graph.scalar(id).is_some(),
        }
    }
}

fn build(pattern: &Pattern, builder: &mut Builder, bound: &Bound) -> Id {
    match pattern {
        Pattern::Variable(variable) => bound[*variable as usize].expect("a replacement has the pattern's variables"),
        Pattern::Number(number) => builder.scalar(*number),
        Pattern::Unary(op, a) => {
            let a = build(a, builder, bound);
            builder.unary(*op, a)
        }
        Pattern::Binary(op, a, b) => {
            let (a, b) = (build(a, builder, bound), build(b, builder, bound));
            builder.binary(*op, a, b)
        }
        Pattern::Where(parts) => {
            let parts: SmallVec<[Id; 3]> = parts.iter().map(|part| build(part, builder, bound)).collect();
            builder.elementwise(Op::Select, smallvec![parts[0], parts[1], parts[2]])
        }
    }
}

/// A pattern as it is written in the table: `Ln(Add(1.0, Exp(x)))`.
macro_rules! pattern {
    (Where ($a:tt $(($($aa:tt)+))?, $b:tt $(($($bb:tt)+))?, $c:tt $(($($cc:tt)+))?)) => {
        Pattern::Where(&[
            pattern!($a $(($($aa)+))?), pattern!($b $(($($bb)+))?), pattern!($c $(($($cc)+))?),
        ])
    };
    ($op:ident ($a:tt $(($($aa:tt)+))?)) => { Pattern::Unary(Unary::$op, &pattern!($a $(($($aa)+))?)) };
    ($op:ident ($a:tt $(($($aa:tt)+))?, $b:tt $(($($bb:tt)+))?)) => {
        Pattern::Binary(Binary::$op, &pattern!($a $(($($aa)+))?), &pattern!($b $(($($bb)+))?))
    };
    ($variable:ident) => { Pattern::Variable(Variable::$variable) };
    ((- $number:literal)) => { Pattern::Number(-$number) };
    ($number:literal) => { Pattern::Number($number) };
}
pub(super) use pattern;

/// Rows `pattern => replacement, Keeps [, when];`.
macro_rules! table {
    ($($op:ident $args:tt => $to:tt $(($($inner:tt)+))?, $keeps:ident $(($where:literal))? $(, $when:expr)?;)*) => {
        &[$(Row {
            name: concat!(stringify!($op), stringify!($args), " => ", stringify!($to $(($($inner)+))?)),
            from: pattern!($op $args),
            to: pattern!($to $(($($inner)+))?),
            keeps: Keeps::$keeps $(($where))?,
            when: table!(@when $($when)?),
        },)*]
    };
    (@when) => { |_, _| true };
    (@when $when:expr) => { $when };
}
pub(super) use table;
