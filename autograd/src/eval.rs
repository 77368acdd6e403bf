//! Direct evaluation: each node by the tensor crate's eager operations.

use crate::arena::Arena;
use crate::elementwise::binary_dtype;
use crate::op::{Op, Stride, Strides};
use pyroxene_tensor::{DType, Slice, Tensor};
use smallvec::SmallVec;

/// The value of a node, computing and keeping those it needs.
pub(crate) fn tensor(arena: &mut Arena, target: usize) -> Tensor {
    compute(arena, target);
    arena.nodes[target].tensor().expect("computed above").clone()
}

/// The value of a node if it is a number that no tensor was made of; computes it all the same if not.
pub(crate) fn number(arena: &mut Arena, target: usize) -> Option<f64> {
    compute(arena, target);
    arena.nodes[target].number()
}

/// Which nodes an evaluation needs: those marked with its number. Kept from one to the next, or each would clear as many marks as
/// there are nodes.
pub(crate) struct Marks {
    marks: Vec<u32>,
    evaluation: u32,
}

impl Marks {
    pub(crate) const fn new() -> Marks {
        Marks { marks: Vec::new(), evaluation: 0 }
    }

    /// The marks of at least `len` nodes, and the number of a new evaluation.
    fn take(&mut self, len: usize) -> (Vec<u32>, u32) {
        let mut marks = std::mem::take(&mut self.marks);
        self.evaluation = self.evaluation.wrapping_add(1);
        if self.evaluation == 0 {
            marks.clear();
            self.evaluation = 1;
        }
        marks.resize(marks.len().max(len), 0);
        (marks, self.evaluation)
    }
}

/// Computes the values of a node and of those that it needs.
fn compute(arena: &mut Arena, target: usize) {
    if arena.nodes[target].value.is_known() {
        return;
    }
    let (mut needed, mark) = arena.marks.take(target + 1);
    needed[target] = mark;
    let mut lowest = target;
    for index in (0..=target).rev() {
        if index < lowest {
            break;
        }
        if needed[index] == mark && !arena.nodes[index].value.is_known() {
            for &input in &arena.nodes[index].inputs {
                needed[input as usize] = mark;
                lowest = lowest.min(input as usize);
            }
        }
    }
    for index in lowest..=target {
        if needed[index] == mark && !arena.nodes[index].value.is_known() {
            let value = tensors(arena, index);
            arena.nodes[index].value = value.into();
        }
    }
    arena.marks.marks = needed;
}

/// The value of a node without axes if its inputs are numbers, `x(k)` of them: no tensors are made.
#[inline(always)]
pub(crate) fn numbers(op: &Op, dtype: DType, x: impl Fn(usize) -> Option<f64>) -> Option<f64> {
    if !matches!(dtype, DType::F64 | DType::Bool) {
        return None;
    }
    match op {
        Op::Unary(op) => Some(op.eval(x(0)?)),
        Op::Binary(op) => Some(op.eval(x(0)?, x(1)?)),
        Op::Select => {
            let (condition, a, b) = (x(0)?, x(1)?, x(2)?);
            Some(if condition != 0.0 { a } else { b })
        }
        Op::Cast(DType::F64) | Op::Expand | Op::Reshape | Op::StopGradient | Op::Custom(_) => x(0),
        Op::Cast(DType::Bool) => x(0).map(|x| f64::from(u8::from(x != 0.0))),
        _ => None,
    }
}

fn tensors(arena: &mut Arena, index: usize) -> Tensor {
    for k in 0..arena.nodes[index].inputs.len() {
        let input = arena.nodes[index].inputs[k] as usize;
        arena.nodes[input].tensor();
    }
    let node = &arena.nodes[index];
    let input = |&i: &u32| arena.nodes[i as usize].known_tensor().expect("inputs come first");
    let inputs: SmallVec<[&Tensor; 3]> = node.inputs.iter().map(input).collect();
    let weak: SmallVec<[bool; 3]> = node.inputs.iter().map(|&i| arena.nodes[i as usize].weak).collect();
    evaluate(&node.op, &inputs, &weak, &node.shape, node.dtype)
}

/// One operation on tensors. `weak` says which inputs are plain numbers, whose type gives way.
pub(crate) fn evaluate(op: &Op, inputs: &[&Tensor], weak: &[bool], shape: &[usize], dtype: DType) -> Tensor {
    let x = |k: usize| inputs[k];
    let result = match op {
        Op::Constant | Op::Scalar(_) | Op::Input(_) => unreachable!("leaves hold their value or have none"),
        Op::Unary(op) => x(0).unary(*op),
        Op::Binary(op) => {
            let compute = binary_dtype(*op, (x(0).dtype(), weak[0]), (x(1).dtype(), weak[1]));
            Tensor::binary(*op, x(0).cast(compute), x(1).cast(compute))
        }
        Op::Select => Tensor::where_(x(0).cast(DType::Bool), x(1).cast(dtype), x(2).cast(dtype)),
        Op::Cast(_) | Op::StopGradient | Op::Custom(_) => x(0).clone(),
        Op::Sum(axes) => x(0).sum_axes(&axes.signed(), true),
        Op::Prod(axes) => x(0).prod_axes(&axes.signed(), true),
        Op::Max(axes) => x(0).max_axes(&axes.signed(), true),
        Op::Min(axes) => x(0).min_axes(&axes.signed(), true),
        Op::Expand => x(0).expand(shape),
        Op::Reshape => x(0).reshape(&shape.iter().map(|&size| size as isize).collect::<SmallVec<[isize; 4]>>()),
        Op::Permute(order) => x(0).permute(&order.iter().map(|&axis| axis as isize).collect::<SmallVec<[isize; 4]>>()),
        Op::Slice(strides) => strided(x(0), strides),
        Op::Unslice(parts) => unslice(inputs, shape, parts),
        Op::Concat(axis) => Tensor::concat(inputs, *axis as isize),
        Op::Matmul { .. } => x(0).cast(dtype).matmul(&x(1).cast(dtype)),
        Op::Diagonal => x(0).diagonal(),
        Op::DiagEmbed => x(0).diag_embed(),
        Op::Structured(op) => op.evaluate(inputs, shape, dtype),
    };
    result.cast(dtype)
}

fn strided(x: &Tensor, strides: &[Stride]) -> Tensor {
    let whole = |axis: usize, s: &Stride| (s.start, s.step, s.len) == (0, 1, x.shape()[axis]);
    let cut = strides.iter().enumerate().filter(|&(axis, s)| !whole(axis, s));
    cut.fold(x.clone(), |x, (axis, s)| {
        if s.len == 0 {
            return x.slice(axis as isize, 0..0);
        }
        let past = s.start as isize + (s.len as isize - 1) * s.step + s.step.signum();
        // A walk backwards to the front ends before the first element, which has no number.
        let stop = (past >= 0).then_some(past);
        x.slice(axis as isize, Slice { start: Some(s.start as isize), stop, step: s.step })
    })
}

/// Zeros of `shape` plus each input at the places that its strides name.
fn unslice(inputs: &[&Tensor], shape: &[usize], parts: &[Strides]) -> Tensor {
    let mut out = vec![0.0; shape.iter().product()];
    for (x, strides) in inputs.iter().zip(parts).filter(|(x, _)| !x.is_empty()) {
        add_at(&mut out, shape, x.shape(), strides, &x.to_vec::<f64>());
    }
    Tensor::from_f64(out, shape)
}

fn add_at(out: &mut [f64], shape: &[usize], part: &[usize], strides: &[Stride], x: &[f64]) {
    let ([size, shape @ ..], [len, part @ ..], [stride, strides @ ..]) = (shape, part, strides) else {
        return out[0] += x[0];
    };
    let place = |i: usize| stride.start.wrapping_add_signed(stride.step * i as isize);
    if part.is_empty() {
        return x.iter().enumerate().for_each(|(i, x)| out[place(i)] += x);
    }
    let inner = out.len() / size;
    for (i, x) in x.chunks_exact(x.len() / len).enumerate() {
        add_at(&mut out[place(i) * inner..][..inner], shape, part, strides, x);
    }
}
