//! Programs: a computation captured once, optimised, and run many times.
//!
//! `passes` is the way of a computation, one file a pass: `import` (the tape's part that the outputs need, in f64, as a
//! `graph`), `builder` (simplification: constant folding, common subexpressions and the algebraic `rules`, as nodes are
//! added), dead code, `batch` (from one example to many, where that is asked for), `schedule` (which nodes share a fused loop,
//! and in what order), `rows` (linear predictors, some rows at a time), `lower` (steps over buffers, with `layout` for views and
//! `narrow` for constants in f32 and products in it), `turned` (copies that nobody needs), `storage` (which buffers hold f32),
//! `joined` (parts that are made where they are joined), `early` (products that free large factors), `memory` (inputs and outputs
//! lie with the caller, `packed` where they are f32; other buffers share places by liveness) and `exec` (running, on each `operand` where it lies).
//! `verify` checks what each pass leaves, `check` what a run gives, and `explain` prints it all.
//! `compiled` keeps Programs by the shapes of their inputs.

mod batch;
mod builder;
mod check;
mod compiled;
mod early;
mod exec;
mod explain;
mod graph;
mod hessian;
mod import;
mod joined;
mod layout;
mod lower;
mod memory;
mod narrow;
mod operand;
mod packed;
mod passes;
mod rows;
mod rules;
mod schedule;
mod storage;
mod turned;
mod verify;

use crate::arena::{Value, Var, check_live, scope, with_arena};
use crate::capture::{CaptureError, guard};
use crate::op::Op;
use crate::shape::fail;
use batch::{Batching, Source};
use check::Check;
pub use compiled::Compiled;
use exec::{Task, Workspace};
use graph::Graph;
pub use packed::Packed;
use packed::slots;
use passes::Simplified;
use pyroxene_kernels::fused::Places;
use pyroxene_tensor::{DType, Shape, Tensor};
use std::sync::Arc;

/// A compiled computation: a function of arrays to arrays that neither allocates nor traces when it runs.
///
/// Cloning is cheap (the code and constants are shared, the working memory is not), and a Program is `Send`: one clone for
/// each thread.
///
/// Inside, all values are f64: booleans are 0 and 1, whole numbers are exact up to 2^53 (beyond that they round, unnoticed), and
/// casts to i64 drop fractions and keep NaN.
///
/// So f32 is about speed, and results are about as precise as f32 promises. A product of matrices that are both f32
/// rounds its factors to f32 and multiplies and adds in f32, and so do its derivatives. (Small products, and those with a vector
/// unless the matrix is large data in f32, are computed in f64, which is as fast.) What products and loops leave for each other is
/// rounded to f32 where it is large or a factor, and loops that read or write f32 then round every operation to it, with its range,
/// within three units in the last place; their sums are taken in f64. Other elementwise functions of f32 expressions work in f64, to
/// the precision of f32; quotients and roots alone are those of f32. Large data that are exact in f32, in whatever type
/// they were given, are kept in f32 for products with vectors: that halves what is read and changes no bit of the result.
///
/// Inputs and outputs are f64, whatever the types of the expressions, unless they are [captured](Program::capture_typed) as f32.
///
/// In debug builds a Program checks itself: the first run and every 1024th are also computed directly, and a difference that
/// rounding does not explain is a panic.
///
/// ```
/// use pyroxene_autograd::{grad, Program};
/// // Value and gradient of x ↦ Σ ln(1 + x²) in one Program.
/// let mut program = Program::capture(&[&[3]], |x| {
///     let y = (x[0] * x[0]).ln_1p().sum();
///     vec![y, grad(y, &[x[0]])[0]]
/// })?;
/// let (mut value, mut gradient) = ([0.0], [0.0; 3]);
/// program.run(&[&[0.0, 1.0, 2.0]], &mut [&mut value, &mut gradient]);
/// assert!((value[0] - 10f64.ln()).abs() < 1e-15);
/// assert_eq!(gradient, [0.0, 1.0, 0.8]);
/// # Ok::<(), pyroxene_autograd::CaptureError>(())
/// ```
#[derive(Clone)]
pub struct Program {
    plan: Arc<Plan>,
    machine: Machine,
    /// In debug builds.
    check: Option<Check>,
}

/// What an input is to the examples of a [batch](Program::batched).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Batch {
    /// Each example has its own: the input gains a first axis of examples.
    Each,
    /// All examples read the same.
    Shared,
}

/// What a Program does, without the memory that it works in.
pub(crate) struct Plan {
    tasks: Vec<Task>,
    /// What the tasks compute, from which that of many examples is made.
    graph: Graph,
    memory_len: usize,
    explanation: String,
}

/// The memory that a plan works in. What it holds does not outlast a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    memory: Vec<f64>,
    workspace: Workspace,
}

impl Machine {
    pub(crate) fn for_plan(plan: &Plan) -> Machine {
        let mut machine = Machine::default();
        machine.reserve(plan);
        machine
    }

    fn len(&self) -> usize {
        self.memory.len() + self.workspace.len()
    }

    /// Makes room for a plan beside those it has room for.
    pub(crate) fn reserve(&mut self, plan: &Plan) {
        self.memory.resize(self.memory.len().max(plan.memory_len), 0.0);
        plan.tasks.iter().for_each(|task| self.workspace.reserve(task));
    }
}

impl Plan {
    fn inputs(&self) -> impl ExactSizeIterator<Item = &Shape> {
        self.graph.inputs.iter()
    }

    fn outputs(&self) -> impl ExactSizeIterator<Item = &Shape> {
        self.graph.outputs.iter().map(|&id| self.graph.shape(id))
    }

    /// Computes the outputs from the inputs. Their number and lengths must be those of the capture.
    pub(crate) fn run(&self, machine: &mut Machine, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let Machine { memory, workspace } = machine;
        for task in &self.tasks {
            task.run(workspace, Places { memory, inputs, outputs });
        }
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("steps", &self.tasks.len()).field("memory", &self.memory_len).finish()
    }
}

impl Program {
    /// Traces `body` once on inputs of the given shapes and compiles what it returns.
    ///
    /// # Errors
    /// If `body` reads a value that depends on an input ([`Var::item`], [`Var::to_tensor`]): what it did with the value
    /// would be frozen into the Program.
    pub fn capture<S: AsRef<[usize]>>(
        inputs: &[S],
        body: impl FnOnce(&[Var]) -> Vec<Var>,
    ) -> Result<Program, CaptureError> {
        let (computation, check) = Program::trace(inputs.iter().map(|shape| shape.as_ref().into()).collect(), body)?;
        Ok(Program::of(computation, check))
    }

    /// [`capture`](Program::capture) on inputs of given types, f64 or f32, with outputs in the types that the body gives them (what
    /// is not f32 is f64). [`Program::call`] takes and gives tensors; [`Program::run`] takes and gives f32 two in the place of each
    /// f64, see [`Packed`]: half of what a large state would be.
    ///
    /// ```
    /// use pyroxene_autograd::{DType, Program, Tensor};
    /// let mut decay = Program::capture_typed(&[([3], DType::F32)], |x| vec![x[0] * 0.5])?;
    /// let halved = &decay.call(&[Tensor::from([1.0f32, 2.0, 3.0])])[0];
    /// assert_eq!((halved.dtype(), halved.to_vec::<f32>()), (DType::F32, vec![0.5, 1.0, 1.5]));
    /// # Ok::<(), pyroxene_autograd::CaptureError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::capture`].
    ///
    /// # Panics
    /// If an input is of another type.
    #[track_caller]
    pub fn capture_typed<S: AsRef<[usize]>>(
        inputs: &[(S, DType)],
        body: impl FnOnce(&[Var]) -> Vec<Var>,
    ) -> Result<Program, CaptureError> {
        if let Some((k, (_, dtype))) =
            inputs.iter().enumerate().find(|(_, (_, dtype))| !matches!(dtype, DType::F64 | DType::F32))
        {
            fail(format_args!("Program::capture_typed: input {k} is {dtype:?}; inputs are F64 or F32"));
        }
        let typed = inputs.iter().map(|(shape, dtype)| (shape.as_ref().into(), *dtype)).collect();
        let (computation, check) = Program::trace_typed(typed, true, body)?;
        Ok(Program::of(computation, check))
    }

    fn trace(
        shapes: Vec<Shape>,
        body: impl FnOnce(&[Var]) -> Vec<Var>,
    ) -> Result<(Simplified, Option<Check>), CaptureError> {
        Program::trace_typed(shapes.into_iter().map(|shape| (shape, DType::F64)).collect(), false, body)
    }

    fn trace_typed(
        inputs: Vec<(Shape, DType)>,
        outputs_too: bool,
        body: impl FnOnce(&[Var]) -> Vec<Var>,
    ) -> Result<(Simplified, Option<Check>), CaptureError> {
        scope(|| {
            let input = |(k, (shape, dtype)): (usize, &(Shape, DType))| {
                with_arena(|arena| arena.push(Op::Input(k), &[], shape.clone(), *dtype, Value::Unknown))
            };
            let vars: Vec<Var> = inputs.iter().enumerate().map(input).collect();
            let outputs = guard(|| body(&vars))?;
            check_live(&outputs);
            let check = Check::of_capture(&vars, &outputs);
            let narrow = |vars: &[Var]| (0..vars.len()).filter(|&k| vars[k].dtype() == DType::F32).collect();
            let (shapes, _): (Vec<Shape>, Vec<DType>) = inputs.into_iter().unzip();
            let graph = Graph { narrow_inputs: narrow(&vars), ..import::import(shapes, &outputs) };
            let narrow_outputs = if outputs_too { narrow(&outputs) } else { graph.narrow_outputs };
            Ok((Simplified::of(Graph { narrow_outputs, ..graph }), check))
        })
    }

    fn of(computation: Simplified, check: Option<Check>) -> Program {
        let plan = computation.compile();
        Program { machine: Machine::for_plan(&plan), plan: Arc::new(plan), check }
    }

    /// The Program that does for `count` examples what this one does for one: `vmap` of other systems.
    ///
    /// An input that each example has for itself gains a first axis of size `count`, and so do all outputs. What depends on
    /// shared inputs alone is computed once. A product with a matrix that the examples share is one product for all of them.
    /// Random draws are those of each example's key; with a shared key all examples draw the same.
    ///
    /// Each example's results are those of this Program, but for the order in which matrix products add: equal to rounding,
    /// and bit for bit where no product with a shared matrix is involved.
    ///
    /// ```
    /// use pyroxene_autograd::{Batch, Program, grad};
    /// // Value and gradient of Σ (x - m)², for four x at once.
    /// let one = Program::capture(&[[2], [2]], |x| {
    ///     let y = (x[0] - x[1]).square().sum();
    ///     vec![y, grad(y, &[x[0]])[0]]
    /// })?;
    /// let mut four = one.batched(4, &[Batch::Each, Batch::Shared]);
    /// assert_eq!(four.input_shapes().collect::<Vec<_>>(), [&[4, 2][..], &[2]]);
    /// let (mut values, mut gradients) = ([0.0; 4], [0.0; 8]);
    /// let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    /// four.run(&[&x, &[1.0, 0.0]], &mut [&mut values, &mut gradients]);
    /// assert_eq!(values, [4.0, 20.0, 52.0, 100.0]);
    /// assert_eq!(gradients[..4], [0.0, 4.0, 4.0, 8.0]);
    /// # Ok::<(), pyroxene_autograd::CaptureError>(())
    /// ```
    ///
    /// # Panics
    /// If `inputs` does not have one entry for each input.
    #[track_caller]
    #[must_use]
    pub fn batched(&self, count: usize, inputs: &[Batch]) -> Program {
        assert_eq!(inputs.len(), self.plan.inputs().len(), "Program::batched: number of inputs");
        let source = |input: &Batch| match input {
            Batch::Each => Source::Each,
            Batch::Shared => Source::Shared,
        };
        let outputs = vec![true; self.plan.outputs().len()];
        let batching = Batching { count, inputs: inputs.iter().map(source).collect(), outputs };
        Program::of_many(&self.plan.graph, self.check.as_ref(), batching)
    }

    fn of_many(one: &Graph, check: Option<&Check>, batching: Batching) -> Program {
        let computation = Simplified::batched(one, &batching);
        Program::of(computation, check.map(|check| check.of_batch(batching)))
    }

    pub(crate) fn into_plan(self) -> Arc<Plan> {
        self.plan
    }

    /// Computes the outputs from the inputs, all in row-major order. Inputs are read and outputs written where they lie.
    ///
    /// # Panics
    /// If the number or the length of an input or output is not that of the capture (f32 take half as many f64, rounded up): nothing
    /// is written then. If an index computed by the Program is out of range: the outputs may be written in part. In debug builds also
    /// if a check finds that the outputs are not those of direct evaluation.
    #[track_caller]
    pub fn run(&mut self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let plan = &*self.plan;
        let graph = &plan.graph;
        let len = |shape: &Shape, narrow: bool| slots(shape.iter().product(), narrow);
        assert_eq!(inputs.len(), plan.inputs().len(), "Program::run: number of inputs");
        assert_eq!(outputs.len(), plan.outputs().len(), "Program::run: number of outputs");
        for (k, (input, shape)) in inputs.iter().zip(plan.inputs()).enumerate() {
            let len = len(shape, graph.narrow_inputs.contains(&k));
            assert_eq!(input.len(), len, "Program::run: input {k} has shape {:?}", shape.as_slice());
        }
        for (k, (output, shape)) in outputs.iter().zip(plan.outputs()).enumerate() {
            let len = len(shape, graph.narrow_outputs.contains(&k));
            assert_eq!(output.len(), len, "Program::run: output {k} has shape {:?}", shape.as_slice());
        }
        plan.run(&mut self.machine, inputs, outputs);
        if let Some(check) = &mut self.check {
            check.look(graph, inputs, outputs);
        }
    }

    /// [`Program::run`] on tensors, for use outside inner loops. They are cast to the types of the inputs.
    ///
    /// # Panics
    /// If an input's shape is not that of the capture.
    #[track_caller]
    pub fn call(&mut self, inputs: &[Tensor]) -> Vec<Tensor> {
        let given: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
        let wanted: Vec<&[usize]> = self.input_shapes().collect();
        assert_eq!(given, wanted, "Program::call: shapes of the inputs");
        let graph = &self.plan.graph;
        let dtype = |is_narrow: bool| if is_narrow { DType::F32 } else { DType::F64 };
        let given = inputs.iter().enumerate();
        let given: Vec<Packed> =
            given.map(|(k, input)| Packed::of(&input.cast(dtype(graph.narrow_inputs.contains(&k))))).collect();
        let results = self.plan.outputs().enumerate();
        let mut results: Vec<Packed> =
            results.map(|(k, shape)| Packed::zeros(shape, dtype(graph.narrow_outputs.contains(&k)))).collect();
        let inputs: Vec<&[f64]> = given.iter().map(Packed::as_slice).collect();
        let mut outputs: Vec<&mut [f64]> = results.iter_mut().map(Packed::as_mut_slice).collect();
        self.run(&inputs, &mut outputs);
        results.iter().map(Packed::to_tensor).collect()
    }

    /// The shapes of the inputs.
    pub fn input_shapes(&self) -> impl Iterator<Item = &[usize]> {
        self.plan.inputs().map(Shape::as_slice)
    }

    /// The shapes of the outputs.
    pub fn output_shapes(&self) -> impl Iterator<Item = &[usize]> {
        self.plan.outputs().map(Shape::as_slice)
    }

    /// How many numbers of working memory a run takes, those of inner loops included.
    pub fn memory_len(&self) -> usize {
        self.machine.len()
    }

    /// What became of the computation, pass by pass: what was on the tape, the rules that were applied and how often, the
    /// simplified graph, the schedule, and the steps over buffers with their places in memory. Long lists are cut.
    ///
    /// ```
    /// use pyroxene_autograd::Program;
    /// // Log-probabilities of ones and of zeros, not as one should write them.
    /// let program = Program::capture(&[&[3]], |x| {
    ///     let p = x[0].sigmoid();
    ///     vec![p.ln().sum() - (1.0 - p).ln().sum()]
    /// })?;
    /// assert_eq!(program.explain(), "\
    /// imported: 11 nodes
    ///   1 constant, 1 input, 2 ln, 2 reshape, 1 sigmoid, 2 sub, 2 sum
    /// rules applied:
    ///   1 times Add(x, Neg(y)) => Sub(x, y)
    ///   1 times Ln(Sigmoid(x)) => Neg(Softplus(Neg(x))) (improves where sigmoid(x) underflows or rounds to 1)
    ///   1 times Ln(Sub(1.0, Sigmoid(x))) => Neg(Softplus(x)) (improves where sigmoid(x) rounds to 1)
    ///   2 times Reshape to the same shape, or of Reshape
    ///   1 times Sub(x, Neg(y)) => Add(x, y)
    ///   2 times Sum(f(x, s)) => f(Sum(x), s), linear f
    ///   2 times f(x) of one element, or with axes of size one => Reshape(f(Reshape(x)))
    /// simplified: 9 nodes
    ///   %0 [3] = input 0
    ///   %1 [3] = neg %0
    ///   %2 [3] = softplus %1
    ///   %3 [1] = sum %2
    ///   %4 [] = reshape %3
    ///   %5 [3] = softplus %0
    ///   %6 [1] = sum %5
    ///   %7 [] = reshape %6
    ///   %8 [] = sub %7 %4
    ///   outputs %8
    /// schedule: 2 units
    ///   loop over [3]: %1 %2 %3 %5 %6
    ///   loop over []: %8
    /// steps: 2, over 16 numbers of memory (2 without sharing)
    ///   loop over [3]
    ///     r0 = in0[3]
    ///     r1 = neg r0
    ///     r2 = softplus r1
    ///     r3 = softplus r0
    ///     b1 = sum of r2
    ///     b2 = sum of r3
    ///   loop over []
    ///     r0 = b2[]
    ///     r1 = b1[]
    ///     r2 = sub r0 r1
    ///     out0 = r2
    /// memory:
    ///   b1 at 0..1
    ///   b2 at 8..9
    /// ");
    /// # Ok::<(), pyroxene_autograd::CaptureError>(())
    /// ```
    pub fn explain(&self) -> &str {
        &self.plan.explanation
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("inputs", &self.input_shapes().collect::<Vec<_>>())
            .field("outputs", &self.output_shapes().collect::<Vec<_>>())
            .field("steps", &self.plan.tasks.len())
            .field("memory", &self.plan.memory_len)
            .finish()
    }
}
