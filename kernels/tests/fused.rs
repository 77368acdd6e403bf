//! Fused kernels against element-by-element evaluation, on random plans.

use proptest::prelude::*;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::fused::{
    Code, FusedKernel, Input, Instruction, Loop, Output, Places, Reduce, Scratch, Source, Target,
};
use pyroxene_kernels::{Binary, Isa, Precision, Unary, reduce};
use std::ops::Range;

#[path = "common/plans.rs"]
mod plans;

use plans::{Rng, same, same_halves};

impl Rng {
    fn value(&mut self) -> f64 {
        match self.below(12) {
            0 => 0.0,
            1 => -0.0,
            2 => 1.0,
            3 => f64::INFINITY,
            _ => (self.below(4001) as f64 - 2000.0) / 512.0,
        }
    }

    /// Two f32 in the place of an f64.
    fn pair(&mut self) -> f64 {
        const RARE: [f32; 6] = [0.0, f32::NAN, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE, 1e-42];
        let [a, b] = [0; 2].map(|_: i32| {
            let x = if self.below(6) == 0 { RARE[self.below(6)] } else { self.value() as f32 };
            u64::from(x.to_bits())
        });
        f64::from_bits(a << 32 | b)
    }
}

/// Strides of a packed tensor whose dimensions are stored in a random order, some of them broadcast (stride 0), some
/// backwards; with the offset of its first element and its length.
fn random_strides(rng: &mut Rng, dims: &[usize], broadcast: &[bool], shuffle: bool) -> (usize, Vec<isize>, usize) {
    let mut order: Vec<usize> = (0..dims.len()).collect();
    if shuffle {
        for i in (1..order.len()).rev() {
            order.swap(i, rng.below(i + 1));
        }
    }
    let (mut strides, mut offset, mut len) = (vec![0isize; dims.len()], 0, 1);
    for d in order.into_iter().rev().filter(|d| !broadcast[*d]) {
        strides[d] = len as isize;
        if shuffle && rng.below(4) == 0 {
            offset += (dims[d].max(1) - 1) * len;
            strides[d] = -strides[d];
        }
        len *= dims[d];
        if shuffle && rng.below(4) == 0 {
            len += 1;
        }
    }
    (offset, strides, len)
}

/// The slices of a run.
#[derive(Clone)]
struct Slices {
    memory: Vec<f64>,
    inputs: Vec<Vec<f64>>,
    outputs: Vec<Vec<f64>>,
    /// The parts of all that hold f32.
    narrow: Vec<Range<usize>>,
}

impl Slices {
    fn run(&mut self, kernel: &FusedKernel, isa: Isa, scratch: &mut Scratch) {
        let inputs: Vec<&[f64]> = self.inputs.iter().map(Vec::as_slice).collect();
        let mut outputs: Vec<&mut [f64]> = self.outputs.iter_mut().map(Vec::as_mut_slice).collect();
        kernel.run_on(isa, scratch, Places { memory: &mut self.memory, inputs: &inputs, outputs: &mut outputs });
    }

    fn read(&self, source: &Source, place: usize) -> f64 {
        let half = |slots: &[f64]| f32::from_bits((slots[place / 2].to_bits() >> (place % 2 * 32)) as u32).into();
        match source {
            Source::Memory(_) => self.memory[place],
            Source::Narrow(_) => half(&self.memory),
            Source::Argument(k, _) => self.inputs[*k][place],
            Source::NarrowArgument(k, _) => half(&self.inputs[*k]),
            Source::Result(k, _) => self.outputs[*k][place],
            Source::NarrowResult(k, _) => half(&self.outputs[*k]),
            Source::Data(data, _) => data[place],
        }
    }

    fn write(&mut self, target: Target, place: usize, x: f64) {
        let half = |slots: &mut [f64]| {
            let (both, shift) = (&mut slots[place / 2], place % 2 * 32);
            let other = both.to_bits() & !(u64::from(u32::MAX) << shift);
            *both = f64::from_bits(other | u64::from((x as f32).to_bits()) << shift);
        };
        match target {
            Target::Memory(_) => self.memory[place] = x,
            Target::Narrow(_) => half(&mut self.memory),
            Target::Result(k, _) => self.outputs[k][place] = x,
            Target::NarrowResult(k, _) => half(&mut self.outputs[k]),
        }
    }

    fn values(&self) -> impl Iterator<Item = &f64> {
        self.memory.iter().chain(self.inputs.iter().flatten()).chain(self.outputs.iter().flatten())
    }
}

/// Every other plan is such as lanes of f32 may compute.
fn random_plan(rng: &mut Rng) -> (Loop, Slices) {
    let is_single = rng.below(2) == 0;
    const SIZES: [usize; 12] = [1, 2, 3, 5, 7, 8, 9, 16, 40, 70, 513, 1100];
    let mut dims: Vec<usize> = vec![];
    for _ in 0..rng.below(5) {
        let size = if rng.below(40) == 0 { 0 } else { SIZES[rng.below(SIZES.len())] };
        // An empty dimension does not excuse the others from being small.
        if dims.iter().map(|d| d.max(&1)).product::<usize>() * size <= 4000 {
            dims.push(size);
        }
    }
    let mut narrow = vec![];
    // Of the memory, two inputs and two outputs.
    let mut lens = [(); 5].map(|()| rng.below(3));
    let mut part = |which: usize, len: usize, gap: usize| {
        lens[which] += len + gap;
        lens[which] - len - gap
    };
    let mut inputs = vec![];
    for _ in 0..1 + rng.below(4) {
        let kind = rng.below(4);
        let broadcast: Vec<bool> = dims.iter().map(|_| kind == 0 || kind == 1 && rng.below(2) == 0).collect();
        let shuffle = rng.below(3) == 0;
        let (offset, strides, len) = random_strides(rng, &dims, &broadcast, shuffle);
        let mut halves = |which: usize| {
            let (start, slots) = (part(which, len.div_ceil(2), 0), len.div_ceil(2));
            narrow.push((which, start..start + slots));
            2 * start + offset
        };
        let kind = if is_single && rng.below(8) > 0 { 6 + rng.below(4) } else { rng.below(13) };
        let source = match kind {
            0 | 1 => Source::Data((0..len).map(|_| rng.value()).collect::<Buffer<f64>>(), offset),
            k @ (2 | 3) => Source::Argument(k - 2, part(k - 1, len, 0) + offset),
            k @ (4 | 5) => Source::Result(k - 4, part(k - 1, len, 0) + offset),
            6 | 7 => Source::Narrow(halves(0)),
            8 => Source::NarrowArgument(1, halves(2)),
            9 => Source::NarrowResult(0, halves(3)),
            _ => Source::Memory(part(0, len, 0) + offset),
        };
        inputs.push(Input { source, strides });
    }
    const UNARY: [Unary; 6] = [Unary::Neg, Unary::Exp, Unary::Abs, Unary::Floor, Unary::Softplus, Unary::IsNan];
    const BINARY: [Binary; 6] = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Max, Binary::Less];
    const PRECISION: [Precision; 2] = [Precision::Double, Precision::Single];
    let mut code = vec![];
    let mut registers = inputs.len();
    for _ in 0..rng.below(12) {
        let args = [0; 3].map(|_: u16| rng.below(registers) as u16);
        let op = match rng.below(8) {
            0..3 => Code::Unary(UNARY[rng.below(6)], PRECISION[rng.below(2).max(usize::from(is_single))]),
            3..6 => Code::Binary(BINARY[rng.below(6)], PRECISION[rng.below(2).max(usize::from(is_single))]),
            6 => Code::Select,
            _ => Code::Copy,
        };
        code.push(Instruction { code: op, dst: registers as u16, args });
        registers += 1;
    }
    let mut outputs = vec![];
    for _ in 0..1 + rng.below(4) {
        let first = if is_single { inputs.len().min(registers - 1) } else { 0 };
        let register = (first + rng.below(registers - first)) as u16;
        let reduce = [None, Some(Reduce::Sum), Some(Reduce::Max), Some(Reduce::Min), Some(Reduce::Prod)][rng.below(5)];
        let full = rng.below(3) == 0;
        let reduced: Vec<bool> = dims.iter().map(|_| reduce.is_some() && (full || rng.below(2) == 0)).collect();
        let shuffle = rng.below(3) == 0;
        let (offset, strides, len) = random_strides(rng, &dims, &reduced, shuffle);
        let gap = rng.below(2);
        let mut halves = |which: usize| {
            let (start, slots) = (part(which, len.div_ceil(2), gap), len.div_ceil(2));
            narrow.push((which, start..start + slots));
            2 * start + offset
        };
        let kind = if is_single && reduce.is_none() { 2 + rng.below(3) } else { rng.below(7) };
        let target = match kind {
            k @ (0 | 1) => Target::Result(k, part(k + 3, len, gap) + offset),
            2 | 3 if reduce.is_none() => Target::Narrow(halves(0)),
            4 if reduce.is_none() => Target::NarrowResult(1, halves(4)),
            _ => Target::Memory(part(0, len, gap) + offset),
        };
        outputs.push(Output { register, target, strides, reduce });
    }
    let mut slices = lens.map(|len| (0..len).map(|_| rng.value()).collect::<Vec<f64>>());
    for (which, part) in &narrow {
        slices[*which][part.clone()].fill_with(|| rng.pair());
    }
    let before = |which: usize| lens[..which].iter().sum::<usize>();
    let narrow = narrow.into_iter().map(|(which, part)| before(which) + part.start..before(which) + part.end).collect();
    let [memory, a, b, c, d] = slices;
    (Loop { dims, inputs, code, outputs }, Slices { memory, inputs: vec![a, b], outputs: vec![c, d], narrow })
}

/// All places of a layout in row-major order of the space.
fn places(dims: &[usize], offset: usize, strides: &[isize]) -> Vec<usize> {
    let len: usize = dims.iter().product();
    (0..len)
        .map(|mut i| {
            let mut place = offset as isize;
            for d in (0..dims.len()).rev() {
                place += (i % dims[d]) as isize * strides[d];
                i /= dims[d];
            }
            place as usize
        })
        .collect()
}

fn eval(code: Code, x: f64, y: f64, z: f64) -> f64 {
    match code {
        Code::Unary(op, Precision::Double) => op.eval(x),
        Code::Unary(op, Precision::Single) => op.eval_single(x),
        Code::Binary(op, Precision::Double) => op.eval(x, y),
        Code::Binary(op, Precision::Single) => op.eval_single(x, y),
        Code::Select => {
            if x != 0.0 {
                y
            } else {
                z
            }
        }
        Code::Copy => x,
    }
}

/// As [`eval`] in lanes of f32.
fn eval_narrow(code: Code, x: f64, y: f64, z: f64) -> f64 {
    match code {
        Code::Unary(op, _) => op.eval_narrow(x as f32).into(),
        Code::Binary(op, _) => op.eval_narrow(x as f32, y as f32).into(),
        Code::Select | Code::Copy => eval(code, rounded(x), rounded(y), rounded(z)),
    }
}

fn rounded(x: f64) -> f64 {
    f64::from(x as f32)
}

/// The documented meaning, one whole array a register.
fn naive(plan: &Loop, is_narrow: bool, slices: &mut Slices) {
    let len: usize = plan.dims.iter().product();
    let mut registers: Vec<Vec<f64>> = vec![];
    // Whether a register is the same for all elements.
    let is_uniform =
        |input: &Input| plan.dims.iter().zip(&input.strides).all(|(dim, stride)| *dim == 1 || *stride == 0);
    let mut uniform: Vec<bool> = plan.inputs.iter().map(is_uniform).collect();
    for input in &plan.inputs {
        let (Source::Memory(offset)
        | Source::Narrow(offset)
        | Source::Argument(_, offset)
        | Source::NarrowArgument(_, offset)
        | Source::Result(_, offset)
        | Source::NarrowResult(_, offset)
        | Source::Data(_, offset)) = &input.source;
        let places = places(&plan.dims, *offset, &input.strides);
        registers.push(places.into_iter().map(|place| slices.read(&input.source, place)).collect());
    }
    for Instruction { code, args, .. } in &plan.code {
        let [x, y, z] = args.map(|a| &registers[usize::from(a)]);
        uniform.push(args[..code.arity()].iter().all(|&arg| uniform[usize::from(arg)]));
        let eval = if is_narrow && uniform.last() == Some(&false) { eval_narrow } else { eval };
        registers.push((0..len).map(|i| eval(*code, x[i], y[i], z[i])).collect());
    }
    for output in &plan.outputs {
        let mut values = registers[usize::from(output.register)].clone();
        if is_narrow {
            values.iter_mut().for_each(|value| *value = rounded(*value));
        }
        let (Target::Memory(offset)
        | Target::Narrow(offset)
        | Target::Result(_, offset)
        | Target::NarrowResult(_, offset)) = output.target;
        let places_of = places(&plan.dims, offset, &output.strides);
        let Some(reduce) = output.reduce else {
            places_of.iter().zip(&values).for_each(|(place, value)| slices.write(output.target, *place, *value));
            continue;
        };
        let kept: Vec<usize> =
            plan.dims.iter().zip(&output.strides).map(|(d, s)| if *s == 0 { 1 } else { *d }).collect();
        // The run of innermost reduced dimensions.
        let mut run = 1;
        for (dim, stride) in plan.dims.iter().zip(&output.strides).rev() {
            if *stride != 0 && *dim != 1 {
                break;
            }
            run *= dim;
        }
        // Each place of `kept` is written once, so the results of runs can be told by place.
        let mut runs: std::collections::HashMap<usize, Vec<f64>> =
            places(&kept, offset, &output.strides).into_iter().map(|place| (place, vec![])).collect();
        for (places, values) in places_of.chunks(run.max(1)).zip(values.chunks(run.max(1))) {
            let mut result = [0.0];
            let x = reduce::Strided { data: values, offset: 0, dims: &[values.len()], strides: &[1] };
            reduce::axes_on(Isa::Scalar, reduce, x, &[true], &mut result);
            runs.get_mut(&places[0]).expect("a kept place").push(result[0]);
        }
        for (place, results) in runs {
            let combine = |a: f64, b: f64| combine(reduce, a, b);
            let result = match results[..] {
                // The result of a run is not combined with anything.
                [one] => one,
                _ => {
                    let block = |x: &[f64]| x.iter().fold(reduce.identity(), |a, b| combine(a, *b));
                    let blocks: Vec<f64> = results.chunks(reduce::ROWS).map(block).collect();
                    if blocks.is_empty() { reduce.identity() } else { tree(&blocks, &combine) }
                }
            };
            slices.write(output.target, place, result);
        }
    }
}

fn combine(reduce: Reduce, a: f64, b: f64) -> f64 {
    match reduce {
        Reduce::Sum => a + b,
        Reduce::Prod => a * b,
        Reduce::Max => Binary::Max.eval(a, b),
        Reduce::Min => Binary::Min.eval(a, b),
    }
}

/// Splits at the greatest power of two below the number of blocks.
fn tree(blocks: &[f64], combine: &impl Fn(f64, f64) -> f64) -> f64 {
    match blocks {
        [one] => *one,
        _ => {
            let (a, b) = blocks.split_at(blocks.len().next_power_of_two() / 2);
            combine(tree(a, combine), tree(b, combine))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn random_plans_do_what_is_documented(seed: u64) {
        let mut rng = Rng(seed);
        let (plan, slices) = random_plan(&mut rng);
        let mut want = slices.clone();
        let kernel = FusedKernel::new(plan.clone());
        naive(&plan, kernel.is_narrow(), &mut want);
        prop_assert!(kernel.memory_len() <= slices.memory.len());
        let mut scratch = Scratch::new();
        scratch.reserve(&kernel);
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
            // Twice: a run leaves nothing behind in the scratch.
            for _ in 0..2 {
                let mut got = slices.clone();
                got.run(&kernel, isa, &mut scratch);
                for (i, (got, want)) in got.values().zip(want.values()).enumerate() {
                    let is_narrow = slices.narrow.iter().any(|part| part.contains(&i));
                    let is_same = if is_narrow { same_halves(*got, *want) } else { same(*got, *want) };
                    prop_assert!(is_same, "{isa:?}, place {i} of all: {got} for {want} in {plan:?}");
                }
            }
        }
    }
}

fn copy_plan(n: usize) -> Loop {
    Loop {
        dims: vec![n],
        inputs: vec![Input { source: Source::Memory(0), strides: vec![1] }],
        code: vec![],
        outputs: vec![Output { register: 0, target: Target::Memory(n), strides: vec![1], reduce: None }],
    }
}

#[test]
fn one_scratch_serves_kernels_of_any_size() {
    let kernels = [1, 700, 3].map(|n| FusedKernel::new(copy_plan(n)));
    let mut scratch = Scratch::new();
    kernels.iter().for_each(|kernel| scratch.reserve(kernel));
    for kernel in &kernels {
        let half = kernel.memory_len() / 2;
        let mut memory: Vec<f64> = (0..2 * half).map(|i| i as f64).collect();
        kernel.run(&mut scratch, Places::memory(&mut memory));
        assert_eq!(memory[..half], memory[half..]);
    }
}

#[test]
fn full_sum_has_the_bits_of_the_reduction() {
    for n in [0, 1, 7, 8, 511, 512, 513, 5000, 100_001] {
        let kernel = FusedKernel::new(Loop {
            dims: vec![n],
            inputs: vec![Input { source: Source::Memory(1), strides: vec![1] }],
            code: vec![],
            outputs: vec![Output {
                register: 0,
                target: Target::Memory(0),
                strides: vec![0],
                reduce: Some(Reduce::Sum),
            }],
        });
        let mut scratch = Scratch::new();
        scratch.reserve(&kernel);
        let mut memory: Vec<f64> = (0..=n).map(|i| 1.0 / (1.0 + i as f64)).collect();
        kernel.run(&mut scratch, Places::memory(&mut memory));
        assert_eq!(memory[0].to_bits(), reduce::sum(&memory[1..]).to_bits());
    }
}

#[test]
fn columns_of_one_matrix_are_disjoint() {
    // memory[0..6] is a matrix of 3 rows and 2 columns: the second column becomes twice the first.
    let kernel = FusedKernel::new(Loop {
        dims: vec![3],
        inputs: vec![Input { source: Source::Memory(0), strides: vec![2] }],
        code: vec![Instruction { code: Code::Binary(Binary::Add, Precision::Double), dst: 1, args: [0, 0, 9] }],
        outputs: vec![Output { register: 1, target: Target::Memory(1), strides: vec![2], reduce: None }],
    });
    let mut scratch = Scratch::new();
    scratch.reserve(&kernel);
    let mut memory = [1.0, 0.0, 2.0, 0.0, 3.0, 0.0];
    kernel.run(&mut scratch, Places::memory(&mut memory));
    assert_eq!(memory, [1.0, 2.0, 2.0, 4.0, 3.0, 6.0]);
}

#[test]
#[should_panic(expected = "an output overlaps an input")]
fn overlap_with_an_input_is_refused() {
    let mut plan = copy_plan(4);
    plan.outputs[0].target = Target::Memory(3);
    FusedKernel::new(plan);
}

#[test]
#[should_panic(expected = "two outputs overlap")]
fn overlap_of_outputs_is_refused() {
    let mut plan = copy_plan(4);
    plan.outputs.push(Output { target: Target::Memory(7), ..plan.outputs[0].clone() });
    FusedKernel::new(plan);
}

/// Four numbers from the start of the memory, to f32 that start at the given one.
fn narrowed_to(start: usize) -> Loop {
    let mut plan = copy_plan(4);
    plan.outputs[0].target = Target::Narrow(start);
    plan
}

#[test]
fn f32_may_lie_right_behind_f64() {
    let kernel = FusedKernel::new(narrowed_to(8));
    assert_eq!(kernel.memory_len(), 6);
    let mut scratch = Scratch::new();
    scratch.reserve(&kernel);
    let mut memory = [0.1, 1.0, -0.0, 1e300, 0.0, 0.0];
    kernel.run(&mut scratch, Places::memory(&mut memory));
    let pair = |a: f32, b: f32| u64::from(a.to_bits()) | u64::from(b.to_bits()) << 32;
    assert_eq!([memory[4], memory[5]].map(f64::to_bits), [pair(0.1, 1.0), pair(-0.0, f32::INFINITY)]);
}

#[test]
#[should_panic(expected = "an output overlaps an input")]
fn overlap_with_half_an_input_is_refused() {
    FusedKernel::new(narrowed_to(7));
}

#[test]
#[should_panic(expected = "two outputs overlap")]
fn overlap_with_half_an_output_is_refused() {
    let mut plan = narrowed_to(9);
    plan.outputs.push(copy_plan(4).outputs.remove(0));
    FusedKernel::new(plan);
}

#[test]
#[should_panic(expected = "reductions are written in f64")]
fn reductions_are_not_rounded() {
    let mut plan = narrowed_to(8);
    plan.outputs[0] = Output { strides: vec![0], reduce: Some(Reduce::Sum), ..plan.outputs[0].clone() };
    FusedKernel::new(plan);
}

#[test]
#[should_panic(expected = "several elements at one place")]
fn broadcast_output_is_refused() {
    let mut plan = copy_plan(4);
    plan.outputs[0].strides = vec![0];
    FusedKernel::new(plan);
}

#[test]
#[should_panic(expected = "reaches place 4 of data of length 4")]
fn data_is_bounded() {
    let mut plan = copy_plan(4);
    plan.inputs[0].source = Source::Data(vec![0.0; 4].into(), 1);
    FusedKernel::new(plan);
}

#[test]
#[should_panic(expected = "below zero")]
fn backwards_past_the_beginning_is_refused() {
    let mut plan = copy_plan(4);
    plan.inputs[0].strides = vec![-1];
    FusedKernel::new(plan);
}

#[test]
#[should_panic(expected = "register 1 is used before it is assigned")]
fn registers_are_assigned_before_use() {
    let mut plan = copy_plan(4);
    plan.code.push(Instruction { code: Code::Copy, dst: 1, args: [1; 3] });
    FusedKernel::new(plan);
}

#[test]
#[should_panic(expected = "too short")]
fn memory_is_bounded() {
    let kernel = FusedKernel::new(copy_plan(4));
    let mut scratch = Scratch::new();
    scratch.reserve(&kernel);
    kernel.run(&mut scratch, Places::memory(&mut [0.0; 7]));
}

/// A copy of four values, input 1 to output 0.
fn copy_across() -> FusedKernel {
    let mut plan = copy_plan(4);
    plan.inputs[0].source = Source::Argument(1, 0);
    plan.outputs[0].target = Target::Result(0, 0);
    FusedKernel::new(plan)
}

fn run_across(input: &[f64], output: &mut [f64]) {
    let kernel = copy_across();
    let mut scratch = Scratch::new();
    scratch.reserve(&kernel);
    kernel.run(&mut scratch, Places { memory: &mut [], inputs: &[&[], input], outputs: &mut [output] });
}

#[test]
fn inputs_and_outputs_may_have_the_offsets_of_each_other() {
    let mut output = [0.0; 4];
    run_across(&[1.0, 2.0, 3.0, 4.0], &mut output);
    assert_eq!(output, [1.0, 2.0, 3.0, 4.0]);
}

#[test]
#[should_panic(expected = "Argument(1) of length 3 is too short, the loop needs 4")]
fn inputs_are_bounded() {
    run_across(&[0.0; 3], &mut [0.0; 4]);
}

#[test]
#[should_panic(expected = "Result(0) of length 3 is too short")]
fn outputs_are_bounded() {
    run_across(&[0.0; 4], &mut [0.0; 3]);
}

#[test]
#[should_panic(expected = "index out of bounds")]
fn missing_inputs_are_noticed() {
    let kernel = copy_across();
    let mut scratch = Scratch::new();
    scratch.reserve(&kernel);
    kernel.run(&mut scratch, Places { memory: &mut [], inputs: &[&[0.0; 4]], outputs: &mut [&mut [0.0; 4]] });
}

#[test]
#[should_panic(expected = "an output overlaps an input")]
fn overlap_inside_one_result_is_refused() {
    let mut plan = copy_plan(4);
    plan.inputs[0].source = Source::Result(2, 0);
    plan.outputs[0].target = Target::Result(2, 3);
    FusedKernel::new(plan);
}

#[test]
#[should_panic(expected = "not reserved")]
fn scratch_is_reserved() {
    FusedKernel::new(copy_plan(4)).run(&mut Scratch::new(), Places::memory(&mut [0.0; 8]));
}

/// A fused loop and a direct reduction of any axes give the same bits, whatever is reduced.
#[test]
fn loops_reduce_as_slices_are_reduced() {
    let shapes: &[[usize; 3]] =
        &[[3, 4, 5], [100, 3, 7], [5, 70, 3], [2, 1, 900], [1300, 2, 2], [40, 33, 16], [9, 600, 1]];
    for dims in shapes {
        let len: usize = dims.iter().product();
        let data: Vec<f64> = (0..len).map(|i| ((i * 7919 % 1009) as f64 / 97.0).sin() + 0.5).collect();
        let strides = [(dims[1] * dims[2]) as isize, dims[2] as isize, 1];
        for mask in 0..8 {
            let reduced = [mask & 1 != 0, mask & 2 != 0, mask & 4 != 0];
            let (mut out_strides, mut kept) = ([0; 3], 1);
            for d in (0..3).rev().filter(|d| !reduced[*d]) {
                out_strides[d] = if dims[d] == 1 { 0 } else { kept as isize };
                kept *= dims[d];
            }
            for reduce in [Reduce::Sum, Reduce::Prod, Reduce::Max, Reduce::Min] {
                let mut direct = vec![0.0; kept];
                let x = reduce::Strided { data: &data, offset: 0, dims, strides: &strides };
                reduce::axes(reduce, x, &reduced, &mut direct);
                let kernel = FusedKernel::new(Loop {
                    dims: dims.to_vec(),
                    inputs: vec![Input { source: Source::Memory(kept), strides: strides.to_vec() }],
                    code: vec![],
                    outputs: vec![Output {
                        register: 0,
                        target: Target::Memory(0),
                        strides: out_strides.to_vec(),
                        reduce: Some(reduce),
                    }],
                });
                let mut scratch = Scratch::new();
                scratch.reserve(&kernel);
                let mut memory = [vec![0.0; kept], data.clone()].concat();
                kernel.run(&mut scratch, Places::memory(&mut memory));
                for (i, (a, b)) in direct.iter().zip(&memory).enumerate() {
                    assert!(same(*a, *b), "{reduce:?} of {dims:?} over {reduced:?} at {i}: {a} and {b}");
                }
            }
        }
    }
}
