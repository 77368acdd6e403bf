//! All instruction sets give the same bits, for hostile arguments and any length; and so do all numbers of threads.

use proptest::prelude::*;
use pyroxene_kernels::elementwise::{self, Operand};
use pyroxene_kernels::{Binary, Isa, Unary, reduce};

fn others() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.is_available())
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// Any bits, and more often than chance the numbers at which cases meet.
fn hostile() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        -40.0..40.0f64,
        (-2000i32..2000).prop_map(|x| f64::from(x) / 4.0),
        (any::<bool>(), 0u64..1 << 20).prop_map(|(sign, x)| f64::from_bits(x | u64::from(sign) << 63)),
        prop::sample::select(vec![
            0.0,
            -0.0,
            1.0,
            -1.0,
            2.0,
            0.5,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            709.782712893384,
            -745.1332191019411,
            1048576.0,
            1048577.0,
            -2.5,
            -3.0,
            8.0,
            1e300,
            5.551115123125783e-17,
        ]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn unary_operations(x in prop::collection::vec(hostile(), 0..=67)) {
        let narrow: Vec<f32> = x.iter().map(|x| *x as f32).collect();
        for &op in Unary::ALL {
            for isa in others() {
                let mut out = vec![0.5; x.len()];
                elementwise::unary_on(isa, op, &x, &mut out);
                for (x, y) in x.iter().zip(&out) {
                    prop_assert!(same(*y, op.eval(*x)), "{op:?} on {isa:?} at {x:e}: {y:e}, {:e}", op.eval(*x));
                    prop_assert!(!op.returns_bool() || *y == 0.0 || *y == 1.0);
                }
                let mut out = vec![0.5; x.len()];
                elementwise::unary_on(isa, op, &narrow, &mut out);
                for (x, y) in narrow.iter().zip(out) {
                    let want = op.eval_single(f64::from(*x)) as f32;
                    prop_assert!(same(f64::from(y), f64::from(want)), "{op:?} f32 on {isa:?} at {x:e}");
                }
            }
        }
    }

    #[test]
    fn binary_operations(pairs in prop::collection::vec((hostile(), hostile()), 0..=67)) {
        let (x, y): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let splat = y.first().copied().unwrap_or(2.0);
        for &op in Binary::ALL {
            for isa in others() {
                let mut out = vec![0.5; x.len()];
                elementwise::binary_on(isa, op, Operand::Slice(&x), Operand::Slice(&y), &mut out);
                for i in 0..x.len() {
                    let want = op.eval(x[i], y[i]);
                    prop_assert!(same(out[i], want), "{op:?} on {isa:?} at {:e}, {:e}: {:e}, {want:e}", x[i], y[i], out[i]);
                }
                elementwise::binary_on(isa, op, Operand::Slice(&x), Operand::Splat(splat), &mut out);
                for i in 0..x.len() {
                    prop_assert!(same(out[i], op.eval(x[i], splat)), "{op:?} on {isa:?} with a splat");
                }
            }
        }
    }

    #[test]
    fn selection(lanes in prop::collection::vec((prop_oneof![Just(0.0), Just(-0.0), hostile()], hostile(), hostile()), 0..=67)) {
        let condition: Vec<f64> = lanes.iter().map(|x| x.0).collect();
        let a: Vec<f64> = lanes.iter().map(|x| x.1).collect();
        for isa in others() {
            let mut out = vec![0.5; a.len()];
            elementwise::select_on(isa, Operand::Slice(&condition), Operand::Slice(&a), Operand::Splat(7.0), &mut out);
            for i in 0..a.len() {
                let want = if condition[i] != 0.0 { a[i] } else { 7.0 };
                prop_assert!(same(out[i], want));
            }
        }
    }

    #[test]
    fn reductions(x in prop::collection::vec(hostile(), 0..1400), finite in prop::collection::vec(-9.0..9.0f64, 0..1400)) {
        let narrow: Vec<f32> = finite.iter().map(|x| *x as f32).collect();
        for isa in others() {
            for x in [&x, &finite] {
                prop_assert!(same(reduce::sum_on(isa, x), reduce::sum_on(Isa::Scalar, x)));
                prop_assert!(same(reduce::max_on(isa, x), x.iter().fold(f64::NEG_INFINITY, |a, b| Binary::Max.eval(a, *b))));
                prop_assert!(same(reduce::min_on(isa, x), x.iter().fold(f64::INFINITY, |a, b| Binary::Min.eval(a, *b))));
                prop_assert!(same(reduce::dot_on(isa, x, x), reduce::dot_on(Isa::Scalar, x, x)));
            }
            prop_assert_eq!(reduce::sum_on(isa, &narrow).to_bits(), reduce::sum_on(Isa::Scalar, &narrow).to_bits());
        }
        let exact: f64 = finite.iter().sum();
        prop_assert!((reduce::sum(&finite) - exact).abs() <= 1e-10);
        prop_assert!((reduce::dot(&finite, &finite) - finite.iter().map(|x| x * x).sum::<f64>()).abs() <= 1e-9);
    }
}

/// The documented order, written out.
#[test]
fn sums_follow_the_canonical_order() {
    fn chunk(x: &[f64]) -> f64 {
        let mut lanes = [0.0; 32];
        for (i, x) in x.iter().enumerate() {
            lanes[i % 32] += x;
        }
        let lane = |i: usize| (lanes[i] + lanes[8 + i]) + (lanes[16 + i] + lanes[24 + i]);
        ((lane(0) + lane(4)) + (lane(2) + lane(6))) + ((lane(1) + lane(5)) + (lane(3) + lane(7)))
    }
    /// Splits at the greatest power of two below the number of chunks.
    fn tree(chunks: &[f64]) -> f64 {
        match chunks {
            [] => 0.0,
            [one] => *one,
            _ => {
                let (a, b) = chunks.split_at(chunks.len().next_power_of_two() / 2);
                tree(a) + tree(b)
            }
        }
    }
    for n in [0, 1, 9, 31, 32, 33, 512, 513, 5000, 512 * 7, 300_000, 1_000_001] {
        let x: Vec<f64> = (0..n).map(|i| 1.0 / (1.5 + i as f64)).collect();
        let chunks: Vec<f64> = x.chunks(512).map(chunk).collect();
        assert_eq!(reduce::sum(&x).to_bits(), tree(&chunks).to_bits(), "{n}");
    }
}

#[test]
fn threads_change_no_bit() {
    let x: Vec<f64> = (0..1_000_003u64).map(|i| (i * 7919 % 10_007) as f64 / 97.0 - 50.0).collect();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
        pool.install(|| {
            let mut y = vec![0.0; x.len()];
            elementwise::unary(Unary::Sigmoid, &x, &mut y);
            let mut z = vec![0.0; x.len()];
            elementwise::binary(Binary::Mul, Operand::Slice(&x), Operand::Slice(&y), &mut z);
            let results = [reduce::sum(&z), reduce::max(&z), reduce::min(&y), reduce::dot(&x, &y)];
            (z.iter().fold(0u64, |hash, z| hash.rotate_left(5) ^ z.to_bits()), results.map(f64::to_bits))
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
}

#[test]
#[should_panic(expected = "differ in length")]
fn lengths_must_agree() {
    elementwise::unary(Unary::Exp, &[1.0, 2.0], &mut [0.0]);
}

/// Where elements lie: row-major, column-major, backwards, spaced.
fn lay(data: &[f64], dims: &[usize; 3], kind: usize) -> (Vec<f64>, usize, [isize; 3]) {
    let rows = [(dims[1] * dims[2]) as isize, dims[2] as isize, 1];
    let columns = [1, dims[0] as isize, (dims[0] * dims[1]) as isize];
    let (strides, spacing) = match kind {
        0 => (rows, 1),
        1 => (columns, 1),
        2 => (rows.map(|s| -s), 1),
        _ => ([1, (dims[0] * dims[2]) as isize, dims[0] as isize], 3),
    };
    let strides = strides.map(|s| s * spacing);
    let offset = if kind == 2 { data.len() - 1 } else { 0 };
    let mut to = vec![f64::NAN; data.len() * spacing as usize];
    for (i, x) in data.iter().enumerate() {
        let index = [i / (dims[1] * dims[2]), i / dims[2] % dims[1], i % dims[2]];
        let place = index.iter().zip(strides).map(|(i, s)| *i as isize * s).sum::<isize>();
        to[offset.wrapping_add_signed(place)] = *x;
    }
    (to, offset, strides)
}

#[test]
fn reductions_over_axes_have_the_same_bits_however_the_elements_lie() {
    use reduce::{Reduce, Strided, axes_on};
    let shapes: &[[usize; 3]] =
        &[[3, 4, 5], [70, 3, 9], [2, 65, 33], [1, 600, 3], [4, 1, 1030], [0, 3, 2], [129, 1, 2]];
    for dims in shapes {
        let len: usize = dims.iter().product();
        let data: Vec<f64> = (0..len).map(|i| ((i * 7919 % 1009) as f64 / 97.0).sin() + 0.5).collect();
        for mask in 0..8 {
            let reduced = [mask & 1 != 0, mask & 2 != 0, mask & 4 != 0];
            let kept: usize = (0..3).filter(|d| !reduced[*d]).map(|d| dims[d]).product();
            for reduce in [Reduce::Sum, Reduce::Prod, Reduce::Max, Reduce::Min] {
                let mut want = vec![0.0; kept];
                let strides = [(dims[1] * dims[2]) as isize, dims[2] as isize, 1];
                let x = Strided { data: &data, offset: 0, dims, strides: &strides };
                axes_on(Isa::Scalar, reduce, x, &reduced, &mut want);
                let narrow: Vec<f64> = data.iter().map(|x| f64::from(*x as f32)).collect();
                let mut want_f32 = vec![0.0; kept];
                axes_on(Isa::Scalar, reduce, Strided { data: &narrow, ..x }, &reduced, &mut want_f32);
                for kind in 0..4 {
                    if len == 0 && kind > 0 {
                        continue;
                    }
                    let (laid, offset, strides) = lay(&data, dims, kind);
                    let single: Vec<f32> = laid.iter().map(|x| *x as f32).collect();
                    for isa in others() {
                        let (mut got, mut got_f32) = (vec![0.0; kept], vec![0.0f32; kept]);
                        let x = Strided { data: &laid, offset, dims, strides: &strides };
                        axes_on(isa, reduce, x, &reduced, &mut got);
                        let x = Strided { data: &single, offset, dims, strides: &strides };
                        axes_on(isa, reduce, x, &reduced, &mut got_f32);
                        for i in 0..kept {
                            let what =
                                format!("{reduce:?} of {dims:?} over {reduced:?}, layout {kind}, {isa:?}, at {i}");
                            assert!(same(got[i], want[i]), "{what}: {}, not {}", got[i], want[i]);
                            assert_eq!(got_f32[i], want_f32[i] as f32, "{what}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn threads_change_no_bit_of_reductions_over_axes() {
    use reduce::{Reduce, Strided, axes};
    let data: Vec<f64> = (0..1_200_000u64).map(|i| (i * 7919 % 10_007) as f64 / 97.0 - 50.0).collect();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
        pool.install(|| {
            let mut bits = vec![];
            for dims in [[1_200_000, 1], [400_000, 3], [3, 400_000], [1000, 1200], [1, 1_200_000]] {
                for reduced in [[true, false], [false, true], [true, true]] {
                    let kept: usize = (0..2).filter(|d| !reduced[*d]).map(|d| dims[d]).product();
                    for (at, strides) in [[dims[1] as isize, 1], [1, dims[0] as isize]].into_iter().enumerate() {
                        let mut out = vec![0.0; kept];
                        axes(
                            Reduce::Sum,
                            Strided { data: &data, offset: 0, dims: &dims, strides: &strides },
                            &reduced,
                            &mut out,
                        );
                        bits.push((at, out.iter().fold(0u64, |hash, z| hash.rotate_left(5) ^ z.to_bits())));
                    }
                }
            }
            bits
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
}

#[test]
fn sums_of_exponentials_have_the_same_bits_everywhere() {
    use pyroxene_kernels::softmax::{Softmax, logsumexp_on, softmax_on};
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
    let pools = [pool(1), pool(3)];
    let cases = [
        [3, 5, 1],
        [2, 1030, 1],
        [2, 67, 3],
        [1, 40, 70],
        [5, 1, 9],
        [0, 3, 2],
        [2, 0, 3],
        [700, 400, 1],
        [7, 40, 1000],
    ];
    for sizes in cases {
        let [outer, size, inner] = sizes;
        let n = sizes.iter().product();
        for special in [None, Some(nan), Some(inf), Some(-inf)] {
            let mut x: Vec<f64> = (0..n).map(|i| (i * 7919 % 10_007) as f64 / 97.0 - 50.0).collect();
            if let (Some(special), Some(x)) = (special, x.get_mut(n / 2)) {
                *x = special;
            }
            let run = |isa| {
                let mut out = vec![0.5; outer * inner];
                logsumexp_on(isa, &x, sizes, &mut out);
                for kind in [Softmax::Plain, Softmax::Log, Softmax::Weights] {
                    let start = out.len();
                    out.resize(start + n, 0.5);
                    softmax_on(isa, kind, &x, sizes, &mut out[start..]);
                }
                out
            };
            let want = run(Isa::Scalar);
            for isa in others() {
                for pool in &pools {
                    let got = pool.install(|| run(isa));
                    let what = format!("{sizes:?} with {special:?} on {isa:?}");
                    assert!(got.iter().zip(&want).all(|(a, b)| same(*a, *b)), "{what}");
                }
            }
            for (line, log) in want[..outer * inner].iter().enumerate() {
                let line: Vec<f64> = (0..size).map(|i| x[(line / inner * size + i) * inner + line % inner]).collect();
                let max = line.iter().copied().fold(-inf, f64::max);
                let naive =
                    if max.is_infinite() { max } else { max + line.iter().map(|v| (v - max).exp()).sum::<f64>().ln() };
                let naive = if line.iter().any(|v| v.is_nan()) { nan } else { naive };
                assert!(same(*log, naive) || (log - naive).abs() <= 1e-13 * naive.abs().max(1.0), "{log}, not {naive}");
            }
        }
    }
}
