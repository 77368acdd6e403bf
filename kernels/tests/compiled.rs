//! Sequences of fused loops against the interpreter: the same bits, whichever of them runs.

use proptest::prelude::*;
use pyroxene_kernels::fused::{
    Code, FusedKernel, Input, Instruction, Loop, Output, Places, Reduce, Scratch, Sequence, Source, Target,
};
use pyroxene_kernels::{Binary, Isa, Precision, Unary};
use std::ops::Range;

#[path = "common/plans.rs"]
mod plans;

use plans::{Rng, same, same_halves};

impl Rng {
    fn value(&mut self) -> f64 {
        match self.below(40) {
            0 => 0.0,
            1 => -0.0,
            2 => 1.0,
            3 => f64::INFINITY,
            4 => f64::NEG_INFINITY,
            5 => f64::NAN,
            6 => 1e-310,
            7 => 1e300,
            8 => f64::from_bits(self.next() << 20 ^ self.next()),
            // Twice a number of f32, subnormal in f32, too large for it, halfway between two of them.
            9 => f64::from_bits(0x3ff8_0001_bf80_0001 ^ self.next() << 63),
            10 => 1e-40,
            11 => 3.5e38,
            12 => 1.0 + f64::powi(2.0, -24),
            13 => f64::from_bits(0x7fc0_0001_0000_0003),
            _ => (self.below(4001) as f64 - 2000.0) / 256.0,
        }
    }
}

/// Loops with the slices that they work on.
#[derive(Default)]
struct Case {
    plans: Vec<Loop>,
    memory: Vec<f64>,
    inputs: Vec<Vec<f64>>,
    /// Lengths.
    outputs: Vec<usize>,
    /// How much of the memory was there before there were loops, and parts of it that hold f32 since.
    given: usize,
    narrow: Vec<Range<usize>>,
    /// Outputs that hold f32.
    narrow_outputs: Vec<usize>,
    /// Whether the next loop is such as lanes of f32 may compute.
    is_single: bool,
}

impl Case {
    fn new(rng: &mut Rng, memory: usize) -> Case {
        let mut values = |len: usize| -> Vec<f64> { (0..len).map(|_| rng.value()).collect() };
        Case {
            memory: values(memory),
            inputs: vec![values(1), values(40), values(700)],
            given: memory,
            ..Case::default()
        }
    }

    /// New room for `len` numbers.
    fn target(&mut self, rng: &mut Rng, len: usize, offset: usize) -> Target {
        if rng.below(4) == 0 {
            self.outputs.push(len);
            return Target::Result(self.outputs.len() - 1, offset);
        }
        self.memory.resize(self.memory.len() + len, 0.0);
        Target::Memory(self.memory.len() - len + offset)
    }

    /// As [`Case::target`], of f32.
    fn narrow_target(&mut self, rng: &mut Rng, len: usize, offset: usize) -> Target {
        if rng.below(3) == 0 {
            self.narrow_outputs.push(self.outputs.len());
            self.outputs.push(len.div_ceil(2));
            return Target::NarrowResult(self.outputs.len() - 1, offset);
        }
        let start = self.memory.len();
        self.memory.resize(start + len.div_ceil(2), 0.0);
        self.narrow.push(start..self.memory.len());
        Target::Narrow(2 * start + offset)
    }

    /// `len` numbers of f32, if there are so many.
    fn narrow_source(&self, rng: &mut Rng, len: usize, offset: usize) -> Option<Source> {
        let fits = |slots: usize| 2 * slots >= len;
        match rng.below(4) {
            0 => {
                let k = self.narrow_outputs.iter().copied().find(|&k| fits(self.outputs[k]))?;
                return Some(Source::NarrowResult(k, rng.below(2 * self.outputs[k] - len + 1) + offset));
            }
            1 => {
                let k = (0..self.inputs.len()).find(|&k| fits(self.inputs[k].len()))?;
                return Some(Source::NarrowArgument(k, rng.below(2 * self.inputs[k].len() - len + 1) + offset));
            }
            _ => {}
        }
        let mut parts = self.narrow.clone();
        parts.push(0..self.given);
        let part = &parts[rng.below(parts.len())];
        let room = (2 * part.len()).checked_sub(len)?;
        Some(Source::Narrow(2 * part.start + rng.below(room + 1) + offset))
    }

    /// `len` numbers: known, an input's, an earlier output's or the memory's.
    fn source(&mut self, rng: &mut Rng, len: usize, offset: usize) -> Source {
        let output = rng.below(self.outputs.len().max(1));
        match rng.below(4) {
            0 if self.inputs[2].len() >= len => {
                let k = (0..3).find(|&k| self.inputs[k].len() >= len).expect("the last is long enough");
                Source::Argument(k, rng.below(self.inputs[k].len() - len + 1) + offset)
            }
            1 if self.plans.is_empty() => Source::Data((0..len).map(|_| rng.value()).collect(), offset),
            2 if !self.narrow_outputs.contains(&output)
                && self.outputs.get(output).is_some_and(|&known| known >= len) =>
            {
                Source::Result(output, offset)
            }
            _ if self.memory.len() >= len => {
                let start = rng.below(self.memory.len() - len + 1);
                // Two NaN of f32 side by side are a number of f64.
                let is_narrow = self.narrow.iter().any(|part| part.start < start + len && start < part.end);
                if is_narrow {
                    return Source::Data((0..len).map(|_| rng.value()).collect(), offset);
                }
                Source::Memory(start + offset)
            }
            _ => Source::Data((0..len).map(|_| rng.value()).collect(), offset),
        }
    }

    /// A register that a loop writes or reduces.
    fn register(&self, rng: &mut Rng, inputs: usize, registers: usize) -> u16 {
        let first = if self.is_single { inputs.min(registers - 1) } else { 0 };
        (first + rng.below(registers - first)) as u16
    }

    /// As [`Case::target`], of f64 or f32.
    fn any_target(&mut self, rng: &mut Rng, len: usize, offset: usize, is_reduced: bool) -> Target {
        if !is_reduced && (self.is_single || rng.below(3) == 0) {
            self.narrow_target(rng, len, offset)
        } else {
            self.target(rng, len, offset)
        }
    }

    /// As [`Case::source`], of f64 or f32.
    fn any_source(&mut self, rng: &mut Rng, len: usize, offset: usize) -> Source {
        let wanted = if self.is_single { rng.below(8) > 0 } else { rng.below(3) == 0 };
        let narrow = if wanted { self.narrow_source(rng, len, offset) } else { None };
        narrow.unwrap_or_else(|| self.source(rng, len, offset))
    }
}

const SIZES: [usize; 20] = [1, 2, 3, 5, 7, 8, 9, 15, 16, 31, 32, 33, 64, 70, 511, 512, 513, 1024, 1100, 5000];

/// A loop over one dimension.
fn random_line(rng: &mut Rng, case: &mut Case, instructions: usize) -> Loop {
    case.is_single = rng.below(2) == 0;
    let len = SIZES[rng.below(SIZES.len())];
    let mut inputs = vec![];
    for _ in 0..1 + rng.below(4) {
        let stride = rng.below(3).min(1) as isize;
        let source = case.any_source(rng, if stride == 0 { 1 } else { len }, 0);
        inputs.push(Input { source, strides: vec![stride] });
    }
    let (code, registers) = random_code(rng, case, inputs.len(), instructions);
    let mut outputs = vec![];
    for _ in 0..1 + rng.below(5) {
        let reduce = REDUCTIONS[rng.below(5)];
        let target = case.any_target(rng, if reduce.is_some() { 1 } else { len }, 0, reduce.is_some());
        let strides = vec![isize::from(reduce.is_none())];
        outputs.push(Output { register: case.register(rng, inputs.len(), registers), target, strides, reduce });
    }
    Loop { dims: vec![len], inputs, code, outputs }
}

/// Strides of an array whose dimensions are stored in a random order, some of them not at all, some backwards; with the
/// offset of its first element and its length.
fn random_strides(rng: &mut Rng, dims: &[usize], left_out: impl Fn(&mut Rng) -> bool) -> (usize, Vec<isize>, usize) {
    let mut order: Vec<usize> = (0..dims.len()).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, rng.below(i + 1));
    }
    let (mut strides, mut offset, mut len) = (vec![0isize; dims.len()], 0, 1);
    for d in order {
        if left_out(rng) {
            continue;
        }
        strides[d] = len as isize;
        if rng.below(5) == 0 {
            offset += (dims[d] - 1) * len;
            strides[d] = -strides[d];
        }
        len = len * dims[d] + rng.below(2);
    }
    (offset, strides, len)
}

/// A small loop over several dimensions with any layouts, and reductions of any of them.
fn random_small(rng: &mut Rng, case: &mut Case) -> Loop {
    random_space(rng, case, &[1, 2, 3, 4, 5, 8, 11, 16], 64)
}

/// A loop over dimensions of these sizes and at most so many elements.
fn random_space(rng: &mut Rng, case: &mut Case, sizes: &[usize], most: usize) -> Loop {
    case.is_single = rng.below(2) == 0;
    let mut dims = vec![];
    for _ in 0..rng.below(4) {
        let size = sizes[rng.below(sizes.len())];
        if dims.iter().product::<usize>() * size <= most {
            dims.push(size);
        }
    }
    let mut inputs = vec![];
    for _ in 0..1 + rng.below(4) {
        let kind = rng.below(3);
        let (offset, strides, len) = random_strides(rng, &dims, |rng| kind == 0 || kind == 1 && rng.below(2) == 0);
        let source = case.any_source(rng, len, offset);
        inputs.push(Input { source, strides });
    }
    let (code, registers) = random_code(rng, case, inputs.len(), 8);
    let mut outputs = vec![];
    for _ in 0..1 + rng.below(4) {
        let reduce = REDUCTIONS[rng.below(5)];
        let full = rng.below(3) == 0;
        let (offset, strides, len) = random_strides(rng, &dims, |rng| reduce.is_some() && (full || rng.below(2) == 0));
        let target = case.any_target(rng, len, offset, reduce.is_some());
        outputs.push(Output { register: case.register(rng, inputs.len(), registers), target, strides, reduce });
    }
    Loop { dims, inputs, code, outputs }
}

/// A loop over rows that lie side by side, the rows anyhow; reductions are of rows or, of the whole front, of columns.
fn random_rows(rng: &mut Rng, case: &mut Case) -> Loop {
    case.is_single = rng.below(2) == 0;
    let mut dims: Vec<usize> = (0..1 + rng.below(3)).map(|_| [1, 2, 3, 5, 7][rng.below(5)]).collect();
    let front: usize = dims.iter().product();
    dims.push(front + [4, 8, 9, 70, 515][rng.below(5)]);
    let row = dims[dims.len() - 1];
    // With the offset of the first element and the length of all.
    let layout = |rng: &mut Rng, along: isize, all: bool| {
        let (offset, mut strides, front) =
            random_strides(rng, &dims[..dims.len() - 1], |rng| !all && rng.below(3) == 0);
        let width = if along == 0 { 1 } else { row };
        strides.iter_mut().for_each(|stride| *stride *= width as isize);
        strides.push(along);
        (offset * width, strides, front * width)
    };
    let mut inputs = vec![];
    for _ in 0..1 + rng.below(4) {
        let along = rng.below(3).min(1) as isize;
        let (offset, strides, len) = layout(rng, along, false);
        let source = case.any_source(rng, len, offset);
        inputs.push(Input { source, strides });
    }
    let (code, registers) = random_code(rng, case, inputs.len(), 8);
    let mut outputs = vec![];
    for _ in 0..1 + rng.below(4) {
        let reduce = REDUCTIONS[rng.below(5)];
        let of_columns = reduce.is_some() && front > 1 && row >= 64 && rng.below(2) == 0;
        let (offset, strides, len) = if of_columns {
            (0, [vec![0; dims.len() - 1], vec![1]].concat(), row)
        } else {
            layout(rng, isize::from(reduce.is_none()), true)
        };
        let target = case.any_target(rng, len, offset, reduce.is_some());
        outputs.push(Output { register: case.register(rng, inputs.len(), registers), target, strides, reduce });
    }
    Loop { dims, inputs, code, outputs }
}

const REDUCTIONS: [Option<Reduce>; 5] =
    [None, Some(Reduce::Sum), Some(Reduce::Max), Some(Reduce::Min), Some(Reduce::Prod)];

const PRECISIONS: [Precision; 2] = [Precision::Double, Precision::Single];

/// Instructions on registers of which the first `inputs` are there, and how many registers there are then.
fn random_code(rng: &mut Rng, case: &Case, inputs: usize, instructions: usize) -> (Vec<Instruction>, usize) {
    let mut code = vec![];
    let is_narrow = case.is_single;
    let unary: Vec<Unary> = Unary::ALL.iter().copied().filter(|op| !is_narrow || op.has_narrow()).collect();
    let binary: Vec<Binary> = Binary::ALL.iter().copied().filter(|op| !is_narrow || op.has_narrow()).collect();
    for registers in inputs..inputs + instructions {
        let args = [0; 3].map(|_: u16| rng.below(registers) as u16);
        let op = match rng.below(16) {
            0..7 => Code::Unary(unary[rng.below(unary.len())], PRECISIONS[rng.below(2).max(usize::from(is_narrow))]),
            7..14 => {
                Code::Binary(binary[rng.below(binary.len())], PRECISIONS[rng.below(2).max(usize::from(is_narrow))])
            }
            14 => Code::Select,
            _ => Code::Copy,
        };
        code.push(Instruction { code: op, dst: registers as u16, args });
    }
    (code, inputs + instructions)
}

/// Runs the loops both ways; all of them can be compiled.
fn check(case: &Case) {
    compare(case, true);
}

/// [`check`], where not all of them need be.
fn compare(case: &Case, all_compiled: bool) {
    let Case { plans, memory, inputs, outputs, narrow, narrow_outputs, .. } = case;
    let before = |k: usize| memory.len() + outputs[..k].iter().sum::<usize>();
    let of_outputs = narrow_outputs.iter().map(|&k| before(k)..before(k) + outputs[k]);
    let narrow: Vec<Range<usize>> = narrow.iter().cloned().chain(of_outputs).collect();
    let kernels: Vec<FusedKernel> = plans.iter().cloned().map(FusedKernel::new).collect();
    let mut scratch = Scratch::new();
    kernels.iter().for_each(|kernel| scratch.reserve(kernel));
    let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
    let run = |run: &mut dyn FnMut(Places<'_, '_>)| -> Vec<f64> {
        let mut memory = memory.clone();
        let mut outputs: Vec<Vec<f64>> = outputs.iter().map(|&len| vec![0.0; len]).collect();
        let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        run(Places { memory: &mut memory, inputs: &inputs, outputs: &mut slices });
        memory.into_iter().chain(outputs.into_iter().flatten()).collect()
    };
    let want = run(&mut |mut places| {
        kernels.iter().for_each(|kernel| kernel.run_on(Isa::Scalar, &mut scratch, places.reborrow()));
    });
    let sequence = Sequence::new(kernels);
    if all_compiled && Isa::Avx512.is_available() {
        assert_eq!(sequence.compiled(), plans.len(), "{plans:?}");
    }
    let mut scratch = Scratch::new();
    sequence.reserve(&mut scratch);
    for _ in 0..2 {
        let got = run(&mut |places| sequence.run(&mut scratch, places));
        for i in 0..got.len() {
            let is_narrow = narrow.iter().any(|part| part.contains(&i));
            let is_same = if is_narrow { same_halves(got[i], want[i]) } else { same(got[i], want[i]) };
            assert!(is_same, "place {i}: {:e} for {:e} in {plans:?}", got[i], want[i]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn compiled_sequences_give_the_bits_of_the_interpreter(seed: u64) {
        let mut rng = Rng(seed);
        let memory = rng.below(1200);
        let mut case = Case::new(&mut rng, memory);
        for _ in 0..1 + rng.below(5) {
            let instructions = rng.below(12);
            let plan = random_line(&mut rng, &mut case, instructions);
            case.plans.push(plan);
        }
        check(&case);
    }

    #[test]
    fn small_spaces_have_any_layout(seed: u64) {
        let mut rng = Rng(seed);
        let mut case = Case::new(&mut rng, 100);
        for _ in 0..1 + rng.below(4) {
            let plan = random_small(&mut rng, &mut case);
            case.plans.push(plan);
        }
        check(&case);
    }

    #[test]
    fn rows_lie_anyhow(seed: u64) {
        let mut rng = Rng(seed);
        let mut case = Case::new(&mut rng, 100);
        for _ in 0..1 + rng.below(4) {
            let plan = if rng.below(4) == 0 { random_small(&mut rng, &mut case) } else { random_rows(&mut rng, &mut case) };
            case.plans.push(plan);
        }
        check(&case);
    }

    /// What neither lies side by side nor in rows: blocks are compiled, or nothing is where an input is only reduced.
    #[test]
    fn blocks_of_spaces_have_any_layout(seed: u64) {
        let mut rng = Rng(seed);
        let mut case = Case::new(&mut rng, 100);
        for _ in 0..1 + rng.below(3) {
            let plan = random_space(&mut rng, &mut case, &[1, 3, 8, 20, 33, 64, 128], 5000);
            case.plans.push(plan);
        }
        compare(&case, false);
    }

    /// So many values that the registers do not suffice.
    #[test]
    fn long_bodies_spill(seed: u64) {
        let mut rng = Rng(seed);
        let mut case = Case::new(&mut rng, 600);
        let plan = random_line(&mut rng, &mut case, 90);
        case.plans.push(plan);
        check(&case);
    }
}

/// Every operation, on values of every kind, alone.
#[test]
fn every_operation_is_compiled() {
    let mut rng = Rng(7);
    let codes = PRECISIONS.into_iter().flat_map(|precision| {
        let unary = Unary::ALL.iter().map(move |&op| Code::Unary(op, precision));
        unary.chain(Binary::ALL.iter().map(move |&op| Code::Binary(op, precision)))
    });
    for code in codes.chain([Code::Select, Code::Copy]) {
        for len in [1, 2, 8, 40, 1030] {
            let input = |k| Input { source: Source::Memory(k * len), strides: vec![1] };
            let plan = Loop {
                dims: vec![len],
                inputs: (0..3).map(input).collect(),
                code: vec![Instruction { code, dst: 3, args: [0, 1, 2] }],
                outputs: vec![Output { register: 3, target: Target::Memory(3 * len), strides: vec![1], reduce: None }],
            };
            check(&Case { plans: vec![plan], ..Case::new(&mut rng, 4 * len) });
        }
    }
}

/// The same in lanes of f32: a line with inputs of either type and a reduction.
#[test]
fn every_operation_is_compiled_in_lanes_of_f32() {
    let mut rng = Rng(8);
    let unary = Unary::ALL.iter().filter(|op| op.has_narrow()).map(|&op| Code::Unary(op, Precision::Single));
    let binary = Binary::ALL.iter().filter(|op| op.has_narrow()).map(|&op| Code::Binary(op, Precision::Single));
    for code in unary.chain(binary).chain([Code::Select]) {
        for len in [128, 129, 135, 136, 137, 143, 512, 1030] {
            let mut case = Case::new(&mut rng, 3 * len);
            // What is compared or chosen must be of f32 already.
            let is_arithmetic = match code {
                Code::Unary(op, _) => !op.returns_bool(),
                Code::Binary(op, _) => !op.returns_bool(),
                _ => false,
            };
            let second = if is_arithmetic { Source::Memory(len) } else { Source::Narrow(2 * len) };
            let inputs = [Source::Narrow(0), second, Source::Narrow(4 * len)];
            let output = |target, reduce: Option<Reduce>| Output {
                register: 3,
                target,
                strides: vec![isize::from(reduce.is_none())],
                reduce,
            };
            let outputs = vec![
                output(case.narrow_target(&mut rng, len, 0), None),
                output(case.target(&mut rng, 1, 0), Some(Reduce::Sum)),
            ];
            let plan = Loop {
                dims: vec![len],
                inputs: inputs.map(|source| Input { source, strides: vec![1] }).into(),
                code: vec![Instruction { code, dst: 3, args: [0, 1, 2] }],
                outputs,
            };
            assert!(FusedKernel::new(plan.clone()).is_narrow());
            case.plans = vec![plan];
            check(&case);
        }
    }
}

/// Lines so long that they ask for memory ahead, also past the end of what they read and write; bases of every kind.
#[test]
fn long_lines_ask_ahead() {
    let mut rng = Rng(11);
    for len in [65_536, 65_543] {
        let mut case = Case::new(&mut rng, len);
        let data = (0..len).map(|_| rng.value()).collect();
        case.inputs.push((0..len).map(|_| rng.value()).collect());
        case.outputs = vec![len, 1];
        let sources = [Source::Memory(0), Source::Argument(3, 0), Source::Data(data, 0), Source::Narrow(7)];
        let rounded = case.narrow_target(&mut rng, len, 0);
        let output = |register, k, stride: isize| Output {
            register,
            target: Target::Result(k, 0),
            strides: vec![stride],
            reduce: (stride == 0).then_some(Reduce::Sum),
        };
        case.plans.push(Loop {
            dims: vec![len],
            inputs: sources.map(|source| Input { source, strides: vec![1] }).into(),
            code: vec![
                Instruction { code: Code::Select, dst: 4, args: [0, 1, 2] },
                Instruction { code: Code::Unary(Unary::Tanh, Precision::Single), dst: 5, args: [4, 0, 0] },
            ],
            outputs: vec![
                output(5, 0, 1),
                output(5, 1, 0),
                Output { register: 3, target: rounded, strides: vec![1], reduce: None },
            ],
        });
        check(&case);
    }
}
