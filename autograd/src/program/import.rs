//! From the tape to the graph: what the outputs need, in f64, with composite operations spelled out.

use super::graph::{Builder, Graph, Id, Ids};
use crate::arena::{Node, Value, Var, with_arena};
use crate::op::Op;
use pyroxene_kernels::table::{Binary, Unary};
use pyroxene_tensor::{DType, Shape};

/// Imports what `outputs` need of the thread's tape.
pub(crate) fn import(inputs: Vec<Shape>, outputs: &[Var]) -> Graph {
    let mut builder = Builder::default();
    builder.graph.inputs = inputs;
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
            ids[index] = add(&mut builder, node, inputs, source);
        }
        builder.graph.outputs = outputs.iter().map(|y| ids[y.index as usize]).collect();
    });
    builder.graph
}

fn add(builder: &mut Builder, node: &Node, inputs: Ids, source: Option<DType>) -> Id {
    match &node.value {
        Value::Tensor(value) => return builder.constant((**value).clone()),
        Value::Number(value) => return builder.scalar(*value),
        Value::Unknown => {}
    }
    match &node.op {
        Op::Scalar(bits) => builder.scalar(f64::from_bits(*bits)),
        Op::Input(index) => builder.input(*index, node.shape.clone()),
        Op::StopGradient | Op::Custom(_) => inputs[0],
        Op::Cast(dtype) => match (dtype, source) {
            (DType::I64, Some(DType::F64 | DType::F32)) => builder.unary(Unary::Trunc, inputs[0]),
            (DType::Bool, Some(source)) if source != DType::Bool => {
                let zero = builder.scalar(0.0);
                builder.binary(Binary::NotEqual, inputs[0], zero)
            }
            _ => inputs[0],
        },
        op => builder.push(op.clone(), inputs, node.shape.clone()),
    }
}
