use super::*;
use ::ndarray::{Array, Array0, Array1, Array2, ArrayD, Axis, Ix3, arr0, array, s};

#[test]
fn arrays_go_both_ways_in_any_layout() {
    for x in samples() {
        match x.dtype() {
            DType::F64 => assert_same(&Tensor::from(ArrayD::<f64>::try_from(&x).unwrap()), &x),
            DType::F32 => assert_same(&Tensor::from(ArrayD::<f32>::try_from(&x).unwrap()), &x),
            DType::I64 => assert_same(&Tensor::from(ArrayD::<i64>::try_from(&x).unwrap()), &x),
            DType::Bool => assert_same(&Tensor::from(ArrayD::<bool>::try_from(&x).unwrap()), &x),
        }
    }
    let cube = Array::from_shape_vec((2, 3, 4), (0_i64..24).collect()).unwrap();
    let x = Tensor::arange(0, 24, 1).reshape(&[2, 3, 4]);
    assert_same(&Tensor::from(&cube), &x);
    assert_same(&Tensor::from(cube.view().reversed_axes()), &x.permute(&[2, 1, 0]));
    assert_same(
        &Tensor::from(cube.slice(s![.., ..;-1, 1..;2])),
        &x.flip(1).slice(2, 1..).index_select(2, &Tensor::from([0, 2])),
    );
    assert_same(&Tensor::from(cube.index_axis(Axis(1), 2)), &x.select(1, 2));
    assert_eq!(Array::<i64, Ix3>::try_from(&x.permute(&[2, 1, 0])).unwrap(), cube.reversed_axes());
    assert_same(&Tensor::from(arr0(1.5)), &Tensor::from(1.5));
    assert_eq!(Array0::<bool>::try_from(&Tensor::from(true)).unwrap(), arr0(true));
    assert_eq!(
        Array2::<f64>::try_from(&Tensor::from([1.0, 2.0]).expand([2, 2])).unwrap(),
        array![[1.0, 2.0], [1.0, 2.0]]
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let x = Tensor::zeros([2, 3], DType::F64);
    let says = |result: Option<pyroxene_tensor::TensorError>, message: &str| {
        assert_eq!(result.expect("an error").to_string(), format!("try_from: a tensor [2, 3] of f64 is not {message}"));
    };
    says(Array2::<f32>::try_from(&x).err(), "an array of f32 with 2 axes");
    says(Array1::<f64>::try_from(&x).err(), "an array of f64 with 1 axes");
    says(ArrayD::<i64>::try_from(&x).err(), "an array of i64");
}
