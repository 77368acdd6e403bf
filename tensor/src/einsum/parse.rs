//! Equations: text to symbols, and the size of each.

use crate::error::ShapeError;
use crate::shape::{self, Result, Shape};
use smallvec::SmallVec;

macro_rules! bail {
    ($($arg:tt)*) => { return Err(ShapeError::new(format!($($arg)*))) };
}

/// A symbol, by its number.
pub(super) type Symbol = u8;

/// Symbols in the order of axes.
pub(super) type Symbols = SmallVec<[Symbol; 8]>;

/// Different symbols at most, one bit each in a [`Set`].
const SYMBOLS: usize = 128;

/// A set of symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Set(u128);

impl Set {
    pub(super) fn of(symbols: impl IntoIterator<Item = Symbol>) -> Set {
        Set(symbols.into_iter().fold(0, |bits, symbol| bits | 1 << symbol))
    }

    pub(super) fn contains(self, symbol: Symbol) -> bool {
        self.0 >> symbol & 1 == 1
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn union(self, other: Set) -> Set {
        Set(self.0 | other.0)
    }

    pub(super) fn common(self, other: Set) -> Set {
        Set(self.0 & other.0)
    }

    pub(super) fn without(self, other: Set) -> Set {
        Set(self.0 & !other.0)
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Symbol> {
        let mut bits = self.0;
        std::iter::from_fn(move || {
            let symbol = bits.trailing_zeros();
            bits &= bits.wrapping_sub(1);
            (symbol < 128).then_some(symbol as Symbol)
        })
    }
}

/// An equation whose symbols have sizes.
///
/// ```
/// use pyroxene_tensor::einsum::Equation;
/// let equation = Equation::parse("einsum", "ij,jk", &[&[2, 3], &[3, 4]]).unwrap();
/// assert_eq!(equation.shape().as_slice(), [2, 4]);
/// let error = Equation::parse("einsum", "ij,jk", &[&[2, 3], &[4, 5]]).unwrap_err();
/// assert_eq!(error.to_string(), "einsum: 'j' of \"ij,jk\" is both 3 and 4 in [2, 3], [4, 5]");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    pub(super) operands: Vec<Symbols>,
    pub(super) output: Symbols,
    pub(super) sizes: Vec<usize>,
    /// The axes of each operand that are not of size 1: the symbols on which it depends.
    pub(super) sets: Vec<Set>,
    /// How many symbols have no letter, but came from an ellipsis or from axes; they have the first numbers.
    dots: usize,
    /// The letters of the others.
    letters: Vec<char>,
}

/// A term as written: letters before and after an ellipsis, if there is one.
struct Term {
    letters: Vec<char>,
    ellipsis: Option<usize>,
}

impl Term {
    fn parse(op: &str, equation: &str, text: &str) -> Result<Term> {
        let mut term = Term { letters: Vec::new(), ellipsis: None };
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("...") {
                if term.ellipsis.replace(term.letters.len()).is_some() {
                    bail!("{op}: {text:?} of {equation:?} has more than one ellipsis");
                }
                rest = after;
                continue;
            }
            if next.is_alphabetic() {
                term.letters.push(next);
            } else if next != ' ' {
                bail!("{op}: {next:?} in {equation:?} is not a letter, a comma, \"->\" or \"...\"");
            }
            rest = &rest[next.len_utf8()..];
        }
        Ok(term)
    }

    /// The symbols, with those of `axes` ellipsis axes in place.
    fn symbols(&self, number: &mut impl FnMut(char) -> Symbol, axes: std::ops::Range<usize>) -> Symbols {
        let at = self.ellipsis.unwrap_or(0);
        let mut symbols: Symbols = self.letters[..at].iter().map(|&letter| number(letter)).collect();
        if self.ellipsis.is_some() {
            symbols.extend(axes.map(|axis| axis as Symbol));
        }
        symbols.extend(self.letters[at..].iter().map(|&letter| number(letter)));
        symbols
    }
}

impl Equation {
    /// Reads an equation for operands of these shapes; `op` names the operation in messages. The rules stand in the
    /// [module](super).
    pub fn parse(op: &str, equation: &str, shapes: &[&[usize]]) -> Result<Equation> {
        let (inputs, output) = match equation.split_once("->") {
            Some((inputs, output)) => (inputs, Some(output)),
            None => (equation, None),
        };
        let terms: Vec<Term> = inputs.split(',').map(|text| Term::parse(op, equation, text)).collect::<Result<_>>()?;
        if terms.len() != shapes.len() {
            bail!("{op}: {equation:?} has {} operands, but {} are given", terms.len(), shapes.len());
        }
        // Ellipsis axes have the first numbers, from the left of the longest.
        let mut dots = 0;
        for (k, (term, shape)) in terms.iter().zip(shapes).enumerate() {
            let named = term.letters.len();
            match term.ellipsis {
                Some(_) if named <= shape.len() => dots = dots.max(shape.len() - named),
                None if named == shape.len() => {}
                _ => bail!("{op}: operand {k} of {equation:?} has {named} letters for the axes of {shape:?}"),
            }
        }
        let mut letters: Vec<char> = Vec::new();
        for term in &terms {
            for &letter in &term.letters {
                if !letters.contains(&letter) {
                    letters.push(letter);
                }
            }
        }
        if dots + letters.len() > SYMBOLS {
            bail!("{op}: {equation:?} has {} different axes, more than {SYMBOLS}", dots + letters.len());
        }
        let output = match output {
            Some(text) => explicit_output(op, equation, Term::parse(op, equation, text)?, &letters, dots)?,
            None => implicit_output(&terms, &letters),
        };
        let mut number = |letter| (dots + letters.iter().position(|&l| l == letter).expect("checked")) as Symbol;
        let operands: Vec<Symbols> = terms
            .iter()
            .zip(shapes)
            .map(|(term, shape)| {
                let own = term.ellipsis.map_or(0, |_| shape.len() - term.letters.len());
                term.symbols(&mut number, dots - own..dots)
            })
            .collect();
        let output = output.symbols(&mut number, 0..dots);
        let clash = |symbol: Symbol, [a, b]: [usize; 2]| {
            let symbol = match (symbol as usize).checked_sub(dots) {
                None => "an axis of \"...\"".to_string(),
                Some(letter) => format!("'{}'", letters[letter]),
            };
            let shapes: Vec<String> = shapes.iter().map(|s| format!("{s:?}")).collect();
            ShapeError::new(format!("{op}: {symbol} of {equation:?} is both {a} and {b} in {}", shapes.join(", ")))
        };
        let sizes =
            common_sizes(&operands, shapes, dots + letters.len()).map_err(|(symbol, two)| clash(symbol, two))?;
        Equation::new(op, operands, output, sizes, shapes, letters)
    }

    /// The equation of a product over pairs of axes.
    pub fn tensordot(a: &[usize], b: &[usize], axes_a: &[isize], axes_b: &[isize]) -> Result<Equation> {
        if axes_a.len() != axes_b.len() {
            bail!("tensordot: axes {axes_a:?} of {a:?} and {axes_b:?} of {b:?} are not as many");
        }
        shape::axes("tensordot", a, axes_a)?;
        shape::axes("tensordot", b, axes_b)?;
        if a.len() + b.len() > SYMBOLS {
            bail!("tensordot: {a:?} and {b:?} have more than {SYMBOLS} axes");
        }
        let left: Symbols = (0..a.len() as Symbol).collect();
        let mut right: Symbols = (a.len()..a.len() + b.len()).map(|axis| axis as Symbol).collect();
        let mut output: Vec<Symbol> = left.iter().chain(&right).copied().collect();
        for (&i, &j) in axes_a.iter().zip(axes_b) {
            let (i, j) = (shape::axis("tensordot", a, i)?, shape::axis("tensordot", b, j)?);
            if a[i] != b[j] {
                bail!("tensordot: axis {i} of {a:?} and axis {j} of {b:?} differ in size");
            }
            output.retain(|symbol| *symbol != left[i] && *symbol != right[j]);
            right[j] = left[i];
        }
        let operands = vec![left, right];
        let sizes = common_sizes(&operands, &[a, b], a.len() + b.len()).expect("the sizes were compared");
        Equation::new("tensordot", operands, output.into_iter().collect(), sizes, &[a, b], Vec::new())
    }

    fn new(
        op: &str,
        operands: Vec<Symbols>,
        output: Symbols,
        sizes: Vec<usize>,
        shapes: &[&[usize]],
        letters: Vec<char>,
    ) -> Result<Equation> {
        let wide = |symbols: &Symbols, shape: &&[usize]| {
            Set::of(symbols.iter().zip(*shape).filter(|&(_, &size)| size != 1).map(|(&symbol, _)| symbol))
        };
        let sets = operands.iter().zip(shapes).map(|(symbols, shape)| wide(symbols, shape)).collect();
        let dots = sizes.len() - letters.len();
        let equation = Equation { operands, output, sizes, sets, dots, letters };
        shape::size(op, &equation.shape())?;
        Ok(equation)
    }

    /// The shape of the result.
    pub fn shape(&self) -> Shape {
        self.output.iter().map(|&symbol| self.sizes[symbol as usize]).collect()
    }

    /// A letter, or a number for what has none.
    pub(super) fn name(&self, symbol: Symbol) -> String {
        match (symbol as usize).checked_sub(self.dots) {
            None => symbol.to_string(),
            Some(letter) => self.letters[letter].to_string(),
        }
    }

    /// The output's symbols that are not of size 1.
    pub(super) fn output_set(&self) -> Set {
        Set::of(self.output.iter().copied().filter(|&symbol| self.sizes[symbol as usize] != 1))
    }
}

/// The size of each of `count` symbols, where 1 gives way to others; or a symbol with two sizes.
fn common_sizes(
    operands: &[Symbols],
    shapes: &[&[usize]],
    count: usize,
) -> std::result::Result<Vec<usize>, (Symbol, [usize; 2])> {
    let mut sizes = vec![1; count];
    for (&symbol, &size) in operands.iter().zip(shapes).flat_map(|(symbols, shape)| symbols.iter().zip(*shape)) {
        let known = &mut sizes[symbol as usize];
        match (*known, size) {
            (_, 1) => {}
            (1, _) => *known = size,
            (a, b) if a == b => {}
            (a, b) => return Err((symbol, [a, b])),
        }
    }
    Ok(sizes)
}

fn explicit_output(op: &str, equation: &str, output: Term, letters: &[char], dots: usize) -> Result<Term> {
    for (k, letter) in output.letters.iter().enumerate() {
        if output.letters[..k].contains(letter) {
            bail!("{op}: the output of {equation:?} has '{letter}' twice");
        }
        if !letters.contains(letter) {
            bail!("{op}: the output of {equation:?} has '{letter}', which no operand has");
        }
    }
    if dots > 0 && output.ellipsis.is_none() {
        bail!("{op}: the output of {equation:?} lacks \"...\", which stands for {dots} axes of the operands");
    }
    Ok(output)
}

/// The ellipsis, then the letters that occur once.
fn implicit_output(terms: &[Term], letters: &[char]) -> Term {
    let count = |letter: char| terms.iter().flat_map(|term| &term.letters).filter(|&&l| l == letter).count();
    let mut once: Vec<char> = letters.iter().copied().filter(|&letter| count(letter) == 1).collect();
    once.sort_unstable();
    Term { letters: once, ellipsis: terms.iter().any(|term| term.ellipsis.is_some()).then_some(0) }
}
