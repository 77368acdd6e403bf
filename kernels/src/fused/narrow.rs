//! Which loops are computed in lanes of f32.

use super::check::{Read, Write};
use super::places::{Base, Bases};
use super::{Code, Instruction};
use crate::simd::LANES_F32;

/// Shorter loops are computed in f64 throughout: there is little to gain.
const LEAST: usize = 8 * LANES_F32;

/// Whether what varies is to be computed in lanes of f32, in a loop over `len` elements. `spread`: the registers that are the same
/// for all of them.
///
/// Elements are read or written in f32 then, and written in nothing else; every operation is of single precision and exists there;
/// and nothing else is rounded: what is compared, chosen, copied, written or reduced is a number of f32 already, and no constant
/// becomes zero or infinite.
pub(super) fn is_narrow(
    len: usize,
    bases: &Bases,
    inputs: &[Read],
    code: &[Instruction],
    outputs: &[Write],
    spread: &[bool],
) -> bool {
    let reads = inputs.iter().any(|read| read.narrow && !read.layout.is_uniform());
    let mut elements = outputs.iter().filter(|write| write.reduce.is_none()).peekable();
    if len < LEAST || !(reads || elements.peek().is_some()) || !elements.all(|write| write.narrow) {
        return false;
    }
    // Whether the numbers of a register are of f32.
    let mut exact: Vec<bool> = Vec::with_capacity(spread.len());
    for read in inputs {
        let constant = match bases.get(read.base) {
            Base::Data(data) if read.layout.is_uniform() => Some(data[read.layout.offset]),
            _ => None,
        };
        if constant.is_some_and(|x| !is_kept(x)) {
            return false;
        }
        exact.push(read.narrow || constant.is_some_and(|x| f64::from(x as f32) == x || x.is_nan()));
    }
    let mut computes = false;
    for &Instruction { code, dst, args } in code {
        let args = &args[..code.arity()];
        let are_exact = args.iter().all(|&arg| exact[usize::from(arg)]);
        let (exists, is_single, is_truth) = match code {
            Code::Unary(op, precision) => (op.has_narrow(), precision.is_single(), op.returns_bool()),
            Code::Binary(op, precision) => (op.has_narrow(), precision.is_single(), op.returns_bool()),
            Code::Select | Code::Copy => (true, false, false),
        };
        let is_exact = is_single || is_truth || are_exact && matches!(code, Code::Select | Code::Copy);
        if exact.len() <= usize::from(dst) {
            exact.resize(usize::from(dst) + 1, false);
        }
        exact[usize::from(dst)] = is_exact;
        if !spread[usize::from(dst)] {
            let rounds_nothing = is_single && !is_truth || are_exact;
            if !(exists && is_exact && rounds_nothing) {
                return false;
            }
            computes |= code != Code::Copy;
        }
    }
    computes && outputs.iter().all(|write| exact[usize::from(write.register)])
}

/// Whether a constant stays what it is but for rounding.
fn is_kept(x: f64) -> bool {
    let narrow = x as f32;
    x.is_nan() || (narrow == 0.0) == (x == 0.0) && narrow.is_infinite() == x.is_infinite()
}
