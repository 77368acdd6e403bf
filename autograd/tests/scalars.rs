//! Expressions without axes are computed as plain numbers: the same bits and types as a tensor of one element.

use pyroxene_autograd::{DType, Tensor, Var, grad};

const VALUES: [f64; 9] = [0.0, -0.0, 0.3, 1.0, -2.5, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

#[track_caller]
fn assert_same(name: &str, number: Var, tensor: Var) {
    let (a, b) = (number.item(), tensor.to_tensor().reshape(&[]));
    assert_eq!(number.dtype(), b.dtype(), "{name}");
    assert!(a.to_bits() == b.item().to_bits() || a.is_nan() && b.item().is_nan(), "{name}: {a:e} and {:e}", b.item());
    let again = number.to_tensor();
    assert_eq!((again.dtype(), again.shape()), (b.dtype(), &[][..]), "{name}");
    assert_eq!(again.item().to_bits(), a.to_bits(), "{name}");
}

macro_rules! unary_rows {
    ($(($variant:ident, $method:ident, $doc:literal))*) => {
        [$((stringify!($method), (|x| x.$method()) as fn(Var) -> Var)),*]
    };
}

macro_rules! binary_rows {
    ($(($variant:ident, $method:ident, $doc:literal))*) => {
        [$((stringify!($method), (|x, y| x.$method(y)) as fn(Var, Var) -> Var)),*]
    };
}

#[test]
fn numbers_agree_with_tensors_of_one_element() {
    for x in VALUES {
        for (name, f) in pyroxene_kernels::unary_table!(unary_rows) {
            assert_same(&format!("{name}({x})"), f(Var::from(x)), f(Var::from([x])));
        }
        for y in VALUES {
            for (name, f) in pyroxene_kernels::binary_table!(binary_rows) {
                assert_same(&format!("{name}({x}, {y})"), f(x.into(), y.into()), f([x].into(), [y].into()));
            }
            let (number, tensor) = (Var::from(x).where_(y, 7.0), Var::from([x]).where_([y], [7.0]));
            assert_same(&format!("where({x}, {y}, 7)"), number, tensor);
        }
        for dtype in [DType::F64, DType::F32, DType::Bool] {
            assert_same(&format!("{x} as {dtype:?}"), Var::from(x).cast(dtype), Var::from([x]).cast(dtype));
        }
    }
}

#[test]
fn numbers_meet_whole_numbers_and_tensors() {
    let x = Var::from(0.5) * 3 + 1;
    assert_eq!((x.item(), x.dtype()), (2.5, DType::F64));
    let whole = Var::from(7) * 2;
    assert_eq!((whole.to_tensor().to_vec::<i64>(), whole.dtype()), (vec![14], DType::I64));
    let y = x * Tensor::from([1.0, 2.0]);
    assert_eq!(y.to_tensor().to_vec::<f64>(), [2.5, 5.0]);
    assert_eq!(x.item(), 2.5);
    assert_eq!((x + y.sum()).item(), 10.0);
}

#[test]
fn derivatives_of_numbers_are_numbers() {
    let x = Var::from(0.4);
    let y = (x.sin() * x).stop_gradient() + x.exp().tanh() / x;
    let dx = grad(y, &[x])[0];
    let (e, t) = (0.4f64.exp(), 0.4f64.exp().tanh());
    let expected = (1.0 - t * t) * e / 0.4 - t / 0.16;
    assert!((dx.item() - expected).abs() < 1e-14, "{dx} and {expected}");
    assert!(dx.shape().is_empty());
}
