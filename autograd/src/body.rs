//! A function of expressions as data: traced once, then written to the tape again or compiled.

use crate::arena::{Value, Var, check_live, scope, with_arena};
use crate::capture::guard;
use crate::op::Op;
use crate::program::{Plan, Program};
use crate::shape;
use pyroxene_tensor::{DType, Shape, Tensor};
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;
use std::sync::Arc;

/// The nodes of a traced function. The first ones are its parameters.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    nodes: Vec<BodyNode>,
    parameters: usize,
    outputs: Vec<usize>,
}

#[derive(Clone, Debug)]
struct BodyNode {
    op: Op,
    inputs: SmallVec<[usize; 3]>,
    shape: Shape,
    dtype: DType,
    /// That of a constant.
    value: Option<Tensor>,
}

impl Body {
    /// Traces `f` on parameters of the given shapes and types. Expressions of outside that it uses become further
    /// parameters; they are returned in that order.
    ///
    /// # Panics
    /// If `f` reads a value that depends on a parameter; the message names `op` and the line.
    #[track_caller]
    pub(crate) fn trace(
        op: &str,
        parameters: &[(Shape, DType)],
        f: impl FnOnce(&[Var]) -> Vec<Var>,
    ) -> (Body, Vec<Var>) {
        let traced = scope(|| {
            let start = with_arena(|arena| arena.nodes.len());
            let inputs: Vec<Var> = parameters
                .iter()
                .enumerate()
                .map(|(k, (shape, dtype))| {
                    with_arena(|arena| arena.push(Op::Input(k), &[], shape.clone(), *dtype, Value::Unknown))
                })
                .collect();
            let outputs = guard(|| f(&inputs))?;
            check_live(&outputs);
            Ok(Body::gather(start, parameters.len(), &outputs))
        });
        traced.unwrap_or_else(|error: crate::CaptureError| {
            shape::fail(format_args!(
                "{op}: {} reads a value that depends on the step; write the branch with `Var::where_`",
                error.location()
            ))
        })
    }

    /// What `outputs` need of what was written since `inputs`, which become the parameters; and the expressions of before that
    /// they use, which become further ones.
    pub(crate) fn captured(inputs: &[Var], outputs: &[Var]) -> (Body, Vec<Var>) {
        let start =
            inputs.first().map_or_else(|| with_arena(|arena| arena.scope_start()), |input| input.index as usize);
        Body::gather(start, inputs.len(), outputs)
    }

    /// Collects what `outputs` need of the nodes from `start` on, of which the first are the parameters.
    fn gather(start: usize, parameters: usize, outputs: &[Var]) -> (Body, Vec<Var>) {
        with_arena(|arena| {
            let end = arena.nodes.len();
            let mut needed = vec![false; end - start];
            let mut free = Vec::new();
            let mut free_place = HashMap::new();
            let mut visit = |index: usize, needed: &mut Vec<bool>| match index.checked_sub(start) {
                Some(inside) => needed[inside] = true,
                None => {
                    free_place.entry(index).or_insert_with(|| {
                        free.push(index);
                        free.len() - 1
                    });
                }
            };
            outputs.iter().for_each(|y| visit(y.index as usize, &mut needed));
            for index in (start + parameters..end).rev() {
                if needed[index - start] {
                    arena.nodes[index].inputs.iter().for_each(|&input| visit(input as usize, &mut needed));
                }
            }
            let mut body = Body { nodes: Vec::new(), parameters: parameters + free.len(), outputs: Vec::new() };
            for (k, index) in (start..start + parameters).chain(free.iter().copied()).enumerate() {
                let node = &arena.nodes[index];
                let (shape, dtype) = (node.shape.clone(), node.dtype);
                body.nodes.push(BodyNode { op: Op::Input(k), inputs: smallvec![], shape, dtype, value: None });
            }
            let mut place = vec![usize::MAX; end - start];
            (0..parameters).for_each(|k| place[k] = k);
            let find = |place: &[usize], index: usize| match index.checked_sub(start) {
                Some(inside) => place[inside],
                None => parameters + free_place[&index],
            };
            for index in (start + parameters..end).filter(|&index| needed[index - start]) {
                let node = &arena.nodes[index];
                let inputs = node.inputs.iter().map(|&input| find(&place, input as usize)).collect();
                let value = matches!(node.op, Op::Constant).then(|| node.known_tensor().expect("a constant").clone());
                place[index - start] = body.nodes.len();
                body.nodes.push(BodyNode {
                    op: node.op.clone(),
                    inputs,
                    shape: node.shape.clone(),
                    dtype: node.dtype,
                    value,
                });
            }
            body.outputs = outputs.iter().map(|y| find(&place, y.index as usize)).collect();
            (body, free.iter().map(|&index| arena.var(index)).collect())
        })
    }

    /// Whether an expression is of this type.
    pub(crate) fn has(&self, dtype: DType) -> bool {
        self.nodes.iter().any(|node| node.dtype == dtype)
    }

    /// Writes the function to the tape again, with these arguments for the parameters.
    pub(crate) fn replay(&self, arguments: &[Var]) -> Vec<Var> {
        self.replay_by(arguments, |var| var)
    }

    /// [`Body::replay`] with each expression of it that has operands replaced by `alter` of it.
    pub(crate) fn replay_by(&self, arguments: &[Var], mut alter: impl FnMut(Var) -> Var) -> Vec<Var> {
        debug_assert_eq!(arguments.len(), self.parameters);
        let mut vars: Vec<Var> = arguments.to_vec();
        for node in &self.nodes[self.parameters..] {
            let inputs: SmallVec<[u32; 3]> = node.inputs.iter().map(|&input| vars[input].index).collect();
            let is_leaf = inputs.is_empty();
            let value = match (&node.op, &node.value) {
                (Op::Scalar(bits), _) => Value::Number(f64::from_bits(*bits)),
                (_, Some(value)) => Value::from(value.clone()),
                (_, None) => Value::Unknown,
            };
            let var = with_arena(|arena| arena.push(node.op.clone(), &inputs, node.shape.clone(), node.dtype, value));
            vars.push(if is_leaf { var } else { alter(var) });
        }
        self.outputs.iter().map(|&output| vars[output]).collect()
    }

    /// The function as the plan of a Program.
    pub(crate) fn compile(&self) -> Arc<Plan> {
        let shapes: Vec<Shape> = self.parameters().into_iter().map(|(shape, _)| shape).collect();
        Program::capture(&shapes, |x| self.replay(x)).expect("a replay reads no value").into_plan()
    }

    /// The shapes and types of the parameters.
    pub(crate) fn parameters(&self) -> Vec<(Shape, DType)> {
        self.nodes[..self.parameters].iter().map(|node| (node.shape.clone(), node.dtype)).collect()
    }

    /// The shapes and types of the outputs.
    pub(crate) fn outputs(&self) -> Vec<(Shape, DType)> {
        self.outputs.iter().map(|&output| (self.nodes[output].shape.clone(), self.nodes[output].dtype)).collect()
    }
}
