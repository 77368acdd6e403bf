//! Random expressions: direct evaluation and Programs agree, and derivatives agree with finite differences.
//!
//! An expression is a function of a seed and its inputs: the generator draws each step (operation, operands, axes) from a
//! stream under the seed and looks only at shapes, so that it builds the same expression each time, whether the inputs are
//! numbers or those of a Program. To look into a failure, run its seed alone.

use pyroxene_autograd::{Batch, DType, Program, Tensor, Triangle, Var, grad, scope};
use pyroxene_kernels::random::{Stream, mix};
use pyroxene_tensor::Slice;

/// Expressions of each kind.
const CASES: u64 = 1200;
/// The most elements of an intermediate value.
const MOST: usize = 400;

/// What an expression is made of.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Differentiable almost everywhere, with values and derivatives of moderate size.
    Smooth,
    /// Also steps, truth values, whole numbers, functions outside their domains, and empty axes.
    Wild,
}

struct Generator {
    stream: Stream,
    kind: Kind,
    /// The inputs, then every value made so far.
    values: Vec<Var>,
}

impl Generator {
    fn below(&mut self, n: usize) -> usize {
        self.stream.below(n as u64) as usize
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A value made before, more often a recent one.
    fn operand(&mut self) -> Var {
        let recent = self.values.len().min(4);
        let count = if self.flip() { recent } else { self.values.len() };
        let place = self.values.len() - 1 - self.below(count);
        self.values[place]
    }

    /// A value that meets a condition, if one is found soon.
    fn operand_where(&mut self, fits: impl Fn(&[usize]) -> bool) -> Option<Var> {
        (0..12).map(|_| self.operand()).find(|x| fits(&x.shape()))
    }

    fn axis(&mut self, x: Var) -> Option<isize> {
        let rank = x.ndim();
        let axis = (rank > 0).then(|| self.below(rank) as isize)?;
        // The same axis, counted from either end.
        Some(if self.flip() { axis } else { axis - rank as isize })
    }

    /// Some of the axes, perhaps none or all.
    fn axes(&mut self, x: Var) -> Vec<isize> {
        (0..x.ndim() as isize).filter(|_| self.flip()).collect()
    }

    fn numbers(&mut self, shape: &[usize]) -> Tensor {
        let data: Vec<f64> = (0..shape.iter().product()).map(|_| self.stream.normal()).collect();
        Tensor::from_vec(data, shape)
    }

    /// A number that the rules of the compiler know, or another one.
    fn number(&mut self) -> f64 {
        self.choose(&[0.0, 1.0, -1.0, 2.0, 0.5, -0.7])
    }

    fn indices(&mut self, len: usize, size: usize) -> Vec<i64> {
        (0..len).map(|_| self.below(size) as i64).collect()
    }

    fn unary(&mut self, x: Var) -> Var {
        if self.kind == Kind::Wild && self.flip() {
            return match self.below(12) {
                0 => x.ln(),
                1 => x.sqrt(),
                2 => x.recip(),
                3 => x.floor(),
                4 => x.round(),
                5 => x.sign(),
                6 => x.is_finite(),
                7 => x.not(),
                8 => x.exp(),
                9 => x.lgamma(),
                10 => x.stop_gradient(),
                _ => x.cast(DType::Bool),
            };
        }
        match self.below(18) {
            0 => -x,
            1 => x.tanh(),
            2 => x.sigmoid(),
            3 => x.softplus(),
            4 => x.sin(),
            5 => x.cos(),
            6 => x.atan(),
            7 => x.erf(),
            8 => x.tanh().exp(),
            9 => x.square().ln_1p(),
            10 => (x.square() + 1.0).sqrt(),
            11 => (x.square() + 0.5).recip(),
            12 => (x.tanh() * 0.5).exp_m1(),
            13 => (x.square() + 0.3).ln(),
            14 => (x.sigmoid() + 0.5).lgamma(),
            15 => (x.sigmoid() + 0.5).digamma(),
            16 => x.abs(),
            _ => x.tanh().square(),
        }
    }

    fn binary(&mut self, a: Var, b: Var) -> Var {
        if self.kind == Kind::Wild && self.below(4) == 0 {
            return match self.below(7) {
                0 => a / b,
                1 => a.pow(b),
                2 => a.xlogy(b),
                3 => a.equal(b),
                4 => a.less(b).or(b.less_equal(a)),
                5 => a.greater(b).and(b.not_equal(0.0)),
                _ => a.greater_equal(b),
            };
        }
        match self.below(11) {
            0 | 1 => a + b,
            2 | 3 => a - b,
            4 | 5 => a.tanh() * b.tanh(),
            6 => a / (b.square() + 0.5),
            7 => a.maximum(b),
            8 => a.minimum(b),
            9 => a.logaddexp(b),
            _ => (a.square() + 0.2).pow(b.tanh()),
        }
    }

    fn with_number(&mut self, x: Var) -> Var {
        let c = self.number();
        match self.below(9) {
            0 => x + c,
            1 => c + x,
            2 => x - c,
            3 => c - x,
            4 => x * c,
            5 => c * x,
            6 => x / if c == 0.0 { 1.0 } else { c },
            7 => (x.square() + 0.2).pow(c),
            _ => x * x,
        }
    }

    fn reduce(&mut self, x: Var) -> Option<Var> {
        let (axes, keep) = (self.axes(x), self.flip());
        let empty = axes.iter().any(|&axis| x.size(axis) == 0);
        Some(match self.below(6) {
            0 => x.sum_axes(&axes, keep),
            1 if !empty => x.mean_axes(&axes, keep),
            2 => x.logsumexp(&axes, keep),
            3 if !empty => x.max_axes(&axes, keep),
            4 if !empty => x.min_axes(&axes, keep),
            5 => x.sum(),
            _ => return None,
        })
    }

    fn along(&mut self, x: Var) -> Option<Var> {
        let axis = self.axis(x)?;
        Some(match self.below(3) {
            0 => x.softmax(axis),
            1 => x.log_softmax(axis).tanh(),
            _ => x.cumsum(axis),
        })
    }

    /// The same elements in another shape of up to four axes.
    fn reshape(&mut self, x: Var) -> Option<Var> {
        let mut left = x.len();
        if left == 0 {
            return None;
        }
        let mut shape = Vec::new();
        while shape.len() < 3 && (left > 1 || self.flip()) {
            let divisors: Vec<usize> = (1..=left).filter(|d| left.is_multiple_of(*d)).collect();
            let size = self.choose(&divisors);
            shape.push(size as isize);
            left /= size;
        }
        if left > 1 {
            shape.push(left as isize);
        }
        if !shape.is_empty() && self.flip() {
            let place = self.below(shape.len());
            shape[place] = -1;
        }
        Some(x.reshape(&shape))
    }

    fn expand(&mut self, x: Var) -> Option<Var> {
        let mut shape = x.shape().to_vec();
        for size in &mut shape {
            if *size == 1 && self.flip() {
                *size = 1 + self.below(3);
            }
        }
        if shape.len() < 4 && self.flip() {
            shape.insert(0, 1 + self.below(3));
        }
        (shape.iter().product::<usize>() <= MOST).then(|| x.expand(&shape))
    }

    fn permute(&mut self, x: Var) -> Var {
        let mut order: Vec<isize> = (0..x.ndim() as isize).collect();
        self.stream.shuffle(&mut order);
        x.permute(&order)
    }

    fn slice(&mut self, x: Var) -> Option<Var> {
        let axis = self.axis(x)?;
        let size = x.size(axis);
        if size == 0 {
            return None;
        }
        Some(match self.below(5) {
            0 => x.flip(axis),
            1 => x.select(axis, self.below(2 * size) as isize - size as isize),
            2 => {
                let start = self.below(size);
                let least = if self.kind == Kind::Wild { start } else { start + 1 };
                x.slice(axis, start..least + self.below(size + 1 - least))
            }
            3 => x.slice(axis, Slice { step: 1 + self.below(3) as isize, ..Slice::default() }),
            _ => {
                let start = self.below(size) as isize;
                x.slice(axis, Slice { start: Some(start), stop: None, step: -1 - self.below(2) as isize })
            }
        })
    }

    fn join(&mut self, x: Var) -> Option<Var> {
        if self.flip() && x.ndim() < 4 {
            let axis = self.below(x.ndim() + 1) as isize;
            let other = self.operand_where(|shape| shape == x.shape().as_slice()).unwrap_or(x);
            return Some(Var::stack(&[x, other], axis));
        }
        let axis = self.axis(x)?;
        let place = axis.rem_euclid(x.ndim() as isize) as usize;
        let fits = |shape: &[usize]| {
            shape.len() == x.ndim() && (0..shape.len()).all(|k| k == place || shape[k] == x.shape()[k])
        };
        let mut parts = vec![x];
        for _ in 0..1 + self.below(2) {
            parts.extend(self.operand_where(fits));
        }
        self.stream.shuffle(&mut parts);
        Some(Var::concat(&parts, axis))
    }

    fn index(&mut self, x: Var) -> Option<Var> {
        let axis = self.axis(x)?;
        let size = x.size(axis);
        if self.flip() {
            let target = 1 + self.below(5);
            return Some(x.index_add(axis, self.indices(size, target), target));
        }
        let count = 1 + self.below(5);
        (size > 0).then(|| x.index_select(axis, self.indices(count, size)))
    }

    fn matmul(&mut self, x: Var) -> Option<Var> {
        let inner = *x.shape().last()?;
        let fits = |shape: &[usize]| match shape {
            [n] => *n == inner,
            [batch @ .., n, _] => {
                let own = x.shape();
                let own = &own[..own.len().saturating_sub(2)];
                *n == inner && pyroxene_tensor::shape::broadcast("matmul", &[own, batch]).is_ok()
            }
            [] => false,
        };
        let found = self.operand_where(fits);
        let other = match found {
            Some(other) if self.below(3) > 0 => other,
            _ if x.ndim() >= 2 && self.flip() => x.t(),
            _ => {
                let columns = 1 + self.below(3);
                Var::from(self.numbers(&[inner, columns]))
            }
        };
        Some(x.matmul(other) / inner.max(1) as f64)
    }

    fn matrix(&mut self, x: Var) -> Option<Var> {
        let shape = x.shape();
        let &[.., rows, columns] = shape.as_slice() else {
            return (x.ndim() == 1 && x.len() <= 6).then(|| x.diag_embed());
        };
        if rows == 0 || rows > 5 {
            return None;
        }
        let choice = self.below(8);
        let offset = self.below(3) as isize - 1;
        match choice {
            0 => return Some(x.tril(offset)),
            1 => return Some(x.triu(offset)),
            2 if rows == columns => return Some(x.diagonal()),
            3 if rows * columns <= 12 && x.len() <= 40 => return Some(x.diag_embed()),
            _ => {}
        }
        let x = x.tanh();
        let definite = x.matmul(x.t()) + Var::from(Tensor::eye(rows, DType::F64)) * 1.5;
        let factor = definite.cholesky();
        let right = self.operand_where(|shape| {
            shape.len() >= 2
                && shape[shape.len() - 2] == rows
                && pyroxene_tensor::shape::broadcast(
                    "solve",
                    &[&definite.shape()[..definite.ndim() - 2], &shape[..shape.len() - 2]],
                )
                .is_ok()
        });
        Some(match right {
            Some(right) if choice > 5 => {
                let transpose = self.flip();
                if self.flip() {
                    factor.solve_triangular(right, Triangle::Lower, transpose)
                } else {
                    factor.t().solve_triangular(right, Triangle::Upper, transpose)
                }
            }
            _ => factor,
        })
    }

    fn pair(&mut self) -> Option<(Var, Var)> {
        let a = self.operand();
        let b = self.operand_where(|shape| {
            pyroxene_tensor::shape::broadcast("pair", &[&a.shape(), shape])
                .is_ok_and(|joint| joint.iter().product::<usize>() <= MOST && joint.len() <= 4)
        })?;
        Some(if self.flip() { (a, b) } else { (b, a) })
    }

    /// Another value, or none where the draw did not fit.
    fn step(&mut self) -> Option<Var> {
        let x = self.operand();
        match self.below(24) {
            0..=3 => Some(self.unary(x)),
            4..=7 => self.pair().map(|(a, b)| self.binary(a, b)),
            8 => Some(self.with_number(x)),
            9 | 10 => self.reduce(x),
            11 => self.along(x),
            12 => self.reshape(x),
            13 => self.expand(x),
            14 => Some(self.permute(x)),
            15 | 16 => self.slice(x),
            17 => self.join(x),
            18 => self.index(x),
            19 | 20 => self.matmul(x),
            21 => self.matrix(x),
            22 => {
                let (a, b) = self.pair()?;
                let level = self.number() * 0.3;
                Some((a - level).greater(0.1).where_(a * 0.5 + 1.0, b))
            }
            _ => {
                let shape = x.shape();
                let constant = Var::from(self.numbers(&shape));
                Some(self.binary(x, constant))
            }
        }
    }

    /// A sum in which every element counts differently.
    fn weigh(&mut self, y: Var) -> Var {
        let shape = y.shape();
        (y * Var::from(self.numbers(&shape))).sum()
    }
}

/// Inputs of random shapes.
fn inputs(seed: u64) -> Vec<Tensor> {
    let mut stream = Stream::new(mix(seed, 0));
    (0..1 + stream.below(3))
        .map(|_| {
            let rank = stream.below(4);
            let shape: Vec<usize> = (0..rank).map(|_| 1 + stream.below(4) as usize).collect();
            let data: Vec<f64> = (0..shape.iter().product()).map(|_| stream.normal()).collect();
            Tensor::from_vec(data, shape)
        })
        .collect()
}

/// The expression of a seed: some of its values, and a number made of them.
fn expression(seed: u64, kind: Kind, inputs: &[Var]) -> (Vec<Var>, Var) {
    let mut generator = Generator { stream: Stream::new(mix(seed, 1)), kind, values: inputs.to_vec() };
    let steps = 4 + generator.below(22);
    for _ in 0..steps {
        let Some(value) = generator.step() else { continue };
        if value.len() <= MOST && value.ndim() <= 4 {
            generator.values.push(value);
        }
    }
    let last = generator.values[generator.values.len() - 1];
    let mut outputs = vec![last];
    for _ in 0..generator.below(3) {
        outputs.push(generator.operand());
    }
    let loss = outputs.clone().into_iter().map(|y| generator.weigh(y.cast(DType::F64))).sum();
    (outputs, loss)
}

/// Outputs, loss, gradients, and for some seeds the gradients of the gradients' squares.
fn everything(seed: u64, kind: Kind, inputs: &[Var]) -> Vec<Var> {
    let (mut all, loss) = expression(seed, kind, inputs);
    let gradients = grad(loss, inputs);
    all.push(loss);
    all.extend(&gradients);
    if seed.is_multiple_of(4) {
        let size: Var = gradients.iter().map(|g| g.square().sum()).sum();
        all.extend(grad(size, inputs));
    }
    all
}

fn close(a: f64, b: f64, tolerance: f64, scale: f64) -> bool {
    a == b || (a - b).abs() <= tolerance * scale.max(1.0) || a.is_nan() && b.is_nan()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().filter(|x| x.is_finite()).fold(0.0, |most, x| x.abs().max(most))
}

/// Direct evaluation and two runs of a Program.
fn compare(seed: u64, kind: Kind) {
    let inputs = inputs(seed);
    let direct: Vec<Tensor> = scope(|| {
        let x: Vec<Var> = inputs.iter().map(Var::from).collect();
        everything(seed, kind, &x).into_iter().map(Var::to_tensor).collect()
    });
    let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
    let mut program = Program::capture(&shapes, |x| everything(seed, kind, x)).expect("no value is read");
    let first = program.call(&inputs);
    // A run on other inputs in between leaves nothing behind.
    program.call(&inputs.iter().map(|x| x * 0.3).collect::<Vec<_>>());
    let again = program.call(&inputs);
    for (k, ((direct, first), again)) in direct.iter().zip(&first).zip(&again).enumerate() {
        assert_eq!(direct.shape(), first.shape(), "seed {seed}: output {k}");
        let [direct, first, again] = [direct, first, again].map(Tensor::to_vec::<f64>);
        let scale = largest(&direct);
        for i in 0..direct.len() {
            let (a, b) = (direct[i], first[i]);
            assert!(
                close(a, b, 1e-12, scale),
                "seed {seed}: output {k}[{i}]: direct {a}, Program {b}\n{}",
                program.explain()
            );
            assert_eq!(first[i].to_bits(), again[i].to_bits(), "seed {seed}: output {k}[{i}] of two runs");
        }
    }
}

#[test]
fn programs_of_smooth_expressions_equal_direct_evaluation() {
    (0..CASES).for_each(|seed| compare(seed, Kind::Smooth));
}

#[test]
fn programs_of_wild_expressions_equal_direct_evaluation() {
    (0..CASES).for_each(|seed| compare(seed, Kind::Wild));
}

/// A batch of three examples, some of whose inputs they share, and the Program of one.
fn compare_batch(seed: u64, kind: Kind) {
    let inputs = inputs(seed);
    let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
    let mut one = Program::capture(&shapes, |x| everything(seed, kind, x)).expect("no value is read");
    let mix = |k: usize| if (seed >> k) & 3 == 1 { Batch::Shared } else { Batch::Each };
    let mix: Vec<Batch> = (0..inputs.len()).map(mix).collect();
    let example = |k: usize, i: usize| {
        if mix[k] == Batch::Shared { inputs[k].clone() } else { &inputs[k] * (1.0 - 0.4 * i as f64) }
    };
    let given: Vec<Tensor> = (0..inputs.len())
        .map(|k| match mix[k] {
            Batch::Shared => inputs[k].clone(),
            Batch::Each => Tensor::stack(&[example(k, 0), example(k, 1), example(k, 2)], 0),
        })
        .collect();
    let together = one.batched(3, &mix).call(&given);
    for i in 0..3 {
        let alone = one.call(&(0..inputs.len()).map(|k| example(k, i)).collect::<Vec<_>>());
        for (k, (together, alone)) in together.iter().zip(&alone).enumerate() {
            let (together, alone) = (together.select(0, i as isize).to_vec::<f64>(), alone.to_vec::<f64>());
            let scale = largest(&alone);
            for (at, (&a, &b)) in together.iter().zip(&alone).enumerate() {
                assert!(
                    close(a, b, 1e-12, scale),
                    "seed {seed}: output {k}[{at}] of example {i}: {a} together, {b} alone"
                );
            }
        }
    }
}

#[test]
fn batches_of_random_expressions_equal_their_examples() {
    (0..CASES).for_each(|seed| compare_batch(seed, Kind::Smooth));
    (0..CASES).for_each(|seed| compare_batch(seed, Kind::Wild));
}

/// The derivative along a direction by five points: the error is of order h^4.
fn slope(mut f: impl FnMut(f64) -> f64, h: f64) -> f64 {
    (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h)
}

#[test]
fn gradients_equal_finite_differences() {
    let mut kinks = 0;
    for seed in 0..CASES {
        let inputs = inputs(seed);
        let mut stream = Stream::new(mix(seed, 2));
        let direction: Vec<Tensor> = inputs
            .iter()
            .map(|x| Tensor::from_vec((0..x.len()).map(|_| stream.normal()).collect::<Vec<f64>>(), x.shape()))
            .collect();
        let loss = |step: f64| {
            scope(|| {
                let x: Vec<Var> = inputs.iter().zip(&direction).map(|(x, v)| Var::from(x + &(v * step))).collect();
                expression(seed, Kind::Smooth, &x).1.item()
            })
        };
        let exact: f64 = scope(|| {
            let x: Vec<Var> = inputs.iter().map(Var::from).collect();
            let gradients = grad(expression(seed, Kind::Smooth, &x).1, &x);
            gradients.iter().zip(&direction).map(|(g, v)| (*g * v).sum().item()).sum()
        });
        let numeric = slope(loss, 1e-3);
        if close(exact, numeric, 1e-6, numeric.abs()) {
            continue;
        }
        // Curved enough for a smaller step, or a kink (of abs, max, where) within the step.
        let finer = slope(loss, 2e-5);
        if !close(exact, finer, 1e-6, finer.abs()) {
            let finest = slope(loss, 1e-6);
            assert!(
                close(exact, finest, 1e-5, finest.abs()),
                "seed {seed}: {exact} against {numeric}, {finer}, {finest}"
            );
            kinks += 1;
        }
    }
    assert!(kinks < CASES / 50, "{kinks} expressions have a kink nearby");
}
