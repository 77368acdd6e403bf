//! Programs check themselves: in debug builds, the first run and every 1024th of each clone are computed once more, as the
//! computation was written, by direct evaluation. Of a batch some examples are, one by one.
//!
//! The two agree to rounding. How much that is depends on the computation: where the two differ by more than a part in 10^9
//! (in 10^5 where expressions are f32), direct evaluation is repeated with the last bit of each intermediate number moved at
//! random (stochastic arithmetic: J. Vignes, "A stochastic arithmetic for reliable scientific computation", 1993), and what
//! its results scatter by is what rounding explains: a matrix that is nearly singular, a sum that cancels, f32.

use super::batch::{self, Batching};
use super::graph::Graph;
use super::packed::widened;
use crate::arena::{Var, scope};
use crate::body::Body;
use pyroxene_kernels::random::{Stream, mix};
use pyroxene_tensor::{DType, Shape, Tensor};
use std::sync::Arc;

/// A run of this many is checked, and the first.
const EVERY: u64 = 1024;
/// The relative difference that needs no explanation, and the one where expressions are f32.
const TOLERANCE: f64 = 1e-9;
const TOLERANCE_F32: f64 = 1e-5;
/// Differences below this are those of numbers that underflow, in f64 and where expressions are f32.
const TINY: f64 = 1e-100;
const TINY_F32: f64 = 1e-36;
/// Repetitions by which scatter is judged, and what multiple of it is believed.
const REPETITIONS: u64 = 4;
const BELIEVED: f64 = 1e3;
/// How many examples of a batch are checked.
const EXAMPLES: usize = 8;

/// The computation that a Program was captured from, and how often this clone has run.
#[derive(Clone)]
pub(super) struct Check {
    source: Arc<Source>,
    /// How the computation was made that of many examples, more than once perhaps.
    batches: Vec<Batching>,
    runs: u64,
}

struct Source {
    body: Body,
    inputs: Vec<(Shape, DType)>,
    /// The values from outside the capture.
    constants: Vec<Tensor>,
}

impl Check {
    /// For what has just been captured on `inputs`, in a debug build. None inside another capture on whose inputs it depends:
    /// there is no value to check with.
    pub(super) fn of_capture(inputs: &[Var], outputs: &[Var]) -> Option<Check> {
        if !cfg!(debug_assertions) {
            return None;
        }
        let (body, outside) = Body::captured(inputs, outputs);
        if outside.iter().any(|var| var.is_traced()) {
            return None;
        }
        let constants = outside.into_iter().map(Var::to_tensor).collect();
        let inputs = inputs.iter().map(|input| (input.shape(), input.dtype())).collect();
        Some(Check { source: Arc::new(Source { body, inputs, constants }), batches: vec![], runs: 0 })
    }

    /// Looks at a run's outputs, if its turn has come.
    ///
    /// # Panics
    /// If they are not those of direct evaluation.
    pub(super) fn look(&mut self, graph: &Graph, inputs: &[&[f64]], outputs: &[&mut [f64]]) {
        if self.runs.is_multiple_of(EVERY) {
            let len = |shape: &Shape| shape.iter().product();
            let inputs = inputs.iter().zip(&graph.inputs).enumerate();
            let inputs: Vec<Vec<f64>> = inputs
                .map(|(k, (packed, shape))| widened(packed, len(shape), graph.narrow_inputs.contains(&k)))
                .collect();
            let outputs = outputs.iter().zip(&graph.outputs).enumerate();
            let outputs: Vec<Vec<f64>> = outputs
                .map(|(k, (packed, &id))| widened(packed, len(graph.shape(id)), graph.narrow_outputs.contains(&k)))
                .collect();
            let [inputs, outputs] = [&inputs, &outputs].map(|all| all.iter().map(Vec::as_slice).collect::<Vec<_>>());
            self.compare(&self.batches, &inputs, &outputs);
        }
        self.runs += 1;
    }

    /// The check of many examples of the computation.
    pub(super) fn of_batch(&self, batching: Batching) -> Check {
        let batches = self.batches.iter().cloned().chain([batching]).collect();
        Check { source: self.source.clone(), batches, runs: 0 }
    }

    fn compare(&self, batches: &[Batching], inputs: &[&[f64]], outputs: &[&[f64]]) {
        let Some((Batching { count, inputs: sources, outputs: each }, inner)) = batches.split_last() else {
            return self.source.compare(inputs, outputs);
        };
        let rows: Vec<Vec<f64>> = sources
            .iter()
            .map(|source| if let batch::Source::Rows(rows) = source { rows.to_vec() } else { vec![] })
            .collect();
        let part = |all: &[f64], example: usize| {
            let len = all.len() / count;
            example * len..(example + 1) * len
        };
        // Evenly from the first to the last.
        let checked = EXAMPLES.min(*count);
        for example in (0..checked).map(|k| k * (count - 1) / (checked - 1).max(1)) {
            let mut given = inputs.iter();
            let sources = sources.iter().zip(&rows).map(|(source, rows)| match source {
                batch::Source::Rows(_) => &rows[part(rows, example)],
                batch::Source::Each => given.next().map(|all| &all[part(all, example)]).expect("an input"),
                batch::Source::Shared => given.next().expect("an input"),
            });
            let outputs = outputs.iter().zip(each);
            let outputs = outputs.map(|(all, &each)| if each { &all[part(all, example)] } else { all });
            self.compare(inner, &sources.collect::<Vec<_>>(), &outputs.collect::<Vec<_>>());
        }
    }
}

impl Source {
    fn compare(&self, inputs: &[&[f64]], outputs: &[&[f64]]) {
        let direct = self.evaluate(inputs, |var| var);
        let mut scattered: Option<Vec<Vec<Vec<f64>>>> = None;
        let single = self.body.has(DType::F32);
        let (tolerance, tiny) = if single { (TOLERANCE_F32, TINY_F32) } else { (TOLERANCE, TINY) };
        for (k, (output, direct)) in outputs.iter().zip(&direct).enumerate() {
            for (element, (&ours, &theirs)) in output.iter().zip(direct).enumerate() {
                let apart = (ours - theirs).abs();
                // Where direct evaluation has no number, a rewriting may have found one.
                if apart <= tolerance * theirs.abs() + tiny || !theirs.is_finite() {
                    continue;
                }
                let scattered = scattered.get_or_insert_with(|| self.scattered(inputs));
                let scatter = scattered.iter().map(|run| (run[k][element] - theirs).abs()).fold(0.0, larger);
                // Also refuses NaN of the Program; a scatter that is not a number says that rounding decides everything.
                let explained = apart <= BELIEVED * scatter || !scatter.is_finite();
                assert!(
                    explained,
                    "a Program is wrong in output {k}, element {element}: it gives {ours:e}, direct evaluation {theirs:e}, \
                     of which rounding explains {scatter:e}"
                );
            }
        }
    }

    /// The outputs by direct evaluation, with each computed expression replaced by `alter` of it.
    fn evaluate(&self, inputs: &[&[f64]], alter: impl FnMut(Var) -> Var) -> Vec<Vec<f64>> {
        scope(|| {
            let given = inputs.iter().zip(&self.inputs);
            let given = given.map(|(data, (shape, dtype))| Tensor::from_vec(data.to_vec(), shape).cast(*dtype));
            let arguments: Vec<Var> = given.map(Var::from).chain(self.constants.iter().map(Var::from)).collect();
            let outputs = self.body.replay_by(&arguments, alter);
            outputs.into_iter().map(|output| output.to_tensor().to_vec::<f64>()).collect()
        })
    }

    /// Evaluations whose intermediate numbers are a bit off.
    fn scattered(&self, inputs: &[&[f64]]) -> Vec<Vec<Vec<f64>>> {
        (0..REPETITIONS)
            .map(|repetition| {
                let mut stream = Stream::new(mix(0, repetition));
                self.evaluate(inputs, |var| jitter(var, &mut stream))
            })
            .collect()
    }
}

/// Each number moved up or down by about a unit in its last place.
fn jitter(var: Var, stream: &mut Stream) -> Var {
    let (dtype, shape) = (var.dtype(), var.shape());
    let unit = match dtype {
        DType::F64 => f64::EPSILON,
        DType::F32 => f64::from(f32::EPSILON),
        DType::I64 | DType::Bool => return var,
    };
    let mut signs = || {
        let data = (0..var.len()).map(|_| if stream.uniform() < 0.5 { -1.0 } else { 1.0 }).collect();
        Var::from(Tensor::from_vec(data, &shape))
    };
    // What has underflowed to zero moves too.
    (var * (1.0 + unit * signs()) + f64::from_bits(1) * signs()).cast(dtype)
}

/// The larger of two numbers, or NaN if one is.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::super::Program;
    use super::*;
    use crate::grad;

    /// The Program of one computation that believes to be that of another.
    fn planted(wrong: impl Fn(Var) -> Vec<Var>, right: impl Fn(Var) -> Vec<Var>) -> Program {
        let capture =
            |body: &dyn Fn(Var) -> Vec<Var>| Program::capture(&[[3]], |x| body(x[0])).expect("no value is read");
        let check = Check { runs: 0, ..capture(&right).check.expect("tests are debug builds") };
        Program { check: Some(check), ..capture(&wrong) }
    }

    fn message(mut program: Program, runs: usize, x: [f64; 3]) -> Option<String> {
        let run = || {
            for _ in 0..runs {
                program.run(&[&x], &mut [&mut [0.0], &mut [0.0; 3]]);
            }
        };
        let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).err()?;
        payload.downcast_ref::<String>().cloned()
    }

    fn value_and_gradient(f: impl Fn(Var) -> Var) -> impl Fn(Var) -> Vec<Var> {
        move |x| {
            let y = f(x);
            vec![y, grad(y, &[x])[0]]
        }
    }

    #[test]
    fn a_wrong_program_is_caught_at_its_first_run() {
        let right = value_and_gradient(|x| (x * x).sum());
        let wrong = |x: Var| vec![(x * x).sum(), 2.0 * x + Var::from([0.0, 0.0, 1e-7])];
        let found = message(planted(wrong, right), 1, [1.0, 2.0, 3.0]).expect("the gradient is wrong");
        assert!(
            found.starts_with("a Program is wrong in output 1, element 2: it gives 6.0000001e0, direct evaluation 6e0")
        );
    }

    #[test]
    fn a_program_that_goes_wrong_later_is_caught_later() {
        let mut program = planted(value_and_gradient(|x| x.abs().sum()), value_and_gradient(|x| x.sum()));
        let (mut value, mut gradient) = ([0.0], [0.0; 3]);
        program.run(&[&[1.0, 2.0, 3.0]], &mut [&mut value, &mut gradient]);
        assert_eq!(message(program.clone(), 1023, [-1.0, 2.0, 3.0]), None);
        assert!(message(program, 1024, [-1.0, 2.0, 3.0]).is_some());
    }

    #[test]
    fn a_wrong_example_is_caught() {
        use super::super::Batch;
        let right = value_and_gradient(|x| (x * x).sum());
        // Wrong where the first coordinate is large, which it is in the last example.
        let wrong = |x: Var| vec![(x * x).sum(), 2.0 * x + x.select(0, 0).greater(8.0).where_(1e-7, 0.0)];
        let x: Vec<f64> = (0..30).map(f64::from).collect();
        for (count, caught) in [(2, false), (10, true)] {
            let mut many = planted(wrong, &right).batched(count, &[Batch::Each]);
            let run = || many.run(&[&x[..3 * count]], &mut [&mut vec![0.0; count], &mut vec![0.0; 3 * count]]);
            assert_eq!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err(), caught);
        }
    }

    #[test]
    fn nothing_of_a_program_is_nan_unless_it_should_be() {
        let right = value_and_gradient(|x| x.sum());
        let wrong = value_and_gradient(|x| x.sum() + (x - 4.0).ln().sum().stop_gradient());
        assert!(message(planted(wrong, right), 1, [1.0, 2.0, 3.0]).is_some());
        // A Program may know better.
        let logarithm = value_and_gradient(|x| x.sigmoid().ln().sum());
        let stable = value_and_gradient(|x| -(-x).softplus().sum());
        assert_eq!(message(planted(stable, logarithm), 1, [-1000.0, 0.0, 1000.0]), None);
    }

    #[test]
    fn rounding_is_no_mistake() {
        // Both cancel: what is left has six digits, in one order of summation or the other.
        let large = Var::from([1e10, -1e10, 1e3]);
        let one = value_and_gradient(move |x| (x * large).sum().square());
        let other = value_and_gradient(move |x| {
            let part = |i: isize| x.slice(0, i as usize..i as usize + 1).sum();
            ((part(2) * 1e3 + part(1) * -1e10) + part(0) * 1e10).square()
        });
        assert_eq!(message(planted(other, one), 1, [1.0 + 1e-7, 1.0, 0.1]), None);
        // A number that is off where nothing cancels is a mistake.
        let one = value_and_gradient(move |x| (x * large).abs().sum());
        let other = value_and_gradient(move |x| (x * large).abs().sum() * (1.0 + 1e-8));
        assert!(message(planted(other, one), 1, [1.0 + 1e-7, 1.0, 0.1]).is_some());
    }
}
