//! Conversions from and to Rust's vectors and arrays.

use pyroxene_tensor::{DType, Tensor, TensorError};
use std::fmt::Debug;

#[test]
fn arrays_go_both_ways() {
    fn check<A, const N: usize>(array: A, shape: [usize; N])
    where
        Tensor: From<A> + for<'a> From<&'a A>,
        A: for<'a> TryFrom<&'a Tensor, Error = TensorError> + PartialEq + Debug + Copy,
    {
        let x = Tensor::from(array);
        assert_eq!(x.shape(), shape);
        assert_eq!(Tensor::from(&array), x);
        assert_eq!(A::try_from(&x), Ok(array));
    }
    check([1.5, 2.5], [2]);
    check([0.0_f32; 0], [0]);
    check([[1, 2, 3], [4, 5, 6]], [2, 3]);
    check([[[true, false]], [[false, false]]], [2, 1, 2]);
    check([[[[1, 2], [3, 4]]], [[[5, 6], [7, 8]]]], [2, 1, 2, 2]);
    check([[0; 0]; 3], [3, 0]);
    let strided = Tensor::from([[1, 2, 3], [4, 5, 6]]).t().flip(0);
    assert_eq!(<[[i64; 2]; 3]>::try_from(&strided), Ok([[3, 6], [2, 5], [1, 4]]));
}

#[test]
fn vectors_go_both_ways() {
    assert_eq!(Vec::try_from(&Tensor::from(vec![1.5, 2.5]).flip(0)), Ok(vec![2.5, 1.5]));
    let rows = vec![vec![1, 2, 3], vec![4, 5, 6]];
    let x = Tensor::try_from(rows.as_slice()).unwrap();
    assert_eq!(x, Tensor::from([[1, 2, 3], [4, 5, 6]]));
    assert_eq!(Vec::<Vec<i64>>::try_from(&x), Ok(rows));
    assert_eq!(Tensor::try_from(Vec::<Vec<f64>>::new()).unwrap().shape(), [0, 0]);
    assert_eq!(Tensor::try_from(vec![Vec::<f64>::new(); 3]).unwrap().shape(), [3, 0]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let x = Tensor::zeros([2, 3], DType::F64);
    let says = |result: Option<TensorError>, message: &str| {
        assert_eq!(result.expect("an error").to_string(), format!("try_from: {message}"));
    };
    says(<[[f64; 2]; 3]>::try_from(&x).err(), "a tensor [2, 3] of f64 is not an array [3, 2] of f64");
    says(<[[f32; 3]; 2]>::try_from(&x).err(), "a tensor [2, 3] of f64 is not an array [2, 3] of f32");
    says(<[f64; 6]>::try_from(&x).err(), "a tensor [2, 3] of f64 is not an array [6] of f64");
    says(Vec::<f64>::try_from(&x).err(), "a tensor [2, 3] of f64 is not a vector of f64");
    says(Vec::<i64>::try_from(&x.select(0, 0)).err(), "a tensor [3] of f64 is not a vector of i64");
    says(Vec::<Vec<f64>>::try_from(&x.select(0, 0)).err(), "a tensor [3] of f64 is not a matrix of f64");
    says(Vec::<Vec<bool>>::try_from(&x).err(), "a tensor [2, 3] of f64 is not a matrix of bool");
    says(Tensor::try_from(vec![vec![1], vec![1], vec![1, 2]]).err(), "row 2 has 2 elements, row 0 has 1");
}
