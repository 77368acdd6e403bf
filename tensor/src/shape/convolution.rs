//! The shapes of convolutions and poolings.

use super::{Result, Shape, size};
use crate::error::ShapeError;
use pyroxene_kernels::conv::{Convolution, Pooling, output_size};
use std::ops::Range;

/// How a kernel moves over D axes.
///
/// ```
/// use pyroxene_tensor::Conv;
/// let halving = Conv { stride: [2, 2], padding: [1, 1], ..Conv::default() };
/// # let _ = halving;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv<const D: usize> {
    /// Input elements between neighbouring places of the kernel; 1 by default.
    pub stride: [usize; D],
    /// Zeros before and after the input; 0 by default.
    pub padding: [usize; D],
    /// Input elements between neighbouring elements of the kernel; 1 by default.
    pub dilation: [usize; D],
    /// Groups of channels that do not meet; 1 by default.
    pub groups: usize,
}

impl<const D: usize> Default for Conv<D> {
    fn default() -> Conv<D> {
        Conv { stride: [1; D], padding: [0; D], dilation: [1; D], groups: 1 }
    }
}

/// How a transposed kernel moves over D axes: as the [`Conv`] with the same settings whose adjoint it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTranspose<const D: usize> {
    /// Output elements between the kernel's places for neighbouring inputs; 1 by default.
    pub stride: [usize; D],
    /// Elements dropped before and after the output; 0 by default.
    pub padding: [usize; D],
    /// Output elements between neighbouring elements of the kernel; 1 by default.
    pub dilation: [usize; D],
    /// Elements appended to the output, fewer than the stride: which of the sizes that the convolution maps to the input's
    /// it has; 0 by default.
    pub output_padding: [usize; D],
    /// Groups of channels that do not meet; 1 by default.
    pub groups: usize,
}

impl<const D: usize> Default for ConvTranspose<D> {
    fn default() -> ConvTranspose<D> {
        ConvTranspose { stride: [1; D], padding: [0; D], dilation: [1; D], output_padding: [0; D], groups: 1 }
    }
}

/// Windows over D axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool<const D: usize> {
    /// The sizes of a window.
    pub window: [usize; D],
    /// Input elements between neighbouring windows.
    pub stride: [usize; D],
    /// Elements before and after the input that windows reach over, at most half a window.
    pub padding: [usize; D],
}

impl<const D: usize> Pool<D> {
    /// Windows that touch but do not overlap, without padding.
    pub fn new(window: [usize; D]) -> Pool<D> {
        Pool { window, stride: window, padding: [0; D] }
    }
}

/// One or two sizes as two.
fn pair<const D: usize>(sizes: [usize; D], missing: usize) -> [usize; 2] {
    match sizes.as_slice() {
        [size] => [missing, *size],
        [rows, columns] => [*rows, *columns],
        _ => unreachable!("one or two axes"),
    }
}

fn spatial<const D: usize>(shape: &[usize]) -> [usize; D] {
    std::array::from_fn(|axis| shape[shape.len() - D + axis])
}

/// Batch, channels and D axes; filters, channels of a group and D axes.
fn check<const D: usize>(op: &str, x: &[usize], weight: &[usize], groups: usize, steps: [[usize; D]; 2]) -> Result<()> {
    if x.len() != D + 2 || weight.len() != D + 2 {
        bail!("{op}: input {x:?} and weight {weight:?} must have {} axes", D + 2);
    }
    if groups == 0 || steps.iter().flatten().any(|&step| step == 0) {
        bail!("{op}: strides {:?}, dilations {:?} and {groups} groups must be positive", steps[0], steps[1]);
    }
    Ok(())
}

/// The shape and sizes of a convolution of `x`, `[batch, channels, ..]`, with `weight`, `[filters, channels / groups, ..]`.
pub fn conv<const D: usize>(
    op: &str,
    x: &[usize],
    weight: &[usize],
    settings: Conv<D>,
) -> Result<(Shape, Convolution)> {
    let Conv { stride, padding, dilation, groups } = settings;
    check(op, x, weight, groups, [stride, dilation])?;
    if x[1] != weight[1] * groups {
        bail!("{op}: the {} channels of {x:?} are not those of weight {weight:?} in {groups} groups", x[1]);
    }
    if !weight[0].is_multiple_of(groups) {
        bail!("{op}: the {} filters of weight {weight:?} do not fall into {groups} groups", weight[0]);
    }
    let (input, kernel) = (spatial::<D>(x), spatial::<D>(weight));
    let mut output = [0; D];
    for axis in 0..D {
        output[axis] = match output_size(input[axis], kernel[axis], stride[axis], padding[axis], dilation[axis]) {
            Some(size) => size,
            None => bail!("{op}: weight {weight:?} does not fit into {x:?} with {settings:?}"),
        };
    }
    let mut shape = Shape::from_slice(&[x[0], weight[0]]);
    shape.extend(output);
    size(op, &shape)?;
    let sizes = Convolution {
        batch: x[0],
        groups,
        channels: weight[1],
        filters: weight[0] / groups,
        input: pair(input, 1),
        kernel: pair(kernel, 1),
        output: pair(output, 1),
        stride: pair(stride, 1),
        padding: pair(padding, 0),
        dilation: pair(dilation, 1),
    };
    size(op, &[sizes.channels, kernel.iter().product(), output.iter().product()])?;
    Ok((shape, sizes))
}

/// The shape of a transposed convolution of `x`, `[batch, channels, ..]`, with `weight`, `[channels, filters / groups, ..]`,
/// and the sizes of the convolution whose adjoint it is.
pub fn conv_transpose<const D: usize>(
    op: &str,
    x: &[usize],
    weight: &[usize],
    settings: ConvTranspose<D>,
) -> Result<(Shape, Convolution)> {
    let ConvTranspose { stride, padding, dilation, output_padding, groups } = settings;
    check(op, x, weight, groups, [stride, dilation])?;
    if x[1] != weight[0] || !x[1].is_multiple_of(groups) {
        bail!("{op}: the {} channels of {x:?} are not those of weight {weight:?} in {groups} groups", x[1]);
    }
    let (input, kernel) = (spatial::<D>(x), spatial::<D>(weight));
    let mut shape = Shape::from_slice(&[x[0], weight[1] * groups]);
    for axis in 0..D {
        let size = || {
            let reach = input[axis].checked_sub(1)?.checked_mul(stride[axis])?;
            let span = kernel[axis].checked_sub(1)?.checked_mul(dilation[axis])?;
            let whole = reach.checked_add(span)?.checked_add(output_padding[axis])?.checked_add(1)?;
            whole.checked_sub(padding[axis].checked_mul(2)?).filter(|&size| size > 0)
        };
        match size() {
            Some(size) if output_padding[axis] < stride[axis] => shape.push(size),
            _ => bail!("{op}: {x:?} and weight {weight:?} have no output with {settings:?}"),
        }
    }
    size(op, &shape)?;
    let (_, sizes) = conv(op, &shape, weight, Conv { stride, padding, dilation, groups })?;
    Ok((shape, sizes))
}

/// The shape and sizes of a pooling over the last D axes.
pub fn pool<const D: usize>(op: &str, x: &[usize], settings: Pool<D>) -> Result<(Shape, Pooling)> {
    let Pool { window, stride, padding } = settings;
    if x.len() < D {
        bail!("{op}: {x:?} must have at least {D} axes");
    }
    let input = spatial::<D>(x);
    let mut output = [0; D];
    for axis in 0..D {
        let fits = stride[axis] > 0 && padding[axis] <= window[axis] / 2;
        output[axis] = match output_size(input[axis], window[axis], stride[axis], padding[axis], 1) {
            Some(size) if fits && input[axis] > 0 => size,
            _ => bail!("{op}: {x:?} has no windows with {settings:?}"),
        };
    }
    let leading = &x[..x.len() - D];
    let mut shape = Shape::from_slice(leading);
    shape.extend(output);
    size(op, &shape)?;
    let sizes = Pooling {
        planes: leading.iter().product(),
        input: pair(input, 1),
        window: pair(window, 1),
        output: pair(output, 1),
        stride: pair(stride, 1),
        padding: pair(padding, 0),
    };
    Ok((shape, sizes))
}

/// Which part of the convolution of two signals of n and k elements is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConvolveMode {
    /// All n + k - 1 elements.
    #[default]
    Full,
    /// The middle, as long as the longer signal.
    Same,
    /// Where the shorter signal lies within the longer one: max(n, k) - min(n, k) + 1 elements.
    Valid,
}

/// The part of the whole convolution of two vectors that is wanted.
pub fn convolve(a: &[usize], b: &[usize], mode: ConvolveMode) -> Result<Range<usize>> {
    let (&[n], &[k]) = (a, b) else { bail!("convolve: {a:?} and {b:?} must be vectors") };
    if n == 0 || k == 0 {
        bail!("convolve: {a:?} and {b:?} must have elements");
    }
    let (long, short) = (n.max(k), n.min(k));
    size("convolve", &[long.saturating_add(short)])?;
    Ok(match mode {
        ConvolveMode::Full => 0..long + short - 1,
        ConvolveMode::Same => (short - 1) / 2..(short - 1) / 2 + long,
        ConvolveMode::Valid => short - 1..long,
    })
}
