//! Straight-line code over vectors, each value assigned once.
//!
//! Equal nodes are one node, so a block shares common subexpressions across the operations that were recorded into it: the
//! logistic function and its integral, for example, share their exponential.

use crate::simd::{LANES, LANES_F32};
use rustc_hash::FxHashMap;

/// A node's number.
pub(super) type Value = u32;

/// What an address counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Base {
    /// The routine's own room.
    Frame,
    /// An entry of the table of places that a run is given.
    Place(u32),
    /// A general register.
    Register(u8),
    /// Data that the routine keeps alive.
    Absolute(u64),
}

/// A general register that counts towards an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Index {
    pub(super) register: u8,
    pub(super) scale: Scale,
}

/// What a register is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scale {
    One = 0,
    Two = 1,
}

/// A place in memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Address {
    pub(super) base: Base,
    /// A general register that is added, times its scale.
    pub(super) index: Option<Index>,
    pub(super) offset: i32,
}

/// Operations of two vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    /// Rounded to f32 and divided there.
    DivSingle,
    Min,
    Max,
    Scale,
    And,
    Or,
    Xor,
    AddBits,
    SubBits,
}

impl Arithmetic {
    pub(super) fn commutes(self) -> bool {
        use Arithmetic::*;
        matches!(self, Add | Mul | And | Or | Xor | AddBits)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Predicate {
    Equal,
    Less,
    LessEqual,
    Unordered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rounding {
    Nearest,
    Floor,
    Ceil,
    Trunc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// These bits in all lanes.
    Constant(u64),
    /// The number at an address in all lanes.
    Spread(Address),
    /// Eight f64 known now: so many-th of the block's vectors.
    Vector(u32),
    /// A number a lane, from an address on; with a mask (of known lanes), in its lanes only, and zero in the others.
    Load {
        from: Address,
        mask: Option<Value>,
    },
    /// As a load of f32, widened.
    LoadNarrow {
        from: Address,
        mask: Option<Value>,
    },
    Binary(Arithmetic, Value, Value),
    /// `± a b ± c`, rounded once.
    Fma {
        negate_product: bool,
        negate_addend: bool,
        args: [Value; 3],
    },
    Sqrt(Value),
    /// Rounded to f32, and the root there.
    SqrtSingle(Value),
    Round(Rounding, Value),
    ShiftLeft(u8, Value),
    ShiftRight(u8, Value),
    /// The upper half of the first `lanes` lanes, moved to the front.
    Upper {
        lanes: u8,
        x: Value,
    },
    /// Lane `indices[i]` of x.
    Permute {
        indices: [u8; 8],
        x: Value,
    },
    /// Lane `indices[i]` of x, or from 8 on of y.
    Permute2 {
        indices: [u8; 8],
        x: Value,
        y: Value,
    },
    Compare(Predicate, Value, Value),
    /// These lanes.
    Lanes(u16),
    Both(Value, Value),
    Either(Value, Value),
    Neither(Value),
    Select {
        mask: Value,
        yes: Value,
        no: Value,
    },
    /// Writes a number a lane; with a mask, of its lanes only.
    Store {
        to: Address,
        x: Value,
        mask: Option<Value>,
    },
    /// As a store, rounded to f32.
    StoreNarrow {
        to: Address,
        x: Value,
        mask: Option<Value>,
    },
    /// Writes the first lane.
    StoreFirst {
        to: Address,
        x: Value,
    },
    /// Asks for the cache line at an address, which need not exist.
    Prefetch(Address),
    /// Gives up the run if a lane of both is true.
    Guard {
        x: Value,
        mask: Value,
    },
}

impl Node {
    pub(super) fn is_mask(&self) -> bool {
        matches!(self, Node::Compare(..) | Node::Lanes(_) | Node::Both(..) | Node::Either(..) | Node::Neither(_))
    }

    /// Whether the value can be made again wherever it is used, so that it need not be kept.
    pub(super) fn is_cheap(&self) -> bool {
        use Node::{Constant, Lanes, Load, LoadNarrow, Spread, Vector};
        matches!(self, Constant(_) | Vector(_) | Spread(_) | Load { .. } | LoadNarrow { .. } | Lanes(_))
    }

    pub(super) fn is_effect(&self) -> bool {
        use Node::{Guard, Prefetch, Store, StoreFirst, StoreNarrow};
        matches!(self, Store { .. } | StoreNarrow { .. } | StoreFirst { .. } | Prefetch(_) | Guard { .. })
    }

    pub(super) fn operands(&self) -> ([Value; 3], usize) {
        match *self {
            Node::Constant(_)
            | Node::Vector(_)
            | Node::Spread(_)
            | Node::Load { .. }
            | Node::LoadNarrow { .. }
            | Node::Lanes(_)
            | Node::Prefetch(_) => ([0; 3], 0),
            Node::Permute2 { x, y, .. } | Node::Guard { x, mask: y } => ([x, y, 0], 2),
            Node::Store { x, mask: Some(mask), .. } | Node::StoreNarrow { x, mask: Some(mask), .. } => {
                ([x, mask, 0], 2)
            }
            Node::Binary(_, a, b) | Node::Compare(_, a, b) | Node::Both(a, b) | Node::Either(a, b) => ([a, b, 0], 2),
            Node::Fma { args, .. } => (args, 3),
            Node::Select { mask, yes, no } => ([mask, yes, no], 3),
            Node::Sqrt(x)
            | Node::SqrtSingle(x)
            | Node::Round(_, x)
            | Node::ShiftLeft(_, x)
            | Node::ShiftRight(_, x)
            | Node::Upper { x, .. }
            | Node::Neither(x)
            | Node::Permute { x, .. }
            | Node::Store { x, mask: None, .. }
            | Node::StoreNarrow { x, mask: None, .. }
            | Node::StoreFirst { x, .. } => ([x, 0, 0], 1),
        }
    }
}

/// The first `count` lanes.
pub(super) fn first(count: usize) -> u16 {
    ((1u32 << count) - 1) as u16
}

/// The bits of a constant, of f32 if it is narrow.
pub(super) fn bits(is_narrow: bool, x: f64) -> u64 {
    if is_narrow { (x as f32).to_bits().into() } else { x.to_bits() }
}

#[derive(Debug)]
pub(super) struct Block {
    pub(super) nodes: Vec<Node>,
    /// Whether lanes are f32: numbers known now and those in memory are, too.
    pub(super) is_narrow: bool,
    /// The lanes in use, which guards look at.
    pub(super) lanes: u16,
    pub(super) vectors: Vec<[u64; 8]>,
    seen: FxHashMap<Node, Value>,
}

impl Block {
    /// An empty block over lanes of f64. `lanes`: those in use, a bit each.
    pub(super) fn new(lanes: u16) -> Block {
        Block { nodes: vec![], is_narrow: false, lanes, vectors: vec![], seen: FxHashMap::default() }
    }

    /// An empty block over lanes of f32.
    pub(super) fn narrow(lanes: u16) -> Block {
        Block { is_narrow: true, ..Block::new(lanes) }
    }

    /// Adds a node, or finds the equal one that is there.
    pub(super) fn push(&mut self, node: Node) -> Value {
        let node = self.simplified(node);
        if node.is_effect() {
            self.nodes.push(node);
            return self.nodes.len() as Value - 1;
        }
        *self.seen.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            self.nodes.len() as Value - 1
        })
    }

    pub(super) fn constant(&mut self, x: f64) -> Value {
        self.push(Node::Constant(bits(self.is_narrow, x)))
    }

    /// Eight numbers known now.
    pub(super) fn vector(&mut self, bits: [u64; 8]) -> Value {
        self.vectors.push(bits);
        self.push(Node::Vector(self.vectors.len() as u32 - 1))
    }

    /// These lanes as a mask; none for all.
    pub(super) fn mask(&mut self, lanes: u16) -> Option<Value> {
        let all = if self.is_narrow { first(LANES_F32) } else { first(LANES) };
        (lanes != all).then(|| self.push(Node::Lanes(lanes)))
    }

    /// Negations move into the multiply-add, which takes them for nothing. (The sign of a NaN is nobody's business.)
    fn simplified(&self, node: Node) -> Node {
        let Node::Fma { mut negate_product, mut negate_addend, args: [mut a, mut b, mut c] } = node else {
            return node;
        };
        for factor in [&mut a, &mut b] {
            if let Some(x) = self.negated(*factor) {
                *factor = x;
                negate_product = !negate_product;
            }
        }
        if let Some(x) = self.negated(c) {
            c = x;
            negate_addend = !negate_addend;
        }
        Node::Fma { negate_product, negate_addend, args: [a, b, c] }
    }

    /// What `x` is the negative of, if it was made as one.
    fn negated(&self, x: Value) -> Option<Value> {
        let Node::Binary(Arithmetic::Xor, a, b) = self.nodes[x as usize] else { return None };
        (self.nodes[b as usize] == Node::Constant(bits(self.is_narrow, -0.0))).then_some(a)
    }

    /// For each node the later nodes that use it, those that no effect needs left out.
    pub(super) fn uses(&self) -> Uses {
        let mut needed: Vec<bool> = self.nodes.iter().map(Node::is_effect).collect();
        let mut next: Vec<Vec<Value>> = vec![vec![]; self.nodes.len()];
        for at in (0..self.nodes.len()).rev() {
            if needed[at] {
                let (operands, count) = self.nodes[at].operands();
                for &x in &operands[..count] {
                    needed[x as usize] = true;
                    if next[x as usize].last() != Some(&(at as Value)) {
                        next[x as usize].push(at as Value);
                    }
                }
            }
        }
        Uses { needed, next }
    }
}

/// Where values are used: the next use of a value is the last of its list.
#[derive(Debug)]
pub(super) struct Uses {
    pub(super) needed: Vec<bool>,
    next: Vec<Vec<Value>>,
}

impl Uses {
    /// The next use of a value.
    pub(super) fn next(&self, x: Value) -> Option<Value> {
        self.next[x as usize].last().copied()
    }

    pub(super) fn left(&self, x: Value) -> usize {
        self.next[x as usize].len()
    }

    /// Strikes out the use of `x` at `at`; whether it was the last.
    pub(super) fn strike(&mut self, x: Value, at: Value) -> bool {
        let next = &mut self.next[x as usize];
        if next.last() == Some(&at) {
            next.pop();
        }
        next.is_empty()
    }
}
