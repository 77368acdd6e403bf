//! Views and constructors against index arithmetic.

mod common;
use common::*;
use pyroxene_tensor::{DType, Slice, Tensor};

#[test]
fn views_read_the_right_elements() {
    for (layout, x) in layouts(&plain(24), &[2, 3, 4]) {
        check(&layout, &x.permute(&[2, 0, -2]), &[4, 2, 3], |i| x.at(&[i[1], i[2], i[0]]));
        check(&layout, &x.t(), &[2, 4, 3], |i| x.at(&[i[0], i[2], i[1]]));
        check(&layout, &x.transpose(0, -1), &[4, 3, 2], |i| x.at(&[i[2], i[1], i[0]]));
        check(&layout, &x.select(1, -1), &[2, 4], |i| x.at(&[i[0], 2, i[1]]));
        check(&layout, &x.flip(1), &[2, 3, 4], |i| x.at(&[i[0], 2 - i[1], i[2]]));
        check(&layout, &x.slice(2, 1..3), &[2, 3, 2], |i| x.at(&[i[0], i[1], i[2] + 1]));
        check(&layout, &x.unsqueeze(1).expand([2, 5, 3, 4]), &[2, 5, 3, 4], |i| x.at(&[i[0], i[2], i[3]]));
        check(&layout, &x.unsqueeze(-1).squeeze(-1), &[2, 3, 4], |i| x.at(i));
        check(&layout, &x.diagonal(), &[2, 3], |i| x.at(&[i[0], i[1], i[1]]));
        let flat = |i: &[usize]| x.at(&[i[0] / 12, i[0] / 4 % 3, i[0] % 4]);
        check(&layout, &x.flatten(), &[24], flat);
        check(&layout, &x.reshape(&[6, -1]), &[6, 4], |i| flat(&[i[0] * 4 + i[1]]));
        check(&layout, &x.reshape(&[2, 12, 1]), &[2, 12, 1], |i| flat(&[i[0] * 12 + i[1]]));
        check(&layout, &x.t().reshape(&[1, 8, 3]), &[1, 8, 3], |i| x.at(&[i[1] / 4, i[2], i[1] % 4]));
        check(&layout, &x.contiguous(), &[2, 3, 4], |i| x.at(i));
        let one_by_one: Vec<f64> = x.iter_f64().collect();
        assert_eq!(one_by_one, x.to_f64_vec());
        assert_eq!(x.contiguous().as_slice::<f64>(), Some(&one_by_one[..]));
    }
}

#[test]
fn slices_follow_their_bounds() {
    let x = Tensor::arange(0, 6, 1);
    let part = |slice: Slice| x.slice(0, slice).to_vec::<i64>();
    let step = |start: Option<isize>, stop: Option<isize>, step| part(Slice { start, stop, step });
    assert_eq!(part((..).into()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(part((1..4).into()), [1, 2, 3]);
    assert_eq!(part((-2..).into()), [4, 5]);
    assert_eq!(part((..=-1).into()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(part((2..=3).into()), [2, 3]);
    assert_eq!(step(Some(4), Some(2), 1), []);
    assert_eq!(part((6..).into()), []);
    assert_eq!(step(Some(1), None, 2), [1, 3, 5]);
    assert_eq!(step(None, None, 4), [0, 4]);
    assert_eq!(step(None, None, -1), [5, 4, 3, 2, 1, 0]);
    assert_eq!(step(Some(4), Some(1), -2), [4, 2]);
    assert_eq!(step(Some(1), Some(4), -1), []);
    assert_eq!(step(None, None, isize::MAX), [0]);
    assert_eq!(step(None, None, isize::MIN), [5]);
    let empty = Tensor::zeros([0, 2], DType::F64);
    for slice in [Slice::default(), (0..0).into(), Slice { step: -1, ..Slice::default() }] {
        assert_eq!(empty.slice(0, slice).shape(), [0, 2]);
    }
    assert_eq!(empty.select(1, 1).to_f64_vec(), [0.0; 0]);
}

#[test]
fn reshapes_share_elements_where_strides_allow() {
    let x = Tensor::arange(0.0, 24.0, 1.0).reshape(&[2, 3, 4]);
    let shares = |y: &Tensor| y.as_buffer().unwrap().0.as_ptr() == x.as_buffer().unwrap().0.as_ptr();
    assert!(shares(&x.reshape(&[6, 4])) && shares(&x.permute(&[2, 0, 1]).reshape(&[4, 6])));
    assert!(shares(&x.slice(2, 1..3).reshape(&[6, 2])) && !shares(&x.slice(2, 1..3).reshape(&[12])));
    assert!(!shares(&x.t().reshape(&[24])));
    assert!(shares(&x.select(0, 1).reshape(&[2, 2, 3])));
    assert_eq!(Tensor::zeros([2, 0], DType::F64).reshape(&[0, 5, 7]).shape(), [0, 5, 7]);
    assert_eq!(Tensor::scalar(1.0).reshape(&[1, 1]).reshape(&[]).shape(), [0usize; 0]);
    assert_eq!(Tensor::scalar(1.0).reshape(&[-1]).shape(), [1]);
}

#[test]
fn contiguity() {
    let x = Tensor::zeros([2, 3], DType::F64);
    assert!(x.is_contiguous() && x.select(0, 1).is_contiguous() && x.slice(0, 1..).is_contiguous());
    assert!(!x.t().is_contiguous() && !x.flip(1).is_contiguous() && !x.slice(1, ..2).is_contiguous());
    assert!(x.unsqueeze(0).is_contiguous() && x.unsqueeze(-1).is_contiguous());
    assert!(x.slice(1, ..0).is_contiguous());
    assert!(Tensor::zeros([3, 2, 0], DType::F64).t().is_contiguous());
    assert!(x.t().as_slice::<f64>().is_none() && x.as_slice::<f32>().is_none());
}

#[test]
fn constructors_and_conversions() {
    assert_eq!(Tensor::from([[1, 2], [3, 4]]).shape(), [2, 2]);
    assert_eq!(Tensor::from([[[true]; 2]; 3]).shape(), [3, 2, 1]);
    assert_eq!(Tensor::from(vec![1.0f32, 2.0]).dtype(), DType::F32);
    assert_eq!(Tensor::from(&[1.0, 2.0][..]).dtype(), DType::F64);
    assert_eq!(Tensor::from(3).dtype(), DType::I64);
    assert_eq!(Tensor::from(&Tensor::from(true)).dtype(), DType::Bool);
    assert_eq!(Tensor::from([0.0; 0]).shape(), [0]);
    assert_eq!(Tensor::full([2], 7).to_vec::<f32>(), [7.0, 7.0]);
    assert_eq!(Tensor::ones([2], DType::Bool).to_vec::<i64>(), [1, 1]);
    assert_eq!(Tensor::eye(0, DType::F64).shape(), [0, 0]);
    assert_eq!(Tensor::arange(5, 0, -2).to_vec::<i64>(), [5, 3, 1]);
    assert_eq!(Tensor::arange(5, 0, 2).to_vec::<i64>(), [0; 0]);
    assert_eq!(Tensor::arange(i64::MIN, i64::MAX, i64::MAX).to_vec::<i64>(), [i64::MIN, -1, i64::MAX - 1]);
    assert_eq!(Tensor::arange(0.0f32, 1.0, 0.25).to_vec::<f32>(), [0.0, 0.25, 0.5, 0.75]);
    assert_eq!(Tensor::linspace(2.0, 3.0, 1).to_f64_vec(), [2.0]);
    assert_eq!(Tensor::linspace(2.0, 3.0, 0).to_f64_vec(), [0.0; 0]);
    let ends = Tensor::linspace(0.1, 0.7, 4);
    assert_eq!((ends.at(&[0]), ends.at(&[3])), (0.1, 0.7));
    let shared: std::sync::Arc<[f64]> = [1.0, 2.0].into();
    let x = Tensor::from_arc(shared.clone(), [2]);
    assert_eq!(x.as_buffer().unwrap().0.as_ptr(), shared.as_ptr());
    assert!(Tensor::try_from_vec(vec![1.0], [2]).is_err() && x.try_reshape(&[3]).is_err());
}

#[test]
fn tensors_cross_threads() {
    fn crosses<T: Send + Sync + 'static>(_: &T) {}
    crosses(&Tensor::from(1.0));
    crosses(&Tensor::try_from_vec(vec![1.0], [2]).unwrap_err());
}
