//! Recognising linear predictors in a schedule.

use super::super::graph::{Graph, GraphNode, Id};
use super::super::schedule::Unit;
use super::{ARGUMENTS, RowsUnit};
use crate::op::Op;
use pyroxene_tensor::{Shape, Tensor};
use std::collections::HashSet;

/// The units with each linear predictor as one unit, in the place of its loop.
pub(crate) fn find(graph: &Graph, units: Vec<Unit>) -> Vec<Unit> {
    let has_constant_factor = |node: &GraphNode| predictors(graph, node.inputs[0]).is_some();
    if !graph.nodes.iter().any(|node| matches!(node.op, Op::Matmul { .. }) && has_constant_factor(node)) {
        return units;
    }
    let finder = Finder::new(graph, &units);
    let found: Vec<RowsUnit> =
        units.iter().enumerate().filter_map(|(position, unit)| finder.around(position, unit)).collect();
    let joined: HashSet<Id> = found.iter().flat_map(|rows| rows.nodes.iter().copied()).collect();
    let mut found = found.into_iter().peekable();
    let mut all = Vec::with_capacity(units.len());
    for unit in units {
        if found.peek().is_some_and(|rows| rows.lines == unit.nodes()) {
            all.extend(found.next().map(Unit::Rows));
        } else if !joined.contains(&unit.nodes()[0]) {
            all.push(unit);
        }
    }
    all
}

/// The value of a constant that may be cut into rows.
fn predictors(graph: &Graph, id: Id) -> Option<&Tensor> {
    let value = graph.node(id).constant.as_ref()?;
    let forwards = value.strides().iter().all(|&stride| stride >= 0);
    (value.ndim() == 2 && value.size(0) > 1 && value.size(1) > 0 && forwards).then_some(value)
}

/// Whether `b` is the transpose of `a`: the same numbers in memory.
fn is_transpose(a: &Tensor, b: &Tensor) -> bool {
    let t = a.t();
    let place = |x: &Tensor| x.as_buffer().map(|(data, offset)| (data.as_ptr(), offset));
    t.shape() == b.shape() && t.strides() == b.strides() && place(&t).is_some() && place(&t) == place(b)
}

struct Finder<'g> {
    graph: &'g Graph,
    users: Vec<Vec<Id>>,
    is_output: Vec<bool>,
    unit_of: Vec<usize>,
}

impl<'g> Finder<'g> {
    fn new(graph: &'g Graph, units: &[Unit]) -> Finder<'g> {
        let count = graph.nodes.len();
        let (mut users, mut is_output, mut unit_of) =
            (vec![vec![]; count], vec![false; count], vec![usize::MAX; count]);
        for (index, node) in graph.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|&input| users[input as usize].push(index as Id));
        }
        graph.outputs.iter().for_each(|&id| is_output[id as usize] = true);
        for (position, unit) in units.iter().enumerate() {
            unit.nodes().iter().for_each(|&id| unit_of[id as usize] = position);
        }
        Finder { graph, users, is_output, unit_of }
    }

    /// The linear predictor of which the unit is the loop.
    fn around(&self, position: usize, unit: &Unit) -> Option<RowsUnit> {
        let Unit::Loop { shape, nodes } = unit else { return None };
        let rows: usize = shape.iter().product();
        if shape.iter().filter(|&&size| size != 1).count() != 1 {
            return None;
        }
        let (g, g_reshapes, adjoint) = self.result(position, nodes)?;
        let transposed = predictors(self.graph, self.graph.node(adjoint).inputs[0])?;
        let outside = self.inputs(nodes);
        if outside.len() > ARGUMENTS {
            return None;
        }
        let (eta, eta_reshapes) = outside.iter().find_map(|&input| {
            let (eta, reshapes) = self.product(input)?;
            let x = predictors(self.graph, self.graph.node(eta).inputs[0])?;
            let fits = x.size(0) == rows
                && is_transpose(x, transposed)
                && self.graph.node(eta).op == self.graph.node(adjoint).op;
            (fits && self.feeds_only(eta, &reshapes, position, shape)).then_some((eta, reshapes))
        })?;
        let mut all: Vec<Id> = [eta, adjoint].into_iter().chain(eta_reshapes).chain(g_reshapes).collect();
        all.extend(nodes);
        all.sort_unstable();
        Some(RowsUnit { eta, shape: shape.clone(), lines: nodes.clone(), g, adjoint, nodes: all })
    }

    /// The node that the loop makes for `X^T g` alone, its reshapes, and that product. None if the loop makes anything else
    /// but reductions over all rows.
    fn result(&self, position: usize, nodes: &[Id]) -> Option<(Id, Vec<Id>, Id)> {
        let is_read = |id: Id| {
            self.is_output[id as usize]
                || self.users[id as usize].iter().any(|&user| self.unit_of[user as usize] != position)
        };
        let mut g = None;
        for &id in nodes {
            let node = self.graph.node(id);
            if node.op.is_elementwise() {
                if is_read(id) && g.replace(id).is_some() {
                    return None;
                }
            } else if node.len() != 1 {
                return None;
            }
        }
        let g = g?;
        let (reshapes, readers) = self.readers(g)?;
        let mut outside = readers.into_iter().filter(|&reader| self.unit_of[reader as usize] != position);
        let adjoint = outside.next()?;
        let node = self.graph.node(adjoint);
        let is_right = matches!(node.op, Op::Matmul { .. }) && node.shape.len() == 2 && node.shape[1] == 1;
        (is_right && outside.next().is_none()).then_some((g, reshapes, adjoint))
    }

    /// What the loop reads from outside.
    fn inputs(&self, nodes: &[Id]) -> Vec<Id> {
        let inside: HashSet<Id> = nodes.iter().copied().collect();
        let mut outside: Vec<Id> = nodes.iter().flat_map(|&id| self.graph.node(id).inputs.iter().copied()).collect();
        outside.retain(|id| !inside.contains(id));
        outside.sort_unstable();
        outside.dedup();
        outside
    }

    /// The matrix-vector product of which `id` is a reshape, with all reshapes of the product.
    fn product(&self, mut id: Id) -> Option<(Id, Vec<Id>)> {
        while self.graph.node(id).op == Op::Reshape {
            id = self.graph.node(id).inputs[0];
        }
        let node = self.graph.node(id);
        let is_column = matches!(node.op, Op::Matmul { .. }) && node.shape.len() == 2 && node.shape[1] == 1;
        if !is_column || self.graph.shape(node.inputs[1]).len() != 2 {
            return None;
        }
        Some((id, self.readers(id)?.0))
    }

    /// Whether nobody but the loop reads the product, row by row.
    fn feeds_only(&self, eta: Id, reshapes: &[Id], position: usize, shape: &Shape) -> bool {
        let Some((_, readers)) = self.readers(eta) else { return false };
        let fits = |&id: &Id| {
            let is_read = self.users[id as usize].iter().any(|&user| self.unit_of[user as usize] == position);
            !is_read || self.graph.shape(id) == shape
        };
        readers.iter().all(|&reader| self.unit_of[reader as usize] == position)
            && reshapes.iter().chain([&eta]).all(fits)
    }

    /// The reshapes of a node, and all other nodes that read it or them; none if one of them is an output.
    fn readers(&self, id: Id) -> Option<(Vec<Id>, Vec<Id>)> {
        let (mut reshapes, mut readers, mut front) = (vec![], vec![], vec![id]);
        while let Some(id) = front.pop() {
            if self.is_output[id as usize] {
                return None;
            }
            for &user in &self.users[id as usize] {
                if self.graph.node(user).op == Op::Reshape {
                    reshapes.push(user);
                    front.push(user);
                } else {
                    readers.push(user);
                }
            }
        }
        readers.sort_unstable();
        readers.dedup();
        Some((reshapes, readers))
    }
}
