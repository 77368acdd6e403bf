//! Memory for time: what a derivative needs again is computed again.

use super::packed::{kind, pack, unpack, vector};
use super::{Array, Derivatives, INPUTS, Primitive, RoomMut, apply};
use crate::arena::Var;
use crate::body::Body;
use crate::grad::vjp;
use crate::program::Plan;
use pyroxene_tensor::{DType, Shape};
use smallvec::SmallVec;
use std::sync::Arc;

/// A function of its inputs to one output, whose intermediate values are nobody else's.
#[derive(Debug)]
struct Call {
    body: Arc<Body>,
    plan: Arc<Plan>,
}

impl PartialEq for Call {
    fn eq(&self, other: &Call) -> bool {
        Arc::ptr_eq(&self.body, &other.body)
    }
}

impl Primitive for Call {
    fn name(&self) -> &'static str {
        "checkpoint"
    }

    fn inner(&self) -> Option<&Arc<Plan>> {
        Some(&self.plan)
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let machine = room.inner.expect("a checkpoint runs a Program");
        let inputs: SmallVec<[&[f64]; INPUTS]> = inputs.iter().map(|input| input.data).collect();
        self.plan.run(machine, &inputs, &mut [output]);
    }

    fn vjp(&self, x: &[Var], _y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let arguments: Vec<Var> = x.iter().copied().chain([gy]).collect();
        let packed = call(&arguments, |arguments| {
            // The arguments are independent here, as the inputs need not be.
            let (x, gy) = arguments.split_at(wanted.len());
            let of: Vec<Var> = x.iter().zip(wanted).filter(|&(_, &wanted)| wanted).map(|(&x, _)| x).collect();
            pack(&vjp(self.body.replay(x)[0], gy[0], &of))
        });
        let kinds: Vec<(Shape, DType)> =
            x.iter().zip(wanted).filter(|&(_, &wanted)| wanted).map(|(x, _)| kind(x)).collect();
        let mut found = unpack(packed, &kinds).into_iter();
        wanted.iter().map(|&wanted| if wanted { found.next() } else { None }).collect()
    }
}

/// The value of `body`, whose intermediate values are not kept for the derivative: it computes them again.
///
/// A derivative through a long computation needs the values on the way, all at once. Cut into pieces, each in a
/// `checkpoint`, it needs those between the pieces and those inside one (Griewank and Walther, "Algorithm 799: revolve",
/// 2000).
///
/// ```
/// use pyroxene_autograd::{checkpoint, grad, Var};
/// let x = Var::from([0.1, 0.2]);
/// let y = checkpoint(|| x.sin().exp().sum());
/// assert_eq!(grad(y, &[x])[0].to_tensor(), (x.cos() * x.sin().exp()).to_tensor());
/// ```
///
/// # Panics
/// If `body` reads a value ([`Var::item`]) that depends on what is computed inside.
#[track_caller]
pub fn checkpoint(body: impl FnOnce() -> Var) -> Var {
    call(&[], |_| body())
}

#[track_caller]
fn call(arguments: &[Var], f: impl FnOnce(&[Var]) -> Var) -> Var {
    let kinds: Vec<(Shape, DType)> = arguments.iter().map(kind).collect();
    let (mut body, outside) = Body::trace("checkpoint", &kinds, |arguments| vec![f(arguments)]);
    let mut inputs: Vec<Var> = arguments.iter().copied().chain(outside).collect();
    if inputs.len() > INPUTS {
        let (kinds, packed) = (body.parameters(), pack(&inputs));
        (body, _) = Body::trace("checkpoint", &[vector(packed.len())], |x| body.replay(&unpack(x[0], &kinds)));
        inputs = vec![packed];
    }
    let (shape, dtype) = body.outputs().swap_remove(0);
    apply(Call { plan: body.compile(), body: Arc::new(body) }, &inputs, shape, dtype)
}
