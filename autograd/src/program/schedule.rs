//! The order of work, and which elementwise nodes share a loop.
//!
//! Elementwise nodes and reductions over one iteration space that are ready at the same time form one loop. So that there
//! are few loops, the work with the longest way to the end goes first, where the way is counted in units that must follow
//! one another (Hu 1961): what can wait then meets more of its kind.

use super::graph::{Graph, Id};
use super::rows::RowsUnit;
use crate::op::Op;
use pyroxene_tensor::Shape;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// One piece of work.
#[derive(Debug)]
pub(crate) enum Unit {
    /// Elementwise nodes and reductions over one iteration space, in topological order.
    Loop { shape: Shape, nodes: Vec<Id> },
    /// A node that only looks at its input in another way.
    View(Id),
    /// Any other node.
    Single(Id),
    /// A linear predictor, its loop and what arrives at it, some rows at a time.
    Rows(RowsUnit),
}

impl Unit {
    pub(crate) fn nodes(&self) -> &[Id] {
        match self {
            Unit::Loop { nodes, .. } => nodes,
            Unit::Rows(rows) => &rows.nodes,
            Unit::View(id) | Unit::Single(id) => std::slice::from_ref(id),
        }
    }
}

/// A loop has at most this many nodes: its registers are numbered in 16 bits, and its compilation is not linear.
pub(super) const LOOP_NODES: usize = 1024;

pub(super) fn is_view(op: &Op) -> bool {
    matches!(op, Op::Reshape | Op::Expand | Op::Permute(_) | Op::Slice(_) | Op::Diagonal)
}

fn is_leaf(op: &Op) -> bool {
    matches!(op, Op::Constant | Op::Scalar(_) | Op::Input(_))
}

/// The shape over which a loop computes the node; none if no loop does.
pub(super) fn iteration_space(graph: &Graph, id: Id) -> Option<&Shape> {
    let node = graph.node(id);
    match &node.op {
        op if op.is_elementwise() => Some(&node.shape),
        op if op.reduction().is_some() => Some(graph.shape(node.inputs[0])),
        _ => None,
    }
}

/// Whether `user` may read `id` within the loop that computes both.
fn joins(graph: &Graph, id: Id, user: Id) -> bool {
    graph.node(id).op.is_elementwise() && iteration_space(graph, user) == Some(graph.shape(id))
}

/// The units in an order in which each finds its inputs ready. The graph has no dead code.
pub(crate) fn schedule(graph: &Graph) -> Vec<Unit> {
    let mut scheduler = Scheduler::new(graph);
    let first = |&index: &usize| scheduler.waiting[index] == 0 && !is_leaf(&graph.nodes[index].op);
    let first: Vec<usize> = (0..graph.nodes.len()).filter(first).collect();
    first.into_iter().for_each(|index| scheduler.ready(index as Id));
    while let Some((_, _, work)) = scheduler.queue.pop() {
        match work {
            Work::Single(id) => scheduler.finish(Unit::Single(id)),
            Work::Class(class) => scheduler.run_class(class),
        }
    }
    scheduler.units
}

/// What the scheduler chooses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    Class(usize),
    Single(Id),
}

/// The loop nodes over one iteration space.
struct Class<'g> {
    shape: &'g Shape,
    ready: Vec<Id>,
}

struct Scheduler<'g> {
    graph: &'g Graph,
    users: Vec<Vec<Id>>,
    /// How many units must follow the one of each node.
    following: Vec<u32>,
    /// How many inputs of each node are not computed yet.
    waiting: Vec<usize>,
    class_of: HashMap<&'g Shape, usize>,
    classes: Vec<Class<'g>>,
    /// The longest way first, then the earliest node.
    queue: BinaryHeap<(u32, Reverse<Id>, Work)>,
    units: Vec<Unit>,
}

impl<'g> Scheduler<'g> {
    fn new(graph: &'g Graph) -> Scheduler<'g> {
        let mut users: Vec<Vec<Id>> = vec![Vec::new(); graph.nodes.len()];
        let mut waiting = vec![0; graph.nodes.len()];
        let mut following = vec![0; graph.nodes.len()];
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            let user = index as Id;
            for &input in &node.inputs {
                let op = &graph.node(input).op;
                if is_leaf(op) {
                    continue;
                }
                waiting[index] += 1;
                users[input as usize].push(user);
                let same_unit = is_view(op) || joins(graph, input, user);
                let way = following[index] + u32::from(!same_unit);
                following[input as usize] = way.max(following[input as usize]);
            }
        }
        Scheduler {
            graph,
            users,
            following,
            waiting,
            class_of: HashMap::new(),
            classes: Vec::new(),
            queue: BinaryHeap::new(),
            units: Vec::new(),
        }
    }

    /// All inputs of the node are computed.
    fn ready(&mut self, id: Id) {
        let graph = self.graph;
        let work = match iteration_space(graph, id) {
            Some(shape) => {
                let class = *self.class_of.entry(shape).or_insert_with(|| {
                    self.classes.push(Class { shape, ready: Vec::new() });
                    self.classes.len() - 1
                });
                self.classes[class].ready.push(id);
                Work::Class(class)
            }
            // Views are no work, and lead on at once.
            None if is_view(&graph.node(id).op) => return self.finish(Unit::View(id)),
            None => Work::Single(id),
        };
        self.queue.push((self.following[id as usize], Reverse(id), work));
    }

    /// One input of the node is computed; whether it was the last.
    fn arrives(&mut self, user: Id) -> bool {
        self.waiting[user as usize] -= 1;
        self.waiting[user as usize] == 0
    }

    /// A loop of all that is ready in a class, and of what becomes ready within it.
    fn run_class(&mut self, class: usize) {
        let mut front = std::mem::take(&mut self.classes[class].ready);
        let mut nodes = Vec::new();
        while let Some(id) = front.pop() {
            nodes.push(id);
            for at in 0..self.users[id as usize].len() {
                let user = self.users[id as usize][at];
                if joins(self.graph, id, user) && self.arrives(user) {
                    front.push(user);
                }
            }
        }
        nodes.sort_unstable();
        // Nodes are in topological order, so each piece of a long loop reads earlier ones only.
        let shape = self.classes[class].shape;
        for piece in nodes.chunks(LOOP_NODES) {
            self.units.push(Unit::Loop { shape: shape.clone(), nodes: piece.to_vec() });
        }
        for id in nodes {
            self.release(id);
        }
    }

    fn finish(&mut self, unit: Unit) {
        let id = unit.nodes()[0];
        self.units.push(unit);
        self.release(id);
    }

    /// Tells those that read the node from outside its loop.
    fn release(&mut self, id: Id) {
        for user in std::mem::take(&mut self.users[id as usize]) {
            if !joins(self.graph, id, user) && self.arrives(user) {
                self.ready(user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Axes;
    use crate::program::verify;
    use pyroxene_kernels::table::{Binary, Unary};
    use smallvec::smallvec;

    /// An input of `n` elements and a graph to add nodes to.
    fn start(n: usize) -> (Graph, Id, Id) {
        let mut graph = Graph { inputs: vec![smallvec![n], smallvec![]], ..Graph::default() };
        let x = graph.append(Op::Input(0), smallvec![], smallvec![n], None);
        let s = graph.append(Op::Input(1), smallvec![], smallvec![], None);
        (graph, x, s)
    }

    #[test]
    fn what_can_wait_joins_the_loop_that_cannot_start_yet() {
        // The square of x is ready at once, the product only after exp(s).
        let (mut graph, x, s) = start(5);
        let vector: Shape = smallvec![5];
        let square = graph.append(Op::Unary(Unary::Square), smallvec![x], vector.clone(), None);
        let exp = graph.append(Op::Unary(Unary::Exp), smallvec![s], smallvec![], None);
        let product = graph.append(Op::Binary(Binary::Mul), smallvec![x, exp], vector.clone(), None);
        let sums = [square, product].map(|y| graph.append(Op::Sum(Axes::new([0])), smallvec![y], smallvec![1], None));
        let numbers = sums.map(|sum| graph.append(Op::Reshape, smallvec![sum], smallvec![], None));
        let total = graph.append(Op::Binary(Binary::Add), numbers.as_slice().into(), smallvec![], None);
        graph.outputs = vec![total];
        let units = schedule(&graph);
        verify::schedule(&graph, &units).expect("a sound schedule");
        let loops: Vec<&[Id]> = units.iter().filter(|unit| !matches!(unit, Unit::View(_))).map(Unit::nodes).collect();
        assert_eq!(loops, [&[exp][..], &[square, product, sums[0], sums[1]], &[total]]);
    }

    #[test]
    fn long_loops_are_cut() {
        let (mut graph, x, _) = start(3);
        let last =
            (0..3 * LOOP_NODES).fold(x, |x, _| graph.append(Op::Unary(Unary::Sin), smallvec![x], smallvec![3], None));
        graph.outputs = vec![last];
        let units = schedule(&graph);
        verify::schedule(&graph, &units).expect("a sound schedule");
        assert_eq!(units.iter().map(|unit| unit.nodes().len()).collect::<Vec<_>>(), [LOOP_NODES; 3]);
    }
}
