//! Products that run as soon as they can.
//!
//! The schedule does first what the most work waits for; derivatives by weights, for which nothing waits, come last, when
//! their factors have long left the cache. A product that reads a large factor as the last runs right after the step that
//! makes the other factor: both are near then, and the memory is free for what follows.

use super::layout::{LARGE, View};
use super::lower::{Lowered, Step};

/// Moves products forward where that frees more memory than it takes.
pub(super) fn advance(lowered: &mut Lowered) {
    let mut written = vec![0; lowered.buffers.len()];
    // Reads that are still to come. Nobody frees what lies with the caller.
    let mut left = lowered.touches().reads;
    lowered.inputs.iter().for_each(|&buffer| left[buffer] += 1);
    // The place of each step, as the number of the one that it follows. Steps that stay follow those before them.
    let mut places: Vec<(usize, usize)> = Vec::with_capacity(lowered.steps.len());
    for (position, step) in lowered.steps.iter().enumerate() {
        let reads: Vec<usize> = step.reads().into_iter().filter_map(View::buffer).collect();
        reads.iter().for_each(|&buffer| left[buffer] -= 1);
        let ready = reads.iter().map(|&buffer| written[buffer]).max().unwrap_or(0);
        let freed: usize =
            reads.iter().filter(|&&buffer| left[buffer] == 0).map(|&buffer| lowered.buffers[buffer].slots()).sum();
        let moves = match step {
            Step::Matmul { out, .. } => freed >= LARGE && freed > out.len(),
            _ => false,
        };
        let place = if moves { ready } else { position };
        step.writes().into_iter().for_each(|buffer| written[buffer] = written[buffer].max(place));
        places.push((place, position));
    }
    let mut steps: Vec<((usize, usize), Step)> = places.into_iter().zip(std::mem::take(&mut lowered.steps)).collect();
    steps.sort_by_key(|&(place, _)| place);
    lowered.steps = steps.into_iter().map(|(_, step)| step).collect();
}

#[cfg(test)]
mod tests {
    use super::super::storage::tests::{compare, gradients};

    #[test]
    fn large_factors_are_freed_early() {
        let shapes: [&[usize]; 3] = [&[64, 50], &[50, 90], &[90, 20]];
        let text = compare(&shapes, |x| {
            let hidden = x[0].matmul(x[1]).softplus();
            gradients(hidden.matmul(x[2]).square().sum(), x)
        });
        // The derivative by the last weights reads the hidden layer as the last.
        let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} in {text}"));
        let steps = place("steps:");
        let [last, first] = ["out3[90, 20] = ", "out1[64, 50] = "].map(place);
        assert!(steps < last && last < first, "{text}");
    }
}
