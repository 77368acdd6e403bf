//! Parts that are made where they belong.
//!
//! A buffer that is joined of parts (a gradient by all parameters, say) is filled by copies. A part that nobody else reads
//! needs none: the step that makes it writes it where the copy would.

use super::layout::{BufferId, Extent, Place};
use super::lower::{Lowered, Step};
use std::collections::HashMap;
use std::ops::Range;

/// A copy of a whole buffer to a part of another.
struct Copy {
    from: BufferId,
    to: BufferId,
    part: Range<usize>,
}

impl Copy {
    /// The loop as such a copy, if it is one.
    fn of(step: &Step, buffers: &[Extent]) -> Option<Copy> {
        let Step::Loop(step) = step else { return None };
        let (view, store) = step.copied()?;
        let from = view.buffer()?;
        let whole = view.offset == 0 && view.len() == buffers[from].len;
        whole.then(|| Copy { from, to: store.out, part: store.offset..store.offset + view.len() })
    }
}

/// Leaves out copies to parts of buffers.
pub(super) fn place(lowered: &mut Lowered) {
    let touches = lowered.touches();
    let copies: Vec<Option<Copy>> = lowered.steps.iter().map(|step| Copy::of(step, &lowered.buffers)).collect();
    // Parts are written in any order only where nothing else is: no zeros beneath, no part over another.
    let mut parts: HashMap<BufferId, Vec<Range<usize>>> = HashMap::new();
    copies.iter().flatten().for_each(|copy| parts.entry(copy.to).or_default().push(copy.part.clone()));
    parts.retain(|&buffer, parts| {
        parts.sort_by_key(|part| (part.start, part.end));
        parts.len() == touches.writes[buffer] && parts.windows(2).all(|pair| pair[0].end <= pair[1].start)
    });
    let is_made_by_one = |step: &Step| matches!(step, Step::Loop(_) | Step::Matmul { .. });
    let makers = lowered.steps.iter().filter(|step| is_made_by_one(step)).flat_map(Step::writes);
    let mut is_made = vec![false; lowered.buffers.len()];
    makers.for_each(|buffer| is_made[buffer] = true);
    // Where the parts that are made in place go.
    let mut placed: HashMap<BufferId, (BufferId, usize)> = HashMap::new();
    let steps = std::mem::take(&mut lowered.steps).into_iter().zip(copies);
    let kept = steps.filter_map(|(step, copy)| {
        let Some(Copy { from, to, part }) = copy else { return Some(step) };
        let (source, target) = (lowered.buffers[from], lowered.buffers[to]);
        let alone = touches.writes[from] == 1 && touches.reads[from] == 1 && is_made[from];
        if !(alone && source.narrow == target.narrow && parts.contains_key(&to)) {
            return Some(step);
        }
        placed.insert(from, (to, part.start));
        lowered.buffers[from] = Extent::wide(0);
        None
    });
    lowered.steps = kept.collect();
    for step in &mut lowered.steps {
        match step {
            Step::Loop(step) => {
                for store in &mut step.outputs {
                    if let Some(&(to, start)) = placed.get(&store.out) {
                        store.out = to;
                        store.offset += start;
                    }
                }
            }
            Step::Matmul { out, .. } => {
                if let Some(&(to, start)) = out.buffer().and_then(|buffer| placed.get(&buffer)) {
                    out.place = Place::Buffer(to);
                    out.offset += start;
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::storage::tests::{compare, gradients, single};
    use crate::Var;

    fn joined(parts: &[Var]) -> Var {
        let flat: Vec<Var> = parts.iter().map(|part| part.reshape(&[-1])).collect();
        Var::concat(&flat, 0)
    }

    fn loops(text: &str) -> usize {
        text.split_once("steps:").expect("steps").1.matches("loop over").count()
    }

    #[test]
    fn products_and_loops_write_where_parts_are_joined() {
        let text =
            compare(&[&[30, 20], &[20, 40], &[300]], |x| vec![joined(&[x[2].sin(), x[0].matmul(x[1]), x[2].cos()])]);
        assert!(text.contains("out0[30, 40] from 300 = in0[30, 20] x in1[20, 40]"), "{text}");
        assert!(text.contains("out0 from 1500 = r2") && loops(&text) == 1, "{text}");
    }

    #[test]
    fn parts_that_others_read_or_that_lie_over_others_are_copied() {
        compare(&[&[6, 8], &[8, 5], &[40]], |x| {
            let product = x[0].matmul(x[1]);
            let twice = x[2].exp();
            // The same part twice, a part of a part, parts in other orders, zeros beneath, an input, a constant.
            let parts = [twice, twice, x[2].slice(0, 3..9).sin(), product.t(), x[2], Var::zeros(&[3])];
            let padded = grad_of_slice(x[2]);
            vec![joined(&parts), padded, product.exp()]
        });
    }

    fn grad_of_slice(x: Var) -> Var {
        crate::grad(x.slice(0, 4..9).exp().sum() + x.slice(0, 20..23).square().sum(), &[x])[0]
    }

    #[test]
    fn gradients_of_networks_are_made_where_they_are_joined() {
        let shapes: [&[usize]; 4] = [&[50, 36], &[36, 20], &[20, 12], &[20]];
        let text = compare(&shapes, |x| {
            let x: Vec<Var> = x.iter().copied().map(single).collect();
            let value = ((x[0].matmul(x[1]) + x[3]).tanh().matmul(x[2])).square().sum();
            vec![joined(&gradients(value, &x)[1..])]
        });
        assert!(loops(&text) > 0, "{text}");
    }
}
