//! Printing, as NumPy prints arrays: eight digits after the point at most, aligned columns, long arrays summarised.

use crate::dtype::{DType, Scalar};
use crate::storage::dispatch;
use crate::tensor::Tensor;
use std::fmt;
use std::str::FromStr;

/// Digits after the decimal point, at most.
const PRECISION: usize = 8;
/// Above this number of elements only the edges are shown.
const THRESHOLD: usize = 1000;
/// How many positions are shown at either end of a summarised axis.
const EDGE: usize = 3;
/// Lines break before this column.
const LINE_WIDTH: usize = 75;

impl fmt::Display for Tensor {
    /// Elements in brackets: `[1.5 2. ]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ndim() == 0 {
            return f.write_str(&whole_scalar(self));
        }
        f.write_str(&Layout::new(self, " ", LINE_WIDTH).nested(self, 0))
    }
}

impl fmt::Debug for Tensor {
    /// An expression with commas, the shape where the brackets do not show it, and the element type where the elements
    /// do not: `tensor([1.5, 2. ])`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PREFIX: &str = "tensor(";
        let layout = Layout::new(self, ", ", LINE_WIDTH - 1);
        let body = format!("{PREFIX}{}", layout.nested(self, PREFIX.len()));
        let mut facts = Vec::new();
        if layout.summarised || (self.is_empty() && self.shape() != [0]) {
            facts.push(format!("shape={:?}", self.shape()));
        }
        if self.is_empty() || self.dtype() == DType::F32 {
            facts.push(format!("dtype={}", self.dtype()));
        }
        if facts.is_empty() {
            return write!(f, "{body})");
        }
        let facts = facts.join(", ");
        let last_line = body.len() - body.rfind('\n').map_or(0, |at| at + 1);
        // A comma and a space before, a parenthesis after.
        if last_line + facts.len() + 3 > LINE_WIDTH {
            write!(f, "{body},\n{:1$}{facts})", "", PREFIX.len())
        } else {
            write!(f, "{body}, {facts})")
        }
    }
}

/// A scalar in full precision.
fn whole_scalar(x: &Tensor) -> String {
    match x.dtype() {
        DType::F64 => whole_float(x.item()),
        DType::F32 => whole_float(dispatch!(x, data => data[x.offset].to_f32())),
        DType::I64 => dispatch!(x, data => data[x.offset].to_i64()).to_string(),
        DType::Bool => bool_text(x.item() != 0.0).to_string(),
    }
}

fn whole_float<T: Real>(x: T) -> String {
    let magnitude = x.to_f64().abs();
    if !magnitude.is_finite() {
        return not_finite(x.to_f64()).to_string();
    }
    if magnitude != 0.0 && !(1e-4..T::LARGE_SCALAR).contains(&magnitude) {
        let Digits { whole, fraction, exponent } = Digits::scientific(x, usize::MAX);
        let point = if fraction.is_empty() { "" } else { "." };
        return format!("{whole}{point}{fraction}e{}", exponent_text(exponent, 2));
    }
    let Digits { whole, fraction, .. } = Digits::positional(x, usize::MAX);
    format!("{whole}.{}", if fraction.is_empty() { "0" } else { &fraction })
}

fn bool_text(x: bool) -> &'static str {
    if x { "True" } else { "False" }
}

fn not_finite(x: f64) -> &'static str {
    if x.is_nan() {
        "nan"
    } else if x < 0.0 {
        "-inf"
    } else {
        "inf"
    }
}

fn exponent_text(exponent: i32, width: usize) -> String {
    format!("{}{:0width$}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs())
}

/// A floating-point type with shortest round-trip digits of its own.
trait Real: Scalar + fmt::Display + fmt::LowerExp + FromStr {
    /// From here on elements are written in scientific notation: no more digits than the type has.
    const LARGE: f64;
    /// From here on a scalar is.
    const LARGE_SCALAR: f64;
    /// Whether the magnitudes of the elements call for scientific notation. NumPy compares in the type itself.
    fn is_scientific(smallest: f64, largest: f64) -> bool;
}

impl Real for f64 {
    const LARGE: f64 = 1e8;
    const LARGE_SCALAR: f64 = 1e16;

    fn is_scientific(smallest: f64, largest: f64) -> bool {
        largest >= Self::LARGE || smallest < 1e-4 || largest / smallest > 1000.0
    }
}

impl Real for f32 {
    const LARGE: f64 = 1e6;
    const LARGE_SCALAR: f64 = 1e6;

    fn is_scientific(smallest: f64, largest: f64) -> bool {
        let (low, high) = (smallest as f32, largest as f32);
        largest >= Self::LARGE || low < 1e-4 || high / low > 1000.0
    }
}

/// The decimal digits of a number: the shortest that identify it, or fewer after rounding.
struct Digits {
    /// The part before the point, with the sign.
    whole: String,
    /// The part after the point, without trailing zeros.
    fraction: String,
    exponent: i32,
}

impl Digits {
    fn positional<T: Real>(x: T, precision: usize) -> Digits {
        let shortest = format!("{x}");
        let places = fraction_len(&shortest);
        let rounded = |places: usize| format!("{:.places$}", x.to_f64());
        if places > precision {
            return Digits::split(&rounded(precision), 0);
        }
        Digits::split(&even::<T>(x, shortest, rounded(places), places), 0)
    }

    fn scientific<T: Real>(x: T, precision: usize) -> Digits {
        let shortest = format!("{x:e}");
        let places = fraction_len(shortest.split('e').next().unwrap_or_default());
        let rounded = |places: usize| format!("{:.places$e}", x.to_f64());
        if places > precision {
            return Digits::split_scientific(&rounded(precision));
        }
        Digits::split_scientific(&even::<T>(x, shortest, rounded(places), places))
    }

    /// In scientific notation, with the digits of the exact value where the shortest ones are fewer than `places`.
    fn filled<T: Real>(x: T, places: usize) -> Digits {
        let shortest = Digits::scientific(x, places);
        if shortest.fraction.len() == places {
            return shortest;
        }
        Digits::split_scientific(&format!("{:.places$e}", x.to_f64()))
    }

    fn split_scientific(text: &str) -> Digits {
        let (mantissa, exponent) = text.split_once('e').expect("scientific notation has an exponent");
        Digits::split(mantissa, exponent.parse().expect("an exponent is a number"))
    }

    fn split(text: &str, exponent: i32) -> Digits {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        Digits { whole: whole.to_string(), fraction: fraction.trim_end_matches('0').to_string(), exponent }
    }
}

/// Of two shortest texts equally close to a number, the one that ends in an even digit; Rust gives either.
fn even<T: Real>(x: T, shortest: String, rounded: String, places: usize) -> String {
    let same = |text: &str| text.parse::<T>().is_ok_and(|value| value == x);
    if places > 0 && same(&rounded) { rounded } else { shortest }
}

fn fraction_len(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

/// How all elements of a tensor are written.
enum Format {
    /// Right-aligned text.
    Plain { width: usize },
    /// Digits around an aligned point.
    Positional { left: usize, right: usize },
    /// A mantissa with as many digits for all, and an exponent.
    Scientific { left: usize, fraction: usize, exponent: usize },
}

impl Format {
    fn floats<T: Real>(shown: &[T]) -> Format {
        let finite: Vec<T> = shown.iter().copied().filter(|v| v.to_f64().is_finite()).collect();
        let magnitudes = finite.iter().map(|v| v.to_f64().abs()).filter(|&v| v != 0.0);
        let (min, max) = magnitudes.fold((f64::INFINITY, 0.0), |(lo, hi): (f64, f64), v| (lo.min(v), hi.max(v)));
        let scientific = max > 0.0 && T::is_scientific(min, max);
        let digits: Vec<Digits> = finite
            .iter()
            .map(|&v| if scientific { Digits::scientific(v, PRECISION) } else { Digits::positional(v, PRECISION) })
            .collect();
        let mut left = digits.iter().map(|d| d.whole.len()).max().unwrap_or(0);
        let fraction = digits.iter().map(|d| d.fraction.len()).max().unwrap_or(0);
        let exponent = digits.iter().map(|d| exponent_text(d.exponent, 2).len() - 1).max().unwrap_or(2);
        // The point, and `e` with the exponent and its sign.
        let right = if scientific { fraction + exponent + 2 } else { fraction };
        for v in shown.iter().map(|v| v.to_f64()).filter(|v| !v.is_finite()) {
            left = left.max(not_finite(v).len().saturating_sub(right + 1));
        }
        match scientific {
            true => Format::Scientific { left, fraction, exponent },
            false => Format::Positional { left, right },
        }
    }

    fn float<T: Real>(&self, x: T) -> String {
        match *self {
            Format::Plain { width } => format!("{x:>width$}"),
            Format::Positional { left, right } => {
                if !x.to_f64().is_finite() {
                    return format!("{:>1$}", not_finite(x.to_f64()), left + right + 1);
                }
                let Digits { whole, fraction, .. } = Digits::positional(x, PRECISION);
                format!("{whole:>left$}.{fraction:<right$}")
            }
            Format::Scientific { left, fraction: places, exponent: width } => {
                if !x.to_f64().is_finite() {
                    return format!("{:>1$}", not_finite(x.to_f64()), left + places + width + 3);
                }
                let Digits { whole, fraction, exponent } = Digits::filled(x, places);
                format!("{whole:>left$}.{fraction:0<places$}e{}", exponent_text(exponent, width))
            }
        }
    }
}

/// The arrangement of a tensor's elements.
pub(crate) struct Layout {
    format: Format,
    separator: &'static str,
    pub(crate) summarised: bool,
    /// The column up to which the elements of a line reach: behind it there is room for a separator or brackets.
    width: usize,
}

impl Layout {
    pub(crate) fn new(x: &Tensor, separator: &'static str, line: usize) -> Layout {
        let summarised = x.len() > THRESHOLD;
        let shown = if summarised { edges(x) } else { x.clone() };
        let widest = |texts: &mut dyn Iterator<Item = usize>| Format::Plain { width: texts.max().unwrap_or(0) };
        let format = match x.dtype() {
            DType::F64 => Format::floats(&shown.to_vec::<f64>()),
            DType::F32 => Format::floats(&shown.to_vec::<f32>()),
            DType::I64 => widest(&mut shown.to_vec::<i64>().iter().map(|v| v.to_string().len())),
            // As wide as `False`, also where all are true; a scalar stands by itself.
            DType::Bool => Format::Plain { width: if x.ndim() > 0 { bool_text(false).len() } else { 0 } },
        };
        Layout { format, separator, summarised, width: line.saturating_sub(x.ndim().max(1)) }
    }

    pub(crate) fn element(&self, x: &Tensor) -> String {
        match (x.dtype(), &self.format) {
            (DType::F64, format) => format.float(x.item()),
            (DType::F32, format) => format.float(dispatch!(x, data => data[x.offset].to_f32())),
            (DType::I64, Format::Plain { width }) => format!("{:>width$}", x.to_vec::<i64>()[0]),
            (_, Format::Plain { width }) => format!("{:>width$}", bool_text(x.item() != 0.0)),
            _ => unreachable!("integers and truth values are plain"),
        }
    }

    /// The positions along an axis to show; `None` stands for those left out.
    pub(crate) fn positions(&self, n: usize) -> Vec<Option<isize>> {
        let all = |range: std::ops::Range<usize>| range.map(|i| Some(i as isize));
        if self.summarised && n > 2 * EDGE {
            all(0..EDGE).chain([None]).chain(all(n - EDGE..n)).collect()
        } else {
            all(0..n).collect()
        }
    }

    /// The tensor in brackets; the opening one stands at column `column`.
    fn nested(&self, x: &Tensor, column: usize) -> String {
        if x.is_empty() {
            return "[]".to_string();
        }
        let Some(&n) = x.shape().first() else { return self.element(x) };
        let positions = self.positions(n);
        let separator = self.separator.trim_end();
        if x.ndim() > 1 {
            let between = format!("{separator}{}{:2$}", "\n".repeat(x.ndim() - 1), "", column + 1);
            let parts: Vec<String> = positions
                .iter()
                .map(|p| p.map_or("...".to_string(), |i| self.nested(&x.select(0, i), column + 1)))
                .collect();
            return format!("[{}]", parts.join(&between));
        }
        let indent = column + 1;
        let mut out = String::from("[");
        let mut at = indent;
        for (i, position) in positions.iter().enumerate() {
            let word = position.map_or("...".to_string(), |i| self.element(&x.select(0, i)));
            if at + word.len() > self.width && at > indent {
                out.truncate(out.trim_end().len());
                out.push_str(&format!("\n{:indent$}", ""));
                at = indent;
            }
            out.push_str(&word);
            at += word.len();
            if i + 1 < positions.len() {
                out.push_str(self.separator);
                at += self.separator.len();
            }
        }
        out.push(']');
        out
    }
}

/// The positions at the edges of all long axes.
fn edges(x: &Tensor) -> Tensor {
    let mut shown = x.clone();
    for axis in 0..x.ndim() as isize {
        let n = shown.size(axis);
        if n > 2 * EDGE {
            let (head, tail) = (shown.slice(axis, ..EDGE), shown.slice(axis, n - EDGE..));
            shown = Tensor::concat(&[head, tail], axis);
        }
    }
    shown
}
