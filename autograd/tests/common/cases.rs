//! One suite of cases: each operation with inputs that it is defined at, for all the ways to compute it.

use pyroxene_autograd::{
    Conv, ConvTranspose, ConvolveMode, DType, Pool, Tensor, Triangle, Var, checkpoint, grad, scan,
};

/// An operation, or a few.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The inputs, with their shapes.
    pub(crate) inputs: Vec<(Vec<f64>, Vec<usize>)>,
    pub(crate) body: fn(&[Var]) -> Var,
    /// Whether the gradient is checked too.
    pub(crate) smooth: bool,
}

/// Deterministic numbers in (0.2, 1.8).
pub(crate) fn numbers(n: usize, seed: u64) -> Vec<f64> {
    (0..n).map(|i| 1.0 + 0.8 * ((i as f64 + 1.3) * (seed as f64 + 2.1)).sin()).collect()
}

fn input(shape: &[usize], seed: u64) -> (Vec<f64>, Vec<usize>) {
    (numbers(shape.iter().product(), seed), shape.to_vec())
}

/// A weighted sum, so that every element matters differently.
pub(crate) fn weigh(y: Var) -> Var {
    let n = y.len();
    let weights = Var::from(Tensor::from_vec(numbers(n, 77), y.shape()));
    (y * weights).sum()
}

fn positive_definite(x: Var) -> Var {
    let n = x.size(-1);
    x.matmul(x.t()) + Var::from(Tensor::eye(n, DType::F64)) * 2.0
}

/// A matrix with distinct singular values.
fn distinct(rows: usize, columns: usize) -> Var {
    let at = |k: usize| if k / columns == k % columns { (k % columns) as f64 * 2.0 + 1.0 } else { 0.0 };
    Var::from(Tensor::from_vec((0..rows * columns).map(at).collect::<Vec<f64>>(), [rows, columns]))
}

pub(crate) fn cases() -> Vec<Case> {
    macro_rules! case {
        ($name:literal, [$($shape:expr),*], $body:expr) => {{
            let mut seed = 0;
            let inputs = vec![$({ seed += 1; input(&$shape, seed) }),*];
            Case { name: $name, inputs, body: $body, smooth: true }
        }};
    }
    vec![
        case!("arithmetic", [[3], [3]], |x| (x[0] * x[1] - x[0] / x[1] + 2.0) * -x[0]),
        case!("broadcast", [[2, 1, 3], [4, 1]], |x| x[0] * x[1] + x[0]),
        case!("scalars", [[], []], |x| x[0].exp() * x[1].ln() + x[0].pow(x[1])),
        case!("scalar with vector", [[], [5]], |x| (x[1] - x[0]).square() * 0.5 + x[0].ln()),
        case!("transcendental", [[7]], |x| x[0].sin() * x[0].cos() + x[0].tanh() + x[0].exp_m1() * x[0].ln_1p()),
        case!("special", [[5]], |x| x[0].lgamma() + x[0].digamma() * x[0].sigmoid() + x[0].softplus() + x[0].erf()),
        case!("xlogy", [[4], [4]], |x| x[0].xlogy(x[1]) + x[0].xlog1py(x[1])),
        case!("minmax", [[4], [4]], |x| x[0].maximum(x[1]) * x[0].minimum(x[1]) + x[0].clamp(0.5, 1.1)),
        case!("where", [[6], [6]], |x| x[0].less(x[1]).where_(x[0].square(), x[1].exp())),
        case!("sum axes", [[2, 3, 4]], |x| x[0].sum_axes(&[1], false)
            * x[0].sum_axes(&[0, 2], true).reshape(&[3, 1, 1])),
        case!("mean", [[2, 3]], |x| x[0].mean_axes(&[-1], true) * x[0]),
        case!("max axes", [[3, 4]], |x| x[0].max_axes(&[1], false) * x[0].min_axes(&[1], false)),
        case!("logsumexp", [[3, 4]], |x| x[0].logsumexp(&[0], false) + x[0].log_softmax(1).sum_axes(&[0], false)),
        case!("softmax", [[2, 5]], |x| x[0].softmax(-1)),
        case!("logaddexp", [[3], [3]], |x| x[0].logaddexp(x[1])),
        case!("reshape permute", [[2, 3, 4]], |x| x[0].permute(&[2, 0, 1]).reshape(&[-1, 3]).t()),
        case!("slices", [[5, 4]], |x| x[0].slice(0, 1..4).slice(1, ..-1).flip(0)
            * x[0].select(1, 2).slice(0, ..3).unsqueeze(1)),
        case!("concat stack", [[2, 3], [2, 2]], |x| {
            let joined = Var::concat(&[x[0], x[1], x[0]], 1);
            Var::stack(&[joined, joined * 2.0], 0)
        }),
        case!("index", [[4, 3]], |x| {
            let rows = Var::from([2i64, 0, 2]);
            x[0].index_select(0, rows) * x[0].index_select(0, rows).index_add(0, rows, 5).slice(0, ..3)
        }),
        case!("matmul", [[3, 4], [4, 2]], |x| x[0].matmul(x[1])),
        case!("matmul vectors", [[3, 4], [4], [3]], |x| x[0].matmul(x[1]) * x[2].matmul(x[0]).sum()),
        case!("matmul batched", [[2, 1, 3, 4], [5, 4, 2]], |x| x[0].matmul(x[1])),
        case!("matmul transposed", [[4, 3], [4, 2]], |x| x[0].t().matmul(x[1])),
        case!("einsum", [[2, 3, 4], [2, 4, 3]], |x| Var::einsum("bij,bjk->bik", x)
            * Var::einsum("bij,bkl->bij", x).mean()),
        case!("einsum chain", [[2, 3], [3, 4], [4, 2], [3]], |x| Var::einsum("ab,bc,cd,b->da", x)),
        case!("einsum diagonals", [[3, 3, 2], [3, 2]], |x| Var::einsum("iij,ij->ji", x) * Var::einsum("iij,kj", x)),
        case!("einsum broadcast", [[1, 3], [4, 1], [4, 3]], |x| {
            Var::einsum("ab,ab,ab->ba", x) * Var::einsum("...b,a...,...->...", &[x[0], x[1], x[2].mean()]) * 0.1
        }),
        case!("log_einsum", [[2, 3], [3, 4], [4, 2], [3]], |x| Var::log_einsum("ab,bc,ca,b->a", x)),
        case!("log_einsum batched", [[2, 3, 4], [2, 4, 3]], |x| Var::log_einsum("bij,bjk->bik", x)),
        case!("max_einsum", [[2, 3], [3, 4], [4, 2]], |x| {
            Var::max_einsum("ab,bc,ca->a", x).sin() * Var::max_einsum("ab,bc->c", &x[..2]).mean()
        }),
        case!("log_forward", [[3], [3, 3], [6, 3]], |x| Var::log_forward(x[0], x[1], x[2])),
        case!("log_forward batched", [[2, 1, 5], [4, 3, 5, 5], [4, 4, 5]], |x| Var::log_forward(x[0], x[1], x[2])
            * 0.1),
        case!("logsumexp_paths", [[3], [3, 3], [11, 3]], |x| Var::logsumexp_paths(x[0], x[1], x[2])),
        case!("logsumexp_paths batched", [[2, 1, 2], [4, 9, 2, 2], [4, 10, 2]], |x| {
            Var::logsumexp_paths(x[0], x[1], x[2]) * 0.1
        }),
        case!("tensordot", [[2, 3, 4], [4, 5, 2]], |x| x[0].tensordot(x[1], &[0, 2], &[2, 0])),
        case!("fft", [[5, 2], [2, 6, 2]], |x| x[0].fft(0).square() * 0.1 + x[1].ifft(1).exp().sum()),
        case!("rfft", [[3, 5], [6, 2]], |x| x[0].rfft(1).square().sum_axes(&[1], false)
            * x[1].slice(0, ..3).rfft(0).sum()
            * 0.1),
        case!("irfft", [[3, 2, 2], [5, 3, 2]], |x| x[0].irfft(0, 4).exp() * x[1].irfft(1, 5).square().sum()),
        case!("autocovariance", [[7], [2, 4]], |x| x[0].autocovariance(0) + x[1].autocorrelation(1).square().sum()),
        case!("conv1d", [[2, 2, 6], [3, 2, 3]], |x| {
            x[0].conv1d(x[1], Conv { stride: [2], padding: [1], ..Conv::default() }) * 0.3
        }),
        case!("conv2d", [[2, 4, 4, 3], [2, 2, 2, 2], [2, 1, 1]], |x| {
            (x[0].conv2d(x[1], Conv { padding: [1, 0], dilation: [2, 1], groups: 2, ..Conv::default() }) + x[2]) * 0.3
        }),
        case!("conv2d pointwise", [[2, 3, 2, 2], [2, 3, 1, 1]], |x| x[0].conv2d(x[1], Conv::default()) * 0.3),
        case!("conv_transpose1d", [[1, 2, 3], [2, 2, 3]], |x| {
            x[0].conv_transpose1d(x[1], ConvTranspose { stride: [2], output_padding: [1], ..ConvTranspose::default() })
                * 0.3
        }),
        case!("conv_transpose2d", [[1, 2, 2, 3], [2, 1, 2, 2]], |x| {
            x[0].conv_transpose2d(x[1], ConvTranspose { padding: [1, 0], groups: 2, ..ConvTranspose::default() }).exp()
                * 0.1
        }),
        case!("convolve", [[5], [3], [200]], |x| {
            let long = x[2].convolve(x[2].slice(0, ..150), ConvolveMode::Valid).mean() * 0.01;
            x[0].convolve(x[1], ConvolveMode::Full) + x[1].convolve(x[0], ConvolveMode::Same).sum() * long
        }),
        case!("log_einsum both ways", [[2, 3], [3, 2]], |x| {
            let far = x[0] * 400.0;
            Var::log_einsum("ij,jk->ik", &[far, x[1] * -400.0]) * 0.001 + Var::log_einsum("ij,jk->ki", x)
        }),
        case!("pools", [[2, 4, 5], [2, 6]], |x| {
            let windows = Pool { window: [3, 2], stride: [1, 2], padding: [1, 0] };
            x[0].max_pool2d(windows).exp() * x[0].avg_pool2d(windows)
                + x[1].max_pool1d(Pool::new([3])).square().sum() * x[1].avg_pool1d(Pool::new([2])).square().sum()
        }),
        case!("cholesky", [[2, 4, 4]], |x| positive_definite(x[0]).cholesky()),
        case!("solve", [[3, 3], [3, 2]], |x| {
            let l = x[0].tril(0) + Var::from(Tensor::eye(3, DType::F64));
            let forward = l.solve_triangular(x[1], Triangle::Lower, false);
            let u = x[0].triu(0) + Var::from(Tensor::eye(3, DType::F64));
            forward + l.solve_triangular(x[1], Triangle::Lower, true) + u.solve_triangular(x[1], Triangle::Upper, false)
        }),
        case!("diagonals", [[3, 3], [3]], |x| x[0].diagonal() * x[1].diag_embed().matmul(x[1])),
        case!("incomplete gamma", [[3], [2, 1]], |x| {
            Var::from([0.3, 1.4, 5.0]).gammaincc(x[0]) + Var::from([0.2, 2.0, 30.0]).gammainc(x[1] * 20.0)
        }),
        case!("incomplete beta", [[3], [2, 1]], |x| {
            let a = Var::from([0.3, 1.4, 25.0]);
            a.betainc(0.7, x[0] * 0.5) * Var::from(6.0).betainc(a, x[1] / 3.0)
        }),
        case!("log beta", [[3], [2, 1]], |x| x[0].lbeta(x[1] * 9.0) * (x[0] * 0.1).lbeta(x[1])
            + (x[0] + 1.0).multigammaln(3)),
        case!("cumsum", [[2, 4]], |x| x[0].cumsum(1) * x[0].cumsum(0)),
        case!("mixture", [[], [6], [2]], |x| {
            let parts = (x[1] - x[2].unsqueeze(1)).square() * -0.5;
            (parts.slice(0, ..1) + x[0].ln()).logaddexp(parts.slice(0, 1..))
        }),
        case!("recurrence", [[12], []], |x| {
            let mut state = x[1];
            let mut states = Vec::new();
            for t in 0..12 {
                state = (state * 0.5 + x[0].select(0, t)).sqrt();
                states.push(state);
            }
            Var::stack(&states, 0)
        }),
        case!("overlapping slices", [[5, 3]], |x| {
            let (a, b) = (x[0].slice(0, 1..4).slice(1, ..2), x[0].slice(0, 2..).flip(1).slice(1, ..2));
            a * b.exp() + x[0].select(0, 2).slice(0, 1..) * x[0].select(1, 0).slice(0, ..2)
        }),
        case!("flipped single", [[3]], |x| x[0].slice(0, ..1).flip(0).cumsum(0) * x[0]),
        case!("indices from the end", [[4, 2]], |x| x[0].index_select(0, Var::from([-1i64, 1, -4])).index_add(
            0,
            Var::from([0i64, -1, -1]),
            3
        )),
        case!("matmul of nothing", [[3, 2, 1], [2]], |x| {
            let (none, one) = (x[0].slice(2, ..0), x[1].expand(&[3, 1, 2]).slice(1, ..0));
            none.flip(0).matmul(one) + x[0] * x[1]
        }),
        case!("truth values counted", [[3], [3]], |x| {
            let less = x[0].less(x[1]);
            less.matmul(less) * x[0] + less.index_add(0, Var::from([0i64, 0, 1]), 2).sum() * x[1]
        }),
        case!("systems", [[2, 6, 6], [6, 2], [3, 3], [3]], |x| {
            let a = x[0] * 0.2 + Var::from(Tensor::eye(6, DType::F64)) * 3.0;
            let small = x[2] * 0.2 + Var::from(Tensor::eye(3, DType::F64)) * 2.0;
            a.solve(x[1]) * a.logdet().reshape(&[2, 1, 1])
                + a.inverse().sum()
                + a.det().sum() * 1e-3
                + small.solve(x[3]).sum() * small.inverse().mean()
        }),
        case!("factors", [[5, 3], [4, 4]], |x| {
            let (a, b) = (x[0] * 0.2 + distinct(5, 3), (x[1] + x[1].t()) * 0.1 + distinct(4, 4));
            let (q, r) = a.qr();
            let ((values, vectors), (_, singular, _)) = (b.eigh(), a.svd());
            let sums = (vectors.square() * values).sum() + b.eigvalsh().square().sum() + a.svdvals().sum();
            (q.matmul(r.square()) * singular.ln() + sums) * 0.1
        }),
        case!("least squares", [[6, 3], [6, 2]], |x| {
            let a = x[0] * 0.2 + distinct(6, 3);
            a.lstsq(x[1], None) * a.pinv(None).sum()
        }),
        case!("matrix_exp", [[2, 3, 3]], |x| x[0].matrix_exp() * 0.1),
        case!("gather", [[3, 4], [3, 2], [3, 4]], |x| {
            let places = Var::from([[0i64, 2], [3, -1], [1, 1]]);
            let gathered = x[0].gather(1, places) * x[1];
            let ranks = x[2].argsort(1, true);
            gathered + x[0].gather(1, ranks).square().cumsum(1).slice(1, ..2) + gathered.matmul(gathered.t()).mean()
        }),
        case!("scatter", [[3, 4], [3, 2]], |x| {
            let places = Var::from([[0i64, 2], [3, -1], [1, 1]]);
            x[0].scatter(1, places, x[1]) * x[0].scatter_add(1, places, x[1].exp()) * 0.1
        }),
        case!("computed rows", [[4, 3], [5]], |x| {
            let rows = x[1].argsort(0, false).slice(0, ..3).minimum(3i64);
            x[0].index_select(0, rows).exp() + x[0].slice(0, ..3).index_add(0, rows, 5).mean()
        }),
        case!("running", [[3, 4]], |x| {
            (x[0].cumprod(1) * x[0].cummax(0) + x[0].cummin(1) * x[0].logcumsumexp(1) + x[0].prod_axes(&[0], true))
                * 0.1
        }),
        case!("scan", [[4], [5, 2], []], |x| {
            let ([last], [made]) = scan(5, [x[0]], [x[1]], |[s], [e]| {
                let s = s * 0.5 + (e.sum() * x[2]).sin();
                ([s], [s.square().sum()])
            });
            Var::concat(&[last * made.mean(), made], 0) * 0.05
        }),
        case!("checkpoint", [[3], [3]], |x| checkpoint(|| (x[0] * x[1] * 0.5).exp().cumsum(0)).square() * 0.05),
        case!("nothing to scan", [[2], [0, 3]], |x| {
            scan(0, [x[0]], [x[1]], |[s], [e]| ([s * e.sum()], [])).0[0].exp()
        }),
        case!("constant results", [[3], [2]], |x| Var::from([1.0, 2.0, 3.0])
            + 0.0 * x[1].sum().stop_gradient().floor()),
        Case {
            smooth: false,
            ..case!("positions", [[3, 4], [5]], |x| {
                x[0].argmax(1).cast(DType::F64)
                    + x[0].argmin(-1).cast(DType::F64) * 10.0
                    + x[1].cumsum(0).searchsorted(x[0], true).cast(DType::F64).sum_axes(&[1], false)
                    + x[1].slice(0, ..3).argsort(0, true).cast(DType::F64)
            })
        },
        Case {
            smooth: false,
            ..case!("sum of no infinities", [[2]], |x| (x[0] * 0.0).ln().expand(&[0, 2]).sum_axes(&[0], false) + x[0])
        },
        Case {
            smooth: false,
            ..case!("comparisons", [[4], [4]], |x| {
                x[0].less(x[1]).and(x[0].greater(0.5)).or(x[1].equal(x[0])).where_(1.0, 0.0)
                    + x[0].floor()
                    + x[1].round()
            })
        },
        Case {
            smooth: false,
            ..case!("empty", [[0, 3]], |x| x[0].sum_axes(&[0], false) + x[0].logsumexp(&[0], false).exp())
        },
    ]
}

/// The output, its weighted sum, the gradients of that by the inputs, and the gradient of the sum of squares of those.
pub(crate) fn outputs(case: &Case, x: &[Var]) -> Vec<Var> {
    let y = (case.body)(x);
    let loss = weigh(y);
    let mut all = vec![y, loss];
    if case.smooth {
        let first = grad(loss, x);
        let size: Var = first.iter().map(|g| g.square().sum()).sum();
        all.extend(&first);
        all.extend(grad(size, x));
    }
    all
}

pub(crate) fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0) || a.is_nan() && b.is_nan()
}
