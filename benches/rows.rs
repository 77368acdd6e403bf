//! The rows of the kernel benchmarks: one an operation and size, under the names that the peers' rows have.

use crate::arrays::{normals, positive_definite, positives};
use pyroxene::{DType, Program, Tensor, Triangle, Var, grad, scope};
use pyroxene_kernels::{Binary, Operand, Unary, binary, unary};
use std::hint::black_box;

/// What a row must do at least: what its speed is measured by.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// Floating-point operations in f64.
    Flops(f64),
    /// Floating-point operations in f32.
    Flops32(f64),
    /// Bytes that are read once or written once.
    Bytes(f64),
    /// A call that is all overhead.
    Call,
}

/// An operation at a size.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) work: Work,
    /// Elements of the result, where they are what is computed.
    pub(crate) elements: Option<usize>,
    /// Makes the data, and the call that is timed.
    pub(crate) prepare: Box<dyn Fn() -> Box<dyn FnMut()> + Send + Sync>,
}

/// A list of rows.
pub(crate) struct Rows(pub(crate) Vec<Row>);

impl Rows {
    fn add<F: FnMut() + 'static>(
        &mut self,
        name: impl Into<String>,
        work: Work,
        prepare: impl Fn() -> F + Send + Sync + 'static,
    ) {
        let prepare = Box::new(move || Box::new(prepare()) as Box<dyn FnMut()>);
        self.0.push(Row { name: name.into(), work, elements: None, prepare });
    }

    /// A row of `n` results from `arrays - 1` arrays of as many numbers.
    fn map<F: FnMut() + 'static>(
        &mut self,
        name: impl Into<String>,
        n: usize,
        arrays: usize,
        prepare: impl Fn() -> F + Send + Sync + 'static,
    ) {
        self.add(name, bytes(arrays * n), prepare);
        self.0.last_mut().expect("just added").elements = Some(n);
    }
}

fn bytes(numbers: usize) -> Work {
    Work::Bytes(8.0 * numbers as f64)
}

/// A call whose result is kept from being left out.
fn timed<T>(mut call: impl FnMut() -> T) -> impl FnMut() {
    move || {
        black_box(call());
    }
}

/// A Program of one input that is run again and again.
fn program<F: FnOnce(Var) -> Vec<Var>>(x: Vec<f64>, shape: &[usize], body: F) -> impl FnMut() + use<F> {
    let mut program = Program::capture(&[shape], |x| body(x[0])).expect("no value is read");
    let mut outputs: Vec<Vec<f64>> = program.output_shapes().map(|shape| vec![0.0; shape.iter().product()]).collect();
    move || match &mut outputs[..] {
        [y] => program.run(&[black_box(&x)], &mut [y]),
        [y, gradient] => program.run(&[black_box(&x)], &mut [y, gradient]),
        _ => unreachable!("a value and perhaps its gradient"),
    }
}

fn gauss(x: Var) -> Var {
    let z = (x - 0.3) / 1.7;
    (-0.5 * z * z).exp()
}

/// Twenty operations on a scalar.
fn chain20(x: Var) -> Var {
    (0..5).fold(x, |y, _| (y * 1.01 + 0.1).tanh().exp())
}

fn with_gradient(x: Var, f: impl Fn(Var) -> Var) -> Vec<Var> {
    let y = f(x);
    vec![y, grad(y, &[x])[0]]
}

fn matrix(n: usize) -> Tensor {
    Tensor::from_vec(normals(n * n), [n, n])
}

/// All rows on one thread.
pub(crate) fn rows() -> Rows {
    let mut rows = Rows(Vec::new());
    for n in [1000, 1_000_000] {
        elementwise(&mut rows, n);
    }
    reductions(&mut rows);
    for n in [64, 256, 1024] {
        linear_algebra(&mut rows, n);
    }
    for n in [64, 256] {
        factors(&mut rows, n);
    }
    moves(&mut rows);
    tiny(&mut rows);
    for n in [1000, 1_000_000] {
        table(&mut rows, n);
    }
    rows
}

/// Rows that two threads share.
pub(crate) fn two_threads() -> Rows {
    let mut rows = Rows(Vec::new());
    let n = 1_000_000;
    rows.map(format!("exp_{n}"), n, 2, move || {
        let (x, mut y) = (normals(n), vec![0.0; n]);
        move || unary(Unary::Exp, black_box(&x), black_box(&mut y))
    });
    rows.add("matmul_1024", Work::Flops(2.0 * 1024f64.powi(3)), || {
        let a = matrix(1024);
        timed(move || a.matmul(&a))
    });
    rows
}

fn elementwise(rows: &mut Rows, n: usize) {
    rows.map(format!("gauss_chain_{n}"), n, 2, move || program(normals(n), &[n], |x| vec![gauss(x)]));
    rows.map(format!("gauss_chain_{n}_fwd_bwd"), n, 2, move || {
        program(normals(n), &[n], |x| with_gradient(x, |x| gauss(x).sum()))
    });
    type Map = (&'static str, fn(&Tensor) -> Tensor, fn(usize) -> Vec<f64>);
    let maps: [Map; 6] = [
        ("exp", Tensor::exp, normals),
        ("log", Tensor::ln, positives),
        ("tanh", Tensor::tanh, normals),
        ("softplus", Tensor::softplus, normals),
        ("lgamma", Tensor::lgamma, positives),
        ("digamma", Tensor::digamma, positives),
    ];
    for (name, f, data) in maps {
        rows.map(format!("{name}_{n}"), n, 2, move || {
            let x = Tensor::from(data(n));
            timed(move || f(&x))
        });
    }
    rows.map(format!("add_{n}"), n, 3, move || {
        let (x, y) = (Tensor::from(normals(n)), Tensor::from(positives(n)));
        timed(move || &x + &y)
    });
    rows.add(format!("sum_all_{n}"), bytes(n), move || {
        let x = Tensor::from(normals(n));
        timed(move || x.sum())
    });
}

fn reductions(rows: &mut Rows) {
    let n = 2000;
    type Reduction = (&'static str, usize, fn(&Tensor) -> Tensor);
    let reductions: [Reduction; 9] = [
        ("sum_axis0_2000", 1, |x| x.sum_axes(&[0], false)),
        ("sum_axis1_2000", 1, |x| x.sum_axes(&[1], false)),
        ("softmax_rows_2000", 2, |x| x.softmax(-1)),
        ("max_axis1_2000", 1, |x| x.max_axes(&[1], false)),
        ("var_axis1_2000", 1, |x| x.var_axes(&[1], 1.0, false)),
        ("argmax_rows_2000", 1, |x| x.argmax(1)),
        ("cumsum_rows_2000", 2, |x| x.cumsum(1)),
        ("transpose_2000", 2, |x| x.t().contiguous()),
        ("logsumexp_rows_2000", 1, |x| x.logsumexp(&[-1], false)),
    ];
    for (name, arrays, f) in reductions {
        rows.add(name, bytes(arrays * n * n), move || {
            let x = matrix(n);
            timed(move || f(&x))
        });
    }
    rows.add("broadcast_add_1000x1000", bytes(1_000_000), || {
        let (column, row) = (Tensor::from_vec(normals(1000), [1000, 1]), Tensor::from_vec(normals(1000), [1, 1000]));
        timed(move || &column + &row)
    });
}

fn linear_algebra(rows: &mut Rows, n: usize) {
    let cube = (n as f64).powi(3);
    rows.add(format!("matmul_{n}"), Work::Flops(2.0 * cube), move || {
        let a = matrix(n);
        timed(move || a.matmul(&a))
    });
    rows.add(format!("matmul_{n}_f32"), Work::Flops32(2.0 * cube), move || {
        let a = matrix(n).cast(DType::F32);
        timed(move || a.matmul(&a))
    });
    rows.add(format!("matvec_{n}"), bytes(n * n), move || {
        let (a, v) = (matrix(n), Tensor::from(normals(n)));
        timed(move || a.matmul(&v))
    });
    rows.add(format!("cholesky_{n}"), Work::Flops(cube / 3.0), move || {
        let s = Tensor::from_vec(positive_definite(n), [n, n]);
        timed(move || s.cholesky())
    });
    rows.add(format!("cholesky_{n}_fwd_bwd"), Work::Flops(cube), move || {
        program(positive_definite(n), &[n, n], |s| with_gradient(s, |s| s.cholesky().diagonal().ln().sum()))
    });
    rows.add(format!("trisolve_mat_{n}"), Work::Flops(cube), move || {
        let (l, b) = (Tensor::from_vec(positive_definite(n), [n, n]).cholesky(), matrix(n));
        timed(move || l.solve_triangular(&b, Triangle::Lower, false))
    });
}

/// Factors and what is made of them, by the operations that are counted for them.
fn factors(rows: &mut Rows, n: usize) {
    type Factor = (&'static str, f64, fn(&Tensor) -> Tensor);
    let factors: [Factor; 6] = [
        ("inverse", 2.0, |s| s.inverse()),
        ("det", 2.0 / 3.0, |s| s.det()),
        ("qr", 4.0 / 3.0, |s| s.qr().1),
        ("eigh", 9.0, |s| s.eigh().0),
        ("svd", 22.0, |s| s.svd().1),
        ("matrix_exp", 20.0, |s| s.matrix_exp()),
    ];
    for (name, count, f) in factors {
        rows.add(format!("{name}_{n}"), Work::Flops(count * (n as f64).powi(3)), move || {
            let s = Tensor::from_vec(positive_definite(n), [n, n]);
            timed(move || f(&s))
        });
    }
}

/// Sorting, indexing, transforms and convolution.
fn moves(rows: &mut Rows) {
    let n = 1_000_000;
    type Map = (&'static str, usize, fn(&Tensor) -> Tensor);
    let maps: [Map; 3] = [
        ("argsort", 2, |x| x.argsort(0, false)),
        ("sort", 2, |x| x.sort(0, false)),
        ("topk10", 1, |x| x.topk(10, 0, true).0),
    ];
    for (name, arrays, f) in maps {
        rows.map(format!("{name}_{n}"), n, arrays, move || {
            let x = Tensor::from(normals(n));
            timed(move || f(&x))
        });
    }
    rows.map(format!("index_select_{n}"), n, 3, move || {
        let (x, order) = (Tensor::from(normals(n)), Tensor::from(normals(n)).argsort(0, false));
        timed(move || x.index_select(0, &order))
    });
    for n in [1024, 65_536] {
        let count = 5.0 * n as f64 * (n as f64).log2();
        rows.add(format!("fft_{n}"), Work::Flops(count), move || {
            let x = Tensor::from_vec(normals(2 * n), [n, 2]);
            timed(move || x.fft(0))
        });
    }
}

fn tiny(rows: &mut Rows) {
    for (name, n) in [("one", 1), ("ten", 10)] {
        rows.add(format!("tiny_add_{name}"), Work::Call, move || {
            let x = Tensor::from(vec![1.0; n]);
            timed(move || &x + &x)
        });
    }
    rows.add("scalar_chain20_fwd_bwd", Work::Call, || program(vec![0.5], &[], |x| with_gradient(x, chain20)));
    rows.add("scalar_chain20_fwd_bwd_traced", Work::Call, || {
        timed(|| {
            scope(|| {
                let x = Var::from(black_box(0.5));
                let outputs = with_gradient(x, chain20);
                (outputs[0].item(), outputs[1].item())
            })
        })
    });
}

/// Every operation of the elementwise table, on slices, within its smooth domain.
fn table(rows: &mut Rows, n: usize) {
    let within = |(low, high): (f64, f64), n: usize| -> Vec<f64> {
        (0..n).map(|i| low + (high - low) * ((i as f64 * 0.618_033_988_749_894_9) % 1.0)).collect()
    };
    for &op in Unary::ALL {
        rows.map(format!("unary {} {n}", op.name()), n, 2, move || {
            let (x, mut y) = (within(op.domain(), n), vec![0.0; n]);
            move || unary(op, black_box(&x), black_box(&mut y))
        });
    }
    for &op in Binary::ALL {
        rows.map(format!("binary {} {n}", op.name()), n, 3, move || {
            let x = if op == Binary::Polygamma { vec![1.0; n] } else { within(op.domain(), n) };
            let (mut z, mut y) = (vec![0.0; n], within(op.domain(), n));
            y.reverse();
            move || binary(op, Operand::Slice(black_box(&x)), Operand::Slice(black_box(&y)), black_box(&mut z))
        });
    }
}
