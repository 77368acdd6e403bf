//! Loops as one operation: neither the tape nor a Program grows with the number of steps.

use super::packed::{kind, pack, pack_rows, unpack, vector, width};
use super::{Array, Derivatives, Primitive, RoomMut, apply};
use crate::arena::Var;
use crate::body::Body;
use crate::grad::vjp;
use crate::program::Plan;
use crate::shape;
use pyroxene_tensor::{DType, Shape};
use smallvec::smallvec;
use std::sync::Arc;

/// A loop over packed values. The inputs are the first carry `[carry]`, what each step is given `[steps, given]`, and what
/// all steps share `[shared]`; row `t` of the output `[steps, carry + made]` is the carry after step `t` and what it made.
#[derive(Debug)]
struct Scan {
    /// From the carry, what the step is given and what all share to a row of the output.
    step: Arc<Body>,
    plan: Arc<Plan>,
    carry: usize,
}

impl PartialEq for Scan {
    fn eq(&self, other: &Scan) -> bool {
        Arc::ptr_eq(&self.step, &other.step)
    }
}

impl Primitive for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn inner(&self) -> Option<&Arc<Plan>> {
        Some(&self.plan)
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [first, given, shared] = *inputs else { unreachable!("a carry, what is given and what is shared") };
        let machine = room.inner.expect("a scan runs a Program");
        let (steps, width) = (given.shape[0], given.shape[1]);
        let mut carried = first.data;
        for (step, row) in output.chunks_exact_mut((output.len() / steps.max(1)).max(1)).enumerate() {
            let given = &given.data[step * width..(step + 1) * width];
            self.plan.run(machine, &[carried, given, shared.data], &mut [&mut *row]);
            carried = &row[..self.carry];
        }
    }

    /// The steps in reverse order, which carry the derivative by the carry and the sum of those by what is shared. Each step
    /// is computed again from the carry before it, which the output holds.
    fn vjp(&self, x: &[Var], y: Var, gy: Var, wanted: &[bool]) -> Derivatives {
        let [first, given, shared] = *x else { unreachable!("a carry, what is given and what is shared") };
        let (steps, carry) = (given.shape()[0], self.carry);
        if steps == 0 {
            return smallvec![None; 3];
        }
        let before = Var::concat(&[first.unsqueeze(0), y.slice(0, ..-1).slice(1, ..carry as isize)], 0);
        let none = Var::zeros(&[0]);
        let sum = if wanted[2] { Var::zeros(&[shared.len()]) } else { none };
        let reversed = [before.flip(0), given.flip(0), gy.flip(0)];
        let (last, by_given) = scan_slices(steps, &[Var::zeros(&[carry]), sum], &reversed, |carried, given| {
            let ([arriving, sum], [before, x, gy]) = (carried, given) else { unreachable!("as passed above") };
            let row = self.step.replay(&[*before, *x, shared])[0];
            let past_carry = Var::zeros(&[row.len() - carry]);
            let found = vjp(row, *gy + Var::concat(&[*arriving, past_carry], 0), &[*before, *x, shared]);
            let sum = if wanted[2] { *sum + found[2] } else { *sum };
            (vec![found[0], sum], vec![if wanted[1] { found[1] } else { none }])
        });
        smallvec![Some(last[0]), wanted[1].then(|| by_given[0].flip(0)), wanted[2].then_some(last[1])]
    }
}

/// A loop of `steps` steps as one operation. Each step takes the values carried so far and its own entry of each of `xs`
/// (their first axis has size `steps`), and gives the values to carry on and what it makes. The result: what the last step
/// carried on, and what the steps made, stacked along a new first axis.
///
/// The tape, a Program and its derivative have the size of one step, whatever their number; the derivative runs the steps
/// backwards, computing each again. Expressions from outside may be used in the step, and derivatives flow to them. The
/// shapes and element types that are carried must stay the same.
///
/// ```
/// use pyroxene_autograd::{grad, scan, Var};
/// // A first-order autoregression: s' = a s + x, and the running square of it.
/// let (a, x) = (Var::from(0.5), Var::from([1.0, 2.0, 3.0]));
/// let ([last], [squares]) = scan(3, [Var::from(0.0)], [x], |[s], [x]| {
///     let s = a * s + x;
///     ([s], [s * s])
/// });
/// assert_eq!(last.item(), 4.25);
/// assert_eq!(squares.to_tensor().to_vec::<f64>(), [1.0, 6.25, 18.0625]);
/// assert_eq!(grad(last, &[a])[0].item(), 3.0); // 2 + 2 a
/// ```
///
/// # Panics
/// If one of `xs` does not have `steps` entries, if a step changes the shape or type of what is carried, or if it reads a
/// value ([`Var::item`]) that depends on the step.
#[track_caller]
pub fn scan<const C: usize, const X: usize, const Y: usize>(
    steps: usize,
    carry: [Var; C],
    xs: [Var; X],
    step: impl FnOnce([Var; C], [Var; X]) -> ([Var; C], [Var; Y]),
) -> ([Var; C], [Var; Y]) {
    let (last, made) = scan_slices(steps, &carry, &xs, |carry, xs| {
        let (carry, made) = step(carry.try_into().expect("as many"), xs.try_into().expect("as many"));
        (carry.to_vec(), made.to_vec())
    });
    (last.try_into().expect("as many as were carried"), made.try_into().expect("as many as were made"))
}

/// [`scan`] over numbers of values that are known at run time only.
///
/// # Panics
/// As [`scan`], and if the step carries on another number of values than it was given.
#[track_caller]
pub fn scan_slices(
    steps: usize,
    carry: &[Var],
    xs: &[Var],
    step: impl FnOnce(&[Var], &[Var]) -> (Vec<Var>, Vec<Var>),
) -> (Vec<Var>, Vec<Var>) {
    let carries: Vec<(Shape, DType)> = carry.iter().map(kind).collect();
    let given: Vec<(Shape, DType)> = xs.iter().enumerate().map(|(k, x)| entry(k, x, steps)).collect();
    let parameters: Vec<(Shape, DType)> = carries.iter().chain(&given).cloned().collect();
    let (body, shared) = Body::trace("scan", &parameters, |parameters| {
        let (carry, xs) = parameters.split_at(carries.len());
        let (mut next, made) = step(carry, xs);
        check_carry(&carries, &next);
        next.extend(made);
        next
    });
    let shared_kinds: Vec<(Shape, DType)> = shared.iter().map(kind).collect();
    let made = &body.outputs()[carries.len()..];
    let widths = [width(&carries), width(&given), width(&shared_kinds)];
    let (packed, _) = Body::trace("scan", &widths.map(vector), |packed| {
        let mut arguments = unpack(packed[0], &carries);
        arguments.extend(unpack(packed[1], &given));
        arguments.extend(unpack(packed[2], &shared_kinds));
        vec![pack(&body.replay(&arguments))]
    });
    let op = Scan { plan: packed.compile(), step: Arc::new(packed), carry: widths[0] };
    let inputs = [pack(carry), pack_rows(xs, steps), pack(&shared)];
    let rows = apply(op, &inputs, [steps, widths[0] + width(made)].as_slice().into(), DType::F64);
    let split = widths[0] as isize;
    let last = match steps {
        0 => carry.to_vec(),
        _ => unpack(rows.select(0, -1).slice(0, ..split), &carries),
    };
    (last, unpack(rows.slice(1, split..), made))
}

/// The shape and type of one entry along the first axis.
#[track_caller]
fn entry(k: usize, x: &Var, steps: usize) -> (Shape, DType) {
    let (shape, dtype) = kind(x);
    match shape.split_first() {
        Some((&size, rest)) if size == steps => (rest.into(), dtype),
        _ => shape::fail(format_args!("scan: value {k} of the steps has shape {shape:?}, not {steps} entries")),
    }
}

#[track_caller]
fn check_carry(before: &[(Shape, DType)], after: &[Var]) {
    if before.len() != after.len() {
        shape::fail(format_args!("scan: {} values are carried, the step gives {}", before.len(), after.len()));
    }
    for (k, (before, after)) in before.iter().zip(after).enumerate() {
        let after = kind(after);
        if *before != after {
            shape::fail(format_args!(
                "scan: carried value {k} is {:?} {:?}, the step gives {:?} {:?}",
                before.1, before.0, after.1, after.0
            ));
        }
    }
}
