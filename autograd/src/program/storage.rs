//! Which buffers hold f32.
//!
//! A product in f32 rounds its factors, and its result is exact in f32. So a result that only loops and such products read is
//! kept in f32, and loops widen what they read of it. A factor that loops write is written rounded: also rounded, if others
//! read it. And a factor that comes from elsewhere is rounded once, by a copy, if products would round more numbers than there
//! are. Nothing of that is rounded but what every product that reads it would round, so no bit of a result changes.
//!
//! Inputs that are f32 are read where they lie by loops and products in f32; for others they are widened.
//!
//! Large results of loops that are f32 on the tape are rounded to it even so, where loops and products in f32 alone read them:
//! the time of such loops is that of reading and writing.

use super::layout::{BufferId, Extent, LARGE, Place, View, row_major};
use super::lower::{LoopStep, Lowered, Step, Store};
use pyroxene_tensor::Shape;
use std::collections::HashMap;

/// Makes buffers f32 where that changes no result, or only rounds what is f32 on the tape.
pub(super) fn narrow(lowered: &mut Lowered) {
    read_inputs(lowered);
    // For each buffer the one that holds its numbers rounded.
    let mut rounded: Vec<Option<BufferId>> = vec![None; lowered.buffers.len()];
    for (buffer, uses) in uses(lowered).into_iter().enumerate() {
        let Extent { len, single, narrow } = lowered.buffers[buffer];
        if narrow {
            continue;
        }
        match uses.kept(single && len >= LARGE) {
            Kept::Wide => {}
            Kept::Narrow => lowered.buffers[buffer] = Extent::narrow(len),
            Kept::Both => rounded[buffer] = Some(lowered.add(Extent::narrow(len))),
        }
    }
    for step in &mut lowered.steps {
        if let Step::Loop(LoopStep { outputs, .. }) = step {
            let also =
                |store: &Store| rounded[store.out].map(|out| Store { out, strides: store.strides.clone(), ..*store });
            let also: Vec<Store> = outputs.iter().filter_map(also).collect();
            outputs.extend(also);
        }
        for (factor, _) in factors(step) {
            if let Place::Buffer(buffer) = &mut factor.place {
                *buffer = rounded[*buffer].unwrap_or(*buffer);
            }
        }
    }
    copies(lowered);
}

/// Lets loops and factors read what is f32 instead of widened copies, and leaves out those that nobody else reads.
fn read_inputs(lowered: &mut Lowered) {
    let touches = lowered.touches();
    let is_narrow = |buffer: BufferId| lowered.buffers[buffer].narrow;
    // For each widened copy what it is a copy of.
    let mut origin: HashMap<BufferId, BufferId> = HashMap::new();
    for step in &lowered.steps {
        if let Some((copy, buffer, view)) = step.fills(&lowered.buffers, &touches.writes)
            && is_narrow(buffer)
            && !is_narrow(copy)
            && view.offset == 0
        {
            origin.insert(copy, buffer);
        }
    }
    for step in &mut lowered.steps {
        let views: Vec<&mut View> = match step {
            Step::Loop(step) => step.inputs.iter_mut().collect(),
            step => factors(step).into_iter().map(|(factor, _)| factor).collect(),
        };
        for view in views {
            if let Place::Buffer(buffer) = &mut view.place {
                *buffer = *origin.get(buffer).unwrap_or(buffer);
            }
        }
    }
    let touches = lowered.touches();
    let unread =
        |step: &Step| matches!(&step.writes()[..], [copy] if origin.contains_key(copy) && touches.reads[*copy] == 0);
    lowered.steps.retain(|step| !unread(step));
    for &copy in origin.keys().filter(|&&copy| touches.reads[copy] == 0) {
        lowered.buffers[copy] = Extent::wide(0);
    }
}

/// How a buffer is kept.
enum Kept {
    Wide,
    Narrow,
    /// In f64, and in f32 beside it.
    Both,
}

/// How often a buffer is written and read by whom.
#[derive(Clone, Copy, Default)]
struct Uses {
    /// Writes by products in f32, by loops element by element, and by others: also the caller, who writes inputs.
    products: usize,
    loops: usize,
    others: usize,
    /// Reads by products in f32, by loops, and by others: also the caller, who reads outputs.
    factor_reads: usize,
    loop_reads: usize,
    other_reads: usize,
}

impl Uses {
    /// `rounded`: whether the numbers may be rounded, and are worth it.
    fn kept(self, rounded: bool) -> Kept {
        let Uses { products, loops, others, factor_reads, loop_reads, other_reads } = self;
        match (products, loops, others) {
            (1.., 0, 0) if other_reads == 0 => Kept::Narrow,
            (0, 1.., 0) if factor_reads > 0 && loop_reads + other_reads == 0 => Kept::Narrow,
            (0, 1.., 0) if rounded && other_reads == 0 => Kept::Narrow,
            (0, 1.., 0) if factor_reads > 0 => Kept::Both,
            _ => Kept::Wide,
        }
    }
}

fn uses(lowered: &Lowered) -> Vec<Uses> {
    let mut uses = vec![Uses::default(); lowered.buffers.len()];
    lowered.inputs.iter().for_each(|&input| uses[input].others += 1);
    lowered.outputs.iter().for_each(|&output| uses[output].other_reads += 1);
    for step in &lowered.steps {
        let is_product = matches!(step, Step::Matmul { single: true, .. });
        for buffer in step.reads().into_iter().filter_map(View::buffer) {
            let uses = &mut uses[buffer];
            *match step {
                Step::Matmul { out, .. } if is_product && is_matrix(out) => &mut uses.factor_reads,
                Step::Loop(_) => &mut uses.loop_reads,
                _ => &mut uses.other_reads,
            } += 1;
        }
        if let Step::Loop(LoopStep { outputs, .. }) = step {
            for store in outputs {
                let uses = &mut uses[store.out];
                *if store.reduce.is_none() { &mut uses.loops } else { &mut uses.others } += 1;
            }
        } else {
            for out in step.writes() {
                *if is_product { &mut uses[out].products } else { &mut uses[out].others } += 1;
            }
        }
    }
    uses
}

/// Whether it has several rows and columns. (A product with a vector converts the vector, which is no work.)
fn is_matrix(view: &View) -> bool {
    let [.., m, n] = view.shape[..] else { unreachable!("products are of matrices") };
    m > 1 && n > 1
}

/// The factors of a product in f32, and how many numbers it rounds of each that is stored in f64.
fn factors(step: &mut Step) -> Vec<(&mut View, usize)> {
    let Step::Matmul { a, b, out, single: true } = step else { return vec![] };
    if !is_matrix(out) {
        return vec![];
    }
    let batch: usize = out.shape[..out.shape.len() - 2].iter().product();
    let factors = [a, b].into_iter().map(|factor| {
        let matrix: usize = factor.shape[factor.shape.len() - 2..].iter().product();
        (factor, batch * matrix)
    });
    factors.collect()
}

/// Part of a buffer in f64 that products read, from its first element to behind its last.
struct Part {
    buffer: BufferId,
    start: usize,
    end: usize,
    /// How many numbers are rounded when each product rounds its factors.
    work: usize,
    /// The first step that reads it.
    step: usize,
}

/// Rounds factors in f64 once, where that is less work.
fn copies(lowered: &mut Lowered) {
    let mut parts: Vec<Part> = vec![];
    for (position, step) in lowered.steps.iter_mut().enumerate() {
        for (factor, work) in factors(step) {
            if let Some(buffer) = factor.buffer().filter(|&buffer| !lowered.buffers[buffer].narrow) {
                let (start, last) = factor.ends();
                parts.push(Part { buffer, start: start as usize, end: last as usize + 1, work, step: position });
            }
        }
    }
    // Parts that overlap are rounded together.
    parts.sort_by_key(|part| (part.buffer, part.start));
    let mut joined: Vec<Part> = vec![];
    for part in parts {
        match joined.last_mut() {
            Some(last) if last.buffer == part.buffer && part.start < last.end => {
                last.end = last.end.max(part.end);
                last.work += part.work;
                last.step = last.step.min(part.step);
            }
            _ => joined.push(part),
        }
    }
    joined.retain(|part| part.work > part.end - part.start);
    joined.sort_by_key(|part| part.step);
    let rounded: Vec<BufferId> = joined.iter().map(|part| lowered.add(Extent::narrow(part.end - part.start))).collect();
    for (factor, _) in lowered.steps.iter_mut().flat_map(factors) {
        let Some(buffer) = factor.buffer() else { continue };
        let within = |part: &Part| part.buffer == buffer && (part.start..part.end).contains(&factor.offset);
        if let Some(number) = joined.iter().position(within) {
            factor.place = Place::Buffer(rounded[number]);
            factor.offset -= joined[number].start;
        }
    }
    let mut copies = joined.into_iter().zip(rounded).peekable();
    for (position, step) in std::mem::take(&mut lowered.steps).into_iter().enumerate() {
        while let Some((part, out)) = copies.next_if(|(part, _)| part.step == position) {
            lowered.steps.push(Step::Loop(part.rounded(out)));
        }
        lowered.steps.push(step);
    }
}

impl Part {
    fn rounded(&self, out: BufferId) -> LoopStep {
        let shape: Shape = [self.end - self.start].as_slice().into();
        let strides = row_major(&shape);
        let store = Store { register: 0, out, offset: 0, strides: strides.to_vec(), reduce: None };
        let from = View { place: Place::Buffer(self.buffer), offset: self.start, shape: shape.clone(), strides };
        LoopStep { shape, inputs: vec![from], code: vec![], outputs: vec![store] }
    }
}

#[cfg(test)]
pub(super) mod tests;
