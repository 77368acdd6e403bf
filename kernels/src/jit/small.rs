//! Small spaces as straight code: all vectors one after the other, in any layout.
//!
//! Strided and broadcast inputs are loaded as whole vectors, from which permutations take the lanes. Reductions of parts
//! of the space put the elements at the same position of each part into one vector, so that lane `i` computes result `i`.

use super::block::{Block, Node, Value, first};
use super::line::{
    ACCUMULATORS, Form, Group, Input, Line, Spot, Uniform, accumulate, address, fold, load, store, vector,
};
use super::record::reduce;
use crate::fused::Reduce;
use crate::simd::LANES;

/// A lane of a value.
type Lane = (Value, u8);

/// The block of a line of few elements.
pub(super) fn straight(line: &Line, uniform: &Uniform) -> Block {
    let mut block = Block::new(first(LANES));
    let mut values = Vec::with_capacity(line.vectors());
    for number in 0..line.vectors() {
        let elements = number * LANES..line.len.min((number + 1) * LANES);
        let lanes = first(elements.len());
        block.lanes = lanes;
        values.push(vector(line, &mut block, uniform, |block, register| match &line.inputs[register] {
            Input::Varying(spot) => {
                let from = address(spot.moved(elements.start));
                let mask = block.mask(lanes);
                block.push(load(*spot, from, mask))
            }
            Input::Scattered { from, places } => gather(block, *from, places, &places[elements.clone()]),
            Input::Known(numbers) => {
                let mut bits = [0; LANES];
                bits.iter_mut().zip(&numbers[elements.clone()]).for_each(|(to, x)| *to = x.to_bits());
                block.vector(bits)
            }
            Input::Constant(_) | Input::Uniform(_) => unreachable!("uniform inputs have a place"),
        }));
    }
    for output in &line.outputs {
        let x: Vec<Value> =
            values.iter().map(|values| values[usize::from(output.register)].expect("outputs are computed")).collect();
        let element = |element: usize| (x[element / LANES], (element % LANES) as u8);
        match &output.form {
            Form::Elements => {
                for (number, &x) in x.iter().enumerate() {
                    let mask = block.mask(first(LANES.min(line.len - number * LANES)));
                    block.push(store(output.to, address(output.to.moved(number * LANES)), x, mask));
                }
            }
            Form::Accumulated(operation) => {
                for (number, &x) in x.iter().enumerate() {
                    let mask = block.mask(first(LANES.min(line.len - number * LANES)));
                    accumulate(&mut block, *operation, address(output.to.moved(number * LANES)), x, mask);
                }
            }
            Form::Scattered(places) => {
                let places = places.iter().enumerate().map(|(number, &place)| (place, element(number)));
                scatter(&mut block, output.to, places.collect());
            }
            Form::Reduced(operation) => {
                let x = whole(&mut block, *operation, &x, line.len);
                block.push(Node::StoreFirst { to: address(output.to), x });
            }
            Form::Grouped(operation, groups) => {
                for groups in groups.chunks(LANES) {
                    let x = grouped(&mut block, *operation, groups, element);
                    let places = groups.iter().enumerate().map(|(lane, group)| (group.place, (x, lane as u8)));
                    scatter(&mut block, output.to, places.collect());
                }
            }
        }
    }
    block
}

/// The numbers at places of which all are listed in `all`: windows of a vector that are the same for every call.
fn gather(block: &mut Block, from: Spot, all: &[usize], wanted: &[usize]) -> Value {
    let mut sorted = all.to_vec();
    sorted.sort_unstable();
    let mut windows: Vec<(usize, usize)> = vec![];
    for place in sorted {
        match windows.last_mut() {
            Some((start, end)) if place < *start + LANES => *end = place + 1,
            _ => windows.push((place, place + 1)),
        }
    }
    let lanes = wanted.iter().map(|&place| {
        let (start, end) = windows[windows.partition_point(|&(start, _)| start <= place) - 1];
        let mask = block.mask(first(end - start));
        (block.push(load(from, address(from.moved(start)), mask)), (place - start) as u8)
    });
    let lanes: Vec<Lane> = lanes.collect();
    arrange(block, &lanes)
}

/// Writes lanes to places, a window at a time.
fn scatter(block: &mut Block, to: Spot, mut places: Vec<(usize, Lane)>) {
    places.sort_unstable_by_key(|&(place, _)| place);
    let mut rest = &places[..];
    while let Some(&(start, lane)) = rest.first() {
        let count = rest.iter().take_while(|(place, _)| place - start < LANES).count();
        let mut lanes = [lane; LANES];
        let mut used = 0;
        for &(place, lane) in &rest[..count] {
            lanes[place - start] = lane;
            used |= 1u16 << (place - start);
        }
        let x = arrange(block, &lanes);
        let mask = block.mask(used);
        block.push(store(to, address(to.moved(start)), x, mask));
        rest = &rest[count..];
    }
}

/// A vector of the given lanes; what it has past them does not matter.
fn arrange(block: &mut Block, lanes: &[Lane]) -> Value {
    let mut sources: Vec<Value> = lanes.iter().map(|&(x, _)| x).collect();
    sources.sort_unstable();
    sources.dedup();
    let index = |x: Value, other: Option<Value>| {
        let mut indices = [0; LANES];
        for (to, &(source, lane)) in indices.iter_mut().zip(lanes) {
            *to = if source == x {
                lane
            } else if Some(source) == other {
                lane + LANES as u8
            } else {
                0
            };
        }
        indices
    };
    let mut result = match *sources {
        [x] => {
            let in_order = lanes.iter().enumerate().all(|(at, &(_, lane))| at == usize::from(lane));
            return if in_order { x } else { block.push(Node::Permute { indices: index(x, None), x }) };
        }
        [x, y, ..] => block.push(Node::Permute2 { indices: index(x, Some(y)), x, y }),
        [] => unreachable!("there are lanes"),
    };
    for &x in sources.get(2..).unwrap_or_default() {
        let from_x = lanes.iter().enumerate().filter(|(_, (source, _))| *source == x);
        let mask = from_x.fold(0, |mask, (at, _)| mask | 1u16 << at);
        let mask = block.push(Node::Lanes(mask));
        let yes = block.push(Node::Permute { indices: index(x, None), x });
        result = block.push(Node::Select { mask, yes, no: result });
    }
    result
}

/// The reduction of all `len` elements, in the first lane.
fn whole(block: &mut Block, operation: Reduce, x: &[Value], len: usize) -> Value {
    let identity = block.constant(operation.identity());
    let mut accumulators = [None; ACCUMULATORS];
    for (number, &x) in x.iter().enumerate() {
        let before = accumulators[number % ACCUMULATORS].unwrap_or(identity);
        let mut after = reduce(block, operation, before, x);
        if let Some(mask) = block.mask(first(LANES.min(len - number * LANES))) {
            after = block.push(Node::Select { mask, yes: after, no: before });
        }
        accumulators[number % ACCUMULATORS] = Some(after);
    }
    fold(block, operation, accumulators)
}

/// The reductions of groups with the same number of runs and elements, a lane each.
fn grouped(block: &mut Block, operation: Reduce, groups: &[Group], element: impl Fn(usize) -> Lane) -> Value {
    let identity = block.constant(operation.identity());
    let runs = &groups[0].runs;
    let mut result: Option<Value> = None;
    for run in 0..runs.len() {
        // Lane `i mod 8` of accumulator `i / 8 mod 4` of the chunk; what is missing is the identity.
        let mut accumulators = [[None; LANES]; ACCUMULATORS];
        for position in 0..runs[run].len() {
            let lanes: Vec<Lane> = groups.iter().map(|group| element(group.runs[run][position])).collect();
            let x = arrange(block, &lanes);
            let accumulator = &mut accumulators[position / LANES % ACCUMULATORS][position % LANES];
            *accumulator = Some(reduce(block, operation, accumulator.unwrap_or(identity), x));
        }
        let of_run = combine(block, operation, accumulators);
        result = Some(match result {
            None if runs.len() == 1 => of_run,
            before => reduce(block, operation, before.unwrap_or(identity), of_run),
        });
    }
    result.unwrap_or(identity)
}

/// The tree over accumulators and lanes, where every lane is a vector.
fn combine(block: &mut Block, operation: Reduce, [a, b, c, d]: [[Option<Value>; LANES]; ACCUMULATORS]) -> Value {
    let mut pair = |x: Option<Value>, y: Option<Value>| match (x, y) {
        (Some(x), Some(y)) => Some(reduce(block, operation, x, y)),
        (x, y) => x.or(y),
    };
    let lanes: Vec<Option<Value>> = (0..LANES)
        .map(|lane| {
            let (left, right) = (pair(a[lane], b[lane]), pair(c[lane], d[lane]));
            pair(left, right)
        })
        .collect();
    let mut quarter = |i: usize| {
        let (left, right) = (pair(lanes[i], lanes[i + 4]), pair(lanes[i + 2], lanes[i + 6]));
        pair(left, right)
    };
    let (even, odd) = (quarter(0), quarter(1));
    pair(even, odd).expect("a run has elements")
}
