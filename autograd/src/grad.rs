//! Reverse-mode derivatives, written in `Var` operations so that they differentiate again.

use crate::arena::{Var, check_live, with_arena};
use crate::op::{Axes, Op, Strides};
use crate::shape;
use crate::special;
use crate::structured;
use pyroxene_kernels::table::{Binary, Unary};
use pyroxene_tensor::Shape;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::f64::consts::{FRAC_2_SQRT_PI, LN_2, LOG2_E, LOG10_E, TAU};

/// The derivatives of a scalar `y` with respect to each of `xs`, in the shapes and floating-point types of `xs`; zero
/// where `y` does not depend on one. The results are expressions and differentiate again.
///
/// ```
/// use pyroxene_autograd::{grad, Var};
/// let x = Var::from(2.0);
/// let y = x * x * x;
/// let first = grad(y, &[x])[0];
/// let second = grad(first, &[x])[0];
/// assert_eq!((first.item(), second.item()), (12.0, 12.0));
/// ```
///
/// # Panics
/// If `y` has more than one element; see [`vjp`] for those.
#[track_caller]
pub fn grad(y: Var, xs: &[Var]) -> Vec<Var> {
    let shape = y.shape();
    shape::one_number("grad", &shape);
    vjp(y, Var::ones(&shape), xs)
}

/// The vector-Jacobian product: derivatives of `sum(cotangent * y)` with respect to each of `xs`, the cotangent held fixed.
///
/// # Panics
/// If the shapes of `y` and `cotangent` differ.
#[track_caller]
pub fn vjp(y: Var, cotangent: Var, xs: &[Var]) -> Vec<Var> {
    check_live(xs);
    if y.shape() != cotangent.shape() {
        shape::fail(format_args!("vjp: output {:?} and cotangent {:?} differ", y.shape(), cotangent.shape()));
    }
    let sweep = Sweep::run(y, cotangent, xs, None);
    xs.iter().map(|&x| like(sweep.found(x).unwrap_or_else(|| Var::zeros(&x.shape())), x)).collect()
}

/// A derivative in the floating-point type of what it is the derivative by.
fn like(derivative: Var, x: Var) -> Var {
    let dtype = x.dtype().to_float();
    if derivative.dtype() == dtype { derivative } else { derivative.cast(dtype) }
}

/// Which of the nodes `first..=last` depend on one of `xs`.
fn active(first: usize, last: usize, xs: &[Var]) -> Vec<bool> {
    let mut active = vec![false; (last + 1).saturating_sub(first)];
    xs.iter().filter(|x| x.index as usize <= last).for_each(|x| active[x.index as usize - first] = true);
    with_arena(|arena| {
        for (index, node) in arena.nodes[first.min(last + 1)..=last].iter().enumerate() {
            active[index] |= !matches!(node.op, Op::StopGradient)
                && node.inputs.iter().any(|&i| (i as usize).checked_sub(first).is_some_and(|i| active[i]));
        }
    });
    active
}

/// An elementwise node: its operation, operands and result.
enum Elementwise {
    Unary(Unary, Var, Var),
    /// And which operands were broadcast.
    Binary(Binary, [Var; 2], [bool; 2], Var),
}

/// One walk from an output back to inputs.
pub(crate) struct Sweep {
    first: usize,
    active: Vec<bool>,
    cotangents: Vec<Option<Var>>,
    /// What arrived at slices of a node: put together once, or a walk over a vector would cost its length at every step.
    slices: HashMap<u32, Vec<(Strides, Var)>>,
    /// An input whose rows are read by number: what arrives at rows is kept apart, as numbers and derivatives.
    table: Option<u32>,
    pub(crate) rows: Vec<(Var, Var)>,
}

impl Sweep {
    pub(crate) fn run(y: Var, cotangent: Var, xs: &[Var], table: Option<Var>) -> Sweep {
        let last = y.index as usize;
        let first = xs.iter().map(|x| x.index as usize).min().unwrap_or(last + 1);
        let mut sweep = Sweep {
            first,
            active: active(first, last, xs),
            cotangents: vec![None; (last + 1).saturating_sub(first)],
            slices: HashMap::new(),
            table: table.map(|table| table.index),
            rows: Vec::new(),
        };
        if first <= last {
            sweep.add(last, like(cotangent, y));
        }
        for index in (first..=last).rev() {
            sweep.join_slices(index);
            if let Some(arriving) = sweep.cotangents[index - first] {
                sweep.visit(index, arriving);
            }
        }
        sweep
    }

    /// What arrived at one of the inputs.
    pub(crate) fn found(&self, x: Var) -> Option<Var> {
        self.cotangents.get((x.index as usize).wrapping_sub(self.first)).copied().flatten()
    }

    fn is_active(&self, index: u32) -> bool {
        (index as usize).checked_sub(self.first).is_some_and(|i| self.active[i])
    }

    fn add(&mut self, index: usize, cotangent: Var) {
        let slot = &mut self.cotangents[index - self.first];
        *slot = Some(match *slot {
            None => cotangent,
            Some(sum) => sum + cotangent,
        });
    }

    /// Adds what arrived at the slices of a node to what arrived at the whole.
    fn join_slices(&mut self, index: usize) {
        if self.slices.is_empty() {
            return;
        }
        let Some(parts) = self.slices.remove(&(index as u32)) else { return };
        if self.active[index - self.first] {
            let shape = with_arena(|arena| arena.nodes[index].shape.clone());
            let (strides, cotangents): (Vec<Strides>, Vec<Var>) = parts.into_iter().unzip();
            self.add(index, push(Op::Unslice(strides), &cotangents, shape, cotangents[0]));
        }
    }

    /// Adds to what arrives at `x` if someone wants to know.
    fn send(&mut self, x: Var, derivative: impl FnOnce() -> Option<Var>) {
        if self.is_active(x.index)
            && let Some(g) = derivative()
        {
            self.add(x.index as usize, g);
        }
    }

    /// Hands the derivative arriving at a node on to its inputs.
    fn visit(&mut self, index: usize, gy: Var) {
        let elementwise = with_arena(|arena| {
            let node = &arena.nodes[index];
            let x = |k: usize| arena.var(node.inputs[k] as usize);
            match node.op {
                Op::Unary(op) => Some(Elementwise::Unary(op, x(0), arena.var(index))),
                Op::Binary(op) => {
                    let operands = [x(0), x(1)];
                    let spread = operands.map(|x| arena.nodes[x.index as usize].shape != node.shape);
                    Some(Elementwise::Binary(op, operands, spread, arena.var(index)))
                }
                _ => None,
            }
        });
        match elementwise {
            Some(Elementwise::Unary(op, x, y)) => self.send(x, || unary(op, gy, x, y)),
            Some(Elementwise::Binary(op, [a, b], spread, y)) => {
                for (k, x) in [a, b].into_iter().enumerate() {
                    self.send(x, || {
                        let g = binary(op, k, gy, a, b, y)?;
                        Some(if spread[k] { g.sum_to_shape_of(x) } else { g })
                    });
                }
            }
            None => self.visit_other(index, gy),
        }
    }

    fn visit_other(&mut self, index: usize, gy: Var) {
        let visited = with_arena(|arena| {
            let node = &arena.nodes[index];
            let is_wanted = node.inputs.iter().any(|&i| self.is_active(i));
            let x = || node.inputs.iter().map(|&i| arena.var(i as usize)).collect::<SmallVec<[Var; 3]>>();
            is_wanted.then(|| (node.op.clone(), x(), arena.var(index)))
        });
        let Some((op, inputs, y)) = visited else { return };
        let gy = like(gy, y);
        let x = |k: usize| inputs[k];
        let mut send = |k: usize, derivative: &dyn Fn() -> Option<Var>| self.send(inputs[k], derivative);
        match op {
            Op::Unary(_) | Op::Binary(_) => unreachable!("visited without a copy"),
            Op::Constant | Op::Scalar(_) | Op::Input(_) | Op::StopGradient => {}
            Op::Select => {
                send(1, &|| Some(x(0).where_(gy, 0.0).sum_to_shape_of(x(1))));
                send(2, &|| Some(x(0).where_(0.0, gy).sum_to_shape_of(x(2))));
            }
            Op::Cast(dtype) => send(0, &|| (dtype.is_float() && x(0).dtype().is_float()).then_some(gy)),
            Op::Sum(_) | Op::Expand if gy.shape() == x(0).shape() => send(0, &|| Some(gy)),
            Op::Sum(_) => send(0, &|| Some(gy.expand(&x(0).shape()))),
            Op::Prod(axes) => send(0, &|| Some(gy * products_of_others(x(0), axes))),
            Op::Max(axes) | Op::Min(axes) => send(0, &|| {
                let ties = x(0).equal(y);
                let count = ties.sum_axes(&axes.signed(), true);
                Some(ties.where_(gy / count, 0.0))
            }),
            Op::Expand => send(0, &|| Some(gy.sum_to_shape_of(x(0)))),
            Op::Reshape => send(0, &|| Some(gy.reshape_to(x(0).shape()))),
            Op::Permute(order) => send(0, &|| {
                let mut inverse: SmallVec<[isize; 4]> = order.iter().map(|_| 0).collect();
                for (to, &from) in order.iter().enumerate() {
                    inverse[from as usize] = to as isize;
                }
                Some(gy.permute(&inverse))
            }),
            Op::Slice(strides) => self.slices.entry(x(0).index).or_default().push((strides, gy)),
            Op::Unslice(parts) => {
                for (k, strides) in parts.iter().enumerate() {
                    send(k, &|| Some(push(Op::Slice(strides.clone()), &[gy], x(k).shape(), gy)));
                }
            }
            Op::Concat(axis) => {
                let mut start = 0;
                for k in 0..inputs.len() {
                    let len = x(k).shape()[axis];
                    send(k, &|| Some(gy.slice(axis as isize, start as isize..(start + len) as isize)));
                    start += len;
                }
            }
            Op::Matmul { .. } => {
                send(0, &|| Some(gy.matmul(x(1).t()).sum_to_shape_of(x(0))));
                send(1, &|| Some(x(0).t().matmul(gy).sum_to_shape_of(x(1))));
            }
            Op::Diagonal => send(0, &|| Some(gy.diag_embed())),
            Op::DiagEmbed => send(0, &|| Some(gy.diagonal())),
            Op::Custom(rule) => {
                for (&input, derivative) in inputs[1..].iter().zip(rule.apply(&inputs[1..], y, gy)) {
                    self.send(input, || Some(derivative));
                }
            }
            Op::Structured(op) if op.reads_rows() && self.table == Some(x(0).index) => self.rows.push((x(1), gy)),
            Op::Structured(op) => {
                let wanted: SmallVec<[bool; 4]> = inputs.iter().map(|input| self.is_active(input.index)).collect();
                for (&input, derivative) in inputs.iter().zip(op.vjp(&inputs, y, gy, &wanted)) {
                    self.send(input, || derivative);
                }
            }
        }
    }
}

/// For each element, the product of the others over the axes.
fn products_of_others(x: Var, axes: Axes) -> Var {
    let shape = x.shape();
    let last = |axis: usize| axes.contains(axis);
    let order: SmallVec<[isize; 4]> =
        (0..shape.len()).filter(|&axis| !last(axis)).chain(axes.iter()).map(|axis| axis as isize).collect();
    let moved = x.permute(&order);
    let kept = shape.len() - axes.iter().count();
    let mut joined = Shape::from_slice(&moved.shape()[..kept]);
    joined.push(axes.iter().map(|axis| shape[axis]).product());
    let products = structured::products_of_others(moved.reshape_to(joined), -1).reshape_to(moved.shape());
    let mut back: SmallVec<[isize; 4]> = order.clone();
    order.iter().enumerate().for_each(|(to, &from)| back[from as usize] = to as isize);
    products.permute(&back)
}

/// A node whose type is that of the derivative that flows through it.
fn push(op: Op, inputs: &[Var], shape: Shape, like: Var) -> Var {
    crate::var::push(op, inputs, shape, like.dtype())
}

/// `gy * dy/dx`, or none where the derivative is zero almost everywhere.
fn unary(op: Unary, gy: Var, x: Var, y: Var) -> Option<Var> {
    use Unary::*;
    Some(match op {
        Neg => -gy,
        Abs => gy * x.sign(),
        Sign | Floor | Ceil | Round | Trunc | IsNan | IsInf | IsFinite | Not => return None,
        Sqrt => gy * 0.5 / y,
        Recip => -gy * y * y,
        Square => gy * (x * 2.0),
        Exp => gy * y,
        Exp2 => gy * (y * LN_2),
        Expm1 => gy * (y + 1.0),
        Ln => gy / x,
        Log2 => gy * LOG2_E / x,
        Log10 => gy * LOG10_E / x,
        Log1p => gy / (x + 1.0),
        Sin => gy * x.cos(),
        Cos => -gy * x.sin(),
        Tan => gy * (y * y + 1.0),
        Asin => gy / ((1.0 - x) * (x + 1.0)).sqrt(),
        Acos => -gy / ((1.0 - x) * (x + 1.0)).sqrt(),
        Atan => gy / (x * x + 1.0),
        Sinh => gy * x.cosh(),
        Cosh => gy * x.sinh(),
        Tanh => gy * (1.0 - y * y),
        Asinh => gy / x.hypot(1.0),
        // The product under one root would overflow.
        Acosh => gy / (x - 1.0).sqrt() / (x + 1.0).sqrt(),
        Atanh => gy / ((1.0 - x) * (x + 1.0)),
        // 1 - y would lose all digits where y is near one.
        Sigmoid => gy * (y * (-x).sigmoid()),
        Logit => gy / (x * (1.0 - x)),
        Softplus => gy * x.sigmoid(),
        Erf => gy * (FRAC_2_SQRT_PI * (-(x * x)).exp()),
        Erfc => gy * (-FRAC_2_SQRT_PI * (-(x * x)).exp()),
        Erfcx => gy * special::erfcx_slope(x, y),
        Erfinv => gy * (FRAC_2_SQRT_PI.recip() * y.square().exp()),
        Ndtr => gy * (TAU.sqrt().recip() * (x.square() * -0.5).exp()),
        LogNdtr => gy * special::log_ndtr_slope(x),
        Ndtri => gy * (TAU.sqrt() * (y.square() * 0.5).exp()),
        I0e => -gy * (x.sign() * special::bessel_gap(x.abs())),
        I1e => gy * special::i1e_slope(x, y),
        Lgamma => gy * x.digamma(),
        Digamma => gy * Var::from(1.0).polygamma(x),
    })
}

/// `gy * dy/d(operand k)` before broadcasting is undone, or none where it is zero almost everywhere.
fn binary(op: Binary, k: usize, gy: Var, a: Var, b: Var, y: Var) -> Option<Var> {
    use Binary::*;
    Some(match (op, k) {
        (Add, _) | (Sub, 0) => gy,
        (Sub, _) => -gy,
        (Mul, 0) => gy * b,
        (Mul, _) => gy * a,
        (Div, 0) => gy / b,
        (Div, _) => -gy * y / b,
        // a^0 is constant, also at a = 0, where b a^(b-1) would be 0 * inf.
        (Pow, 0) => b.equal(0.0).where_(0.0, gy * (b * a.pow(b - 1.0))),
        (Pow, _) => a.equal(0.0).and(b.greater_equal(0.0)).where_(0.0, gy * (y * a.ln())),
        // a^2 + b^2 may leave the range where the derivative does not.
        (Atan2, 0) => gy * (b / a.hypot(b)) / a.hypot(b),
        (Atan2, _) => -gy * (a / a.hypot(b)) / a.hypot(b),
        // Zero, the mean of all slopes, at the tip of the cone.
        (Hypot, 0) => y.equal(0.0).where_(0.0, gy * (a / y)),
        (Hypot, _) => y.equal(0.0).where_(0.0, gy * (b / y)),
        (Fmod | Remainder, 0) => gy,
        // Less the whole number of times that the second goes into the first.
        (Fmod | Remainder, _) => -gy * ((a - y) / b).round(),
        // Equal operands share the derivative.
        (Min | Max, _) => {
            let other = if k == 0 { b } else { a };
            let own = if k == 0 { a } else { b };
            let taken = if op == Min { own.less(other) } else { own.greater(other) };
            taken.where_(gy, own.equal(other).where_(gy * 0.5, 0.0))
        }
        // The function is zero along x = 0, whatever the logarithm.
        (Xlogy, 0) => a.equal(0.0).and(b.less_equal(0.0)).where_(0.0, gy * b.ln()),
        (Xlogy, _) => a.equal(0.0).where_(0.0, gy * (a / b)),
        (Xlog1py, 0) => a.equal(0.0).and(b.less_equal(-1.0)).where_(0.0, gy * b.ln_1p()),
        (Xlog1py, _) => a.equal(0.0).where_(0.0, gy * (a / (b + 1.0))),
        // Where both are -inf the sum is zero, and zero is its derivative, as in logsumexp.
        (Logaddexp, _) => {
            let (own, other) = if k == 0 { (a, b) } else { (b, a) };
            let share = a.equal(b).where_(0.0, own - other).sigmoid();
            y.equal(f64::NEG_INFINITY).where_(0.0, gy * share)
        }
        (Polygamma, 0) => return None,
        (Polygamma, _) => gy * (a + 1.0).polygamma(b),
        (Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual | And | Or, _) => return None,
    })
}
