use super::*;

#[test]
fn every_bit_survives_in_binary() {
    for x in samples() {
        let bytes = postcard::to_stdvec(&x).unwrap();
        assert_same(&postcard::from_bytes(&bytes).unwrap(), &x);
        for length in 0..bytes.len() {
            assert!(postcard::from_bytes::<Tensor>(&bytes[..length]).is_err(), "cut to {length}");
        }
    }
}

#[test]
fn every_value_survives_in_json() {
    let canonical = |x: &Tensor| match x.dtype() {
        DType::F64 => Tensor::where_(x.is_nan(), f64::NAN, x),
        DType::F32 => Tensor::where_(x.is_nan(), Tensor::from(f32::NAN), x),
        _ => x.clone(),
    };
    // Among them numbers that some readers of JSON round to a neighbour.
    let digits =
        (0..2000).map(|i| f64::from_bits(0x3fb9_9999_9999_999a_u64.wrapping_mul(2 * i + 1))).collect::<Vec<_>>();
    for x in samples().into_iter().chain([Tensor::from(digits)]) {
        let text = serde_json::to_string(&x).unwrap();
        assert_same(&serde_json::from_str(&text).unwrap(), &canonical(&x));
        let value = serde_json::to_value(&x).unwrap();
        assert_same(&serde_json::from_value(value).unwrap(), &canonical(&x));
    }
    let text = serde_json::to_string(&Tensor::from([[1.5, -0.0], [f64::NAN, f64::NEG_INFINITY]])).unwrap();
    assert_eq!(text, r#"{"dtype":"f64","shape":[2,2],"data":"1.5 -0 NaN -inf"}"#);
    for dtype in DType::ALL {
        assert_eq!(serde_json::from_str::<DType>(&serde_json::to_string(&dtype).unwrap()).unwrap(), dtype);
    }
}

#[test]
fn mistakes_are_named() {
    let says = |text: &str, expected: &str| {
        let error = serde_json::from_str::<Tensor>(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    says(
        r#"{"dtype":"f16","shape":[],"data":"1"}"#,
        "unknown variant `f16`, expected one of `bool`, `i64`, `f32`, `f64`",
    );
    says(r#"{"dtype":"i64","shape":[1],"data":"1.5"}"#, "\"1.5\" is not an element of i64");
    says(r#"{"dtype":"bool","shape":[1],"data":"1"}"#, "\"1\" is not an element of bool");
    says(r#"{"dtype":"i64","shape":[3],"data":"1 2"}"#, "from_vec: 2 elements do not fill [3]");
    says(r#"{"dtype":"i64","shape":[-3],"data":"1 2"}"#, "invalid value: integer `-3`");
    says(r#"{"shape":[1],"data":"1"}"#, "missing field `dtype`");
    says(r#"{"dtype":"i64","data":"1"}"#, "missing field `shape`");
    says(r#"{"dtype":"i64","shape":[1]}"#, "missing field `data`");
    says(r#"{"dtype":"i64","dtype":"i64"}"#, "\"dtype\" is given twice");
    says(r#"{"dtype":"i64","device":"cpu"}"#, "unknown field `device`, expected one of `dtype`, `shape`, `data`");
    says("3", "invalid type: integer `3`, expected a tensor: dtype, shape and data");
}
