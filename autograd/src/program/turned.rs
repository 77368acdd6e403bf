//! Copies that nobody needs.
//!
//! The derivative by a weight that a product reads turned is a product that is read turned; where its elements must lie side
//! by side, that is a copy that jumps through memory. A product that all its readers see turned is computed turned,
//! `c^T = b^T a^T`: the same sums in the same order. The copy moves nothing then, and whoever reads it reads the product.

use super::layout::{BufferId, Extent, Place, View};
use super::lower::{Lowered, Step};
use std::collections::HashMap;

/// Turns products and leaves out copies where that changes no result.
pub(super) fn simplify(lowered: &mut Lowered) {
    turn(lowered);
    leave_out_copies(lowered);
}

/// The view with its last two axes exchanged.
fn turned(view: &View) -> View {
    let (mut turned, rank) = (view.clone(), view.shape.len());
    turned.shape.swap(rank - 2, rank - 1);
    turned.strides.swap(rank - 2, rank - 1);
    turned
}

/// A product of matrices and its buffer; those with vectors add in another order when they are turned.
fn product(step: &Step) -> Option<(BufferId, &View)> {
    let Step::Matmul { out, .. } = step else { return None };
    let [.., m, n] = out.shape[..] else { return None };
    out.buffer().filter(|_| m > 1 && n > 1).map(|buffer| (buffer, out))
}

fn turn(lowered: &mut Lowered) {
    // How each product is seen if it is seen turned.
    let mut seen: HashMap<BufferId, View> =
        lowered.steps.iter().filter_map(product).map(|(buffer, out)| (buffer, turned(out))).collect();
    let mut is_read = vec![false; lowered.buffers.len()];
    for view in lowered.steps.iter().flat_map(Step::reads) {
        if let Some(buffer) = view.buffer() {
            is_read[buffer] = true;
            let same = |turned: &View| {
                (turned.offset, &turned.shape, &turned.strides) == (view.offset, &view.shape, &view.strides)
            };
            if !seen.get(&buffer).is_some_and(same) {
                seen.remove(&buffer);
            }
        }
    }
    lowered.outputs.iter().for_each(|output| drop(seen.remove(output)));
    seen.retain(|&buffer, _| is_read[buffer]);
    for step in &mut lowered.steps {
        for view in step.reads_mut() {
            if view.buffer().is_some_and(|buffer| seen.contains_key(&buffer)) {
                *view = View::contiguous(view.place.clone(), view.shape.clone());
            }
        }
        if let Step::Matmul { a, b, out, .. } = step
            && let Some(view) = out.buffer().and_then(|buffer| seen.get(&buffer))
        {
            (*a, *b) = (turned(b), turned(a));
            *out = View::contiguous(view.place.clone(), view.shape.clone());
        }
    }
}

fn leave_out_copies(lowered: &mut Lowered) {
    let mut writes = lowered.touches().writes;
    // The caller reads outputs where they are.
    lowered.outputs.iter().for_each(|&output| writes[output] += 1);
    // For the copies that are left out, what they are copies of, and from where on.
    let mut origin: HashMap<BufferId, (BufferId, usize)> = HashMap::new();
    for mut step in std::mem::take(&mut lowered.steps) {
        for view in step.reads_mut() {
            if let Some(&(buffer, start)) = view.buffer().and_then(|buffer| origin.get(&buffer)) {
                view.place = Place::Buffer(buffer);
                view.offset += start;
            }
        }
        if let Some((copy, buffer, view)) = step.fills(&lowered.buffers, &writes)
            && lowered.buffers[copy].narrow == lowered.buffers[buffer].narrow
        {
            origin.insert(copy, (buffer, view.offset));
            lowered.buffers[copy] = Extent::wide(0);
        } else {
            lowered.steps.push(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::storage::tests::{compare, gradients, single};
    use crate::Var;
    use pyroxene_tensor::DType;

    #[test]
    fn derivatives_by_turned_weights_are_not_copied() {
        let shapes: [&[usize]; 3] = [&[30, 20], &[25, 20], &[40, 25]];
        for dtype in [DType::F64, DType::F32] {
            let text = compare(&shapes, |x| {
                let [x0, x1, x2] = [0, 1, 2].map(|k| x[k].cast(dtype));
                let value = x0.matmul(x1.t()).tanh().matmul(x2.t()).square().sum();
                let all = gradients(value, x);
                let joined: Vec<Var> = all[2..].iter().map(|gradient| gradient.reshape(&[-1])).collect();
                vec![all[0], Var::concat(&joined, 0)]
            });
            let loops = text.split_once("steps:").expect("steps").1.matches("loop over").count();
            // Three of activations and derivatives; in f32 one that rounds the second weights, and one that widens a part.
            assert_eq!(loops, if dtype == DType::F32 { 5 } else { 3 }, "{text}");
        }
    }

    #[test]
    fn products_that_are_read_both_ways_stay() {
        compare(&[&[30, 20], &[20, 25]], |x| {
            let (seen, turned) = (x[0].matmul(x[1]), single(x[0]).matmul(single(x[1])));
            // In part, in a batch, as an output and by a product.
            let part = turned.t().slice(0, 3..9).reshape(&[-1]).exp();
            let batch = x[0].slice(0, ..24).reshape(&[3, 8, 20]).matmul(x[1]).transpose(1, 2).reshape(&[-1]).sin();
            let both = seen.t().reshape(&[-1]).sum() + seen.sum();
            vec![seen.t().matmul(x[0]), part, batch, both, turned.t().reshape(&[-1]), turned]
        });
    }
}
