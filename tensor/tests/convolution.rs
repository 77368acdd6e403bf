//! Convolutions and poolings against loops, in every layout; messages.

mod common;
use common::*;
use pyroxene_tensor::{Conv, ConvTranspose, ConvolveMode, DType, Pool, Tensor};

fn numbers(shape: &[usize], seed: usize) -> Tensor {
    let n = shape.iter().product();
    Tensor::from_f64((0..n).map(|i| ((i * 37 + seed * 101) as f64 * 0.7).sin() * 2.0).collect(), shape)
}

/// The input places that the kernel meets: (filter, channel, kernel place) by output place.
fn loops(x: &Tensor, weight: &Tensor, settings: Conv<2>) -> Tensor {
    let Conv { stride, padding, dilation, groups } = settings;
    let (xs, ws) = (x.shape(), weight.shape());
    let out =
        |axis: usize| (xs[2 + axis] + 2 * padding[axis] - dilation[axis] * (ws[2 + axis] - 1) - 1) / stride[axis] + 1;
    let shape = [xs[0], ws[0], out(0), out(1)];
    let mut data = Vec::new();
    for at in indices(&shape) {
        let group = at[1] / (ws[0] / groups);
        let mut sum = 0.0;
        for tap in indices(&ws[1..]) {
            let place = |axis: usize| {
                let padded = at[2 + axis] * stride[axis] + tap[1 + axis] * dilation[axis];
                padded.checked_sub(padding[axis]).filter(|&place| place < xs[2 + axis])
            };
            if let (Some(row), Some(column)) = (place(0), place(1)) {
                sum +=
                    weight.at(&[at[1], tap[0], tap[1], tap[2]]) * x.at(&[at[0], group * ws[1] + tap[0], row, column]);
            }
        }
        data.push(sum);
    }
    Tensor::from_f64(data, shape)
}

fn cases() -> Vec<([usize; 4], [usize; 4], Conv<2>)> {
    let plain = Conv::default();
    vec![
        ([1, 1, 3, 3], [1, 1, 2, 2], plain),
        ([2, 3, 5, 4], [4, 3, 3, 2], plain),
        ([2, 3, 5, 4], [4, 3, 1, 1], plain),
        ([2, 3, 5, 6], [2, 3, 3, 3], Conv { stride: [2, 3], padding: [1, 2], ..plain }),
        ([1, 2, 7, 8], [2, 2, 3, 2], Conv { dilation: [2, 3], padding: [0, 1], ..plain }),
        ([2, 4, 5, 5], [6, 2, 3, 3], Conv { groups: 2, padding: [1, 1], ..plain }),
        ([1, 3, 6, 5], [3, 1, 2, 3], Conv { groups: 3, stride: [2, 1], ..plain }),
        ([2, 2, 4, 4], [2, 2, 1, 1], Conv { stride: [3, 2], ..plain }),
        ([1, 1, 2, 2], [1, 1, 3, 3], Conv { padding: [4, 3], ..plain }),
        // More than one tile, of rows and of parts of a row.
        ([1, 8, 24, 40], [2, 8, 5, 7], Conv { padding: [2, 3], ..plain }),
        ([1, 2, 2, 2500], [2, 2, 1, 30], Conv { padding: [0, 15], stride: [1, 2], dilation: [1, 2], groups: 1 }),
        ([0, 2, 4, 4], [3, 2, 2, 2], plain),
        ([2, 1, 1, 1], [1, 1, 1, 1], plain),
    ]
}

#[test]
fn convolutions_equal_loops_in_every_layout() {
    for (x_shape, w_shape, settings) in cases() {
        let (x, weight) = (numbers(&x_shape, 1), numbers(&w_shape, 2));
        let want = loops(&x, &weight, settings);
        for ((name, x), (_, weight)) in
            layouts(&x.to_vec::<f64>(), &x_shape).into_iter().zip(layouts(&weight.to_vec::<f64>(), &w_shape))
        {
            let got = x.conv2d(&weight, settings);
            assert_eq!(got.shape(), want.shape(), "{name} {settings:?}");
            assert!(got.allclose(&want, 1e-13, 1e-13), "{name} {x_shape:?} {w_shape:?} {settings:?}");
            let single = x.cast(DType::F32).conv2d(&weight.cast(DType::F32), settings);
            assert_eq!(single.dtype(), DType::F32);
            assert!(single.allclose(&want, 1e-4, 1e-4));
        }
    }
}

#[test]
fn transposed_convolutions_are_adjoints() {
    for (x_shape, w_shape, settings) in cases() {
        let (x, weight) = (numbers(&x_shape, 1), numbers(&w_shape, 2));
        let y = x.conv2d(&weight, settings);
        let z = numbers(y.shape(), 3);
        let Conv { stride, padding, dilation, groups } = settings;
        // The input size among those with this output.
        let output_padding = [0, 1].map(|axis| {
            (x_shape[2 + axis] + 2 * padding[axis] - dilation[axis] * (w_shape[2 + axis] - 1) - 1) % stride[axis]
        });
        let back = z.conv_transpose2d(&weight, ConvTranspose { stride, padding, dilation, output_padding, groups });
        assert_eq!(back.shape(), x.shape());
        let (left, right) = ((&y * z).sum().item(), (&x * back).sum().item());
        assert!((left - right).abs() < 1e-11 * left.abs().max(1.0), "{left} against {right} for {settings:?}");
    }
}

#[test]
fn one_dimension_is_one_row() {
    let (x, weight) = (numbers(&[2, 4, 9], 1), numbers(&[6, 2, 3], 2));
    let settings = Conv { stride: [2], padding: [1], dilation: [2], groups: 2 };
    let flat = Conv { stride: [1, 2], padding: [0, 1], dilation: [1, 2], groups: 2 };
    let want = x.unsqueeze(2).conv2d(&weight.unsqueeze(2), flat).squeeze(2);
    assert_eq!(x.conv1d(&weight, settings), want);
    let back = ConvTranspose { stride: [2], dilation: [2], ..ConvTranspose::default() };
    let flat = ConvTranspose { stride: [1, 2], dilation: [1, 2], ..ConvTranspose::default() };
    let weight = numbers(&[4, 3, 3], 3);
    assert_eq!(
        x.conv_transpose1d(&weight, back),
        x.unsqueeze(2).conv_transpose2d(&weight.unsqueeze(2), flat).squeeze(2)
    );
    assert_eq!(Tensor::from([[[1i64, 2, 3]]]).conv1d(&Tensor::from([[[1i64]]]), Conv::default()).dtype(), DType::F64);
}

#[test]
fn poolings_equal_loops() {
    let cases = [
        ([2, 3, 4, 6], Pool::new([2, 3])),
        ([1, 2, 5, 5], Pool { window: [3, 2], stride: [1, 2], padding: [1, 1] }),
        ([1, 1, 4, 3], Pool { window: [2, 2], stride: [3, 1], padding: [0, 1] }),
        ([0, 2, 3, 3], Pool::new([2, 2])),
        ([1, 1, 1, 1], Pool::new([1, 1])),
    ];
    for (shape, settings) in cases {
        let Pool { window, stride, padding } = settings;
        let out = |axis: usize| (shape[2 + axis] + 2 * padding[axis] - window[axis]) / stride[axis] + 1;
        for (name, x) in layouts(&awkward(shape.iter().product()), &shape) {
            let meets = |at: &[usize]| -> Vec<f64> {
                let place = |axis: usize, tap: usize| {
                    (at[2 + axis] * stride[axis] + tap).checked_sub(padding[axis]).filter(|&p| p < shape[2 + axis])
                };
                let taps = indices(&window).into_iter();
                taps.filter_map(|tap| Some(x.at(&[at[0], at[1], place(0, tap[0])?, place(1, tap[1])?]))).collect()
            };
            let largest = |at: &[usize]| {
                meets(at).into_iter().reduce(|a, b| if a.is_nan() || a >= b { a } else { b }).expect("an entry")
            };
            let max = x.max_pool2d(settings);
            assert_eq!(max.shape(), [shape[0], shape[1], out(0), out(1)]);
            for at in indices(max.shape()) {
                let (got, want) = (max.at(&at), largest(&at));
                assert!(got == want || got.is_nan() && want.is_nan(), "{name} {at:?}: {got}, not {want}");
            }
            let mean = |at: &[usize]| meets(at).iter().sum::<f64>() / (window[0] * window[1]) as f64;
            check(&format!("{name} mean"), &x.avg_pool2d(settings), max.shape(), mean);
        }
    }
    let row = Tensor::from([[1.0, 5.0, 2.0, 4.0, 0.0]]);
    assert_eq!(row.max_pool1d(Pool { stride: [1], ..Pool::new([2]) }).to_vec::<f64>(), [5.0, 5.0, 4.0, 4.0]);
    assert_eq!(row.avg_pool1d(Pool::new([2])).to_vec::<f64>(), [3.0, 3.0]);
    assert_eq!(row.cast(DType::F32).avg_pool1d(Pool::new([2])).dtype(), DType::F32);
}

#[test]
fn misuse_is_named() {
    let (x, weight) = (Tensor::zeros([2, 3, 5, 5], DType::F64), Tensor::zeros([4, 3, 3, 3], DType::F64));
    let plain = Conv::default();
    let says = |expected: &str, f: &dyn Fn() -> Tensor| assert_eq!(panic_message(f), expected);
    says("conv1d: input [2, 3, 5, 5] and weight [4, 3, 3, 3] must have 3 axes", &|| x.conv1d(&weight, Conv::default()));
    says("conv2d: the 3 channels of [2, 3, 5, 5] are not those of weight [4, 3, 3, 3] in 2 groups", &|| {
        x.conv2d(&weight, Conv { groups: 2, ..plain })
    });
    says("conv2d: the 4 filters of weight [4, 1, 3, 3] do not fall into 3 groups", &|| {
        x.conv2d(&weight.slice(1, ..1), Conv { groups: 3, ..plain })
    });
    says("conv2d: strides [0, 1], dilations [1, 1] and 1 groups must be positive", &|| {
        x.conv2d(&weight, Conv { stride: [0, 1], ..plain })
    });
    says(
        "conv2d: weight [4, 3, 3, 3] does not fit into [2, 3, 2, 5] with Conv { stride: [1, 1], padding: [0, 0], \
         dilation: [1, 1], groups: 1 }",
        &|| x.slice(2, ..2).conv2d(&weight, plain),
    );
    says("conv_transpose2d: the 3 channels of [2, 3, 5, 5] are not those of weight [4, 3, 3, 3] in 1 groups", &|| {
        x.conv_transpose2d(&weight, ConvTranspose::default())
    });
    says(
        "conv_transpose2d: [2, 3, 5, 5] and weight [3, 4, 3, 3] have no output with ConvTranspose { stride: [1, 1], \
         padding: [0, 0], dilation: [1, 1], output_padding: [1, 0], groups: 1 }",
        &|| x.conv_transpose2d(&weight.transpose(0, 1), ConvTranspose { output_padding: [1, 0], ..Default::default() }),
    );
    says(
        "max_pool2d: [2, 3, 5, 5] has no windows with Pool { window: [6, 1], stride: [6, 1], padding: [0, 0] }",
        &|| x.max_pool2d(Pool::new([6, 1])),
    );
    says("avg_pool1d: [2, 3, 5, 5] has no windows with Pool { window: [2], stride: [2], padding: [2] }", &|| {
        x.avg_pool1d(Pool { padding: [2], ..Pool::new([2]) })
    });
    says("max_pool2d: [5] must have at least 2 axes", &|| Tensor::zeros([5], DType::F64).max_pool2d(Pool::new([1, 1])));
}

#[test]
fn signals_convolve_directly_and_by_fourier_transforms() {
    for (n, k) in [(1, 1), (5, 1), (3, 2), (2, 3), (7, 7), (40, 9), (129, 128), (300, 129), (129, 300), (1000, 256)] {
        let (x, kernel) = (numbers(&[n], 1), numbers(&[k], 2));
        let whole: Vec<f64> = (0..n + k - 1)
            .map(|t| (0..n).filter(|&s| t >= s && t - s < k).map(|s| x.at(&[s]) * kernel.at(&[t - s])).sum())
            .collect();
        let (long, short) = (n.max(k), n.min(k));
        let from = (short - 1) / 2;
        for (mode, want) in [
            (ConvolveMode::Full, &whole[..]),
            (ConvolveMode::Same, &whole[from..from + long]),
            (ConvolveMode::Valid, &whole[short - 1..long]),
        ] {
            for ((_, x), (name, kernel)) in
                layouts(&x.to_vec::<f64>(), &[n]).into_iter().zip(layouts(&kernel.to_vec::<f64>(), &[k]))
            {
                let got = x.convolve(&kernel, mode);
                assert!(got.allclose(want.to_vec(), 1e-12, 1e-12), "{name} {n} {k} {mode:?}");
            }
        }
        let single = x.cast(DType::F32).convolve(&kernel.cast(DType::F32), ConvolveMode::Full);
        assert_eq!(single.dtype(), DType::F32);
        assert!(single.allclose(whole, 1e-4, 1e-4));
    }
    let says = |expected: &str, f: &dyn Fn() -> Tensor| assert_eq!(panic_message(f), expected);
    let x = Tensor::zeros([2, 3], DType::F64);
    says("convolve: [2, 3] and [3] must be vectors", &|| x.convolve(&x.select(0, 0), ConvolveMode::Full));
    says("convolve: [3] and [0] must have elements", &|| {
        x.select(0, 0).convolve(&Tensor::zeros([0], DType::F64), ConvolveMode::Same)
    });
}
