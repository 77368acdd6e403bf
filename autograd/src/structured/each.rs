//! One operation after the other: what a batch of examples makes of an operation that knows no better way.

use super::{Array, Derivatives, INPUTS, Known, Primitive, Room, RoomMut, Structured};
use crate::arena::Var;
use crate::program::Plan;
use smallvec::SmallVec;
use std::sync::Arc;

/// How an operation does the work of many examples, whose inputs have an axis of examples in front.
#[derive(Debug)]
pub(crate) enum Batching {
    /// As it stands where all inputs have the axis, as axes in front are a batch to it; otherwise one example after the
    /// other.
    Itself,
    /// As this operation does.
    By(Structured),
    /// One example after the other.
    OneByOne,
}

impl Batching {
    /// This operation where all inputs have the axis; otherwise one example after the other.
    pub(crate) fn by_if_all(each: &[bool], op: impl Primitive + 'static) -> Batching {
        if each.iter().all(|&each| each) { Batching::By(Structured::new(op)) } else { Batching::OneByOne }
    }
}

/// The operation on each entry along the first axis of some inputs, and on others as they are. The examples share one room,
/// and what is known of constant inputs.
#[derive(Debug, PartialEq)]
pub(crate) struct Each {
    pub(crate) op: Structured,
    /// Which inputs have an entry for each example.
    pub(crate) each: SmallVec<[bool; 4]>,
}

impl Each {
    /// The shapes that one example has.
    fn one<'s>(&self, shapes: impl Iterator<Item = &'s [usize]>) -> SmallVec<[&'s [usize]; INPUTS]> {
        self.each.iter().zip(shapes).map(|(&each, shape)| &shape[usize::from(each)..]).collect()
    }
}

impl Primitive for Each {
    fn name(&self) -> &'static str {
        self.op.name()
    }

    fn room(&self, inputs: &[&[usize]], output: &[usize]) -> Room {
        self.op.room(&self.one(inputs.iter().copied()), &output[1..])
    }

    fn known(&self, inputs: &[Known<'_>]) -> Vec<usize> {
        let shapes = self.one(inputs.iter().map(|input| input.shape));
        let known = inputs
            .iter()
            .zip(&self.each)
            .zip(shapes)
            .map(|((input, &each), shape)| Known { data: input.data.filter(|_| !each), shape });
        self.op.known(&known.collect::<Vec<_>>())
    }

    fn inner(&self) -> Option<&Arc<Plan>> {
        self.op.inner()
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], mut room: RoomMut<'_>) {
        let shapes = self.one(inputs.iter().map(|input| input.shape));
        let count = inputs.iter().zip(&self.each).find_map(|(input, &each)| each.then(|| input.shape[0])).unwrap_or(1);
        let size = output.len() / count.max(1);
        let mut example: SmallVec<[Array<'_>; INPUTS]> =
            inputs.iter().zip(shapes).map(|(input, shape)| Array { data: input.data, shape }).collect();
        for k in 0..count {
            for ((example, input), &each) in example.iter_mut().zip(inputs).zip(&self.each) {
                if each {
                    let len = input.data.len() / count;
                    example.data = &input.data[k * len..(k + 1) * len];
                }
            }
            self.op.run(&example, &mut output[k * size..(k + 1) * size], room.again());
        }
    }

    fn vjp(&self, _x: &[Var], _y: Var, _gy: Var, _wanted: &[bool]) -> Derivatives {
        unreachable!("the compiler makes it; the tape, which is differentiated, has none")
    }
}
