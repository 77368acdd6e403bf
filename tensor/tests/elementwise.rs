//! Every elementwise operation against its scalar twin, over layouts, broadcasts and element types.

mod common;
use common::*;
use pyroxene_tensor::{Binary, DType, Tensor, Unary, shape};

fn truth(op_returns_bool: bool, dtype: DType) -> DType {
    if op_returns_bool { DType::Bool } else { dtype }
}

#[test]
fn unary_operations_equal_their_scalar_twins() {
    for &op in Unary::ALL {
        for shape in SHAPES {
            for (layout, x) in layouts(&within(op.domain(), shape.iter().product()), shape) {
                let what = format!("{} of {layout} {shape:?}", op.name());
                let y = x.unary(op);
                assert_eq!(y.dtype(), truth(op.returns_bool(), DType::F64), "{what}");
                check(&what, &y, shape, |i| op.eval(x.at(i)));

                let x = x.cast(DType::F32);
                let y = x.unary(op);
                assert_eq!(y.dtype(), truth(op.returns_bool(), DType::F32), "{what}");
                check(&what, &y, shape, |i| f64::from(op.eval_single(x.at(i)) as f32));
            }
        }
    }
}

const PAIRS: &[(&[usize], &[usize])] = &[
    (&[], &[]),
    (&[5], &[]),
    (&[], &[2, 3]),
    (&[0], &[1]),
    (&[0], &[]),
    (&[2, 0], &[1, 1]),
    (&[67], &[67]),
    (&[2, 3], &[3]),
    (&[2, 1], &[3]),
    (&[4, 1, 3], &[2, 1]),
    (&[2, 70], &[70]),
    (&[3, 1], &[1, 70]),
    (&[2, 2, 66], &[2, 1]),
    (&[1, 1, 1], &[5]),
    (&[3, 2], &[3, 2]),
];

#[test]
fn binary_operations_broadcast_and_equal_their_scalar_twins() {
    for &op in Binary::ALL {
        for (number, &(a, b)) in PAIRS.iter().enumerate() {
            let shape = shape::broadcast("test", &[a, b]).unwrap();
            let n: usize = a.iter().product();
            let first = match op {
                Binary::Polygamma => (0..n).map(|i| (i % 3 + 1) as f64).collect(),
                _ => within(op.domain(), n),
            };
            let second = within(op.domain(), b.iter().product::<usize>() + 2).split_off(2);
            let y_layouts = layouts(&second, b);
            for (k, (x_layout, x)) in layouts(&first, a).into_iter().enumerate() {
                // Each layout of one side meets each of the other for some of the pairs of shapes.
                let (y_layout, y) = &y_layouts[(k + number) % y_layouts.len()];
                let what = format!("{} of {x_layout} {a:?} and {y_layout} {b:?}", op.name());
                for dtype in [DType::F64, DType::F32] {
                    let (x, y) = (x.cast(dtype), y.cast(dtype));
                    let z = Tensor::binary(op, &x, &y);
                    assert_eq!(z.dtype(), truth(op.returns_bool(), dtype), "{what}");
                    check(&what, &z, &shape, |i| {
                        let (x, y) = (broadcast_at(&x, i), broadcast_at(&y, i));
                        if dtype == DType::F32 { f64::from(op.eval_single(x, y) as f32) } else { op.eval(x, y) }
                    });
                }
            }
        }
    }
}

#[test]
fn infinities_subnormals_and_signed_zeros_pass_unharmed() {
    use Binary::*;
    let x = Tensor::from(awkward(80)).unsqueeze(1);
    let y = Tensor::from(awkward(70));
    for op in [Add, Sub, Mul, Div, Min, Max, Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, And, Or] {
        let z = Tensor::binary(op, &x, &y);
        check(op.name(), &z, &[80, 70], |i| op.eval(x.at(&[i[0], 0]), y.at(&i[1..])));
    }
    for op in
        [Unary::Neg, Unary::Abs, Unary::Sign, Unary::Sqrt, Unary::Floor, Unary::IsNan, Unary::IsFinite, Unary::Not]
    {
        check(op.name(), &y.unary(op), &[70], |i| op.eval(y.at(i)));
    }
}

#[test]
fn views_with_stride_zero_are_operands() {
    let x = Tensor::from(plain(3)).unsqueeze(1).expand([3, 80]);
    let y = Tensor::from(plain(80)).expand([3, 80]);
    check("sub", &x.sub(&y), &[3, 80], |i| x.at(i) - y.at(i));
    check("exp", &x.exp(), &[3, 80], |i| Unary::Exp.eval(x.at(i)));
    check("sub", &x.t().sub(y.t()), &[80, 3], |i| x.at(&[i[1], i[0]]) - y.at(&[i[1], i[0]]));
}

#[test]
fn where_picks_by_the_condition() {
    for &(a, b) in PAIRS {
        let shape = shape::broadcast("test", &[a, b]).unwrap();
        for (x_layout, x) in layouts(&awkward(a.iter().product()), a) {
            for (y_layout, y) in layouts(&plain(b.iter().product()), b) {
                let condition = x.less(1.0);
                let what = format!("where of {x_layout} {a:?} and {y_layout} {b:?}");
                let pick = |i: &[usize]| broadcast_at(if broadcast_at(&x, i) < 1.0 { &x } else { &y }, i);
                for dtype in DType::ALL {
                    let z = Tensor::where_(&condition, x.cast(dtype), y.cast(dtype));
                    assert_eq!(z.dtype(), dtype);
                    check(&what, &z, &shape, |i| Tensor::from(pick(i)).cast(dtype).item());
                }
            }
        }
    }
    assert_eq!(Tensor::where_(true, 1, 2.5).dtype(), DType::F64);
    assert_eq!(Tensor::where_(Tensor::from([f64::NAN, 0.0]), 1, 2).to_vec::<i64>(), [1, 2]);
    assert_eq!(Tensor::where_(Tensor::from([true, false]), Tensor::from(1.5f32), 0.0).dtype(), DType::F32);
}

#[test]
fn promotion_table() {
    use DType::*;
    let tensor = |dtype| Tensor::ones([2], dtype);
    // Rows: the type of the left tensor; columns: of the right one.
    let add = [[I64, I64, F32, F64], [I64, I64, F32, F64], [F32, F32, F32, F64], [F64; 4]];
    let div = [[F64, F64, F32, F64], [F64, F64, F32, F64], [F32, F32, F32, F64], [F64; 4]];
    let max = [[Bool, I64, F32, F64], [I64, I64, F32, F64], [F32, F32, F32, F64], [F64; 4]];
    for (i, a) in DType::ALL.into_iter().enumerate() {
        for (j, b) in DType::ALL.into_iter().enumerate() {
            let (x, y) = (tensor(a), tensor(b));
            for (op, expected) in [
                (Binary::Add, add[i][j]),
                (Binary::Sub, add[i][j]),
                (Binary::Mul, add[i][j]),
                (Binary::Pow, add[i][j]),
                (Binary::Div, div[i][j]),
                (Binary::Xlogy, div[i][j]),
                (Binary::Min, max[i][j]),
                (Binary::Max, max[i][j]),
                (Binary::Less, Bool),
                (Binary::And, Bool),
            ] {
                let z = Tensor::binary(op, &x, &y);
                assert_eq!(z.dtype(), expected, "{} of {a} and {b}", op.name());
                assert_eq!(a.of_binary(op, b), expected, "{} of {a} and {b}", op.name());
            }
        }
    }
    for (dtype, neg, exp, not) in
        [(Bool, I64, F64, Bool), (I64, I64, F64, Bool), (F32, F32, F32, Bool), (F64, F64, F64, Bool)]
    {
        for (op, expected) in
            [(Unary::Neg, neg), (Unary::Floor, neg), (Unary::Exp, exp), (Unary::Not, not), (Unary::IsNan, not)]
        {
            assert_eq!(tensor(dtype).unary(op).dtype(), expected, "{} of {dtype}", op.name());
            assert_eq!(dtype.of_unary(op), expected, "{} of {dtype}", op.name());
        }
    }
}

#[test]
fn scalars_are_weak() {
    use DType::*;
    let tensor = |dtype| Tensor::ones([2], dtype);
    for (dtype, by_float, by_int, by_bool) in
        [(Bool, F64, I64, I64), (I64, F64, I64, I64), (F32, F32, F32, F32), (F64, F64, F64, F64)]
    {
        let x = tensor(dtype);
        assert_eq!((&x * 2.0).dtype(), by_float);
        assert_eq!((2.0 - &x).dtype(), by_float);
        assert_eq!((&x + 2).dtype(), by_int);
        assert_eq!((2 + &x).dtype(), by_int);
        assert_eq!(x.add(true).dtype(), by_bool);
        assert_eq!((&x / 2).dtype(), dtype.to_float());
    }
    // A tensor without axes is not weak.
    assert_eq!((tensor(F32) * Tensor::from(2.0)).dtype(), F64);
}

#[test]
fn integers_are_exact_and_divide_truly() {
    let x = Tensor::from([7, -7, i64::MAX]);
    assert_eq!((&x - 1).to_vec::<i64>(), [6, -8, i64::MAX - 1]);
    assert_eq!((&x / 2).to_vec::<f64>(), [3.5, -3.5, i64::MAX as f64 / 2.0]);
    assert_eq!(x.equal(i64::MAX).to_vec::<bool>(), [false, false, true]);
    assert_eq!(x.less(i64::MAX - 1).to_vec::<bool>(), [true, true, false]);
    assert_eq!(x.sign().to_vec::<i64>(), [1, -1, 1]);
    assert_eq!(x.maximum(0).to_vec::<i64>(), [7, 0, i64::MAX]);
    assert_eq!(Tensor::from([2, -2, 0, 1, -1]).pow(3).to_vec::<i64>(), [8, -8, 0, 1, -1]);
    assert_eq!(Tensor::from([1, -1, -1]).pow(Tensor::from([-5, -5, -4])).to_vec::<i64>(), [1, -1, 1]);
    let (x, y) = (Tensor::from([7, -7, 7, -7, -6, i64::MIN]), Tensor::from([3, 3, -3, -3, 3, -1]));
    assert_eq!(x.fmod(&y).to_vec::<i64>(), [1, -1, 1, -1, 0, 0]);
    assert_eq!(x.remainder(&y).to_vec::<i64>(), [1, 2, -2, -1, 0, 0]);
    assert_eq!(x.relu().to_vec::<i64>(), [7, 0, 7, 0, 0, 0]);
    assert_eq!(x.clamp(-6, 6).to_vec::<i64>(), [6, -6, 6, -6, -6, -6]);
    assert_eq!((Tensor::from([true, true]) + Tensor::from([true, false])).to_vec::<i64>(), [2, 1]);
    assert_eq!((!Tensor::from([true, false])).to_vec::<bool>(), [false, true]);
    assert_eq!((Tensor::from([true, true]) & Tensor::from([true, false])).to_vec::<bool>(), [true, false]);
    assert_eq!((Tensor::from([false, true]) | Tensor::from([false, false])).to_vec::<bool>(), [false, true]);
}

#[test]
fn integer_overflow_panics() {
    let big = Tensor::from([1, i64::MAX]);
    assert_eq!(panic_message(|| &big + 1), format!("add: the result for {} and 1 is not an i64", i64::MAX));
    assert_eq!(panic_message(|| -Tensor::from(i64::MIN)), format!("neg: the result for {} is not an i64", i64::MIN));
    assert_eq!(panic_message(|| big.square()), format!("square: the result for {} is not an i64", i64::MAX));
    assert_eq!(panic_message(|| Tensor::from(2).pow(-1)), "pow: the result for 2 and -1 is not an i64");
    assert_eq!(panic_message(|| Tensor::from(0).pow(-1)), "pow: the result for 0 and -1 is not an i64");
    assert_eq!(panic_message(|| Tensor::from(2).pow(64)), "pow: the result for 2 and 64 is not an i64");
    assert_eq!(panic_message(|| Tensor::from([7, 1]).fmod(0)), "fmod: the result for 7 and 0 is not an i64");
    assert_eq!(panic_message(|| Tensor::from(-7).remainder(0)), "remainder: the result for -7 and 0 is not an i64");
    assert_eq!(
        panic_message(|| Tensor::from(i64::MIN).abs()),
        format!("abs: the result for {} is not an i64", i64::MIN)
    );
    assert_eq!(panic_message(|| big.lerp([0.5, 1.0, 2.0], 0.5)), "sub: cannot broadcast [3] with [2]");
}

#[test]
fn operators_work_on_values_references_and_scalars() {
    let (x, y) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 5.0]));
    for z in [&x - &y, x.clone() - &y, &x - y.clone(), x.clone() - y.clone()] {
        assert_eq!(z, Tensor::from([-2.0, -3.0]));
    }
    for z in [1.0 / &x, 1.0 / x.clone(), 1 / &x] {
        assert_eq!(z, Tensor::from([1.0, 0.5]));
    }
    assert_eq!(-&x, Tensor::from([-1.0, -2.0]));
    let shared = x.clone();
    let mut z = x;
    z += &y;
    z *= 2.0;
    z -= 1;
    z /= [1.0, 13.0];
    assert_eq!(z, Tensor::from([7.0, 1.0]));
    assert_eq!(shared, Tensor::from([1.0, 2.0]), "assignment leaves shared elements alone");
}

#[test]
fn casts_truncate_saturate_and_keep_views() {
    let x = Tensor::from([f64::NAN, f64::INFINITY, -1.9, 0.0, 1e-300]);
    assert_eq!(x.cast(DType::I64).to_vec::<i64>(), [0, i64::MAX, -1, 0, 0]);
    assert_eq!(x.cast(DType::Bool).to_vec::<bool>(), [true, true, true, false, true]);
    assert_eq!(x.cast(DType::F32).to_vec::<f32>()[1..], [f32::INFINITY, -1.9, 0.0, 0.0]);
    for dtype in DType::ALL {
        for shape in SHAPES {
            for (layout, x) in layouts(&plain(shape.iter().product()), shape) {
                let exact = |i: &[usize]| Tensor::from(x.at(i)).cast(dtype).item();
                check(&layout, &x.cast(dtype), shape, exact);
            }
        }
    }
}

#[test]
fn allclose_follows_its_formula() {
    let x = Tensor::from([1.0, f64::INFINITY]);
    assert!(x.allclose([1.0 + 1e-9, f64::INFINITY], 1e-8, 0.0));
    assert!(!x.allclose([1.0, f64::NEG_INFINITY], 1.0, 1.0));
    assert!(!x.allclose([1.0, 1.0], 1.0, 1.0));
    assert!(!Tensor::from([1.0]).allclose(f64::INFINITY, 1.0, 1.0));
    assert!(!Tensor::from([f64::NAN]).allclose([f64::NAN], 1.0, 1.0));
    assert!(Tensor::from([[1, 2], [1, 2]]).allclose([1.0, 2.0], 0.0, 0.0));
}

#[test]
fn tensors_are_equal_by_type_shape_and_elements() {
    let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    assert_eq!(x.t().t(), x);
    assert_ne!(x.t(), x);
    assert_ne!(x, x.cast(DType::F32));
    assert_ne!(x, x.flatten());
    assert_ne!(Tensor::from(f64::NAN), Tensor::from(f64::NAN));
}
