//! Tensors in notebooks: a table, and for a vector a line plot the height of a line of text.

use crate::display::Layout;
use crate::dtype::DType;
use crate::tensor::Tensor;
use std::fmt::Write;

/// Size of the plot, in pixels.
const WIDTH: usize = 240;
const HEIGHT: f64 = 32.0;

/// A text with the signs that mean something in HTML written out.
///
/// ```
/// use pyroxene_tensor::html::escape;
/// assert_eq!(escape("a < b & \"c\""), "a &lt; b &amp; &quot;c&quot;");
/// ```
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Hands HTML to the notebook: evcxr reads it from the standard output, between these two lines.
pub fn show(html: &str) {
    println!("EVCXR_BEGIN_CONTENT text/html\n{html}\nEVCXR_END_CONTENT");
}

impl Tensor {
    /// The tensor as HTML: element type and shape, then a scalar's value, a vector with its plot, a matrix as a table, or
    /// more axes as they print. Numbers are those that printing gives, and what is long is summarised likewise.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let html = Tensor::from([[1.5, 2.0]]).to_html();
    /// assert!(html.contains("<td>1.5</td><td>2.</td>"));
    /// ```
    pub fn to_html(&self) -> String {
        let caption = format!("<small>{} {}</small>", self.dtype(), escape(&format!("{:?}", self.shape())));
        let body = match self.ndim() {
            _ if self.is_empty() => String::new(),
            1 => format!("{}{}", sparkline(self), table(&self.unsqueeze(0), false)),
            2 => table(self, true),
            _ => format!("<pre>{}</pre>", escape(&self.to_string())),
        };
        format!("<div>{caption}{body}</div>")
    }

    /// Shows the tensor in an evcxr notebook, which calls this for the last value of a cell.
    pub fn evcxr_display(&self) {
        show(&self.to_html());
    }
}

/// A matrix, with the numbers of its columns, and of its rows if `numbered`.
fn table(x: &Tensor, numbered: bool) -> String {
    let layout = Layout::new(x, " ", usize::MAX);
    let (rows, columns) = (layout.positions(x.size(0)), layout.positions(x.size(1)));
    let mut out = String::from("<table><tr>");
    if numbered {
        out.push_str("<th></th>");
    }
    let number = |position: &Option<isize>| position.map_or("&hellip;".to_string(), |i| i.to_string());
    for column in &columns {
        write!(out, "<th>{}</th>", number(column)).expect("writing to a string");
    }
    out.push_str("</tr>");
    for row in &rows {
        out.push_str("<tr>");
        if numbered {
            write!(out, "<th>{}</th>", number(row)).expect("writing to a string");
        }
        for column in &columns {
            let cell = match (row, column) {
                (&Some(i), &Some(j)) => escape(layout.element(&x.select(0, i).select(0, j)).trim()),
                _ => "&hellip;".to_string(),
            };
            write!(out, "<td>{cell}</td>").expect("writing to a string");
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>");
    out
}

/// A plot of a vector against its index, from its least to its greatest finite element; the line breaks where an element
/// is not finite. A vector too long for one pixel an element is drawn through the extremes of each pixel's share.
fn sparkline(x: &Tensor) -> String {
    let values = x.to_vec::<f64>();
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if x.dtype() == DType::Bool || values.len() < 2 || low > high {
        return String::new();
    }
    let last = (values.len() - 1) as f64;
    // Halves, so that the range of the largest numbers does not overflow.
    let range = 0.5 * high - 0.5 * low;
    let point = |(i, v): (usize, f64)| {
        let height = if range > 0.0 { (0.5 * v - 0.5 * low) / range } else { 0.5 };
        format!("{:.1},{:.1}", i as f64 / last * WIDTH as f64, (1.0 - height) * (HEIGHT - 2.0) + 1.0)
    };
    let mut lines = String::new();
    for run in drawn(&values).split(|(_, v)| !v.is_finite()).filter(|run| !run.is_empty()) {
        let mut points: Vec<String> = run.iter().copied().map(point).collect();
        if points.len() == 1 {
            // A line from a point to itself, with round ends, is a dot.
            points.push(points[0].clone());
        }
        write!(lines, "<polyline points=\"{}\"/>", points.join(" ")).expect("writing to a string");
    }
    format!(
        "<svg width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"none\" stroke=\"currentColor\" stroke-linecap=\"round\">{lines}</svg>"
    )
}

/// The elements to draw, with their indices: all of a short vector; of a long one the least and the greatest finite element
/// of each pixel's share, or one of the others where none is finite.
fn drawn(values: &[f64]) -> Vec<(usize, f64)> {
    let all = || values.iter().copied().enumerate();
    if values.len() <= 2 * WIDTH {
        return all().collect();
    }
    let mut out = Vec::with_capacity(2 * WIDTH);
    for pixel in 0..WIDTH {
        let (start, end) = (pixel * values.len() / WIDTH, (pixel + 1) * values.len() / WIDTH);
        let share = || all().skip(start).take(end - start);
        let finite = || share().filter(|(_, v)| v.is_finite());
        let by_value = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
        match (finite().min_by(by_value), finite().max_by(by_value)) {
            (Some(least), Some(greatest)) if least.0 < greatest.0 => out.extend([least, greatest]),
            (Some(least), Some(greatest)) if least.0 > greatest.0 => out.extend([greatest, least]),
            (Some(only), _) => out.push(only),
            _ => out.extend(share().next()),
        }
    }
    out
}
