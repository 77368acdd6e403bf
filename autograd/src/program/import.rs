//! From the tape to the graph: what the outputs need, in f64, as it stands there.

use super::graph::{Graph, Id, Ids};
use crate::arena::{Node, Value, Var, with_arena};
use crate::op::Op;
use pyroxene_kernels::{Binary, Precision, Unary};
use pyroxene_tensor::{DType, Shape, Tensor};
use smallvec::smallvec;

/// Imports what `outputs` need of the thread's tape.
pub(crate) fn import(inputs: Vec<Shape>, outputs: &[Var]) -> Graph {
    let mut graph = Graph { inputs, ..Graph::default() };
    with_arena(|arena| {
        let last = outputs.iter().map(|y| y.index as usize).max().map_or(0, |last| last + 1);
        let mut needed = vec![false; last];
        for y in outputs {
            needed[y.index as usize] = true;
        }
        for index in (0..last).rev() {
            // A value that is already known stands for all that led to it.
            if needed[index] && !arena.nodes[index].value.is_known() {
                arena.nodes[index].inputs.iter().for_each(|&input| needed[input as usize] = true);
            }
        }
        let mut ids = vec![Id::MAX; last];
        for index in (0..last).filter(|&index| needed[index]) {
            let node = &arena.nodes[index];
            let inputs = node.inputs.iter().map(|&input| ids[input as usize]).collect();
            let source = node.inputs.first().map(|&input| arena.nodes[input as usize].dtype);
            ids[index] = add(&mut graph, node, inputs, source);
        }
        graph.outputs = outputs.iter().map(|y| ids[y.index as usize]).collect();
    });
    graph
}

fn add(graph: &mut Graph, node: &Node, inputs: Ids, source: Option<DType>) -> Id {
    match &node.value {
        Value::Tensor(value) => return constant(graph, as_f64(value)),
        Value::Number(value) => return constant(graph, Tensor::scalar(*value)),
        Value::Unknown => {}
    }
    let shape = node.shape.clone();
    match &node.op {
        Op::Scalar(bits) => constant(graph, Tensor::scalar(f64::from_bits(*bits))),
        Op::StopGradient | Op::Custom(_) => inputs[0],
        Op::Cast(dtype) => match (dtype, source) {
            (DType::I64, Some(DType::F64 | DType::F32)) => graph.append(Op::Unary(Unary::Trunc), inputs, shape, None),
            (DType::Bool, Some(source)) if source != DType::Bool => {
                let zero = constant(graph, Tensor::scalar(0.0));
                graph.append(Op::Binary(Binary::NotEqual), smallvec![inputs[0], zero], shape, None)
            }
            _ => inputs[0],
        },
        op => graph.append_in(precision(node.dtype), op.clone(), inputs, shape),
    }
}

/// That of an operation with results of this type.
fn precision(dtype: DType) -> Precision {
    if dtype == DType::F32 { Precision::Single } else { Precision::Double }
}

fn constant(graph: &mut Graph, value: Tensor) -> Id {
    let shape = value.shape().into();
    graph.append(Op::Constant, smallvec![], shape, Some(value))
}

/// A constant as the Program carries it.
fn as_f64(value: &Tensor) -> Tensor {
    if value.dtype() == DType::I64 {
        let large = value.to_vec::<i64>().into_iter().find(|v| v.unsigned_abs() > 1 << 53);
        if let Some(large) = large {
            crate::shape::fail(format_args!("a Program carries whole numbers up to 2^53, got the constant {large}"));
        }
    }
    value.cast(DType::F64)
}
