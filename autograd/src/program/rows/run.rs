//! The step of a linear predictor.

use super::super::operand::{Elements, Factor, Operand, Rest, Target};
use super::ARGUMENTS;
use pyroxene_kernels::fused::{
    self, FusedKernel, Input, Instruction, Loop, Output, Places, Reduce, Scratch, Sequence, Source,
};
use pyroxene_kernels::linalg::{self, Mat, MatMut, Sweep, gemm_single, gemm_widening};
use pyroxene_kernels::reduce::CHUNK;
use smallvec::SmallVec;
use std::ops::Range;

/// Numbers of X that are one block: they stay in the second cache level (of 256 KB on small processors).
const ONE_BLOCK: usize = 1 << 15;
/// Fewer numbers of X take hardly longer than the calls that a block costs.
const LEAST: usize = 1 << 14;
/// Elements of X from which several threads share the work, as they do that of matrix-vector products, and the parts that
/// they take, at most.
const PARALLEL: usize = 1 << 19;
const PARTS: usize = 32;

/// Rows of a block: all of them if they are few; else a chunk of reductions, or several by a power of two where rows are short,
/// so that a block is a node of their tree.
fn block(rows: usize, columns: usize) -> usize {
    if rows * columns <= ONE_BLOCK {
        return rows.max(1).next_multiple_of(CHUNK);
    }
    let chunks = LEAST / (CHUNK * columns);
    CHUNK << chunks.max(1).ilog2()
}

/// `eta = X b`, a loop over the rows, and `X^T g`, a block of rows at a time; while a block is read for eta, the one before it is
/// multiplied by its g.
///
/// What a block makes (its part of `X^T g`, then of each reduction) stands side by side, and climbs a pairwise tree over the
/// block index.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) x: Factor,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) x_strides: (usize, usize),
    pub(crate) b: Operand,
    pub(crate) b_stride: usize,
    pub(crate) arguments: Vec<Argument>,
    /// The loop over a whole block, and over the rows that are left.
    pub(crate) whole: Option<Sequence>,
    pub(crate) rest: Option<Sequence>,
    pub(crate) reductions: Vec<(Reduce, Target)>,
    pub(crate) out: Target,
    /// Whether the products are computed in f32.
    pub(crate) single: bool,
}

/// An input of the loop that is not the same number in all rows and runs.
#[derive(Debug)]
pub(crate) struct Argument {
    pub(crate) operand: Operand,
    /// From one row to the next.
    pub(crate) stride: usize,
}

/// What a thread works in: eta, g and what a block makes, one after the other, then the levels of the tree.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lane {
    loops: Scratch,
    floats: Vec<f64>,
    /// For products in f32.
    singles: Vec<f32>,
}

impl Lane {
    /// How many numbers it holds, apart from the blocks of fused loops.
    pub(crate) fn len(&self) -> usize {
        self.floats.len() + self.singles.len().div_ceil(2)
    }
}

/// The loop of a step. Argument `k` of the step is input `k` of a run.
pub(crate) struct Body {
    pub(crate) inputs: Vec<Input>,
    pub(crate) code: Vec<Instruction>,
    pub(crate) g: u16,
    pub(crate) reductions: Vec<(u16, Reduce)>,
}

impl Body {
    /// Element `i` of eta, in a block.
    pub(crate) fn eta() -> Input {
        Input { source: Source::Memory(0), strides: vec![1] }
    }

    /// The loop over a whole block of so many rows, and over the rows that are left.
    pub(crate) fn compile(&self, rows: usize, columns: usize) -> [Option<Sequence>; 2] {
        let block = block(rows, columns);
        let whole = if rows >= block { block } else { 0 };
        [whole, rows % block].map(|len| (len > 0).then(|| self.over(len, block, columns)))
    }

    /// The loop over the first rows of a block.
    fn over(&self, rows: usize, block: usize, columns: usize) -> Sequence {
        let g = Output { register: self.g, target: fused::Target::Memory(block), strides: vec![1], reduce: None };
        let reductions = self.reductions.iter().enumerate().map(|(number, &(register, reduce))| Output {
            register,
            target: fused::Target::Memory(2 * block + columns + number),
            strides: vec![0],
            reduce: Some(reduce),
        });
        Sequence::new(vec![FusedKernel::new(Loop {
            dims: vec![rows],
            inputs: self.inputs.clone(),
            code: self.code.clone(),
            outputs: [g].into_iter().chain(reductions).collect(),
        })])
    }
}

impl Rows {
    fn block(&self) -> usize {
        block(self.rows, self.columns)
    }

    fn blocks(&self) -> usize {
        self.rows.div_ceil(self.block())
    }

    /// Numbers that a block makes.
    fn width(&self) -> usize {
        self.columns + self.reductions.len()
    }

    /// Where a lane holds them.
    fn made(&self) -> Range<usize> {
        let start = 2 * self.block();
        start..start + self.width()
    }

    /// Blocks that a thread takes at once: a power of two, so that they are a node of the tree.
    fn part(&self) -> usize {
        let least = (PARALLEL / 2).div_ceil(self.block() * self.columns);
        self.blocks().div_ceil(PARTS).max(least).next_power_of_two()
    }

    /// How many threads may work.
    fn lanes(&self) -> usize {
        if self.rows * self.columns < PARALLEL { 1 } else { self.blocks().div_ceil(self.part()) }
    }

    /// Makes room, so that running does not allocate.
    pub(crate) fn reserve(&self, lanes: &mut Vec<Lane>) {
        lanes.resize_with(lanes.len().max(self.lanes()), Lane::default);
        let levels = 1 + self.blocks().ilog2() as usize;
        let len = self.made().end + levels * self.width();
        // Two vectors that go in and two that come out; the matrix is in f32.
        let singles = if self.single { 2 * (self.block() + self.columns) } else { 0 };
        for lane in &mut lanes[..self.lanes()] {
            lane.floats.resize(lane.floats.len().max(len), 0.0);
            lane.singles.resize(lane.singles.len().max(singles), 0.0);
            self.whole.iter().chain(&self.rest).for_each(|sequence| sequence.reserve(&mut lane.loops));
        }
    }

    /// Computes the step.
    pub(crate) fn run(&self, lanes: &mut [Lane], mut places: Places<'_, '_>) {
        self.compute(lanes, places.reborrow());
        let (products, reduced) = lanes[0].floats[self.made()].split_at(self.columns);
        self.out.split(places.reborrow()).0.copy_from_slice(products);
        for ((_, target), &value) in self.reductions.iter().zip(reduced) {
            target.split(places.reborrow()).0.fill(value);
        }
    }

    /// What all blocks make, in the first lane.
    fn compute(&self, lanes: &mut [Lane], places: Places<'_, '_>) {
        let rest = Rest::all(places);
        let arguments: SmallVec<[&[f64]; ARGUMENTS]> =
            self.arguments.iter().map(|argument| argument.operand.read(&rest)).collect();
        let job = Job { rows: self, x: self.x.read(&rest), b: self.b.read(&rest), arguments: &arguments };
        let threads = if rayon::current_num_threads() > 1 { self.lanes() } else { 1 };
        job.node(0..self.blocks(), &mut lanes[..threads]);
    }

    fn multiply(&self, a: linalg::Factor, b: linalg::Factor, c: MatMut<f64>, room: &mut [f32]) {
        if self.single { gemm_single(a, b, c, room) } else { gemm_widening(a, b, c) }
    }

    /// What a node of the tree makes: `made` comes after `before`.
    fn join(&self, before: &[f64], made: &mut [f64]) {
        let (products, reduced) = made.split_at_mut(self.columns);
        products.iter_mut().zip(before).for_each(|(made, before)| *made += before);
        for ((made, &before), (reduce, _)) in reduced.iter_mut().zip(&before[self.columns..]).zip(&self.reductions) {
            *made = reduce.pair(before, *made);
        }
    }
}

/// A run of a step.
struct Job<'r> {
    rows: &'r Rows,
    x: Elements<'r>,
    b: &'r [f64],
    arguments: &'r [&'r [f64]],
}

impl Job<'_> {
    /// What these blocks make goes to the first lane.
    fn node(&self, blocks: Range<usize>, lanes: &mut [Lane]) {
        if let [lane] = lanes {
            return self.leaf(blocks, lane);
        }
        // The left side is the largest power of two of blocks that leaves some to the right.
        let half = 1 << (blocks.len() - 1).ilog2();
        let middle = blocks.start + half;
        let (left, right) = lanes.split_at_mut(half / self.rows.part());
        rayon::join(|| self.node(blocks.start..middle, left), || self.node(middle..blocks.end, right));
        let made = self.rows.made();
        let (left, right) = (&mut left[0].floats[made.clone()], &mut right[0].floats[made]);
        self.rows.join(left, right);
        left.copy_from_slice(right);
    }

    /// The same tree as a binary counter: level `k` holds what `2^k` blocks made while bit `k` of the count is set. After
    /// the last block everything that waits is taken in, from the lowest level.
    fn leaf(&self, blocks: Range<usize>, lane: &mut Lane) {
        let (rows, width, last) = (self.rows, self.rows.width(), blocks.len() - 1);
        self.predict(self.part(blocks.start), lane);
        for (number, block) in blocks.enumerate() {
            let part = self.part(block);
            self.lines(part.clone(), lane);
            if number < last {
                self.sweep(part, self.part(block + 1), lane)
            } else {
                self.products(part, lane)
            }
            let (made, levels) = lane.floats[rows.made().start..].split_at_mut(width);
            let free = number.trailing_ones() as usize;
            let ready = if number == last { number } else { number & ((1 << free) - 1) };
            let waiting = levels.chunks_exact(width).enumerate().filter(|(level, _)| ready >> level & 1 == 1);
            waiting.for_each(|(_, level)| rows.join(level, made));
            if number < last {
                levels[free * width..][..width].copy_from_slice(made);
            }
        }
    }

    /// The rows of a block.
    fn part(&self, number: usize) -> Range<usize> {
        let (start, block) = (number * self.rows.block(), self.rows.block());
        start..self.rows.rows.min(start + block)
    }

    /// These rows of X.
    fn x(&self, part: Range<usize>) -> linalg::Factor<'_> {
        let &Rows { columns, x_strides: (down, across), .. } = self.rows;
        self.x.matrix(part.start * down, (part.len(), columns), (down, across))
    }

    fn b(&self) -> Mat<'_, f64> {
        Mat::new(self.b, self.rows.columns, 1, self.rows.b_stride, 1)
    }

    /// Their eta.
    fn predict(&self, part: Range<usize>, lane: &mut Lane) {
        let eta = MatMut::new(&mut lane.floats[..part.len()], part.len(), 1, 1);
        self.rows.multiply(self.x(part), linalg::Factor::F64(self.b()), eta, &mut lane.singles);
    }

    /// From eta to g and the reductions.
    fn lines(&self, part: Range<usize>, lane: &mut Lane) {
        let arguments = self.arguments.iter().zip(&self.rows.arguments);
        let arguments: SmallVec<[&[f64]; ARGUMENTS]> =
            arguments.map(|(data, argument)| &data[part.start * argument.stride..]).collect();
        let sequence = if part.len() == self.rows.block() { &self.rows.whole } else { &self.rows.rest };
        let sequence = sequence.as_ref().expect("there is a loop for every length that occurs");
        let places = Places { memory: &mut lane.floats, inputs: &arguments, outputs: &mut [] };
        sequence.run(&mut lane.loops, places);
    }

    /// `X^T g`.
    fn products(&self, part: Range<usize>, lane: &mut Lane) {
        let Windows { g, made, .. } = self.windows(&mut lane.floats);
        let g = linalg::Factor::F64(Mat::new(g, part.len(), 1, 1, 1));
        self.rows.multiply(self.x(part).t(), g, MatMut::new(made, self.rows.columns, 1, 1), &mut lane.singles);
    }

    /// `X^T g` of a block, and eta of the next one.
    fn sweep(&self, last: Range<usize>, next: Range<usize>, lane: &mut Lane) {
        let Windows { eta, g, made } = self.windows(&mut lane.floats);
        let (y, g) = (&mut eta[..next.len()], &g[..last.len()]);
        let sweep = Sweep { next: self.x(next), x: self.b(), y, last: self.x(last), g, z: made };
        if self.rows.single { sweep.single(&mut lane.singles) } else { sweep.widening() }
    }

    fn windows<'l>(&self, floats: &'l mut [f64]) -> Windows<'l> {
        let (eta, rest) = floats.split_at_mut(self.rows.block());
        let (g, made) = rest.split_at_mut(self.rows.block());
        Windows { eta, g, made: &mut made[..self.rows.columns] }
    }
}

/// What a lane works in, for products: a block's eta, its g, and its part of `X^T g`.
struct Windows<'l> {
    eta: &'l mut [f64],
    g: &'l mut [f64],
    made: &'l mut [f64],
}
