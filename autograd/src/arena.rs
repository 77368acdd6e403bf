//! The thread-local arena of expressions: a stack of nodes that scopes truncate.

use crate::eval::{self, Marks};
use crate::op::Op;
use pyroxene_tensor::{DType, Shape, Tensor};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::panic::Location;

/// An expression: an index into the thread's arena, plus the scope that it was made in.
///
/// `Var` is `Copy`, so model code reads like mathematics. Shapes are checked where an operation is written; values are
/// computed when they are asked for ([`Var::item`], [`Var::to_tensor`]). Anything that takes a `Var` takes
/// `impl Into<Var>`: numbers, arrays, tensors.
///
/// ```
/// use pyroxene_autograd::{grad, Var};
/// let x = Var::from([1.0, 2.0, 3.0]);
/// let y = (x * x + 1.0).ln().sum();
/// let dx = grad(y, &[x])[0]; // 2x / (x² + 1)
/// assert!((dx.to_tensor().at(&[1]) - 0.8).abs() < 1e-15);
/// ```
///
/// A `Var` belongs to its thread and to its scope: using it after [`scope`] has ended panics and says which one it was.
#[derive(Clone, Copy)]
pub struct Var {
    pub(crate) index: u32,
    pub(crate) epoch: u32,
    /// Not `Send`: the arena is the thread's own.
    thread: PhantomData<*const ()>,
}

pub(crate) type Inputs = SmallVec<[u32; 3]>;

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) inputs: Inputs,
    pub(crate) shape: Shape,
    pub(crate) dtype: DType,
    /// Made of numbers only: its type gives way to that of tensors.
    pub(crate) weak: bool,
    /// Depends on an input of the Program being captured.
    pub(crate) traced: bool,
    epoch: u32,
    pub(crate) value: Value,
}

/// The value of a node, once it has been computed.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Unknown,
    /// A number without axes: no tensor is made of it before one is asked for.
    Number(f64),
    Tensor(Box<Tensor>),
}

impl Value {
    pub(crate) fn is_known(&self) -> bool {
        !matches!(self, Value::Unknown)
    }
}

impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Value {
        Value::Tensor(Box::new(tensor))
    }
}

impl Node {
    #[inline(always)]
    fn blank(op: Op) -> Node {
        let (inputs, shape) = (Inputs::new(), Shape::new());
        let (dtype, value) = (DType::F64, Value::Unknown);
        Node { op, inputs, shape, dtype, weak: false, traced: false, epoch: 0, value }
    }

    /// The value as a tensor, which is kept.
    pub(crate) fn tensor(&mut self) -> Option<&Tensor> {
        if let Value::Number(number) = self.value {
            self.value = Tensor::scalar(number).cast(self.dtype).into();
        }
        self.known_tensor()
    }

    /// The value, if it is known and a number that no tensor was made of.
    #[inline(always)]
    pub(crate) fn number(&self) -> Option<f64> {
        match self.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The value, if it is known and a tensor.
    pub(crate) fn known_tensor(&self) -> Option<&Tensor> {
        match &self.value {
            Value::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }
}

struct Scope {
    epoch: u32,
    start: usize,
    location: &'static Location<'static>,
}

/// How many ended scopes are remembered by the place that opened them.
const REMEMBERED: usize = 64;

pub(crate) struct Arena {
    pub(crate) nodes: Vec<Node>,
    scopes: Vec<Scope>,
    root: u32,
    last_epoch: u32,
    ended: [(u32, Option<&'static Location<'static>>); REMEMBERED],
    pub(crate) marks: Marks,
}

thread_local! {
    static ARENA: RefCell<Arena> = const {
        RefCell::new(Arena {
            nodes: Vec::new(),
            scopes: Vec::new(),
            root: 0,
            last_epoch: 0,
            ended: [(0, None); REMEMBERED],
            marks: Marks::new(),
        })
    };
}

pub(crate) fn with_arena<R>(f: impl FnOnce(&mut Arena) -> R) -> R {
    ARENA.with_borrow_mut(f)
}

impl Arena {
    fn epoch(&self) -> u32 {
        self.scopes.last().map_or(self.root, |scope| scope.epoch)
    }

    pub(crate) fn var(&self, index: usize) -> Var {
        Var { index: index as u32, epoch: self.nodes[index].epoch, thread: PhantomData }
    }

    /// Appends a node. Of numbers the result is computed at once: that takes less time than finding out later what is needed.
    pub(crate) fn push(&mut self, op: Op, inputs: &[u32], shape: Shape, dtype: DType, mut value: Value) -> Var {
        let traced = matches!(op, Op::Input(_)) || self.is_traced(inputs);
        let weak = match op {
            Op::Constant | Op::Input(_) | Op::Cast(_) => false,
            _ => self.is_weak(inputs),
        };
        if shape.is_empty() && !value.is_known() && !traced {
            let number = |k: usize| self.nodes[*inputs.get(k)? as usize].number();
            value = eval::numbers(&op, dtype, number).map_or(value, Value::Number);
        }
        let (var, node) = self.blank(|| Op::Constant);
        (node.op, node.shape, node.value) = (op, shape, value);
        (node.dtype, node.traced, node.weak) = (dtype, traced, weak);
        inputs.iter().for_each(|&input| node.inputs.push(input));
        var
    }

    /// Appends a plain number.
    pub(crate) fn push_number(&mut self, number: f64, dtype: DType) -> Var {
        let (var, node) = self.blank(|| Op::Scalar(number.to_bits()));
        node.value = Value::Number(number);
        (node.dtype, node.weak) = (dtype, true);
        var
    }

    /// Appends an elementwise operation with a result of the shape of node `like`.
    #[inline(always)]
    pub(crate) fn push_elementwise(&mut self, op: impl Fn() -> Op, inputs: &[u32], like: u32, dtype: DType) -> Var {
        let (traced, weak) = (self.is_traced(inputs), self.is_weak(inputs));
        let number = eval::numbers(&op(), dtype, |k| self.nodes[inputs[k] as usize].number());
        let (var, node) = self.blank(op);
        (node.dtype, node.traced, node.weak) = (dtype, traced, weak);
        if let Some(number) = number {
            node.value = Value::Number(number);
        }
        inputs.iter().for_each(|&input| node.inputs.push(input));
        let (before, node) = self.nodes.split_at_mut(var.index as usize);
        let shape = &before[like as usize].shape;
        if !shape.is_empty() {
            node[0].shape.extend_from_slice(shape);
        }
        var
    }

    fn is_traced(&self, nodes: &[u32]) -> bool {
        nodes.iter().any(|&i| self.nodes[i as usize].traced)
    }

    fn is_weak(&self, nodes: &[u32]) -> bool {
        nodes.iter().all(|&i| self.nodes[i as usize].weak)
    }

    /// Appends a node whose parts are to be written where they stay: one that is put together elsewhere and copied as a
    /// whole waits for its parts to arrive in memory, which was a third of the time of tracing.
    #[inline(always)]
    fn blank(&mut self, op: impl Fn() -> Op) -> (Var, &mut Node) {
        let epoch = self.epoch();
        let index = u32::try_from(self.nodes.len()).expect("the arena holds at most 2^32 expressions");
        self.nodes.resize_with(index as usize + 1, || Node::blank(op()));
        let node = self.nodes.last_mut().expect("just appended");
        node.epoch = epoch;
        (Var { index, epoch, thread: PhantomData }, node)
    }

    /// The node of a live `Var`, or what to say of a stale one.
    pub(crate) fn get(&self, var: Var) -> Result<&Node, String> {
        match self.nodes.get(var.index as usize) {
            Some(node) if node.epoch == var.epoch => Ok(node),
            _ => Err(self.describe_stale(var)),
        }
    }

    #[cold]
    fn describe_stale(&self, var: Var) -> String {
        match self.ended[var.epoch as usize % REMEMBERED] {
            (epoch, Some(location)) if epoch == var.epoch => {
                format!("this Var is stale: the scope opened at {location} that it was made in has ended")
            }
            _ => "this Var is stale: the scope that it was made in has ended".to_string(),
        }
    }

    /// Where the expressions of the innermost scope begin.
    pub(crate) fn scope_start(&self) -> usize {
        self.scopes.last().map_or(0, |scope| scope.start)
    }

    fn enter(&mut self, location: &'static Location<'static>) {
        self.last_epoch += 1;
        self.scopes.push(Scope { epoch: self.last_epoch, start: self.nodes.len(), location });
    }

    fn leave(&mut self) {
        let scope = self.scopes.pop().expect("a scope that was entered");
        self.ended[scope.epoch as usize % REMEMBERED] = (scope.epoch, Some(scope.location));
        self.nodes.truncate(scope.start);
    }
}

/// The node of `var`, by a closure; panics where the caller stands if `var` is stale.
#[track_caller]
pub(crate) fn with_node<R>(var: Var, f: impl FnOnce(&Node) -> R) -> R {
    match with_arena(|arena| arena.get(var).map(f)) {
        Ok(result) => result,
        Err(message) => panic!("{message}"),
    }
}

/// Panics where the caller stands if one of `vars` is stale.
#[track_caller]
pub(crate) fn check_live(vars: &[Var]) {
    if let Err(message) = with_arena(|arena| vars.iter().try_for_each(|&var| arena.get(var).map(|_| ()))) {
        panic!("{message}");
    }
}

/// Runs `body` in a scope of its own: the expressions made inside are freed when it ends, whether it returns or panics.
///
/// Take data out with [`Var::to_tensor`] or [`Var::item`]; a `Var` that leaves the scope is stale.
///
/// ```
/// use pyroxene_autograd::{scope, Var};
/// let y = scope(|| (Var::from(2.0) * 3.0).item());
/// assert_eq!(y, 6.0);
/// ```
#[track_caller]
pub fn scope<R>(body: impl FnOnce() -> R) -> R {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            with_arena(Arena::leave);
        }
    }
    let location = Location::caller();
    with_arena(|arena| arena.enter(location));
    let _leave = Leave;
    body()
}

/// Frees what was made outside any scope on this thread. Every such `Var` is stale from here on.
///
/// # Panics
/// Inside a [`scope`], whose expressions may depend on what would be freed.
#[track_caller]
pub fn reset() {
    let location = Location::caller();
    let open = with_arena(|arena| {
        if arena.scopes.is_empty() {
            arena.ended[arena.root as usize % REMEMBERED] = (arena.root, Some(location));
            arena.nodes.clear();
            arena.last_epoch += 1;
            arena.root = arena.last_epoch;
        }
        arena.scopes.len()
    });
    assert!(open == 0, "reset: {open} scopes are open");
}

/// Number of expressions that this thread's arena holds.
pub fn live_expressions() -> usize {
    with_arena(|arena| arena.nodes.len())
}
