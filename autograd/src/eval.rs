//! Direct evaluation: each node by the tensor crate's eager operations.

use crate::arena::Arena;
use crate::elementwise::binary_dtype;
use crate::op::{Draw, Op, Stride, Strides};
use crate::shape;
use pyroxene_kernels::random;
use pyroxene_tensor::{DType, Slice, Tensor};
use smallvec::SmallVec;

/// The value of a node, computing and keeping those it needs.
pub(crate) fn value(arena: &mut Arena, target: usize) -> Tensor {
    let mut needed = vec![false; target + 1];
    needed[target] = true;
    let mut lowest = target;
    for index in (0..=target).rev() {
        if index < lowest {
            break;
        }
        if needed[index] && arena.nodes[index].value.is_none() {
            for &input in &arena.nodes[index].inputs {
                needed[input as usize] = true;
                lowest = lowest.min(input as usize);
            }
        }
    }
    for index in lowest..=target {
        if needed[index] && arena.nodes[index].value.is_none() {
            let computed = {
                let node = &arena.nodes[index];
                let inputs: SmallVec<[&Tensor; 3]> = node
                    .inputs
                    .iter()
                    .map(|&i| arena.nodes[i as usize].value.as_deref().expect("inputs come first"))
                    .collect();
                let weak: SmallVec<[bool; 3]> = node.inputs.iter().map(|&i| arena.nodes[i as usize].weak).collect();
                evaluate(&node.op, &inputs, &weak, &node.shape, node.dtype)
            };
            arena.nodes[index].value = Some(Box::new(computed));
        }
    }
    arena.nodes[target].value.as_deref().expect("computed above").clone()
}

/// One operation on tensors. `weak` says which inputs are plain numbers, whose type gives way.
pub(crate) fn evaluate(op: &Op, inputs: &[&Tensor], weak: &[bool], shape: &[usize], dtype: DType) -> Tensor {
    let x = |k: usize| inputs[k];
    let result = match op {
        Op::Constant | Op::Input(_) => unreachable!("leaves hold their value or have none"),
        Op::Scalar(bits) => Tensor::scalar(f64::from_bits(*bits)),
        Op::Unary(op) => x(0).unary(*op),
        Op::Binary(op) => {
            let compute = binary_dtype(*op, (x(0).dtype(), weak[0]), (x(1).dtype(), weak[1]));
            Tensor::binary(*op, x(0).cast(compute), x(1).cast(compute))
        }
        Op::Select => Tensor::where_(x(0).cast(DType::Bool), x(1).cast(dtype), x(2).cast(dtype)),
        Op::Cast(_) | Op::StopGradient => x(0).clone(),
        Op::Sum(axes) => x(0).sum_axes(&axes.signed(), true),
        Op::Max(axes) => x(0).max_axes(&axes.signed(), true),
        Op::LogSumExp(axes) => x(0).cast(dtype).logsumexp(&axes.signed(), true),
        Op::Expand => x(0).expand(shape),
        Op::Reshape => x(0).reshape(&shape.iter().map(|&size| size as isize).collect::<SmallVec<[isize; 4]>>()),
        Op::Permute(order) => x(0).permute(&order.iter().map(|&axis| axis as isize).collect::<SmallVec<[isize; 4]>>()),
        Op::Slice(strides) => strided(x(0), strides),
        Op::Unslice(parts) => unslice(inputs, shape, parts),
        Op::Concat(axis) => Tensor::concat(inputs, *axis as isize),
        Op::IndexSelect(axis) => x(0).index_select(*axis as isize, &x(1).cast(DType::I64)),
        Op::IndexAdd(axis) => x(0).index_add(*axis as isize, &x(1).cast(DType::I64), shape[*axis]),
        Op::Matmul => x(0).cast(dtype).matmul(&x(1).cast(dtype)),
        Op::Cholesky => x(0).cholesky(),
        Op::SolveTriangular { triangle, transpose } => {
            x(0).cast(dtype).solve_triangular(&x(1).cast(dtype), *triangle, *transpose)
        }
        Op::KeepTriangle { triangle: pyroxene_kernels::linalg::Triangle::Lower, offset } => x(0).tril(*offset),
        Op::KeepTriangle { triangle: pyroxene_kernels::linalg::Triangle::Upper, offset } => x(0).triu(*offset),
        Op::Diagonal => x(0).diagonal(),
        Op::DiagEmbed => x(0).diag_embed(),
        Op::CumSum { axis, reverse: false } => x(0).cumsum(*axis as isize),
        Op::CumSum { axis, reverse: true } => x(0).flip(*axis as isize).cumsum(*axis as isize).flip(*axis as isize),
        Op::Random { draw, stream } => {
            let root = x(0).to_vec::<f64>();
            let key = random_key(&root, *stream);
            let parameters: SmallVec<[Vec<f64>; 2]> = inputs[1..].iter().map(|p| p.to_vec::<f64>()).collect();
            let parameters: SmallVec<[&[f64]; 2]> = parameters.iter().map(Vec::as_slice).collect();
            let mut out = vec![0.0; shape.iter().product()];
            fill(*draw, key, &parameters, &mut out, &mut Vec::new());
            Tensor::from_f64(out, shape)
        }
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
    inputs.iter().zip(parts).for_each(|(x, strides)| add_at(&mut out, shape, x, strides));
    Tensor::from_f64(out, shape)
}

fn add_at(out: &mut [f64], shape: &[usize], x: &Tensor, strides: &[Stride]) {
    let mut index: SmallVec<[usize; 4]> = x.shape().iter().map(|_| 0).collect();
    for value in x.iter_f64() {
        let axes = strides.iter().zip(shape).zip(&index);
        let place =
            axes.fold(0, |place, ((s, &size), &i)| place * size + s.start.wrapping_add_signed(s.step * i as isize));
        out[place] += value;
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            if index[axis] < x.shape()[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
}

/// The 64-bit key of a stream from the two words of its root.
pub(crate) fn random_key(root: &[f64], stream: u64) -> u64 {
    let [high, low] = *root else { shape::fail("a key's root has two words") };
    random::mix((high as u64) << 32 | low as u64, stream)
}

/// Fills `out` with draws. `indices` is room for whole numbers, kept between runs.
pub(crate) fn fill(draw: Draw, key: u64, parameters: &[&[f64]], out: &mut [f64], indices: &mut Vec<usize>) {
    match draw {
        Draw::Uniform => random::uniform(key, out),
        Draw::Normal => random::normal(key, out),
        Draw::Exponential => random::exponential(key, out),
        Draw::Gamma => random::gamma(key, parameters[0], out),
        Draw::Beta => random::beta(key, parameters[0], parameters[1], out),
        Draw::Poisson => random::poisson(key, parameters[0], out),
        Draw::Bernoulli => random::bernoulli(key, parameters[0], out),
        Draw::Categorical => {
            let k = if out.is_empty() { 1 } else { parameters[0].len() / out.len() };
            random::categorical(key, parameters[0], k, out);
        }
        Draw::Choice(n) => {
            indices.resize(out.len(), 0);
            random::choice(key, n, indices);
            for (out, &index) in out.iter_mut().zip(indices.iter()) {
                *out = index as f64;
            }
        }
    }
}
