//! Results do not depend on what the memory that they take held before.

use pyroxene_tensor::{DType, Key, Padding, Tensor, Triangle, memory};

/// Leaves memory that is full of numbers that no result may show, for results of `len` elements of eight bytes.
fn poison(len: usize) {
    let floats: Vec<Tensor> = (0..4).map(|_| Tensor::full([len], f64::NAN)).collect();
    let whole: Vec<Tensor> = (0..2).map(|_| Tensor::full([len], i64::MIN)).collect();
    let narrow = Tensor::full([2 * len], f32::NAN);
    let truth = Tensor::full([8 * len], true);
    drop((floats, whole, narrow, truth));
    assert!(memory::kept_bytes() >= 8 * 8 * len);
}

fn bits(x: &Tensor) -> Vec<u64> {
    x.iter_f64().map(f64::to_bits).collect()
}

#[test]
fn results_do_not_show_what_memory_held() {
    let n = 200;
    let x = Key::from_seed(1).normal(&[n, n]);
    let positive = x.matmul(&x.t()) + Tensor::eye(n, DType::F64);
    let row = Tensor::linspace(-1.0, 1.0, n);
    let (whole, narrow, truth) = ((&x * 10.0).cast(DType::I64), x.cast(DType::F32), x.greater(0.0));
    let none = Tensor::zeros([n, 0], DType::F64);
    let order = x.argsort(1, false);
    let rows = (row.clone() * 50.0 + 60.0).cast(DType::I64);
    type Case<'a> = (&'a str, Box<dyn Fn() -> Tensor + 'a>);
    let cases: Vec<Case> = vec![
        ("exp", Box::new(|| x.exp())),
        ("exp of f32", Box::new(|| Tensor::concat(&[&narrow, &narrow], 0).exp())),
        ("neg of i64", Box::new(|| -&whole)),
        ("add", Box::new(|| &x + &x)),
        ("add a column", Box::new(|| &x + &row.unsqueeze(1))),
        ("add i64", Box::new(|| &whole + &whole)),
        ("compare", Box::new(|| x.greater(&row))),
        ("where", Box::new(|| Tensor::where_(&truth, &x, &row))),
        ("where of i64", Box::new(|| Tensor::where_(&truth, &whole, &rows))),
        ("cast", Box::new(|| truth.cast(DType::F64))),
        ("transposed", Box::new(|| x.t().contiguous())),
        ("flipped", Box::new(|| x.flip(1).contiguous())),
        ("concat", Box::new(|| Tensor::concat(&[&x.slice(0, ..50), &x.slice(0, 50..)], 0))),
        ("pad", Box::new(|| x.pad(&[(1, 2), (0, 3)], Padding::Constant(0.5)))),
        ("tril", Box::new(|| x.tril(0))),
        ("diag_embed", Box::new(|| row.diag_embed())),
        ("zeros", Box::new(|| Tensor::zeros([n, n], DType::F64))),
        ("arange", Box::new(|| Tensor::arange(0, (n * n) as i64, 1))),
        ("linspace", Box::new(|| Tensor::linspace(0.0, 1.0, n * n))),
        ("softmax of rows", Box::new(|| x.softmax(-1))),
        ("softmax of columns", Box::new(|| x.softmax(0))),
        ("sum", Box::new(|| x.unsqueeze(0).expand([3, n, n]).sum_axes(&[0], false))),
        ("logsumexp", Box::new(|| x.unsqueeze(0).expand([3, n, n]).logsumexp(&[0], false))),
        ("cumsum", Box::new(|| x.cumsum(0))),
        ("cumsum of i64", Box::new(|| whole.cumsum(1))),
        ("matmul", Box::new(|| x.matmul(&x))),
        ("matmul over nothing", Box::new(|| none.matmul(&none.t()))),
        ("matmul of i64", Box::new(|| whole.matmul(&whole))),
        ("outer", Box::new(|| Tensor::einsum("i,j->ij", &[&row, &row]))),
        ("cholesky", Box::new(|| positive.cholesky())),
        ("solve", Box::new(|| positive.solve(&x))),
        ("solve_triangular", Box::new(|| positive.solve_triangular(&x, Triangle::Lower, true))),
        ("inverse", Box::new(|| positive.inverse())),
        ("qr", Box::new(|| x.qr().0)),
        ("index_select", Box::new(|| x.index_select(0, &rows))),
        ("gather", Box::new(|| x.gather(1, &order))),
        ("scatter", Box::new(|| x.scatter(1, &order, &x))),
        ("argsort", Box::new(|| x.argsort(0, true))),
        ("sort", Box::new(|| x.sort(1, true))),
        ("fft", Box::new(|| x.reshape(&[n as isize, -1, 2]).fft(0))),
    ];
    for (name, case) in cases {
        memory::trim();
        let expected = case();
        assert!(expected.len() * 8 >= 1 << 18 || expected.dtype() == DType::Bool, "{name}: too small to be kept");
        poison(expected.len());
        let found = case();
        assert_eq!(found.shape(), expected.shape(), "{name}");
        assert!(bits(&found) == bits(&expected), "{name}");
    }
    memory::trim();
}
