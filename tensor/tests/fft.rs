//! Fourier transforms of tensors against sums, along every axis and in every layout; series; messages.

mod common;
use common::*;
use pyroxene_tensor::{DType, Tensor};
use std::f64::consts::TAU;

/// Element `index` of the transform along `axis` (before the parts) of a complex tensor.
fn sum(x: &Tensor, axis: usize, index: &[usize], sign: f64) -> [f64; 2] {
    let n = x.shape()[axis];
    let mut total = [0.0; 2];
    for j in 0..n {
        let mut at = index.to_vec();
        let (sin, cos) = (sign * TAU * (j * index[axis] % n) as f64 / n as f64).sin_cos();
        at[axis] = j;
        let part = |part: usize| x.at(&[&at[..], &[part]].concat());
        total[0] += part(0) * cos - part(1) * sin;
        total[1] += part(0) * sin + part(1) * cos;
    }
    total
}

#[test]
fn transforms_equal_sums_along_every_axis_and_layout() {
    for shape in [&[5, 2][..], &[1, 2], &[3, 4, 2], &[2, 3, 6, 2], &[17, 1, 2], &[4, 0, 2]] {
        let data = plain(shape.iter().product());
        for (name, x) in layouts(&data, shape) {
            for axis in (0..shape.len() - 1).filter(|&axis| shape[axis] > 0) {
                let (forward, inverse) = (x.fft(axis as isize), x.ifft(axis as isize - shape.len() as isize));
                assert_eq!((forward.shape(), inverse.shape()), (shape, shape), "{name}");
                for index in indices(&shape[..shape.len() - 1]) {
                    let (there, back) = (sum(&x, axis, &index, -1.0), sum(&x, axis, &index, 1.0));
                    for part in 0..2 {
                        let at = [&index[..], &[part]].concat();
                        let n = shape[axis] as f64;
                        assert!((forward.at(&at) - there[part]).abs() < 1e-13 * n, "{name} {shape:?} {axis}");
                        assert!((inverse.at(&at) - back[part] / n).abs() < 1e-13, "{name} {shape:?} {axis}");
                    }
                }
            }
        }
    }
}

#[test]
fn real_transforms_are_halves_of_complex_ones() {
    for shape in [&[1][..], &[2], &[9], &[10], &[3, 4], &[2, 5, 3], &[0, 4]] {
        for (name, x) in layouts(&plain(shape.iter().product()), shape) {
            let complex = Tensor::stack(&[x.clone(), &x * 0.0], -1);
            for axis in (0..shape.len()).filter(|&axis| shape[axis] > 0) {
                let (a, n) = (axis as isize, shape[axis]);
                let y = x.rfft(a);
                let half = complex.fft(a).slice(a, ..n / 2 + 1);
                assert!(y.allclose(&half, 1e-13, 1e-13), "{name} {shape:?} {axis}");
                assert!(y.irfft(a, n).allclose(&x, 1e-14, 1e-14), "{name} {shape:?} {axis}");
            }
        }
    }
    let single = Tensor::from([1i64, 2, 3]);
    assert_eq!(single.rfft(0).dtype(), DType::F64);
    assert_eq!(single.cast(DType::F32).rfft(0).irfft(0, 3), single.cast(DType::F32));
}

#[test]
fn autocovariances_equal_sums() {
    let data = plain(3 * 29);
    for (name, x) in layouts(&data, &[3, 29]) {
        for axis in [0, 1] {
            let (c, n) = (x.autocovariance(axis), x.size(axis));
            assert_eq!(c.shape(), x.shape());
            let centred = &x - x.mean_axes(&[axis], true);
            for lag in 0..n as isize {
                let products = centred.slice(axis, lag..) * centred.slice(axis, ..n as isize - lag);
                let want = products.sum_axes(&[axis], false) / n as f64;
                assert!(c.select(axis, lag).allclose(&want, 1e-12, 1e-12), "{name} {axis} {lag}");
            }
            let r = x.autocorrelation(axis);
            assert!(r.select(axis, 0).allclose(1.0, 0.0, 0.0));
            assert!((&r * c.slice(axis, ..1)).allclose(&c, 1e-12, 1e-12));
        }
    }
    let none = Tensor::zeros([2, 0], DType::F64);
    assert_eq!((none.autocovariance(1).shape(), none.autocorrelation(1).shape()), (none.shape(), none.shape()));
    assert!(Tensor::ones([4], DType::F64).autocorrelation(0).to_vec::<f64>().iter().all(|v| v.is_nan()));
    assert_eq!(Tensor::from([3.0]).autocovariance(0).item(), 0.0);
}

#[test]
fn misuse_is_named() {
    let x = Tensor::zeros([4, 3], DType::F64);
    let says = |expected: &str, f: &dyn Fn() -> Tensor| assert_eq!(panic_message(f), expected);
    says("fft: the last axis of [4, 3] must have size 2, for real and imaginary parts", &|| x.fft(0));
    says("ifft: axis -1 of [4, 2] holds real and imaginary parts", &|| x.slice(1, ..2).ifft(-1));
    says("fft: axis 0 of [0, 2] is empty", &|| x.slice(0, ..0).slice(1, ..2).fft(0));
    says("rfft: axis 1 of [4, 0] is empty", &|| x.slice(1, ..0).rfft(1));
    says("irfft: axis 0 of [4, 2] must have 5 frequencies for 8 numbers", &|| x.slice(1, ..2).irfft(0, 8));
    says("irfft: axis 0 of [4, 2] must have 1 frequencies for 0 numbers", &|| x.slice(1, ..2).irfft(0, 0));
    says("autocovariance: axis 2 is out of bounds for [4, 3]", &|| x.autocovariance(2));
}
